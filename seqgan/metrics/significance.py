"""How far a mean over sentences would move with other sentences: the bootstrap."""

import numpy as np
from numpy.typing import ArrayLike

from seqgan.errors import SeqganError

DRAWS_AT_ONCE = 1_000_000
"""Resampled values that are in memory at once: 16 MB of values and places."""


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

    Source: Efron 1979; for text metrics Koehn 2004.
    """
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 1 or len(values) == 0:
        raise SeqganError(
            f"The values have shape {values.shape}, but one axis of at least one value per sentence was expected: of "
            "a Score take the row of one order. A corpus BLEU has no values per sentence."
        )
    if not 0 < confidence < 1:
        raise SeqganError(f"The confidence is {confidence}, but it must lie between 0 and 1: for 95 % give 0.95.")
    if resamples < 1:
        raise SeqganError(f"The number of resamples is {resamples}: give at least 1; 1000 is usual.")
    rng = np.random.default_rng(seed)
    rows_at_once = max(1, DRAWS_AT_ONCE // len(values))
    means = []
    for done in range(0, resamples, rows_at_once):
        rows = min(rows_at_once, resamples - done)
        means.append(values[rng.integers(len(values), size=(rows, len(values)))].mean(axis=1))
    tail = (1 - confidence) / 2
    low, high = np.quantile(np.concatenate(means), [tail, 1 - tail])
    return float(low), float(high)
