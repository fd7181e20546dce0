"""The convolutional discriminator of SeqGAN: convolutions over time, maximum over time, a highway layer."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from seqgan.tensors.dropout import Dropout
from seqgan.tensors.embedding import embed
from seqgan.tensors.max_over_time import greatest_response, max_over_time
from seqgan.tensors.products import Linear, linear
from seqgan.tensors.workers import KEPT_BYTES, alone, in_parallel

FILTERS = {1: 100, 2: 200, 3: 200, 4: 200, 5: 200, 6: 100, 7: 100, 8: 100, 9: 100, 10: 100, 15: 160, 20: 160}
"""Number of filters for each width, as in the SeqGAN authors' program for sequences of 20 tokens."""


TOKENS_PER_SYMBOL = 2
"""Scoring goes by tables where there are so many tokens for each symbol of the vocabulary; a table costs as much as
convolving every symbol once."""
TABLE_BYTES = 2**29
"""The most that is made for one width, in several tables."""
ONE_TABLE_BYTES = KEPT_BYTES // 2
"""The largest of them, unless that is one filter's: its memory stays in the C library's hands. Each thread has one."""
LOOKED_UP_ROWS, JUDGED_ROWS = 128, 512
"""Sequences whose windows, and whose features, are in memory at once in each thread."""


class CNNDiscriminator(nn.Module):
    """Is a sequence real? Judged from its n-gram features.

    A window counts when it lies within the sequence. A sequence shorter than a filter is wide shows that filter one
    window: the whole sequence, then zeros. For sequences of one full length this is the paper's network exactly;
    for others it makes the logit independent of whatever stands after the end, and of how far a batch is padded.

    Args:
        vocabulary_size: V.
        embedding_size: size of a token's vector; the table is the discriminator's own.
        filters: number of filters for each width.
        dropout: share of the features dropped in training, after the highway layer.

    Source: Yu et al. 2017 (arXiv:1609.05473), section 3 and appendix; sizes, initialisation and the dropout's place
    from the authors' program; highway as in Srivastava et al. 2015 (arXiv:1505.00387).
    """

    def __init__(
        self,
        vocabulary_size: int,
        embedding_size: int = 64,
        filters: Mapping[int, int] = FILTERS,
        dropout: float = 0.25,
    ):
        super().__init__()
        # Sequences that are best scored in one call: what they need beside their features is of a few at a time.
        self.scored_rows = 32_768
        features = sum(filters.values())
        self.filters = dict(filters)
        self.embedding = nn.Embedding(vocabulary_size, embedding_size)
        self.convolutions = nn.ModuleList(nn.Conv1d(embedding_size, count, width) for width, count in filters.items())
        self.highway_gate = Linear(features, features)
        self.highway_transform = Linear(features, features)
        self.dropout = Dropout(dropout)
        self.output = nn.Linear(features, 1)

        nn.init.uniform_(self.embedding.weight, -1.0, 1.0)
        for layer in [*self.convolutions, self.output]:
            nn.init.trunc_normal_(layer.weight, std=0.1, a=-0.2, b=0.2)
            nn.init.constant_(layer.bias, 0.1)

    def encode(self, source: Tensor | None, source_mask: Tensor | None) -> None:  # noqa: ARG002
        """None: this discriminator is unconditional.

        Raises:
            ValueError: a source is given.
        """
        if source is not None:
            raise ValueError("CNNDiscriminator judges sequences alone and cannot read a source: use a conditional one.")

    def forward(self, tokens: Tensor, mask: Tensor, context: None = None) -> Tensor:  # noqa: ARG002
        """Ids [R, T] or distributions [R, T, V], mask [R, T] -> logits [R], positive for real."""
        if self._tables_pay(tokens):
            with alone():
                features = self._features_by_tables(tokens, mask)
                return torch.cat(in_parallel(self._judge, features.split(JUDGED_ROWS), tokens.device))
        values = embed(tokens, self.embedding.weight)  # [R, T, E]
        if not known_full(mask):
            values = values * mask.unsqueeze(-1)
        return self._judge(strongest(self.convolutions, values, mask))

    def _judge(self, features: Tensor) -> Tensor:
        """What the windows say, all together. [R, F] -> logits [R]"""
        gate = self.highway_gate(features).sigmoid()
        features = gate * self.highway_transform(features).relu() + (1 - gate) * features
        return self.output(self.dropout(features)).squeeze(1)

    def _tables_pay(self, tokens: Tensor) -> bool:
        """Whether there are so many ids to score that looking up products is cheaper than multiplying."""
        if torch.is_grad_enabled() or self.training or tokens.is_floating_point() or tokens.device.type != "cpu":
            return False
        largest = max(width * count for width, count in self.filters.items())
        table_bytes = len(self.embedding.weight) * largest * self.embedding.weight.element_size()
        return tokens.numel() >= TOKENS_PER_SYMBOL * len(self.embedding.weight) and table_bytes <= TABLE_BYTES

    def _features_by_tables(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """`strongest` of all filters, from tables of what each symbol adds at each place of a window. [R, F]"""
        nothing = len(self.embedding.weight)
        vectors = functional.pad(self.embedding.weight, (0, 0, 0, 1))  # [V + 1, E]: behind the end stands nothing
        # Rows of a table are numbered in 32 bits: half of what is read and written otherwise.
        tokens = tokens.masked_fill(~mask, nothing).int()
        lengths = mask.sum(dim=1, keepdim=True)  # [R, 1]
        features = vectors.new_empty(len(tokens), self.output.in_features)

        def fill(weight: Tensor, bias: Tensor, filled: Tensor) -> None:
            filters, _, width = weight.shape
            # [V + 1, E] x [E, width * filters], read as rows of filters: symbol v at place k is row v * width + k.
            table = linear(vectors, weight.permute(2, 0, 1).flatten(0, 1)).view(-1, filters)
            padded = functional.pad(tokens, (0, max(width - tokens.shape[1], 0)), value=nothing)
            windows = (padded * width).unfold(1, width, 1)  # [R, windows, width]
            places = torch.arange(width, dtype=tokens.dtype)
            within = torch.arange(windows.shape[1]) <= (lengths - width).clamp(min=0)  # [R, windows]
            for rows in torch.arange(len(tokens)).split(LOOKED_UP_ROWS):
                some = slice(int(rows[0]), int(rows[-1]) + 1)
                index = (windows[some] + places).flatten(0, 1)
                responses = functional.embedding_bag(index, table, mode="sum").unflatten(0, (len(rows), -1))
                if not within[some].all():
                    responses = responses.masked_fill(~within[some].unsqueeze(2), -torch.inf)
                filled[some] = (responses.amax(dim=1) + bias).relu()

        parts: list[tuple[Tensor, ...]] = []
        columns = features.split(list(self.filters.values()), dim=1)
        for convolution, width, filled in zip(self.convolutions, self.filters, columns, strict=True):
            layer: Any = convolution
            some = max(1, ONE_TABLE_BYTES // (len(vectors) * width * vectors.element_size()))
            parts += zip(layer.weight.split(some), layer.bias.split(some), filled.split(some, dim=1), strict=True)
        in_parallel(lambda part: fill(*part), parts, tokens.device)
        return features


def strongest(convolutions: nn.ModuleList, values: Tensor, mask: Tensor) -> Tensor:
    """The maximum over time of each filter, at least 0. [R, T, E], 0 where the mask [R, T] is False -> [R, F]"""
    lengths = None if known_full(mask) else mask.sum(dim=1)  # [R]
    layers: list[Any] = list(convolutions)
    if any(layer._forward_pre_hooks or layer._forward_hooks for layer in layers):
        # Spectral norms and others make the weight anew in each call.
        of_widths = [greatest_response(layer, layer.kernel_size[0], values, lengths) for layer in layers]
        features = torch.cat(of_widths, dim=1)
    else:
        weights, biases = [layer.weight for layer in layers], [layer.bias for layer in layers]
        features = max_over_time(values, weights, biases, lengths)
    # ReLU is monotone and 0 its least value: the maximum over the allowed windows, then ReLU.
    return features.relu()


def known_full(mask: Tensor) -> bool:
    """Whether all of a mask is True, where looking costs nothing: on a GPU the host would wait for the answer."""
    return mask.device.type == "cpu" and bool(mask.all())
