"""The lines of a text of any size, in blocks: UTF-8, one sentence or one pair each. This is the only reader of lines.

Who reads says how much is to be in memory: a line (`stream`), a few megabytes of a part of a file (`parts`), or all of
a file (`lines`). What a line is, and what is wrong with one, is the same for all. Errors name the file, the line, and
the mend.
"""

from collections.abc import Callable, Iterator
from typing import BinaryIO

from seqgan.errors import CorpusError

FOREIGN = {b"\xff\xfe": " (UTF-16?)", b"\xfe\xff": " (UTF-16?)", b"\x1f\x8b": " (compressed by gzip?)"}
"""First bytes of files that are often taken for text."""
REFUSED = {
    "\0": "a NUL byte. This is no text file, or it is UTF-16, or damaged: convert it to UTF-8",
    "\t": "a tab, but one sentence a line was expected. Replace tabs by spaces; a file of source TAB target, which are "
    "pairs, has a name that ends in .tsv",
}
"""Characters that no line of a plain text may hold, and what to say."""
READ_BYTES = 2**22
"""Read at once, where it is not a line."""
LONGEST_LINE = 2**26
"""Bytes of a line from which it is taken for a file without line feeds."""
MARK = b"\xef\xbb\xbf"
"""The byte-order mark that some programs write before a text."""


def read_blocks(
    file: BinaryIO,
    name: str,
    refused: str = "\0\t",
    *,
    by_line: bool = False,
    within: int | None = None,
    before: Callable[[], int] | None = None,
) -> Iterator[tuple[bytes, list[str]]]:
    """Blocks of whole lines from where a file stands: their bytes as they are, and the lines, blank ones as well.

    Only a line feed ends a line. Form feeds and Unicode's line separators, which `str.splitlines` would split at, are
    characters like any other. A byte-order mark at the file's beginning and the CR of CRLF are taken off the lines.

    Args:
        file: opened for bytes; it stands at the beginning of a line.
        name: of the file, for messages.
        refused: characters of `REFUSED` that no line may hold, unless it is blank.
        by_line: a block is a line, and no more is asked of the file; else it has `READ_BYTES`, and then what is missing
            of its last line.
        within: a block begins in so many of the bytes that follow; None reads all.
        before: tells how many lines stand before the first block, and is asked where a message says it; None where
            the file stands at its beginning.

    Raises:
        CorpusError: a line is not UTF-8, does not end, or holds what is refused; when its block is reached.
    """
    number = read = 0
    where = numbered(name, lambda: number + (0 if before is None else before()))
    while within is None or read < within:
        content = b"" if by_line else file.read(READ_BYTES if within is None else min(READ_BYTES, within - read))
        if by_line or (content and not content.endswith(b"\n")):
            content += rest_of_line(file, content, where)
        if not content:
            return
        lines = _lines_of(content, where, refused, begins=read == 0 and before is None)
        yield content, lines
        number += len(lines)
        read += len(content)


def rest_of_line(file: BinaryIO, begun: bytes, where: Callable[[int], str]) -> bytes:
    """What follows in a file up to the end of the line that it stands in.

    Args:
        file: opened for bytes.
        begun: what was read of that line, and of lines before it; nothing where that is not at hand.
        where: as of `decoded`, of the first line in `begun`.

    Raises:
        CorpusError: the line does not end within `LONGEST_LINE` bytes.
    """
    line = begun[begun.rfind(b"\n") + 1 :]
    rest = file.readline(max(0, LONGEST_LINE - len(line)))
    if len(line) + len(rest) >= LONGEST_LINE and not rest.endswith(b"\n"):
        number = begun.count(b"\n") + 1
        raise CorpusError(
            f"{where(number)}: more than {LONGEST_LINE:,} bytes, {(line or rest)[:30]!r}...: expected "
            "a sentence a line. If the line ends are CR alone, convert them to LF."
        )
    return rest


def decoded(content: bytes, where: Callable[[int], str], *, begins: bool = True) -> str:
    """The text that some bytes are in UTF-8, without a byte-order mark.

    Args:
        content: whole lines.
        where: says of a line, by its number among them from 1 on, which file and line it is: see `numbered`.
        begins: a file begins with them.

    Raises:
        CorpusError: they are another encoding; says which line.
    """
    text = content.removeprefix(MARK) if begins else content
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        start = text.rfind(b"\n", 0, error.start) + 1
        number = text.count(b"\n", 0, error.start) + 1
        foreign = FOREIGN.get(content[:2], "") if begins else ""
        raise CorpusError(
            f"{where(number)}: byte {error.start - start + 1} of the line, 0x{text[error.start]:02x}, is not "
            f"UTF-8{foreign}. Convert the file to UTF-8, for example with iconv."
        ) from error


def numbered(name: str, before: Callable[[], int] = lambda: 0) -> Callable[[int], str]:
    """What a line is called in messages: its file, and its number there.

    Args:
        name: of the file.
        before: tells how many lines stand before those that are counted; it is asked for a message alone.
    """
    return lambda line: f"{name}, line {before() + line}"


def _lines_of(content: bytes, where: Callable[[int], str], refused: str, *, begins: bool) -> list[str]:
    lines = decoded(content, where, begins=begins).split("\n")
    for character in refused:
        # All bytes are asked first: line by line is for the one that is refused.
        if character.encode() in content:
            for number, line in enumerate(lines, start=1):
                if character in line and line.strip():  # a line of blanks is a blank line, whatever they are
                    raise CorpusError(f"{where(number)}: {REFUSED[character]}.")
    if lines[-1] == "":  # behind the last line feed there is no line
        del lines[-1]
    return [line.removesuffix("\r") for line in lines] if b"\r" in content else lines
