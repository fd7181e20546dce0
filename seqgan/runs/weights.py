"""Which weights a number was measured of: what report.json, sweep.json and verdict.json say of it, and whether the
weights that are there now are still those."""

import functools
import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from seqgan.errors import SeqganError
from seqgan.files import open_file
from seqgan.runs.directory import Run, is_run, open_run
from seqgan.runs.health import RESTORED
from seqgan.runs.metric_log import read_metrics

OWN, OTHERS = "weights", "weights_of"
"""Keys of what a file says of the run's own weights, and of those of other runs that it was measured with."""


class Weights(NamedTuple):
    """The generator's weights of a run at some time."""

    sha256: str
    """Of their file."""
    phase: str
    """What trained them last: pretrain or adversarial."""
    step: int
    """The epoch or round that they are of, as the log tells."""

    @property
    def shown(self) -> str:
        """Where they were, in words."""
        return f"{'round' if self.phase == 'adversarial' else 'epoch'} {self.step:,}"


def weights_of(run: Run) -> Weights | None:
    """Those that a run has now; None where it has none."""
    sha256 = sum_of(run.generator_path)
    if sha256 is None:
        return None
    phase = "adversarial" if run.is_adversarial else "pretrain"
    try:
        return Weights(sha256, phase, _step(run, phase))
    except SeqganError:  # a damaged log, which whoever reads it says
        return Weights(sha256, phase, 0)


def sum_of(path: Path) -> str | None:
    """The SHA-256 of a file of weights; None where there is none."""
    try:
        stat = path.stat()
        return _sum(path.resolve(), stat.st_mtime_ns, stat.st_size)
    except OSError:
        return None


@functools.lru_cache(maxsize=64)
def _sum(path: Path, changed: int, size: int) -> str:  # noqa: ARG001
    """The SHA-256 of a file, read once as long as it does not change."""
    digest = hashlib.sha256()
    with open_file(path) as file:
        while part := file.read(2**20):
            digest.update(part)
    return digest.hexdigest()


def _step(run: Run, phase: str) -> int:
    """The best epoch, or the last evaluated round."""
    lines = [line for line in read_metrics(run.metrics_path) if line["phase"] == phase]
    if phase == "pretrain":
        judged = [(line["eval/nll"], line["step"]) for line in lines if line.get("eval/nll") is not None]
        last = max((line["step"] for line in lines), default=0)
        return min(judged)[1] if judged and run.config.pretrain.patience else last
    step = 0
    for line in lines:
        if line.get(RESTORED) is not None:
            step = int(line[RESTORED])
        elif any(name.startswith("eval/") for name in line):
            step = line["step"]
    return step


def said_of(run: Run, others: Iterable[Run] = ()) -> dict[str, Any]:
    """What a file in a run's folder says of the weights that it was measured of.

    Args:
        run: in whose folder it is.
        others: runs that it was measured with; said by their place beside the run, so that both may be moved.
    """
    own = weights_of(run)
    content: dict[str, Any] = {} if own is None else {OWN: own._asdict()}
    beside = {os.path.relpath(other.folder.resolve(), run.folder.resolve()): weights_of(other) for other in others}
    known = {place: weights._asdict() for place, weights in beside.items() if weights is not None}
    return {**content, OTHERS: known} if known else content


def outdated(content: Mapping[str, Any], path: Path, run: Run) -> str:
    """Why what a file says of a run is not of the weights that the run has now; empty where it is.

    Args:
        content: of the file.
        path: of the file. One of an earlier version does not say its weights, and is outdated if it is older than
            they are.
        run: in whose folder it is.
    """
    now = weights_of(run)
    if now is None:
        return ""
    before = _weights(content.get(OWN))
    if before is None:
        if path.stat().st_mtime_ns >= run.generator_path.stat().st_mtime_ns:
            return ""
        return f"{path.name} does not say of which weights it is, and is older than those of {now.shown}"
    return _changed(before, now, f"{path.name} is of weights", "the run")


def others_outdated(content: Mapping[str, Any], path: Path, run: Run) -> str:
    """Likewise of the runs that it was measured with; of one that is no longer there nothing is known."""
    others = content.get(OTHERS)
    for place, before in others.items() if isinstance(others, Mapping) else ():
        folder = run.folder / str(place)
        known = _weights(before)
        now = weights_of(open_run(folder)) if known is not None and is_run(folder) else None
        if known is not None and now is not None and known.sha256 != now.sha256:
            name = os.path.normpath(folder) if str(place) != ".." else str(run.folder.parent)
            return _changed(known, now, f"{path.name} compares with {name}, with weights", name)
    return ""


def _changed(before: Weights, now: Weights, what: str, whose: str) -> str:
    if before.sha256 == now.sha256:
        return ""
    other = "those" if before.shown != now.shown else "others"
    return f"{what} of {before.shown}, and {whose} now has {other} of {now.shown}"


def _weights(said: object) -> Weights | None:
    """What a file says, if it says it."""
    if not isinstance(said, Mapping):
        return None
    sha256, phase, step = (said.get(name) for name in Weights._fields)
    if not isinstance(sha256, str) or not isinstance(phase, str) or not isinstance(step, int):
        return None
    return Weights(sha256, phase, step)
