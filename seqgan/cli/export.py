"""`seqgan export`: a run's generator or discriminator as a folder that travels, or a decoding step as a graph."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import tyro

from seqgan.cli.options import CommonFlags, Switch, check_flags, parse, run_or_newest, with_positional
from seqgan.errors import ConfigError

FORMATS = ("folder", "transformers", "onnx", "torch-export")
PLAYERS = ("generator", "discriminator")


class ExportFlags(CommonFlags, frozen=True, kw_only=True):
    """What `seqgan export` takes."""

    run: Annotated[str | None, tyro.conf.arg(metavar="DIR")] = None
    """The run; by default the one under runs/ that was trained last."""
    output: Annotated[str | None, tyro.conf.arg(metavar="DIR")] = None
    """The new folder."""
    player: Annotated[str, tyro.conf.arg(metavar="generator|discriminator")] = "generator"
    """Which of the two."""
    format: Annotated[str, tyro.conf.arg(metavar="|".join(FORMATS))] = "folder"
    """folder: weights, settings and vocabulary, read back by ExportedGenerator.from_pretrained and
    ExportedDiscriminator.from_pretrained of seqgan.exporting. transformers: of a generator that is a model of that
    library, a folder that it reads, with a model card. onnx and torch-export: one decoding step of the generator as a
    graph, for programs without seqgan."""
    overwrite: Switch = False
    """Replace another export in that folder."""


def main(arguments: Sequence[str]) -> None:
    """Parse, load, write."""
    arguments = with_positional(arguments, "--run")
    flags = check_flags(parse("export", "A run's model for use elsewhere.", ExportFlags(), arguments))
    if flags.output is None:
        raise ConfigError("Where to? Name a new folder with --output DIR.")
    for name, value, known in (("player", flags.player, PLAYERS), ("format", flags.format, FORMATS)):
        if value not in known:
            raise ConfigError(f"--{name} is {value!r}: choose one of {', '.join(known)}.")
    if flags.player == "discriminator" and flags.format != "folder":
        raise ConfigError(f"--format {flags.format} is of generators: leave out --player, or --format.")

    from seqgan.exporting.folder import check_free
    from seqgan.runs.directory import open_run
    from seqgan.runs.reads import places_read

    folder = Path(flags.output)
    check_free(folder.resolve(), overwrite=flags.overwrite)
    run = open_run(run_or_newest(flags.run, flags.progress))
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

    from seqgan.exporting.graphs import export_graphs
    from seqgan.exporting.huggingface import export_transformers
    from seqgan.exporting.players import ExportedDiscriminator, ExportedGenerator

    if flags.player == "discriminator":
        ExportedDiscriminator.from_run(run).save_pretrained(folder, overwrite=flags.overwrite)
    elif flags.format == "folder":
        ExportedGenerator.from_run(run).save_pretrained(folder, overwrite=flags.overwrite)
    elif flags.format == "transformers":
        export_transformers(run, folder, overwrite=flags.overwrite)
    else:
        export_graphs(ExportedGenerator.from_run(run), folder, flags.format, overwrite=flags.overwrite)
    names = ", ".join(sorted(path.name for path in folder.iterdir()))
    flags.progress.note(f"The {flags.player} of {run.folder} is in {folder}: {names}.")
