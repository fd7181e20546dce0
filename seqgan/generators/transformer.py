"""The Transformer generator: a causal, pre-norm decoder whose steps keep the keys and values of what was read."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from seqgan.errors import ConfigError
from seqgan.generators.inputs import previous_tokens, refuse_source
from seqgan.tensors.dropout import Dropout, dropout, shared_draws
from seqgan.tensors.embedding import embed
from seqgan.tensors.products import Linear, linear
from seqgan.tensors.rows import State

ROWS = 32_768
"""Most rows in one call of attention. Its CUDA kernels count rows in 16 bits and fail beyond 65,535
(github.com/pytorch/pytorch/issues/146704), and a rollout has 65,536 forks beside the sentences."""


class TransformerGenerator(nn.Module):
    """An autoregressive Transformer over tokens.

    A step's cost grows with the number of tokens read only in attention itself: no token is encoded twice.

    Args:
        vocabulary_size: V, symbols that can come out, the end symbol included.
        embedding_size: E, size of a token's vector and of what each layer passes on.
        hidden_size: size within each layer's feed-forward part.
        layers: blocks of attention and feed-forward part.
        heads: of attention in each block; must divide embedding_size.
        dropout: share of the embeddings, of the attention weights and of each part's output that is dropped in
            training.
        tied: share one matrix between embeddings and output; both have E columns here, whatever hidden_size is.
        start: id fed first; by default V, a symbol of its own.
        end: id that ends a sequence, or None for sequences of one fixed length.
        max_length: longest sequence, in tokens with the end symbol; each position has a learned vector.

    Raises:
        ConfigError: heads do not divide embedding_size.

    Source: Vaswani et al. 2017 (arXiv:1706.03762), section 3, the decoder without a source; norms before each part as
    in Xiong et al. 2020 (arXiv:2002.04745), figure 1(b); GELU and learned positions as in GPT (Radford et al. 2018).
    """

    def __init__(
        self,
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
        self.embedding = nn.Embedding(max(vocabulary_size, self.start + 1), embedding_size)
        self.positions = nn.Parameter(torch.empty(max_length, embedding_size))
        self.blocks = nn.ModuleList(Block(embedding_size, hidden_size, heads, dropout) for _ in range(layers))
        self.norm = nn.LayerNorm(embedding_size)
        self.output_bias = nn.Parameter(torch.zeros(vocabulary_size))
        self.output_weight = None if tied else nn.Parameter(torch.empty(vocabulary_size, embedding_size))
        # As the recurrent generators: all matrices start alike, in the range that is the linear layers' default.
        bound = embedding_size**-0.5
        for matrix in (self.embedding.weight, self.positions, self.output_weight):
            if matrix is not None:
                nn.init.uniform_(matrix, -bound, bound)

    def encode(self, source: Tensor | None, source_mask: Tensor | None) -> None:  # noqa: ARG002
        """None: this generator is unconditional.

        Raises:
            ValueError: a source is given.
        """
        refuse_source(self, source)

    def initial_state(self, rows: int, context: None = None) -> State:  # noqa: ARG002
        """Nothing read: for each block keys and values of no tokens, both [rows, heads, 0, E / heads]."""
        nothing = self.positions.new_zeros(rows, self.heads, 0, self.positions.shape[1] // self.heads)
        return tuple((nothing, nothing) for _ in self.blocks)

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """One position on. [R] or [R, V] -> logits [R, V], next state.

        Raises:
            ValueError: the sequence has `max_length` tokens already.
        """
        values, state = self.advance(tokens, state)
        return linear(values, *self.output_layer()), state

    def advance(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """One position on. [R] or [R, V] -> what the output layer reads [R, E], next state. Errors as of `step`."""
        # Tokens read so far are the length of the keys: no counter can disagree with them.
        position = state[0][0].shape[2]
        values = embed(tokens, self.embedding.weight).unsqueeze(1)  # [R, 1, E]
        values, state = self._read(values, position, state)
        return values.squeeze(1), state

    def forward(self, tokens: Tensor, context: None = None) -> Tensor:  # noqa: ARG002
        """Teacher forcing. [B, T] -> logits [B, T, V]

        Raises:
            ValueError: T exceeds `max_length`.
        """
        return linear(self.features(tokens), *self.output_layer())

    def features(self, tokens: Tensor, context: None = None) -> Tensor:  # noqa: ARG002
        """Teacher forcing. [B, T] -> what the output layer reads [B, T, E]. Errors as of `forward`."""
        values = embed(previous_tokens(tokens, self.start), self.embedding.weight)  # [B, T, E]
        return self._read(values, 0, self.initial_state(len(tokens)))[0]

    def output_layer(self) -> tuple[Tensor, Tensor]:
        """The map to logits: weight [V, E] and bias [V]."""
        weight = self.embedding.weight[: self.vocabulary_size] if self.output_weight is None else self.output_weight
        return weight, self.output_bias

    def _read(self, values: Tensor, position: int, state: State) -> tuple[Tensor, State]:
        """Vectors of tokens from `position` on, and the state before them. [R, T, E] -> [R, T, E], next state"""
        end = position + values.shape[1]
        if end > self.max_length:
            raise ValueError(
                f"This generator has {self.max_length} positions, and a sequence of {end} tokens is asked for: build "
                f"it with max_length={end} or more, or ask for shorter sequences."
            )
        values = self.dropout(values + self.positions[position:end])
        next_state = []
        for block, past in zip(self.blocks, state, strict=True):
            values, past = block(values, past)
            next_state.append(past)
        return self.norm(values), tuple(next_state)


class Block(nn.Module):
    """Causal self-attention, then a feed-forward part; each reads its normalised input and adds to it.

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
        self.attention_norm = nn.LayerNorm(size)
        self.attention_input = Linear(size, 3 * size)
        self.attention_output = Linear(size, size)
        self.feed_forward_norm = nn.LayerNorm(size)
        self.feed_forward = nn.Sequential(Linear(size, hidden_size), nn.GELU(), Linear(hidden_size, size))

    def forward(self, values: Tensor, past: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """New positions, after what was read. Either nothing was read or there is one new position.

        Args:
            values: [R, T, E]
            past: keys and values of what was read. Both [R, heads, P, E / heads]

        Returns:
            [R, T, E], and keys and values of all, both [R, heads, P + T, E / heads].
        """
        values, past = self.read(values, past)
        return self.transform(values), past

    def read(self, values: Tensor, past: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """The first part, self-attention. Arguments and result are those of `forward`."""
        projected = self.attention_input(self.attention_norm(values)).unflatten(2, (3, self.heads, -1))
        query, key, value = projected.permute(2, 0, 3, 1, 4)  # each [R, heads, T, E / heads]
        key, value = torch.cat([past[0], key], dim=2), torch.cat([past[1], value], dim=2)
        dropout = self.dropout.p if self.training else 0.0
        # One new position sees all there is; the flag would align it with the first key and not with the last.
        attended = attend(query, key, value, dropout, causal=query.shape[2] > 1).transpose(1, 2).flatten(2)  # [R, T, E]
        return values + self.dropout(self.attention_output(attended)), (key, value)

    def transform(self, values: Tensor) -> Tensor:
        """The second part, the same map for each position. [R, T, E] -> [R, T, E]"""
        return values + self.dropout(self.feed_forward(self.feed_forward_norm(values)))


def attend(
    query: Tensor, key: Tensor, value: Tensor, dropout: float, causal: bool = False, mask: Tensor | None = None
) -> Tensor:
    """Scaled dot-product attention, however many rows there are.

    Args:
        query: [R, heads, T, D]
        key: [R, heads, K, D]
        value: [R, heads, K, D]
        dropout: share of the weights that is dropped.
        causal: each of the T = K positions sees those up to itself.
        mask: True at keys that are seen, at least one in each row; None for all. [R, 1, 1, K]

    Returns:
        [R, heads, T, D]
    """
    if dropout and shared_draws(query):
        return _attend_dropping(query, key, value, dropout, causal, mask)
    if query.shape[0] <= ROWS:  # not len(), which would fix the number of rows where a step is traced for export
        return functional.scaled_dot_product_attention(query, key, value, mask, dropout, causal)
    masks = [None] * -(-len(query) // ROWS) if mask is None else mask.split(ROWS)
    parts = zip(query.split(ROWS), key.split(ROWS), value.split(ROWS), masks, strict=True)
    return torch.cat([attend(q, k, v, dropout, causal, part_mask) for q, k, v, part_mask in parts])


def _attend_dropping(
    query: Tensor, key: Tensor, value: Tensor, share: float, causal: bool, mask: Tensor | None
) -> Tensor:
    """`attend` with dropout on a CPU, where torch's own function has no other form of it, and draws more numbers."""
    scores = (query * query.shape[3] ** -0.5) @ key.transpose(2, 3)  # [R, heads, T, K]
    if causal:
        later = torch.ones(scores.shape[2:], dtype=torch.bool, device=scores.device).triu(1)
        scores = scores.masked_fill(later, -torch.inf)
    if mask is not None:
        scores = scores.masked_fill(~mask, -torch.inf)
    return dropout(scores.softmax(dim=3), share) @ value
