"""All lines of a text file in memory, one sentence or one pair each, and what is to be said of them.

Errors name the file, the line, and the mend.
"""

import io
from collections.abc import Iterable
from pathlib import Path

from seqgan.data.blocks import read_blocks
from seqgan.errors import CorpusError
from seqgan.files import read_file

TABLES = {".csv": "csv", ".json": "json", ".jsonl": "json", ".ndjson": "json", ".parquet": "parquet"}
"""How the names of tables end, and the form that reads each."""
RETURNS = "only a line feed ends a line; where CR alone was to end them, convert it to LF"
"""What is to be said of carriage returns that end no line."""


def read_lines(path: Path, notes: list[str] | None = None, *, keep_blank: bool = False) -> list[str]:
    """The sentences of a text file: UTF-8, one a line; a byte-order mark and CRLF are taken off, blank lines skipped.

    What a line is, `blocks.read_blocks` says.

    Args:
        path: the file.
        notes: gets a sentence for the user, where something was skipped.
        keep_blank: do not skip blank lines: they are the empty outputs of a system that is judged.

    Raises:
        CorpusError: what is wrong with the file, the line, and the mend.
    """
    lines = raw_lines(path, "\0\t")
    if keep_blank:
        return lines
    sentences = [line for line in lines if line.strip()]
    if len(sentences) < len(lines) and notes is not None:
        notes.append(f"{count(len(lines) - len(sentences), 'blank line')} skipped in {path}.")
    if notes is not None:
        notes += [*returns_note(sentences, str(path)), *table_note(path)]
    return sentences


def table_note(path: Path) -> list[str]:
    """What is to be said of a plain text whose name is that of a table: how the table in it is read."""
    form = TABLES.get(path.suffix.lower())
    return [f"{path} is read as plain text, a sentence a line; as a table it is hf:{form}:{path}."] if form else []


def returns_note(lines: Iterable[str], where: str) -> list[str]:
    """What is to be said of lines that hold a carriage return: it may have been meant to end them."""
    found = sum("\r" in line for line in lines)
    return [f"{count(found, 'line')} in {where} with a carriage return inside: {RETURNS}."] if found else []


def raw_lines(path: Path, refused: str) -> list[str]:
    """All lines of a file, blank ones as well; one at least is not blank.

    Args:
        path: the file.
        refused: characters of `REFUSED` that no line may hold.

    Raises:
        CorpusError: what is wrong with the file, the line, and the mend.
    """
    content = read_bytes(path)
    if content[:4] == b"PAR1":
        raise CorpusError(f"{path} is a Parquet file and no text: give it as hf:parquet:{path}.")
    lines = [line for _, block in read_blocks(io.BytesIO(content), str(path), refused) for line in block]
    if not any(line.strip() for line in lines):
        raise CorpusError(f"{path} has only blank lines: expected a sentence a line.")
    return lines


def ends_hint(line: str) -> str:
    """What a text of one line is told where that line holds carriage returns; nothing where it holds none."""
    return " The line ends may be CR alone: convert them to LF." if "\r" in line else ""


def count(number: int, noun: str, plural: str = "") -> str:
    """A number and its noun: ``1 line``, ``2,000 lines``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def read_bytes(path: Path) -> bytes:
    """The bytes of a file that is to be read as text.

    Raises:
        CorpusError: there is none, or it cannot be read, or it is empty.
    """
    try:
        content = read_file(path)
    except IsADirectoryError as error:
        raise CorpusError(f"{path} is a folder, but a file was expected: name a text file in it.") from error
    except FileNotFoundError as error:
        raise CorpusError(f"There is no file {path}: expected a text file with a sentence a line.") from error
    except OSError as error:
        raise CorpusError(f"{path} cannot be read: {error.strerror}. Check the path and its permissions.") from error
    if not content:
        raise CorpusError(f"{path} is empty: expected a sentence a line.")
    return content
