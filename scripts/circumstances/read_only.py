"""Folders that may not be written. The superuser, who may write everywhere, gives that up first."""

import ctypes
import os
import shutil
from pathlib import Path

from endurance.children import Lost, compare

from circumstances.place import ADVERSARIAL, EPOCHS, PRETRAIN, ROUNDS, STREAMED, Circumstance, Place

OVERRIDE = 1
"""CAP_DAC_OVERRIDE: to write what permissions refuse. (CAP_DAC_READ_SEARCH, to read it, stays.)"""
VERSION = 0x20080522
"""Of capset: sets of 64 bits, in two halves."""


def notes() -> list[str]:
    """For the record, how it was done."""
    who = "called by the superuser, commands give up CAP_DAC_OVERRIDE first" if os.getuid() == 0 else "by permissions"
    return [f"Read-only folders: mode 555, {who}. Clocks: `time.time` patched, and the times of files moved with it."]


def obey() -> None:
    """In a process that is to obey permissions: give up the superuser's right not to.

    Raises:
        Lost: the system does not let it.
    """
    if os.getuid():
        return
    system = ctypes.CDLL(None, use_errno=True)
    head = (ctypes.c_uint32 * 2)(VERSION, 0)
    sets = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable: first of the lower halves
    if system.capget(head, sets):
        raise Lost(f"capget: {os.strerror(ctypes.get_errno())}")
    for each in range(3):
        sets[each] &= ~(1 << OVERRIDE)
    if system.capset(head, sets):
        raise Lost(f"capset: {os.strerror(ctypes.get_errno())}")


def shut(folder: Path) -> None:
    """Have nobody write into a folder, nor into those in it."""
    for path in (folder, *(each for each in folder.rglob("*") if each.is_dir())):
        path.chmod(0o555)


def opened(folder: Path) -> None:
    """Have its owner write there again."""
    for path in (folder, *(each for each in folder.rglob("*") if each.is_dir())):
        path.chmod(0o755)


def unchanged(place: Place, folder: Path, work) -> str:
    """What `work` gives, which is done while a folder is shut and leaves it as it is."""
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    shut(folder)
    try:
        said = work()
    finally:
        opened(folder)
    after = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    if before != after:
        raise Lost("something in the folder that may not be written was changed")
    place.nothing_half_written()
    return said


def new_run(place: Place) -> str:
    """The folder of runs is shut, then open."""
    (place / "runs").mkdir()
    said = unchanged(place, place / "runs", lambda: place.refuses(*PRETRAIN, EPOCHS, begin=obey, says="runs"))
    place.ends(*PRETRAIN, EPOCHS, begin=obey)
    compare(place.base / "runs/words", place / "runs/words")
    return f"{said} Opened: it ended with the same bytes"


def new_child(place: Place) -> str:
    """The pretrained run is shut, in which the adversarial one would be."""
    run = place.with_pretrained() / "runs/words"
    said = unchanged(place, run, lambda: place.refuses(*ADVERSARIAL, ROUNDS, begin=obey, says="runs/words"))
    place.ends(*ADVERSARIAL, ROUNDS, begin=obey)
    compare(place.base / "runs/words/seqgan", run / "seqgan")
    return f"{said} Opened: it ended with the same bytes"


def resumed(place: Place) -> str:
    """A run that is to be gone on with is shut."""
    run = place.with_pretrained() / "runs/words"
    more = ["pretrain", "--run", "runs/words", "--resume", "--quiet", "--epochs", str(int(EPOCHS) + 2)]
    said = unchanged(place, run, lambda: place.refuses(*more, begin=obey, says="runs/words"))
    place.ends(*more, begin=obey)
    return f"{said} Opened: it went on"


def read(place: Place) -> str:
    """Commands that read a run do not need to write there."""
    place.with_runs()
    run, own = "runs/words/seqgan", ["--quiet"]

    def work() -> str:
        place.ends("sample", "--run", run, "--count", "3", *own, begin=obey)
        place.ends("score", "--run", run, "--input", "text/train.txt", *own, begin=obey)
        place.ends("export", "--run", run, "--output", "model", *own, begin=obey)
        said = place.ends("evaluate", "--run", run, "--count", "10", begin=obey)
        kept = [line for line in said.splitlines() if "not kept in the run" in line]
        if len(kept) != 1:
            raise Lost(f"evaluate did not say once that its report is not kept: {said}")
        place.ends("report", run, "--output", "page.html", *own, begin=obey)
        refused = place.refuses("report", run, *own, begin=obey, says="report.html")
        return f"`evaluate`: {place.shown(kept[0])} `report` without `--output`: {refused} The others did their work"

    return unchanged(place, place / "runs", work)


def outputs(place: Place) -> str:
    """What is to be written elsewhere is refused, and the earlier result stays."""
    place.with_runs()
    run, out = "runs/words/seqgan", place / "made"
    out.mkdir()
    commands = [
        ["sample", "--run", run, "--count", "3", "--output", "made/samples.txt"],
        ["score", "--run", run, "--input", "text/train.txt", "--output", "made/scores.tsv"],
        ["export", "--run", run, "--output", "made/model"],
        ["evaluate", "--run", run, "--count", "10", "--json", "made/metrics.json"],
        ["report", run, "--output", "made/page.html"],
        ["inspect", "text/train.txt", "--json", "made/text.json"],
    ]
    for again in (False, True):
        more = ["--quiet", *(["--overwrite"] if again else [])]
        for command in commands:
            unchanged(place, out, lambda now=[*command, *more]: place.refuses(*now, begin=obey, says="made"))
        for command in commands if not again else ():
            place.ends(*command, *more)
    return f"{2 * len(commands)} commands, half of them with `--overwrite`: one line each, earlier results kept"


def cache(place: Place) -> str:
    """The folder of encoded texts, while nothing is in it, and then with the text in it."""
    (place / "cache").mkdir()
    said = unchanged(place, place / "cache", lambda: place.refuses(*STREAMED, EPOCHS, begin=obey, says="--data.cache"))
    place.ends(*STREAMED, EPOCHS, begin=obey)
    shutil.rmtree(place / "runs")
    unchanged(place, place / "cache", lambda: place.ends(*STREAMED, EPOCHS, begin=obey))
    compare(place.base / "runs/words", place / "runs/words")
    return f"empty: {said} With the encoded text in it: trained from it, with the same bytes"


def text(place: Place) -> str:
    """Nothing is written beside a text."""
    unchanged(place, place / "text", lambda: place.ends(*PRETRAIN, EPOCHS, begin=obey))
    compare(place.base / "runs/words", place / "runs/words")
    return "trained, with the same bytes"


CIRCUMSTANCES = [
    Circumstance("read-only", "the folder of runs may not be written: `pretrain`", new_run, quick=True),
    Circumstance("read-only", "the pretrained run may not be written: `adversarial`", new_child),
    Circumstance("read-only", "a run may not be written: `--resume`", resumed),
    Circumstance("read-only", "a run may not be written: what reads it", read),
    Circumstance("read-only", "the folder of outputs may not be written", outputs),
    Circumstance("read-only", "the cache may not be written", cache),
    Circumstance("read-only", "the folder of the text may not be written", text),
]
