"""Text files read in parts, so that no more than a part of them is ever in memory and several processes share the work.

A part is a range of a file's bytes; the lines that begin in it are its own, so that each line is in one part whatever
their size is. Errors name the file, the line, and the mend, as those of `seqgan.data.blocks`.
"""

import random
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from seqgan.data.blocks import READ_BYTES, numbered, read_blocks, rest_of_line
from seqgan.errors import CorpusError

PART_BYTES = 2**24
"""Of a part: what one process works on between two signs of progress."""


class Part(NamedTuple):
    """The lines of a file that begin in a range of its bytes."""

    path: str
    start: int
    stop: int


def split_files(paths: Sequence[Path], part_bytes: int = PART_BYTES) -> list[Part]:
    """The parts of some files, in order.

    Raises:
        CorpusError: a file cannot be read or is none, or all are empty.
    """
    parts = []
    for path in paths:
        try:
            status = path.stat()
        except OSError as error:
            raise CorpusError(
                f"{path} cannot be read: {error.strerror}. Check the path and its permissions."
            ) from error
        if not stat.S_ISREG(status.st_mode):
            raise CorpusError(
                f"{path} is a pipe, a device or a folder, and no plain file: write the text to a file, which is read "
                "in parts, or leave data.streaming out."
            )
        size = status.st_size
        parts += [Part(str(path), start, min(size, start + part_bytes)) for start in range(0, size, part_bytes)]
    if not parts:
        raise CorpusError(f"{', '.join(map(str, paths[:3]))}: empty: expected a sentence a line.")
    return parts


def read_part(part: Part) -> Iterator[tuple[bytes, list[str]]]:
    """The lines of a part in blocks of some megabytes: their bytes as they are, and the lines, blank ones as well.

    A byte-order mark and CRLF are taken off the lines.

    Raises:
        CorpusError: not UTF-8, a tab or a NUL byte in a line, or a line that does not end.
    """
    try:
        with open(part.path, "rb") as file:
            file.seek(max(0, part.start - 1))
            if part.start and file.read(1) != b"\n":  # the line began in the part before
                rest_of_line(file, b"", numbered(part.path, lambda: _lines_before(part.path, part.start)))
            first = file.tell()
            before = (lambda: _lines_before(part.path, first)) if part.start else None
            left = part.stop - first
            for content, lines in read_blocks(file, part.path, within=left, before=before):
                yield content, lines
                left -= len(content)
            if left > 0:
                raise changed(part.path)
    except OSError as error:
        raise CorpusError(
            f"{part.path} cannot be read: {error.strerror}. Check the path and its permissions."
        ) from error


def changed(path: str) -> CorpusError:
    """What is said of a file that is not what it was when the reading began."""
    return CorpusError(f"{path} changed while it was read: call the command again once nothing writes into it.")


def sentences_of(lines: Sequence[str]) -> list[str]:
    """The lines that are not blank."""
    return [line for line in lines if line.strip()]


def part_sentences(part: Part) -> Iterator[list[str]]:
    """The sentences of a part, some megabytes at a time.

    Raises:
        CorpusError: as `read_part`.
    """
    return (sentences_of(lines) for _, lines in read_part(part))


def sample_lines(parts: Sequence[Part], sample_bytes: int, seed: int) -> list[str]:
    """Sentences from all over some parts, about so many bytes of them, in order; all where there are no more."""
    share = sample_share(parts, sample_bytes)
    return [
        line
        for number, part in enumerate(parts)
        for rng in [random.Random(f"{seed} {number}")]
        for sentences in part_sentences(part)
        for line in draw_lines(sentences, share, rng)
    ]


def sample_share(parts: Sequence[Part], sample_bytes: int) -> float:
    """Share of the parts that `sample_bytes` are; 1 where they are no larger."""
    return min(1.0, sample_bytes / max(1, sum(part.stop - part.start for part in parts)))


def draw_lines(lines: Sequence[str], share: float, rng: random.Random) -> list[str]:
    """A share of some lines, in their order."""
    wanted = share * len(lines)
    count = int(wanted) + (rng.random() < wanted - int(wanted))
    return [lines[number] for number in sorted(rng.sample(range(len(lines)), count))]


def _lines_before(path: str, position: int) -> int:
    """How many lines of a file end before a byte of it."""
    lines = 0
    with open(path, "rb") as file:
        while position > 0 and (content := file.read(min(READ_BYTES, position))):
            lines += content.count(b"\n")
            position -= len(content)
    return lines
