"""A generator at another temperature, as a distribution of its own: what sharpening alone would give."""

from typing import cast

from torch import Tensor, nn

from seqgan.generators.protocol import Context, Generator, LinearOutput
from seqgan.tensors.rows import State


class TemperedGenerator(nn.Module):
    """Another generator with its logits divided by a temperature: it samples so, and its likelihoods are of that.

    A sharper maximum-likelihood model scores better on every metric of quality alone. It is the control that an
    adversarially trained generator has to beat.

    Args:
        generator: any; it is held, not copied.
        temperature: below 1 sharpens.

    Source: Caccia et al. 2020 (arXiv:1811.02549), section 3.
    """

    def __init__(self, generator: Generator, temperature: float):
        super().__init__()
        self.generator = generator
        self.temperature = temperature
        self.vocabulary_size = generator.vocabulary_size
        self.start, self.end = generator.start, generator.end
        if hasattr(generator, "features"):
            self.features = generator.features  # what `output_layer` below reads

    def encode(self, source: Tensor | None, source_mask: Tensor | None) -> Context:
        """The generator's own."""
        return self.generator.encode(source, source_mask)

    def initial_state(self, rows: int, context: Context = None) -> State:
        """The generator's own."""
        return self.generator.initial_state(rows, context)

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """One position on. [R] or [R, V] -> logits [R, V], next state."""
        logits, state = self.generator.step(tokens, state)
        return logits / self.temperature, state

    def forward(self, tokens: Tensor, context: Context = None) -> Tensor:
        """Teacher forcing. [B, T] -> logits [B, T, V]"""
        return self.generator(tokens, context) / self.temperature

    def output_layer(self) -> tuple[Tensor, Tensor]:
        """That of a generator which has one, after whose `features` it is."""
        weight, bias = cast(LinearOutput, self.generator).output_layer()
        return weight / self.temperature, bias / self.temperature
