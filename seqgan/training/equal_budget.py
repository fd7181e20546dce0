"""Maximum likelihood with the budget of an adversarial phase: what the same effort gives without a discriminator."""

import copy
import math
import time
from itertools import count, pairwise
from typing import NamedTuple

from seqgan.data.batches import take
from seqgan.data.text import Text
from seqgan.errors import ConfigError, RunError
from seqgan.evaluation.likelihood import held_out_likelihood
from seqgan.generators.protocol import Generator
from seqgan.objectives import ALGORITHMS, FixedGenerator
from seqgan.progress import SILENT, Progress
from seqgan.runs.directory import Run
from seqgan.runs.metric_log import read_metrics
from seqgan.settings.pretrain import PretrainConfig
from seqgan.training.engine import device_of, seeded
from seqgan.training.optimizers import adam, update
from seqgan.training.pretrain import pretraining_skips
from seqgan.training.processes import count as processes
from seqgan.training.text_likelihood import batch_nll, batches_of_pass, tokens_per_batch


class Budget(NamedTuple):
    """What an adversarial phase took."""

    updates: int
    """Of its generator; of the discriminator where it alone was trained."""
    seconds: float
    """Of its rounds. The discriminator's warm-up before them is not timed, and not in it."""


class TrainedOn(NamedTuple):
    """What came of going on."""

    updates: int
    """That were made."""
    seconds: float
    """That they took, held-out likelihoods counted."""
    best_update: int
    """The update after which the weights were taken; 0 where none was better than the start."""
    start_nll: float
    """Held-out negative log-likelihood per token at the start, in nats."""
    best_nll: float
    """And of the weights that were taken."""


def budget_of(run: Run) -> Budget:
    """What the adversarial phase of a run has taken so far, from its log.

    Raises:
        RunError: it has none, or no round of it is logged.
    """
    config = run.config.adversarial
    rounds = [line for line in read_metrics(run.metrics_path) if line["phase"] == "adversarial" and line["step"] > 0]
    if config is None or not rounds:
        raise RunError(f"{run.metrics_path} has no round of an adversarial phase: there is no budget to equal.")
    each = config.generator_steps * (1 + config.teacher_forcing_steps)
    if run.config.algorithm is not None and isinstance(ALGORITHMS.get(run.config.algorithm["name"]), FixedGenerator):
        # What it trained is the discriminator: maximum likelihood is given as many updates.
        batch = config.discriminator_batch_size or config.batch_size
        each = config.discriminator_steps * config.discriminator_epochs * -(-config.discriminator_pool // batch)
    updates = rounds[-1]["step"] * each
    # Of very many rounds not all have a line: each stands for those since the one before.
    seconds = sum(
        (line.get("seconds") or 0.0) * (line["step"] - before["step"])
        for before, line in pairwise([{"step": 0}, *rounds])
    )
    return Budget(updates, seconds)


def train_on(
    generator: Generator,
    text: Text,
    config: PretrainConfig | None = None,
    *,
    updates: int | None = None,
    seconds: float | None = None,
    seed: int = 0,
    progress: Progress = SILENT,
) -> TrainedOn:
    """Go on with maximum likelihood for a budget; it ends with the best weights by held-out likelihood.

    The start is among the weights to choose from, and patience ends the training early, as in pretraining: a budget is
    what may be spent. Without patience the last weights are kept. The optimiser starts afresh, as it does for the
    adversarial phase.

    Args:
        generator: pretrained; trained in place, on the device where it is.
        text: what it was trained on.
        config: of the pretraining; its epochs are not read.
        updates: the most that are made; None sets no such bound.
        seconds: the most that are taken; an update is finished. None sets no such bound.
        seed: of the order of batches and of dropout.
        progress: where to report.

    Raises:
        ValueError: neither bound is given.
        ConfigError: there are several processes.
        TrainingError: training diverged.
    """
    if updates is None and seconds is None:
        raise ValueError("Neither updates nor seconds are given: a budget needs one of them.")
    if processes() > 1:
        raise ConfigError(f"A budget is spent by one process, and there are {processes()}: start it without torchrun.")
    most, until = math.inf if updates is None else updates, math.inf if seconds is None else seconds
    config = config or PretrainConfig()
    device = device_of(generator)
    train, valid = text.train.to(device), text.valid.to(device)
    optimizer, skips = adam(generator, config.learning_rate), pretraining_skips()
    per_batch = tokens_per_batch(train, config)
    started = time.monotonic()

    def held_out() -> float:
        return held_out_likelihood(generator, valid, text.vocabulary.unknown).nll_per_token

    def over() -> bool:
        return made >= most or time.monotonic() - started >= until

    start_nll = best_nll = held_out()
    best_weights = copy.deepcopy(generator.state_dict())
    made = best_update = best_epoch = 0
    total = int(most) if math.isfinite(most) else 0
    with seeded(seed, device), progress.bar("Maximum likelihood, equal budget: updates", total) as advance:
        for epoch in count(1):
            generator.train()
            # Other orders than those of the epochs before.
            for rows in batches_of_pass(train, config, seed, config.epochs + epoch):
                if over():
                    break
                batch = take(train, rows)
                tokens = int(batch.mask.sum()) if per_batch is None else per_batch
                loss = batch_nll(generator, batch) / tokens
                update(generator, optimizer, loss, config.clip_norm, skips)
                made += 1
                advance(1)
            nll = held_out()
            if nll < best_nll or not config.patience:
                best_nll, best_update, best_epoch = nll, made, epoch
                best_weights = copy.deepcopy(generator.state_dict())
            if over() or (config.patience and epoch - best_epoch >= config.patience):
                break
    generator.load_state_dict(best_weights)
    return TrainedOn(made, time.monotonic() - started, best_update, start_nll, best_nll)
