"""A generator without some of its symbols: at each position its distribution given that none of them comes there."""

from collections.abc import Collection
from typing import Any, TypeVar, cast

import torch
from torch import Tensor, nn

from seqgan.generators.protocol import Context, Generator, GeneratorModule, LinearOutput, OneShotGenerator
from seqgan.tensors.rows import State

AnyGenerator = TypeVar("AnyGenerator", bound=GeneratorModule)


class _Masked(nn.Module):
    """What both kinds share. Whatever else the generator has, such as noise in its first state, is its own.

    Args:
        generator: any; it is held, not copied.
        excluded: ids of the symbols that cannot come out.

    Raises:
        ValueError: an id that the generator has not; or no symbol is left.
    """

    generator: GeneratorModule
    vocabulary_size: int
    end: int | None
    excluded: Tensor
    """[excluded]"""

    def __init__(self, generator: GeneratorModule, excluded: Collection[int]):
        super().__init__()
        size = generator.vocabulary_size
        ids = sorted(set(excluded))
        if ids and not 0 <= ids[0] <= ids[-1] < size:
            raise ValueError(f"The ids {ids[0]} to {ids[-1]} are excluded, and this generator has 0 to {size - 1}.")
        if len(ids) == size:
            raise ValueError(f"All {size} symbols are excluded: leave one at least.")
        self.generator = generator
        device = next(generator.parameters()).device
        self.register_buffer("excluded", torch.tensor(ids, dtype=torch.long, device=device), persistent=False)
        self.train(generator.training)  # the mode that it is left in

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(super().__getattr__("generator"), name)

    def _without(self, logits: Tensor) -> Tensor:
        """[..., V] -> [..., V]"""
        return logits.index_fill(-1, self.excluded, -torch.inf)


class MaskedGenerator(_Masked):
    """A generator that steps, without some symbols: it samples so, is searched so, and its likelihoods are of that.

    The distribution of a sequence is the product of those of its positions. It is not the generator's own given that
    the whole sequence has none of the symbols: what would have led to one of them counts no less than before.
    """

    generator: Generator
    start: int

    def encode(self, source: Tensor | None, source_mask: Tensor | None) -> Context:
        """The generator's own."""
        return self.generator.encode(source, source_mask)

    def initial_state(self, rows: int, context: Context = None) -> State:
        """The generator's own."""
        return self.generator.initial_state(rows, context)

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """One position on. [R] or [R, V] -> logits [R, V], next state."""
        logits, state = self.generator.step(tokens, state)
        return self._without(logits), state

    def forward(self, tokens: Tensor, context: Context = None) -> Tensor:
        """Teacher forcing. [B, T] -> logits [B, T, V]"""
        return self._without(self.generator(tokens, context))

    def output_layer(self) -> tuple[Tensor, Tensor]:
        """That of a generator which has one, after whose `advance` and `features` it is: a bias of -inf excludes."""
        weight, bias = cast(LinearOutput, self.generator).output_layer()
        return weight, self._without(bias)


class MaskedOneShotGenerator(_Masked):
    """A generator that makes all positions at once, without some symbols."""

    generator: OneShotGenerator
    max_length: int
    drawn: bool

    def distributions(self, rows: int, rng: torch.Generator) -> Tensor:
        """Logits [R, T, V] of as many fresh sequences."""
        return self._without(self.generator.distributions(rows, rng))


def masked(generator: AnyGenerator, excluded: Collection[int]) -> AnyGenerator:
    """Any generator without some symbols, such as `Vocabulary.not_drawn`; itself where none are named.

    Everything that decodes takes the result: ``sample(masked(generator, vocabulary.not_drawn), ...)``.

    Raises:
        ValueError: as of the classes.
    """
    if not excluded:
        return generator
    over = getattr(generator, "over", None)
    if over is not None:  # its candidates are another generator's
        return cast(AnyGenerator, over(masked(cast(Any, generator).generator, excluded)))
    kind = MaskedOneShotGenerator if hasattr(generator, "distributions") else MaskedGenerator
    return cast(AnyGenerator, kind(generator, excluded))
