"""The record that an adversarial algorithm is."""

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor


class Sampled(NamedTuple):
    """An algorithm whose generator learns by REINFORCE on sampled tokens: three small functions.

    Everything else (sampling, rollouts, the loop, checkpoints, evaluation) is shared and knows no algorithm's name.
    An ablation is one line: ``SEQGAN._replace(reward=my_reward)``.
    """

    reward: Callable[[Tensor], Tensor]
    """Discriminator logits to rewards, elementwise."""
    advantages: Callable[[Tensor, Tensor], Tensor]
    """Rewards [N, ..., S, T] and mask [..., S, T] to advantages [..., S, T]."""
    discriminator_loss: Callable[[Tensor, Tensor], Tensor]
    """Real logits [B] and fake logits [B] to a loss []."""
