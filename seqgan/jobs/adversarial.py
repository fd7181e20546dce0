"""Adversarial training as a job: from a run into a child run, or from a corpus into a run of its own."""

import copy
import os
from pathlib import Path
from typing import NamedTuple

import msgspec

from seqgan.algorithm_settings import build_algorithm, refuse_other_rounds
from seqgan.build import as_read, build_text, chosen_as_trained, named_players
from seqgan.build_huggingface import with_discriminator_files, with_located_models
from seqgan.errors import ConfigError, SeqganError
from seqgan.jobs.begin import Way, check_place, describe, resolved
from seqgan.jobs.check import check_players, checked_settings
from seqgan.jobs.children import check_name
from seqgan.jobs.compare import QUICK_SETS, QUICK_TEMPERATURES, Compared, Comparison, compare_runs
from seqgan.jobs.play import play
from seqgan.launched import speaks
from seqgan.model_settings import generator_kind
from seqgan.objectives import FixedGenerator, Relaxed
from seqgan.progress import SILENT, Progress
from seqgan.runs.directory import Run, open_run
from seqgan.runs.load import fixed_algorithm
from seqgan.runs.lock import locked
from seqgan.runs.moved import check_there, moved_to
from seqgan.settings.presets import PRESETS
from seqgan.settings.resume import check_resumable
from seqgan.settings.run import RunConfig
from seqgan.training.adversarial import check_reads_sources
from seqgan.training.engine import choose_device
from seqgan.training.fixed_generator import check_held_out
from seqgan.training.processes import joined, leave


class TrainedRun(NamedTuple):
    """What came of it."""

    run: Run
    """With the trained players."""
    compared: Compared | None
    """With the run that it went on from; None where that was left out or could not be done, or there is none."""


def train_from_run(
    config: RunConfig,
    parent: Run | str | Path,
    *,
    name: str | None = None,
    corpus: str | None = None,
    verdict: bool = True,
    resume: bool = False,
    overwrite: bool = False,
    tensorboard: bool = False,
    device: str = "auto",
    preset: str | None = None,
    settings_file: str | None = None,
    minutes: float = 0.0,
    progress: Progress = SILENT,
) -> TrainedRun:
    """Train the generator of a run against a discriminator, into a run in its folder, as `seqgan adversarial` does.

    The child is made once everything that can be wrong has been looked at.

    Args:
        config: all settings, as `with_algorithm` gives them; text and generator are those of the parent.
        parent: the run to start from, or its folder.
        name: of the child run; by default the algorithm's.
        corpus: where the parent's text is now, if it was moved.
        verdict: whether the child is compared with its parent at the end, over a few temperatures.
        resume: go on where the child was interrupted.
        overwrite: replace a child that is there.
        tensorboard: write TensorBoard's events into the child's folder.
        device: where to compute: auto, cpu, cuda, cuda:1, mps.
        preset: the name of the one that settings were taken from.
        settings_file: the file that settings were taken from, which the child must not replace.
        minutes: after which the training leaves with a saved state, by `seqgan.interrupt.OutOfTime`; 0 has no end.
        progress: where to report.

    Raises:
        ConfigError: settings that do not go together, or with the parent.
        Interrupted: a signal came, or the time is over; a state is saved.
        SeqganError: a run or its text cannot be read, or the child cannot be made; or training diverged.
    """
    config = checked_settings(config)
    assert config.algorithm is not None
    place = parent.folder if isinstance(parent, Run) else Path(parent)
    folder = place / check_name(name or config.algorithm["name"], new=not resume)
    way = Way(resume, overwrite, tensorboard, device, preset, settings_file, progress, minutes)
    with joined(choose_device(device)), locked(folder):
        start = copy.copy(parent) if isinstance(parent, Run) else open_run(parent)
        if corpus is not None:
            config = msgspec.structs.replace(config, data=moved_to(config.data, corpus))
            start.config = msgspec.structs.replace(start.config, data=moved_to(start.config.data, corpus))
        run = _train_child(folder, config, start, way, verdict=verdict)
        leave()  # one process is enough for the rest
        return TrainedRun(run, _compared_with_start(folder, start, way) if verdict and speaks() else None)


def _train_child(folder: Path, config: RunConfig, parent: Run, way: Way, *, verdict: bool) -> Run:
    conditional = parent.source_vocabulary is not None
    assert config.algorithm is not None
    check_reads_sources(build_algorithm(config.algorithm), conditional=conditional)
    config = with_located_models(named_players(config, conditional=conditional))
    config = config if way.resume else chosen_as_trained(config)
    _check(config, way, conditional=conditional)
    resumed = _resumed(folder, config) if way.resume else None
    if resumed is None:
        check_place(folder, config, way)
    way.progress.note(f"From {parent.folder} into {folder}.")
    if way.preset is not None and {"data", "generator"} & PRESETS[way.preset].keys():
        way.progress.note(f"Text and generator are those of {parent.folder}; of the preset, both players' settings.")
    check_there(parent.folder, config.data)
    text = build_text(config.data, *parent.symbols, progress=way.progress)
    describe(text, way.progress)
    assert config.discriminator is not None
    assert config.algorithm is not None
    algorithm = build_algorithm(config.algorithm)
    if isinstance(algorithm, FixedGenerator) and resumed is None:
        check_held_out(text, algorithm)
    if fixed_algorithm(parent) is not None and resumed is None:
        way.progress.note(
            f"It goes on from the generator of {parent.folder} alone, and is compared in the end with what that run "
            "draws by its discriminator's odds."
        )
    if resumed is None:
        files = with_discriminator_files(config.discriminator)
        config = msgspec.structs.replace(config, discriminator=files)
    return play(folder, config, text, way, resumed, weights=parent.generator_path, verdict=verdict)


def _check(config: RunConfig, way: Way, *, conditional: bool, from_nothing: bool = False) -> None:
    check_players(
        config,
        conditional=conditional,
        device=way.device,
        tensorboard=way.tensorboard,
        preset=way.preset,
        resumed=way.resume,
        from_nothing=from_nothing,
    )


def _resumed(folder: Path, config: RunConfig) -> Run:
    """The run to go on with, which these settings may go on with."""
    run = open_run(folder)
    check_resumable(run.config, config, str(folder))
    refuse_other_rounds(run.config, config, str(folder))
    return run


def _compared_with_start(folder: Path, parent: Run, way: Way) -> Compared | None:
    """Whether the phase helped, from fewer samples than `seqgan evaluate` takes. The training stands anyway."""
    run = open_run(folder)
    assert run.config.adversarial is not None
    settings = Comparison(
        sentences=run.config.adversarial.evaluate_samples,
        temperatures=QUICK_TEMPERATURES,
        sets=QUICK_SETS,
        seed=run.config.seed,
        device=way.device,
    )
    try:
        compared = compare_runs(run, parent, settings, way.progress)
        compared.write(way.progress)
    except SeqganError as error:
        way.progress.note(f"No verdict: {error}")
        return None
    return compared


def train_from_nothing(
    config: RunConfig,
    folder: str | Path,
    *,
    verdict: bool = True,
    resume: bool = False,
    overwrite: bool = False,
    tensorboard: bool = False,
    device: str = "auto",
    preset: str | None = None,
    settings_file: str | None = None,
    progress: Progress = SILENT,
) -> TrainedRun:
    """Train both players on a corpus, from nothing, as `seqgan adversarial --corpus` does.

    The run is made once everything that can be wrong has been looked at.

    Args:
        config: all settings, as `with_algorithm` gives them.
        folder: where the run goes.
        verdict: False is kept for the command that goes on with the run: there is nothing to compare it with.
        resume: go on where the run was interrupted.
        overwrite: replace a run that is there.
        tensorboard: write TensorBoard's events into the run's folder.
        device: where to compute: auto, cpu, cuda, cuda:1, mps.
        preset: the name of the one that settings were taken from.
        settings_file: the file that settings were taken from, which the run must not replace.
        progress: where to report.

    Raises:
        ConfigError: settings that do not go together; or the generator, or the algorithm, needs a pretrained run.
        Interrupted: a signal came; a state is saved.
        SeqganError: the text cannot be read, or the run cannot be made; or training diverged.
    """
    config = checked_settings(config)
    folder = Path(folder)
    way = Way(resume, overwrite, tensorboard, device, preset, settings_file, progress)
    with joined(choose_device(device)), locked(folder):
        return TrainedRun(_train_own(folder, config, way, verdict=verdict), None)


def _train_own(folder: Path, config: RunConfig, way: Way, *, verdict: bool) -> Run:
    config = named_players(config, conditional=config.data.source is not None)
    config = config if way.resume else chosen_as_trained(config)
    _check(config, way, conditional=config.data.source is not None, from_nothing=True)
    _check_starts_from_nothing(folder, config, way)
    config = msgspec.structs.replace(config, data=resolved(config))
    resumed = None
    if way.resume:
        resumed = _resumed(folder, config)
        check_there(folder, config.data)
        text = build_text(config.data, *resumed.symbols, progress=way.progress)
    else:
        check_place(folder, config, way)
        config = msgspec.structs.replace(config, data=msgspec.structs.replace(config.data, fingerprint=""))
        way.progress.note(f"Reading {config.data.corpus} ...")
        text = build_text(config.data, progress=way.progress)
    describe(text, way.progress)
    if text.source_vocabulary is not None:
        _check(config, way, conditional=True)
    config = msgspec.structs.replace(config, data=as_read(config.data, text))
    return play(folder, config, text, way, resumed, verdict=verdict)


def _check_starts_from_nothing(folder: Path, config: RunConfig, way: Way) -> None:
    """That neither the generator nor the algorithm needs a generator that was pretrained."""
    assert config.algorithm is not None
    algo = config.algorithm["name"]
    if generator_kind(config.generator).pretrained:
        raise ConfigError(
            f"--generator {config.generator.name} does not start from nothing: run seqgan pretrain with it, then "
            f"seqgan adversarial --algo {algo}."
        )
    if isinstance(build_algorithm(config.algorithm), Relaxed):
        return
    if way.resume:
        raise ConfigError(
            f"{folder} began with the generator of a pretrained run, and no run is in the folder that holds it: "
            f"move it back into the folder of that run, and go on with seqgan adversarial --algo {algo} --run "
            f"PRETRAINED --name {Path(os.path.abspath(folder)).name} --resume."
        )
    raise ConfigError(
        f"{algo} improves a generator that was pretrained, and --corpus starts from nothing: run seqgan pretrain "
        f"--corpus {config.data.corpus}, then seqgan adversarial --algo {algo}."
    )
