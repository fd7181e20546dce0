"""A clock that jumps back and forth: `time.time` in a command, and the times of the files that it writes."""

import itertools
import math
import os
import signal
import time

from endurance.children import Lost, compare

from circumstances.place import ADVERSARIAL, EPOCHS, PRETRAIN, ROUNDS, STREAMED, Circumstance, Place, logged, paused_at
from seqgan.runs import read_metrics

YEAR = 365 * 24 * 3600
JUMPS = (0, -YEAR, YEAR, -3600, 10 * YEAR, 7)
"""Seconds that the clock is wrong by, one after the other at each look."""


class Jumping:
    """Called in a process it has the clock jump at each look, and gives each file that is renamed the wrong time.

    Args:
        by: seconds that it is wrong by, in turn.
    """

    def __init__(self, *by: float):
        self.by = by

    def __call__(self):
        wrong, right, replace = itertools.cycle(self.by), time.time, os.replace

        def replaced(source, target, **folders):
            replace(source, target, **folders)
            now = right() + next(wrong)
            os.utime(target, (now, now))

        time.time = lambda: right() + next(wrong)
        time.time_ns = lambda: int(time.time() * 1e9)
        os.replace = replaced


def trained(place: Place) -> str:
    """Both phases under a jumping clock."""
    place.ends(*PRETRAIN, EPOCHS, begin=Jumping(*JUMPS))
    if not place.quick:
        place.ends(*ADVERSARIAL, ROUNDS, begin=Jumping(*JUMPS))
        place.ends("report", "runs/words/seqgan", "--quiet", begin=Jumping(*JUMPS))
        durations(place, "runs/words/seqgan")
        compare(place.base / "runs/words/seqgan", place / "runs/words/seqgan")
    durations(place, "runs/words")
    compare(place.base / "runs/words", place / "runs/words")
    place.nothing_half_written()
    return "the same bytes, and no duration in the log is negative"


def durations(place: Place, run: str) -> None:
    """That times and speeds in a log are finite and not negative."""
    for line in read_metrics(place / run / "metrics.jsonl"):
        for name in ("seconds", "tokens_per_second"):
            value = line.get(name, 0)
            if not (math.isfinite(value) and value >= 0):
                raise Lost(f"{name} is {value}")


def resumed(place: Place, command: list[str]) -> str:
    """Killed, then the clock goes back by a year; killed again, then forth."""
    kept = [*command, EPOCHS]
    for lines, by, more in ((2, YEAR, []), (4, 0, ["--resume"])):
        child = place.start(*kept, *more, begin=Jumping(by), eager=True)
        paused_at(child, logged(place / "runs/words", lines))
        os.kill(child.pid, signal.SIGKILL)
        child.end()
    place.ends(*kept, "--resume", begin=Jumping(-YEAR))
    durations(place, "runs/words")
    compare(place.base / "runs/words", place / "runs/words")
    place.nothing_half_written()
    return "went on from the newest state each time, and ended with the same bytes"


def newest(place: Place) -> str:
    """The run that was made last has the older time: which one is taken is said, and no other is harmed."""
    place.ends(*PRETRAIN, EPOCHS, begin=Jumping(YEAR))
    os.rename(place / "runs/words", place / "runs/earlier")
    place.ends(*PRETRAIN, EPOCHS, begin=Jumping(0))
    said = place.ends("sample", "--count", "2")
    line = next((line for line in said.splitlines() if "yet to come" in line), None)
    if line is None:
        raise Lost(f"sample took a run, and did not say that its time lies ahead: {said}")
    return f"`sample` without `--run` says: {place.shown(line)}"


def judged(place: Place) -> str:
    """A report of a run from the future, and the run trained on when the clock is right again."""
    place.with_pretrained()
    place.ends("evaluate", "--run", "runs/words", "--count", "10", "--quiet", begin=Jumping(-10 * YEAR))
    said = place.ends("report", "runs/words", begin=Jumping(0))
    if "left out" in said:
        raise Lost(f"what was measured before the clock jumped is left out: {said}")
    more = str(int(EPOCHS) + 2)
    place.ends("pretrain", "--run", "runs/words", "--resume", "--quiet", "--epochs", more, begin=Jumping(-20 * YEAR))
    page = (place / "runs/words/report.html").read_text()
    place.ends("report", "runs/words", "--quiet", begin=Jumping(YEAR))
    again = (place / "runs/words/report.html").read_text()
    if "report.json is of weights" not in again or "report.json is of weights" in page:
        raise Lost("the page does not tell which weights were judged")
    return "the page has the metrics of the same weights, and says of other ones that they were judged before"


CIRCUMSTANCES = [
    Circumstance("clock", "a clock that jumps while training", trained, quick=True),
    Circumstance("clock", "killed twice, the clock goes back and forth between", lambda p: resumed(p, PRETRAIN)),
    Circumstance("clock", "likewise while streaming", lambda p: resumed(p, STREAMED)),
    Circumstance("clock", "the newest run has a time before that of another", newest),
    Circumstance("clock", "judged and trained on while the clock goes back", judged),
]
