"""What sequences are written or judged under, such as what each of them answers, and what a model makes of it."""

from typing import NamedTuple, Protocol

from torch import Tensor, device

from seqgan.tensors.masking import take_rows
from seqgan.tensors.rows import State, join_filled


class Condition(NamedTuple):
    """What each sequence of a batch or of a split is written or judged under, one symbol or more.

    None stands in its place where there is nothing of the kind.
    """

    tokens: Tensor
    """Ids; behind the last symbol of a row, any. [B, L]"""
    mask: Tensor
    """True at the symbols of each row. [B, L]"""

    def lengths(self) -> Tensor:
        """How many symbols each row has. [B]"""
        return self.mask.sum(dim=1)

    def select(self, rows: Tensor | slice) -> "Condition":
        """Some of the rows, with all columns."""
        return Condition(self.tokens[rows], self.mask[rows])

    def take(self, rows: Tensor) -> "Condition":
        """Some of the rows, without the columns in which none of them has a symbol."""
        return Condition(*take_rows(self.tokens, self.mask, rows))

    def repeat(self, times: int) -> "Condition":
        """Each row `times` times in a row: a, a, b, b, ..."""
        return Condition(self.tokens.repeat_interleave(times, dim=0), self.mask.repeat_interleave(times, dim=0))

    def join(self, other: "Condition") -> "Condition":
        """These rows, then the other's; the narrower of the two is filled up with columns that do not count."""
        return Condition(join_filled(self.tokens, other.tokens), join_filled(self.mask, other.mask))

    def to(self, where: device) -> "Condition":
        """The same on a device."""
        return Condition(self.tokens.to(where), self.mask.to(where))


class Reader(Protocol):
    """What both players have: a way to read conditions."""

    def encode(self, source: Tensor | None, source_mask: Tensor | None) -> State:
        """Ids [B, L] and their mask [B, L], or None for both, to a context."""


def context_of(model: Reader, condition: Condition | None) -> State:
    """What a player makes of a condition: the only place where one is taken apart for it.

    Args:
        model: a generator or a discriminator.
        condition: B rows; None where there is none, which the player is told.

    Returns:
        A nested tuple of tensors with B rows; None where the player has nothing to keep.
    """
    return model.encode(None, None) if condition is None else model.encode(condition.tokens, condition.mask)
