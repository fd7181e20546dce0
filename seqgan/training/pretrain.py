"""Maximum likelihood for the generator, by default until the held-out likelihood no longer improves."""

import copy
import math
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any, NamedTuple

import torch
from torch.nn import Embedding

from seqgan.config import PretrainConfig
from seqgan.data.batches import Batch, Sequences, epoch_batches, take
from seqgan.data.text import Text
from seqgan.errors import CheckpointError
from seqgan.evaluation.likelihood import Likelihood, held_out_likelihood
from seqgan.generators.protocol import GeneratorModule
from seqgan.objectives.mle import mle_loss
from seqgan.progress import SILENT, Progress
from seqgan.runs.checkpoint import load_state, load_weights, save_state, save_weights
from seqgan.runs.directory import Run
from seqgan.runs.metric_log import MetricLog
from seqgan.tensors.output_nll import output_nll
from seqgan.tensors.workers import alone
from seqgan.training.engine import device_of, random_state, seeded, set_random_state
from seqgan.training.optimizers import adam, update
from seqgan.training.processes import (
    by_first,
    check_alike,
    dealt,
    is_first,
    own_part,
    some_rows,
    summed,
    take_over,
)

SMALL = 8
"""The output layer is next to all of the work when its weights are so many times the others' together."""

Judge = Callable[[int], dict[str, float]]
"""Called with the number of epochs or rounds made; its values are logged."""


class Pretrained(NamedTuple):
    """What came of it."""

    epochs: int
    """Passes over the text that were made."""
    best_epoch: int
    """The pass after which the weights were taken."""
    best_nll: float
    """Held-out negative log-likelihood per token of these weights, in nats."""


def pretrain(
    generator: GeneratorModule,
    text: Text,
    config: PretrainConfig | None = None,
    *,
    seed: int = 0,
    run: Run | None = None,
    resume: bool = False,
    progress: Progress = SILENT,
    judge: Judge | None = None,
) -> Pretrained:
    """Train the generator by maximum likelihood; it ends with the weights of the best epoch, without patience the last.

    Args:
        generator: trained in place, on the device where it is.
        text: from `encode_corpus`.
        config: how; the defaults without it.
        seed: of the order of batches and of dropout.
        run: where weights, log and training states are written; nowhere without it.
        resume: go on from the run's last training state. Gives what the uninterrupted training gives.
        progress: where to report.
        judge: called with the number of epochs made; its values are logged. Of several processes the first one asks it,
            while the others wait.

    Raises:
        CheckpointError: the run's training states are damaged, or belong to another text.
        SeqganError: training diverged.
    """
    config = config or PretrainConfig()
    device = device_of(generator)
    progress = progress if is_first() else SILENT
    check_alike("The text", text.corpus.fingerprint() + text.vocabulary_fingerprint)
    take_over(generator)
    train, valid = text.train.to(device), text.valid.to(device)
    optimizer = adam(generator, config.learning_rate)
    epoch, best_epoch, best_nll = 0, 0, math.inf
    best_weights = copy.deepcopy(generator.state_dict())

    with seeded(seed, device) as rng:
        state = load_state(run.checkpoints_folder, progress.note) if run is not None and resume else None
        check_alike("The training state", "" if state is None else str(state["epoch"]))
        if run is not None and state is not None:
            check_same_text(state, text)
            load_weights(generator, run.generator_path, text.vocabulary_fingerprint)
            best_weights = copy.deepcopy(generator.state_dict())
            generator.load_state_dict(state["generator"])
            optimizer.load_state_dict(state["optimizer"])
            set_random_state(rng, state["random"])
            epoch, best_epoch, best_nll = state["epoch"], state["best_epoch"], state["best_nll"]
            progress.note(f"Going on after epoch {epoch}.")
        path = run.metrics_path if run is not None and is_first() else None
        log = MetricLog(path, progress.note, size=state["log_size"] if state else 0)

        while epoch < config.epochs and (not config.patience or epoch - best_epoch < config.patience):
            epoch += 1
            values = train_epoch(generator, optimizer, train, config, seed=seed, epoch=epoch, progress=progress)
            held_out = _shared_likelihood(generator, valid, text.vocabulary.unknown)
            nll = held_out.nll_per_token
            values |= {"eval/nll": nll, "eval/perplexity": held_out.perplexity}
            if judge is not None:
                values |= by_first(partial(judge, epoch))
            log.log("pretrain", epoch, values)
            # Without patience the last epoch is the one to keep, whatever came before.
            better = nll < best_nll or not config.patience
            if better:
                best_nll, best_epoch = nll, epoch
                best_weights = copy.deepcopy(generator.state_dict())
            if run is not None:
                state = {
                    "epoch": epoch,
                    "best_epoch": best_epoch,
                    "best_nll": best_nll,
                    "generator": generator.state_dict(),
                    "optimizer": optimizer.state_dict(),
                    "random": random_state(rng),
                    "log_size": log.size,
                    "text": text.corpus.fingerprint(),
                    "vocabulary": text.vocabulary_fingerprint,
                }
                by_first(partial(_write, run, generator if better else None, state))

    generator.load_state_dict(best_weights)
    return Pretrained(epoch, best_epoch, best_nll)


def _write(run: Run, generator: GeneratorModule | None, state: dict[str, Any]) -> None:
    """The weights, where they are the best so far, and the training state."""
    if generator is not None:
        save_weights(generator, run.generator_path, state["vocabulary"])
    save_state(run.checkpoints_folder, state["epoch"], state)


def _shared_likelihood(generator: GeneratorModule, valid: Sequences, unknown: int | None) -> Likelihood:
    """`held_out_likelihood`, of which each process computes its part."""
    part = own_part(len(valid.tokens))
    own = held_out_likelihood(generator, some_rows(valid, part.rows), unknown)
    if part.size == len(valid.tokens):
        return own
    return Likelihood(*summed(*own))  # type: ignore[arg-type]  # counts as whole floats


def check_same_text(state: dict[str, Any], text: Text) -> None:
    """That a training state was made from this text.

    Raises:
        CheckpointError: it was not.
    """
    if state["text"] != text.corpus.fingerprint():
        raise CheckpointError(
            f"The corpus {text.corpus.name} is not the one that this run was begun with: its sentences changed. "
            "Restore them, or start anew with --overwrite."
        )
    if state["vocabulary"] != text.vocabulary_fingerprint:
        files = "vocabulary.txt" if text.source_vocabulary is None else "vocabulary.txt or source_vocabulary.txt"
        raise CheckpointError(f"{files} is not the one that this run was begun with: restore it from a copy.")


def train_epoch(
    generator: GeneratorModule,
    optimizer: torch.optim.Optimizer,
    train: Sequences,
    config: PretrainConfig,
    *,
    seed: int,
    epoch: int,
    progress: Progress = SILENT,
) -> dict[str, float]:
    """One pass over the text in place; the values to log."""
    started = time.monotonic()
    total_nll, total_tokens = 0.0, 0
    generator.train()
    batches = epoch_batches(train, config.batch_size, seed=seed, epoch=epoch)
    with progress.bar(f"Pretraining, epoch {epoch}: batches", len(batches)) as advance, _threads_for(generator):
        for rows in batches:
            part = own_part(len(rows))
            batch = take(train, dealt(rows)[part.rows])
            tokens = int(train.mask[rows].sum())
            loss = part.share(batch.mask.sum(), tokens) * _mean_nll(generator, batch)
            total_nll += update(generator, optimizer, loss, config.clip_norm) * tokens
            total_tokens += tokens
            advance(1)
    tokens_per_second = total_tokens / (time.monotonic() - started)
    return {"generator/loss": total_nll / total_tokens, "tokens_per_second": tokens_per_second}


def _mean_nll(generator: GeneratorModule, batch: Batch) -> torch.Tensor:
    """`mle_loss` of a batch; on a CPU, where the output layer stands apart, without the logits of all positions."""
    context = generator.encode(batch.source, batch.source_mask)
    if batch.tokens.device.type != "cpu" or not hasattr(generator, "features") or torch.is_autocast_enabled("cpu"):
        return mle_loss(generator(batch.tokens, context), batch.tokens, batch.mask)
    features = generator.features(batch.tokens, context)[batch.mask]
    weight, bias = generator.output_layer()
    return output_nll(features, weight, bias, batch.tokens[batch.mask]) / batch.mask.sum()


def _threads_for(generator: GeneratorModule) -> AbstractContextManager[None]:
    """torch's own threads, unless next to all of the work is the output layer's, which has threads of its own."""
    if not hasattr(generator, "features"):
        return nullcontext()
    lookups = sum(len(part.weight[0]) * len(part.weight) for part in generator.modules() if isinstance(part, Embedding))
    output = generator.output_layer()[0].numel()
    others = sum(parameter.numel() for parameter in generator.parameters()) - lookups - output
    return alone() if SMALL * others < output else nullcontext()
