"""What a discriminator that was trained to the end against a fixed generator says of it: how far the generator is from
the text, and what one perfect use of this discriminator would gain.

Every number is of held-out text that neither the discriminator's weights, nor when it stopped, nor the scale of its
logits were chosen by, and of fresh samples.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from seqgan.data.sequences import Sequences, spread_rows
from seqgan.data.text import Text
from seqgan.evaluation.intervals import Estimate
from seqgan.metrics.significance import student_quantile, wilson_interval
from seqgan.objectives import diagnostics
from seqgan.objectives.density_ratio import (
    divergence_terms,
    effective_share,
    lower_log_partition,
    upper_log_partition,
)

CONFIDENCE = 0.95
"""Of the intervals."""
MOST_STOPPING = 2000
"""Held-out sentences by which a training stops, beside as many samples."""


def stopping_part(text: Text) -> Sequences:
    """The held-out text that a discriminator may be stopped and scaled by, `MOST_STOPPING` sentences at most: of the
    validation text where there is test text, which then decides; else of every second sentence of it."""
    rows = torch.arange(0, text.valid.sentences, 1 if text.corpus.test else 2)
    rows = rows[spread_rows(len(rows), MOST_STOPPING)]
    return Sequences(*text.valid.take(rows.to(text.valid.rows_device)))


def deciding_part(text: Text) -> list[str]:
    """The held-out sentences that numbers come from: the test text, or the other half of the validation text."""
    return text.corpus.test or text.corpus.valid[1::2]


class Headroom(NamedTuple):
    """What a discriminator knows that the generator does not, on held-out text."""

    told_apart: Estimate
    """Share of sentences and samples that are told apart where errors on both are alike; one half of equal ones."""
    total_variation: Estimate
    """A lower bound of the total variation between text and generator, from 0 to 1."""
    jensen_shannon: Estimate
    """A lower bound of their Jensen-Shannon divergence, in nats, from 0 to log 2."""
    gain: Estimate
    """Nats a token by which generator times discriminator is better than the generator. Its ends hold the lower and the
    upper estimate of the partition function."""
    log_partition: tuple[float, float]
    """Lower and upper estimate of log Z."""
    effective: float
    """Of the samples the share that would carry as much if all weighed alike."""
    sentences: int
    """Held-out sentences."""
    samples: int
    """Samples."""

    @property
    def sentence(self) -> str:
        """What there is to gain, in one sentence."""
        if self.gain.high <= SMALL:
            return (
                f"There is little to gain here: what this discriminator knows beyond the generator is worth at most "
                f"{max(self.gain.high, 0.0):.4f} nats a token."
            )
        if self.gain.low <= 0:
            return (
                f"Nothing to gain is certain: a perfect use of this discriminator gains {self.gain.value:.4f} nats a "
                f"token, interval {self.gain.low:.4f} to {self.gain.high:.4f}."
            )
        return (
            f"Up to {self.gain.high:.4f} nats a token are to be gained: a perfect use of this discriminator gains "
            f"{self.gain.value:.4f}, interval {self.gain.low:.4f} to {self.gain.high:.4f}."
        )


SMALL = 0.002
"""Nats a token that no sample shows."""


def headroom_of(real_logits: Tensor, fake_logits: Tensor, tokens: Tensor) -> Headroom:
    """All numbers from logits, which are to be log-odds: calibrated on other text.

    The gain is of a ratio, (mean of F - log Z) over the mean length; its variance is that of both means and of Z, by
    linearisation.

    Args:
        real_logits: of held-out sentences. [B]
        fake_logits: of fresh samples of the generator, independent. [C]
        tokens: of each held-out sentence, ends counted. [B]

    Raises:
        ValueError: fewer than 2 sentences or 4 samples.
    """
    if len(real_logits) < 2 or len(fake_logits) < 4:
        raise ValueError(
            f"{len(real_logits)} sentences and {len(fake_logits)} samples are given, expected 2 and 4 or more."
        )
    real, fake, length = real_logits.double(), fake_logits.double(), tokens.double()
    terms = divergence_terms(real, fake)
    divergence = sum(each.mean().item() for each in terms)
    spread = math.sqrt(sum(each.var().item() / len(each) for each in terms))
    low_z, high_z = lower_log_partition(fake).item(), upper_log_partition(fake).item()
    mean_length = length.mean().item()

    def gain(log_z: float) -> float:
        return (real.mean().item() - log_z) / mean_length

    log_z = (low_z + high_z) / 2
    of_real = (real - log_z - gain(log_z) * length).var().item() / len(real)
    of_fake = (fake - log_z).exp().var().item() / len(fake)
    half = _quantile(len(real)) * math.sqrt(of_real + of_fake) / mean_length
    return Headroom(
        _told_apart(real, fake),
        _total_variation(real, fake),
        _within(divergence, _quantile(min(len(real), len(fake))) * spread, math.log(2)),
        Estimate(gain(log_z), gain(high_z) - half, gain(low_z) + half),
        (low_z, high_z),
        effective_share(fake).item(),
        len(real),
        len(fake),
    )


def _quantile(size: int) -> float:
    return student_quantile(0.5 + CONFIDENCE / 2, size - 1)


def _within(value: float, half: float, most: float) -> Estimate:
    """An interval of something that is neither below 0 nor above `most`."""
    return Estimate(min(max(value, 0.0), most), max(value - half, 0.0), min(value + half, most))


def _told_apart(real: Tensor, fake: Tensor) -> Estimate:
    size = min(len(real), len(fake))
    share = diagnostics.accuracy_at_equal_errors(real[:size], fake[:size]).item()
    low, high = wilson_interval(round(share * 2 * size), 2 * size, confidence=CONFIDENCE)
    return Estimate(share, low, high)


def _total_variation(real: Tensor, fake: Tensor) -> Estimate:
    """p(F > 0) - q(F > 0), a lower bound at any threshold that is no choice of this text."""
    shares = [(each > 0).double() for each in (real, fake)]
    value = shares[0].mean().item() - shares[1].mean().item()
    spread = math.sqrt(sum(each.var().item() / len(each) for each in shares))
    return _within(value, _quantile(min(len(real), len(fake))) * spread, 1.0)
