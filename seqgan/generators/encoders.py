"""How conditional generators read a source, and how their steps look at it."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from seqgan.tensors.devices import piece_bytes
from seqgan.tensors.dropout import Dropout
from seqgan.tensors.positions import sinusoids
from seqgan.tensors.products import Linear
from seqgan.tensors.rows import SharedRows, State

SOURCE_BYTES = (2**20, 2**28)
"""Of sources that rows share, how much is copied for the rows at once: on a CPU, in whose caches the copies then stay,
and on a GPU."""


def by_few_rows(look: Callable[[Tensor, State], Tensor], query: Tensor, source: State) -> Tensor:
    """`look(query, source)` of all rows; where rows share their sources, of few of them at a time.

    A thousand rows that look at one source then never have a thousand copies of it.

    Args:
        look: independent for each row, and without random numbers.
        query: [R, ...]
        source: what `look` takes with R rows, or shared rows of it.

    Returns:
        [R, ...]
    """
    if not isinstance(source, SharedRows):
        return look(query, source)
    rows = max(1, piece_bytes(query.device, *SOURCE_BYTES) // max(1, source.row_bytes()))
    parts = zip(query.split(rows), source.split(rows), strict=True)
    return torch.cat([look(part, some.rows()) for part, some in parts])


class AdditiveAttention(nn.Module):
    """A mean of the source's vectors, weighed by how well each fits a query; padding has exactly no weight.

    Args:
        size: A, of the hidden layer that compares a query with a key.
        query_size: Q.
        value_size: S, of the source's vectors.

    Source: Bahdanau, Cho, Bengio 2015 (arXiv:1409.0473), section 3.1 and appendix A.1.2.
    """

    def __init__(self, size: int, query_size: int, value_size: int):
        super().__init__()
        self.query = Linear(query_size, size)
        self.key = Linear(value_size, size, bias=False)
        self.score = nn.Linear(size, 1, bias=False)

    def keys(self, values: Tensor) -> Tensor:
        """What queries are compared with, which no step needs to compute again. [B, L, S] -> [B, L, A]"""
        return self.key(values)

    def forward(self, query: Tensor, memory: State) -> Tensor:
        """The weighted mean; 0 for a source without a token.

        Args:
            query: [R, Q]
            memory: keys [R, L, A], values [R, L, S], mask [R, L]; or shared rows of them.

        Returns:
            [R, S]
        """
        return by_few_rows(self._found, query, memory)

    def _found(self, query: Tensor, memory: tuple[Tensor, Tensor, Tensor]) -> Tensor:
        keys, values, mask = memory
        scores = self.score(torch.tanh(keys + self.query(query).unsqueeze(1))).squeeze(2)  # [R, L]
        # The least finite number rather than -inf: a softmax over nothing is then no NaN, and the mask clears it.
        weights = scores.masked_fill(~mask, torch.finfo(scores.dtype).min).softmax(dim=1) * mask
        return torch.bmm(weights.unsqueeze(1), values).squeeze(1)


class TransformerEncoder(nn.Module):
    """Self-attention over the source in both directions. Sinusoidal positions: no source is too long.

    Args:
        size: E, of the vectors that come in and go out.
        hidden_size: size within each layer's feed-forward part.
        layers: blocks of attention and feed-forward part.
        heads: of attention; divides size.
        dropout: share of the embeddings, of the attention weights, of the feed-forward parts' hidden values and of each
            part's output that is dropped in training.

    Source: Vaswani et al. 2017 (arXiv:1706.03762), section 3, the encoder; norms before each part as in Xiong et al.
    2020 (arXiv:2002.04745), figure 1(b).
    """

    def __init__(self, size: int, hidden_size: int, layers: int, heads: int, dropout: float):
        super().__init__()
        self.dropout = Dropout(dropout)
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(
                size, heads, hidden_size, dropout, activation="gelu", batch_first=True, norm_first=True
            )
            for _ in range(layers)
        )
        self.norm = nn.LayerNorm(size)

    def forward(self, values: Tensor, mask: Tensor) -> Tensor:
        """Embeddings [B, L, E] and a mask [B, L] with a True in each row -> [B, L, E], anything at padding."""
        # The embeddings begin below 1 / sqrt(E), as the target's do; the sines and cosines would drown them.
        scaled = values * values.shape[2] ** 0.5
        values = self.dropout(scaled + sinusoids(values.shape[1], values.shape[2]).to(values))
        for layer in self.layers:
            values = layer(values, src_key_padding_mask=~mask)
        return self.norm(values)
