"""RelGAN's generator: a memory of slots that attend to each other and to the new token, behind gates."""

import torch
from torch import Tensor, nn

from seqgan.errors import ConfigError
from seqgan.generators.inputs import previous_tokens, refuse_source
from seqgan.tensors.dropout import Dropout
from seqgan.tensors.embedding import embed
from seqgan.tensors.products import Linear, linear
from seqgan.tensors.rows import State


class RelationalGenerator(nn.Module):
    """An autoregressive relational memory over tokens.

    Args:
        vocabulary_size: V, symbols that can come out, the end symbol included.
        embedding_size: size of a token's vector.
        hidden_size: H, size of a memory slot, all heads together.
        layers: memories; each reads the one before.
        slots: S, of each memory.
        heads: of attention; must divide hidden_size.
        dropout: share of the embeddings, of each memory's inputs and of the outputs that is dropped in training.
        tied: share one matrix between embeddings and output; needs embedding_size == slots * hidden_size.
        start: id fed first; by default V, a symbol of its own.
        end: id that ends a sequence, or None for sequences of one fixed length.

    Raises:
        ConfigError: heads do not divide hidden_size; or tied with different sizes.

    Source: Nie et al. 2019, "RelGAN", ICLR, also for the sizes; Santoro et al. 2018 (arXiv:1806.01822).
    """

    def __init__(
        self,
        vocabulary_size: int,
        embedding_size: int = 32,
        hidden_size: int = 512,
        layers: int = 1,
        slots: int = 1,
        heads: int = 2,
        dropout: float = 0.0,
        tied: bool = False,
        start: int | None = None,
        end: int | None = 0,
    ):
        super().__init__()
        if hidden_size % heads:
            raise ConfigError(
                f"The heads of a relational memory share out a slot, but hidden_size is {hidden_size} and heads is "
                f"{heads}: make hidden_size a multiple of heads."
            )
        output_size = slots * hidden_size
        if tied and embedding_size != output_size:
            raise ConfigError(
                f"A generator with tied embeddings has one matrix for both, but embedding_size is {embedding_size} and "
                f"slots * hidden_size is {output_size}: make them equal, or leave tied off."
            )
        self.vocabulary_size = vocabulary_size
        self.start = vocabulary_size if start is None else start
        self.end = end
        self.slots, self.hidden_size = slots, hidden_size
        self.dropout = Dropout(dropout)
        self.embedding = nn.Embedding(max(vocabulary_size, self.start + 1), embedding_size)
        sizes = [embedding_size] + [output_size] * (layers - 1)
        self.layers = nn.ModuleList(RelationalMemory(size, hidden_size, heads) for size in sizes)
        self.output_bias = nn.Parameter(torch.zeros(vocabulary_size))
        self.output_weight = None if tied else nn.Parameter(torch.empty(vocabulary_size, output_size))
        # As the recurrent generators: all matrices start alike.
        bound = output_size**-0.5
        nn.init.uniform_(self.embedding.weight, -bound, bound)
        if self.output_weight is not None:
            nn.init.uniform_(self.output_weight, -bound, bound)

    def encode(self, source: Tensor | None, source_mask: Tensor | None) -> None:  # noqa: ARG002
        """None: this generator is unconditional.

        Raises:
            ValueError: a source is given.
        """
        refuse_source(self, source)

    def initial_state(self, rows: int, context: None = None) -> State:  # noqa: ARG002
        """For each layer its memory, whose slots differ from the beginning. Each [rows, S, H]"""
        # Rows of the identity matrix: were all slots alike, they would stay alike.
        memory = torch.eye(self.slots, self.hidden_size, dtype=self.output_bias.dtype, device=self.output_bias.device)
        return (memory.expand(rows, -1, -1),) * len(self.layers)

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """One position on. [R] or [R, V] -> logits [R, V], next state."""
        values, state = self.advance(tokens, state)
        return linear(values, *self.output_layer()), state

    def advance(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """One position on. [R] or [R, V] -> what the output layer reads [R, S * H], next state."""
        values = self.dropout(embed(tokens, self.embedding.weight))
        next_state = []
        for layer, memory in zip(self.layers, state, strict=True):
            memory = layer(values, memory)
            next_state.append(memory)
            values = self.dropout(memory.flatten(1))
        return values, tuple(next_state)

    def forward(self, tokens: Tensor, context: None = None) -> Tensor:  # noqa: ARG002
        """Teacher forcing. [B, T] -> logits [B, T, V]"""
        return linear(self.features(tokens), *self.output_layer())

    def features(self, tokens: Tensor, context: None = None) -> Tensor:  # noqa: ARG002
        """Teacher forcing. [B, T] -> what the output layer reads [B, T, S * H]"""
        values = self.dropout(embed(previous_tokens(tokens, self.start), self.embedding.weight))  # [B, T, E]
        for layer, memory in zip(self.layers, self.initial_state(len(tokens)), strict=True):
            outputs = []
            for value in values.unbind(1):
                memory = layer(value, memory)
                outputs.append(memory.flatten(1))
            values = self.dropout(torch.stack(outputs, dim=1))  # [B, T, S * H]
        return values

    def output_layer(self) -> tuple[Tensor, Tensor]:
        """The map to logits: weight [V, S * H] and bias [V]."""
        weight = self.embedding.weight[: self.vocabulary_size] if self.output_weight is None else self.output_weight
        return weight, self.output_bias


class RelationalMemory(nn.Module):
    """Slots of memory, rewritten at each token by attention over themselves and the token.

    Args:
        input_size: of a token's vector.
        size: H, of a slot.
        heads: of attention; divides size.

    Source: Santoro et al. 2018 (arXiv:1806.01822) and the program that its authors published: gates of a slot's size,
    a forget bias of 1, one round of attention a token, two layers in the feed-forward part. Its two layers are two: a
    well-known re-implementation applies one of them twice.
    """

    def __init__(self, input_size: int, size: int, heads: int):
        super().__init__()
        self.heads = heads
        self.input = Linear(input_size, size)
        self.attention_input = Linear(size, 3 * size)
        self.attention_input_norm = nn.LayerNorm(3 * size)
        self.attention_norm = nn.LayerNorm(size)
        self.feed_forward = nn.Sequential(Linear(size, size), nn.ReLU(), Linear(size, size))
        self.feed_forward_norm = nn.LayerNorm(size)
        self.input_gates = Linear(size, 2 * size)
        self.memory_gates = Linear(size, 2 * size, bias=False)
        with torch.no_grad():
            # Input gates, then forget gates: what is remembered is kept until training says otherwise.
            self.input_gates.bias[:size] = 0.0
            self.input_gates.bias[size:] = 1.0

    def forward(self, values: Tensor, memory: Tensor) -> Tensor:
        """Tokens' vectors [R, input_size] and memory [R, S, H] -> next memory [R, S, H]"""
        new = self.input(values).unsqueeze(1)  # [R, 1, H]
        candidate = self.attention_norm(memory + self._attend(memory, torch.cat([memory, new], dim=1)))
        candidate = self.feed_forward_norm(candidate + self.feed_forward(candidate))
        gates = self.input_gates(new) + self.memory_gates(memory.tanh())  # [R, S, 2 * H]
        write, keep = gates.sigmoid().chunk(2, dim=2)
        return write * candidate.tanh() + keep * memory

    def _attend(self, memory: Tensor, visible: Tensor) -> Tensor:
        """What each slot reads of all that it sees, the slots first. [R, S, H], [R, S + 1, H] -> [R, S, H]"""
        projected = self.attention_input_norm(self.attention_input(visible)).unflatten(2, (3, self.heads, -1))
        query, key, value = projected.permute(2, 0, 3, 1, 4)  # each [R, heads, S + 1, H / heads]
        # What the token itself would read is not kept: slots alone ask. Plain products and not the fused kernels, which
        # serve long sequences and refuse many rows; here there are a handful of slots.
        query = query[:, :, : memory.shape[1]] * key.shape[3] ** -0.5
        weights = (query @ key.mT).softmax(dim=3)  # [R, heads, S, S + 1]
        return (weights @ value).transpose(1, 2).flatten(2)
