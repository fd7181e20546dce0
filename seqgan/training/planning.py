"""Hours and memory of a training, from a few of its real steps."""

import math
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import msgspec
import torch

from seqgan.data.batches import Sequences, epoch_batches, take
from seqgan.data.lines import count
from seqgan.data.text import Text
from seqgan.discriminators.protocol import Discriminator
from seqgan.evaluation.likelihood import held_out_likelihood
from seqgan.generators.protocol import Generator, GeneratorModule
from seqgan.objectives.algorithm import Algorithm
from seqgan.objectives.spin import SelfPlay
from seqgan.progress import SILENT, Progress
from seqgan.settings.adversarial import AdversarialConfig
from seqgan.settings.pretrain import PretrainConfig
from seqgan.training.adversarial import make_players
from seqgan.training.engine import device_of, seeded
from seqgan.training.optimizers import adam
from seqgan.training.pretrain import Judge, train_epoch
from seqgan.training.processes import some_rows

TIMED_BATCHES = 20
"""Batches of maximum likelihood that are timed, after a quarter as many that are not."""
TIMED_SENTENCES = 640
"""Held-out sentences whose scoring is timed."""
TIMED_SECONDS = 20.0
"""Turns of a kind are repeated for so long, three times at most."""


class Phase(NamedTuple):
    """A part of a training: so many turns of one kind."""

    name: str
    """What a turn is."""
    seconds: float
    """Of one turn, measured."""
    turns: int
    """As the settings have them; where something may end them earlier, at most so many."""

    @property
    def hours(self) -> float:
        """Of all turns."""
        return self.seconds * self.turns / 3600


def plan_pretraining(
    generator: Generator, text: Text, config: PretrainConfig, *, seed: int = 0, progress: Progress = SILENT
) -> list[Phase]:
    """Times some batches; the generator is trained by them.

    Args:
        generator: on the device that is meant.
        text: what it is to be trained on.
        config: how.
        seed: of the order of batches.
        progress: where to report.
    """
    device = device_of(generator)
    train, valid = text.train.to(device), text.valid.to(device)
    optimizer = adam(generator, config.learning_rate)
    one_pass = msgspec.structs.replace(config, epoch_updates=0)
    batches = epoch_batches(train, config.batch_size, seed=seed, epoch=1)
    # Batches of an epoch are of different lengths and stand in random order: the first ones are a fair sample.
    timed = min(TIMED_BATCHES, len(batches))
    progress.note(f"Timing {timed} of an epoch's {count(len(batches), 'batch', 'batches')} ...")
    seconds = 0.0
    with seeded(seed, device):
        for some_batches in (max(1, timed // 4), timed):  # the first ones warm up
            rows = torch.cat(list(batches[:some_batches]))
            some = Sequences(*take(train, rows))
            epoch = partial(train_epoch, generator, optimizer, some, one_pass, seed=seed, epoch=1)
            seconds = _seconds(epoch, device)
    few = some_rows(valid, slice(TIMED_SENTENCES))
    scoring = _seconds(lambda: held_out_likelihood(generator, few, text.vocabulary.unknown), device)
    updates = config.epoch_updates or len(batches)
    whole = seconds / timed * updates + scoring / len(few.tokens) * len(valid.tokens)
    return [Phase("pretraining: epochs", whole, config.epochs)]


def plan_adversarial(
    generator: GeneratorModule,
    discriminator: Discriminator,
    text: Text,
    algorithm: Algorithm,
    config: AdversarialConfig,
    judge: Judge,
    *,
    seed: int = 0,
    progress: Progress = SILENT,
) -> list[Phase]:
    """Times a pool of the warm-up, a round and an evaluation, each after one that is not timed; trains both players.

    Args:
        generator: pretrained where possible: how long its sentences are decides what they cost.
        discriminator: fresh.
        text: what is real.
        algorithm: a record.
        config: how.
        judge: the evaluation.
        seed: of everything that is drawn.
        progress: where to report.
    """
    device = device_of(generator)
    with seeded(seed, device) as rng:
        players = make_players(generator, discriminator, text, algorithm, config, rng)
        phases = []
        if config.warmup_steps and not isinstance(algorithm, SelfPlay):
            progress.note("Timing the discriminator's warm-up ...")
            together = min(players.pools_between_looks, config.warmup_steps)  # samples of so many are drawn at once

            def pools() -> None:
                players.warmup_steps = 0
                players.looks.clear()
                for _ in range(together):
                    players.warm_up_discriminator()

            phases.append(Phase("warm-up: pools", _repeated(pools, device) / together, config.warmup_steps))
        progress.note("Timing rounds of both players ...")
        phases.append(Phase("adversarial: rounds", _repeated(players.play_round, device), config.rounds))
        progress.note("Timing an evaluation ...")
        evaluations = 1 + math.ceil(config.rounds / config.evaluate_every)
        phases.append(Phase("adversarial: evaluations", _seconds(lambda: judge(0), device), evaluations))
    return phases


def fitting(phases: list[Phase], hours: float) -> int:
    """Turns of the last-named kind that fit: epochs of a pretraining, or rounds with their share of evaluations.

    Args:
        phases: of one training.
        hours: the time that there is.
    """
    if len(phases) == 1:
        return max(0, int(hours * 3600 / phases[0].seconds))
    *warmup, rounds, evaluations = phases
    left = hours * 3600 - sum(phase.seconds * phase.turns for phase in warmup) - evaluations.seconds
    each = rounds.seconds + evaluations.seconds * (evaluations.turns - 1) / rounds.turns
    return max(0, int(left / each))


def peak_bytes(device: torch.device) -> int | None:
    """The most memory that this process had so far: the GPU's where it computes there; None where the system does not
    say, as Windows."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    try:
        import resource
    except ModuleNotFoundError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _repeated(work: Callable[[], object], device: torch.device) -> float:
    """Mean seconds of some calls; the first one, which warms up, counts only where it is long."""
    first = _seconds(work, device)
    if first > TIMED_SECONDS:
        return first
    times = [_seconds(work, device)]
    while sum(times) < TIMED_SECONDS and len(times) < 3:
        times.append(_seconds(work, device))
    return sum(times) / len(times)


def _seconds(work: Callable[[], object], device: torch.device) -> float:
    started = time.monotonic()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.monotonic() - started
