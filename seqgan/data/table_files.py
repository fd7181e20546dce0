"""Files of tables: comma-separated values and JSON, every field as it stands in the file.

Read by Python's own readers: a data set library guesses types, and makes nothing of NA, 7 of 007 and a moment of
2020-01-01.
"""

import csv
import gzip
import io
import json
import re
import sys
import zlib
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from seqgan.data.blocks import decoded, numbered
from seqgan.data.lines import count, read_bytes
from seqgan.data.tables import BOOLEANS, COUNTERS, NOTHING, NUMBERS, TEXT, Number, Table, plain_column
from seqgan.errors import CorpusError

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
"""What may stand between the fields of a line; the first one that fits."""
MOST_UNPACKED = 2**30
"""Bytes that a compressed file may have, so that a small one cannot fill the memory."""
SENTENCE = 4
"""Words of a field from which it is taken for a sentence and not for a column's name."""
PLACE = re.compile("[1-9][0-9]{0,3}")
"""The number of a column of a file that has no names of them."""


class _Layout(NamedTuple):
    """How the fields of a line are told apart."""

    separator: str
    """Between them."""
    quoted: bool = True
    """Whether double quotes around a field are no part of it."""


LAYOUTS = (*(_Layout(separator) for separator in SEPARATORS), _Layout("\t", quoted=False))
"""Those that are tried."""


class _Fault(NamedTuple):
    """Where a layout does not fit."""

    line: int
    """Of the file."""
    what: str
    """What was found there, and the mend."""


def read_csv(path: Path, asked: Collection[str], notes: list[str]) -> Table:
    """The columns of a file of separated values.

    Args:
        path: the file. Commas, semicolons, tabs or bars separate the fields; a first line that is no line of names is
            read as one of fields, and the columns are then called 1, 2, ...
        asked: columns that were asked for: a name in the first line is then one of a column, and the number of a
            column says that there are no names.
        notes: gets what the user should know.

    Raises:
        CorpusError: the file cannot be read, or a line has more or fewer fields than the first; says which line.
    """
    rows, layout = _rows_of(path, _text_of(path))
    width = len(rows[0])
    if width > 1 and layout.separator != ",":
        notes.append(f"{SEPARATORS[layout.separator].capitalize()} separate the fields of {path}.")
    blank = sum(not row for row in rows)
    if width == 1:
        rows = [row or [""] for row in rows]
    elif blank:
        rows = [row for row in rows if row]
        notes.append(f"{count(blank, 'blank line')} skipped in {path}.")
    named, certain = _has_names(rows, asked)
    if not named:
        names = [str(number) for number in range(1, width + 1)]
        notes.append(f"The first line of {path} is no line of column names: it is read as text like the others.")
    else:
        names = _distinct([name.strip() for name in rows[0]])
        rows = rows[1:]
        if not certain:
            listed = ", ".join(map(repr, names))
            notes.append(
                f"The first line of {path} is read as the names of columns: {listed}. If it is text, say #1 behind the "
                "corpus's name."
            )
    columns = [[row[place] for row in rows] for place in range(width)]
    return {name: plain_column(column, _kind(column)) for name, column in zip(names, columns, strict=True)}


def read_json(path: Path) -> Table:
    """The columns of a file of JSON: an object a line, or one array of objects; strings are a column called text.

    Numbers are kept as they are written.

    Raises:
        CorpusError: the file cannot be read, or holds something else; says which line.
    """
    rows = list(_objects(path, _text_of(path)))
    if not rows:
        raise CorpusError(f"{path} has no rows: expected a JSON object a line, or one array of objects.")
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: plain_column([row.get(name) for row in rows]) for name in names}


def _text_of(path: Path) -> str:
    content = read_bytes(path)
    if content[:2] == b"\x1f\x8b":
        try:
            with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
                content = file.read(MOST_UNPACKED + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise CorpusError(f"{path} cannot be decompressed: {error}. Get the file again.") from error
        if len(content) > MOST_UNPACKED:
            raise CorpusError(
                f"{path} has more than {MOST_UNPACKED:,} bytes when decompressed: decompress it yourself."
            )
    return decoded(content, numbered(str(path)))


def _rows_of(path: Path, text: str) -> tuple[list[list[str]], _Layout]:
    """The fields of all lines, and the layout in which all lines have as many as the first."""
    faults: list[tuple[int, _Fault]] = []
    single: tuple[list[list[str]], _Layout] | None = None
    for layout in LAYOUTS:
        rows, fault = _split(text, layout)
        width = len(rows[0]) if rows else 0
        if fault is not None:
            faults.append((width, fault))
        elif width > 1:
            return rows, layout
        elif rows and single is None and not faults:
            single = rows, layout
    if single is not None:
        return single
    if not faults:
        raise CorpusError(f"{path} has only blank lines: expected a line of column names and lines of fields.")
    fault = max(faults, key=lambda each: each[0])[1]
    raise CorpusError(f"{path}, line {fault.line}: {fault.what}")


def _split(text: str, layout: _Layout) -> tuple[list[list[str]], _Fault | None]:
    """The fields of all lines in a layout, or of those before the first that does not fit."""
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=layout.separator,
        quoting=csv.QUOTE_MINIMAL if layout.quoted else csv.QUOTE_NONE,
        strict=True,
    )
    rows: list[list[str]] = []
    begun = 1
    limit = csv.field_size_limit(sys.maxsize if sys.maxsize < 2**31 else 2**31 - 1)  # 128 KiB by default
    try:
        for row in reader:
            if rows and row and len(row) != len(rows[0]):
                what = (
                    f"{count(len(row), 'field')} separated by {SEPARATORS[layout.separator]}, and the first line has "
                    f"{len(rows[0])}. Put double quotes around a field that holds the separator, or give a text with a "
                    "sentence a line without hf:csv:."
                )
                return rows, _Fault(begun, what)
            if row or rows:  # blank lines in front are no lines of names
                rows.append(row)
            begun = reader.line_num + 1
    except csv.Error as error:
        what = f"{error}. Write a double quote inside a quoted field twice, and close every quoted field."
        return rows, _Fault(begun, what)
    finally:
        csv.field_size_limit(limit)
    return rows, None


def _has_names(rows: Sequence[Sequence[str]], asked: Collection[str]) -> tuple[bool, bool]:
    """Whether the first line is one of column names, and whether that is certain."""
    first, rest = [name.strip() for name in rows[0]], rows[1:]
    if any(name in first for name in asked):
        return True, True
    if any(PLACE.fullmatch(name) for name in asked):
        return False, True
    if asked or any(name.casefold() in ("text", *COUNTERS) for name in first):
        return True, True
    for place, name in enumerate(first):
        below = [row[place].strip() for row in rest]
        unnamed = not name and place > 0  # pandas writes no name above the numbers of rows
        if unnamed or _kind([name]) in (NUMBERS, BOOLEANS) or (name and name in set(below)):
            return False, True
        if below and len(name.split()) >= SENTENCE <= median(len(field.split()) for field in below):
            return False, True
    return True, False


def _kind(column: Sequence[str]) -> str:
    """What all fields of a column can be taken for."""
    filled = [field.strip() for field in column if field.strip()]
    if not filled:
        return NOTHING
    if all(re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", field) for field in filled):
        return NUMBERS
    return BOOLEANS if {field.casefold() for field in filled} <= {"true", "false"} else TEXT


def _distinct(names: Sequence[str]) -> list[str]:
    """Names of which none occurs twice: later ones get a number behind a dot, as pandas writes them."""
    made: list[str] = []
    for name in names:
        number, free = 0, name
        while free in made:
            number += 1
            free = f"{name}.{number}"
        made.append(free)
    return made


def _objects(path: Path, text: str) -> Iterator[dict[str, Any]]:
    """The rows of a JSON file."""
    if text.lstrip()[:1] == "[":
        begins = text.count("\n", 0, len(text) - len(text.lstrip())) + 1
        for number, value in enumerate(_parsed(text, path, begins), start=1):
            yield _row(value, f"{path}, row {number}")
        return
    lines = text.split("\n")
    try:
        first = _parsed(next((line for line in lines if line.strip()), ""), path, 1)
    except CorpusError:
        first = None
    if first is None and text.lstrip()[:1] == "{" and sum(1 for line in lines if line.strip()) > 1:
        whole = _parsed_or_none(text)  # an object over several lines
        if whole is not None:
            yield _row(whole, str(path))
            return
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield _row(_parsed(line, path, number), f"{path}, line {number}")


def _row(value: Any, where: str) -> dict[str, Any]:
    if isinstance(value, str) and not isinstance(value, Number):
        return {"text": value}
    if not isinstance(value, dict):
        raise CorpusError(f"{where}: expected a JSON object, and found {json.dumps(value)[:60]}.")
    return value


def _parsed(text: str, path: Path, line: int) -> Any:
    """The value that a piece of a JSON file holds, whose first line has that number."""
    try:
        return json.loads(text, parse_int=Number, parse_float=Number, parse_constant=Number)
    except json.JSONDecodeError as error:
        raise CorpusError(
            f"{path}, line {line + error.lineno - 1}: no JSON at character {error.colno} ({error.msg}). Expected an "
            "object a line, or one array of objects: check the json file."
        ) from error
    except RecursionError as error:
        raise CorpusError(f"{path}, line {line}: JSON nested deeper than can be read.") from error


def _parsed_or_none(text: str) -> Any:
    try:
        return json.loads(text, parse_int=Number, parse_float=Number, parse_constant=Number)
    except (json.JSONDecodeError, RecursionError):
        return None
