"""Text files read in parts, so that no more than a part of them is ever in memory and several processes share the work.

A part is a range of a file's bytes; the lines that begin in it are its own, so that each line is in one part whatever
their size is. Errors name the file, the line, and the mend, as those of `seqgan.data.lines`.
"""

import random
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from seqgan.data.lines import FOREIGN, REFUSED
from seqgan.errors import CorpusError

PART_BYTES = 2**24
"""Of a part: what one process works on between two signs of progress."""
READ_BYTES = 2**22
"""Read at once."""
LONGEST_LINE = 2**26
"""Bytes of a line from which it is taken for a file without line feeds."""


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
            if part.start and file.read(1) != b"\n":
                _finish_line(file, part, b"")  # it began in the part before
            while (position := file.tell()) < part.stop:
                content = file.read(min(READ_BYTES, part.stop - position))
                if not content:
                    raise changed(part.path)
                if not content.endswith(b"\n"):
                    content += _finish_line(file, part, content)
                yield content, _decode(content, part, position)
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


def sample_lines(parts: Sequence[Part], sample_bytes: int, seed: int) -> list[str]:
    """Sentences from all over some parts, about so many bytes of them, in order; all where there are no more."""
    share = sample_share(parts, sample_bytes)
    return [
        line
        for number, part in enumerate(parts)
        for rng in [random.Random(f"{seed} {number}")]
        for _, lines in read_part(part)
        for line in draw_lines(sentences_of(lines), share, rng)
    ]


def sample_share(parts: Sequence[Part], sample_bytes: int) -> float:
    """Share of the parts that `sample_bytes` are; 1 where they are no larger."""
    return min(1.0, sample_bytes / max(1, sum(part.stop - part.start for part in parts)))


def draw_lines(lines: Sequence[str], share: float, rng: random.Random) -> list[str]:
    """A share of some lines, in their order."""
    wanted = share * len(lines)
    count = int(wanted) + (rng.random() < wanted - int(wanted))
    return [lines[number] for number in sorted(rng.sample(range(len(lines)), count))]


def _finish_line(file, part: Part, begun: bytes) -> bytes:  # type: ignore[no-untyped-def]
    """The rest of the line that a file stands in."""
    rest: bytes = file.readline(LONGEST_LINE)
    if len(rest) == LONGEST_LINE and not rest.endswith(b"\n"):
        raise CorpusError(
            f"{part.path}: a line of more than {LONGEST_LINE:,} bytes, {(begun or rest)[:30]!r}...: expected a "
            "sentence a line. If the line ends are CR alone, convert them to LF."
        )
    return rest


def _decode(content: bytes, part: Part, position: int) -> list[str]:
    try:
        lines = content.decode("utf-8" if position else "utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        start = content.rfind(b"\n", 0, error.start) + 1
        foreign = FOREIGN.get(content[:2], "") if position == 0 else ""
        raise CorpusError(
            f"{part.path}, line {_line_number(part.path, position + error.start)}: byte {error.start - start + 1} of "
            f"the line, 0x{content[error.start]:02x}, is not UTF-8{foreign}. Convert the file to UTF-8, for example "
            "with iconv."
        ) from error
    for character, what in REFUSED.items():
        if character.encode() in content:
            for number, line in enumerate(lines):
                if character in line and line.strip():
                    raise CorpusError(f"{part.path}, line {_line_number(part.path, position) + number}: {what}.")
    if lines[-1] == "":  # behind the last line feed there is no line
        del lines[-1]
    return [line.removesuffix("\r") for line in lines] if b"\r" in content else lines


def _line_number(path: str, position: int) -> int:
    """The number of the line that a byte of a file is in."""
    number = 1
    with open(path, "rb") as file:
        while position > 0 and (content := file.read(min(READ_BYTES, position))):
            number += content.count(b"\n")
            position -= len(content)
    return number
