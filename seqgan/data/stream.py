"""The lines of a file of any size, or of standard input, one after the other."""

from collections.abc import Iterator
from typing import BinaryIO

from seqgan.data.lines import FOREIGN, REFUSED
from seqgan.data.parts import LONGEST_LINE
from seqgan.errors import CorpusError


def stream_lines(file: BinaryIO, name: str, refused: str = "\0\t") -> Iterator[str]:
    """Lines as `read_lines` reads them, blank ones as well, of which no more than one is in memory.

    Args:
        file: opened for bytes.
        name: of the file, for messages.
        refused: characters of `REFUSED` that no line may hold.

    Raises:
        CorpusError: there is no line; or one is no UTF-8, does not end, or holds what is refused; when it is reached.
    """
    number = 0
    for number, content in enumerate(iter(lambda: file.readline(LONGEST_LINE), b""), start=1):
        if len(content) == LONGEST_LINE and not content.endswith(b"\n"):
            raise CorpusError(
                f"{name}, line {number}: more than {LONGEST_LINE:,} bytes, {content[:30]!r}...: expected a sentence a "
                "line. If the line ends are CR alone, convert them to LF."
            )
        content = content.removesuffix(b"\n").removesuffix(b"\r")
        if number == 1:
            content = content.removeprefix(b"\xef\xbb\xbf")
        try:
            line = content.decode()
        except UnicodeDecodeError as error:
            foreign = FOREIGN.get(content[:2], "") if number == 1 else ""
            raise CorpusError(
                f"{name}, line {number}: byte {error.start + 1} of the line, 0x{content[error.start]:02x}, is not "
                f"UTF-8{foreign}. Convert the file to UTF-8, for example with iconv."
            ) from error
        for character in refused:
            if character in line and line.strip():  # a line of blanks is a blank line, whatever they are
                raise CorpusError(f"{name}, line {number}: {REFUSED[character]}.")
        yield line
    if not number:
        raise CorpusError(f"{name} is empty: expected a sentence a line.")
