"""Whether a file can be written where a flag says, and nothing that is there would be lost."""

import os
from collections.abc import Mapping
from pathlib import Path

from seqgan.data.corpus import read_place
from seqgan.data.folders import is_of_split
from seqgan.errors import ConfigError
from seqgan.runs.directory import PAGE_NAME, owner
from seqgan.sweeps.record import is_sweep


def check_target(
    flag: str,
    path: str | None,
    read: Mapping[str, str | None] | None = None,
    *,
    overwrite: bool = False,
    page: bool = False,
) -> None:
    """That a file can be written where a flag says, and that nothing which is there would be lost: unasked no file, and
    in no case what the command reads, or what is a run's or a sweep's. Asked before the work.

    Args:
        flag: which says it.
        path: where.
        read: what the command reads, a file or a folder, by what names it: a flag, or a setting of a run.
        overwrite: whether a file that is there may be replaced.
        page: whether the command is the one that writes the page of a run or sweep, which is made again unasked.

    Raises:
        ConfigError: its folder does not exist, it is a folder itself, a file that is read, one of a run's own, or one
            that may not be replaced.
    """
    if path is None or path == "-":
        return
    target = Path(path)
    if target.is_dir() or not target.absolute().parent.is_dir():
        what = "is a folder" if target.is_dir() else f"cannot be made: there is no folder {target.parent}"
        raise ConfigError(f"{flag} {path} {what}. Give a file in a folder that exists.")
    for other, name in (read or {}).items():
        if name is not None and _is_read(target, name):
            what = "is what" if target.exists() else "would be part of what"
            lost = ", and would be lost" if target.exists() else ""
            raise ConfigError(f"{flag} {path} {what} {other} {name} reads{lost}: choose another file.")
    place = target.resolve()
    of_page = page and place.name == PAGE_NAME
    run = owner(target)
    if run is not None and not (of_page and place.parent == run):
        raise ConfigError(
            f"{flag} {path} is a file of the run {run}, which only the command that makes it may write: choose "
            "another file."
        )
    sweep = next((folder for folder in place.parents if is_sweep(folder)), None)
    of_page = of_page and place.parent in (run, sweep)
    if sweep is not None and place.exists() and not of_page:
        raise ConfigError(f"{flag} {path} is a file in the folder of the sweep {sweep}: choose another file.")
    # A pipe or a device loses nothing; a link that leads nowhere is lost like any other name.
    there = target.is_file() or (target.is_symlink() and not target.exists())
    if there and not overwrite and not of_page:
        raise ConfigError(f"{flag} {path} exists: replace it with --overwrite, or choose another file.")


def _is_read(target: Path, name: str) -> bool:
    """Whether a file is what is read under a name: that file, by whatever link; or of a folder one of its splits."""
    place = read_place(name)
    if os.path.isdir(place):
        return is_of_split(target, Path(place))
    return os.path.exists(place) and target.exists() and os.path.samefile(target, place)
