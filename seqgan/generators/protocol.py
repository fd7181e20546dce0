"""What makes a generator: four methods, or one for those that do not step. Nothing is inherited: signatures
name the protocols, which the type checker holds classes to."""

from typing import Any, Protocol, TypeAlias

import torch
from torch import Tensor

from seqgan.tensors.module import Module
from seqgan.tensors.rows import State

Context = Any
"""What a generator's `encode` makes of a source: a nested tuple of tensors with rows in axis 0; None without one."""


class Generator(Module, Protocol):
    """A distribution over token sequences, as an ``nn.Module``.

    Two laws hold for every generator: stepping through a sequence gives the logits that `forward` gives, and a row's
    result does not depend on the other rows. With them sampling and rollouts are written once for all models. A step
    keeps nothing in the module: on a CPU, rows are advanced in several threads.
    """

    vocabulary_size: int
    """V: how many symbols can come out, the end symbol included."""
    start: int
    """The id that is fed before the first token. V where it is a symbol of its own, which cannot come out."""
    end: int | None
    """The id that ends a sequence; None where sequences have one fixed length."""

    def encode(self, source: Tensor | None, source_mask: Tensor | None) -> Context:
        """What generation is conditioned on. Source [B, L] and its mask to a context; None without a source."""

    def initial_state(self, rows: int, context: Context = None) -> State:
        """The state before the first token, with whatever of the context the steps need."""

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """One position on: previous tokens [R] or distributions [R, V] to logits [R, V] and the next state."""

    def forward(self, tokens: Tensor, context: Context = None) -> Tensor:
        """Teacher forcing: tokens [B, T] to logits [B, T, V], those at t from the tokens before t."""

    def __call__(self, tokens: Tensor, context: Context = None) -> Tensor:
        """`forward`."""


class LinearOutput(Protocol):
    """What most generators have besides, since their logits are a linear map of something smaller.

    Logits of all rows or positions are then never in memory at once: tokens are drawn, and likelihoods summed, from
    those of a few rows at a time. `step` and `forward` are this map after `advance` and `features`.
    """

    def advance(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """`step` without the map: what it reads [R, D], and the next state."""

    def features(self, tokens: Tensor, context: Context = None) -> Tensor:
        """`forward` without the map: what it reads. [B, T] -> [B, T, D]"""

    def output_layer(self) -> tuple[Tensor, Tensor]:
        """The map: weight [V, D] and bias [V]."""


class SharedSource(Protocol):
    """What a generator that writes from a source may have besides: one copy of the source for all rows that come of it.

    Rollouts make hundreds of rows of each source; copies of it would be most of what they hold and move.
    """

    def share_source(self, state: State) -> State:
        """A first state, with what no step changes in `SharedRows`; `step` and `advance` take such states as well."""


class OneShotGenerator(Module, Protocol):
    """A map of noise to the distributions of all positions at once, as an ``nn.Module``. A row depends on its noise."""

    vocabulary_size: int
    """V: how many symbols can come out, the end symbol included."""
    end: int | None
    """The id that ends a sequence; None where sequences have one fixed length."""
    max_length: int
    """T: positions of every sequence."""
    drawn: bool
    """Whether its tokens are drawn from the distributions, each position by itself, or are the likeliest ones."""

    def distributions(self, rows: int, rng: torch.Generator) -> Tensor:
        """Logits [R, T, V] of as many fresh sequences; the generator's only random numbers are those of `rng`."""


class LinearGenerator(Generator, LinearOutput, Protocol):
    """A generator that makes a token at a time, and whose output layer stands apart."""


class Noisy(Protocol):
    """What a generator may have besides that learnt through relaxed samples: its chance is in its first state."""

    state_noise: float
    """Deviation of the normal noise there."""
    greedy: bool
    """Whether it takes the likeliest tokens then, and draws none."""


class DrawsItself(Protocol):
    """What a generator may have besides whose law is not that of its steps, such as one that is resampled."""

    def draw_sequences(
        self,
        rows: int,
        max_length: int,
        context: Context = None,
        *,
        rng: torch.Generator,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
        prefix: Tensor | None = None,
        memory: int | None = None,
    ) -> Any:
        """What `seqgan.decoding.sample` gives: tokens and their mask, [rows, max_length] each."""


GeneratorModule: TypeAlias = Generator | OneShotGenerator
"""Any generator."""
