"""The lines of a file of any size, or of standard input, one after the other."""

from collections.abc import Iterator
from typing import BinaryIO

from seqgan.data.blocks import read_blocks
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
    # A line at a time, so that whoever writes them into a pipe one by one is answered one by one.
    for _, lines in read_blocks(file, name, refused, by_line=True):
        number += len(lines)
        yield from lines
    if not number:
        raise CorpusError(f"{name} is empty: expected a sentence a line.")
