"""Which pictures a page of runs has, and what each shows in words."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from seqgan.reporting.figures import Interval, Line, Panel, Path, Point, curves, intervals, plane
from seqgan.reporting.html import escape, shorter
from seqgan.reporting.read import ORDERS, Controls, Logged, Measured, RunRecord


class Chart(NamedTuple):
    """A picture and its words."""

    key: str
    title: str
    svg: str
    summary: str
    """HTML."""


class Curve(NamedTuple):
    """A logged number that has a picture."""

    name: str
    """As the log has it."""
    title: str
    says: str
    """What it is, and what to look for."""
    spread: str = ""
    """Name of the logged half height of a band."""
    beside: str = ""
    """Name of another number that is drawn thin: of maximum likelihood, or for comparison."""
    level: float | None = None
    pretraining: bool = False
    """Whether the maximum-likelihood phase logs the same number."""
    low: float | None = None
    high: float | None = None
    least: float = 0.0
    """Of the scale; see `figures.curves`."""


CURVES = (
    Curve(
        *("eval/nll", "Held-out likelihood, nats a token"),
        "Lower is better; steady rise in the adversarial phase is likelihood lost. Dotted: the training text's.",
        beside="generator/loss",
        pretraining=True,
    ),
    Curve(
        *("eval/nll", "Held-out likelihood, adversarial phase"),
        "The same on a scale of its own.",
        least=0.1,
    ),
    Curve("eval/bleu-4", "BLEU-4 against the validation text", "Quality: higher is better.", least=0.05),
    Curve("eval/self-bleu-4", "Self-BLEU-4", "Sameness: lower is more diverse.", least=0.05),
    Curve("eval/sacrebleu", "sacreBLEU on validation pairs", "Higher is better, from 0 to 100.", least=2.0),
    Curve("eval/chrf", "chrF on validation pairs", "Of character n-grams: higher is better.", least=2.0),
    Curve(
        "eval/unique",
        "Distinct answers",
        "Distinct answers over all answers: a fall is one answer for many sources.",
        least=0.05,
    ),
    Curve("eval/distinct-2", "Distinct bigrams", "Diversity: share of all bigrams that are distinct.", least=0.05),
    Curve("eval/grammatical", "Grammatical sentences", "Share of samples that the corpus's grammar makes.", low=0),
    Curve(
        *("eval/js-4", "Divergence of character 4-grams"),
        "From the training text: lower is better. Dotted: the floor, of as many real lines.",
        beside="eval/js-4-floor",
    ),
    Curve(
        *("generator/reward", "Generator: reward"),
        "Mean value of a token, with its spread over tokens as a band: no spread is nothing to learn from.",
        spread="generator/reward_std",
    ),
    Curve("generator/entropy", "Generator: entropy, nats a token", "Falling towards 0 is collapse.", low=0),
    Curve(
        *("generator/effective_sample_size", "Generator: effective sample size"),
        "How many samples share the weight: near 1, one drives the update.",
        low=0,
    ),
    Curve("generator/length", "Generator: tokens a sample", "Drift means that rewards pay for length.", low=0),
    Curve("generator/temperature", "Generator: temperature", "What the logits of relaxed samples are divided by."),
    Curve(
        *("discriminator/accuracy", "Discriminator: accuracy"),
        "Share told apart; of gad and relaxed samples, of pairs put in the right order. Near 1 it is too far ahead, as "
        "a Wasserstein critic is meant to be; at 0.5 (dashed) blind.",
        level=0.5,
        low=0.45,
        high=1.0,
    ),
    Curve("discriminator/logit_gap", "Discriminator: logit gap", "Real less generated: growth without bound is a win."),
    Curve(
        "discriminator/loss", "Discriminator: loss", "Near 0 it is certain; a Wasserstein critic's is minus a distance."
    ),
)


def charts(runs: Sequence[RunRecord]) -> list[Chart]:
    """The curves of everything that some run has logged, in the order of `CURVES`."""
    drawn = (curve_chart(curve, runs) for curve in CURVES)
    return [chart for chart in drawn if chart is not None]


def curve_chart(curve: Curve, runs: Sequence[RunRecord]) -> Chart | None:
    """The picture of one logged number over the phases; None where no run has it."""
    panels = [
        Panel("pretraining", "epochs", pretraining_lines(curve, runs) if curve.pretraining else []),
        Panel("warm-up", "batches", phase_lines(curve, [run.warmup for run in runs]), narrow=True),
        Panel("adversarial", "rounds", phase_lines(curve, [run.rounds for run in runs])),
    ]
    if not any(value is not None for panel in panels for line in panel.lines for value in line.y):
        return None
    key = re.sub("[^a-z0-9]+", "-", curve.title.lower())
    said = " ".join(filter(None, (in_words(curve, run, named=len(runs) > 1) for run in runs)))
    svg = curves(panels, key, level=curve.level, low=curve.low, high=curve.high, least=curve.least)
    return Chart(key, curve.title, svg, f"{escape(curve.says)} {said}")


def pretraining_lines(curve: Curve, runs: Sequence[RunRecord]) -> list[Line]:
    """Each maximum-likelihood phase once; one that several runs share is in the colour of text."""
    origins = dict.fromkeys(run.origin for run in runs if run.pretraining)
    lines = []
    for origin in origins:
        of = [place for place, run in enumerate(runs) if run.origin == origin]
        log = runs[of[0]].pretraining
        series = of[0] if len(of) == 1 else None
        steps = [line["step"] for line in log]
        lines.append(Line(steps, [line.get(curve.name) for line in log], series))
        if curve.beside:
            lines.append(Line(steps, [line.get(curve.beside) for line in log], series, light=True))
    return lines


def phase_lines(curve: Curve, logs: Sequence[Sequence[Logged]]) -> list[Line]:
    """A line for each run's log of a phase."""
    lines = []
    for place, log in enumerate(logs):
        with_it = [line for line in log if curve.name in line]
        if not with_it:
            continue
        steps = [line["step"] for line in with_it]
        spread = [line.get(curve.spread) for line in with_it] if curve.spread else None
        lines.append(Line(steps, [line[curve.name] for line in with_it], place, spread))
        floor = [line[curve.beside] for line in log if line.get(curve.beside) is not None] if curve.beside else []
        if floor and not curve.pretraining:
            lines.append(Line([steps[0], steps[-1]], [floor[0], floor[0]], place, light=True))
    return lines


def in_words(curve: Curve, run: RunRecord, *, named: bool) -> str:
    """What a run's curve does, for those who do not see it, with the run's name or without; HTML."""
    parts = []
    if curve.pretraining:
        parts.append(_course(curve.name, run.pretraining, "epoch"))
    parts.append(_course(curve.name, run.rounds, "round"))
    said = "; then ".join(filter(None, parts))
    if not said:
        return ""
    return f"<br>{_named(run)}: {said}." if named else f"{said[0].upper()}{said[1:]}."


def _named(run: RunRecord) -> str:
    return f'<bdi class="excerpt">{escape(shorter(run.label))}</bdi>'


def _course(name: str, log: Sequence[Logged], unit: str) -> str:
    """From where to where a number goes."""
    values = [(line[name], line["step"]) for line in log if line.get(name) is not None]
    if not values:
        return ""
    (first, start), (last, end) = values[0], values[-1]
    if len(values) == 1:
        return f"{first:.3g} at {unit} {start}"
    (low, at_low), (high, at_high) = min(values), max(values)
    between = []
    if at_low not in (start, end):
        between.append(f"lowest {low:.3g} at {at_low}")
    if at_high not in (start, end):
        between.append(f"highest {high:.3g} at {at_high}")
    inside = f" ({', '.join(between)})" if between else ""
    return f"from {first:.3g} at {unit} {start} to {last:.3g} at {end}{inside}"


def sweep_chart(runs: Sequence[RunRecord]) -> Chart | None:
    """Quality against diversity over temperatures, of runs and of those they came from; None without a sweep.

    Sweeps of other measures than the first one's are left out, as they cannot be laid over it.
    """
    shown: list[tuple[RunRecord, int | None]] = [(run, place) for place, run in enumerate(runs)]
    labels = {run.label for run in runs}
    for run in runs:
        if run.parent is not None and run.parent.label not in labels:
            labels.add(run.parent.label)
            shown.append((run.parent, None))
    measures, paths, said = None, [], []
    labelled: list[list[float]] = []
    for run, series in shown:
        sweep = run.sweep
        if sweep is None or not sweep.points or measures not in (None, sweep[:3]):
            continue
        measures = sweep[:3]
        temperatures = [point.temperature for point in sweep.points]
        # Figures at every mark of every curve would cover them: the first curve has some, and others the same order.
        named = {temperatures[0], 1.0, temperatures[-1]} if temperatures not in labelled else set()
        labelled.append(temperatures)
        points = [
            Point(
                *(point.diversity.value, point.quality.value),
                label=f"T {point.temperature:g}" if point.temperature in named else "",
                x_ends=_ends(point.diversity),
                y_ends=_ends(point.quality),
            )
            for point in sweep.points
        ]
        paths.append(Path(points, series, hollow=series is None))
        listed = ", ".join(
            f"T {point.temperature:g}: {point.quality.value:.3f} / {point.diversity.value:.3f}"
            for point in sweep.points
        )
        whose = " (where it came from)" if series is None else ""
        if sweep.undefined:
            listed += f"; not defined at T {', '.join(f'{temperature:g}' for temperature in sweep.undefined)}"
        said.append(f"<br>{_named(run)}{whose}: {listed}.")
    if measures is None:
        return None
    quality, diversity, sharper = measures
    words = ("less diverse", "better ↖") if sharper > 0 else ("more diverse", "better ↗")
    x_name, y_name = _measure_name(diversity), _measure_name(quality)
    svg = plane(paths, "sweep", f"{x_name}: {words[0]} →", f"{y_name}: better quality →", words[1])
    text = (
        "Marks are temperatures, T, from one end to the other, with intervals as thin lines where these are known. "
        f"{escape(quality)} / {escape(diversity)}: {' '.join(said)}"
    )
    return Chart("sweep", "Over sampling temperatures", svg, text)


def controls_chart(controls: Controls, number: int) -> Chart | None:
    """Differences of quality at equal diversity from each opponent; None where none is known.

    Args:
        controls: of a run.
        number: of the run on the page.
    """
    known = [(each, each.difference) for each in controls.opponents if each.difference is not None]
    if not known:
        return None
    rows = [Interval(each.title, difference.value, _ends(difference)) for each, difference in known]
    quality = _measure_name(controls.quality)
    key = f"controls-{number}"
    svg = intervals(rows, key, f"{quality}: the run less the opponent, better →")
    said = "; ".join(f"{each.title}: {_difference(difference)}" for each, difference in known)
    text = f"At equal {escape(controls.diversity)}, with intervals; right of 0 the run is better. {escape(said)}."
    return Chart(key, "Beside each opponent", svg, text)


def _difference(measured: Measured) -> str:
    ends = _ends(measured)
    return f"{measured.value:+.4f}" + ("" if ends is None else f" [{ends[0]:+.4f}, {ends[1]:+.4f}]")


def _measure_name(name: str) -> str:
    """The name of a measure as it is drawn: it comes from a file, and letters, digits and hyphens alone are."""
    return re.sub("[^a-z0-9-]", "", name.lower())


def _ends(measured: Measured) -> tuple[float, float] | None:
    return None if measured.low is None or measured.high is None else (measured.low, measured.high)


def trajectory_chart(runs: Sequence[RunRecord]) -> Chart | None:
    """Quality against diversity along the training; None where no run has logged both."""
    for order in ORDERS:
        paths = []
        for series, run in enumerate(runs):
            known = [
                (line[f"eval/self-bleu-{order}"], line[f"eval/bleu-{order}"], line["step"])
                for line in run.rounds
                if line.get(f"eval/bleu-{order}") is not None and line.get(f"eval/self-bleu-{order}") is not None
            ]
            ends = {0, len(known) - 1}
            points = [Point(x, y, str(step) if at in ends else "") for at, (x, y, step) in enumerate(known)]
            if points:
                paths.append(Path(points, series))
        if paths:
            names = f"self-BLEU-{order}: less diverse →", f"BLEU-{order}: better quality →"
            text = "Each mark is an evaluation against the validation text; figures are rounds, the first and the last."
            return Chart("trajectory", "Along the training", plane(paths, "trajectory", *names, "better ↖"), text)
    return None
