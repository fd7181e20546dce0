"""What several workers share: the journal of trials, and who works on what.

The trials are an Optuna study in a journal file, which processes and hosts append to under Optuna's own lock. Which
trial is being worked on is told by locks of the system on files in ``claims/``: they are gone with the process that
held them, however it ended. A training that its worker started holds its trial's lock as well, so that a trial whose
worker was killed is taken up by another only once nothing writes into its runs any more. Such locks reach as far as
the file system does: a network file system has to pass them on between hosts, as NFS 4, Lustre and GPFS can.
"""

import contextlib
import json
import os
import random
import socket
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple

from seqgan.errors import CheckpointError
from seqgan.files import read_file
from seqgan.locks import holder_of, take
from seqgan.sweeps.file import SweepFile
from seqgan.sweeps.space import Dimension, grid

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.distributions import BaseDistribution
    from optuna.samplers import BaseSampler
    from optuna.trial import FrozenTrial

JOURNAL = "trials.journal"
STUDY = "sweep"
WORKER = "worker-"
"""What the names of workers begin with."""
VOID = "void"
"""Attribute of a trial whose worker died before its settings were drawn; it counts for nothing."""
FORGIVEN = "forgiven"
"""Attribute of the study: numbers of failed trials that others take the place of."""
GIVE_UP = 3
"""When so many trials failed and none came to an end, no more are begun."""


class Claim:
    """A lock of the system, held until `release` or the end of all processes that have its descriptor.

    Attributes:
        descriptor: to hand on to a process, which then holds the lock too.
    """

    def __init__(self, descriptor: int):
        self.descriptor = descriptor

    def release(self) -> None:
        """Let go of it here; a process that it was handed on to keeps it."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
        self.descriptor = -1

    def __enter__(self) -> "Claim":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def claim(folder: Path, name: str) -> Claim | None:
    """Take what is called `name`; None where it is taken."""
    descriptor = take(_place(folder, name), _holder())
    return None if descriptor is None else Claim(descriptor)


def claim_in_turn(folder: Path, name: str) -> Claim:
    """Take what is called `name`, once it is free."""
    descriptor = take(_place(folder, name), _holder(), wait=True)
    assert descriptor is not None
    return Claim(descriptor)


def _place(folder: Path, name: str) -> Path:
    place = folder / "claims" / f"{name}.lock"
    place.parent.mkdir(parents=True, exist_ok=True)
    return place


def _holder() -> str:
    return json.dumps({"host": socket.gethostname(), "pid": os.getpid()})


def holders(folder: Path, prefix: str) -> dict[str, dict[str, Any]]:
    """Host and process of whoever holds something whose name begins with `prefix`, by its name."""
    found = {}
    for place in sorted((folder / "claims").glob(f"{prefix}*.lock")):
        taken = claim_is_held(place)
        if taken is not None:
            found[place.stem] = taken
    return found


def claim_is_held(place: Path) -> dict[str, Any] | None:
    """What the holder of a lock wrote into its file; None where nobody holds it."""
    written = holder_of(place)
    if written is None:
        return None
    with contextlib.suppress(ValueError):
        return dict(json.loads(written))
    return {}


def open_study(folder: Path, sweep: SweepFile) -> "Study":
    """The trials of a sweep; new where it has none yet.

    Raises:
        CheckpointError: its journal is damaged.
    """
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend, JournalFileSymlinkLock

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    path = folder / JOURNAL
    lock = JournalFileSymlinkLock(str(path))
    with locked(folder):
        if path.exists():
            lock.acquire()
            try:
                mend(path)
            except OSError as error:  # such as a pipe, which Optuna would wait for
                raise CheckpointError(
                    f"{path} cannot be read: {error.strerror}. Restore it from a copy, or begin another sweep with "
                    "--folder."
                ) from error
            finally:
                lock.release()
        try:
            storage = JournalStorage(JournalFileBackend(str(path), lock_obj=lock))
            return optuna.create_study(
                storage=storage,
                study_name=STUDY,
                directions=["maximize" if sign > 0 else "minimize" for sign in sweep.signs],
                sampler=optuna.samplers.RandomSampler(),  # replaced for each trial
                pruner=_pruner(sweep),
                load_if_exists=True,
            )
        except (ValueError, KeyError, TypeError, AttributeError, AssertionError, RecursionError) as error:
            raise CheckpointError(
                f"{path} is damaged ({type(error).__name__}: {error}): restore it from a copy, or begin another sweep "
                "with --folder."
            ) from error


def mend(path: Path) -> None:
    """Take a last line without its end out of a journal: it was being written when the power went.

    Behind it, the next line would be no line of its own, and the whole journal unreadable.
    """
    content = read_file(path)
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        with path.open("r+b") as file:
            file.truncate(whole)


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Alone among all workers: one of them decides which trial is next."""
    with claim_in_turn(folder, "journal"):
        yield


class Next(NamedTuple):
    """A trial to work on."""

    trial: "Trial"
    claim: Claim
    resumed: bool
    """Whether another worker had begun it."""


def next_trial(folder: Path, study: "Study", sweep: SweepFile, space: Sequence[Dimension]) -> Next | None:
    """A trial whose worker is gone, or a new one; None where there is none left to begin.

    Args:
        folder: of the sweep.
        study: from `open_study`.
        sweep: what is searched.
        space: its settings.
    """
    import optuna
    from optuna.trial import TrialState

    with locked(folder):
        for begun_before in study.get_trials(deepcopy=False):
            if begun_before.state != TrialState.RUNNING:
                continue
            taken = claim(folder, trial_name(begun_before.number))
            if taken is None:
                continue
            if study.get_trials(deepcopy=False)[begun_before.number].state != TrialState.RUNNING:
                taken.release()  # its worker came to its end since the trials were read
                continue
            # The study hands out trials that it makes, and has no word for going on with one.
            trial = optuna.trial.Trial(study, begun_before._trial_id)
            if len(begun_before.params) == len(space):
                return Next(trial, taken, resumed=True)
            taken.release()
            trial.set_user_attr(VOID, True)
            study.tell(trial, state=TrialState.FAIL)
        trials = study.get_trials(deepcopy=False)
        begun = counted(study, trials)
        if len(begun) >= planned(sweep, space) or given_up(begun):
            return None
        waiting = [each.number for each in trials if each.state == TrialState.WAITING]
        number = waiting[0] if waiting else len(trials)
        taken = claim_in_turn(folder, trial_name(number))
        try:
            # The number of the trial is its seed: who draws it, and when, does not matter.
            study.sampler = _sampler(sweep, sweep.seed + number)
            if sweep.sampler == "grid" and not waiting:
                tried = [each.params for each in begun]
                study.enqueue_trial(next(point for point in _shuffled_grid(sweep, space) if point not in tried))
            trial = study.ask(distributions(space))
        except BaseException:
            taken.release()
            raise
        return Next(trial, taken, resumed=False)


def left_behind(folder: Path, study: "Study") -> bool:
    """Whether a trial's training goes on while the worker that started it is gone: it is to be waited for."""
    with locked(folder):
        at_work = holders(folder, "trial-")
        living = [(each.get("host"), each.get("pid")) for each in holders(folder, WORKER).values()]
    running = [trial_name(trial.number) for trial in study.get_trials(deepcopy=False) if trial.state.name == "RUNNING"]
    return any((at_work[n].get("host"), at_work[n].get("pid")) not in living for n in running if n in at_work)


def trial_name(number: int) -> str:
    """Of a trial, for its files and runs."""
    return f"trial-{number:04}"


def planned(sweep: SweepFile, space: Sequence[Dimension]) -> int:
    """How many trials the sweep has in all."""
    return min(sweep.trials, len(grid(space, ""))) if sweep.sampler == "grid" else sweep.trials


def counted(study: "Study", trials: "Sequence[FrozenTrial]") -> "list[FrozenTrial]":
    """The trials that were begun and count: not those that died before they were any, nor those that are forgiven."""
    forgiven = study.user_attrs.get(FORGIVEN, [])
    return [
        trial
        for trial in trials
        if trial.state.name != "WAITING" and VOID not in trial.user_attrs and trial.number not in forgiven
    ]


def forgive(folder: Path, study: "Study") -> int:
    """Have others take the place of all trials that failed; how many there are."""
    with locked(folder):
        failed = [trial for trial in counted(study, study.get_trials(deepcopy=False)) if trial.state.name == "FAIL"]
        numbers = [*study.user_attrs.get(FORGIVEN, []), *(trial.number for trial in failed)]
        study.set_user_attr(FORGIVEN, numbers)
    return len(failed)


def given_up(trials: "Sequence[FrozenTrial]") -> bool:
    """Whether the first trials failed and none came to an end: the next ones would do no better."""
    states = [trial.state.name for trial in trials]
    return states.count("FAIL") >= GIVE_UP and not {"COMPLETE", "PRUNED"} & set(states)


def _shuffled_grid(sweep: SweepFile, space: Sequence[Dimension]) -> list[dict[str, Any]]:
    """All points in an order of chance, so that the first ones of a great grid are of all its parts."""
    points: list[dict[str, Any]] = grid(space, "")
    random.Random(sweep.seed).shuffle(points)
    return points


def distributions(space: Sequence[Dimension]) -> "dict[str, BaseDistribution]":
    """The space as Optuna has it."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    found: dict[str, BaseDistribution] = {}
    for name, choices, low, high, whole, log, step in space:
        if choices:
            found[name] = CategoricalDistribution(choices)
        elif whole:
            found[name] = IntDistribution(int(low), int(high), log=log, step=int(step or 1))
        else:
            found[name] = FloatDistribution(low, high, log=log, step=step)
    return found


def _sampler(sweep: SweepFile, seed: int) -> "BaseSampler":
    from optuna.samplers import RandomSampler, TPESampler

    if sweep.sampler != "tpe":
        return RandomSampler(seed=seed % 2**32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # says that an option is experimental
        # Several settings together; and where a trial runs, the next one goes elsewhere.
        return TPESampler(seed=seed % 2**32, multivariate=True, constant_liar=sweep.workers > 1)


def _pruner(sweep: SweepFile) -> Any:
    from optuna.pruners import MedianPruner, NopPruner

    if sweep.pruner == "none":
        return NopPruner()
    return MedianPruner(n_startup_trials=sweep.pruner_trials, n_warmup_steps=sweep.pruner_steps)
