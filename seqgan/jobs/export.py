"""Exporting as a job: a run's generator or discriminator as a folder that travels, or a decoding step as a graph."""

import os
from pathlib import Path
from typing import NamedTuple

from seqgan.errors import ConfigError
from seqgan.exporting.folder import check_free
from seqgan.exporting.huggingface import export_transformers
from seqgan.exporting.players import ExportedDiscriminator, ExportedGenerator
from seqgan.runs.directory import Run, open_run
from seqgan.runs.reads import places_read

PLAYERS = ("generator", "discriminator")
FORMATS = ("folder", "transformers", "onnx", "torch-export")


class Exported(NamedTuple):
    """What was written."""

    run: Run
    """Whose player it is."""
    folder: Path
    """Where it is."""
    files: tuple[str, ...]
    """Their names in the folder, in order."""


def export_run(
    run: Run | str | Path,
    output: str | Path,
    *,
    player: str = "generator",
    format: str = "folder",
    overwrite: bool = False,
) -> Exported:
    """Write a run's model for use elsewhere, as `seqgan export` does; all of it or nothing.

    Args:
        run: the run, or its folder.
        output: the new folder.
        player: which of the two: generator or discriminator.
        format: folder, which `ExportedGenerator.from_pretrained` and `ExportedDiscriminator.from_pretrained` read back;
            or, of generators, transformers, a folder that this library reads, where the model is one of its own; onnx
            or torch-export, one decoding step as a graph.
        overwrite: replace another export in that folder.

    Raises:
        ConfigError: no such player or format; this run's model cannot be written so, or a package for it is not
            installed; or the folder is or holds the run, or what the run reads.
        RunError: the folder is taken or cannot be written, or the run has no such player.
        SeqganError: the run cannot be read.
    """
    check_export(output, player=player, format=format, overwrite=overwrite)
    folder = Path(output)
    opened = run if isinstance(run, Run) else open_run(run)
    _refuse_loss(folder, opened)
    if player == "discriminator":
        ExportedDiscriminator.from_run(opened).save_pretrained(folder, overwrite=overwrite)
    elif format == "folder":
        ExportedGenerator.from_run(opened).save_pretrained(folder, overwrite=overwrite)
    elif format == "transformers":
        export_transformers(opened, folder, overwrite=overwrite)
    else:
        from seqgan.exporting.graphs import export_graphs  # which loads torch's compiler

        export_graphs(ExportedGenerator.from_run(opened), folder, format, overwrite=overwrite)
    return Exported(opened, folder, tuple(sorted(path.name for path in folder.iterdir())))


def check_export(
    output: str | Path, *, player: str = "generator", format: str = "folder", overwrite: bool = False
) -> None:
    """That what is asked goes together and the folder is free; asked before any run is looked for. Arguments are those
    of `export_run`.

    Raises:
        ConfigError: no such player or format, or not together.
        RunError: the folder is taken.
    """
    for name, value, known in (("player", player, PLAYERS), ("format", format, FORMATS)):
        if value not in known:
            raise ConfigError(f"--{name} is {value!r}: choose one of {', '.join(known)}.")
    if player == "discriminator" and format != "folder":
        raise ConfigError(f"--format {format} is of generators: leave out --player, or --format.")
    check_free(Path(output).resolve(), overwrite=overwrite)


def _refuse_loss(folder: Path, run: Run) -> None:
    """That the folder which is replaced neither is nor holds the run, or what the run reads.

    Raises:
        ConfigError: it does.
    """
    if run.folder.resolve().is_relative_to(folder.resolve()):
        raise ConfigError(
            f"--output {folder} is or holds the run {run.folder}, which would be lost: name a new folder."
        )
    for setting, place in places_read(run.config).items():
        if os.path.exists(place) and Path(place).resolve().is_relative_to(folder.resolve()):
            raise ConfigError(
                f"--output {folder} is or holds {place}, which the run {run.folder} reads by {setting} and which would "
                "be lost: name a new folder."
            )
