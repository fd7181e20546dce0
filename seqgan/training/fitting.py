"""Whether the players and the reward of a training fit it, seen on a few sentences before hours are spent.

One small pass of each player in evaluation mode; nothing of it stays. See `seqgan.fitting` for what is asked of one.
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from seqgan.data.batches import Batch, take
from seqgan.data.text import Text
from seqgan.decoding.states import makes_all_at_once, stepping
from seqgan.discriminators.protocol import Discriminator
from seqgan.errors import PlayerError
from seqgan.fitting import (
    JUDGING,
    ONE_SHOT,
    READING,
    ROWS,
    STEPPING,
    TEACHER_FORCED,
    check_device,
    check_generator,
    check_module,
    check_numbers,
    check_rows,
    name_of,
    output_weight,
    shape_of,
    tried,
    try_step,
    untouched_numbers,
)
from seqgan.generators.protocol import Generator, GeneratorModule
from seqgan.objectives.algorithm import FixedGenerator, Relaxed, Sampled, check_record
from seqgan.objectives.spin import SelfPlay
from seqgan.settings.adversarial import AdversarialConfig
from seqgan.tensors.condition import context_of
from seqgan.tensors.modes import evaluating
from seqgan.tensors.module import Module
from seqgan.tensors.rows import State
from seqgan.training.engine import device_of
from seqgan.training.rewards import OwnReward, is_per_token, own_reward

APART, APART_IN_ONE = 0.25, 0.02
"""How far logits are apart that should be the same, in deviations of a position's logits: far above any rounding, in
two computations, and of two rows in one."""


def check_learner(generator: GeneratorModule, text: Text) -> None:
    """That a generator can be trained on a text by teacher forcing, and what it then learns is what it samples from.

    Raises:
        PlayerError: it lacks something, its results have other shapes or no gradient, `forward` reads what it is to
            predict, or gives other logits than `step`.
    """
    check_generator(generator, {**TEACHER_FORCED, **STEPPING})
    generator = stepping(generator)
    _check_symbols(generator, text)
    _check_weights(generator, "generator")
    device, size = device_of(generator), generator.vocabulary_size
    # Sequences without an end are all as long as the longest, and a generator may know no other length.
    length = min(2, text.max_length) if generator.end is not None else text.max_length
    ids = [token for token in range(size) if token != generator.end][-2:]  # behind an end nothing is to be read
    tokens = torch.full((ROWS, length), ids[0], device=device)
    tokens[2:, 0] = ids[-1]  # the first two rows are alike, and the others are not
    with evaluating(generator), untouched_numbers(device):
        context = _context(generator, "generator", _batch(text, torch.zeros(ROWS, dtype=torch.long), device))
        given = f"ids from 0 to {size - 1} of shape {shape_of(tokens)}"
        with torch.enable_grad():
            logits = tried(generator, "generator", "forward", given, lambda: generator(tokens, context))
            shape, axes = [ROWS, length, size], "rows, tokens, vocabulary"
            check_numbers(generator, "generator", "forward", logits, shape, axes, _swapped(logits, shape))
            _check_graph(generator, "generator", "forward", logits)
            if hasattr(generator, "features"):
                width = output_weight(generator).shape[1]
                read = tried(generator, "generator", "features", given, lambda: generator.features(tokens, context))
                shape, axes = [ROWS, length, width], "rows, tokens, what output_layer reads"
                check_numbers(generator, "generator", "features", read, shape, axes, logits=False)
        logits = logits.detach()
        again = generator(tokens, context)  # other logits are those of another noise, which says nothing of `step`
        _check_no_peeking(generator, logits)
        state = tried(
            generator, "generator", "initial_state", f"{ROWS} rows", lambda: generator.initial_state(ROWS, context)
        )
        check_rows(generator, "initial_state", state, ROWS)
        previous = torch.full_like(tokens[:, 0], generator.start)
        for t in range(min(2, length)):
            stepped, state = try_step(generator, "step", previous, state)
            previous = tokens[:, t]
            noisy = _apart(again[0, t], logits[0, t], logits[1, t], APART)
            if not noisy and _apart(stepped[0], logits[0, t], logits[1, t], APART):
                raise PlayerError(
                    f"The generator {name_of(generator)} gave other logits from forward at position {t} than from step "
                    "after the same tokens, expected the same: what it samples from would not be what is trained."
                )


def check_players(
    generator: GeneratorModule,
    discriminator: Discriminator,
    text: Text,
    algorithm: Any,
    config: AdversarialConfig,
) -> None:
    """That both players can do what an algorithm asks of them; arguments as of `train_adversarially`.

    Raises:
        PlayerError: one lacks something, or gives results of other shapes; or the algorithm is no record.
    """
    check_record(algorithm)
    relaxed = isinstance(algorithm, Relaxed)
    if isinstance(algorithm, Relaxed):
        _check_relaxed_generator(generator, text, reads_distributions=not algorithm.feed_tokens)
    if not relaxed or (config.teacher_forcing_steps and not makes_all_at_once(generator)):
        check_learner(generator, text)
    check_module(discriminator, "discriminator", {})
    if isinstance(algorithm, SelfPlay) or not config.discriminator_share:
        return
    trained = bool(config.warmup_steps or config.discriminator_steps)
    if trained:
        _check_weights(discriminator, "discriminator")
    reads = isinstance(algorithm, Sampled | FixedGenerator) and (trained or text.train.condition is not None)
    check_module(discriminator, "discriminator", {**JUDGING, **(READING if reads else {})})
    device = device_of(generator)
    check_device(discriminator, "discriminator", device)
    batch = _batch(text, torch.arange(ROWS) % text.train.sentences, device)
    with evaluating(discriminator), untouched_numbers(device), torch.enable_grad():
        if relaxed:
            _check_relaxed_judge(discriminator, batch, generator.vocabulary_size)
        else:
            _check_judge(discriminator, batch, reads=reads, trained=trained)


def check_reward(reward: OwnReward, text: Text, config: AdversarialConfig, device: torch.device) -> None:
    """That a reward of one's own gives a finite number for each of a few real sentences.

    Raises:
        PlayerError: it does not.
    """
    batch = _batch(text, torch.arange(ROWS) % text.train.sentences, device)
    real = batch if batch.condition is not None or config.real_prefix else None
    with untouched_numbers(device):
        given = f"ids of shape {shape_of(batch.tokens)}"
        rewards = tried(reward, "reward", "A call", given, lambda: own_reward(reward)(batch.tokens, batch.mask, real))
    if not bool(rewards.isfinite().all()):
        wrong, called = rewards[~rewards.isfinite()], getattr(reward, "__name__", type(reward).__name__)
        raise PlayerError(
            f"The reward {called} gave {wrong[0].item()} for {len(wrong)} of {len(rewards)} rows, expected finite "
            "numbers."
        )


def _check_symbols(generator: GeneratorModule, text: Text) -> None:
    """That a generator writes a text's symbols."""
    called, symbols = name_of(generator), text.vocabulary
    if generator.vocabulary_size != len(symbols):
        raise PlayerError(
            f"The generator {called} has a vocabulary_size of {generator.vocabulary_size}, and the text has "
            f"{len(symbols)} symbols: make it with vocabulary_size=len(text.vocabulary)."
        )
    if generator.end != symbols.end:
        raise PlayerError(
            f"end of the generator {called} is {generator.end}, and the text's is {symbols.end}: make it with "
            "end=text.vocabulary.end."
        )


def _check_weights(model: Module, what: str) -> None:
    """That there is something to train."""
    if not any(parameter.requires_grad for parameter in model.parameters()):
        frozen = any(True for _ in model.parameters())
        mend = "all are frozen: requires_grad_(True) of some" if frozen else "make them attributes of the module"
        raise PlayerError(f"The {what} {name_of(model)} has no parameters to train, expected some: {mend}.")


def _check_graph(model: Module, what: str, method: str, values: Tensor) -> None:
    """That what is to be trained by has a gradient."""
    if not values.requires_grad:
        raise PlayerError(
            f"The {what} {name_of(model)} gave logits without a gradient from {method}, expected one: call it without "
            "torch.no_grad and detach."
        )


def _check_relaxed_generator(generator: GeneratorModule, text: Text, *, reads_distributions: bool) -> None:
    """That a generator makes what a discriminator's gradient can go through."""
    check_generator(generator, ONE_SHOT if makes_all_at_once(generator) else STEPPING)
    _check_symbols(generator, text)
    _check_weights(generator, "generator")
    device, size = device_of(generator), generator.vocabulary_size
    with evaluating(generator), untouched_numbers(device), torch.enable_grad():
        if makes_all_at_once(generator):
            rng = torch.Generator(device).manual_seed(0)
            logits = tried(
                generator, "generator", "distributions", f"{ROWS} rows", lambda: generator.distributions(ROWS, rng)
            )
            shape = [ROWS, generator.max_length, size]
            check_numbers(generator, "generator", "distributions", logits, shape, "rows, positions, vocabulary")
            _check_graph(generator, "generator", "distributions", logits)
            return
        state = tried(generator, "generator", "initial_state", f"{ROWS} rows", lambda: generator.initial_state(ROWS))
        check_rows(generator, "initial_state", state, ROWS)
        logits, state = try_step(generator, "step", torch.full((ROWS,), generator.start, device=device), state)
        _check_graph(generator, "generator", "step", logits)
        if text.max_length > 1:
            probs = logits.to(torch.promote_types(logits.dtype, torch.float32)).softmax(dim=1)
            try_step(generator, "step", probs if reads_distributions else probs.argmax(dim=1), state)


def _check_judge(discriminator: Discriminator, batch: Batch, *, reads: bool, trained: bool) -> None:
    """That a discriminator of ids gives a logit for each sentence, or, where it says so, for each of its prefixes."""
    context = _context(discriminator, "discriminator", batch) if reads else None
    tokens, mask = batch.tokens, batch.mask
    given = f"ids of shape {shape_of(tokens)}"
    logits = tried(discriminator, "discriminator", "forward", given, lambda: discriminator(tokens, mask, context))
    per_token = is_per_token(discriminator)
    shape = list(tokens.shape) if per_token else [len(tokens)]
    axes = "rows, tokens: its per_token is True" if per_token else "rows"
    check_numbers(discriminator, "discriminator", "forward", logits, shape, axes, _widened(logits, tokens))
    if trained:
        _check_graph(discriminator, "discriminator", "forward", logits)


def _check_relaxed_judge(discriminator: Discriminator, batch: Batch, size: int) -> None:
    """That a discriminator reads distributions, and that its gradient arrives there."""
    probs = functional.one_hot(batch.tokens, size).float().requires_grad_()
    given = f"distributions of shape {shape_of(probs)}"
    logits = tried(discriminator, "discriminator", "forward", given, lambda: discriminator(probs, batch.mask))
    views = isinstance(logits, Tensor) and logits.dim() == 2 and getattr(discriminator, "per_view", False)
    shape = [len(probs), *(logits.shape[1:] if views else [])]
    hint = _widened(logits, batch.tokens)
    check_numbers(discriminator, "discriminator", "forward", logits, shape, "rows, views" if views else "rows", hint)

    def gradient() -> Tensor | None:
        return torch.autograd.grad(logits.sum(), probs, allow_unused=True)[0] if logits.requires_grad else None

    if tried(discriminator, "discriminator", "the gradient", given, gradient) is None:
        raise PlayerError(
            f"The discriminator {name_of(discriminator)} gave logits without a gradient for the distributions that it "
            "read, expected one, by which the generator learns: multiply them with the embedding's weight, as "
            "seqgan.tensors.embedding.embed does."
        )


def _context(model: Generator | Discriminator, what: str, batch: Batch) -> State:
    """What a player makes of a batch's conditions, or of none."""
    condition = batch.condition
    given = "no source" if condition is None else f"sources of shape {shape_of(condition.tokens)}"
    context = tried(model, what, "encode", given, lambda: context_of(model, condition))
    if condition is not None:
        check_rows(model, "encode", context, len(condition.tokens))
    return context


def _batch(text: Text, rows: Tensor, device: torch.device) -> Batch:
    """Some real sentences."""
    return take(text.train, rows.to(text.valid.tokens.device)).to(device)


def _check_no_peeking(generator: Generator, logits: Tensor) -> None:
    """That logits at the first position, of rows whose first tokens alone differ, are the same. [R, T, V]"""
    if _apart(logits[2, 0], logits[0, 0], logits[1, 0], APART_IN_ONE):
        raise PlayerError(
            f"The generator {name_of(generator)} gave logits from forward that depend on the very token they are of, "
            "expected those at t from the tokens before t: read the start symbol first, then the tokens but the last."
        )


def _apart(found: Tensor, expected: Tensor, again: Tensor, least: float) -> bool:
    """Whether logits that should be the same are others. [V] each

    Args:
        found: those in question.
        expected: what they should be.
        again: `expected` from a row with the same tokens: where these differ the model has noise, and nothing is known.
        least: as of `APART`.
    """
    finite = found.isfinite() & expected.isfinite() & again.isfinite()
    found, expected, again = (each[finite].float() for each in (found, expected, again))
    if len(expected) < 2:
        return False
    spread = expected.std()
    known = (again - expected).abs().amax() <= APART_IN_ONE * spread
    return bool(known & ((found - expected).abs().amax() > least * spread))


def _swapped(logits: Any, shape: list[int]) -> str:
    """What helps where axes stand in another order."""
    if isinstance(logits, tuple | list):
        return ""
    found = list(logits.shape) if isinstance(logits, Tensor) else []
    return ": transpose its last two axes" if found == [shape[0], shape[2], shape[1]] else ""


def _widened(logits: Any, tokens: Tensor) -> str:
    """What helps where a discriminator gives more than one number a row."""
    found = list(logits.shape) if isinstance(logits, Tensor) else []
    if found == [len(tokens), 1]:
        return ": squeeze its last axis"
    return ": set its per_token to True if it judges every prefix" if found == list(tokens.shape) else ""
