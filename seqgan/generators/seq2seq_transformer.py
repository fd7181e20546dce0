"""The conditional Transformer generator: an encoder, and a decoder whose steps read no token twice."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from seqgan.errors import ConfigError
from seqgan.generators.encoders import TransformerEncoder, by_few_rows
from seqgan.generators.inputs import previous_tokens, require_context, require_source
from seqgan.generators.transformer import Block, attend
from seqgan.tensors.dropout import Dropout
from seqgan.tensors.embedding import embed, embed_source, source_embedding
from seqgan.tensors.products import Linear, linear
from seqgan.tensors.rows import SharedRows, State


class Seq2SeqTransformer(nn.Module):
    """An encoder-decoder Transformer.

    Keys and values of the source are computed once, in `encode`; those of the tokens written are kept in the state.

    Args:
        source_vocabulary_size: symbols of the source.
        vocabulary_size: V, symbols that can come out, the end symbol included.
        embedding_size: E, size of a token's vector and of what each layer passes on.
        hidden_size: size within each layer's feed-forward part.
        layers: blocks, of the encoder and of the decoder.
        heads: of attention in each block; must divide embedding_size.
        dropout: share of the embeddings, of the attention weights and of each part's output that is dropped in
            training.
        tied: share one matrix between the target's embeddings and the output; both have E columns.
        start: id fed first; by default V, a symbol of its own.
        end: id that ends a sequence, or None for sequences of one fixed length.
        max_length: longest target, in tokens with the end symbol; each position has a learned vector. Sources have no
            limit.
        shared_embedding: one table for the tokens of source and target, which are then of one vocabulary.

    Raises:
        ConfigError: heads do not divide embedding_size; a shared table for vocabularies of two sizes.

    Source: Vaswani et al. 2017 (arXiv:1706.03762), section 3; norms before each part as in Xiong et al. 2020
    (arXiv:2002.04745), figure 1(b); GELU and learned target positions as in the unconditional Transformer here.
    """

    def __init__(
        self,
        source_vocabulary_size: int,
        vocabulary_size: int,
        embedding_size: int = 128,
        hidden_size: int = 256,
        layers: int = 2,
        heads: int = 4,
        dropout: float = 0.0,
        tied: bool = False,
        start: int | None = None,
        end: int | None = 0,
        max_length: int = 256,
        shared_embedding: bool = False,
    ):
        super().__init__()
        if embedding_size % heads:
            raise ConfigError(
                f"The heads of a Transformer share out the embedding, but embedding_size is {embedding_size} and heads "
                f"is {heads}: make embedding_size a multiple of heads."
            )
        self.vocabulary_size = vocabulary_size
        self.start = vocabulary_size if start is None else start
        self.end = end
        self.max_length = max_length
        self.heads = heads
        self.dropout = Dropout(dropout)
        self.source_embedding = source_embedding(
            vocabulary_size, source_vocabulary_size, embedding_size, shared_embedding
        )
        self.embedding = nn.Embedding(max(vocabulary_size, self.start + 1), embedding_size)
        self.positions = nn.Parameter(torch.empty(max_length, embedding_size))
        self.encoder = TransformerEncoder(embedding_size, hidden_size, layers, heads, dropout)
        self.blocks = nn.ModuleList(DecoderBlock(embedding_size, hidden_size, heads, dropout) for _ in range(layers))
        self.memories = nn.ModuleList(Linear(embedding_size, 2 * embedding_size) for _ in range(layers))
        self.norm = nn.LayerNorm(embedding_size)
        self.output_bias = nn.Parameter(torch.zeros(vocabulary_size))
        self.output_weight = None if tied else nn.Parameter(torch.empty(vocabulary_size, embedding_size))
        # As the unconditional generators: all tables start alike, in the range that is the linear layers' default.
        bound = embedding_size**-0.5
        own_table = None if self.source_embedding is None else self.source_embedding.weight
        for matrix in (own_table, self.embedding.weight, self.positions, self.output_weight):
            if matrix is not None:
                nn.init.uniform_(matrix, -bound, bound)

    def encode(self, source: Tensor | None, source_mask: Tensor | None) -> State:
        """Source [B, L] and its mask [B, L] to what the decoder's blocks look at.

        Returns:
            For each block keys and values of the source's positions, both [B, heads, L, E / heads]; then the mask
            [B, L], in which a source without a token shows its first position, with no token there.

        Raises:
            ConfigError: there is no source.
        """
        source, mask = require_source(self, source, source_mask)
        vectors = embed_source(source, mask, self.source_embedding, self.embedding)
        # A softmax over nothing is NaN in some of PyTorch's paths.
        readable = mask | (~mask.any(dim=1, keepdim=True) & (torch.arange(mask.shape[1], device=mask.device) == 0))
        values = self.encoder(vectors, readable)
        return (tuple(self._keys_and_values(layer(values)) for layer in self.memories), readable)

    def initial_state(self, rows: int, context: State = None) -> State:
        """Nothing read: for each block keys and values of no tokens, [rows, heads, 0, E / heads]; then the context.

        Raises:
            ConfigError: there is no context.
            ValueError: it is of another number of rows.
        """
        context = require_context(self, rows, context)
        nothing = self.positions.new_zeros(rows, self.heads, 0, self.positions.shape[1] // self.heads)
        return (tuple((nothing, nothing) for _ in self.blocks), context)

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """One position on. [R] or [R, V] -> logits [R, V], next state.

        Raises:
            ValueError: the sequence has `max_length` tokens already.
        """
        values, state = self.advance(tokens, state)
        return linear(values, *self.output_layer()), state

    def share_source(self, state: State) -> State:
        """A state whose rows look at one copy of the source together, however many of them come from one row."""
        pasts, context = state
        return pasts, SharedRows(context)

    def advance(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """One position on. [R] or [R, V] -> what the output layer reads [R, E], next state. Errors as of `step`."""
        values = embed(tokens, self.embedding.weight).unsqueeze(1)  # [R, 1, E]
        values, state = self._read(values, state)
        return values.squeeze(1), state

    def forward(self, tokens: Tensor, context: State = None) -> Tensor:
        """Teacher forcing. [B, T] -> logits [B, T, V]

        Raises:
            ConfigError: there is no context.
            ValueError: it is of another number of rows, or T exceeds `max_length`.
        """
        return linear(self.features(tokens, context), *self.output_layer())

    def features(self, tokens: Tensor, context: State = None) -> Tensor:
        """Teacher forcing. [B, T] -> what the output layer reads [B, T, E]. Errors as of `forward`."""
        values = embed(previous_tokens(tokens, self.start), self.embedding.weight)  # [B, T, E]
        return self._read(values, self.initial_state(len(tokens), context))[0]

    def output_layer(self) -> tuple[Tensor, Tensor]:
        """The map to logits: weight [V, E] and bias [V]."""
        weight = self.embedding.weight[: self.vocabulary_size] if self.output_weight is None else self.output_weight
        return weight, self.output_bias

    def _keys_and_values(self, projected: Tensor) -> tuple[Tensor, Tensor]:
        """[B, L, 2 E] -> two of [B, heads, L, E / heads]"""
        key, value = projected.unflatten(2, (2, self.heads, -1)).permute(2, 0, 3, 1, 4)
        return key, value

    def _read(self, values: Tensor, state: State) -> tuple[Tensor, State]:
        """Vectors of the next tokens, and the state before them. [R, T, E] -> [R, T, E], next state"""
        pasts, context = state
        # Tokens read so far are the length of the keys: no counter can disagree with them.
        position = pasts[0][0].shape[2]
        end = position + values.shape[1]
        if end > self.max_length:
            raise ValueError(
                f"This generator has {self.max_length} positions, and a sequence of {end} tokens is asked for: build "
                f"it with max_length={end} or more, or ask for shorter sequences."
            )
        values = self.dropout(values + self.positions[position:end])
        next_pasts = []
        for block, past, source in zip(self.blocks, pasts, _by_block(context), strict=True):
            values, past = block(values, past, source)
            next_pasts.append(past)
        return self.norm(values), (tuple(next_pasts), context)


def _by_block(context: State) -> Iterator[State]:
    """What each block looks at: keys and values of the source, and its mask; of shared rows, shared rows."""
    if isinstance(context, SharedRows):
        memories, mask = context.table
        return (SharedRows((*memory, mask), context.index) for memory in memories)
    memories, mask = context
    return ((*memory, mask) for memory in memories)


class DecoderBlock(nn.Module):
    """A block of the unconditional Transformer, with attention to the source between its two parts.

    Args:
        size: E, of the vectors that come in and go out.
        hidden_size: size within the feed-forward part.
        heads: of attention; divides size.
        dropout: share of attention weights and of each part's output that is dropped in training.
    """

    def __init__(self, size: int, hidden_size: int, heads: int, dropout: float):
        super().__init__()
        self.heads = heads
        self.dropout = Dropout(dropout)
        self.block = Block(size, hidden_size, heads, dropout)
        self.source_norm = nn.LayerNorm(size)
        self.source_query = Linear(size, size)
        self.source_output = Linear(size, size)

    def forward(
        self, values: Tensor, past: tuple[Tensor, Tensor], source: State
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """New positions, after what was read. Either nothing was read or there is one new position.

        Args:
            values: [R, T, E]
            past: keys and values of what was read. Both [R, heads, P, E / heads]
            source: keys and values of the source, both [R, heads, L, E / heads], and its mask [R, L], a True in each
                row; or shared rows of them.

        Returns:
            [R, T, E], and keys and values of all that is read now, both [R, heads, P + T, E / heads].
        """
        values, past = self.block.read(values, past)
        query = self.source_query(self.source_norm(values)).unflatten(2, (self.heads, -1)).transpose(1, 2)
        dropout = self.dropout.p if self.training else 0.0

        def found(query: Tensor, memory: tuple[Tensor, Tensor, Tensor]) -> Tensor:
            key, value, mask = memory
            return attend(query, key, value, dropout, mask=mask[:, None, None])

        attended = by_few_rows(found, query, source).transpose(1, 2).flatten(2)  # [R, T, E]
        values = values + self.dropout(self.source_output(attended))
        return self.block.transform(values), past
