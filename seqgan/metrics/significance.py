"""How far a number would move with other sentences, from statistics that were taken once.

Three kinds of number need three ways. A mean over sentences, or a ratio of two sums over them, has a bootstrap
interval. A statistic of a set, such as the share of distinct n-grams, must not be bootstrapped: a resampled set holds
sentences twice, which is just what it counts. It has an interval by the jackknife, from leaving out a block at a time.
A share of independent yes and no has Wilson's interval.

Where all sentences gave the same, the first two have no spread to go by, and would claim to be certain: what nobody
saw among N may still befall a few in N (`unanimous_interval`).
"""

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from seqgan.errors import SeqganError

DRAWS_AT_ONCE = 1_000_000
"""Resampled values that are in memory at once: 16 MB of values and places."""
BLOCKS = 20
"""Blocks of a jackknife, each left out once; of fewer sentences, one for each."""
SAME = 1e-12
"""Spread, as a share of the numbers' size or of 1, that is rounding."""

Ends = tuple[float, float]
"""Lower and upper end of an interval."""


class Unanimous(NamedTuple):
    """The ends where all sentences gave the same: those of `unanimous_interval`."""

    low: float
    high: float


def bootstrap_interval(
    values: ArrayLike, *, confidence: float = 0.95, resamples: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """Percentile bootstrap interval of the mean of per-sentence values, such as a row of `Score.sentences`.

    The values are resampled as they are: the interval tells of the choice of hypotheses, with the references held
    fixed, and of nothing that differs between trainings.

    Args:
        values: one for each sentence. [sentences]
        confidence: share of the resampled means within the interval, between 0 and 1.
        resamples: how many means are drawn.
        seed: equal seeds give equal intervals.

    Returns:
        Lower and upper end.

    Raises:
        SeqganError: there is no value, or more than one axis; or a confidence or number of resamples that makes no
            sense.

    Source: Efron 1979; for text metrics Koehn 2004; as wide as few values ask for, Hesterberg 2015.
    """
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 1 or len(values) == 0:
        raise SeqganError(
            f"The values have shape {values.shape}, but one axis of at least one value per sentence was expected: of "
            "a Score take the row of one order. A corpus BLEU has no values per sentence."
        )
    resampled = resampled_means(values[np.newaxis], resamples=resamples, seed=seed)[0]
    return percentiles(resampled, confidence, len(values))


def bootstrap_ratio_interval(
    numerators: ArrayLike,
    denominators: ArrayLike,
    *,
    confidence: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> tuple[float, float]:
    """Percentile bootstrap interval of a ratio of sums over sentences, such as nats over tokens.

    Args:
        numerators: one for each sentence. [sentences]
        denominators: one for each sentence, not negative. [sentences]
        confidence: as of `bootstrap_interval`.
        resamples: as there. Those whose denominators are all 0 have no ratio and are left out.
        seed: as there.

    Raises:
        SeqganError: as there; or the two have unequal lengths; or all denominators are 0.
    """
    above, below = np.asarray(numerators, dtype=np.float64), np.asarray(denominators, dtype=np.float64)
    if above.ndim != 1 or above.shape != below.shape or len(above) == 0 or not below.any():
        raise SeqganError(
            f"Numerators of shape {above.shape} and denominators of shape {below.shape} were given, but one of each "
            "for every sentence was expected, and not all denominators 0."
        )
    sums = resampled_means(np.stack([above, below]), resamples=resamples, seed=seed)
    return percentiles(sums[0][sums[1] > 0] / sums[1][sums[1] > 0], confidence, len(above))


def resampled_means(values: np.ndarray, *, resamples: int = 1000, seed: int = 0) -> np.ndarray:
    """Means of several values per sentence over sentences drawn with repetition, the same for all of them.

    Args:
        values: rows of values, one for each sentence. [rows, sentences]
        resamples: how many times the sentences are drawn.
        seed: of the draws.

    Returns:
        [rows, resamples]

    Raises:
        SeqganError: fewer than one resample.
    """
    if resamples < 1:
        raise SeqganError(f"The number of resamples is {resamples}: give at least 1; 1000 is usual.")
    rng = np.random.default_rng(seed)
    sentences = values.shape[1]
    at_once = max(1, DRAWS_AT_ONCE // sentences)
    means = []
    for done in range(0, resamples, at_once):
        draws = rng.integers(sentences, size=(min(at_once, resamples - done), sentences))
        means.append(np.stack([row[draws].mean(axis=1) for row in values]))
    return np.concatenate(means, axis=1)


def percentiles(resampled: np.ndarray, confidence: float = 0.95, drawn: int | None = None) -> tuple[float, float]:
    """The ends between which the middle share of resampled numbers lies. [resamples]

    Args:
        resampled: what each resample gave.
        confidence: the share.
        drawn: from how many values the resamples were drawn. Of few they spread too little, by the root of (n-1)/n,
            and their spread is known as badly as Student's law says: the share is raised by as much.

    Raises:
        SeqganError: a confidence that makes no sense.

    Source: the raised share, Hesterberg 2015, "What Teachers Should Know About the Bootstrap", section 5.3.
    """
    _check_confidence(confidence)
    tail = (1 - confidence) / 2
    if drawn is not None and drawn > 1:
        half = student_quantile(1 - tail, drawn - 1) * math.sqrt(drawn / (drawn - 1))
        tail = NormalDist().cdf(-half)
    low, high = np.quantile(resampled, [tail, 1 - tail])
    return float(low), float(high)


def block_of(sentences: int, blocks: int = BLOCKS) -> np.ndarray:
    """The block of each sentence: they are dealt out in turn, so that all blocks are alike. [sentences]"""
    return np.arange(sentences) % min(blocks, sentences)


def block_sizes(sentences: int, blocks: int = BLOCKS) -> np.ndarray:
    """Sentences of each block of `block_of`. [blocks]"""
    return np.bincount(block_of(sentences, blocks))


def jackknife_interval(
    value: float,
    left_out: Sequence[float] | np.ndarray,
    bounds: Ends = (-np.inf, np.inf),
    sizes: Sequence[int] | np.ndarray | None = None,
) -> Ends:
    """95 % interval of a statistic of a set, from what it is without each block of its sentences.

    Symmetric about the value: it tells how much the statistic of another set of this size would differ, and does not
    remove what depends on the size itself.

    Args:
        value: of all sentences.
        left_out: of all sentences but one block's, for each block. [blocks]
        bounds: what the statistic cannot pass.
        sizes: sentences of each block; by default equally many. [blocks]

    Raises:
        SeqganError: fewer than two blocks.

    Source: Tukey 1958; by blocks, of any sizes, Busing, Meijer, Van der Leeden 1999.
    """
    error = jackknife_error(value, left_out, sizes)
    half = student_quantile(0.975, len(left_out) - 1) * error
    low, high = np.clip([value - half, value + half], *bounds)
    return float(low), float(high)


def jackknife_error(
    value: float, left_out: Sequence[float] | np.ndarray, sizes: Sequence[int] | np.ndarray | None = None
) -> float:
    """The standard error behind `jackknife_interval`, whose arguments and errors these are."""
    estimates = np.asarray(left_out, dtype=np.float64)
    if estimates.ndim != 1 or len(estimates) < 2:
        raise SeqganError(f"The values left out have shape {estimates.shape}, but at least two blocks were expected.")
    blocks = len(estimates)
    in_block = np.ones(blocks) if sizes is None else np.asarray(sizes, dtype=np.float64)
    # A block's pseudo-value is what it alone stands for. A trend with the size, such as that of distinct n-grams, is
    # then the same in all of them, also where some blocks have a sentence more than others.
    parts = in_block.sum() / in_block
    pseudo = parts * value - (parts - 1) * estimates
    centre = blocks * value - ((1 - 1 / parts) * estimates).sum()
    return float(np.sqrt((np.square(pseudo - centre) / (parts - 1)).mean()))


def unanimous_interval(value: float, sentences: int, bounds: Ends) -> Unanimous | None:
    """95 % interval of a number between bounds where all sentences gave the same, so that no spread tells of others.

    By Wilson's interval of 0 of N, up to 3.84 / (N + 3.84) of other sentences may give something else, at most a bound.

    Args:
        value: what all gave.
        sentences: how many.
        bounds: that no sentence's value passes.

    Returns:
        None without bounds: nothing is then known of how far others may be.
    """
    if not np.isfinite(bounds).all():
        return None
    _, share = wilson_interval(0, sentences)
    low, high = bounds
    return Unanimous(value - share * (value - low), value + share * (high - value))


def all_same(values: ArrayLike) -> bool:
    """Whether numbers differ by no more than rounding."""
    numbers = np.asarray(values, dtype=np.float64)
    return bool(np.ptp(numbers) <= SAME * max(1.0, float(np.abs(numbers).max())))


def wilson_interval(successes: int, trials: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """Interval of the probability behind a share of independent trials.

    Args:
        successes: how many came out right.
        trials: of how many.
        confidence: of the interval, between 0 and 1.

    Raises:
        SeqganError: no trials, more successes than trials, or a confidence that makes no sense.

    Source: Wilson 1927.
    """
    if trials < 1 or not 0 <= successes <= trials:
        raise SeqganError(f"{successes} of {trials} is no share: give at least one trial, and no more successes.")
    _check_confidence(confidence)
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = successes / trials
    centre = share + z * z / (2 * trials)
    half = z * (share * (1 - share) / trials + z * z / (4 * trials * trials)) ** 0.5
    scale = 1 + z * z / trials
    # At either end one bound is the share itself, but for rounding.
    low = 0.0 if successes == 0 else max(0.0, (centre - half) / scale)
    return low, 1.0 if successes == trials else min(1.0, (centre + half) / scale)


def student_quantile(probability: float, freedom: int) -> float:
    """Quantile of Student's distribution with a whole number of degrees of freedom, at least 1.

    The distribution function has a finite series; it is inverted by halving. With many degrees of freedom the next
    terms after the normal quantile are smaller than anything that matters here.

    Source: Abramowitz and Stegun 1964, formulas 26.7.3, 26.7.4 and 26.7.5.
    """
    if probability < 0.5:
        return -student_quantile(1 - probability, freedom)
    z = NormalDist().inv_cdf(probability)
    if freedom > 100:
        return z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
    low, high = 0.0, 1.0
    while _student_distribution(high, freedom) < probability:
        low, high = high, 2 * high
    for _ in range(60):
        middle = (low + high) / 2
        if _student_distribution(middle, freedom) < probability:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _student_distribution(t: float, freedom: int) -> float:
    """Probability of a value up to t, which is not negative."""
    angle = math.atan(t / math.sqrt(freedom))
    cosine = math.cos(angle)
    odd = freedom % 2
    # Even: sin (1 + 1/2 cos^2 + (1 3)/(2 4) cos^4 + ...). Odd: 2/pi (angle + sin (cos + 2/3 cos^3 + ...)).
    term, total = (cosine if odd else 1.0), 0.0
    for k in range((freedom - 1) // 2 if odd else freedom // 2):
        total += term
        term *= cosine**2 * (2 * k + 1 + odd) / (2 * k + 2 + odd)
    within = 2 / math.pi * (angle + math.sin(angle) * total) if odd else math.sin(angle) * total
    return 0.5 + within / 2


def _check_confidence(confidence: float) -> None:
    if not 0 < confidence < 1:
        raise SeqganError(f"The confidence is {confidence}, but it must lie between 0 and 1: for 95 % give 0.95.")
