"""What came of a sweep: trials compared over seeds, the best, and how sure that is; as a record and as a table."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqgan.errors import SeqganError
from seqgan.evaluation.intervals import mean_of
from seqgan.files import write_file
from seqgan.runs.directory import is_run, open_run
from seqgan.runs.weights import OWN, outdated, weights_of
from seqgan.sweeps.choice import allowance
from seqgan.sweeps.file import SweepFile
from seqgan.sweeps.record import RESULTS, Mean, SweepRecord, Tested, TrialRecord, is_sweep, read_record, to_json
from seqgan.sweeps.space import Dimension
from seqgan.sweeps.storage import VOID, counted, holders, locked, planned, trial_name
from seqgan.sweeps.trial import run_folder

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import FrozenTrial

CONFIDENCE = 0.95
COMPARED = ("complete", "pruned")
"""States of the trials that the best was chosen among."""
STATES = {"COMPLETE": "complete", "PRUNED": "pruned", "FAIL": "failed"}


def collect(folder: Path, sweep: SweepFile, space: Sequence[Dimension], study: "Study", name: str) -> SweepRecord:
    """All trials as they now are; with what was known of the best one on test text, if it is still the best.

    Args:
        folder: of the sweep.
        sweep: what is searched.
        space: its settings.
        study: from `storage.open_study`.
        name: of the sweep, for the reader.
    """
    with locked(folder):  # who asks whether a trial is taken must not be in the way of who takes it
        at_work = holders(folder, "trial-")
    begun = counted(study, study.get_trials(deepcopy=False))
    trials = [
        _record(folder, sweep, trial, running=trial_name(trial.number) in at_work)
        for trial in study.get_trials(deepcopy=False)
        if VOID not in trial.user_attrs and trial.state.name != "WAITING"
    ]
    best = best_of(trials, sweep.signs)
    if len(sweep.objectives) == 1 and best:
        (winner,) = [trial for trial in trials if trial.number == best[0]]
        compared = sum(trial.state in COMPARED for trial in trials)
        trials = [_with_difference(trial, winner, compared) for trial in trials]
    before = read_record(folder).test if is_sweep(folder) else []
    runs = {trial.number: {seed: folder / run for seed, run in trial.runs.items()} for trial in trials}
    return SweepRecord(
        name=name,
        command=sweep.command,
        objectives=list(sweep.objectives),
        signs=list(sweep.signs),
        planned=planned(sweep, space),
        left=max(0, planned(sweep, space) - len(begun)),
        seeds=list(sweep.seeds),
        sampler=sweep.sampler,
        pruner=sweep.pruner,
        space=sweep.space,
        log=[dimension.name for dimension in space if dimension.log],
        trials=trials,
        best=best,
        test=[test for test in before if test.trial in best and _is_of(test, runs[test.trial])],
    )


def _record(folder: Path, sweep: SweepFile, trial: "FrozenTrial", *, running: bool) -> TrialRecord:
    state = STATES.get(trial.state.name, "running" if running else "interrupted")
    seeds: dict[str, list[float]] = trial.user_attrs.get("values", {})
    begun = (
        [run_folder(folder, sweep, trial.params, trial.number, seed) for seed in sweep.seeds] if trial.params else []
    )
    runs = {str(seed): run for seed, run in zip(sweep.seeds, begun, strict=False) if run.exists()}
    weights: dict[str, dict[str, Any]] = trial.user_attrs.get("weights", {})
    return TrialRecord(
        number=trial.number,
        state=state,
        settings=dict(trial.params),
        seeds=seeds,
        means=[mean_over(values) for values in zip(*seeds.values(), strict=True)] if state == "complete" else [],
        runs={seed: str(run.relative_to(folder)) for seed, run in runs.items()},
        weights=weights,
        outdated={seed: said for seed, run in runs.items() if (said := _outdated(weights.get(seed, {}), run))},
        reason=str(trial.user_attrs.get("reason", "")),
    )


def judged_weights(runs: Mapping[str, Path]) -> dict[str, str]:
    """Of each run, by its seed, the SHA-256 of the weights that it has now."""
    now = {seed: weights_of(open_run(run)) for seed, run in runs.items() if is_run(run)}
    return {seed: weights.sha256 for seed, weights in now.items() if weights is not None}


def _is_of(test: Tested, runs: Mapping[str, Path]) -> bool:
    """Whether test figures are of the weights that their runs have now; those of earlier versions do not say it."""
    try:
        return not test.weights or test.weights == judged_weights(runs)
    except SeqganError:  # a run that cannot be read, which whoever uses it says
        return False


def _outdated(weights: Mapping[str, Any], folder: Path) -> str:
    """Why a trial's value is not of the weights that its run has now; empty where it is, or nothing is known."""
    if OWN not in weights or not is_run(folder):
        return ""
    try:
        return outdated(weights, folder / RESULTS, open_run(folder))
    except SeqganError as error:
        return str(error)


def mean_over(values: Sequence[float]) -> Mean:
    """The mean of values of several seeds with Student's interval; of one seed without."""
    value, low, high = mean_of(values).interval(CONFIDENCE)
    return Mean(value=value, low=low if math.isfinite(low) else None, high=high if math.isfinite(high) else None)


def best_of(trials: Sequence[TrialRecord], signs: Sequence[int]) -> list[int]:
    """Numbers of the trials that no other one beats: with several objectives, all that are no worse in some.

    A trial beats another if its means are nowhere worse and somewhere better. Of equal trials by one objective, the
    first counts.
    """
    points = {
        trial.number: [sign * mean.value for sign, mean in zip(signs, trial.means, strict=True)]
        for trial in trials
        if trial.state == "complete"
    }
    if not points:
        return []
    if len(signs) == 1:
        return [max(points, key=lambda number: (points[number][0], -number))]

    def beaten(own: Sequence[float]) -> bool:
        return any(
            all(a >= b for a, b in zip(other, own, strict=True)) and list(other) != list(own)
            for other in points.values()
        )

    return [number for number, own in points.items() if not beaten(own)]


def _with_difference(trial: TrialRecord, best: TrialRecord, compared: int) -> TrialRecord:
    """A trial with its difference to the best of so many."""
    import msgspec

    if trial.state != "complete" or trial.number == best.number:
        return trial
    # Runs with one seed have much in common, often the run that they start from: their differences vary less.
    differences = mean_of([own[0] - best.seeds[seed][0] for seed, own in trial.seeds.items()])
    if differences.freedom < 1:
        return msgspec.structs.replace(trial, against_best=[Mean(value=differences.value)])
    half = allowance(max(2, compared), len(trial.seeds), CONFIDENCE) * math.sqrt(differences.variance)
    value = differences.value
    return msgspec.structs.replace(trial, against_best=[Mean(value=value, low=value - half, high=value + half)])


def told_apart(trial: TrialRecord) -> bool | None:
    """Whether the interval of a trial's difference to the best is on one side of 0; None where there is none."""
    for mean in trial.against_best:
        if mean.low is not None and mean.high is not None:
            return not mean.low <= 0 <= mean.high
    return None


def figures_of(trial: TrialRecord, reports: Sequence[Mapping[str, Any]], split: str, count: int) -> Tested:
    """The test figures of a trial from the metrics of its runs' reports, each a mean over seeds.

    Args:
        trial: which.
        reports: of each run, name to ``{"value": ...}``.
        split: what the references were.
        count: sentences of each run.
    """
    names = [name for name in reports[0] if all(name in report for report in reports)]
    values = {name: [report[name]["value"] for report in reports] for name in names}
    finite = {name: of for name, of in values.items() if all(isinstance(each, int | float) for each in of)}
    means = {name: mean_over(of) for name, of in finite.items()}
    undefined = [name for name in names if name not in means]
    return Tested(trial=trial.number, split=split, count=count, means=means, undefined=undefined)


def write(record: SweepRecord, folder: Path) -> None:
    """Write the record into the sweep's folder."""
    write_file(folder / RESULTS, to_json(record))


def caveats(record: SweepRecord) -> list[str]:
    """What a reader has to know before believing the best trial."""
    said = []
    finished = len([trial for trial in record.trials if trial.state in COMPARED])
    if finished > 1:
        said.append(
            f"The best of {finished} trials was chosen by its value on validation text, which is therefore too good: "
            "some of it is luck. The test figures of the best are the ones to report; they are of the same trainings, "
            "whose luck stays: train the best anew with other seeds before you claim more."
        )
    if len(record.seeds) == 1:
        said.append("One seed says nothing of other seeds: there are no intervals. Give several seeds.")
    elif len(record.seeds) == 2:
        said.append("Intervals of two seeds are very wide; more seeds narrow them more than more trials do.")
    for trial in record.complete:
        for seed, what in trial.outdated.items():
            said.append(f"Trial {trial.number}, seed {seed}: {what}: the value is that of the earlier ones.")
    close = [trial for trial in record.complete if told_apart(trial) is False]
    if close:
        numbers = ", ".join(str(trial.number) for trial in close)
        one = len(close) == 1
        said.append(
            f"{len(close)} trial{'' if one else 's'} cannot be told apart from the best by these seeds: {numbers}. "
            f"Differences are taken seed by seed, and their intervals allow for the choice among {finished}."
        )
    if any(test.split != "test" for test in record.test):
        said.append(
            "The corpus has no test text: the figures below are on validation text, by which the best was chosen."
        )
    return said


def head(record: SweepRecord) -> str:
    """The sweep in a line."""
    count = {state: sum(trial.state == state for trial in record.trials) for state in ORDER}
    listed = ", ".join(f"{number} {state}" for state, number in count.items() if number)
    left = f", {record.left} to begin" if record.left else ""
    return f"{record.name}: {listed or 'no trials yet'}{left}; {record.planned} in all."


ORDER = ("complete", "pruned", "failed", "running", "interrupted")


def text_table(record: SweepRecord) -> str:
    """The trials as a table for a terminal, the best first; below it what is to be known of them."""
    names = list(record.space)
    header = ["trial", *(f"{name}, mean [95 %]" for name in record.objectives), "less the best", *names]
    if len(record.objectives) > 1:
        header.remove("less the best")
    rows = [
        [
            f"{trial.number}{' *' if trial.number in record.best else ''}",
            *map(shown, trial.means),
            *([shown(trial.against_best[0]) if trial.against_best else ""] if len(record.objectives) == 1 else []),
            *(value_text(trial.settings.get(name)) for name in names),
        ]
        for trial in record.complete
    ]
    for trial in record.trials:
        if trial.state != "complete":
            blank = [""] * (len(header) - len(names) - 2)
            rows.append([str(trial.number), trial.state, *blank, *(value_text(trial.settings.get(n)) for n in names)])
    widths = [max(len(row[place]) for row in [header, *rows]) for place in range(len(header))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in [header, *rows]
    ]
    for trial in record.trials:
        if trial.state in ("failed", "pruned"):
            lines.append(f"Trial {trial.number} {trial.state}: {trial.reason}")
    for test in record.test:
        said = ", ".join(f"{name} {shown(test.means[name])}" for name in _shown_names(record, test))
        lines.append(f"Trial {test.trial} on {test.split} text, {test.count:,} sentences of each run: {said}.")
        if test.undefined:
            lines.append(f"Not defined for each run of trial {test.trial}: {', '.join(test.undefined)}.")
    return "\n".join([head(record), "", *lines, "", *caveats(record)])


def _shown_names(record: SweepRecord, test: Tested) -> list[str]:
    """The objectives first, then what tells quality, diversity and likelihood."""
    usual = [*record.objectives, "nll", "bleu-4", "self-bleu-4", "distinct-2", "grammatical", "sacrebleu", "chrf"]
    return [name for name in dict.fromkeys(usual) if name in test.means]


def shown(mean: Mean) -> str:
    """A mean with its interval, where it has one."""
    if mean.low is None or mean.high is None:
        return f"{mean.value:.4f}"
    return f"{mean.value:.4f} [{mean.low:.4f}, {mean.high:.4f}]"


def value_text(value: object) -> str:
    """A setting's value, short."""
    return f"{value:.4g}" if isinstance(value, float) else "–" if value is None else str(value)
