"""Pretraining as a job: maximum likelihood, from a corpus into a run."""

import shlex
from pathlib import Path
from typing import NamedTuple

import msgspec

from seqgan.build import as_read, build_generator, build_text, named_players
from seqgan.build_huggingface import (
    check_room,
    keep_learnt_symbols,
    with_generator_files,
    with_located_models,
    with_own_tokenizer,
)
from seqgan.data.text import Text
from seqgan.decoding.states import stepping
from seqgan.errors import CheckpointError, ConfigError
from seqgan.files import gone_on_with
from seqgan.interrupt import interruptible
from seqgan.jobs.begin import Way, begun_run, check_place, describe, resolved
from seqgan.jobs.check import check_pretrainable
from seqgan.launched import speaks
from seqgan.model_settings import check_kinds, generator_kind
from seqgan.progress import SILENT, Progress
from seqgan.reached import check_reached
from seqgan.runs.checkpoint import load_state, load_weights
from seqgan.runs.directory import Run, open_run, write_config
from seqgan.runs.lock import locked
from seqgan.runs.moved import check_there
from seqgan.runs.tensorboard import check_installed, want_events
from seqgan.runs.weights import weights_of
from seqgan.settings.check import check
from seqgan.settings.resume import check_resumable
from seqgan.settings.run import RunConfig
from seqgan.training.engine import choose_device
from seqgan.training.pretrain import Pretrained, pretrain, why_over
from seqgan.training.processes import joined

OF_WEIGHTS = (
    *("tokenizer", "source_tokenizer", "tokenizer_path", "shared_vocabulary"),
    *("pieces", "min_count", "max_vocabulary", "turn_separator"),
)
"""Settings of the text that decided the vocabulary which weights belong to."""


class PretrainedRun(NamedTuple):
    """What came of it."""

    run: Run
    """With the generator of the best epoch."""
    result: Pretrained
    """Its likelihood, and how many epochs were made."""


def pretrain_run(
    config: RunConfig,
    folder: str | Path,
    *,
    resume: bool = False,
    overwrite: bool = False,
    tensorboard: bool = False,
    device: str = "auto",
    preset: str | None = None,
    settings_file: str | None = None,
    progress: Progress = SILENT,
) -> PretrainedRun:
    """Train a generator by maximum likelihood, from a corpus into a run, as `seqgan pretrain` does.

    The run is made once everything that can be wrong has been looked at.

    Args:
        config: all settings; `pretrain.start` names the run whose generator is begun with, if there is one.
        folder: where the run goes.
        resume: go on where the run was interrupted.
        overwrite: replace a run that is there.
        tensorboard: write TensorBoard's events into the run's folder.
        device: where to compute: auto, cpu, cuda, cuda:1, mps.
        preset: the name of the one that settings were taken from.
        settings_file: the file that settings were taken from, which the run must not replace.
        progress: where to report.

    Raises:
        ConfigError: settings that do not go together, or a generator that has no likelihood.
        Interrupted: a signal came; a state is saved.
        SeqganError: the text cannot be read, or the run cannot be made; or training diverged.
    """
    config = check_kinds(check(config))
    folder = Path(folder)
    way = Way(resume, overwrite, tensorboard, device, preset, settings_file, progress)
    with joined(choose_device(device)), locked(folder):
        return _pretrain_into(folder, config, way)


def _pretrain_into(folder: Path, config: RunConfig, way: Way) -> PretrainedRun:
    check_pretrainable(config.generator)
    if not way.resume:
        check_reached("generator", config, way.preset)
    if way.tensorboard:
        check_installed()
    start = None if way.resume or config.pretrain.start is None else open_run(config.pretrain.start)
    if start is not None:
        config = _begun_with(config, start)
    # From here on the settings say what is meant wherever, and with whatever seed, the next command is called.
    config = with_located_models(msgspec.structs.replace(config, data=resolved(config)))
    resumed = None
    if way.resume:
        resumed = open_run(folder)
        check_resumable(resumed.config, config, str(folder))
        check_there(folder, config.data)
        text = build_text(config.data, *resumed.symbols, progress=way.progress)
    else:
        check_place(folder, config, way, () if start is None else (str(start.folder),))
        config, text = _read_anew(config, start, way.progress)
    describe(text, way.progress)
    config = msgspec.structs.replace(config, data=as_read(config.data, text))
    config = named_players(config, conditional=text.source_vocabulary is not None)
    return _train(folder, config, text, way, resumed, start)


def _read_anew(config: RunConfig, start: Run | None, progress: Progress) -> tuple[RunConfig, Text]:
    """The text of a new run, with the settings that its generator's files decided."""
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
    return config, text


def _train(
    folder: Path, config: RunConfig, text: Text, way: Way, resumed: Run | None, start: Run | None
) -> PretrainedRun:
    """Build the generator, make the run, train."""
    state = {} if resumed is None else load_state(resumed.checkpoints_folder, lambda _: None, resumed.metrics_path)
    state = state or {}
    begun, made = bool(state), (state.get("epoch", 0), state.get("best_epoch", 0))
    del state  # which is read again, and may be large
    generator = build_generator(
        config.generator,
        text.vocabulary,
        text.max_length,
        config.seed,
        text.source_vocabulary,
        weights=not begun,
    ).to(choose_device(way.device))
    if start is not None:
        load_weights(generator, start.generator_path, text.vocabulary_fingerprint)
        way.progress.note(f"Beginning with the weights of {start.folder}.")
    check_room(generator, text.max_length, text.max_source_length)
    run = begun_run(folder, config, text, way, resumed)
    # Settings by which nothing is done are not the run's; nor are those beside a state that is damaged.
    undamaged = all(isinstance(number, int) for number in made)
    if way.resume and speaks() and undamaged and why_over(*made, config.pretrain) is None:
        write_config(run, config)
    if way.tensorboard and speaks():
        want_events(run.folder)
    command = shlex.join(["seqgan", "pretrain", "--run", str(folder), "--resume", *way.on_device()])
    with interruptible(f"Go on with: {command}") as stop, gone_on_with(command):
        result = pretrain(
            stepping(generator),
            text,
            config.pretrain,
            seed=config.seed,
            run=run,
            resume=way.resume,
            progress=way.progress,
            stop=stop,
        )
    return PretrainedRun(run, result)


def _begun_with(config: RunConfig, start: Run) -> RunConfig:
    """The settings of a run that begins with another one's generator, with the sum of its weights.

    Raises:
        ConfigError: sizes or tokens are not those of that run.
        CheckpointError: it has no weights, or other ones than the settings say.
    """
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
