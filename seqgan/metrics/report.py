"""A report: named numbers, each with its recipe; as a table for people and as JSON for programs."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

HIGHER_IS_BETTER = ("bleu", "backward-bleu", "grammatical", "grammar-log-prob", "distinct", "unique")
LOWER_IS_BETTER = ("self-bleu", "nll", "perplexity", "copied", "js")


class Entry(NamedTuple):
    """A number and how it was computed."""

    name: str
    """Lower case, hyphens, the order last: bleu-4."""
    value: float
    signature: str
    """The recipe. Equal names and signatures mean comparable numbers."""


class Report:
    """Entries in order, by name.

    Args:
        entries: with distinct names.
    """

    def __init__(self, entries: Iterable[Entry]):
        self._entries = {entry.name: entry for entry in entries}

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    def __getitem__(self, name: str) -> Entry:
        return self._entries[name]

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def to_json(self) -> dict[str, dict[str, Any]]:
        """Name to value and signature, as plain containers."""
        return {entry.name: {"value": entry.value, "signature": entry.signature} for entry in self}


def report_from_json(content: Mapping[str, Mapping[str, Any]]) -> Report:
    """What `Report.to_json` gave, as a report again."""
    return Report(Entry(name, entry["value"], entry["signature"]) for name, entry in content.items())


def table(columns: Mapping[str, Report]) -> str:
    """Several reports side by side as text: a row for each metric, and below how each was computed.

    An arrow shows which way is better, where there is one. Recipes that differ between columns only in their numbers
    of sentences are all listed, since such numbers may not compare.

    Args:
        columns: reports by the head of their column.
    """
    names = list(dict.fromkeys(entry.name for report in columns.values() for entry in report))
    # The longest report has the best order: others miss some of its rows.
    names.sort(key=list(dict.fromkeys(e.name for r in sorted(columns.values(), key=_size) for e in r)).index)
    recipes: dict[str, list[str]] = {}
    rows = [["", *columns, "recipe"]]
    for name in names:
        cells, marks = [], []
        for report in columns.values():
            if name not in report:
                cells.append("")
                continue
            entry = report[name]
            cells.append(_number(entry.value))
            users = recipes.setdefault(entry.signature, [])
            users.append(name)
            mark = str(list(recipes).index(entry.signature) + 1)
            if mark not in marks:
                marks.append(mark)
        rows.append([f"{name} {_arrow(name)}".rstrip(), *cells, ",".join(marks)])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip() for row in rows]
    lines.append("")
    lines += [f"{number}  {signature}" for number, signature in enumerate(recipes, start=1)]
    return "\n".join(lines)


def _size(report: Report) -> int:
    return -sum(1 for _ in report)


def _number(value: float) -> str:
    return f"{value:.4f}" if abs(value) < 1000 else f"{value:.4g}"


def _arrow(name: str) -> str:
    family = name.rstrip("0123456789").rstrip("-")
    return "↑" if family in HIGHER_IS_BETTER else "↓" if family in LOWER_IS_BETTER else ""
