"""What a run's settings name of files and folders that are not its own, so that no command writes over them."""

import os
from pathlib import Path

from seqgan.data.corpus import is_embedded, read_place
from seqgan.data.folders import aligned_places
from seqgan.runs.directory import Run
from seqgan.settings.run import RunConfig


def places_read(config: RunConfig) -> dict[str, str]:
    """The files and folders, by the settings that name them; not all need be there."""
    data, judge = config.data, config.discriminator
    named = {
        "data.corpus": None if is_embedded(data.corpus) else read_place(data.corpus),
        "data.valid": data.valid,
        "data.source": data.source,
        "data.valid_source": data.valid_source,
        "data.tokenizer_path": data.tokenizer_path,
        "generator.path": config.generator.path,
        "discriminator.path": None if judge is None else judge.path,
    }
    for side, extension in (("source", data.source), ("target", data.target)):
        for prefix, place in aligned_places(data.corpus, data.valid, extension).items():
            named[f"data.{side} of {prefix}"] = place
    for setting in ("data.tokenizer_path", "generator.path", "discriminator.path"):
        folder = named[setting]
        if folder is not None and os.path.isdir(folder):  # all of a model is read, or may be
            named |= {f"{setting} (with {path.name})": str(path) for path in Path(folder).iterdir()}
    return {setting: place for setting, place in named.items() if place is not None}


def read_by(*runs: Run) -> dict[str, str | None]:
    """What the settings of some runs name, by what names it: the run and the setting."""
    return {
        f"the run {run.folder} with {setting}": place
        for run in runs
        for setting, place in places_read(run.config).items()
    }
