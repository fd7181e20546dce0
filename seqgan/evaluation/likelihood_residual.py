"""How likely held-out text is under a generator times exp of a discriminator's logit, between two bounds."""

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from seqgan.data.sequences import Sequences
from seqgan.decoding.judged import score_reward
from seqgan.decoding.resample import ResampledGenerator
from seqgan.decoding.sampling import sample
from seqgan.evaluation.likelihood import Likelihood, sentence_likelihoods
from seqgan.evaluation.score import sequence_scores
from seqgan.objectives.density_ratio import effective_share, lower_log_partition, upper_log_partition
from seqgan.progress import SILENT, Advance, Progress
from seqgan.tensors.condition import Condition, context_of
from seqgan.tensors.devices import widest
from seqgan.tensors.modes import evaluating
from seqgan.tensors.rows import repeat_rows

if TYPE_CHECKING:
    from seqgan.discriminators.protocol import Discriminator
    from seqgan.generators.protocol import Generator

PARTITION_SAMPLES, PARTITION_ANSWERS = 4096, 64
"""Samples that log Z is estimated from; and the same for each source, which has a log Z of its own."""
MOST_ANSWERS, FEWEST_ANSWERS = 2**15, 32
"""Samples for all sources together, beyond which there are fewer for each; and how many there are at least."""
AT_ONCE = 4096
"""Samples that are drawn and judged at once."""
FEW = 4.0
"""Samples of equal weight, below which the upper estimate is none: the draw of the product that it takes in is then far
from one, and by enumeration it was below log Z with 2 to 3 of them and fewer."""


class ResidualLikelihood(NamedTuple):
    """Log-likelihoods of a text, by both estimates of the partition function."""

    lower: Likelihood
    """By the upper estimate of log Z: in expectation the text is not less likely than this, where there are `FEW`
    samples of equal weight or more."""
    upper: Likelihood
    """By the lower estimate: in expectation it is not likelier than this."""
    log_partition: tuple[float, float]
    """Lower and upper estimate of log Z; with sources the means over them."""
    effective: float
    """Of the samples the share that would carry as much if all weighed alike; with sources the mean."""
    samples: int
    """How many; with sources for each."""
    log_probs: Tensor
    """What `lower` sums. [sentences]"""
    scored: Tensor
    """Tokens of each that are known. [sentences]"""


def residual_likelihood(
    model: ResampledGenerator,
    sequences: Sequences,
    unknown: int | None,
    *,
    rng: torch.Generator,
    max_length: int,
    samples: int = 0,
    progress: Progress = SILENT,
) -> ResidualLikelihood:
    """log q(y) + F(y) / tau - log Z of a text, summed, with Z = E_q[exp(F / tau)] from samples of q.

    What is left out of log q where a token is unknown is left out of the product, too.

    Args:
        model: the generator q with its discriminator F.
        sequences: on its device, with their conditions where there are some.
        unknown: id of the unknown symbol; None where all ids are ordinary tokens.
        rng: of the samples, on the model's device.
        max_length: most tokens of a sample, which is that of a sentence in training.
        samples: how many; 0 takes `PARTITION_SAMPLES`, or `answers_for` each source.
        progress: where to report.
    """
    conditional = sequences.condition is not None
    log_probs, scored = sentence_likelihoods(model.generator, sequences, unknown)  # [sentences], [sentences]
    samples = samples or (answers_for(len(scored), progress) if conditional else PARTITION_SAMPLES)
    log_probs = log_probs + sequence_scores(model.discriminator, sequences).to(log_probs) / model.tau
    with progress.bar("Partition function: samples", samples * (len(scored) if conditional else 1)) as advance:
        players = model.generator, model.discriminator
        logits = sample_logits(*players, sequences.condition, samples, max_length, rng=rng, advance=advance) / model.tau
    low = lower_log_partition(logits)  # [sentences], or [1] of all
    high = torch.maximum(upper_log_partition(logits), low)  # of one set of samples either may be the greater
    effective = effective_share(logits).mean().item()
    if effective * samples < FEW:
        progress.note(
            f"Of {samples} samples for the partition function, as much as {effective * samples:.1f} would carry if all "
            "weighed alike: the likelihood may be better than it is. Give more, or a discriminator that is less sure."
        )
    tokens = int(scored.sum())

    def total(log_prob: Tensor) -> Likelihood:
        return Likelihood(log_prob.sum().item(), tokens, int(sequences.mask.sum()) - tokens, len(scored))

    return ResidualLikelihood(
        total(log_probs - high),
        total(log_probs - low),
        (low.mean().item(), high.mean().item()),
        effective,
        samples,
        log_probs - high,
        scored,
    )


def answers_for(sources: int, progress: Progress = SILENT) -> int:
    """Samples for each of so many sources; said where they are fewer than usual."""
    each = max(FEWEST_ANSWERS, min(PARTITION_ANSWERS, MOST_ANSWERS // max(1, sources)))
    if each < PARTITION_ANSWERS:
        progress.note(f"The partition function of each of {sources:,} sources is estimated from {each} samples.")
    return each


def sample_logits(
    generator: "Generator",
    discriminator: "Discriminator",
    condition: Condition | None,
    samples: int,
    max_length: int,
    *,
    rng: torch.Generator,
    advance: Advance,
) -> Tensor:
    """What a discriminator says of fresh samples of a generator.

    Args:
        generator: any that makes a token at a time.
        discriminator: any.
        condition: the sources; None without.
        samples: how many; with sources for each.
        max_length: most tokens of a sample.
        rng: on the players' device.
        advance: is told how many samples more are judged.

    Returns:
        Logits [1, samples], or with sources [sources, samples].
    """
    if condition is None:
        parts = []
        for size in _sizes(samples, AT_ONCE):
            tokens, mask = sample(generator, size, max_length, rng=rng)
            row = torch.arange(size, device=tokens.device)
            parts.append(score_reward(discriminator)(tokens, mask, row))
            advance(size)
        return torch.cat(parts).to(widest(rng.device)).unsqueeze(0)
    parts = []
    rows = torch.arange(len(condition.tokens), device=rng.device)
    for some in rows.split(max(1, AT_ONCE // samples)):
        own = condition.take(some)
        with evaluating(generator, discriminator), torch.no_grad():
            context, judged = context_of(generator, own), context_of(discriminator, own)
        drawn = sample(generator, len(some) * samples, max_length, repeat_rows(context, samples), rng=rng)
        row = torch.arange(len(some), device=rng.device).repeat_interleave(samples)
        parts.append(score_reward(discriminator, judged)(*drawn, row).unflatten(0, (len(some), samples)))
        advance(len(some) * samples)
    return torch.cat(parts).to(widest(rng.device))


def _sizes(total: int, most: int) -> list[int]:
    """Parts of a number, none above `most`."""
    return [min(most, total - first) for first in range(0, total, most)]


def shown_partition(likelihood: ResidualLikelihood, *, conditional: bool = False) -> str:
    """What a signature says of it: the model, both estimates, and the likelihood by the one that makes it likelier."""
    low, high = likelihood.log_partition
    of_each = " of each source" if conditional else ""
    return (
        f"|model:generator times discriminator|log-z:{low:.4f} to {high:.4f} by {likelihood.samples} samples{of_each}, "
        f"effective {likelihood.effective:.3f}|by the upper; by the lower {likelihood.upper.nll_per_token:.4f}"
    )
