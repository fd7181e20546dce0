"""What makes a discriminator. Nothing is inherited: signatures name the protocol, and mypy holds classes to it."""

from typing import Any, Protocol

from torch import Tensor, nn

from seqgan.tensors.module import Module
from seqgan.tensors.rows import State

Context = Any
"""What a discriminator's `encode` makes of a source: a nested tuple of tensors, rows first; None without one."""


class Discriminator(Module, Protocol):
    """A judge of sequences, as an ``nn.Module``. What follows a sequence's end never changes its logit."""

    def encode(self, source: Tensor | None, source_mask: Tensor | None) -> Context:
        """What the judgement is conditioned on. None without a source."""

    def forward(self, tokens: Tensor, mask: Tensor, context: Context = None) -> Tensor:
        """Ids [R, T] or distributions [R, T, V], and their mask [R, T], to logits [R], positive for real."""

    def __call__(self, tokens: Tensor, mask: Tensor, context: Context = None) -> Tensor:
        """`forward`."""


class PerToken(Protocol):
    """What a discriminator may have besides: a logit for each prefix of a sequence, and not for the whole alone."""

    per_token: bool
    """Whether `forward` gives logits [R, T]."""


class StepsThrough(Protocol):
    """What one with a logit for each prefix may have besides: the same logits token by token, from a state of what was
    read, so that decoding can ask about many continuations of a prefix without reading it again.

    With dropout off, steps give the logits that `forward` gives. A step keeps nothing in the module: on a CPU, rows are
    advanced in several threads.
    """

    per_token: bool
    """Whether the logits are those of prefixes: one that learnt from whole sequences steps, and means nothing by it."""

    def initial_state(self, rows: int, context: Context = None) -> State:
        """The state before the first token, with whatever of the context the steps need."""

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """One token on: ids [R] to the logits [R] of what was read with them, and the next state."""


class OutputLayer(Protocol):
    """What one has besides that is trained with `adversarial.output_decay`, which shrinks its last layer."""

    @property
    def output(self) -> nn.Module:
        """The last layer."""
