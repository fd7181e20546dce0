"""Where a circumstance is tried: a folder with texts and tiny runs, commands in it, and what must hold of them."""

import os
import re
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from endurance.children import Child, Lost

LINES = [f"{a} {b} {c} ." for a in ("a", "the") for b in ("dog", "cat", "bird") for c in ("runs", "sleeps", "eats")]
PLAYERS = "--generator.embedding-size 8 --generator.hidden-size 8 --pretrain.patience 0"
PRETRAIN = f"pretrain --corpus text --run runs/words {PLAYERS} --pretrain.batch-size 4 --quiet --epochs".split()
STREAMED = [*PRETRAIN[:-1], "--data.streaming", "always", "--data.cache", "cache", "--data.workers", "1", "--epochs"]
EPOCHS = "6"
PLAYING = (
    "adversarial --run runs/words --adversarial.batch-size 4 --adversarial.rollouts 2 --adversarial.warmup-steps 2 "
    "--adversarial.discriminator-pool 4 --adversarial.evaluate-every 1 --adversarial.evaluate-samples 10 "
    "--discriminator.filters 0.02 --no-verdict --quiet --rounds"
)
ADVERSARIAL = PLAYING.split()
ROUNDS = "3"
LAST_SECONDS = 300
"""By the clock on the wall, in which every command has ended; one that waits for ever takes none of the processor."""


class Circumstance(NamedTuple):
    """One of them."""

    kind: str
    name: str
    trial: "Callable[[Place], str]"
    """Sets up, disturbs, and gives in words what came of it; raises `Lost` where that is not what must hold."""
    quick: bool = False
    """Whether it is over in about a second."""


class Place:
    """A folder of its own.

    Args:
        folder: that is made.
        base: with `runs/words`, pretrained, and `runs/words/seqgan`, both undisturbed.
        quick: whether everything is to be as small as it can be.
    """

    def __init__(self, folder: Path, base: Path, *, quick: bool):
        self.folder, self.base, self.quick = folder, base, quick
        self.count = 0
        write_texts(folder)

    def __truediv__(self, name: str) -> Path:
        return self.folder / name

    def with_runs(self) -> "Place":
        """Have the undisturbed runs in it."""
        shutil.copytree(self.base / "runs", self / "runs", copy_function=shutil.copy2)
        return self

    def with_pretrained(self) -> "Place":
        """Have the pretrained one alone."""
        ignore = shutil.ignore_patterns("seqgan")
        shutil.copytree(self.base / "runs", self / "runs", ignore=ignore, copy_function=shutil.copy2)
        return self

    def start(self, *arguments: object, begin: Callable[[], object] | None = None, eager: bool = False) -> Child:
        """A command, in a process of its own."""
        self.count += 1
        return Child([str(each) for each in arguments], self.folder, eager, output=f"said{self.count}", begin=begin)

    def ends(self, *arguments: object, begin: Callable[[], object] | None = None) -> str:
        """What a command says, that must end well."""
        child = self.start(*arguments, begin=begin)
        code = wait(child)
        if code:
            raise Lost(f"{arguments[0]} ended with {code}: {child.said()}")
        return child.said()

    def refuses(self, *arguments: object, begin: Callable[[], object] | None = None, says: str = "") -> str:
        """The one line of a command that must be refused."""
        child = self.start(*arguments, begin=begin)
        return self.refusal(child, says)

    def refusal(self, child: Child, says: str = "") -> str:
        """The one line of a child that must be refused."""
        code, said = wait(child), child.said()
        errors = [line for line in said.splitlines() if line.startswith("seqgan: ")]
        if code != 2 or len(errors) != 1 or "Traceback" in said or says not in errors[0]:
            raise Lost(f"expected one line with {says!r}; it ended with {code}: {said}")
        self.nothing_half_written()
        return self.shown(errors[0])

    def shown(self, line: str) -> str:
        """A line without the places and processes of this machine."""
        for folder in (self.folder, self.base):
            line = line.replace(f"{folder}{os.sep}", "").replace(str(folder), ".")
        return re.sub(r"process \d+", "process N", line)

    def nothing_half_written(self) -> None:
        """That no temporary name and no lock is left."""
        left = [str(path.relative_to(self.folder)) for path in self.folder.rglob("*.writing")]
        left += [str(path.relative_to(self.folder)) for path in (self / "runs").rglob(".*.lock")]
        if left:
            raise Lost(f"left over: {', '.join(left)}")


def write_texts(folder: Path) -> None:
    """`text/train.txt` and `text/valid.txt`, a few short lines."""
    (folder / "text").mkdir(parents=True)
    (folder / "text" / "train.txt").write_text("".join(f"{line}\n" for line in LINES[:16]))
    (folder / "text" / "valid.txt").write_text("".join(f"{line}\n" for line in LINES[10:]))


def wait(child: Child, seconds: float = LAST_SECONDS) -> int:
    """The exit code of one that must end in time."""
    until = time.monotonic() + seconds
    while child.alive():
        if time.monotonic() > until:
            os.kill(child.pid, signal.SIGKILL)
            child.end()
            raise Lost(f"it had not ended after {seconds:.0f} s: {child.said()}")
        time.sleep(0.002)
    return child.code


def paused_at(child: Child, there: Callable[[], object]) -> None:
    """Have a training stand still, once something is there: what is done meanwhile is done in its midst."""
    until = time.monotonic() + LAST_SECONDS
    while not there():
        if not child.alive():
            raise Lost(f"it was over before its moment, with {child.code}: {child.said()}")
        if time.monotonic() > until:
            raise Lost("its moment did not come")
        time.sleep(0.001)
    os.kill(child.pid, signal.SIGSTOP)


def go_on(child: Child) -> None:
    """Have it go on."""
    os.kill(child.pid, signal.SIGCONT)


def logged(run: Path, lines: int = 1) -> Callable[[], bool]:
    """Whether a run has so many lines in its log."""

    def there() -> bool:
        try:
            return len((run / "metrics.jsonl").read_text().splitlines()) >= lines
        except OSError:
            return False

    return there
