"""How a training is begun or gone on with, and what is looked at and said of its text before."""

from pathlib import Path
from typing import NamedTuple

import msgspec

from seqgan.data.corpus import located, located_source
from seqgan.data.text import Text
from seqgan.launched import speaks
from seqgan.progress import SILENT, Progress
from seqgan.runs.directory import Run, check_new, create_run, owner
from seqgan.runs.reads import places_read
from seqgan.settings.data import DataConfig
from seqgan.settings.run import RunConfig


class Way(NamedTuple):
    """How a training is begun or gone on with: what it is told beside its settings."""

    resume: bool = False
    """Go on where the run was interrupted."""
    overwrite: bool = False
    """Replace a run that is there."""
    tensorboard: bool = False
    """Write TensorBoard's events into the run's folder."""
    device: str = "auto"
    """Where to compute."""
    preset: str | None = None
    """The name of the one that settings were taken from, whose values are no mistake where nothing reads them."""
    settings_file: str | None = None
    """The file that settings were taken from, which the run must not replace."""
    progress: Progress = SILENT
    """Where to report."""
    minutes: float = 0.0
    """After which the training leaves with a saved state, by `OutOfTime`; 0 has no end."""

    def on_device(self) -> list[str]:
        """The flag of the device, where one was chosen, for the command that goes on."""
        return [] if self.device == Way().device else ["--device", self.device]


def begun_run(folder: Path, config: RunConfig, text: Text, way: Way, resumed: Run | None) -> Run:
    """The run that a training writes into: a new one, or the one that it goes on with. Of several processes that were
    started together the one that writes makes it.

    Args:
        folder: where it goes.
        config: its settings.
        text: whose symbols it keeps.
        way: whether what is there is replaced.
        resumed: the run that is gone on with; None where a new one is begun.

    Raises:
        RunError: a run is there, and is not to be replaced.
    """
    if not speaks():
        return Run(folder, config, *text.symbols)
    return resumed or create_run(folder, config, *text.symbols, overwrite=way.overwrite)


def check_place(folder: Path, config: RunConfig, way: Way, others: tuple[str, ...] = ()) -> None:
    """That a new run may be made there, and takes the place of nothing that it reads.

    Args:
        folder: where it is to go.
        config: its settings, which name what is read.
        way: how the training is begun.
        others: more that is read.

    Raises:
        RunError: it may not.
    """
    if not speaks():
        return
    # The file of a run, which the run that takes its place has again, is not one to keep.
    file = way.settings_file
    given = [] if file is None or owner(Path(file)) is not None else [file]
    check_new(folder, way.overwrite, [*places_read(config).values(), *given, *others])


def resolved(config: RunConfig) -> DataConfig:
    """The same text by a name that means it anywhere."""
    data = config.data
    return msgspec.structs.replace(
        data,
        corpus=located(data.corpus, prefix=data.target is not None),
        valid=None if data.valid is None else located(data.valid, prefix=data.target is not None),
        source=located_source(data.corpus, data.source),
        valid_source=None if data.valid_source is None else located(data.valid_source),
    )


def describe(text: Text, progress: Progress) -> None:
    """Say how the text was read."""
    for note in text.notes:
        progress.note(note)
    sizes = f"{text.corpus.name}: {text.train.sentences:,} training and {text.valid.sentences:,} held-out"
    if text.source_vocabulary is None:
        progress.note(
            f"{sizes} sentences, {len(text.vocabulary):,} symbols, at most {text.max_length} tokens a sentence."
        )
        return
    shared = text.source_vocabulary is text.vocabulary
    symbols = "shared" if shared else f"and {len(text.source_vocabulary):,} of sources"
    progress.note(
        f"{sizes} pairs, {len(text.vocabulary):,} symbols {symbols}, at most {text.max_source_length} tokens a source "
        f"and {text.max_length} a sentence."
    )
