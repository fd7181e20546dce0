"""Headroom as a job: what a perfect use of a discriminator could gain, before an adversarial training begins."""

import json
from pathlib import Path
from typing import Annotated

import msgspec
import torch
from msgspec import Meta

from seqgan import __version__
from seqgan.algorithm_settings import build_algorithm, with_algorithm
from seqgan.data.lines import count
from seqgan.data.sequences import Sequences
from seqgan.data.text import Text
from seqgan.decoding.states import stepping
from seqgan.errors import ConfigError
from seqgan.evaluation.headroom import Headroom, deciding_part, headroom_of
from seqgan.evaluation.likelihood_residual import sample_logits
from seqgan.evaluation.score import sequence_scores
from seqgan.files import write_file
from seqgan.interrupt import OutOfTime
from seqgan.jobs.adversarial import train_from_run
from seqgan.jobs.children import check_name
from seqgan.jobs.memory import check_memory, holding_to
from seqgan.jobs.ranges import in_range
from seqgan.model_settings import generator_kind, with_common_settings
from seqgan.objectives import ALGORITHMS, FixedGenerator
from seqgan.progress import SILENT, Progress
from seqgan.runs.directory import Run, is_run, open_run
from seqgan.runs.load import load_discriminator, load_generator, load_text
from seqgan.runs.metric_log import read_metrics
from seqgan.runs.moved import moved_to
from seqgan.runs.weights import said_of, sum_of, weights_of
from seqgan.settings.discriminator import DiscriminatorConfig
from seqgan.settings.run import RunConfig
from seqgan.settings.types import MOST, Count, Seed
from seqgan.training.engine import choose_device

SAMPLES = 4000
"""As many as make the partition function's error smaller than that of a thousand held-out sentences."""
OF_SOURCE = 16
"""Samples for each source, which has a partition function of its own."""
LEAST_DECIDING = 50
"""Held-out sentences that numbers come from; fewer are refused."""


class Measuring(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked, by the names that the command's flags have."""

    name: str | None = None
    samples: Annotated[int, Meta(ge=100, le=MOST)] = SAMPLES
    discriminator: str | None = None
    rounds: Count = 0
    minutes: Annotated[float, Meta(ge=0)] = 0.0
    memory: Annotated[float, Meta(ge=0, le=2**20)] = 0.0
    seed: Seed = 0


def headroom(
    run: Run | str | Path,
    *,
    name: str | None = None,
    samples: int = SAMPLES,
    discriminator: str | None = None,
    rounds: int = 0,
    minutes: float = 0.0,
    corpus: str | None = None,
    device: str = "auto",
    memory: float = 0.0,
    seed: int = 0,
    progress: Progress = SILENT,
) -> Headroom:
    """What a perfect use of a discriminator could gain over a run's generator, as `seqgan headroom` measures it.

    The discriminator is trained to the end against the generator as it is, on the training text and fresh samples; it
    is stopped and scaled by one part of the held-out text, and all numbers are of another. That training is a child of
    the run, which is made if it is not there, and gone on with if it is not at its end. The numbers are written into
    its folder, as headroom.json.

    Args:
        run: the run whose generator is looked at, or its folder; or such a child, whose discriminator is used as it is.
        name: of the child; by default that of the algorithm whose generator stands still.
        samples: fresh ones of the generator; of a run of pairs there are `OF_SOURCE` for each source, and as many
            sources as they suffice for.
        discriminator: its kind, where one is trained; by default the usual one.
        rounds: most rounds of its training; 0 for the algorithm's own number.
        minutes: after which its training leaves with what it has; 0 lets it end by itself.
        corpus: where the run's text is now, if it was moved.
        device: where to compute: auto, cpu, cuda, cuda:1, mps.
        memory: GiB that samples may take at once; 0 takes half of what is free.
        seed: of the samples.
        progress: where to report.

    Raises:
        ConfigError: a number out of range; a generator that has no likelihood; or the child's discriminator was trained
            against other weights than the run now has.
        Interrupted: a signal came while the discriminator was trained; a state is saved.
        SeqganError: the run or its text cannot be read; or there is too little held-out text.
    """
    asked = in_range(
        Measuring(
            name=name,
            samples=samples,
            discriminator=discriminator,
            rounds=rounds,
            minutes=minutes,
            memory=memory,
            seed=seed,
        )
    )
    choose_device(device)
    start = run if isinstance(run, Run) else open_run(run)
    if generator_kind(start.config.generator).at_once:
        raise ConfigError(
            f"The generator of {start.folder} makes all positions at once and has no likelihood to gain on: name a run "
            "whose generator makes a token at a time."
        )
    check_memory(memory, [start])
    if _stands_still(start):
        _refuse_training(start, asked)
        judged = start
    else:
        judged = _trained_child(start, asked, corpus, device, progress)
    if corpus is not None:
        judged.config = msgspec.structs.replace(judged.config, data=moved_to(judged.config.data, corpus))
    with holding_to(memory):
        found, part = _measured(judged, asked, device, progress)
    content = {
        **found.to_json(),
        "recipe": {
            "samples": samples,
            "seed": seed,
            "text": judged.config.data.fingerprint,
            "of": part,
            "seqgan": __version__,
        },
        "discriminator": {"sha256": sum_of(judged.discriminator_path)},
        **said_of(judged, [] if judged is start else [start]),
    }
    write_file(judged.headroom_path, json.dumps(content, indent=2) + "\n")
    progress.note(f"Written to {judged.headroom_path}.")
    return found


def _stands_still(run: Run) -> bool:
    """Whether a run's discriminator was trained against its generator alone."""
    section = run.config.algorithm
    return section is not None and isinstance(ALGORITHMS.get(section["name"]), FixedGenerator)


def _refuse_training(run: Run, asked: Measuring) -> None:
    """That nothing is asked of a training where none is made.

    Raises:
        ConfigError: something is.
    """
    usual = Measuring()
    for name in ("name", "discriminator", "rounds", "minutes"):
        if getattr(asked, name) != getattr(usual, name):
            raise ConfigError(
                f"{run.folder} has its discriminator already, which is used as it is: leave out --{name}, or name the "
                "run that it began with."
            )


def _trained_child(start: Run, asked: Measuring, corpus: str | None, device: str, progress: Progress) -> Run:
    """The run in whose folder the discriminator is, trained to the end or for as long as was asked for.

    Raises:
        ConfigError: a run of that name has another discriminator, or was trained against other weights.
    """
    algo = next(name for name, each in ALGORITHMS.items() if isinstance(each, FixedGenerator))
    folder = start.folder / check_name(asked.name or algo, new=False)
    there = is_run(folder)
    if there:
        child = open_run(folder)
        _check_child(child, start, asked)
        config = _with_rounds(child.config, asked.rounds)
        if _is_over(child, config):
            return child
        progress.note(f"The training of {folder} is not at its end: it goes on.")
    else:
        config = _settings(start.config, algo, asked)
    data = start.config.data if corpus is None else moved_to(start.config.data, corpus)
    placed = Run(start.folder, msgspec.structs.replace(start.config, data=data), *start.symbols)
    _deciding(placed, load_text(placed), asked)  # before a training of minutes
    try:
        train_from_run(
            config,
            start,
            name=folder.name,
            corpus=corpus,
            verdict=False,
            resume=there,
            device=device,
            minutes=asked.minutes,
            progress=progress,
        )
    except OutOfTime:
        if _losses(open_run(folder)):
            progress.note(
                f"The {asked.minutes:g} minutes are over: the discriminator is the best one so far. Called again, the "
                "command goes on with its training."
            )
    child = open_run(folder)
    if not _losses(child):
        raise ConfigError(f"minutes is {asked.minutes:g}, and no round of {folder} was at its end by then: give more.")
    return child


def _settings(config: RunConfig, algo: str, asked: Measuring) -> RunConfig:
    """Those of the child: the algorithm's own, but for what is asked."""
    base = msgspec.structs.replace(config, discriminator=None, algorithm=None, adversarial=None)
    kinds = {} if asked.discriminator is None else with_common_settings({"discriminator": asked.discriminator})
    base = with_algorithm(base, algo, ("discriminator", "adversarial"), kinds)
    judge = msgspec.structs.replace(base.discriminator or DiscriminatorConfig(), name=asked.discriminator)
    return _with_rounds(msgspec.structs.replace(base, discriminator=judge), asked.rounds)


def _with_rounds(config: RunConfig, rounds: int) -> RunConfig:
    if not rounds:
        return config
    assert config.adversarial is not None
    return msgspec.structs.replace(config, adversarial=msgspec.structs.replace(config.adversarial, rounds=rounds))


def _check_child(child: Run, start: Run, asked: Measuring) -> None:
    """That a run which is there is what is asked for."""
    if not _stands_still(child):
        by = child.config.algorithm_name or "maximum likelihood"
        raise ConfigError(
            f"{child.folder} was trained by {by}, whose generator does not stand still: give another --name."
        )
    judge = child.config.discriminator
    if asked.discriminator is not None and judge is not None and judge.name != asked.discriminator:
        raise ConfigError(
            f"The discriminator of {child.folder} is {judge.name}, and --discriminator is {asked.discriminator}: leave "
            "it out, or give another --name."
        )
    then, now = weights_of(child), weights_of(start)
    if then is not None and now is not None and then.sha256 != now.sha256:
        raise ConfigError(
            f"The discriminator of {child.folder} was trained against other weights than {start.folder} now has, of "
            f"{now.shown}: give another --name, or delete {child.folder}."
        )


def _losses(run: Run) -> list[tuple[int, float]]:
    """The rounds of a run with their losses on held-out text."""
    lines = read_metrics(run.metrics_path)
    return [(line["step"], line["held_out/loss"]) for line in lines if line.get("held_out/loss") is not None]


def _is_over(run: Run, config: RunConfig) -> bool:
    """Whether the training of a discriminator has come to its end: by its rounds, or by patience."""
    assert config.algorithm is not None
    assert config.adversarial is not None
    algorithm, losses = build_algorithm(config.algorithm), _losses(run)
    assert isinstance(algorithm, FixedGenerator)
    if not losses:
        return False
    last, best = losses[-1][0], min(losses, key=lambda look: look[1])[0]
    return last >= config.adversarial.rounds or (algorithm.patience > 0 and last - best >= algorithm.patience)


def _measured(run: Run, asked: Measuring, device: str, progress: Progress) -> tuple[Headroom, str]:
    """The numbers, of the deciding part of the run's text and of fresh samples; and which part that is."""
    place = choose_device(device)
    generator, discriminator = load_generator(run).to(place), load_discriminator(run).to(place)
    text = load_text(run, progress)
    deciding = _deciding(run, text, asked)
    samples = asked.samples if deciding.condition is None else OF_SOURCE
    parts = "test text" if text.corpus.test else "other half of the validation text"
    progress.note(f"All numbers are of {count(deciding.sentences, 'sentence')} of the {parts}.")
    if not text.corpus.test:
        progress.note("The validation text decided when the pretraining ended, too: test text is better.")
    deciding = deciding.to(place)
    real = sequence_scores(discriminator, deciding)
    rng = torch.Generator(place).manual_seed(asked.seed)
    total = samples * (1 if deciding.condition is None else deciding.sentences)
    with progress.bar("Samples judged", total) as advance:
        fake = sample_logits(
            stepping(generator),
            discriminator,
            deciding.condition,
            samples,
            run.config.data.max_length,
            rng=rng,
            advance=advance,
        )
    found = headroom_of(real, fake.squeeze(0) if deciding.condition is None else fake, _known(deciding, run))
    return found, parts


def _deciding(run: Run, text: Text, asked: Measuring) -> Sequences:
    """The sentences that numbers come from; of pairs as many as there are samples for.

    Raises:
        ConfigError: they are too few.
    """
    deciding = deciding_part(text, run.reading, drop_long=run.config.data.too_long == "drop")
    if deciding.condition is not None:
        deciding = deciding.some(asked.samples // OF_SOURCE)
    if deciding.sentences < LEAST_DECIDING:
        of_sources = "" if deciding.condition is None else f", or --samples {LEAST_DECIDING * OF_SOURCE} or more"
        raise ConfigError(
            f"The numbers would come from {count(deciding.sentences, 'held-out sentence')}, and {LEAST_DECIDING} are "
            f"the least: give a corpus with more validation or test text{of_sources}."
        )
    return deciding


def _known(sequences: Sequences, run: Run) -> torch.Tensor:
    """Tokens of each sentence as likelihoods count them: ends are, unknown ones are not. [sentences]"""
    unknown = run.vocabulary.unknown
    known = sequences.mask if unknown is None else sequences.mask & (sequences.tokens != unknown)
    return known.sum(dim=1)
