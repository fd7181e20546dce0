"""What makes a discriminator. Nothing is inherited: signatures name the protocol, and mypy holds classes to it."""

from typing import Any, Protocol

from torch import Tensor, nn

from seqgan.tensors.module import Module

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


class OutputLayer(Protocol):
    """What one has besides that is trained with `adversarial.output_decay`, which shrinks its last layer."""

    @property
    def output(self) -> nn.Module:
        """The last layer."""
