"""The page of a sweep: its trials compared over seeds, where in the space the good ones are, and how sure that is."""

import math
from collections.abc import Sequence

from seqgan.metrics.report import UNDEFINED
from seqgan.reporting.figures import Path, Point, plane
from seqgan.reporting.html import Cell, Row, code, escape, figure, findings_list, page, paragraph, shortened, table
from seqgan.reporting.metric_table import arrow, number
from seqgan.sweeps.record import Mean, SweepRecord, Tested, TrialRecord
from seqgan.sweeps.results import caveats, head, told_apart, value_text

OTHERS, BEST = 0, 1
"""Colours of the marks."""


def sweep_page(record: SweepRecord, kept: str = "") -> str:
    """The whole page.

    Args:
        record: what came of the sweep.
        kept: its file, as it stands in its folder.
    """
    parts = [
        ("trials", "Trials", trials_part(record)),
        ("test", "The best on test text", test_part(record)),
        ("where", "Where the good ones are", where_part(record)),
        ("runs", "Runs", runs_part(record)),
        ("repeat", "To repeat it", repeat_part(record, kept)),
    ]
    text = f"{record.command}, searched for {' and '.join(map(_wanted, _directions(record)))}, each trial with "
    text += f"{len(record.seeds)} seed{'' if len(record.seeds) == 1 else 's'} ({', '.join(map(str, record.seeds))})."
    lead = paragraph(escape(head(record)), "lead") + paragraph(escape(text[0].upper() + text[1:]))
    lead += findings_list(("warning", "", said, "") for said in caveats(record))
    return page(f"Sweep: {record.name}", lead, parts)


def _directions(record: SweepRecord) -> list[tuple[str, int]]:
    return list(zip(record.objectives, record.signs, strict=True))


def _wanted(objective: tuple[str, int]) -> str:
    name, sign = objective
    return f"{'high' if sign > 0 else 'low'} {name}"


def trials_part(record: SweepRecord) -> str:
    """All trials, the best first, and why others came to no end."""
    names = list(record.space)
    single = len(record.objectives) == 1
    header = ["trial", *(f"{escape(name)}{arrow(name)}" for name in record.objectives)]
    header += [*(["less the best"] if single else []), *map(escape, names)]
    rows: list[Row] = []
    for trial in record.complete:
        cells = [_mean(mean) for mean in trial.means]
        if single:
            cells.append(_mean(trial.against_best[0]) if trial.against_best else Cell("", number=True))
        mark = " (best)" if trial.number in record.best else _close(trial)
        rows.append([f"{trial.number}{mark}", *cells, *_settings(trial, names)])
    for trial in record.trials:
        if trial.state != "complete":
            blank = [Cell("", number=True)] * (len(header) - len(names) - 2)
            rows.append([str(trial.number), Cell(escape(trial.state)), *blank, *_settings(trial, names)])
    caption = (
        "Means over seeds on validation text, with Student's 95 % interval of the mean in brackets, and the mean "
        "difference to the best trial, seed by seed, with an interval that allows for the best having been chosen. "
        "With several objectives the best are all that no other beats."
    )
    content = table(caption, header, rows, "metrics") if rows else paragraph("No trial has begun.")
    ended = [trial for trial in record.trials if trial.reason]
    if ended:
        why: list[Row] = [[str(t.number), Cell(escape(t.state)), Cell(shortened(t.reason))] for t in ended]
        content += table("Trials that came to no end, and why", ["trial", "", "why"], why)
    return content


def _mean(mean: Mean) -> Cell:
    interval = ""
    if mean.low is not None and mean.high is not None:
        interval = f' <span class="interval">[{number(mean.low)}, {number(mean.high)}]</span>'
    return Cell(f"{number(mean.value)}{interval}", number=True)


def _close(trial: TrialRecord) -> str:
    return " (not told apart)" if told_apart(trial) is False else ""


def _settings(trial: TrialRecord, names: Sequence[str]) -> list[Cell]:
    values = [trial.settings.get(name) for name in names]
    return [Cell(shortened(value_text(each), 60), number=isinstance(each, int | float)) for each in values]


def test_part(record: SweepRecord) -> str:
    """What the best trials are worth on text that played no part in the search."""
    if not record.test:
        return paragraph("Not judged yet: it is, once all trials came to an end.")
    names = list(dict.fromkeys(name for test in record.test for name in (*test.means, *test.undefined)))
    rows: list[Row] = [
        [
            f"{escape(name)}{arrow(name)}",
            *(_mean(test.means[name]) if name in test.means else _missing(test, name) for test in record.test),
        ]
        for name in names
    ]
    header = ["metric", *(f"trial {test.trial}, {escape(test.split)} text" for test in record.test)]
    counts = " and ".join(sorted({f"{test.count:,}" for test in record.test}))
    caption = (
        f"Means over seeds with Student's 95 % interval; {counts} sentences of each run. The recipes of the numbers "
        "are in the reports of the runs."
    )
    return table(caption, header, rows, "metrics")


def _missing(test: Tested, name: str) -> str:
    return UNDEFINED if name in test.undefined else ""


def where_part(record: SweepRecord) -> str:
    """A picture for each setting that is a number: what trials came to, against it."""
    drawn = [_slice(record, place, name) for place, name in enumerate(record.space)]
    pictures = [picture for picture in drawn if picture]
    if len(record.objectives) > 1 and record.complete:
        pictures.insert(0, _front(record))
    if not pictures:
        return paragraph("There are no two finished trials with different numbers to draw.")
    said = "A mark is a trial with the interval over its seeds; figures are trials. Filled squares: the best."
    return paragraph(said, "muted") + f'<div class="charts wide">{"".join(pictures)}</div>'


def _slice(record: SweepRecord, place: int, name: str) -> str:
    known = [trial for trial in record.complete if _is_number(trial.settings.get(name))]
    if len({trial.settings[name] for trial in known}) < 2:
        return ""
    of_factors = name in record.log

    def at(trial: TrialRecord) -> float:
        value = float(trial.settings[name])
        return math.log10(value) if of_factors else value

    paths = [
        Path([_point(at(trial), trial.means[0], trial.number)], BEST if trial.number in record.best else OTHERS)
        for trial in reversed(known)
    ]
    along = f"log10 of {name}" if of_factors else name
    svg = plane(paths, f"slice-{place}", along, record.objectives[0])
    best = min(known, key=lambda trial: record.complete.index(trial))
    summary = f"The best of these, trial {best.number}, has {value_text(best.settings[name])}."
    return figure(svg, name, escape(summary), f"slice-{place}")


def _front(record: SweepRecord) -> str:
    paths = []
    for trial in record.complete:
        x, y = trial.means[1], trial.means[0]
        ends = (x.low, x.high) if x.low is not None and x.high is not None else None
        point = _point(x.value, y, trial.number)._replace(x_ends=ends)
        paths.append(Path([point], BEST if trial.number in record.best else OTHERS))
    svg = plane(paths, "front", record.objectives[1], record.objectives[0])
    listed = ", ".join(map(str, record.best))
    return figure(
        svg, "The first two objectives", escape(f"No trial beats these in all objectives: {listed}."), "front"
    )


def _point(x: float, mean: Mean, label: int) -> Point:
    ends = (mean.low, mean.high) if mean.low is not None and mean.high is not None else None
    return Point(x, mean.value, str(label), None, ends)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def runs_part(record: SweepRecord) -> str:
    """The runs and what each seed came to."""
    rows: list[Row] = []
    for trial in record.trials:
        for seed, run in trial.runs.items():
            values = trial.seeds.get(seed, [])
            cells = [Cell(number(value), number=True) for value in values]
            blank = [Cell("", number=True)] * (len(record.objectives) - len(values))
            rows.append([str(trial.number), Cell(escape(seed), number=True), *cells, *blank, Cell(escape(run))])
    if not rows:
        return paragraph("There are none yet.")
    header = ["trial", "seed", *map(escape, record.objectives), "run"]
    return table("Ordinary runs in the sweep's folder, which all commands read", header, rows, "counts")


def repeat_part(record: SweepRecord, kept: str) -> str:
    """The file and the command."""
    text = "The sweep's file, as it stands in its folder as sweep.yaml:"
    command = f"seqgan sweep sweep.yaml --folder {record.name}-again"
    return (paragraph(escape(text)) + code(kept.rstrip("\n")) if kept else "") + code(command)
