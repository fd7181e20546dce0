"""Texts of many lines: what they take, and a signal in their midst."""

import random
import signal
import subprocess
import sys
import time

from endurance.children import Lost
from endurance.memory import resident

from circumstances.place import LAST_SECONDS, LINES, PLAYERS, Circumstance, Place

LOOK_SECONDS = 0.2
MOST = 2**30
"""Bytes that a million short lines may take beyond what a small text takes: a thousand a line."""
MOST_SCORED = 200 * 2**20
"""Likewise of lines that are scored, which are not all in memory at once."""


def measured(place: Place, *arguments: str, signalled=None) -> tuple[int, float, str, int]:
    """A command in a process that was not forked from this one.

    Returns:
        The most memory (proportional, of all its processes together), seconds by the clock, what it said, exit code.
    """
    place.count += 1
    said = place.folder.with_name(f"{place.folder.name}.said{place.count}")
    started, most, told = time.monotonic(), 0, False
    with said.open("wb") as output:
        command = [sys.executable, "-m", "seqgan", *arguments]
        process = subprocess.Popen(command, cwd=place.folder, stdout=output, stderr=subprocess.STDOUT)
    while process.poll() is None:
        most = max(most, resident(process.pid)["Pss"])
        if signalled is not None and not told and signalled():
            process.send_signal(signal.SIGTERM)
            told = True
        if time.monotonic() - started > 4 * LAST_SECONDS:
            process.kill()
            raise Lost(f"{arguments[0]} had not ended after {4 * LAST_SECONDS} s")
        time.sleep(LOOK_SECONDS)
    return most, time.monotonic() - started, said.read_text(), process.returncode


def write_lines(path, count: int) -> None:
    """Short lines of some thousand words."""
    rng = random.Random(0)
    words = [f"{line.split()[1]}{number}" for number in range(300) for line in LINES[::3]]
    with path.open("w") as file:
        for _ in range(count):
            file.write(f"{' '.join(rng.choices(words, k=rng.randint(2, 6)))}\n")


def pretrained(place: Place, count: int, streaming: str) -> str:
    """A few updates."""
    command = ["pretrain", "--corpus", "many", "--run", "runs/many", *PLAYERS.split(), "--epochs", "1"]
    command += ["--data.streaming", streaming, "--data.cache", "cache", "--data.workers", "2", "--device", "cpu"]
    command += ["--pretrain.epoch-updates", "20"]
    (place / "many").mkdir()
    write_lines(place / "many/valid.txt", 200)
    peaks = []
    for lines in (1_000, count):
        write_lines(place / "many/train.txt", lines)
        most, seconds, said, code = measured(place, *command, "--overwrite")
        if code or "Traceback" in said:
            raise Lost(f"with {lines:,} lines it ended with {code}: {said[-2000:]}")
        peaks.append(most)
    if peaks[1] - peaks[0] > MOST:
        raise Lost(f"{(peaks[1] - peaks[0]) / 2**20:.0f} MiB beyond a small text")
    small, large = (f"{peak / 2**20:,.0f} MiB" for peak in peaks)
    return f"{seconds:.0f} s, at most {large} of memory ({small} with 1,000 lines)"


def scored(place: Place, count: int) -> str:
    """To the end, and ended by SIGTERM when a third is written; an earlier result stays."""
    place.with_runs()
    command = ["score", "--run", "runs/words/seqgan", "--input", "many.txt", "--output", "scores.tsv"]
    command += ["--overwrite", "--device", "cpu"]
    peaks = []
    for lines in (1_000, count):
        write_lines(place / "many.txt", lines)
        most, seconds, said, code = measured(place, *command)
        if code or len((place / "scores.tsv").read_text().splitlines()) != lines:
            raise Lost(f"with {lines:,} lines it ended with {code}: {said[-2000:]}")
        peaks.append(most)
    if peaks[1] - peaks[0] > MOST_SCORED:
        raise Lost(f"{(peaks[1] - peaks[0]) / 2**20:.0f} MiB beyond a small text")
    shown = [line for line in said.splitlines() if line.startswith("Lines judged: ")]
    if not shown and seconds > 10:
        raise Lost(f"in {seconds:.0f} s no progress was shown: {said[-2000:]}")
    whole = (place / "scores.tsv").read_bytes()
    half = place / "scores.tsv.writing"
    _, _, said, code = measured(
        place, *command, signalled=lambda: half.exists() and half.stat().st_size > len(whole) / 3
    )
    if code != 143 or "Traceback" in said or (place / "scores.tsv").read_bytes() != whole:
        raise Lost(f"signalled, it ended with {code}: {said[-2000:]}")
    place.nothing_half_written()
    small, large = (f"{peak / 2**20:,.0f} MiB" for peak in peaks)
    progress = f"; progress: {shown[-1]}" if shown else ""
    return (
        f"{seconds:.0f} s, at most {large} of memory ({small} with 1,000 lines){progress}. SIGTERM in the midst: "
        "143, nothing half written, the earlier result kept"
    )


CIRCUMSTANCES = [
    Circumstance("large", "a million lines, in memory: 20 updates", lambda p: pretrained(p, 1_000_000, "never")),
    Circumstance("large", "a million lines, streamed: 20 updates", lambda p: pretrained(p, 1_000_000, "always")),
    Circumstance("large", "300,000 lines scored", lambda p: scored(p, 300_000)),
]
