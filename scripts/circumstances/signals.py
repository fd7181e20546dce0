"""Signals in commands that do not train: at each change of a name that they make, and between."""

import itertools
import os
import shutil
import signal
from pathlib import Path

from endurance.children import Child, Lost
from endurance.renames import Moments

from circumstances.place import Circumstance, Place, wait
from circumstances.searching import SEARCHES

NUMBERS = {"SIGTERM": signal.SIGTERM, "SIGINT": signal.SIGINT}
SHARES = (0.2, 0.5, 0.9)
"""Of the processor's time that the undisturbed command takes."""
MOST_SECONDS = 30
"""Of the processor, for all moments around changes of names; where it were more, one in so many is tried."""
RUN = "runs/words/seqgan"
EVALUATE = ["evaluate", "--run", RUN, "--count", "60", "--quiet", "--json", "made/metrics.json", "--overwrite"]
REPORT = ["report", RUN, "--quiet", "--output", "made/page.html", "--overwrite"]
EXPORT = ["export", "--run", RUN, "--output", "made/model", "--quiet", "--overwrite"]
SCORE = ["score", "--run", RUN, "--input", "text/train.txt", "--quiet", "--output", "made/scores.tsv", "--overwrite"]
SAMPLE = ["sample", "--run", RUN, "--count", "50", "--quiet", "--output", "made/samples.txt", "--overwrite"]
COMMANDS = {
    "evaluate": EVALUATE,
    "report": REPORT,
    "export": EXPORT,
    "export --format onnx": [*EXPORT, "--format", "onnx"],
    "score": SCORE,
    "sample": SAMPLE,
}


class Signalled(Moments):
    """As `Moments`, with another signal, which the process may answer."""

    def __init__(self, number, last=None, record=None):
        super().__init__(last, record)
        self.number = number

    def end(self):
        """Called at the last moment."""
        os.kill(os.getpid(), self.number)


def signalled(place: Place, name: str) -> str:
    """A command that replaces what an earlier call made; each file is afterwards the old one or the new one."""
    place.with_runs()
    command, made = COMMANDS[name], place / "made"
    made.mkdir()
    place.ends(*command)
    age(place.folder)
    before = files(place.folder)
    record = place.folder.with_name(f"{place.folder.name}.moments")
    child = place.start(*command, begin=Signalled(signal.SIGTERM, record=record))
    if wait(child):
        raise Lost(f"undisturbed, it ended with {child.code}: {child.said()}")
    seconds, moments = child.last, len(record.read_text().splitlines())
    after = files(place.folder)
    kept = place.folder.with_name(f"{place.folder.name}.kept")
    shutil.copytree(place.folder, kept, copy_function=shutil.copy2)
    left, over = 0, 0
    numbers = itertools.cycle(NUMBERS.values())
    every = range(0, moments, 2 if place.quick else 1 + int(moments * seconds / MOST_SECONDS))
    for at, number in itertools.chain(zip(every, numbers, strict=False), itertools.product(SHARES, NUMBERS.values())):
        if place.quick and isinstance(at, float):
            break
        child = moment(place, command, at, number, seconds)
        if child.code == 128 + number or child.code == -number:
            left += 1
        elif child.code == 0 and isinstance(at, float):
            over += 1
        else:
            raise Lost(f"signal {number} at {at} ended it with {child.code}: {child.said()}")
        check_said(child, at)
        place.nothing_half_written()
        now = files(place.folder)
        wrong = {each for each in before | now | after if now.get(each) not in (before.get(each), after.get(each))}
        if wrong or now.keys() != after.keys():
            raise Lost(f"after signal {number} at {at} there are {now.keys() ^ after.keys()} and differ {wrong}")
        shutil.rmtree(place.folder)
        shutil.copytree(kept, place.folder, copy_function=shutil.copy2)
    shutil.rmtree(kept)
    place.ends(*command)
    return f"{left + over} signals, {moments} moments around changes of names: {left} ended it, each file was whole"


def moment(place: Place, command: list[str], at, number: int, seconds: float) -> Child:
    """The command with a signal, at the moment of a number or after a share of the processor's time."""
    if isinstance(at, int):
        child = place.start(*command, begin=Signalled(number, at))
    else:
        child = place.start(*command)
        if child.reaches(at * seconds):
            os.kill(child.pid, number)
    wait(child)
    return child


def check_said(child: Child, at) -> None:
    """One line at most about the signal, and no traceback."""
    said = child.said()
    about = [line for line in said.splitlines() if line.startswith("seqgan: ")]
    if "Traceback" in said or len(about) > 1 or any("interrupted" not in line for line in about):
        raise Lost(f"signalled at {at} it said: {said}")


def files(folder: Path) -> dict[str, bytes]:
    """The files below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def age(folder: Path) -> None:
    """Have the earlier results differ from what comes: of text files a line break more at the end."""
    for path in (folder / "made").rglob("*"):
        if path.suffix in (".json", ".html", ".tsv", ".txt"):
            path.write_text(path.read_text() + "\n")


CIRCUMSTANCES = [
    *(
        Circumstance("signals", f"SIGTERM and SIGINT in `{name}`", lambda place, name=name: signalled(place, name))
        for name in COMMANDS
    ),
    *SEARCHES,
]
CIRCUMSTANCES[4] = CIRCUMSTANCES[4]._replace(quick=True)
