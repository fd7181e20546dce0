"""How far the best of several trials may be ahead by chance alone: it was chosen by the numbers it is compared by.

Were all trials worth the same, the best of them would still be the one whose seeds were luckiest, and its difference to
each other one is then no draw around 0. How large the greatest of these differences is, in standard errors, is known
from trials that are drawn alike.

Source: multiple comparisons with the best, Hsu 1984; here by simulation, for differences seed by seed.
"""

from functools import lru_cache

import numpy as np

from seqgan.metrics.significance import student_quantile

DRAWS = 20_000
"""Simulated sweeps: their 95 % quantile is then known to about 2 % where there are three seeds, the worst case."""
AT_ONCE = 2_000_000
"""Values in memory at once."""


@lru_cache(maxsize=64)
def allowance(trials: int, seeds: int, confidence: float = 0.95) -> float:
    """Half widths of the intervals of all differences to the best trial, in standard errors of the difference.

    With it, a sweep over settings that make no difference calls any trial worse than the best in 5 % of cases. Of two
    trials it is Student's quantile: the choice decides the sign of the difference alone.

    Args:
        trials: how many were compared, the best among them; at least 2.
        seeds: that each was trained with; at least 2.
        confidence: that all intervals hold together, where all trials are worth the same.

    Raises:
        ValueError: fewer than two of either.
    """
    if min(trials, seeds) < 2:
        raise ValueError(f"{trials} trials with {seeds} seeds leave nothing to choose: both are at least 2.")
    if trials == 2:
        return student_quantile((1 + confidence) / 2, seeds - 1)
    rng = np.random.default_rng(0)
    at_once = max(1, AT_ONCE // (trials * seeds))
    greatest = []
    for done in range(0, DRAWS, at_once):
        values = rng.standard_normal((min(at_once, DRAWS - done), trials, seeds))
        best = values.mean(axis=2).argmax(axis=1)
        differences = values - values[np.arange(len(values)), best][:, np.newaxis]
        errors = differences.std(axis=2, ddof=1) / seeds**0.5
        # The best's own difference is 0, with no error.
        ratios = np.abs(differences.mean(axis=2)) / np.where(errors > 0, errors, 1.0)
        greatest.append(ratios.max(axis=1))
    return float(np.quantile(np.concatenate(greatest), confidence))
