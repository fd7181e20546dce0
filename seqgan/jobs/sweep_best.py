"""What the best trial of a sweep is worth on text that played no part in the search."""

from pathlib import Path

import msgspec

from seqgan.errors import RunError
from seqgan.progress import SILENT, Progress
from seqgan.reporting.read import read_evaluation
from seqgan.runs.directory import open_run
from seqgan.runs.load import load_text
from seqgan.settings.adversarial import AdversarialConfig
from seqgan.sweeps.record import SweepRecord, Tested, TrialRecord
from seqgan.sweeps.results import figures_of, judged_weights
from seqgan.sweeps.storage import claim_in_turn
from seqgan.sweeps.trial import Process, in_a_process


def with_best_judged(
    record: SweepRecord, folder: Path, *, device: str = "auto", progress: Progress = SILENT
) -> SweepRecord:
    """The record with what the best trials are worth on test text; what is known of it already is not measured again.

    Args:
        record: of trials that all came to an end.
        folder: of the sweep.
        device: where to compute.
        progress: is told which trial is judged.

    Raises:
        RunError: a run could not be evaluated.
    """
    known = {test.trial for test in record.test}
    tests = list(record.test)
    for trial in record.trials:
        if trial.number in record.best and trial.number not in known:
            progress.note(f"Judging trial {trial.number} on test text.")
            tests.append(_judged(trial, folder, device))
    return msgspec.structs.replace(record, test=tests)


def _judged(trial: TrialRecord, folder: Path, device: str) -> Tested:
    """Have all runs of a trial evaluated as `seqgan evaluate` does, which keeps the tables in the runs."""
    reports = []
    runs = [open_run(folder / path) for path in trial.runs.values()]
    config = runs[0].config.adversarial
    count = AdversarialConfig().evaluate_samples if config is None else config.evaluate_samples
    with claim_in_turn(folder, "test") as keep:
        for run in runs:
            log = folder / "logs" / f"test-{run.folder.name}.log"
            what = ["evaluate", "--run", str(run.folder), "--count", str(count), "--table-only", "--quiet"]
            if in_a_process(Process([*what, "--device", device], log, keep), lambda: False):
                raise RunError(f"{run.folder} could not be evaluated: see {log}.")
            evaluation = read_evaluation(run.report_path)
            assert evaluation is not None
            reports.append(evaluation.report)
    split = "test" if load_text(runs[0]).corpus.test else "valid"
    figures = figures_of(trial, [report.to_json() for report in reports], split, count)
    weights = judged_weights({seed: folder / path for seed, path in trial.runs.items()})
    return msgspec.structs.replace(figures, weights=weights)
