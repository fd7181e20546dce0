"""Which lines of a text are held out where no others are: lines drawn at random, with the frequencies that it has.

So a sentence that is a tenth of the text is about a tenth of what is held out, and stands in the training text as well.
The rules of runs that were made before stand beside: distinct sentences, whose copies are then no training sentences.
"""

import random
import zlib
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from seqgan.data.lines import count
from seqgan.data.parts import Part, read_part, sentences_of

HELD_OUT_SHARE, MOST_HELD_OUT = 0.05, 2_000
"""How much is split off where there is no validation text."""
SPLITS = ("lines", "distinct")
"""The rules: lines are drawn; or, as before, distinct sentences are chosen and their copies left out."""


def drawn_lines(lines: int, seed: int) -> list[int]:
    """The numbers, from 0, of the lines that are held out of so many; at least one, and one at least is left.

    They are in the order in which they were drawn, so that the first ones of them are a draw of the text too.

    Args:
        lines: of the text, blank ones left out; two at least.
        seed: of the draw. Whatever reads the text, memory or parts from the disk, the same seed draws the same lines.
    """
    wanted = max(1, min(MOST_HELD_OUT, round(lines * HELD_OUT_SHARE)))
    return random.Random(seed).sample(range(lines), wanted)


def split_off(lines: Sequence[Any], seed: int, rule: str = "lines") -> tuple[list[Any], list[Any]]:
    """Training sentences or pairs, in their order, and held-out ones.

    Args:
        lines: sentences or pairs; two at least, and of the rule "distinct" two different ones.
        seed: of the draw.
        rule: one of `SPLITS`.
    """
    if rule == "distinct":
        distinct = list(dict.fromkeys(lines))
        random.Random(seed).shuffle(distinct)
        held_out = distinct[: max(1, min(MOST_HELD_OUT, round(len(distinct) * HELD_OUT_SHARE)))]
        taken = set(held_out)
        return [line for line in lines if line not in taken], held_out
    numbers = drawn_lines(len(lines), seed)
    drawn = set(numbers)
    return [line for number, line in enumerate(lines) if number not in drawn], [lines[number] for number in numbers]


def split_note(held_out: int, total: int, seed: int, *, noun: str = "sentence", copies: int = 0) -> str:
    """What is said of a text of which some was split off.

    Args:
        held_out: how many sentences or pairs.
        total: of how many.
        seed: of the draw.
        noun: what one of them is.
        copies: those that are on neither side, by the rule "distinct".
    """
    besides = f", and {count(copies, 'copy', 'copies')} of them left out" if copies else ""
    what = "text" if noun == "sentence" else noun
    return f"No validation {what}: {held_out:,} of {count(total, noun)} split off with seed {seed}{besides}."


class Drawn(NamedTuple):
    """Which lines of a text that is read in parts are no training sentences: those of some numbers."""

    seed: int
    """Of the draw."""
    numbers: tuple[int, ...]
    """Of the lines, from 0, as they were drawn; blank lines are not counted."""
    firsts: tuple[int, ...]
    """The number of the first line of each part."""

    def first(self, part: int) -> int:
        """The number of a part's first line."""
        return self.firsts[part]

    def split(self, lines: Sequence[str], first: int) -> tuple[list[str], list[str]]:
        """The training sentences among some lines, of which the first has that number, and the held-out ones."""
        places = sorted(number - first for number in self.numbers if 0 <= number - first < len(lines))
        kept = list(lines)
        for place in reversed(places):
            del kept[place]
        return kept, [lines[place] for place in places]


class ByChecksum(NamedTuple):
    """The rule of before for a text that is read in parts: a sum of a sentence's characters decides, so that equal
    ones are on one side wherever they stand. With a share of 0, nothing is held out of the text."""

    share: float
    """Of the distinct sentences; 0 where others are held out."""
    seed: int
    """Of the choice."""

    def first(self, part: int) -> int:  # noqa: ARG002
        """0: the choice knows nothing of numbers."""
        return 0

    def split(self, lines: Sequence[str], first: int = 0) -> tuple[list[str], list[str]]:  # noqa: ARG002
        """The training sentences among some lines, and the held-out ones."""
        if not self.share:
            return list(lines), []
        held = [zlib.crc32(line.encode(), self.seed & 0xFFFFFFFF) < self.share * 2**32 for line in lines]
        return [line for line, out in zip(lines, held, strict=True) if not out], [
            line for line, out in zip(lines, held, strict=True) if out
        ]


HeldOut = Drawn | ByChecksum
"""What is no training sentence of a text that is read in parts."""
NOTHING = ByChecksum(0.0, 0)
"""Where the held-out sentences are in files of their own."""


class SplitBlock(NamedTuple):
    """Some consecutive lines of a part."""

    content: bytes
    """As they are."""
    blank: int
    """How many are blank."""
    train: list[str]
    """Training sentences."""
    held_out: list[str]
    """Those that are not."""


def split_part(part: Part, number: int, held_out: HeldOut) -> Iterator[SplitBlock]:
    """The lines of a part, some megabytes at a time, by what they are for.

    Args:
        part: of a text.
        number: of the part, from 0.
        held_out: which sentences of the text are.

    Raises:
        CorpusError: as `read_part`.
    """
    first = held_out.first(number)
    for content, lines in read_part(part):
        there = sentences_of(lines)
        yield SplitBlock(content, len(lines) - len(there), *held_out.split(there, first))
        first += len(there)
