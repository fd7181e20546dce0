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
    advantages: Callable[[Tensor, Tensor, Tensor | float], Tensor]
    """Rewards [N, ..., S, T], mask [..., S, T] and a baseline to advantages [..., S, T]."""
    discriminator_loss: Callable[[Tensor, Tensor], Tensor]
    """Real logits [B] and fake logits [B] to a loss []."""
    weighs: bool = False
    """Whether rewards are logarithms of weights that samples are compared by. Such a reward cannot be mixed with
    another, and its baseline counts in units of the mean weight."""
