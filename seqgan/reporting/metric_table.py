"""Reports side by side as a table of a page: values, intervals, and the recipe behind each number."""

from collections.abc import Mapping

from seqgan.metrics import Report
from seqgan.metrics.metric import direction
from seqgan.metrics.report import ARROWS, UNDEFINED, notes
from seqgan.reporting.html import Cell, Row, escape, name_head, paragraph, shortened, table


def number(value: float | None) -> str:
    """A number to four places, or to four figures where it is large; a dash where there is none."""
    if value is None:
        return "–"
    return f"{value:.4f}" if abs(value) < 1000 else f"{value:,.0f}"


def arrow(name: str) -> str:
    """An arrow to where a metric is better, with its words for those who do not see it; nothing where neither is."""
    way = direction(name)
    words = {1: "higher", -1: "lower"}
    return f' <span role="img" aria-label="{words[way]} is better">{ARROWS[way]}</span>' if way else ""


def metric_table(columns: Mapping[str, Report], *, arrows: bool = True) -> str:
    """A row for each metric, a column for each report, and below the recipes that small figures point to, and notes.

    Args:
        columns: reports by the head of their column.
        arrows: show which way is better.
    """
    longest_first = sorted(columns.values(), key=len, reverse=True)
    names = list(dict.fromkeys(entry.name for report in longest_first for entry in report))
    recipes: dict[str, int] = {}
    rows: list[Row] = []
    for name in names:
        cells: list[Cell] = []
        for report in columns.values():
            entry = report.get(name)
            if entry is None:
                cells.append(Cell("", number=True))
                continue
            mark = recipes.setdefault(entry.signature, len(recipes) + 1)
            interval = ""
            if entry.low is not None and entry.high is not None:
                interval = f' <span class="interval">[{number(entry.low)}, {number(entry.high)}]</span>'
            value = UNDEFINED if entry.value is None else number(entry.value)
            cells.append(Cell(f"{value}{interval}<sup>{mark}</sup>", number=True))
        rows.append([f"{escape(name)}{arrow(name) if arrows else ''}", *cells])
    head = ["metric", *map(name_head, columns)]
    signatures = "".join(f"<li>{shortened(signature, 400)}</li>" for signature in recipes)
    caption = (
        "Values, with the ends of their confidence intervals in brackets where these are known. The small figure is "
        "the recipe below: numbers of different recipes do not compare."
    )
    recipes_below = f'<ol class="signatures" aria-label="Recipes">{signatures}</ol>'
    noted = "".join(paragraph(shortened(note, 400), "muted") for note in notes(columns))
    return table(caption, head, rows, "metrics") + recipes_below + noted
