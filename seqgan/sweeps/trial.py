"""One trial: its runs, one for each seed, trained by the package's own commands in processes of their own.

A process that ends badly, for want of memory or by a fault, is its trial's failure and not the worker's. While one
runs, its log is read, so that the trial can be given up on early.
"""

import contextlib
import hashlib
import json
import math
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from seqgan.errors import ConfigError, RunError, SeqganError
from seqgan.files import TEMPORARY_SUFFIX, write_file
from seqgan.runs.directory import is_run, open_run
from seqgan.runs.metric_log import read_metrics
from seqgan.runs.weights import said_of
from seqgan.settings.before import in_present_format, present_name
from seqgan.settings.data import DataConfig
from seqgan.settings.file import read_settings
from seqgan.settings.rules import BEFORE, with_rules_of_before
from seqgan.sweeps.file import SweepFile
from seqgan.sweeps.space import with_values
from seqgan.sweeps.storage import Claim, claim_in_turn, trial_name

if TYPE_CHECKING:
    from optuna import Study, Trial

POLL_SECONDS = 0.5
"""Between two looks at a training's log."""
PATIENCE_SECONDS = 60.0
"""That a training has to end in when it is told to."""
SEED_STEPS = 1_000_000
"""What the steps of a seed begin at behind those of the seed before it, for the pruner."""
PRETRAINED = "pretrained"
"""Folder of the runs that trials start from."""
GIVEN = "given"
"""The one that the sweep's file names."""
INTERRUPTED = (130, -2, -15)
"""How a training ends that somebody else interrupted."""

Watch = Callable[[], bool]
"""Asked now and then whether the training is to be ended."""


class Failed(Exception):
    """A training came to no end, and why."""


class Process(NamedTuple):
    """A training, as a process of its own."""

    arguments: list[str]
    """Of the command line, the command first."""
    output: Path
    """File that gets all that it says."""
    keep: Claim
    """Held as long as it runs."""


Runner = Callable[[Process, Watch], int]
"""Has a training run and gives its exit code; ends it when the watch says so."""


class Step(NamedTuple):
    """A training that makes a run, or goes on with it."""

    run: Path
    begin: list[str]
    """The command and what it takes to begin the run, but for its settings."""
    resume: list[str]
    """And what it takes to go on with it."""
    settings: Mapping[str, Any]
    """To begin it with."""


def in_a_process(process: Process, watch: Watch) -> int:
    """Have a training run in a process. When this one is interrupted, so is that one."""
    command = [sys.executable, "-m", "seqgan", *process.arguments]
    with (
        process.output.open("ab") as output,
        subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=[process.keep.descriptor],
        ) as training,
    ):
        try:
            while True:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    return training.wait(POLL_SECONDS)
                if watch():
                    return _end(training)
        except BaseException:
            _end(training)
            raise


def _end(training: "subprocess.Popen[bytes]") -> int:
    """Have it save its state and leave; what takes too long, or is not waited for any longer, is killed."""
    try:
        training.terminate()
        return training.wait(PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        training.kill()
        return training.wait()
    except BaseException:  # interrupted a second time: its last state will do
        training.kill()
        raise


def run_trial(
    folder: Path, sweep: SweepFile, study: "Study", trial: "Trial", keep: Claim, device: str, runner: Runner
) -> str:
    """Train a trial with all seeds that it was not yet trained with, and tell the study; in a line, what came of it.

    Args:
        folder: of the sweep.
        sweep: what is searched.
        study: from `storage.open_study`.
        trial: one of its trials.
        keep: the claim of the trial.
        device: where to compute.
        runner: what has a training run.
    """
    from optuna.trial import TrialState

    name = trial_name(trial.number)
    values: dict[str, list[float]] = dict(trial.user_attrs.get("values", {}))
    weights: dict[str, dict[str, Any]] = dict(trial.user_attrs.get("weights", {}))
    reported = list(study.get_trials(deepcopy=False)[trial.number].intermediate_values)
    try:
        for position, seed in enumerate(sweep.seeds):
            if str(seed) in values:
                continue
            done = list(values.values())
            made = train_seed(folder, sweep, trial, position, seed, done, reported, keep, device, runner)
            if made is None:
                trial.set_user_attr("reason", f"worse than the median of the trials before it, at seed {seed}")
                study.tell(trial, state=TrialState.PRUNED)
                return f"{name}: pruned at seed {seed}."
            values[str(seed)] = made
            trial.set_user_attr("values", values)
            trained = run_folder(folder, sweep, trial.params, trial.number, seed)
            if is_run(trained):
                weights[str(seed)] = said_of(open_run(trained))
                trial.set_user_attr("weights", weights)
        means = [sum(each) / len(sweep.seeds) for each in zip(*values.values(), strict=True)]
        study.tell(trial, means)
    except (Failed, SeqganError) as failure:
        trial.set_user_attr("reason", str(failure))
        study.tell(trial, state=TrialState.FAIL)
        return f"{name}: failed. {failure}"
    finally:
        keep.release()  # once the study knows: until then it is a trial that another worker would go on with
    said = ", ".join(f"{metric} {mean:.4f}" for metric, mean in zip(sweep.objectives, means, strict=True))
    return f"{name}: {said}."


def train_seed(
    folder: Path,
    sweep: SweepFile,
    trial: "Trial",
    position: int,
    seed: int,
    done: Sequence[Sequence[float]],
    reported: Sequence[int],
    keep: Claim,
    device: str,
    runner: Runner,
) -> list[float] | None:
    """A trial's objectives with one seed; None when it is given up on.

    Args:
        folder: of the sweep.
        sweep: what is searched.
        trial: which.
        position: of the seed among all.
        seed: of the run.
        done: the objectives with the seeds before it.
        reported: steps that the pruner was told of before the trial was interrupted.
        keep: the claim of the trial.
        device: where to compute.
        runner: what has a training run.

    Raises:
        Failed: the training ended badly, or did not log the objectives.
    """
    settings = trial_settings(sweep, trial.params, seed)
    steps = steps_of(folder, sweep, trial.number, seed, settings)
    log = folder / "logs" / f"{trial_name(trial.number)}-seed-{seed}.log"
    log.parent.mkdir(exist_ok=True)
    for step in steps[:-1]:
        pretrain_once(step, folder, log, device, runner)
    last = steps[-1]
    seen = Seen(sweep, trial, position, done, last.run / "metrics.jsonl", reported)
    code = _run(last, folder, log, keep, device, runner, seen.to_be_pruned)
    if seen.pruned:
        return None
    _check_ended(code, log)
    return objectives_of(sweep, last.run)


class Seen:
    """What a training has logged so far, told to the pruner at each evaluation.

    Args:
        sweep: what is searched.
        trial: which.
        position: of the seed among all.
        done: the objectives with the seeds before it.
        path: of the log.
        reported: steps that the pruner was told of before the trial was interrupted.
    """

    def __init__(
        self,
        sweep: SweepFile,
        trial: "Trial",
        position: int,
        done: Sequence[Sequence[float]],
        path: Path,
        reported: Sequence[int] = (),
    ):
        self.pruned = False
        self._sweep = sweep
        self._trial = trial
        self._position = position
        self._done = [values[0] for values in done]
        self._path = path
        self._reported = set(reported)

    def to_be_pruned(self) -> bool:
        """Tell what is new, and say whether the trial is worse than others were."""
        if self._sweep.pruner == "none":
            return False
        for line in evaluations(self._sweep, self._path):
            step = self._position * SEED_STEPS + line["step"]
            value = line.get(f"eval/{self._sweep.objectives[0]}")
            if step in self._reported or value is None:
                continue
            self._reported.add(step)
            mean = (sum(self._done) + value) / (len(self._done) + 1)
            self._trial.report(mean, step)
            if self._trial.should_prune():
                self.pruned = True
        return self.pruned


def evaluations(sweep: SweepFile, path: Path) -> list[dict[str, Any]]:
    """The lines of a run's log that hold judgements of the phase that the sweep is about."""
    phase = "pretrain" if sweep.command == "pretrain" else "adversarial"
    return [
        line for line in read_metrics(path) if line["phase"] == phase and any(key.startswith("eval/") for key in line)
    ]


def objectives_of(sweep: SweepFile, run: Path) -> list[float]:
    """What a finished run is worth: its objectives where its kept weights were judged, on validation text.

    Raises:
        Failed: its log does not have them.
    """
    lines = evaluations(sweep, run / "metrics.jsonl")
    if not lines:
        raise Failed("its log holds no evaluation")
    kept = lines[-1]
    if sweep.command == "pretrain" and open_run(run).config.pretrain.patience:
        # The weights of the first best epoch are the ones that are kept.
        kept = min(lines, key=lambda line: math.inf if line["eval/nll"] is None else line["eval/nll"])
    values = [kept.get(f"eval/{name}") for name in sweep.objectives]
    for name, value in zip(sweep.objectives, values, strict=True):
        if value is None:
            logged = ", ".join(sorted(key.removeprefix("eval/") for key in kept if key.startswith("eval/")))
            why = (
                "is not finite"
                if f"eval/{name}" in kept
                else f"is not judged, or not defined, of this text; that is {logged}"
            )
            raise Failed(f"the objective {name} {why}")
    return [float(value) for value in values if value is not None]


def pretrain_once(step: Step, folder: Path, log: Path, device: str, runner: Runner) -> None:
    """Make the run that a trial starts from, unless another trial with the same text and generator has.

    Where another worker is at it, its end is waited for.

    Raises:
        Failed: it ended badly.
    """
    with claim_in_turn(folder, f"{PRETRAINED}-{step.run.name}") as keep:
        done = step.run.with_name(f"{step.run.name}.done")
        if done.exists():
            return
        _check_ended(_run(step, folder, log, keep, device, runner, lambda: False), log)
        write_file(done, "")


def _run(step: Step, folder: Path, log: Path, keep: Claim, device: str, runner: Runner, watch: Watch) -> int:
    # A run's folder is made whole or not at all. One that is there knows its own settings.
    arguments = step.resume
    if not step.run.exists():
        import yaml

        path = folder / "settings" / f"{step.run.name}.yaml"
        path.parent.mkdir(exist_ok=True)
        write_file(path, yaml.safe_dump(dict(step.settings), sort_keys=False, allow_unicode=True))
        arguments = [*step.begin, "--config", str(path)]
    return runner(Process([*arguments, "--device", device], log, keep), watch)


def _check_ended(code: int, log: Path) -> None:
    """That a training came to its end.

    Raises:
        Failed: it did not, and its last words.
        KeyboardInterrupt: it was interrupted: so is this worker, and the trial can be gone on with.
    """
    if code == 0:
        return
    if code in INTERRUPTED:
        raise KeyboardInterrupt
    if code < 0:
        hint = ", perhaps for want of memory" if code == -9 else ""
        raise Failed(f"its process was ended by signal {-code}{hint}; see {log}")
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n") if log.exists() else []
    said = [line for line in lines if line.startswith("seqgan: ")]
    last = said[-1].removeprefix("seqgan: ").removeprefix("error: ") if said else f"exit code {code}, see {log}"
    raise Failed(" ".join(last.split()))


def trial_settings(sweep: SweepFile, values: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """The settings of one run: those of all trials, those of this one, and the seed, which the split of a text does not
    follow: the spread over seeds is that of the training."""
    present = {present_name(name): value for name, value in values.items()}
    settings = dict(in_present_format(sweep.settings, "its settings"))
    section, name = settings.get("algorithm"), present.get("algorithm.name")
    if isinstance(section, dict) and name is not None and section.get("name", name) != name:
        del settings["algorithm"]  # what is one algorithm's own is none of another's
    settings = with_values({**settings, "seed": seed}, present)
    settings.pop("format", None)
    return settings


def steps_of(folder: Path, sweep: SweepFile, number: int, seed: int, settings: Mapping[str, Any]) -> list[Step]:
    """The trainings of a trial with a seed, in order."""
    name = f"{trial_name(number)}-seed-{seed}"
    if sweep.command == "pretrain":
        make = ["pretrain", "--run", str(folder / name)]
        return [Step(folder / name, make, [*make, "--resume"], settings)]
    if sweep.command == "adversarial" and sweep.run is None:
        make = ["adversarial", "--run", str(folder / name), "--no-verdict"]
        corpus = str((settings.get("data") or {}).get("corpus", DataConfig().corpus))
        return [Step(folder / name, [*make, "--corpus", corpus], [*make, "--resume"], settings)]
    steps = []
    parent = folder / PRETRAINED / GIVEN
    if sweep.command == "both":
        own = {key: settings[key] for key in ("seed", "data", "generator", "pretrain") if settings.get(key)}
        mark = hashlib.sha256(json.dumps(own, sort_keys=True).encode()).hexdigest()[:8]
        parent = folder / PRETRAINED / f"seed-{seed}-{mark}"
        make = ["pretrain", "--run", str(parent)]
        steps = [Step(parent, make, [*make, "--resume"], own)]
    make = ["adversarial", "--run", str(parent), "--name", name, "--no-verdict"]
    return [*steps, Step(parent / name, make, [*make, "--resume"], settings)]


def run_folder(folder: Path, sweep: SweepFile, values: Mapping[str, Any], number: int, seed: int) -> Path:
    """Where the run of a trial with a seed is."""
    return steps_of(folder, sweep, number, seed, trial_settings(sweep, values, seed))[-1].run


def refuse_rules_of_before(folder: Path) -> None:
    """That no trial of a sweep was trained by rules that have changed since: new ones would not compare with it.

    Raises:
        ConfigError: one was.
    """
    for path in sorted(folder.glob("**/config.yaml")):
        if GIVEN in path.relative_to(folder).parts:
            continue  # from one run that all trials share
        settings = with_rules_of_before(read_settings(path))
        for section, rules in {name: BEFORE[name] for name in ("data", "pretrain")}.items():
            for rule, value in rules.items():
                if isinstance(settings.get(section), dict) and settings[section].get(rule) == value:
                    raise ConfigError(
                        f"{path.parent} was trained by an earlier version ({section}.{rule}: {value}), and new trials "
                        "would not compare with it: begin another sweep with --folder; --report shows this one."
                    )


def copy_given_run(sweep: SweepFile, folder: Path) -> None:
    """Put the run that trials start from into the sweep's folder, without its children and training states.

    Raises:
        RunError: no run is there, or it has no finished weights.
    """
    target = folder / PRETRAINED / GIVEN
    if sweep.run is None or target.exists():
        return
    given = open_run(sweep.run)
    if not given.generator_path.is_file():
        raise RunError(f"{given.generator_path} does not exist: the run has no finished weights yet; train it first.")
    unfinished = target.with_name(target.name + TEMPORARY_SUFFIX)
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    for path in given.folder.iterdir():
        if path.is_file() and not path.name.endswith(TEMPORARY_SUFFIX):
            shutil.copyfile(path, unfinished / path.name)
    unfinished.rename(target)
