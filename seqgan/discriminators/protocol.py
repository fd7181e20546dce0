"""What makes a discriminator. Nothing is inherited: the protocol documents, and the tests check."""

from typing import Any, Protocol, TypeAlias

from torch import Tensor, nn

Context = Any
"""What a discriminator's `encode` makes of a source: a nested tuple of tensors, rows first; None without one."""


DiscriminatorModule: TypeAlias = Any
"""A `Discriminator` that is an ``nn.Module``, as all are; Python has no name for a type that is both."""


class Discriminator(Protocol):
    """A judge of sequences, as an ``nn.Module``. What follows a sequence's end never changes its logit."""

    output: nn.Module
    """The last layer, whose parameters `adversarial.output_decay` shrinks. One that is trained without has no need."""

    def encode(self, source: Tensor | None, source_mask: Tensor | None) -> Context:
        """What the judgement is conditioned on. None without a source."""

    def forward(self, tokens: Tensor, mask: Tensor, context: Context = None) -> Tensor:
        """Ids [R, T] or distributions [R, T, V], and their mask [R, T], to logits [R], positive for real."""
