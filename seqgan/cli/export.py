"""`seqgan export`: a run's generator or discriminator as a folder that travels, or a decoding step as a graph."""

from collections.abc import Sequence
from typing import Annotated

import tyro

from seqgan.cli.options import CommonFlags, Switch, check_flags, parse, run_or_newest, with_positional
from seqgan.errors import ConfigError


class ExportFlags(CommonFlags, frozen=True, kw_only=True):
    """What `seqgan export` takes."""

    run: Annotated[str | None, tyro.conf.arg(metavar="DIR")] = None
    """The run; by default the one under runs/ that was trained last."""
    output: Annotated[str | None, tyro.conf.arg(metavar="DIR")] = None
    """The new folder."""
    player: Annotated[str, tyro.conf.arg(metavar="generator|discriminator")] = "generator"
    """Which of the two."""
    format: Annotated[str, tyro.conf.arg(metavar="folder|transformers|onnx|torch-export")] = "folder"
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

    from seqgan.jobs.export import check_export, export_run
    from seqgan.runs.load import fixed_algorithm

    asked = {name: getattr(flags, name) for name in ("player", "format", "overwrite")}
    check_export(flags.output, **asked)  # before a run is looked for
    exported = export_run(run_or_newest(flags.run, flags.progress), flags.output, **asked)
    names = ", ".join(exported.files)
    flags.progress.note(f"The {flags.player} of {exported.run.folder} is in {exported.folder}: {names}.")
    if flags.player == "generator" and fixed_algorithm(exported.run) is not None:
        flags.progress.note(
            "It is the generator alone: seqgan sample takes one of several of its samples by the discriminator's odds. "
            "--player discriminator exports the other half."
        )
