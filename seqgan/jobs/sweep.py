"""Sweeping as a job: a search for good settings, by workers that share it, and what came of it."""

import shlex
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from seqgan import files
from seqgan.data.lines import count
from seqgan.errors import ConfigError, RunError
from seqgan.jobs.ranges import in_range
from seqgan.jobs.report import write_sweep_page
from seqgan.jobs.sweep_best import with_best_judged
from seqgan.jobs.sweep_check import check_space
from seqgan.progress import SILENT, Progress
from seqgan.settings.types import Positive
from seqgan.sweeps.file import KEPT_NAME, SweepFile, begun_sweep, check_installed, keep, read_sweep_file
from seqgan.sweeps.record import SweepRecord
from seqgan.sweeps.results import collect, text_table, write
from seqgan.sweeps.space import OF_COMMAND, Dimension, grid, read_space
from seqgan.sweeps.storage import claim_in_turn, forgive, open_study
from seqgan.sweeps.trial import copy_given_run, refuse_rules_of_before
from seqgan.sweeps.workers import alive, forget, start_workers, stop, wait_for, work

if TYPE_CHECKING:
    from optuna import Study


class Sweeping(msgspec.Struct, frozen=True, kw_only=True):
    """Which sweep, and by whom, by the names that the command's flags have."""

    file: str
    """What says what is searched; see scripts/guides/sweeps.md."""
    folder: str | None = None
    """Where the sweep is kept; by default sweeps/ and the file's name."""
    workers: Positive | None = None
    """Trials at a time, in place of the file's."""
    device: str = "auto"
    """Where each worker computes."""

    def place(self) -> Path:
        """The sweep's folder, by a whole name."""
        return Path(self.folder or Path("sweeps") / Path(self.file).stem).resolve()

    def again(self, *more: str) -> str:
        """The command that goes on with the same sweep, in the same folder, on the same device."""
        usual = Sweeping(file=self.file)
        given = [
            part
            for name in ("folder", "workers", "device")
            if getattr(self, name) != getattr(usual, name)
            for part in (f"--{name}", str(getattr(self, name)))
        ]
        return shlex.join(["seqgan", "sweep", self.file, *given, *more])


class Swept(NamedTuple):
    """What came of a sweep so far."""

    folder: Path
    """Of the sweep."""
    record: SweepRecord
    """Its trials, the best of them, and what that one is worth on test text; as in its ``results.json``."""

    def table(self) -> str:
        """What `seqgan sweep` prints."""
        return text_table(self.record)

    def write_page(self, progress: Progress = SILENT) -> Path | None:
        """Write the page with pictures into the sweep's folder; None, which is said, where nothing draws them."""
        if find_spec("matplotlib") is None:
            progress.note("No page: its pictures are drawn by matplotlib: pip install 'seqgan[report]'.")
            return None
        page = self.folder / "report.html"
        write_sweep_page(self.folder, self.record, page)
        progress.note(f"Written: {page}")
        return page


class _Search(NamedTuple):
    """A sweep that is begun or gone on with."""

    asked: Sweeping
    folder: Path
    sweep: SweepFile
    space: Sequence[Dimension]
    study: "Study"
    progress: Progress

    def record(self) -> SweepRecord:
        """All trials as they now are."""
        return collect(self.folder, self.sweep, self.space, self.study, self.folder.name)


def sweep_settings(
    file: str | Path,
    folder: str | Path | None = None,
    *,
    workers: int | None = None,
    retry: bool = False,
    device: str = "auto",
    progress: Progress = SILENT,
) -> Swept:
    """Search settings until all trials came to an end, and judge the best on test text, as `seqgan sweep` does.

    The workers are processes of their own. A sweep that was begun in the folder goes on.

    Args:
        file: what is searched: YAML or TOML with command, config, space, objective, trials, seeds and more.
        folder: of the sweep; by default sweeps/ and the file's name.
        workers: trials at a time, in place of the file's.
        retry: replace trials that failed by others.
        device: where each worker computes: auto, cpu, cuda, cuda:1, mps.
        progress: is told which trials came to an end.

    Raises:
        ConfigError: the file says what cannot be; or a trial could not be begun; or packages of the extra ``sweep`` are
            not installed; or this is Windows, which hands no locks on.
        RunError: no trial came to its end.
        SeqganError: the run that all start from, or its text, cannot be read.
        KeyboardInterrupt: the workers were ended; the same call goes on.
    """
    search = _begun(_asked(file, folder, workers, device), progress, retry=retry)
    jobs = _start(search)
    try:
        wait_for(search.folder, jobs, teller(search.study, search.sweep, progress.note))
    except KeyboardInterrupt:
        progress.note("Ending the workers ...")
        stop(search.folder, jobs)
        progress.note(f"Go on with: {search.asked.again()}")
        raise
    finally:
        forget(jobs)
    return _concluded(search)


def start_sweep(
    file: str | Path,
    folder: str | Path | None = None,
    *,
    workers: int | None = None,
    retry: bool = False,
    device: str = "auto",
    progress: Progress = SILENT,
) -> Path:
    """Start the workers of a sweep and leave them to themselves, as `seqgan sweep --detach` does. Arguments and errors
    are those of `sweep_settings`.

    Returns:
        The sweep's folder; `sweep_so_far` says what is in it.
    """
    search = _begun(_asked(file, folder, workers, device), progress, retry=retry)
    forget(_start(search))
    progress.note(f"To see what came of it: {search.asked.again('--report')}")
    return search.folder


def work_on_sweep(
    file: str | Path,
    folder: str | Path | None = None,
    *,
    workers: int | None = None,
    retry: bool = False,
    device: str = "auto",
    progress: Progress = SILENT,
) -> Path:
    """Be one worker of a sweep, in this process, until no trial is left to begin, as `seqgan sweep --worker` does.
    Arguments and errors are those of `sweep_settings`.

    Returns:
        The sweep's folder; `sweep_so_far` says what is in it.
    """
    search = _begun(_asked(file, folder, workers, device), progress, retry=retry, as_worker=True)
    work(search.folder, search.sweep, search.space, device=device, note=progress.note)
    return search.folder


def sweep_so_far(file: str | Path, folder: str | Path | None = None) -> Swept:
    """What came of the trials so far, as `seqgan sweep --report` says it. Nothing is trained.

    Args:
        file: what is searched; what its trials read need not be there any more.
        folder: of the sweep; by default sweeps/ and the file's name.

    Raises:
        RunError: no sweep was begun there.
        ConfigError: it was begun with another file; or packages of the extra ``sweep`` are not installed.
    """
    asked = _asked(file, folder)
    check_installed()
    place = asked.place()
    if not (place / KEPT_NAME).exists():
        raise RunError(f"{place} holds no sweep: begin it with seqgan sweep {asked.file}, or name it with --folder.")
    sweep = begun_sweep(Path(asked.file), place)
    space = _space(sweep, asked)
    return _so_far(_Search(asked, place, sweep, space, open_study(place, sweep), SILENT))


def _asked(file: str | Path, folder: str | Path | None, workers: int | None = None, device: str = "auto") -> Sweeping:
    """What is asked, its ranges checked."""
    place = None if folder is None else str(folder)
    return in_range(Sweeping(file=str(file), folder=place, workers=workers, device=device))


def _space(sweep: SweepFile, asked: Sweeping) -> list[Dimension]:
    """What is searched; of a grid, that it has an end.

    Raises:
        ConfigError: a setting that does not exist, or cannot have such values.
    """
    sections = OF_COMMAND["from nothing" if sweep.command == "adversarial" and sweep.run is None else sweep.command]
    space = read_space(sweep.space, sections, asked.file)
    if sweep.sampler == "grid":
        grid(space, asked.file)
    return space


def _begun(asked: Sweeping, progress: Progress, *, retry: bool, as_worker: bool = False) -> _Search:
    """The sweep, once everything that can be wrong has been looked at, kept in its folder.

    Args:
        asked: which.
        progress: where to report.
        retry: whether others take the place of failed trials.
        as_worker: whether this process is to be a worker.
    """
    if files.WINDOWS:
        raise ConfigError(
            "seqgan sweep hands locks on from a worker to its trainings, which Windows cannot: run it on Linux, macOS "
            "or within WSL. --report works here, too."
        )
    check_installed()
    folder = asked.place()
    sweep = read_sweep_file(Path(asked.file))
    if asked.workers is not None:
        sweep = msgspec.structs.replace(sweep, workers=asked.workers)
    space = _space(sweep, asked)
    # A worker that others of its kind are at work beside need not look again.
    if not as_worker or not (folder / KEPT_NAME).exists():
        here = as_worker or sweep.cluster == "local"
        check_space(sweep, space, asked.file, here=here, device=asked.device, progress=progress)
    refuse_rules_of_before(folder)
    keep(sweep, folder, Path(asked.file))
    with claim_in_turn(folder, "begin"):
        copy_given_run(sweep, folder)
    study = open_study(folder, sweep)
    if retry:
        progress.note(f"Replaced by others: {count(forgive(folder, study), 'failed trial')}.")
    return _Search(asked, folder, sweep, space, study, progress)


def _start(search: _Search) -> list[Any]:
    """Start as many workers as are missing; submitit's records of them."""
    folder, sweep = search.folder, search.sweep
    at_work = alive(folder)
    missing = max(0, sweep.workers - len(at_work)) if _unfinished(search) else 0
    jobs = start_workers(folder, sweep, missing, device=search.asked.device)
    already = f", {len(at_work)} at work already" if at_work else ""
    search.progress.note(
        f"{count(missing, 'worker')} on {sweep.cluster}{already}; their logs are in {folder / 'jobs'}."
    )
    return jobs


def _unfinished(search: _Search) -> bool:
    """Whether there is anything left for a worker to do."""
    record = search.record()
    return bool(record.left) or any(trial.state in ("running", "interrupted") for trial in record.trials)


def teller(study: "Study", sweep: SweepFile, note: Callable[[str], None]) -> Callable[[], None]:
    """What says which trials came to an end since it was last asked; of those before it says nothing."""
    known = {trial.number for trial in study.get_trials(deepcopy=False) if trial.state.is_finished()}

    def look() -> None:
        for trial in study.get_trials(deepcopy=False):
            if trial.number in known or not trial.state.is_finished():
                continue
            known.add(trial.number)
            values = zip(sweep.objectives, trial.values or [], strict=False)
            came = ", ".join(f"{name} {value:.4f}" for name, value in values)
            reason = trial.user_attrs.get("reason", "")
            note(f"Trial {trial.number} {trial.state.name.lower()}: {reason or came}")

    return look


def _concluded(search: _Search) -> Swept:
    """Judge the best on test text, once all trials came to an end.

    Raises:
        RunError: no trial came to its end, or none was begun.
    """
    folder, asked, progress = search.folder, search.asked, search.progress
    record = search.record()
    write(record, folder)
    failed = [trial for trial in record.trials if trial.state == "failed"]
    if failed and not record.best:
        raise RunError(
            f"{count(len(failed), 'trial')} failed and none came to its end. The first one: {failed[0].reason} Mend "
            f"it, then call {asked.again('--retry')}; its logs are in {folder / 'logs'}."
        )
    if record.left and not record.trials:
        raise RunError(
            f"The workers ended before a trial was begun: their logs are in {folder / 'jobs'}. Mend what the last "
            f"lines there say, then call {asked.again()}"
        )
    if any(trial.state == "interrupted" for trial in record.trials) or record.left:
        jobs = folder / "jobs"
        progress.note(f"Not all is done, and no worker is left: see {jobs}, then go on with: {asked.again()}")
    else:
        write(with_best_judged(record, folder, device=asked.device, progress=progress), folder)
    return _so_far(search)


def _so_far(search: _Search) -> Swept:
    """All trials as they now are, also written into the sweep's folder."""
    record = search.record()
    write(record, search.folder)
    return Swept(search.folder, record)
