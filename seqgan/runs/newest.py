"""The run that was trained last, which commands take that are told none: by the times of its weights."""

import time
from pathlib import Path

from seqgan.errors import RunError
from seqgan.runs.directory import child_runs, open_run

AHEAD_SECONDS = 60.0
"""That clocks of hosts with one file system may differ by."""


def newest_run(root: Path, *, pretrained: bool = False) -> Path:
    """The run under `root` whose weights were written last, also one in the folder of another.

    Args:
        root: the folder of runs.
        pretrained: leave out those that two players made.

    Raises:
        RunError: there is none.
    """
    found = [root / name for name in child_runs(root)] if root.is_dir() else []
    for folder in () if pretrained else found:
        children = (folder / name for name in child_runs(folder))
        found += [child for child in children if not child.is_symlink()]  # which are looked into in their turn
    candidates = [folder for folder in found if (folder / "generator.safetensors").is_file()]
    if pretrained:
        candidates = [folder for folder in candidates if not open_run(folder).is_adversarial]
    if not candidates:
        raise RunError(f"No pretrained run under {root}/: make one with `seqgan pretrain`, or name one with --run.")
    return max(candidates, key=_written)


def is_ahead(folder: Path) -> bool:
    """Whether a run's weights were written later than it is now: by another clock, or before this one was set back.

    Which run was trained last is then not certain.
    """
    return _written(folder) > time.time() + AHEAD_SECONDS


def _written(folder: Path) -> float:
    return (folder / "generator.safetensors").stat().st_mtime
