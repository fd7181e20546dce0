"""`seqgan pretrain`: maximum likelihood, from a corpus into a run."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
from seqgan.config import DataConfig, GeneratorConfig, PretrainConfig, RunConfig, check_resumable
from seqgan.data.corpus import corpus_name, located
from seqgan.errors import CheckpointError, ConfigError
from seqgan.files import gone_on_with
from seqgan.interrupt import interruptible
from seqgan.launched import speaks
from seqgan.settings_file import read_settings

if TYPE_CHECKING:
    from seqgan.runs.directory import Run


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
    from seqgan.runs.lock import locked
    from seqgan.training.engine import choose_device
    from seqgan.training.processes import joined

    if flags.run is None and config.pretrain.start is not None and not flags.resume:
        raise ConfigError(f"--from {config.pretrain.start} begins a new run: name its folder with --run DIR.")
    folder = Path(flags.run or default_folder(config.data.corpus))
    with joined(choose_device(flags.device)), locked(folder):
        pretrain_into(folder, config, flags)


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
        config.pretrain, weighting=PretrainConfig().weighting, start=start, start_weights=""
    )
    return msgspec.structs.replace(config, pretrain=pretrain, discriminator=None, adversarial=None)


OF_WEIGHTS = (
    *("tokenizer", "source_tokenizer", "tokenizer_path", "shared_vocabulary"),
    *("pieces", "min_count", "max_vocabulary", "turn_separator"),
)
"""Settings of the text that decided the vocabulary which weights belong to."""


def begun_with(config: RunConfig, start: "Run") -> RunConfig:
    """The settings of a run that begins with another one's generator, with the sum of its weights.

    Raises:
        ConfigError: sizes or tokens are not those of that run.
        CheckpointError: it has no weights, or other ones than the settings say.
    """
    from seqgan.runs.weights import weights_of

    theirs, weights = start.config, weights_of(start)
    if weights is None:
        raise CheckpointError(f"{start.folder} has no weights to begin with yet: train it first.")
    if config.pretrain.start_weights not in ("", weights.sha256):
        raise CheckpointError(
            f"{start.folder} has other weights than those that these settings began with: bring them back from a copy, "
            f"or begin with those of now, by --from {start.folder}."
        )
    pairs = [(f"data.{name}", getattr(config.data, name), getattr(theirs.data, name)) for name in OF_WEIGHTS]
    for name in theirs.generator.__struct_fields__:
        if name not in ("dropout", "initial_std"):
            pairs.append((f"generator.{name}", getattr(config.generator, name), getattr(theirs.generator, name)))
    for name, ours, other in pairs:
        if ours != other:
            raise ConfigError(
                f"{name} is {ours!r}, and {start.folder}, whose weights are begun with, has {other!r}: leave it out."
            )
    pretrain = msgspec.structs.replace(config.pretrain, start=str(start.folder.resolve()), start_weights=weights.sha256)
    return msgspec.structs.replace(config, pretrain=pretrain)


def default_folder(corpus: str) -> Path:
    """Where a run goes that is given no folder."""
    return Path("runs") / corpus_name(corpus)


def pretrain_into(folder: Path, config: RunConfig, flags: PretrainFlags) -> None:
    """Pretrain with these settings; the run is made once everything that can be wrong has been looked at."""
    from seqgan.build import as_read, build_generator, build_text, named_players
    from seqgan.build_pretrained import (
        check_room,
        keep_learnt_symbols,
        with_generator_files,
        with_located_models,
        with_own_tokenizer,
    )
    from seqgan.decoding.states import stepping
    from seqgan.jobs.begin import Way, begun_run, check_place, describe, resolved
    from seqgan.jobs.check import check_pretrainable
    from seqgan.model_settings import generator_kind
    from seqgan.reached import check_reached
    from seqgan.runs.checkpoint import load_state, load_weights
    from seqgan.runs.directory import open_run, write_config
    from seqgan.runs.moved import check_there
    from seqgan.runs.tensorboard import check_installed, want_events
    from seqgan.training.engine import choose_device
    from seqgan.training.pretrain import pretrain, why_over

    progress, way = flags.progress, Way(**way_of(flags))
    device = choose_device(flags.device)
    check_pretrainable(config.generator)
    if not flags.resume:
        check_reached("generator", config, flags.preset)
    if flags.tensorboard:
        check_installed()
    start = None if flags.resume or config.pretrain.start is None else open_run(config.pretrain.start)
    if start is not None:
        config = begun_with(config, start)
    # From here on the settings say what is meant wherever, and with whatever seed, the next command is called.
    config = with_located_models(msgspec.structs.replace(config, data=resolved(config)))
    if flags.resume:
        run = open_run(folder)
        check_resumable(run.config, config, str(folder))
        check_there(folder, config.data)
        text = build_text(config.data, *run.symbols, progress=progress)
    else:
        check_place(folder, config, way, () if start is None else (str(start.folder),))
        # A new run may be of another text than the one whose settings it was given.
        config = msgspec.structs.replace(config, data=msgspec.structs.replace(config.data, fingerprint=""))
        if generator_kind(config.generator).pretrained and start is None:
            config = with_own_tokenizer(config)
            progress.note(f"Tokens are those of {config.data.tokenizer_path}.")
        config = msgspec.structs.replace(config, generator=with_generator_files(config.generator))
        progress.note(f"Reading {config.data.corpus} ...")
        if start is None:
            text = build_text(config.data, progress=progress)
        else:
            text = build_text(config.data, *start.symbols, progress=progress)
        keep_learnt_symbols(text.tokenizer, text.vocabulary, config.generator)
    describe(text, progress)
    config = msgspec.structs.replace(config, data=as_read(config.data, text))
    config = named_players(config, conditional=text.source_vocabulary is not None)
    state = (load_state(run.checkpoints_folder, lambda _: None, run.metrics_path) if flags.resume else None) or {}
    begun, made = bool(state), (state.get("epoch", 0), state.get("best_epoch", 0))
    del state  # which is read again, and may be large
    generator = build_generator(
        config.generator,
        text.vocabulary,
        text.max_length,
        config.seed,
        text.source_vocabulary,
        weights=not begun,
    ).to(device)
    if start is not None:
        load_weights(generator, start.generator_path, text.vocabulary_fingerprint)
        progress.note(f"Beginning with the weights of {start.folder}.")
    check_room(generator, text.max_length, text.max_source_length)
    run = begun_run(folder, config, text, way, run if flags.resume else None)
    # Settings by which nothing is done are not the run's; nor are those beside a state that is damaged.
    undamaged = all(isinstance(number, int) for number in made)
    if flags.resume and speaks() and undamaged and why_over(*made, config.pretrain) is None:
        write_config(run, config)
    if flags.tensorboard and speaks():
        want_events(run.folder)
    command = shlex.join(["seqgan", "pretrain", "--run", str(folder), "--resume", *way.on_device()])
    with interruptible(f"Go on with: {command}") as stop, gone_on_with(command):
        result = pretrain(
            stepping(generator),
            text,
            config.pretrain,
            seed=config.seed,
            run=run,
            resume=flags.resume,
            progress=progress,
            stop=stop,
        )
    progress.note(
        f"Held-out negative log-likelihood {result.best_nll:.4f} nats a token, after epoch {result.best_epoch} of "
        f"{result.epochs}."
    )
    source = "" if text.source_vocabulary is None else " --source FILE"
    progress.note(f"Next: seqgan adversarial --run {folder}, or seqgan sample --run {folder}{source}")


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
