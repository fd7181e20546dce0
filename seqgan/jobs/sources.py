"""Lines to answer or translate, from a file or from standard input."""

import sys
from pathlib import Path

from seqgan.data.folders import is_tsv
from seqgan.data.lines import read_lines
from seqgan.data.pairs import read_tsv
from seqgan.errors import ConfigError


def source_lines(name: str) -> list[str]:
    """The lines of a file, or of standard input; of a file of pairs, by its name, their sources.

    Raises:
        CorpusError: the file cannot be read, or is no text or, by its name, no pairs.
        ConfigError: standard input is empty or no UTF-8.
    """
    if name != "-" and is_tsv(name):
        return [pair.source for pair in read_tsv(Path(name), [])]
    if name != "-":
        return read_lines(Path(name), keep_blank=True)
    try:
        lines = sys.stdin.buffer.read().decode().split("\n")
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"Standard input is not UTF-8 at byte {error.start}: convert it, for example with iconv."
        ) from error
    lines = [line.removesuffix("\r") for line in (lines[:-1] if lines[-1] == "" else lines)]
    if not lines:
        raise ConfigError("Standard input is empty: give a source a line.")
    return lines
