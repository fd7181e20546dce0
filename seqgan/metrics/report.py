"""A report: named numbers, each with its recipe; as a table for people and as JSON for programs."""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeGuard

from seqgan.errors import SeqganError
from seqgan.metrics.metric import direction

ARROWS = {1: "↑", -1: "↓", 0: ""}
"""What `direction` gives, as it is shown."""
UNEVEN = 0.2
"""How far a number may lie from the middle of its interval, as a share of half its width, to be shown with ±."""
LEGEND = {"±": "± half of a 95 % interval", "[": "[ ] its ends, where they are not equally far"}
"""What stands below a table that has such cells."""
UNDEFINED = "n/a"
"""How a number is shown that is not defined; in JSON it is null."""


class Entry(NamedTuple):
    """A number and how it was computed."""

    name: str
    """Lower case, hyphens, the order last: bleu-4."""
    value: float | None
    """The number; None where it is not defined, and `note` says why."""
    signature: str
    """The recipe. Equal names and signatures mean comparable numbers."""
    low: float | None = None
    """Lower end of its confidence interval; None where it is not known."""
    high: float | None = None
    """Upper end."""
    note: str = ""
    """What is to be known of this one: why it is not defined, or that its definition forces it, whatever the text."""


class Report:
    """Entries in order, by name.

    Args:
        entries: one for each name.

    Raises:
        SeqganError: two different entries of one name.
    """

    def __init__(self, entries: Iterable[Entry]):
        self._entries: dict[str, Entry] = {}
        for entry in entries:
            if self._entries.setdefault(entry.name, entry) != entry:
                raise SeqganError(
                    f"A report has one number for each name, and {entry.name!r} came with two: put them in reports of "
                    "their own, which `table` shows side by side."
                )

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, name: str) -> Entry:
        return self._entries[name]

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def get(self, name: str) -> Entry | None:
        """The entry of a name, None where there is none."""
        return self._entries.get(name)

    def to_json(self) -> dict[str, dict[str, Any]]:
        """Name to value and signature, and to the ends of the interval and a note where there are some, as plain
        containers. A value that is not defined, or not finite, is None."""
        return {entry.name: _entry_to_json(entry) for entry in self}

    @classmethod
    def from_json(cls, content: Mapping[str, Mapping[str, Any]]) -> "Report":
        """What `to_json` gave, as a report again.

        Raises:
            SeqganError: a number lacks its value or its signature.
        """
        if not isinstance(content, Mapping):
            raise SeqganError(f"A report is a {type(content).__name__}, expected what Report.to_json writes.")
        return cls(_entry_from_json(name, fields) for name, fields in content.items())


def _entry_to_json(entry: Entry) -> dict[str, Any]:
    ends = {name: end for name, end in (("low", entry.low), ("high", entry.high)) if is_number(end)}
    noted = {"note": entry.note} if entry.note else {}
    return {"value": entry.value if is_number(entry.value) else None, **ends, "signature": entry.signature, **noted}


def is_number(value: float | None) -> TypeGuard[float]:
    """Whether a value is defined, and finite: what JSON can hold."""
    return value is not None and math.isfinite(value)


def _entry_from_json(name: str, fields: Mapping[str, Any]) -> Entry:
    if not isinstance(fields, Mapping):
        raise SeqganError(f"The metric {name!r} is a {type(fields).__name__}, expected what Report.to_json writes.")
    missing = {"value", "signature"} - fields.keys()
    if missing:
        raise SeqganError(
            f"The metric {name!r} lacks {' and '.join(sorted(missing))}: expected what Report.to_json writes."
        )
    note = fields.get("note", "")
    return Entry(name, fields["value"], fields["signature"], fields.get("low"), fields.get("high"), str(note))


def table(columns: Mapping[str, Report]) -> str:
    """Several reports side by side as text: a row for each metric, and below how each was computed.

    An arrow shows which way is better, where there is one; ± half the width of the interval, where it is known, or its
    ends in brackets where they lie unequally far from the number, as near the bounds of a share. The
    last cell of a row is the number of its recipe in the list below, or one for each column, in their order, where
    the recipes differ: such numbers may not compare. Notes come last, each with the numbers that it is of.

    Args:
        columns: reports by the head of their column.
    """
    # The longest report has the best order: others miss some of its rows.
    longest_first = sorted(columns.values(), key=len, reverse=True)
    names = list(dict.fromkeys(entry.name for report in longest_first for entry in report))
    recipes: dict[str, int] = {}
    rows = [["", *columns, "recipe"]]
    for name in names:
        cells, marks = [], []
        for report in columns.values():
            entry = report.get(name)
            cells.append("" if entry is None else _cell(entry))
            marks.append("-" if entry is None else str(recipes.setdefault(entry.signature, len(recipes) + 1)))
        known = set(marks) - {"-"}
        rows.append(
            [f"{name} {ARROWS[direction(name)]}".rstrip(), *cells, ",".join(known if len(known) == 1 else marks)]
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip() for row in rows]
    shown = [said for mark, said in LEGEND.items() if any(mark in cell for row in rows[1:] for cell in row[1:-1])]
    if shown:
        lines += ["", f"{'; '.join(shown)}; how it was computed is in the recipe."]
    lines += ["", *(f"{number}  {signature}" for signature, number in recipes.items())]
    noted = notes(columns)
    return "\n".join([*lines, *([""] if noted else []), *noted])


def notes(columns: Mapping[str, Report]) -> list[str]:
    """The notes on the numbers of some reports, each once for each report, behind the names that it is of."""
    of: dict[tuple[str, str], list[str]] = {}
    for head, report in columns.items():
        for entry in report:
            if entry.note:
                of.setdefault((head, entry.note), []).append(entry.name)
    return [f"{', '.join(names)} of {head}: {note}." for (head, note), names in of.items()]


def _cell(entry: Entry) -> str:
    if not is_number(entry.value):
        return UNDEFINED
    if entry.low is None or entry.high is None:
        return _number(entry.value)
    half = (entry.high - entry.low) / 2
    if not _is_even(entry.value, entry.low, entry.high):
        return f"{_number(entry.value)} [{_number(entry.low)}, {_number(entry.high)}]"
    return f"{_number(entry.value)} ±{_number(half)}"


def _is_even(value: float, low: float, high: float) -> bool:
    """Whether ± half its width says where an interval is: its ends are about equally far from the number, and the half
    leads beyond no bound of a share, or of a score up to 100, that they keep."""
    half = (high - low) / 2
    beyond = value - half < 0 <= low or any(high <= bound < value + half for bound in (1, 100))
    return abs((high + low) / 2 - value) <= UNEVEN * half and not beyond


def _number(value: float) -> str:
    return f"{value:.4f}" if abs(value) < 1000 else f"{value:.4g}"
