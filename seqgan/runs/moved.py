"""Where a run's text is now, if it or the run was moved. That it is the same text its fingerprint says, when it is
read."""

import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from seqgan.data.corpus import is_embedded, located, read_place
from seqgan.data.folders import extensions
from seqgan.errors import CorpusError
from seqgan.settings.data import DataConfig

FILES = ("corpus", "valid", "source", "valid_source")
"""Settings of the text that may name a file."""


def found_again(data: DataConfig, folder: Path) -> DataConfig:
    """The settings of a run with files that are not where they say, and are beside the run as they were: the run and
    its text were moved together, or its settings are written relative to it.

    Args:
        data: of the run.
        folder: where the run is now.
    """
    here = folder.resolve()

    def candidates(place: str) -> list[str]:
        if not os.path.isabs(place):
            return [os.path.normpath(here / place)]
        return [os.path.normpath(here / os.path.relpath(place, data.begun_in))] if data.begun_in else []

    return _with_places(data, candidates)


def moved_to(data: DataConfig, corpus: str) -> DataConfig:
    """The settings with the same text at another place; its other files are looked for beside it as they were."""
    now = msgspec.structs.replace(data, corpus=located(corpus, prefix=data.target is not None))
    before, after = (os.path.dirname(read_place(each.corpus)) for each in (data, now))
    return _with_places(now, lambda place: [os.path.join(after, os.path.relpath(place, before or "."))])


def is_there(data: DataConfig) -> bool:
    """Whether a text can be looked for at all: what is not a file is."""
    place = read_place(data.corpus)
    return is_embedded(data.corpus) or place.startswith("hf:") or _exists(place, data)


def check_there(folder: Path, data: DataConfig) -> None:
    """That the text of a run is there.

    Raises:
        CorpusError: it is not.
    """
    if not is_there(data):
        raise CorpusError(gone(folder, data))


def gone(folder: Path, data: DataConfig) -> str:
    """What is said of a text that is not where a run says."""
    return f"The text of {folder} is no longer at {data.corpus}: if it was moved, --corpus says where it is now."


def _with_places(data: DataConfig, candidates: Callable[[str], list[str]]) -> DataConfig:
    """The settings with the first candidate that is there in place of each file that is not."""
    found = {}
    for name in FILES:
        value = getattr(data, name)
        if value is None or is_embedded(value) or (name == "source" and data.target is not None):
            continue
        place = read_place(value)
        if place.startswith("hf:") or _exists(place, data):
            continue
        there = next((other for other in candidates(place) if _exists(other, data)), None)
        if there is not None:
            found[name] = value.replace(place, there, 1)
    return msgspec.structs.replace(data, **found)


def _exists(place: str, data: DataConfig) -> bool:
    return os.path.exists(place) or (data.target is not None and bool(extensions(place)))
