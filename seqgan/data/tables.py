"""From the columns of a table to sentences or pairs, whatever the table was read from.

A column has a kind, which says what its fields hold: a word for single values, a mapping for records, and a list of one
kind for lists. Fields become text as they stand: no word, number or truth value is taken for something else.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple, TypeAlias

from seqgan.data.lines import count
from seqgan.data.pairs import TURN_SEPARATOR, Pair, columns_to_pairs
from seqgan.data.spaces import has_spaces
from seqgan.errors import CorpusError, nearest

Kind: TypeAlias = "str | dict[str, Kind] | list[Kind]"
"""What the fields of a column hold."""
TEXT, NUMBERS, BOOLEANS, LABELS, NOTHING, MIXED = "text", "numbers", "booleans", "labels", "nothing", "mixed"
"""Kinds of single values; a library's other ones, such as images, have names of its own."""
READABLE = (TEXT, NUMBERS, BOOLEANS, LABELS, NOTHING)
"""Those that can be asked for as text."""
COUNTERS = ("id", "index", "key")
"""Names of columns that number the rows."""
SAID = ("content", "value", "text")
"""Fields in which a turn of a conversation has its text, beside its role."""
BREAKS = re.compile(r"[\n\r\t\0]+")
"""What a sentence or pair in one line cannot hold."""


class Number(str):
    """A number as it stands in a file, digit by digit."""


class Column(NamedTuple):
    """A column of a table."""

    kind: Kind
    """What its fields hold."""
    read: Callable[[], Sequence[Any]]
    """Gives its fields; those that are missing are None."""


Table: TypeAlias = Mapping[str, Column]
"""Columns by name, in their order."""


def plain_column(values: Sequence[Any], kind: "Kind | None" = None) -> Column:
    """A column of plain Python values, whose kind is seen from them where it is not given."""
    return Column(kind_of(values) if kind is None else kind, lambda: values)


def kind_of(values: Sequence[Any]) -> Kind:
    """The kind that all of some values have; what stands among text is text."""
    single: set[str] = set()
    records: dict[str, list[Any]] = {}
    elements: list[Any] = []
    nested = set()
    for value in values:
        if value is None:
            continue
        if isinstance(value, Mapping):
            nested.add("record")
            for name, field in value.items():
                records.setdefault(name, []).append(field)
        elif isinstance(value, list | tuple):
            nested.add("list")
            elements += value
        elif isinstance(value, bool):
            single.add(BOOLEANS)
        elif isinstance(value, int | float | Number):
            single.add(NUMBERS)
        else:
            single.add(TEXT if isinstance(value, str) else type(value).__name__)
    if len(nested) + bool(single) > 1:
        return MIXED
    if "record" in nested:
        return {name: kind_of(fields) for name, fields in records.items()}
    if "list" in nested:
        return [kind_of(elements)]
    if len(single) > 1:
        return TEXT if single <= set(READABLE) else MIXED
    return single.pop() if single else NOTHING


def shown(kind: Kind) -> str:
    """A kind for reading: ``{en: text, de: text}``."""
    if isinstance(kind, dict):
        return "{" + ", ".join(f"{name}: {shown(each)}" for name, each in kind.items()) + "}"
    return f"list of {shown(kind[0])}" if isinstance(kind, list) else kind


def table_rows(
    table: Table,
    columns: str,
    where: str,
    notes: list[str],
    *,
    separator: str = TURN_SEPARATOR,
    keep_blank: bool = False,
) -> Sequence[Any]:
    """The sentences in a table's column, or the pairs in the two that ``source,target`` names.

    Line breaks and tabs in them become spaces; blank rows are skipped. Of a column of lists, the turns of
    conversations, each turn after the first of a row is paired with those before it.

    Args:
        table: of one split.
        columns: what stands behind the ``#``: a column, with dots before the fields of records and the places of
            lists; two of them; or nothing, where there is but one that can be meant.
        where: the table's name, for messages.
        notes: gets what the user should know.
        separator: the token between turns.
        keep_blank: of pairs, keep those whose source is blank.

    Raises:
        CorpusError: no such column, or several that could be meant, or it holds no text; the columns are listed.
    """
    first, comma, second = columns.partition(",")
    paired = comma != "" and columns not in table
    if paired and (not first or not second or first == second):
        raise CorpusError(f"{where}: #{columns} names no two columns: expected #SOURCE,TARGET.")
    names = [first, second] if paired else [columns or only_column(table, where)]
    found = [fields_of(table, name, where) for name in names]
    kinds = [kind for kind, _ in found]
    if not paired and isinstance(kinds[0], list):
        return _turns(found[0][1], names[0], where, notes, separator)
    if paired and isinstance(kinds[1], list):
        raise CorpusError(
            f"{where}: {names[1]!r} holds lists, and a source has one target: name one of its places, as in "
            f"#{names[0]},{names[1]}.0."
        )
    lines = [
        [separated(value, separator) for value in values] if isinstance(kind, list) else [text_of(v) for v in values]
        for kind, values in found
    ]
    joined = sum(BREAKS.search(value.strip()) is not None for column in lines for value in column)
    lines = [[one_line(value) for value in column] for column in lines]
    if paired:
        rows: Sequence[Any] = columns_to_pairs(lines[0], lines[1], where, notes, keep_blank=keep_blank)
    else:
        rows = [line for line in lines[0] if line.strip()]
        if not rows:
            raise CorpusError(f"{where}: column {names[0]!r} holds no text. {_choose(table)}")
        if len(rows) < len(lines[0]):
            notes.append(f"{count(len(lines[0]) - len(rows), 'blank sentence')} skipped in {where}.")
    if joined:
        notes.append(f"{count(joined, 'sentence')} with line breaks or tabs in {where}: made spaces.")
    return rows


def text_of(value: Any) -> str:
    """A field as text; nothing where it is missing."""
    if value is None or value != value:  # pandas has nan for what is missing
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def one_line(text: str) -> str:
    """A text as one line."""
    return BREAKS.sub(" ", text.removeprefix("\ufeff"))


def separated(turns: Sequence[Any] | None, separator: str) -> str:
    """The turns of a conversation in one line."""
    said = (one_line(_said(turn)).strip() for turn in turns or ())
    return f" {separator} ".join(turn for turn in said if turn)


def _said(turn: Any) -> str:
    """The text of a turn, which is one itself or a message."""
    return text_of(next((turn[name] for name in SAID if name in turn), None) if isinstance(turn, Mapping) else turn)


def _turns(rows: Sequence[Any], name: str, where: str, notes: list[str], separator: str) -> list[Pair]:
    """Each turn with those before it; a row of one turn has none."""
    pairs, short = [], 0
    for row in rows:
        turns = [said for turn in row or () if (said := one_line(_said(turn)).strip())]
        pairs += [Pair(f" {separator} ".join(turns[:place]), turns[place]) for place in range(1, len(turns))]
        short += len(turns) < 2
    if not pairs:
        raise CorpusError(f"{where}: no row of {name!r} has two turns, of which one could answer the other.")
    notes.append(
        f"{name!r} of {where} holds lists of turns: each turn is paired with those before it in its row, "
        f"{count(len(pairs), 'pair')} of {count(len(rows), 'row')}."
    )
    if short:
        notes.append(f"{count(short, 'row')} with less than two turns skipped in {where}.")
    return pairs


def fields_of(table: Table, name: str, where: str) -> tuple[Kind, Sequence[Any]]:
    """The kind and the fields of what a name with dots means.

    Raises:
        CorpusError: there is no such column, field or place, or it holds no text.
    """
    # A column's own name may have dots.
    column = max((each for each in table if name == each or name.startswith(f"{each}.")), key=len, default=None)
    if column is None:
        known = [path for path, _ in _all_paths(table)]
        raise CorpusError(f"{where}: no column is called {name!r}.{nearest(name, known)} {_choose(table)}")
    kind: Kind = table[column].kind
    values = table[column].read()
    for part in name[len(column) :].split(".")[1:]:
        step = _step(kind, part)
        if step is None:
            known = [path for path, _ in _all_paths(table)]
            raise CorpusError(
                f"{where}: {column!r} holds {shown(table[column].kind)} and has no {part!r}.{nearest(name, known)} "
                f"{_choose(table)}"
            )
        kind, take = step
        values = [None if value is None else take(value) for value in values]
    if isinstance(kind, dict):
        fields = [f"{name}.{field}" for field in kind]
        raise CorpusError(
            f"{where}: {name!r} holds records {shown(kind)}: name one field, as in #{fields[0]}"
            + (f", or two of pairs, as in #{fields[0]},{fields[1]}." if len(fields) > 1 else ".")
        )
    if not (_are_turns(kind) if isinstance(kind, list) else kind in READABLE):
        raise CorpusError(f"{where}: {name!r} holds {shown(kind)}, which is no text. {_choose(table)}")
    return kind, values


def _step(kind: Kind, part: str) -> tuple[Kind, Callable[[Any], Any]] | None:
    """What one more part of a name means: the kind there, and how a field is taken apart; None where it is nothing."""
    if isinstance(kind, dict) and part in kind:
        return kind[part], lambda record: record.get(part)
    if isinstance(kind, dict) and set(kind) == {"language", "translation"}:  # beside each other, of several languages

        def translated(record: Any) -> Any:
            languages, texts = record["language"] or (), record["translation"] or ()
            return dict(zip(languages, texts, strict=True)).get(part)

        return TEXT, translated
    if isinstance(kind, list) and re.fullmatch(r"-?\d+", part):
        place = int(part)
        return kind[0], lambda items: items[place] if -len(items) <= place < len(items) else None
    if isinstance(kind, list) and isinstance(kind[0], dict) and part in kind[0]:
        return [kind[0][part]], lambda items: [item.get(part) for item in items if item is not None]
    return None


def _are_turns(kind: list[Kind]) -> bool:
    """Whether lists are of texts, or of messages that have one."""
    inner = kind[0]
    if isinstance(inner, dict):
        return any(inner.get(name) in (TEXT, NUMBERS) for name in SAID)
    return inner in READABLE


def _all_paths(table: Table) -> Iterator[tuple[str, Kind]]:
    """All that may be named, records taken apart."""
    waiting: list[tuple[str, Kind]] = [(name, column.kind) for name, column in table.items()]
    while waiting:
        path, kind = waiting.pop(0)
        if isinstance(kind, dict):
            waiting[:0] = [(f"{path}.{name}", each) for name, each in kind.items()]
        else:
            yield path, kind


def only_column(table: Table, where: str) -> str:
    """The column that is meant where none is named: the one called text, or the only one that holds text.

    One that numbers the rows, by its name or by what it holds, is passed over where another holds text.

    Raises:
        CorpusError: there is none, or there are several; all are listed.
    """
    if "text" in table and table["text"].kind in READABLE:
        return "text"
    texts = [path for path, kind in _all_paths(table) if kind == TEXT]
    turns = [path for path, kind in _all_paths(table) if isinstance(kind, list) and _are_turns(kind)]
    if len(texts) + len(turns) > 1:
        texts = [path for path in texts if path.casefold().rpartition(".")[2] not in COUNTERS]
        if len(texts) + len(turns) > 1:
            texts = [path for path in texts if not _counts_upwards(fields_of(table, path, where)[1])]
    if len(texts) == 1:
        return texts[0]
    if not texts and len(turns) == 1:
        kind, rows = fields_of(table, turns[0], where)
        assert isinstance(kind, list)
        said = [text_of(turn) for row in rows for turn in row or ()]
        # Messages have roles; without them the lists may as well be the words of one sentence.
        if isinstance(kind[0], dict) or (said and has_spaces(said)):
            return turns[0]
    raise CorpusError(f"{where}: it does not say which column is meant. {_choose(table)}")


def _counts_upwards(values: Sequence[Any]) -> bool:
    """Whether each field is a greater number than the one before, behind the same beginning."""
    parts = [re.fullmatch(r"(\D*)(\d+)", text_of(value).strip()) for value in values]
    found = [part for part in parts if part is not None]
    if len(found) < len(values) or len({part[1] for part in found}) > 1 or len(found) < 2:
        return False
    numbers = [int(part[2]) for part in found if len(part[2]) < 20]
    return len(numbers) == len(found) and all(one < next_ for one, next_ in pairwise(numbers))


def _choose(table: Table) -> str:
    """The columns with their kinds, and how one is chosen."""
    listed = ", ".join(f"{name} ({shown(column.kind)})" for name, column in table.items()) or "none"
    return (
        f"The columns are: {listed}. Choose one with #COLUMN behind the name, a field of one with #COLUMN.FIELD, or "
        "two of pairs with #SOURCE,TARGET."
    )
