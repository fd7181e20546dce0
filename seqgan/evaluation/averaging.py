"""How likely a generator without a likelihood finds held-out text, by averaging what it would say next.

A generator whose sequences come from noise, at its input or in its first state, gives another distribution of the next
symbol for each draw of it. Their mean given the true symbols before is a distribution as well, so that the generator
becomes a language model and is measured in nats, or bits, per token like any other.

Source: Tevet, Habib, Shwartz, Berant 2019, "Evaluating Text GANs as Language Models", NAACL (arXiv:1810.12686).
"""

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from seqgan.data.batches import Batch, Sequences
from seqgan.decoding.states import makes_all_at_once
from seqgan.evaluation.likelihood import Likelihood, rows_at_once, total_likelihood
from seqgan.progress import SILENT, Progress
from seqgan.tensors.devices import widest
from seqgan.tensors.modes import evaluating
from seqgan.tensors.rows import disturb_rows

if TYPE_CHECKING:
    from seqgan.generators.protocol import Generator, GeneratorModule, OneShotGenerator

DRAWS = 2000
"""As in the paper."""
STEPPING_DRAWS = 100
"""For a generator that steps, whose draws are of each sequence: twenty times cheaper, and a little pessimistic."""


def is_averaged(generator: "GeneratorModule") -> bool:
    """Whether a generator has noise of its own, so that its likelihood is a mean over it."""
    return makes_all_at_once(generator) or getattr(generator, "state_noise", 0.0) > 0


def averaged_likelihood(
    generator: "GeneratorModule",
    sequences: Sequences,
    unknown: int | None,
    *,
    rng: torch.Generator,
    draws: int = DRAWS,
    state_noise: float = 0.0,
    progress: Progress = SILENT,
) -> Likelihood:
    """Log-probability of sequences under the mean of the generator's distributions over its noise, dropout off.

    A generator that makes all positions at once reads no symbol, so that its mean does not depend on the symbols
    before: it is a table of positions and symbols. Where its tokens are drawn, it has a law of whole sequences, the
    mean over the noise of the product of its positions' probabilities, and that is taken: each symbol's is then given
    those before it. Of few draws its logarithm is too low rather than too high. A generator that steps reads the true
    symbols. Gumbel noise needs no draws, as the mean over it is the softmax of the logits.

    Args:
        generator: any generator.
        sequences: on the generator's device.
        unknown: id of the unknown symbol, which is read and not scored; None where all ids are ordinary tokens.
        rng: of the noise, on the generator's device.
        draws: of the noise; for a generator that steps, of each sequence.
        state_noise: as of `relaxed_sample`. Where it is 0, a generator that steps has no noise, and one draw is made.
        progress: where to report.

    Raises:
        ValueError: fewer than one draw; noise for a state that holds nothing; or sequences with more positions than
            the generator makes at once.
    """
    if draws < 1:
        raise ValueError(f"draws is {draws}, but a mean needs at least 1.")
    with evaluating(generator):
        if makes_all_at_once(generator):
            if sequences.tokens.shape[1] > generator.max_length:
                raise ValueError(
                    f"The sequences have {sequences.tokens.shape[1]} positions and this generator makes "
                    f"{generator.max_length}: cut them, or build it for longer ones."
                )
            if getattr(generator, "drawn", False):
                # Of all sequences at once: making the draws is the work, and they are the same for all.
                log_probs = _mean_of_products(generator, sequences.tokens, draws, rng)
                scored = sequences.mask if unknown is None else sequences.mask & (sequences.tokens != unknown)
                tokens = int(scored.sum())
                log_prob = torch.where(scored, log_probs, 0.0).sum().item()
                return Likelihood(log_prob, tokens, int(sequences.mask.sum()) - tokens, len(sequences.tokens))
            table = _mean_distributions(generator, draws, rng)  # [T, V]

            def log_probs_of(batch: Batch) -> Tensor:
                positions = torch.arange(batch.tokens.shape[1], device=table.device)
                return table[positions, batch.tokens]
        else:
            draws = draws if state_noise else 1

            def log_probs_of(batch: Batch) -> Tensor:
                return _mean_of_steps(generator, batch.tokens, draws, state_noise, rng)

        with progress.bar("Likelihood: sentences", len(sequences.tokens)) as advance:

            def reported(batch: Batch) -> Tensor:
                log_probs = log_probs_of(batch)
                advance(len(batch.tokens))
                return log_probs

            # A step makes the logits of one position of each sequence; elsewhere they are not of the sequences.
            logits = 1 if makes_all_at_once(generator) else generator.vocabulary_size
            rows = rows_at_once(sequences.tokens.shape[1], logits, sequences.tokens.device)
            return total_likelihood(reported, sequences, unknown, rows)


def _mean_distributions(generator: "OneShotGenerator", draws: int, rng: torch.Generator) -> Tensor:
    """Logarithms of the mean probabilities of each position's symbols. [T, V]"""
    total: Tensor | None = None
    rows = rows_at_once(generator.max_length, generator.max_length * generator.vocabulary_size, rng.device)
    for first in range(0, draws, rows):
        logits = generator.distributions(min(rows, draws - first), rng)  # [R, T, V]
        part = logits.log_softmax(dim=2).logsumexp(dim=0)
        total = part if total is None else torch.logaddexp(total, part)
    assert total is not None  # there is at least one draw
    return total - math.log(draws)


def _mean_of_products(generator: "OneShotGenerator", tokens: Tensor, draws: int, rng: torch.Generator) -> Tensor:
    """Logarithms of given tokens' probabilities after those before them, of sequences that noise ties together.

    That of a beginning is the mean over draws of its positions' product; a token's the ratio of two of them.
    [B, T] -> [B, T]
    """
    wide = widest(tokens.device)
    positions = torch.arange(tokens.shape[1], device=tokens.device)
    beginnings = torch.full(tokens.shape, -torch.inf, dtype=wide, device=tokens.device)
    rows = rows_at_once(generator.max_length, generator.max_length * generator.vocabulary_size, rng.device)
    for first in range(0, draws, rows):
        logits = generator.distributions(min(rows, draws - first), rng)  # [R, T, V]
        for log_probs in logits.log_softmax(dim=2).to(wide):
            beginnings = torch.logaddexp(beginnings, log_probs[positions, tokens].cumsum(dim=1))
    beginnings = beginnings - math.log(draws)
    return torch.diff(beginnings, dim=1, prepend=torch.zeros_like(beginnings[:, :1]))


def _mean_of_steps(
    generator: "Generator", tokens: Tensor, draws: int, state_noise: float, rng: torch.Generator
) -> Tensor:
    """Logarithms of the mean probabilities of given tokens after those before them. [B, T] -> [B, T]"""
    total: Tensor | None = None
    for _ in range(draws):
        state = disturb_rows(generator.initial_state(len(tokens)), state_noise, rng)
        previous = torch.full_like(tokens[:, 0], generator.start)
        log_probs = []
        for token in tokens.unbind(1):
            logits, state = generator.step(previous, state)
            log_probs.append(logits.log_softmax(dim=1).gather(1, token.unsqueeze(1)).squeeze(1))
            previous = token
        part = torch.stack(log_probs, dim=1)
        total = part if total is None else torch.logaddexp(total, part)
    assert total is not None  # there is at least one draw
    return total - math.log(draws)
