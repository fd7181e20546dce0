"""Planning as a job: hours and memory of a training before it begins, from a few real steps of it."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from seqgan.algorithm_settings import build_algorithm
from seqgan.build import build_generator, build_text, chosen_as_trained, named_players
from seqgan.build_huggingface import with_discriminator_files, with_generator_files, with_own_tokenizer
from seqgan.data.text import Text
from seqgan.decoding.states import stepping
from seqgan.errors import ConfigError
from seqgan.jobs.begin import resolved
from seqgan.jobs.check import check_players, checked_settings, reads_sources
from seqgan.jobs.players import fresh_discriminator, judge_of_rounds
from seqgan.model_settings import generator_kind
from seqgan.objectives import Relaxed
from seqgan.progress import SILENT, Progress
from seqgan.runs.checkpoint import load_weights
from seqgan.runs.directory import Run, open_run
from seqgan.runs.moved import moved_to
from seqgan.settings.run import RunConfig
from seqgan.training.engine import choose_device
from seqgan.training.planning import Phase, fitting, peak_bytes, plan_adversarial, plan_pretraining


class Plan(NamedTuple):
    """What was measured."""

    trainings: Sequence[Sequence[Phase]]
    """Of each training its phases, with the seconds of a turn: the pretraining, where it is planned, and then the
    adversarial training."""
    peak_bytes: int | None
    """The most memory that was in use; None where the system does not say."""

    @property
    def hours(self) -> float:
        """Of all turns of all phases."""
        return sum(phase.hours for training in self.trainings for phase in training)

    def fitting(self, hours: float) -> list[tuple[str, int]]:
        """What fits into so many hours, of each training alone: epochs of a pretraining, and rounds.

        Raises:
            ConfigError: the hours have no end, or are no number.
        """
        if not math.isfinite(hours):
            raise ConfigError(f"hours is {hours}: give a finite number.")
        return [
            ("epochs" if len(training) == 1 else "rounds", fitting(list(training), hours))
            for training in self.trainings
        ]


def plan_training(
    config: RunConfig,
    run: Run | str | Path | None = None,
    *,
    tensorboard: bool = False,
    device: str = "auto",
    preset: str | None = None,
    progress: Progress = SILENT,
) -> Plan:
    """Build everything as the trainings do, and time a few real steps, as `seqgan plan` does. Nothing is written.

    Args:
        config: all settings, as `with_algorithm` gives them; of a run that is gone on from, its own with both players'.
            `config.data.corpus` says where the run's text is now.
        run: the pretrained run that the adversarial training is planned from, or its folder. Without it both trainings
            are planned, or, of an algorithm that starts from nothing, its own alone.
        tensorboard: whether the training is to write events for TensorBoard, whose package must then be there.
        device: where to compute: auto, cpu, cuda, cuda:1, mps.
        preset: the name of the one that settings were taken from.
        progress: where to report.

    Raises:
        ConfigError: settings that do not go together, or with the run.
        SeqganError: the run or the text cannot be read.
    """
    config = checked_settings(config)
    place = choose_device(device)
    start = run if isinstance(run, Run) or run is None else open_run(run)
    conditional = reads_sources(config) if start is None else start.source_vocabulary is not None
    config = chosen_as_trained(named_players(config, conditional=conditional))
    check_players(
        config,
        conditional=conditional,
        device=device,
        tensorboard=tensorboard,
        preset=preset,
        from_nothing=start is None,
    )
    config, text = _read(config, start, progress)
    generator = build_generator(
        config.generator, text.vocabulary, text.max_length, config.seed, text.source_vocabulary, weights=start is None
    ).to(place)
    if start is not None:
        load_weights(generator, start.generator_path, text.vocabulary_fingerprint)
    discriminator = fresh_discriminator(config, text).to(place)
    assert config.algorithm is not None
    assert config.adversarial is not None
    algorithm = build_algorithm(config.algorithm)
    trainings = []
    # Algorithms on relaxed samples start from nothing, or from a run.
    if start is None and not generator_kind(config.generator).at_once and not isinstance(algorithm, Relaxed):
        pretraining = plan_pretraining(stepping(generator), text, config.pretrain, seed=config.seed, progress=progress)
        trainings.append(pretraining)
        progress.note("The adversarial training is timed with a generator of some updates: --run DIR is surer.")
    judge = judge_of_rounds(config, generator, text)
    adversarial = plan_adversarial(
        generator, discriminator, text, algorithm, config.adversarial, judge, seed=config.seed, progress=progress
    )
    trainings.append(adversarial)
    return Plan(trainings, peak_bytes(place))


def _read(config: RunConfig, start: Run | None, progress: Progress) -> tuple[RunConfig, Text]:
    """The text, and the settings with what the files of pretrained models decided."""
    if start is None:
        config = with_own_tokenizer(config)
        config = msgspec.structs.replace(config, generator=with_generator_files(config.generator))
    assert config.discriminator is not None
    config = msgspec.structs.replace(config, discriminator=with_discriminator_files(config.discriminator))
    if start is None:
        return config, build_text(resolved(config), progress=progress)
    data = moved_to(start.config.data, config.data.corpus)
    return config, build_text(data, *start.symbols, progress=progress)
