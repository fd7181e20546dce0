"""`seqgan pretrain`: maximum likelihood, from a corpus into a run."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
import tyro

from seqgan.cli.options import (
    SettingsFlags,
    Switch,
    flag_value,
    parse,
    refuse_together,
    settings_of,
    way_of,
    with_config_file,
    with_positional,
)
from seqgan.data.corpus import corpus_name, located
from seqgan.errors import ConfigError
from seqgan.settings.data import DataConfig
from seqgan.settings.file import read_settings
from seqgan.settings.generator import GeneratorConfig
from seqgan.settings.pretrain import PretrainConfig
from seqgan.settings.run import RunConfig


class PretrainFlags(SettingsFlags, frozen=True, kw_only=True):
    """What `seqgan pretrain` takes."""

    run: Annotated[str | None, tyro.conf.arg(metavar="DIR")] = None
    """The run's folder; by default runs/ and the corpus's name."""
    resume: Switch = False
    """Go on where the run was interrupted, with the settings it was begun with."""
    overwrite: Switch = False
    """Replace a run that is there."""
    data: DataConfig = DataConfig()
    generator: GeneratorConfig = GeneratorConfig()
    pretrain: PretrainConfig = PretrainConfig()


def main(arguments: Sequence[str]) -> None:
    """Parse, train, say what came of it."""
    arguments = with_positional(arguments, "--corpus")
    base = RunConfig()
    if "--resume" in arguments:
        from seqgan.runs.directory import open_run
        from seqgan.runs.moved import moved_to

        corpus = flag_value(arguments, "--corpus") or flag_value(arguments, "--data.corpus") or base.data.corpus
        base = open_run(flag_value(arguments, "--run") or default_folder(corpus)).config
        moved = moved_to(base.data, corpus) if corpus != RunConfig().data.corpus else base.data
        base = msgspec.structs.replace(base, data=moved)
    elif (start := starting_run(arguments)) is not None:
        base = settings_from(start)
    length, source_length = base.data.max_length, base.data.max_source_length
    base = with_config_file(base, arguments, ("seed", "data", "generator", "pretrain"))
    if "--resume" not in arguments:
        data = for_corpus(base.data, arguments, length)
        if data.max_source_length == 0:
            data = msgspec.structs.replace(data, max_source_length=source_length)
        base = msgspec.structs.replace(base, data=data)
    default = PretrainFlags(seed=base.seed, data=base.data, generator=base.generator, pretrain=base.pretrain)
    flags = parse("pretrain", "Train a generator by maximum likelihood, from a corpus into a run.", default, arguments)
    refuse_together(flags, "resume", "overwrite")
    refuse_together(flags, "resume", "preset")
    config = settings_of(flags, base)
    if flags.run is None and config.pretrain.start is not None and not flags.resume:
        raise ConfigError(f"--from {config.pretrain.start} begins a new run: name its folder with --run DIR.")
    folder = Path(flags.run or default_folder(config.data.corpus))

    from seqgan.jobs.pretrain import pretrain_run

    run, result = pretrain_run(config, folder, **way_of(flags))
    flags.progress.note(
        f"Held-out negative log-likelihood {result.best_nll:.4f} nats a token, after epoch {result.best_epoch} of "
        f"{result.epochs}."
    )
    source = "" if run.source_vocabulary is None else " --source FILE"
    flags.progress.note(f"Next: seqgan adversarial --run {folder}, or seqgan sample --run {folder}{source}")


def starting_run(arguments: Sequence[str]) -> str | None:
    """The run to begin with that flag or file name; None where a generator begins with weights of its own."""
    named = flag_value(arguments, "--from") or flag_value(arguments, "--pretrain.start")
    path = flag_value(arguments, "--config")
    section = read_settings(Path(path)).get("pretrain") if named is None and path is not None else None
    return section.get("start") if isinstance(section, dict) else named


def settings_from(start: str) -> RunConfig:
    """Those of a run that begins with another one's generator, as far as flags and files say nothing else: that one's
    text, generator and training, by the rules of now."""
    from seqgan.runs.directory import open_run

    config = open_run(start).config
    pretrain = msgspec.structs.replace(
        config.pretrain,
        weighting=PretrainConfig().weighting,
        draws=PretrainConfig().draws,
        start=start,
        start_weights="",
    )
    return msgspec.structs.replace(config, pretrain=pretrain, discriminator=None, adversarial=None)


def default_folder(corpus: str) -> Path:
    """Where a run goes that is given no folder."""
    return Path("runs") / corpus_name(corpus)


def for_corpus(data: DataConfig, arguments: Sequence[str], length: int = 0) -> DataConfig:
    """The settings for the corpus that the flags name: what was read off another text does not go along.

    Args:
        data: of another corpus, or the defaults.
        arguments: the command line.
        length: the greatest length where no text decides it; 0 where this one does.
    """
    corpus = flag_value(arguments, "--corpus") or flag_value(arguments, "--data.corpus")
    if corpus is None or located(corpus, prefix=True) == located(data.corpus, prefix=True):
        return data
    own = DataConfig()
    if data.fingerprint:  # the settings of a run, which was made by the rules of its time
        data = msgspec.structs.replace(data, source_cut=own.source_cut, split=own.split)
    return msgspec.structs.replace(
        data,
        valid=None,
        source=None,
        target=None,
        valid_source=None,
        set_configuration=None,
        set_split=None,
        set_revision=None,
        set_folder=None,
        max_length=length,
        max_source_length=0,
        split_seed=own.split_seed,
        fingerprint="",
    )
