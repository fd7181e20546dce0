"""What the recurrent generators share: embedding, recurrent layers, a linear map to logits. They differ in the cell."""

from collections.abc import Callable, Iterable
from typing import ClassVar, NamedTuple, Self

import torch
from torch import Tensor, nn

from seqgan.errors import ConfigError
from seqgan.generators.inputs import previous_tokens, refuse_source
from seqgan.tensors.dropout import Dropout
from seqgan.tensors.embedding import embed
from seqgan.tensors.products import linear
from seqgan.tensors.rows import State


class Cell(NamedTuple):
    """A recurrent cell, as a layer over time and as one step; both with the same parameters."""

    layer: Callable[..., nn.Module]
    """Makes the layer: input size, hidden size, batch_first."""
    step: Callable[[Tensor, tuple[Tensor, ...], Iterable[Tensor]], tuple[Tensor, ...]]
    """Input [R, E], state and the layer's parameters to the next state, the hidden state first."""
    tensors: int
    """How many tensors [R, H] a layer's state has."""


class RecurrentGenerator(nn.Module):
    """An autoregressive recurrent network over tokens; a subclass says which cell.

    Args:
        vocabulary_size: V, symbols that can come out, the end symbol included.
        embedding_size: size of a token's vector.
        hidden_size: size of each recurrent layer.
        layers: recurrent layers.
        dropout: share of the embeddings, of each layer's inputs and of the outputs that is dropped in training.
        tied: share one matrix between embeddings and output; needs embedding_size == hidden_size.
        start: id fed first; by default V, a symbol of its own.
        end: id that ends a sequence, or None for sequences of one fixed length.

    Raises:
        ConfigError: tied with different sizes.

    Source: Yu et al. 2017 (arXiv:1609.05473), section 3; dropout as in Zaremba et al. 2014 (arXiv:1409.2329); tying
    as in Press and Wolf 2017 (arXiv:1608.05859).
    """

    cell: ClassVar[Cell]

    def __init__(
        self,
        vocabulary_size: int,
        embedding_size: int = 128,
        hidden_size: int = 256,
        layers: int = 1,
        dropout: float = 0.0,
        tied: bool = False,
        start: int | None = None,
        end: int | None = 0,
    ):
        super().__init__()
        if tied and embedding_size != hidden_size:
            raise ConfigError(
                f"A generator with tied embeddings has one matrix for both, but embedding_size is {embedding_size} and "
                f"hidden_size is {hidden_size}: make them equal, or leave tied off."
            )
        self.vocabulary_size = vocabulary_size
        self.start = vocabulary_size if start is None else start
        self.end = end
        self.hidden_size = hidden_size
        self.dropout = Dropout(dropout)
        self.embedding = nn.Embedding(max(vocabulary_size, self.start + 1), embedding_size)
        sizes = [embedding_size] + [hidden_size] * (layers - 1)
        self.layers = nn.ModuleList(self.cell.layer(size, hidden_size, batch_first=True) for size in sizes)
        self.output_bias = nn.Parameter(torch.zeros(vocabulary_size))
        self.output_weight = None if tied else nn.Parameter(torch.empty(vocabulary_size, hidden_size))
        # The tables' defaults (standard normal; none) would drown the layers: start all matrices alike.
        bound = hidden_size**-0.5
        nn.init.uniform_(self.embedding.weight, -bound, bound)
        if self.output_weight is not None:
            nn.init.uniform_(self.output_weight, -bound, bound)

    def train(self, mode: bool = True) -> Self:
        """As for any module, but the recurrent layers stay in training mode, which changes nothing in them.

        They hold no dropout of their own, and cuDNN refuses the backward pass of a recurrent layer in evaluation
        mode, which is how the adversarial phase trains.
        """
        super().train(mode)
        self.layers.train()
        return self

    def encode(self, source: Tensor | None, source_mask: Tensor | None) -> None:  # noqa: ARG002
        """None: this generator is unconditional.

        Raises:
            ValueError: a source is given.
        """
        refuse_source(self, source)

    def initial_state(self, rows: int, context: None = None) -> State:  # noqa: ARG002
        """Zeros: for each layer the tensors of its cell's state, each [rows, H]."""
        zeros = self.output_bias.new_zeros(rows, self.hidden_size)
        return tuple((zeros,) * self.cell.tensors for _ in self.layers)

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """One position on. [R] or [R, V] -> logits [R, V], next state."""
        values, state = self.advance(tokens, state)
        return linear(values, *self.output_layer()), state

    def advance(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """One position on. [R] or [R, V] -> what the output layer reads [R, H], next state."""
        values = self.dropout(embed(tokens, self.embedding.weight))
        next_state = []
        for layer, layer_state in zip(self.layers, state, strict=True):
            # The parameters stand in the order of the cells' arguments: input and hidden weights, then biases.
            layer_state = self.cell.step(values, layer_state, layer.parameters())
            next_state.append(layer_state)
            values = self.dropout(layer_state[0])
        return values, tuple(next_state)

    def forward(self, tokens: Tensor, context: None = None) -> Tensor:  # noqa: ARG002
        """Teacher forcing. [B, T] -> logits [B, T, V]"""
        return linear(self.features(tokens), *self.output_layer())

    def features(self, tokens: Tensor, context: None = None) -> Tensor:  # noqa: ARG002
        """Teacher forcing. [B, T] -> what the output layer reads [B, T, H]"""
        values = self.dropout(embed(previous_tokens(tokens, self.start), self.embedding.weight))  # [B, T, E]
        for layer in self.layers:
            values = self.dropout(layer(values)[0])  # [B, T, H]
        return values

    def output_layer(self) -> tuple[Tensor, Tensor]:
        """The map to logits: weight [V, H] and bias [V]."""
        weight = self.embedding.weight[: self.vocabulary_size] if self.output_weight is None else self.output_weight
        return weight, self.output_bias
