"""What the package costs beside something that must be paid anyway: start-up, verdicts, memory.

The rows of scripts/benchmarks/rows.py are two contenders for the same work. Here a figure of the package stands over
one that it is measured by, and small ratios are good: processes over the import of torch, samples of a verdict that
looks over one that does not, peaks of memory over what was asked.
"""

import atexit
import contextlib
import itertools
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch
from endurance.forms import forms, write_corpora

from benchmarks.extra import extra
from seqgan.cli.main import main as seqgan
from seqgan.evaluation.temperatures import TemperatureSweep
from seqgan.evaluation.verdict import judge_sweeps, wants_more_sets
from seqgan.evaluation.verdict_looks import Looks
from seqgan.jobs.compare import QUICK_SETS, QUICK_TEMPERATURES
from seqgan.jobs.compare_samples import Samples, contender_of, judge_samples
from seqgan.progress import SILENT
from seqgan.runs.directory import open_run

ROLLOUT_MEBIBYTES = 400
"""Asked of the extra memory of `rollout-20`."""
BUDGET = 192
"""MiB that the rows of budgets may take."""
BUDGET_TOLERANCE = 1.2
"""A tenth above a budget, and another for the coarse blocks of the C library."""
EPOCHS = 4
"""Of the reference of a verdict."""
IMPORT = "import torch"


class Cost(NamedTuple):
    """A figure of the package, and the one it is measured by."""

    what: str
    """What the package does."""
    over: str
    """What it is measured by."""
    unit: str
    """Of both."""
    call: Callable[[], tuple[float, float]]
    """Both, measured once: the package's and the other."""


class Goal(NamedTuple):
    """A row of costs."""

    make: Callable[[bool], Cost]
    """Of whether tiny sizes are wanted."""
    at_most: float | None
    """The ratio that is asked."""
    rounds: int
    """Of which the median is taken. Memory is that of a fresh process: one."""


def result_of(name: str, quick: bool, rounds: int | None = None) -> dict[str, Any]:
    """A row's result, round by round.

    Args:
        name: one of `COSTS`.
        quick: tiny sizes, and one round.
        rounds: in place of the row's own number.
    """
    goal = COSTS[name]
    cost = goal.make(quick)
    number = 1 if quick or goal.rounds == 1 else rounds or goal.rounds
    ours, others = zip(*(cost.call() for _ in range(number)), strict=True)
    ratios = [one / other for one, other in zip(ours, others, strict=True)]
    return {
        "what": cost.what,
        "over": cost.over,
        "unit": cost.unit,
        "at_most": goal.at_most,
        "ratio": statistics.median(ratios),
        "ratios": ratios,
        "package": statistics.median(ours),
        "other": statistics.median(others),
    }


def start_up(quick: bool, command: str) -> Cost:
    """A whole process of a command on the tiniest of runs, over one that only imports torch, one after the other."""
    folder = _folder()
    write_corpora(folder)
    for form in ("pretrain-words", "seqgan"):
        _train(folder, form, 1)
    options = {"sample": ["--count", "1"], "score": ["--input", "words/valid.txt"]}[command]
    ours = ["-m", "seqgan", command, "--run", "runs/words/seqgan", *options, "--device", "cpu", "--quiet"]
    turns = itertools.count()

    def call() -> tuple[float, float]:
        # Who begins changes, as in the rows of contenders.
        both = [ours, ["-c", IMPORT]]
        if next(turns) % 2 == 0:
            return process_seconds(both[0], folder), process_seconds(both[1], folder)
        other = process_seconds(both[1], folder)
        return process_seconds(both[0], folder), other

    if not quick:
        # Files that are read for the first time come from the disk.
        call()
    return Cost(
        f"`seqgan {command} {' '.join(options)}` with a tiny run",
        f'`python -c "{IMPORT}"`; whole processes',
        "CPU s",
        call,
    )


def process_seconds(arguments: list[str], folder: Path) -> float:
    """CPU seconds of a whole process of this Python, from its start to its end."""
    before = os.times()
    environment = {**os.environ, "OMP_NUM_THREADS": str(torch.get_num_threads())}
    done = subprocess.run([sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"python {' '.join(arguments)} ended with {done.returncode}: {done.stderr.strip()}")
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def verdict(quick: bool, of_time: bool, longer: bool = False) -> Cost:
    """A real verdict on two tiny runs with looks, and without: samples drawn, or seconds of the processor.

    Args:
        quick: fewer sentences and sets.
        of_time: seconds rather than samples.
        longer: the run that is judged was pretrained for longer, so that the difference is plain; without, it is a run
            like the reference with another seed.
    """
    folder = _folder()
    write_corpora(folder)
    sentences, sets, temperatures = (8, 2, (1.0,)) if quick else (200, QUICK_SETS, QUICK_TEMPERATURES)
    few, many = (1, 2) if quick else (EPOCHS, 10 * EPOCHS)
    for name, seed, epochs in (("reference", 0, few), ("judged", 1, many if longer else few)):
        _train(folder, "pretrain-words", epochs, "--run", f"runs/{name}", "--seed", str(seed))
    both = [contender_of(open_run(folder / "runs" / name), None, "cpu") for name in ("judged", "reference")]

    def samples(seed: int) -> list[Samples]:
        how: dict[str, Any] = {"likelihood": False, "progress": SILENT}
        return [Samples(each, temperatures, sentences, seed, **how) for each in both]

    def drawn(of: list[Samples]) -> int:
        sweeps: list[TemperatureSweep] = [each.all_sets() for each in of]
        return sum(sentences * len(point.quality) for sweep in sweeps for point in sweep.points)

    def with_looks(seed: int) -> int:
        ours, theirs = samples(seed)
        judge_samples([ours], theirs, sets, ("judged", "reference"), SILENT)
        return drawn([ours, theirs])

    def without(seed: int) -> int:
        # One look at all planned sets, and twice as many where its intervals are a little wide.
        of = samples(seed)
        looked = judge_sweeps([of[0].first_sets(sets)], of[1].first_sets(sets), coverage=Looks(sets).coverage)
        if wants_more_sets(looked):
            for each in of:
                each.first_sets(2 * sets)
        return drawn(of)

    seeds = itertools.count()

    def call() -> tuple[float, float]:
        seed, figures = next(seeds), []
        for way in (with_looks, without):
            started = time.process_time()
            number = way(seed)
            figures.append(time.process_time() - started if of_time else float(number))
        return figures[0], figures[1]

    difference = "pretrained ten times as long" if longer else "pretrained with another seed"
    return Cost(
        f"a verdict in looks on a tiny run {difference}: {len(temperatures)} temperatures, {sets} sets planned, "
        f"{sentences} sentences a set",
        "a verdict of one look, or of two where the intervals are a little wide",
        "CPU s" if of_time else "samples",
        call,
    )


def memory(quick: bool, name: str, over: str, mebibytes: Callable[[bool], float], budget: int = 0) -> Cost:
    """The peak of a call of `benchmarks.extra`, in this process, which must be fresh.

    Args:
        quick: tiny sizes.
        name: of the call.
        over: what the peak is measured by.
        mebibytes: of that, given `quick`.
        budget: MiB that the call is given; 0 has none.
    """

    def call() -> tuple[float, float]:
        return extra(name, torch.get_num_threads(), budget, quick)[1], mebibytes(quick)

    return Cost(f"extra memory of {name}" + (f" with a budget of {budget} MiB" if budget else ""), over, "MiB", call)


def logits_mebibytes(quick: bool) -> float:
    """Of the logits of all positions that `likelihood-100000` scores, in float32."""
    positions, vocabulary = (4 * 40, 50) if quick else (200 * 40, 100_000)
    return 4 * positions * vocabulary / 2**20


def _train(folder: Path, form: str, steps: int, *options: str) -> None:
    """A tiny training, in a folder that `write_corpora` has filled.

    Args:
        folder: runs/words or runs/words/seqgan are made in it, where options do not say otherwise.
        form: one of `endurance.forms.forms`.
        steps: epochs or rounds.
        options: more flags.

    Raises:
        RuntimeError: it failed; what it said stands on standard error.
    """
    made = forms()[form]
    command = [*made.command, made.steps, str(steps), *options, "--quiet", "--device", "cpu"]
    with contextlib.chdir(folder):
        code = seqgan(command)
    if code:
        raise RuntimeError(f"seqgan {' '.join(command)} ended with {code}.")


def _folder() -> Path:
    """A new one, that goes with this process."""
    path = Path(tempfile.mkdtemp(prefix="bench-"))
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


def _rollout(name: str) -> Goal:
    over, asked = f"the {ROLLOUT_MEBIBYTES} MiB that are asked of rollout-20", 1.0 if name == "rollout-20" else None
    return Goal(lambda quick: memory(quick, name, over, lambda _: ROLLOUT_MEBIBYTES), asked, 1)


def _budget(name: str) -> Goal:
    return Goal(lambda quick: memory(quick, name, "what it is allowed", lambda _: BUDGET, BUDGET), BUDGET_TOLERANCE, 1)


COSTS = {
    "start-up-sample": Goal(lambda quick: start_up(quick, "sample"), None, 5),
    "start-up-score": Goal(lambda quick: start_up(quick, "score"), None, 5),
    "verdict-samples": Goal(lambda quick: verdict(quick, of_time=False, longer=True), None, 5),
    "verdict-seconds": Goal(lambda quick: verdict(quick, of_time=True, longer=True), None, 5),
    "verdict-samples-alike": Goal(lambda quick: verdict(quick, of_time=False), None, 5),
    **{f"memory-{name}": _rollout(name) for name in ("rollout-20", "rollout-40", "rollout-hidden-512")},
    "memory-likelihood-100000": Goal(
        lambda quick: memory(quick, "likelihood-100000", "the logits of all positions, in float32", logits_mebibytes),
        None,
        1,
    ),
    **{f"budget-{name}": _budget(name) for name in ("sampling", "scoring", "likelihood-5000")},
}
