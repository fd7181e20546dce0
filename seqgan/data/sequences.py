"""The sentences of a split as ids: what all of them can do, wherever they are, and those that are in memory."""

from typing import NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from seqgan.tensors.condition import Condition
from seqgan.tensors.masking import take_rows


class Batch(NamedTuple):
    """Some sentences, as a model reads them."""

    tokens: Tensor
    """Ids; after the end symbol, the end symbol again. [B, T]"""
    mask: Tensor
    """True up to and including the end symbol. [B, T]"""
    condition: Condition | None = None
    """What each sentence answers, translates or is to be; None for plain text. B rows."""

    def select(self, rows: Tensor) -> "Batch":
        """Some of them, which may come several times, with all columns."""
        condition = None if self.condition is None else self.condition.select(rows)
        return Batch(self.tokens[rows], self.mask[rows], condition)

    def repeat(self, times: int) -> "Batch":
        """Each of them `times` times in a row: a, a, b, b, ..."""
        return self.select(torch.arange(len(self.tokens), device=self.tokens.device).repeat_interleave(times))

    def to(self, device: torch.device) -> "Batch":
        """The same on a device."""
        condition = None if self.condition is None else self.condition.to(device)
        return Batch(self.tokens.to(device), self.mask.to(device), condition)


class AnySequences(Protocol):
    """All sentences of a split, in memory (`Sequences`) or on the disk (`on_disk.StreamedSequences`).

    Rows are numbered from 0. Whoever trains or samples asks for what is here, and not where the sentences are.
    """

    @property
    def condition(self) -> Condition | None:
        """What each sentence answers, translates or is to be; None for plain text."""

    @property
    def sentences(self) -> int:
        """How many."""

    @property
    def in_memory(self) -> bool:
        """Whether there is room for all of them at once, and for as much again."""

    @property
    def rows_device(self) -> torch.device:
        """Where the numbers of rows are best made; lengths are told there."""

    @property
    def mean_length(self) -> float:
        """How many tokens a sentence has on the average, its end symbol included."""

    def to(self, device: torch.device) -> "AnySequences":
        """The same, with batches on a device."""

    def take(self, rows: Tensor) -> Batch:
        """Some sentences, and their conditions, each without the columns in which all of them have ended. [B]"""

    def some(self, most: int) -> "Sequences":
        """At most so many of the sentences, in memory, at equal distances; all where there are no more."""

    def lengths(self, rows: Tensor) -> Tensor:
        """How many tokens some sentences have, end symbols included. [R] -> [R]"""

    def seen(self, size: int) -> np.ndarray:
        """Which of `size` symbols occur. [size]"""

    def widened(self, width: int, end: int | None, *, ends: bool) -> "AnySequences":
        """The same sentences for a model whose samples all have `width` columns; of plain text.

        Args:
            width: at least that of the longest sentence.
            end: id of the end symbol, which fills what is missing.
            ends: the model's samples end, so that nothing behind an end counts; else all columns do.
        """


class Sequences(NamedTuple):
    """All sentences of a split, in memory."""

    tokens: Tensor
    """[sentences, T]"""
    mask: Tensor
    """[sentences, T]"""
    condition: Condition | None = None
    """What each sentence answers, translates or is to be; None for plain text. A row for each sentence."""

    @property
    def sentences(self) -> int:
        """How many."""
        return len(self.tokens)

    @property
    def in_memory(self) -> bool:
        """True."""
        return True

    @property
    def rows_device(self) -> torch.device:
        """That of the sentences."""
        return self.tokens.device

    @property
    def mean_length(self) -> float:
        """How many tokens a sentence has on the average, its end symbol included."""
        return self.mask.sum().item() / len(self.mask)

    def to(self, device: torch.device) -> "Sequences":
        """The same on a device."""
        condition = None if self.condition is None else self.condition.to(device)
        return Sequences(self.tokens.to(device), self.mask.to(device), condition)

    def take(self, rows: Tensor) -> Batch:
        """Some sentences, and their conditions, each without the columns in which all of them have ended. [B]"""
        condition = None if self.condition is None else self.condition.take(rows)
        return Batch(*take_rows(self.tokens, self.mask, rows), condition)

    def some(self, most: int) -> "Sequences":
        """At most so many of the sentences, at equal distances; the same where there are no more."""
        if self.sentences <= most:
            return self
        return Sequences(*self.take(spread_rows(self.sentences, most).to(self.rows_device)))

    def lengths(self, rows: Tensor) -> Tensor:
        """How many tokens some sentences have, end symbols included. [R] -> [R]"""
        return self.mask[rows].sum(dim=1)

    def seen(self, size: int) -> np.ndarray:
        """Which of `size` symbols occur. [size]"""
        return np.bincount(self.tokens[self.mask].cpu().numpy(), minlength=size) > 0

    def widened(self, width: int, end: int | None, *, ends: bool) -> "Sequences":
        """The same sentences with `width` columns, which all count unless the model's samples `ends`; of plain text."""
        missing = width - self.tokens.shape[1]
        tokens = functional.pad(self.tokens, (0, missing), value=end or 0)
        mask = functional.pad(self.mask, (0, missing))
        return Sequences(tokens, mask if ends else torch.ones_like(mask))


def spread_rows(count: int, most: int) -> Tensor:
    """At most so many of `count` rows, at equal distances; all where there are no more."""
    wanted = min(most, count)
    return torch.arange(wanted) * count // max(1, wanted)
