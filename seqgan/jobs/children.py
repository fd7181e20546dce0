"""Runs within a run: what they may be called, and which of them is gone on with."""

import os
import re
import shlex
from pathlib import Path

from seqgan.errors import ConfigError, RunError
from seqgan.files import TEMPORARY_SUFFIX
from seqgan.runs.directory import CONTROLS_NAME, OWN_NAMES, Run, child_runs, is_run, open_run


def check_name(name: str, *, new: bool = True) -> str:
    """The same name, which is that of a folder in the run and of nothing else.

    Args:
        name: of the child run.
        new: whether it is to be made; those that are there may have names that earlier versions took.

    Raises:
        ConfigError: it leads elsewhere, or is taken by the run's own files.
    """
    of_files = name.endswith((".safetensors", TEMPORARY_SUFFIX))
    taken = OWN_NAMES if new else OWN_NAMES - {CONTROLS_NAME}  # which earlier versions let a child have
    if name != Path(name).name or name in ("", ".", "..") or "\0" in name or name in taken or of_files:
        raise ConfigError(f"--name is {name!r}, but it names a folder in the run: give a plain word, such as seqgan-2.")
    if new and not re.fullmatch(r"\w[\w.+=,@-]{0,99}", name):
        raise ConfigError(
            f"--name is {name!r}, but it is to be a plain word that a command line takes as it is: letters, digits and "
            "_.+=,@-, a letter or digit first, 100 characters at most."
        )
    return name


def child_to_resume(parent: Path, name: str) -> Run:
    """The run of that name within the other one's folder, to go on with.

    Raises:
        ConfigError: the name leads elsewhere.
        RunError: there is no such run; names those that there are.
    """
    child = parent / check_name(name, new=False)
    if not child.exists():
        there = ", ".join(child_runs(parent)) if parent.is_dir() else ""
        raise RunError(
            f"{parent} holds no adversarial run called {child.name} to resume; it holds: {there or 'none'}. "
            "Name one with --algo or --name; a run that started from nothing is resumed with its --corpus."
        )
    return open_run(child)


def refuse_child(run: Run) -> None:
    """That a run which is gone on with by its own folder started from nothing, and is no child of the run around it.

    Raises:
        ConfigError: it is one; names the command that goes on with it.
    """
    folder = Path(os.path.normpath(run.folder))
    parent = folder.parent if folder.name else Path(os.path.abspath(folder)).parent
    if run.config.algorithm is None or not is_run(parent):
        return
    place = ["--run", str(parent), "--name", Path(os.path.abspath(folder)).name]
    command = shlex.join(["seqgan", "adversarial", "--algo", run.config.algorithm["name"], *place, "--resume"])
    raise ConfigError(f"{folder} is a child of the run {parent}, whose generator it began with: go on with {command}")
