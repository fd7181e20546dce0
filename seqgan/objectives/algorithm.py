"""The record that an adversarial algorithm is: one kind for each way in which the generator's gradient arrives."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

Critic = Callable[[Tensor, Tensor], Tensor]
"""Distributions [B, T, V] and their mask [B, T] to logits [B], positive for real: a discriminator, or what wraps it."""


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
    compares: bool = False
    """Whether the discriminator is trained on pairs, so that only differences of its logits mean something."""
    needs_log_odds: bool = False
    """Whether what the update is said to do rests on logits that tell the log-odds of data over the generator as it
    now is: exactly, or up to a constant where samples are compared. What bends them is then refused."""


def _constant(progress: float) -> float:  # noqa: ARG001
    return 1.0


class Relaxed(NamedTuple):
    """An algorithm whose generator learns through what the discriminator reads: distributions in place of ids.

    Two losses, and how a sequence is relaxed; `seqgan.decoding.relaxed_sample` takes the latter under the same names.
    """

    generator_loss: Callable[[Tensor, Tensor], Tensor]
    """Real logits [B], which need no graph, and fake logits [B] to a loss []."""
    discriminator_loss: Callable[[Critic, Tensor, Tensor, Tensor, Tensor, torch.Generator], Tensor]
    """The critic, real and fake distributions [B, T, V], their masks [B, T] and the random numbers of interpolation to
    a loss []. No gradient goes into the fake ones."""
    gumbel: bool = False
    """Add Gumbel noise to the logits: the likeliest symbol is then a sample. Without, the softmax itself is judged."""
    hard: bool = False
    """The discriminator reads one-hot vectors, whose gradient is taken to be the softmax's (straight through)."""
    feed_tokens: bool = False
    """The generator reads the symbol that it chose, without a gradient, in place of what the discriminator reads."""
    ends: bool = True
    """What follows an end symbol is hidden. False: padding is text like any other, which the generator has to make."""
    temperature: Callable[[float], float] = _constant
    """Share of the training that is done, from 0 to 1, to what logits are divided by."""
    clamp: float | None = None
    """After each of its updates every parameter of the discriminator is clamped to at most this size."""
