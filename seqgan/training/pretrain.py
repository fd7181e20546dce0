"""Maximum likelihood for the generator, by default until the held-out likelihood no longer improves."""

import copy
import math
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any, NamedTuple, cast

import torch
from torch.nn import Embedding

from seqgan.data.batches import Sequences, take
from seqgan.data.lines import count
from seqgan.data.order import Window
from seqgan.data.sequences import AnySequences
from seqgan.data.text import Text
from seqgan.errors import CheckpointError
from seqgan.evaluation.likelihood import Likelihood, held_out_likelihood
from seqgan.generators.protocol import Generator, LinearOutput
from seqgan.interrupt import Stop
from seqgan.progress import SILENT, Progress, Shown, progress_of
from seqgan.runs.checkpoint import (
    delete_unfinished,
    fit_moments,
    load_state,
    load_weights,
    restoring,
    save_state,
    save_weights,
)
from seqgan.runs.directory import Run
from seqgan.runs.metric_log import MetricLog, OnLog
from seqgan.runs.thinning import is_shown
from seqgan.settings.pretrain import PretrainConfig
from seqgan.settings.run import whole
from seqgan.tensors.dropout import drawing
from seqgan.tensors.workers import alone
from seqgan.training.doctor import Doctor
from seqgan.training.engine import device_of, random_state, seeded, set_random_state
from seqgan.training.fitting import check_learner
from seqgan.training.keeping import Keeper
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
from seqgan.training.skips import Skips
from seqgan.training.text_likelihood import batch_nll, batches_of_pass, tokens_per_batch

SMALL = 8
"""The output layer is next to all of the work when its weights are so many times the others' together."""

Judge = Callable[[int], dict[str, float]]
"""Called with the number of epochs or rounds made; its values are logged."""


class PassSoFar(NamedTuple):
    """What of a pass over the text is done."""

    batches: int = 0
    """Updates."""
    nll: float = 0.0
    """Negative log-likelihood of their tokens, summed, in nats."""
    tokens: int = 0
    """How many these were."""


NOTHING = PassSoFar()


class Pretrained(NamedTuple):
    """What came of it."""

    epochs: int
    """Passes over the text that were made."""
    best_epoch: int
    """The pass after which the weights were taken."""
    best_nll: float
    """Held-out negative log-likelihood per token of these weights, in nats."""
    log: list[dict[str, Any]]
    """A line for each pass: its phase, its step, and the values by name."""


def pretrain(
    generator: Generator,
    text: Text,
    config: PretrainConfig | None = None,
    *,
    seed: int = 0,
    run: Run | None = None,
    resume: bool = False,
    progress: Shown = None,
    judge: Judge | None = None,
    stop: Stop | None = None,
    on_log: OnLog | None = None,
    **settings: Any,
) -> Pretrained:
    """Train the generator by maximum likelihood; it ends with the weights of the best epoch, without patience the last.

    Args:
        generator: trained in place, on the device where it is.
        text: from `encode_corpus`.
        config: how, in every setting; without it the defaults, and what `settings` say.
        seed: of the order of batches and of dropout.
        run: where weights, log and training states are written; nowhere without it.
        resume: go on from the run's last training state. Gives what the uninterrupted training gives.
        progress: where to report: False for nowhere; by default on a terminal and in a notebook.
        judge: called with the number of epochs made; its values are logged. Of several processes the first one asks it,
            while the others wait.
        stop: whether to leave, asked after each batch; see `interruptible`.
        on_log: is given each line of the log, when it is written.
        settings: of `PretrainConfig`, by name, such as ``epochs=5``: what the command has as ``--pretrain.epochs 5``.

    Raises:
        ConfigError: both `config` and `settings` are given; or a setting that does not exist, or its value is out of
            range.
        CheckpointError: the run's training states are damaged, or belong to another text.
        Interrupted: `stop` said so; a state is saved.
        PlayerError: the generator lacks a method, or gives something else than it should; seen on a few tokens first.
        TrainingError: training diverged.
    """
    config = whole("pretrain", config, settings)
    check_learner(generator, text)
    device = device_of(generator)
    progress = progress_of(progress) if is_first() else SILENT
    check_alike("The text", text.corpus.fingerprint() + text.vocabulary_fingerprint)
    take_over(generator)
    train, valid = text.train.to(device), text.valid.to(device)
    optimizer = adam(generator, config.learning_rate)
    epoch, part, best_epoch, best_nll = 0, PassSoFar(), 0, math.inf
    updates = config.epoch_updates or math.ceil(train.sentences / config.batch_size)  # of an epoch
    if updates == 1 < train.sentences and not config.epoch_updates:
        progress.note(one_update(train.sentences, config, "sentence" if text.source_vocabulary is None else "pair"))
    best_weights = copy.deepcopy(generator.state_dict())
    skips, doctor = pretraining_skips(), Doctor(progress.note)

    with seeded(seed, device) as rng:
        state = (
            load_state(run.checkpoints_folder, progress.note, run.metrics_path) if run is not None and resume else None
        )
        if run is not None and resume and is_first():
            delete_unfinished(run.folder)
        check_alike("The training state", str([(state or {}).get(name) for name in ("epoch", "part")]))
        if run is not None and state is not None:
            with restoring(run.checkpoints_folder):
                check_same_text(state, text)
                if "best" not in state:  # of an earlier version
                    load_weights(generator, run.generator_path, text.vocabulary_fingerprint)
                    state["best"] = copy.deepcopy(generator.state_dict())
                # The state alone decides: the file of weights may be newer, or damaged.
                best_weights = state["generator"] if state["best"] is None else state["best"]
                generator.load_state_dict(best_weights)
                if state["best_epoch"] and is_first():
                    save_weights(generator, run.generator_path, text.vocabulary_fingerprint)
                generator.load_state_dict(state["generator"])
                optimizer.load_state_dict(state["optimizer"])
                fit_moments(optimizer)
                set_random_state(rng, state["random"])
                epoch, best_epoch, best_nll = int(state["epoch"]), int(state["best_epoch"]), float(state["best_nll"])
                part = PassSoFar(*state.get("part", ()))
                skips.restore(state.get("skips", {}))
                doctor.restore(state.get("doctor"))
                state["log_size"] = int(state["log_size"])
            over = why_over(epoch, best_epoch, config)
            progress.note(over or f"Going on after {_where(epoch, part)}.")
        log = MetricLog(run.metrics_path if run is not None and is_first() else None, progress.note, state, on_log)

        def write() -> None:
            """Save all that a resumed run needs."""
            if run is None:
                return
            at_best = epoch == best_epoch and not part.batches
            random = random_state(rng)  # asks all processes for theirs

            def write_file() -> None:
                state = {
                    "epoch": epoch,
                    "part": list(part),
                    "best_epoch": best_epoch,
                    "best_nll": best_nll,
                    "generator": generator.state_dict(),
                    "best": None if at_best else best_weights,
                    "optimizer": optimizer.state_dict(),
                    "random": random,
                    "skips": skips.state(),
                    "doctor": doctor.state(),
                    **log.state(),
                    "text": text.corpus.fingerprint(),
                    "vocabulary": text.vocabulary_fingerprint,
                }
                save_state(run.checkpoints_folder, epoch * updates + part.batches, state)

            by_first(write_file)

        def rest(done: PassSoFar) -> None:
            nonlocal part
            part = done
            every = config.checkpoint_every
            keeper.rest(_where(epoch, part), save=every > 0 and part.batches % every == 0)

        keeper = Keeper(write, stop or Stop())
        if state is None:
            write()  # so that even the first state after this has one before it, should it be damaged

        while why_over(epoch, best_epoch, config) is None:
            one_epoch = partial(train_epoch, generator, optimizer, train, config, seed=seed, epoch=epoch + 1)
            values = one_epoch(progress=progress, skips=skips, part=part, after_batch=rest)
            epoch, part = epoch + 1, PassSoFar()
            held_out = _shared_likelihood(generator, valid, text.vocabulary.unknown)
            nll = held_out.nll_per_token
            values |= {"eval/nll": nll, "eval/perplexity": held_out.perplexity}
            values |= by_first(partial(judge, epoch)) if judge is not None else {}
            doctor.hear(log.log("pretrain", epoch, values, shown=is_shown(epoch, config.epochs)))
            # Without patience the last epoch is the one to keep, whatever came before.
            better = nll < best_nll or not config.patience
            if better:
                best_nll, best_epoch = nll, epoch
                best_weights = copy.deepcopy(generator.state_dict())
                if run is not None and is_first():
                    save_weights(generator, run.generator_path, text.vocabulary_fingerprint)
            keeper.rest(_where(epoch, part), save=True)

    generator.load_state_dict(best_weights)
    return Pretrained(epoch, best_epoch, best_nll, log.lines)


def one_update(sentences: int, config: PretrainConfig, noun: str = "sentence") -> str:
    """What is said of a text that is one batch: that so few updates hardly teach it, and which batches would.

    Args:
        sentences: of the training text.
        config: whose batch is no smaller.
        noun: what they are.
    """
    smaller = max(1, sentences // 5)
    return (
        f"{count(sentences, noun)} {'makes' if sentences == 1 else 'make'} 1 update an epoch, as a batch has "
        f"{config.batch_size:,}, and {count(config.epochs, 'update')} in all may teach little: "
        f"--pretrain.batch-size {smaller} makes {math.ceil(sentences / smaller)} an epoch."
    )


def why_over(epochs: int, best_epoch: int, config: PretrainConfig) -> str | None:
    """Why there is nothing left to do, and which flags go on; None where there is.

    Args:
        epochs: that were made.
        best_epoch: the one with the best held-out likelihood.
        config: how many are asked for, and how long to wait for a better one.
    """
    waited = epochs - best_epoch
    by_patience = bool(config.patience) and waited >= config.patience
    if not by_patience and epochs < config.epochs:
        return None
    flags = [f"--pretrain.patience N with N above {waited}, or 0 for none"] if by_patience else []
    flags += [f"--epochs N with N above {epochs}"] if epochs >= config.epochs else []
    why = (
        f"patience ended it: of {count(epochs, 'epoch')} the {waited} after epoch {best_epoch} were no better, and "
        f"pretrain.patience is {config.patience}"
        if by_patience
        else f"{count(epochs, 'epoch')} were made, and --epochs is {config.epochs}"
    )
    return f"Nothing to do: {why}. To go on: {' and '.join(flags)}; with other settings, a new run with --from."


def _where(epoch: int, part: PassSoFar) -> str:
    return f"epoch {epoch}" + (f" and {part.batches} batches of the next" if part.batches else "")


def _shared_likelihood(generator: Generator, valid: Sequences, unknown: int | None) -> Likelihood:
    """`held_out_likelihood`, of which each process computes its part."""
    own = own_part(len(valid.tokens))
    likelihood = held_out_likelihood(generator, some_rows(valid, own.rows), unknown)
    if own.size == len(valid.tokens):
        return likelihood
    return Likelihood(*summed(*likelihood))  # type: ignore[arg-type]  # counts as whole floats


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


def pretraining_skips() -> Skips:
    """Of the generator, none yet."""
    return Skips("generator", "--pretrain.learning-rate")


def train_epoch(
    generator: Generator,
    optimizer: torch.optim.Optimizer,
    train: AnySequences,
    config: PretrainConfig,
    *,
    seed: int,
    epoch: int,
    progress: Progress = SILENT,
    skips: Skips | None = None,
    part: PassSoFar = NOTHING,
    after_batch: Callable[[PassSoFar], None] | None = None,
) -> dict[str, float]:
    """One pass over the text in place, or the rest of one of which a `part` is done; the values to log."""
    started, tokens_before = time.monotonic(), part.tokens
    skips = skips or pretraining_skips()
    generator.train()
    of_pass = partial(batches_of_pass, train, config, seed)
    per_batch = tokens_per_batch(train, config)
    batches = Window(of_pass, config.epoch_updates, epoch) if config.epoch_updates else of_pass(epoch)
    bar = progress.bar(f"Pretraining, epoch {epoch}: batches", len(batches), part.batches)
    with bar as advance, _threads_for(generator), drawing(config.draws):
        for number in range(part.batches, len(batches)):
            rows = batches[number]
            own = own_part(len(rows))
            batch = take(train, dealt(rows)[own.rows])
            tokens = int(batch.mask.sum() if own.size == len(rows) else train.lengths(rows).sum())
            divisor = tokens if per_batch is None else per_batch
            loss = batch_nll(generator, batch, whole=config.draws == "single") / divisor / own.holders
            nll = update(generator, optimizer, loss, config.clip_norm, skips)
            part = part._replace(batches=part.batches + 1)
            if not skips.in_a_row:
                part = part._replace(nll=part.nll + nll * divisor, tokens=part.tokens + tokens)
            advance(1)
            if after_batch is not None:
                after_batch(part)
    tokens_per_second = (part.tokens - tokens_before) / (time.monotonic() - started)
    mean = part.nll / part.tokens if part.tokens else math.nan
    return {"generator/loss": mean, "tokens_per_second": tokens_per_second, **skips.take()}


def _threads_for(generator: Generator) -> AbstractContextManager[None]:
    """torch's own threads, unless next to all of the work is the output layer's, which has threads of its own."""
    if not hasattr(generator, "features"):
        return nullcontext()
    lookups = sum(len(part.weight[0]) * len(part.weight) for part in generator.modules() if isinstance(part, Embedding))
    output = cast(LinearOutput, generator).output_layer()[0].numel()
    others = sum(parameter.numel() for parameter in generator.parameters()) - lookups - output
    return alone() if SMALL * others < output else nullcontext()
