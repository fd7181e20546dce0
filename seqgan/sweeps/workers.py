"""Workers: what one does, and how they are started on a cluster or here, through submitit.

submitit hands a job on as a pickle that it writes into the sweep's folder ``jobs`` and that the job's process reads
back. What is pickled is a command line and nothing else: the worker itself is the command ``seqgan sweep --worker``
and reads only text, and no result of a job is read at all. Whoever may write into that folder can have code run by a
job in the moment in which it starts; it is made for its owner alone, also where it is there already, and each start
has a new folder in it.
"""

import contextlib
import gc
import os
import shlex
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from seqgan.errors import ConfigError
from seqgan.sweeps.file import KEPT_NAME, SweepFile
from seqgan.sweeps.slurm import parameters_of
from seqgan.sweeps.space import Dimension
from seqgan.sweeps.storage import WORKER, Claim, claim, holders, left_behind, next_trial, open_study
from seqgan.sweeps.trial import Runner, in_a_process, run_trial

YEAR_MINUTES = 365 * 24 * 60
"""A local worker may take so long; submitit would end it after some minutes."""
STOP_SECONDS = 90.0
"""That workers have to end in when they are told to."""
POLL_SECONDS = 0.5

Note = Callable[[str], None]


def work(
    folder: Path,
    sweep: SweepFile,
    space: Sequence[Dimension],
    *,
    device: str = "auto",
    note: Note = lambda _: None,
    runner: Runner = in_a_process,
) -> None:
    """Train one trial after another, until none is left to begin.

    Args:
        folder: of the sweep.
        sweep: what is searched.
        space: its settings.
        device: where to compute.
        note: is told what came of each trial.
        runner: what has a training run.
    """
    name, own = _own_name(folder)
    with own:
        study = open_study(folder, sweep)
        while True:
            following = next_trial(folder, study, sweep, space)
            if following is None and left_behind(folder, study):
                time.sleep(POLL_SECONDS)
                continue
            if following is None:
                return
            settings = ", ".join(f"{key} {value}" for key, value in following.trial.params.items())
            how = "goes on with" if following.resumed else "begins"
            note(f"{name} {how} trial {following.trial.number}: {settings}.")
            note(run_trial(folder, sweep, study, following.trial, following.claim, device, runner))


def _own_name(folder: Path) -> tuple[str, Claim]:
    """The first name that no living worker has."""
    number = 0
    while True:
        number += 1
        taken = claim(folder, f"{WORKER}{number}")
        if taken is not None:
            return f"{WORKER}{number}", taken


def start_workers(folder: Path, sweep: SweepFile, count: int, *, device: str = "auto") -> list[Any]:
    """Start jobs, each one worker; submitit's records of them.

    Args:
        folder: of the sweep.
        sweep: where they run, and what they ask for.
        count: how many.
        device: where each computes.

    Raises:
        ConfigError: there is no such cluster here, or it knows no such parameter.
    """
    import submitit
    from submitit.helpers import CommandFunction

    parameters: dict[str, Any] = {"name": "seqgan-sweep"}
    if sweep.cluster == "local":
        parameters["timeout_min"] = YEAR_MINUTES
    parameters |= parameters_of(sweep.slurm)
    try:
        executor = submitit.AutoExecutor(folder=_new_jobs_folder(folder), cluster=sweep.cluster)
        executor.update_parameters(**parameters)
        jobs = []
        for number in range(count):
            command = [*_sees(sweep, number), *worker_command(folder, device)]
            jobs.append(executor.submit(CommandFunction(command)))
    except (NameError, TypeError, ValueError, RuntimeError, AssertionError, OSError) as error:
        what = " ".join(str(error).split()) or type(error).__name__
        raise ConfigError(
            f"The workers could not be started on {sweep.cluster}: {what} Check cluster and {sweep.cluster} in the "
            f"sweep's file, or start some by hand, each with {shlex.join(worker_command(folder, device))}"
        ) from error
    return jobs


def _new_jobs_folder(folder: Path) -> str:
    """A new folder within the sweep's ``jobs``, for its owner alone: what a job loads was written by this process.

    Raises:
        ConfigError: ``jobs`` is a link, or no folder.
        OSError: it is somebody else's, or cannot be made.
    """
    jobs = folder / "jobs"
    if jobs.is_symlink() or (jobs.exists() and not jobs.is_dir()):
        raise ConfigError(f"{jobs} is no folder of the sweep's own: take it away, so that it is made anew.")
    jobs.mkdir(mode=0o700, exist_ok=True)
    jobs.chmod(0o700)  # it may have been there, and open to others
    return tempfile.mkdtemp(prefix="start-", dir=jobs)


def worker_command(folder: Path, device: str) -> list[str]:
    """The command line of a worker, which reads the sweep from its folder."""
    kept = folder / KEPT_NAME
    return [
        *(sys.executable, "-m", "seqgan", "sweep", str(kept), "--folder", str(folder)),
        *("--worker", "--device", device),
    ]


def _sees(sweep: SweepFile, number: int) -> list[str]:
    """What comes before a local worker's command: submitit would hide all GPUs that it was not asked for."""
    if sweep.cluster != "local":
        return []
    if sweep.gpus:
        return ["env", f"CUDA_VISIBLE_DEVICES={sweep.gpus[number % len(sweep.gpus)]}"]
    before = os.environ.get("CUDA_VISIBLE_DEVICES")
    return ["env", "-u", "CUDA_VISIBLE_DEVICES"] if before is None else ["env", f"CUDA_VISIBLE_DEVICES={before}"]


def alive(folder: Path) -> dict[str, dict[str, Any]]:
    """Host and process of each living worker, by its name."""
    return holders(folder, WORKER)


def wait_for(folder: Path, jobs: Sequence[Any], look: Callable[[], None]) -> None:
    """Wait until all jobs are over, and all workers that were started before them.

    Args:
        folder: of the sweep.
        jobs: from `start_workers`.
        look: called now and then.
    """
    while not all(job.done() for job in jobs) or alive(folder):
        look()
        time.sleep(POLL_SECONDS)
    look()


def forget(jobs: list[Any]) -> None:
    """Let go of submitit's records, which are circular and fail loudly when Python itself has to at its end."""
    jobs.clear()
    gc.collect()


def stop(folder: Path, jobs: Sequence[Any]) -> None:
    """End the jobs and the workers on this host. What they were at can be gone on with."""
    host = socket.gethostname()
    for of_slurm in [job for job in jobs if type(job).__name__ == "SlurmJob"]:
        of_slurm.cancel(check=False)
    local = [job for job in jobs if type(job).__name__ != "SlurmJob"]
    told: set[str] = set()
    until = time.monotonic() + STOP_SECONDS
    while time.monotonic() < until:
        living = alive(folder)
        # The lock on a worker's file is held, so the process that the file names is that worker.
        for name, holder in living.items():
            if name not in told and holder.get("host") == host and isinstance(holder.get("pid"), int):
                told.add(name)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(holder["pid"], signal.SIGTERM)
        # A job that is only starting has no worker to tell yet.
        if not told & living.keys() and all(job.done() for job in local):
            return
        time.sleep(POLL_SECONDS / 5)
    for job in local:
        if not job.done():
            job.cancel(check=False)
