"""What a discriminator that was trained to the end against a fixed generator says of it: how far the generator is from
the text, and what one perfect use of this discriminator would gain.

Every number is of held-out text that neither the discriminator's weights, nor when it stopped, nor the scale of its
logits were chosen by, and of fresh samples.

How often the intervals hold the truth is measured by scripts/coverage_headroom, on laws where it is known.
"""

import math
from typing import Any, NamedTuple

import torch
from torch import Tensor

from seqgan.data.batches import take
from seqgan.data.reading import Reading, read_text
from seqgan.data.sequences import Sequences, spread_rows
from seqgan.data.text import Text
from seqgan.evaluation.intervals import Estimate
from seqgan.metrics.significance import student_quantile, wilson_interval
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
MOST_DECIDING = 10_000
"""Held-out sentences that numbers come from."""
SMALL = 0.002
"""Nats a token that are little: a perplexity that is lower by 0.2 %."""
LEAST_EFFECTIVE = 0.01
"""Share of the samples that carry the partition function, below which the gain is not to be trusted."""


def stopping_part(text: Text) -> Sequences:
    """The held-out text that a discriminator may be stopped and scaled by, `MOST_STOPPING` sentences at most: of the
    validation text where there is test text, which then decides; else of every second sentence of it."""
    rows = torch.arange(0, text.valid.sentences, 1 if text.corpus.test else 2)
    return _some_of(text.valid, rows, MOST_STOPPING)


def deciding_part(text: Text, reading: Reading, *, drop_long: bool = False) -> Sequences:
    """The held-out text that numbers come from, `MOST_DECIDING` sentences at most: the test text, or those sentences of
    the validation text that `stopping_part` leaves.

    Args:
        text: as read for the players.
        reading: how they read lines.
        drop_long: leave out sentences of the test text that are too long, as the training did; else they are cut.
    """
    if not text.corpus.test:
        return _some_of(text.valid, torch.arange(1, text.valid.sentences, 2), MOST_DECIDING)
    sources = None if text.corpus.sources is None else text.corpus.sources.test
    sequences, read = read_text(reading, text.corpus.test, sources, name="the test text")
    rows = torch.arange(sequences.sentences)
    if drop_long and read.cut and reading.vocabulary.end is not None:
        ended = ((sequences.tokens == reading.vocabulary.end) & sequences.mask).any(dim=1)
        rows = rows[ended]  # what was cut has no end
    return _some_of(sequences, rows, MOST_DECIDING)


def _some_of(sequences: Sequences, rows: Tensor, most: int) -> Sequences:
    rows = rows[spread_rows(len(rows), most)]
    return Sequences(*take(sequences, rows.to(sequences.rows_device)))


class Headroom(NamedTuple):
    """What a discriminator knows that the generator does not, on held-out text."""

    told_apart: Estimate
    """Share of sentences and samples that are told apart where errors on both are alike; one half of equal ones."""
    total_variation: Estimate
    """A lower bound of the total variation between text and generator, from 0 to 1."""
    jensen_shannon: Estimate
    """A lower bound of their Jensen-Shannon divergence, in nats, from 0 to log 2."""
    gain: Estimate
    """Nats a token by which generator times discriminator is better than the generator. The lower end is endless where
    the samples say too little of the partition function."""
    log_partition: tuple[float, float]
    """Lower and upper estimate of log Z; with sources the means over them."""
    effective: float
    """Of the samples the share that would carry as much if all weighed alike; by the samples or by the held-out
    sentences, whichever say less."""
    sentences: int
    """Held-out sentences."""
    samples: int
    """Samples; with sources of each."""

    @property
    def perplexity(self) -> Estimate:
        """What the generator's perplexity is multiplied by: below 1 where there is a gain."""
        return Estimate(*(math.exp(-nats) for nats in (self.gain.value, self.gain.high, self.gain.low)))

    @property
    def trusted(self) -> bool:
        """Whether there are samples enough for the partition function, without which there is no gain to tell."""
        return self.effective >= LEAST_EFFECTIVE and math.isfinite(self.gain.low)

    @property
    def sentence(self) -> str:
        """What there is to gain, in one sentence."""
        value, low, high = self.gain
        interval = f"interval {low:.4f} to {high:.4f}"
        if not self.trusted:
            return (
                f"The gain is not to be trusted: the estimate of {value:.4f} nats a token rests on a few of the "
                f"{self.samples:,} samples, as {100 * self.effective:.2g} % of them would carry as much. Take more of "
                "them; or, where nearly all is told apart, pretrain the generator for longer first."
            )
        if high <= SMALL:
            return (
                "There is little to gain here: what this discriminator knows beyond the generator is worth at most "
                f"{max(high, 0.0):.4f} nats a token."
            )
        if low <= 0:
            return (
                f"No gain is certain: a perfect use of this discriminator would gain {value:.4f} nats a token, "
                f"{interval}."
            )
        return (
            f"There are up to {high:.4f} nats a token to gain: a perfect use of this discriminator would gain "
            f"{value:.4f}, {interval}."
        )

    def to_json(self) -> dict[str, Any]:
        """As plain containers; an end that is not finite is null."""
        content = {
            name: part.to_json() if isinstance(part, Estimate) else part for name, part in self._asdict().items()
        }
        low, high = self.log_partition
        return {
            **content,
            "perplexity": self.perplexity.to_json(),
            "log_partition": {"lower": low, "upper": high},
            "trusted": self.trusted,
            "sentence": self.sentence,
        }


def headroom_of(real_logits: Tensor, fake_logits: Tensor, tokens: Tensor) -> Headroom:
    """All numbers from logits, which are to be log-odds: calibrated on other text.

    The gain is (mean of F - log Z) over the mean length. Its interval joins that of the ratio of means, by
    linearisation, with that of log Z, by the squares of both distances. Where exp(F) has a long tail, samples that
    happen to miss it make both Z and its error too small. So log Z reaches further up than down, as -log(1 - u) and
    log(1 + u) for an error of u; the error is the greater one of what samples and held-out sentences say, of which the
    latter see the tail: E_q[exp 2F] / Z is the mean of exp F under the model, which held-out sentences are drawn from
    where the discriminator is optimal.

    Args:
        real_logits: of held-out sentences. [B]
        fake_logits: of fresh samples of the generator, independent [C]; or, with sources, of K samples for the source
            of each sentence, which has a partition function of its own [B, K].
        tokens: of each held-out sentence, ends counted. [B]

    Raises:
        ValueError: fewer than 2 sentences, or 4 samples, or 4 of each source.

    Source: joining by squares of distances, Zou and Donner 2008 ("MOVER").
    """
    of_sources = fake_logits.dim() == 2
    if len(real_logits) < 2 or fake_logits.shape[-1] < 4:
        raise ValueError(
            f"{len(real_logits)} sentences and {fake_logits.shape[-1]} samples{' of each source' * of_sources} are "
            "given, expected 2 and 4 or more."
        )
    real, fake, length = (each.cpu().double() for each in (real_logits, fake_logits, tokens))  # not all have doubles
    lower, upper = lower_log_partition(fake), upper_log_partition(fake)  # [] or [B]
    middle = (lower + upper) / 2
    in_all = (real - middle).exp().mean().item()  # E_q[exp 2F] / Z^2, as held-out sentences say
    return Headroom(
        _told_apart(real, fake),
        _total_variation(real, fake),
        _jensen_shannon(real, fake),
        _gain_of_sources(real, fake, length) if of_sources else _gain(real, fake, length, in_all),
        (lower.mean().item(), upper.mean().item()),
        min(effective_share(fake).mean().item(), 1 / max(in_all, 1.0)),
        len(real),
        fake.shape[-1],
    )


def _quantile(size: int) -> float:
    return student_quantile(0.5 + CONFIDENCE / 2, size - 1)


def _half_of_ratio(gained: Tensor, length: Tensor) -> float:
    """Half of an interval of mean(gained) / mean(length), in units of `gained`. [B], [B]"""
    ratio = gained.mean() / length.mean()
    return _quantile(len(gained)) * math.sqrt((gained - ratio * length).var().item() / len(gained))


def _gain(real: Tensor, fake: Tensor, length: Tensor, in_all: float) -> Estimate:
    low_z = lower_log_partition(fake).item()
    high_z = max(upper_log_partition(fake).item(), low_z)  # of one set of samples either may be the greater
    middle = (low_z + high_z) / 2
    half = _half_of_ratio(real - middle, length)
    variance = max((fake - middle).exp().var().item(), in_all - 1, 0.0) / len(fake)  # of Z, in units of its square
    error = _quantile(len(fake)) * math.sqrt(variance)
    up = -math.log1p(-error) if error < 1 else math.inf
    mean, tokens = real.mean().item(), length.mean().item()
    low, high = mean - high_z - math.hypot(half, up), mean - low_z + math.hypot(half, math.log1p(error))
    return Estimate((mean - middle) / tokens, low / tokens, high / tokens)


def _gain_of_sources(real: Tensor, fake: Tensor, length: Tensor) -> Estimate:
    """The errors of the partition functions are among those of the terms, a source being one draw of all.

    There are two upper estimates of log Z: of both the one is taken that leaves less. The second has the held-out
    sentence in the place of a sample, which is a draw of the model where the discriminator is optimal.
    """
    lower = lower_log_partition(fake)
    upper = torch.maximum(upper_log_partition(fake), lower)
    with_real = lower_log_partition(torch.cat([real.unsqueeze(1), fake[:, 1:]], dim=1))
    tokens, middle = length.mean().item(), (lower + upper) / 2

    def end(log_z: Tensor, side: int) -> float:
        return ((real - log_z).mean().item() + side * _half_of_ratio(real - log_z, length)) / tokens

    return Estimate((real - middle).mean().item() / tokens, min(end(upper, -1), end(with_real, -1)), end(lower, 1))


def _within(value: float, half: float, most: float) -> Estimate:
    """An interval of something that is neither below 0 nor above `most`."""
    return Estimate(*(min(max(each, 0.0), most) for each in (value, value - half, value + half)))


def _jensen_shannon(real: Tensor, fake: Tensor) -> Estimate:
    of_real, of_fake = divergence_terms(real, fake)
    terms = [of_real, of_fake] if fake.dim() == 1 else [of_real + of_fake.mean(dim=1)]
    value = sum(each.mean().item() for each in terms)
    spread = math.sqrt(sum(each.var().item() / len(each) for each in terms))
    return _within(value, _quantile(min(map(len, terms))) * spread, math.log(2))


def _told_apart(real: Tensor, fake: Tensor) -> Estimate:
    """Where the threshold is that of equal errors, the error of the share is that of the mean of both errors, each a
    share of its own: the densities of both kinds of logits are nearly equal there. Of a source all samples count as
    one."""
    share = share_told_apart(real, fake.flatten())
    trials = max(1, round(4 / (1 / len(real) + 1 / len(fake))))
    return Estimate(share, *wilson_interval(round(share * trials), trials, confidence=CONFIDENCE))


def share_told_apart(real: Tensor, fake: Tensor) -> float:
    """As `diagnostics.accuracy_at_equal_errors`, of unequal numbers of sentences and samples, too. [B], [C]"""
    both = torch.cat([real, fake]).double()
    weight = torch.cat([torch.full((len(each),), 1 / len(each), dtype=torch.double) for each in (real, fake)])
    order = both.argsort(descending=True)
    # With equal errors the shares of both that are taken for real are 1 together.
    place = int((weight[order].cumsum(0) < 1 - 1e-9).sum())
    threshold = both[order[min(place, len(order) - 1)]]
    above, at = both > threshold, both == threshold
    share = (1 - weight[above].sum()) / weight[at].sum()
    is_real = torch.arange(len(both)) < len(real)
    return float(weight[above & is_real].sum() + share * weight[at & is_real].sum())


def _total_variation(real: Tensor, fake: Tensor) -> Estimate:
    """p(F > 0) - q(F > 0), a lower bound at any threshold that is no choice of this text.

    Source: the interval of a difference of shares, Newcombe 1998, method 10.
    """
    taken = [(each > 0).double() for each in (real, fake)]
    (first, size), (second, other) = [(each.mean().item(), len(each)) for each in taken]
    ends = [
        wilson_interval(round(share * trials), trials, confidence=CONFIDENCE)
        for share, trials in ((first, size), (second, other))
    ]
    down = math.hypot(first - ends[0][0], ends[1][1] - second)
    up = math.hypot(ends[0][1] - first, second - ends[1][0])
    if fake.dim() == 2:  # sentence and samples of one source go together
        differences = taken[0] - taken[1].mean(dim=1)
        half = _quantile(size) * math.sqrt(differences.var().item() / size)
        down, up = (half, half) if half > 0 else (down, up)
    value = first - second
    return Estimate(*(min(max(each, 0.0), 1.0) for each in (value, value - down, value + up)))
