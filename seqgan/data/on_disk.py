"""The sentences of a split in memory-mapped files, read a batch at a time; `store` writes them.

What is mapped is the system's to keep or to drop, and no part of what the process holds.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from seqgan.data.sequences import Batch, Sequences, spread_rows

OFFSETS_AT_ONCE = 2**20
"""Places of sentences that are in memory at once."""
SENTENCES = 2**16
"""That are looked at together where all are."""


class Piece(NamedTuple):
    """Sentences that stand together in a file, mapped and not read."""

    offsets: np.ndarray
    """Where each sentence begins, and where the last one ends. [sentences + 1]"""
    ids: np.ndarray
    """Of all sentences, one behind the other. [tokens]"""


class StreamedSequences:
    """All sentences of a split, as `sequences.Sequences`, but on the disk: batches are read as they are asked for.

    Args:
        pieces: the sentences, in order.
        end: id of the end symbol, which fills the rest of shorter rows.
        limit: of longer sentences so many tokens are read.
        device: where batches go.
        width: all batches have so many columns and all of them count, as samples of models without an end do; 0 for
            batches as wide as their longest sentence.
    """

    condition = None

    def __init__(
        self, pieces: Sequence[Piece], end: int, limit: int, device: torch.device | None = None, width: int = 0
    ):
        self.device = device or torch.device("cpu")
        self._pieces = pieces
        self._end = end
        self._limit = limit
        self._width = width
        self._firsts = np.cumsum([0, *(len(piece.offsets) - 1 for piece in pieces)])

    @property
    def sentences(self) -> int:
        """How many."""
        return int(self._firsts[-1])

    @property
    def in_memory(self) -> bool:
        """False."""
        return False

    @property
    def rows_device(self) -> torch.device:
        """The CPU, by which the files are read."""
        return torch.device("cpu")

    def to(self, device: torch.device) -> "StreamedSequences":
        """The same, with batches on a device."""
        return StreamedSequences(self._pieces, self._end, self._limit, device, self._width)

    def widened(self, width: int, end: int | None, *, ends: bool) -> "StreamedSequences":  # noqa: ARG002
        """The same sentences; with `width` columns, which all count, unless the model's samples `ends`."""
        return self if ends else self.filled(width)

    def filled(self, width: int) -> "StreamedSequences":
        """The same, with batches of `width` columns which all count."""
        return StreamedSequences(self._pieces, self._end, self._limit, self.device, width)

    def lengths(self, rows: Tensor) -> Tensor:
        """Tokens of some sentences, the end symbol included. [R] -> [R], on the CPU"""
        if self._width:
            return torch.full((len(rows),), self._width)
        numbers = rows.cpu().numpy()
        lengths = np.empty(len(numbers), np.int64)
        of_piece = self._piece_of(numbers)
        for piece in np.unique(of_piece):
            there = of_piece == piece
            local = numbers[there] - self._firsts[piece]
            offsets = self._pieces[piece].offsets
            lengths[there] = offsets[local + 1] - offsets[local]
        return torch.from_numpy(lengths.clip(max=self._limit))

    @cached_property
    def mean_length(self) -> float:
        """How many tokens a sentence has on the average, its end symbol included; read off the files once."""
        if self._width:
            return float(self._width)
        tokens = 0
        for offsets, _ in self._pieces:
            for first in range(0, len(offsets) - 1, OFFSETS_AT_ONCE):
                lengths = np.diff(offsets[first : first + OFFSETS_AT_ONCE + 1])
                tokens += int(lengths.clip(max=self._limit).sum(dtype=np.int64))
        return tokens / self.sentences

    def take(self, rows: Tensor) -> Batch:
        """Some sentences without the columns in which all of them have ended. [B]"""
        lengths = self.lengths(rows)
        width = self._width or int(lengths.max())
        tokens = np.full((len(lengths), width), self._end, np.int64)
        numbers = rows.cpu().numpy()
        for row, (piece, number) in enumerate(zip(self._piece_of(numbers), numbers, strict=True)):
            offsets, ids = self._pieces[piece]
            local = number - self._firsts[piece]
            sentence = ids[offsets[local] : min(offsets[local + 1], offsets[local] + self._limit)]
            tokens[row, : len(sentence)] = sentence
        mask = torch.arange(width) < lengths.unsqueeze(1)
        return Batch(torch.from_numpy(tokens).to(self.device), mask.to(self.device))

    def some(self, most: int) -> Sequences:
        """At most so many of the sentences in memory, at equal distances; all where there are no more."""
        return Sequences(*self.take(spread_rows(self.sentences, most)))

    def seen(self, size: int) -> np.ndarray:
        """Which of `size` symbols occur within the limit. [size]"""
        found = np.zeros(size, bool)
        for offsets, ids in self._pieces:
            for first in range(0, len(offsets) - 1, SENTENCES):
                bounds = offsets[first : first + SENTENCES + 1].astype(np.int64)
                place = np.arange(bounds[0], bounds[-1]) - np.repeat(bounds[:-1], np.diff(bounds))  # in its sentence
                found[ids[bounds[0] : bounds[-1]][place < self._limit]] = True
        return found

    def _piece_of(self, numbers: np.ndarray) -> np.ndarray:
        return np.searchsorted(self._firsts, numbers, side="right") - 1
