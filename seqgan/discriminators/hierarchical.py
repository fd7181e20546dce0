"""The discriminator of adversarial dialogue: an LSTM reads the words of each turn, another the turns."""

from typing import Self

import torch
from torch import Tensor, nn

from seqgan.discriminators.inputs import require_context, require_source
from seqgan.tensors.dropout import Dropout
from seqgan.tensors.embedding import embed, embed_source, source_embedding
from seqgan.tensors.lstm import LSTM
from seqgan.tensors.rows import repeat_rows

Turns = tuple[Tensor, Tensor]
"""Hidden and cell state [R, H] of the LSTM that reads turns."""


class HierarchicalDiscriminator(nn.Module):
    """Is a response a real one to the turns before it?

    One LSTM reads the words of every turn and of the response; its last states are the turns' vectors. A second LSTM
    reads these, the response's last; the logit is linear in its last state. The turns before the response are read
    once, in `encode`.

    Args:
        source_vocabulary_size: symbols of the source.
        vocabulary_size: V.
        embedding_size: size of a token's vector; the tables are the discriminator's own.
        hidden_size: H, size of each LSTM layer.
        layers: LSTM layers that read words; one reads turns.
        dropout: share of the embeddings, of each layer's outputs and of the last state that is dropped in training.
        turn_separator: the source's id that closes a turn; it is read as the turn's last word. None: the source is one
            turn.
        shared_embedding: one table for the words of source and response, which are then of one vocabulary.
        per_token: logits [R, T] in place of [R]: of each prefix of the response, up to and including the token, as if
            it were the whole.

    Raises:
        ConfigError: a shared table for vocabularies of two sizes.

    Source: Li et al. 2017 (arXiv:1701.06547), section 3, with the hierarchical encoder of Li et al. 2015
    (arXiv:1506.01057).
    """

    def __init__(
        self,
        source_vocabulary_size: int,
        vocabulary_size: int,
        embedding_size: int = 64,
        hidden_size: int = 128,
        layers: int = 1,
        dropout: float = 0.25,
        turn_separator: int | None = None,
        shared_embedding: bool = False,
        per_token: bool = False,
    ):
        super().__init__()
        self.turn_separator = turn_separator
        self.per_token = per_token
        self.source_embedding = source_embedding(
            vocabulary_size, source_vocabulary_size, embedding_size, shared_embedding
        )
        self.embedding = nn.Embedding(vocabulary_size, embedding_size)
        sizes = [embedding_size] + [hidden_size] * (layers - 1)
        self.layers = nn.ModuleList(LSTM(size, hidden_size, batch_first=True) for size in sizes)
        self.turns = nn.LSTMCell(hidden_size, hidden_size)
        self.dropout = Dropout(dropout)
        self.output = nn.Linear(hidden_size, 1)
        # As the convolutional discriminator's tables: the default, standard normal, saturates the gates.
        for table in (self.source_embedding, self.embedding):
            if table is not None:
                nn.init.uniform_(table.weight, -1.0, 1.0)

    def train(self, mode: bool = True) -> Self:
        """As for any module, but the layers that read words stay in training mode, which changes nothing in them.

        They hold no dropout of their own, and cuDNN refuses the backward pass of a recurrent layer in evaluation
        mode, which is how a gradient reaches a generator through the discriminator.
        """
        super().train(mode)
        self.layers.train()
        return self

    def encode(self, source: Tensor | None, source_mask: Tensor | None) -> Turns:
        """Source [B, L] and its mask [B, L] to the state after its turns: hidden and cell state, each [B, H].

        Raises:
            ConfigError: there is no source.
        """
        source, mask = require_source(self, source, source_mask)
        words, word_mask = divide_turns(source, mask, self.turn_separator)  # [B, K, M]
        turn_mask = word_mask.any(dim=2)  # [B, K]
        flat_mask = word_mask.flatten(0, 1)
        vectors = embed_source(words.flatten(0, 1), flat_mask, self.source_embedding, self.embedding)
        vectors = last_states(self._read(vectors), flat_mask).unflatten(0, word_mask.shape[:2])  # [B, K, H]
        zeros = vectors.new_zeros(len(source), vectors.shape[2])
        state = (zeros, zeros)
        for vector, there in zip(vectors.unbind(1), turn_mask.unsqueeze(2).unbind(1), strict=True):
            hidden, cell = self.turns(vector, state)
            # A row with fewer turns than others keeps its state.
            state = (torch.where(there, hidden, state[0]), torch.where(there, cell, state[1]))
        return state

    def forward(self, tokens: Tensor, mask: Tensor, context: Turns | None = None) -> Tensor:
        """Ids [R, T] or distributions [R, T, V], mask [R, T], their sources' context -> logits [R], per token [R, T].

        Positive for real. Logits where the mask is False mean nothing; they do not depend on the tokens there.

        Raises:
            ConfigError: there is no context.
            ValueError: it is of another number of rows.
        """
        state = require_context(self, len(tokens), context)
        states = self._read(embed(tokens, self.embedding.weight) * mask.unsqueeze(-1))  # [R, T, H]
        if not self.per_token:
            return self._judge(last_states(states, mask), state)
        logits = self._judge(states.flatten(0, 1), repeat_rows(state, states.shape[1]))
        return logits.unflatten(0, states.shape[:2])

    def initial_state(self, rows: int, context: Turns | None = None) -> tuple[Turns, ...]:
        """The state after the turns before the response, and of each layer that reads its words, each twice [R, H].

        Raises:
            ConfigError: there is no context.
            ValueError: it is of another number of rows.
        """
        turns = require_context(self, rows, context)
        zeros = torch.zeros_like(turns[0])
        return turns, *((zeros, zeros) for _ in self.layers)

    def step(self, tokens: Tensor, state: tuple[Turns, ...]) -> tuple[Tensor, tuple[Turns, ...]]:
        """One token on. Ids [R] -> logits [R] of what was read with them, next state."""
        values = self.dropout(embed(tokens, self.embedding.weight)).unsqueeze(1)  # [R, 1, E]
        turns, *of_layers = state
        following = []
        for layer, (hidden, cell) in zip(self.layers, of_layers, strict=True):
            values, last = layer(values, (hidden.unsqueeze(0).contiguous(), cell.unsqueeze(0).contiguous()))
            values = self.dropout(values)  # [R, 1, H]
            following.append((last[0].squeeze(0), last[1].squeeze(0)))
        return self._judge(values.squeeze(1), turns), (turns, *following)

    def _read(self, vectors: Tensor) -> Tensor:
        """States of the LSTM after each word. [R, T, E] -> [R, T, H]"""
        values = self.dropout(vectors)
        for layer in self.layers:
            values = self.dropout(layer(values)[0])
        return values

    def _judge(self, response: Tensor, state: Turns) -> Tensor:
        """Vectors of responses [R, H] after the turns before them -> logits [R]"""
        return self.output(self.dropout(self.turns(response, state)[0])).squeeze(1)


def last_states(states: Tensor, mask: Tensor) -> Tensor:
    """The state after each row's last real position, the first where none is real. [R, T, H], [R, T] -> [R, H]"""
    last = (mask.sum(dim=1) - 1).clamp(min=0)  # [R]
    return states.gather(1, last.view(-1, 1, 1).expand(-1, 1, states.shape[2])).squeeze(1)


def divide_turns(source: Tensor, mask: Tensor, separator: int | None) -> tuple[Tensor, Tensor]:
    """The turns of each row, one after the other. A separator is the last word of its turn.

    Args:
        source: ids. [B, L]
        mask: True at the first positions of each row, as many as are real. [B, L]
        separator: id that closes a turn; None: each row is one turn.

    Returns:
        Ids and mask, for K turns of at most M words. Both [B, K, M]
    """
    if separator is None:
        return source.unsqueeze(1), mask.unsqueeze(1)
    closes = source == separator
    closed_before = torch.cat([torch.zeros_like(closes[:, :1]), closes[:, :-1]], dim=1)  # [B, L]
    turn = closed_before.cumsum(dim=1)
    places = torch.arange(source.shape[1], device=source.device).expand_as(source)
    first = torch.where(closed_before, places, 0).cummax(dim=1).values
    row, place = mask.nonzero(as_tuple=True)
    turn, word = turn[row, place], (places - first)[row, place]
    # One turn of one word at least, so that a source without a token has a shape.
    count, longest = (int(numbers.max()) + 1 if len(numbers) else 1 for numbers in (turn, word))
    words = source.new_zeros(len(source), count, longest)
    words[row, turn, word] = source[row, place]
    word_mask = torch.zeros_like(words, dtype=torch.bool)
    word_mask[row, turn, word] = True
    return words, word_mask
