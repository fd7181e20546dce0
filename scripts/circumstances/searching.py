"""Signals in a sweep, which has workers and trainings in processes of their own."""

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from endurance.children import Lost
from endurance.memory import tree

from circumstances.place import LAST_SECONDS, Circumstance, Place

FILE = """
command: pretrain
config:
  data: {corpus: text}
  generator: {embedding_size: 8, hidden_size: 8}
  pretrain: {epochs: 2, batch_size: 4, patience: 0}
space:
  pretrain.learning_rate: [0.001, 0.01]
objective: nll
sampler: grid
trials: 2
seeds: [0]
"""
NUMBERS = (signal.SIGTERM, signal.SIGINT)
MOMENTS = {
    "once its folder is there": lambda sweep: (sweep / "sweep.yaml").exists(),
    "once a worker is at work": lambda sweep: any((sweep / "claims").glob("worker-*")),
    "once a trial is being trained": lambda sweep: any(sweep.rglob("trial-*/config.yaml")),
    "once a trial is complete": lambda sweep: '"state": "complete"' in text_of(sweep / "results.json"),
}


def text_of(path: Path) -> str:
    """What a file holds; nothing where there is none."""
    return path.read_text() if path.exists() else ""


def starts(sweep: Path) -> int:
    """How many times its workers were started."""
    return len(list((sweep / "jobs").glob("start-*")))


def search(place: Place) -> subprocess.Popen:
    """The command, at the head of a group of processes."""
    place.count += 1
    said = place.folder.with_name(f"{place.folder.name}.said{place.count}")
    command = [sys.executable, "-m", "seqgan", "sweep", "sweep.yaml", "--device", "cpu", "--quiet"]
    with said.open("wb") as output:
        process = subprocess.Popen(command, cwd=place.folder, stdout=output, stderr=subprocess.STDOUT)
    process.said = said
    return process


def signalled(place: Place) -> str:
    """By SIGTERM and SIGINT in turn; the same command goes on each time, until both trials are complete."""
    (place / "sweep.yaml").write_text(FILE)
    sweep, seen = place / "sweeps/sweep", []
    for (when, there), number in zip(MOMENTS.items(), itertools.cycle(NUMBERS), strict=False):
        before = starts(sweep)
        process, until = search(place), time.monotonic() + LAST_SECONDS
        # What an earlier start has left is there at once, before this one can hear a signal.
        while process.poll() is None and not (there(sweep) and (starts(sweep) > before or not seen)):
            if time.monotonic() > until:
                process.kill()
                raise Lost(f"{when}: its moment did not come: {process.said.read_text()}")
            time.sleep(0.01)
        if process.poll() is not None:
            break
        started = [pid for pid in tree(process.pid) if pid != process.pid]
        process.send_signal(number)
        code = process.wait(LAST_SECONDS)
        said = process.said.read_text()
        if code != 128 + number or "Traceback" in said or len(said.splitlines()) > 2:
            raise Lost(f"{when} it ended with {code}: {said}")
        still = [pid for pid in started if Path("/proc", str(pid), "cmdline").exists() and is_ours(pid, place.folder)]
        if still:
            raise Lost(f"{when}: {len(still)} of its processes are still there")
        place.nothing_half_written()
        seen.append(when)
    process = search(place)
    if process.wait(LAST_SECONDS):
        raise Lost(f"gone on with, it ended with {process.returncode}: {process.said.read_text()}")
    results = json.loads((sweep / "results.json").read_text())
    states = [trial["state"] for trial in results["trials"]]
    if states != ["complete", "complete"]:
        raise Lost(f"at the end the trials are {states}")
    place.nothing_half_written()
    when = ", ".join(seen)
    return f"signalled {when}: it left no process and nothing unfinished; gone on with, both trials were complete"


def is_ours(pid: int, folder: Path) -> bool:
    """Whether a process works in the folder still, and was not merely followed by another of its number."""
    try:
        return Path(os.readlink(f"/proc/{pid}/cwd")).is_relative_to(folder)
    except OSError:
        return False


SEARCHES = [
    Circumstance("signals", "SIGTERM and SIGINT in `sweep`, at four moments", signalled),
]
