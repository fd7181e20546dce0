"""The recurrent conditional generators: a bidirectional encoder, attention, a recurrent decoder."""

from typing import ClassVar, Self

import torch
from torch import Tensor, nn

from seqgan.generators.encoders import AdditiveAttention
from seqgan.generators.gru import GRUGenerator
from seqgan.generators.inputs import previous_tokens, require_context, require_source
from seqgan.generators.lstm import LSTMGenerator
from seqgan.generators.recurrent import Cell
from seqgan.tensors.bidirectional import BidirectionalLayers
from seqgan.tensors.dropout import Dropout
from seqgan.tensors.embedding import embed, embed_source, source_embedding
from seqgan.tensors.products import Linear, linear
from seqgan.tensors.rows import SharedRows, State

TABLE_BOUND = 0.75**0.5
"""The numbers that tokens' vectors start with lie within it, and have a standard deviation of 0.5. With a seventh of
that a network as deep as this one may learn nothing but the tokens' frequencies for hundreds of updates."""


class Seq2SeqGenerator(nn.Module):
    """A recurrent network that writes a sequence while it looks at another; a subclass says which cell.

    At each position the first decoder layer's previous state looks for what it needs of the source; that layer reads
    the previous token and what was found. The layers above read the one below. Top layer, find and token together make
    a vector of embedding_size, from which the logits come.

    Args:
        source_vocabulary_size: symbols of the source.
        vocabulary_size: V, symbols that can come out, the end symbol included.
        embedding_size: E, size of a token's vector, on both sides.
        hidden_size: H, size of each decoder layer and of the attention's hidden layer. Each direction of the encoder
            has half of it, so that a source position's vector is as large as a decoder state; odd sizes are rounded up.
        layers: recurrent layers, of the encoder and of the decoder.
        dropout: share of the embeddings and of each layer's outputs that is dropped in training.
        tied: share one matrix between the target's embeddings and the output; both have E columns.
        start: id fed first; by default V, a symbol of its own.
        end: id that ends a sequence, or None for sequences of one fixed length.
        shared_embedding: one table for the tokens of source and target, which are then of one vocabulary.

    Raises:
        ConfigError: a shared table for vocabularies of two sizes.

    Source: RNNSearch of Bahdanau, Cho, Bengio 2015 (arXiv:1409.0473), section 3 and appendix A, which has one layer,
    encoder directions of H each, and a maxout layer in place of the tanh before the logits; the first of several layers
    looks at the source as in Wu et al. 2016 (arXiv:1609.08144), section 3; tying as in Press and Wolf 2017
    (arXiv:1608.05859).
    """

    cell: ClassVar[Cell]

    def __init__(
        self,
        source_vocabulary_size: int,
        vocabulary_size: int,
        embedding_size: int = 128,
        hidden_size: int = 256,
        layers: int = 1,
        dropout: float = 0.0,
        tied: bool = False,
        start: int | None = None,
        end: int | None = 0,
        shared_embedding: bool = False,
    ):
        super().__init__()
        self.vocabulary_size = vocabulary_size
        self.start = vocabulary_size if start is None else start
        self.end = end
        self.hidden_size = hidden_size
        self.dropout = Dropout(dropout)
        self.source_embedding = source_embedding(
            vocabulary_size, source_vocabulary_size, embedding_size, shared_embedding
        )
        self.embedding = nn.Embedding(max(vocabulary_size, self.start + 1), embedding_size)
        direction_size = (hidden_size + 1) // 2
        value_size = 2 * direction_size
        self.encoder = BidirectionalLayers(self.cell.layer, embedding_size, direction_size, layers, dropout)
        self.attention = AdditiveAttention(hidden_size, hidden_size, value_size)
        self.first_state = Linear(direction_size, layers * self.cell.tensors * hidden_size)
        sizes = [embedding_size + value_size] + [hidden_size] * (layers - 1)
        self.layers = nn.ModuleList(self.cell.layer(size, hidden_size, batch_first=True) for size in sizes)
        self.readout = Linear(hidden_size + value_size + embedding_size, embedding_size)
        self.output_bias = nn.Parameter(torch.zeros(vocabulary_size))
        self.output_weight = None if tied else nn.Parameter(torch.empty(vocabulary_size, embedding_size))
        # What is multiplied with the output starts in the range that is the linear layers' default.
        bound = embedding_size**-0.5
        if self.output_weight is not None:
            nn.init.uniform_(self.output_weight, -bound, bound)
        table_bound = bound if tied else TABLE_BOUND
        for table in (self.source_embedding, self.embedding):
            if table is not None:
                nn.init.uniform_(table.weight, -table_bound, table_bound)

    def train(self, mode: bool = True) -> Self:
        """As for any module, but the recurrent layers stay in training mode, which changes nothing in them.

        They hold no dropout of their own, and cuDNN refuses the backward pass of a recurrent layer in evaluation
        mode, which is how the adversarial phase trains.
        """
        super().train(mode)
        self.layers.train()
        return self

    def encode(self, source: Tensor | None, source_mask: Tensor | None) -> State:
        """Source [B, L] and its mask [B, L] to the decoder's first state and what its steps look at.

        Returns:
            For each layer the tensors of its cell's state, each [B, H]; then keys [B, L, A], values [B, L, S] and mask
            [B, L] of the source's positions.

        Raises:
            ConfigError: there is no source.
        """
        source, mask = require_source(self, source, source_mask)
        vectors = self.dropout(embed_source(source, mask, self.source_embedding, self.embedding))
        values = self.encoder(vectors, mask)  # [B, L, S]
        # The direction from the right ends at the first position, with the whole source read.
        read = values[:, 0, values.shape[2] // 2 :]
        first = torch.tanh(self.first_state(read)).unflatten(1, (len(self.layers), self.cell.tensors, -1))
        state = tuple(tuple(part.contiguous() for part in layer.unbind(1)) for layer in first.unbind(1))
        return (state, self.attention.keys(values), values, mask)

    def initial_state(self, rows: int, context: State = None) -> State:
        """The context itself: the layers' first states, and what is looked at.

        Raises:
            ConfigError: there is no context.
            ValueError: it is of another number of rows.
        """
        return require_context(self, rows, context)

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """One position on. [R] or [R, V] -> logits [R, V], next state."""
        values, state = self.advance(tokens, state)
        return linear(values, *self.output_layer()), state

    def share_source(self, state: State) -> State:
        """A state whose rows look at one copy of the source together, however many of them come from one row."""
        layers, *memory = state
        return layers, SharedRows(tuple(memory))

    def advance(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """One position on. [R] or [R, V] -> what the output layer reads [R, E], next state."""
        (lowest, *upper), *source = state
        memory = source[0] if len(source) == 1 else source
        vectors = self.dropout(embed(tokens, self.embedding.weight))  # [R, E]
        found = self.attention(lowest[0], memory)  # [R, S]
        lowest = self.cell.step(torch.cat([vectors, found], dim=1), lowest, self.layers[0].parameters())
        values = self.dropout(lowest[0])
        next_states = [lowest]
        for layer, layer_state in zip(self.layers[1:], upper, strict=True):
            layer_state = self.cell.step(values, layer_state, layer.parameters())
            next_states.append(layer_state)
            values = self.dropout(layer_state[0])
        return self._read(values, found, vectors), (tuple(next_states), *source)

    def forward(self, tokens: Tensor, context: State = None) -> Tensor:
        """Teacher forcing. [B, T] -> logits [B, T, V]

        Raises:
            ConfigError: there is no context.
            ValueError: it is of another number of rows.
        """
        return linear(self.features(tokens, context), *self.output_layer())

    def features(self, tokens: Tensor, context: State = None) -> Tensor:
        """Teacher forcing. [B, T] -> what the output layer reads [B, T, E]. Errors as of `forward`.

        Only the layer that looks at the source goes from position to position; all else is done for all at once.
        """
        (lowest, *upper), *memory = self.initial_state(len(tokens), context)
        vectors = self.dropout(embed(previous_tokens(tokens, self.start), self.embedding.weight))  # [B, T, E]
        parameters = tuple(self.layers[0].parameters())
        states, finds = [], []
        for vector in vectors.unbind(1):
            found = self.attention(lowest[0], memory)
            lowest = self.cell.step(torch.cat([vector, found], dim=1), lowest, parameters)
            states.append(lowest[0])
            finds.append(found)
        values = self.dropout(torch.stack(states, dim=1))  # [B, T, H]
        for layer, layer_state in zip(self.layers[1:], upper, strict=True):
            first = tuple(part.unsqueeze(0).contiguous() for part in layer_state)  # each [1, B, H]
            values = self.dropout(layer(values, first if len(first) > 1 else first[0])[0])
        return self._read(values, torch.stack(finds, dim=1), vectors)

    def output_layer(self) -> tuple[Tensor, Tensor]:
        """The map to logits: weight [V, E] and bias [V]."""
        weight = self.embedding.weight[: self.vocabulary_size] if self.output_weight is None else self.output_weight
        return weight, self.output_bias

    def _read(self, values: Tensor, found: Tensor, vectors: Tensor) -> Tensor:
        """[..., H], [..., S], [..., E] -> [..., E]"""
        return torch.tanh(self.readout(torch.cat([values, found, vectors], dim=-1)))


class Seq2SeqGRU(Seq2SeqGenerator):
    """RNNSearch, with GRUs. Arguments, errors and source are those of `Seq2SeqGenerator`."""

    cell = GRUGenerator.cell


class Seq2SeqLSTM(Seq2SeqGenerator):
    """The same with LSTMs. Arguments and errors are those of `Seq2SeqGenerator`.

    Source: the generator of Li et al. 2017 (arXiv:1701.06547) is an LSTM of this kind, with several layers.
    """

    cell = LSTMGenerator.cell
