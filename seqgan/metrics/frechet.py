"""The Frechet distance of two clouds of sentence features: of the normal laws with their means and covariances."""

import numpy as np
from numpy.typing import ArrayLike

from seqgan.errors import SeqganError


def frechet_distance(real: ArrayLike, generated: ArrayLike) -> float:
    """Squared Frechet distance, |m1 - m2|^2 + Tr(S1 + S2 - 2 (S1 S2)^(1/2)), of the features of two texts.

    0 for equal moments. What is published as FED is this number; the last program of FBD's authors prints its square
    root. Covariances are divided by n - 1. Positive for two samples of one law, the more so the fewer sentences:
    compare at equal numbers, well above the number of features, with that of as many real sentences.

    Args:
        real: features of real sentences. [sentences, features]
        generated: features of others. [sentences, features]

    Raises:
        SeqganError: other shapes, fewer than two sentences of either, or numbers that are not finite.

    Source: de Masson d'Autume et al. 2019 (arXiv:1905.09922), "FED"; Semeniuta et al. 2018 (arXiv:1806.04936); Heusel
    et al. 2017.
    """
    first, second = check_features(real, generated)
    offset = first.mean(axis=0) - second.mean(axis=0)
    s1, s2 = (np.atleast_2d(np.cov(features, rowvar=False)) for features in (first, second))
    # The roots of S1 S2 are those of S1^(1/2) S2 S1^(1/2), which is symmetric: its eigenvalues are real, and what is
    # below 0 is rounding.
    values, vectors = np.linalg.eigh(s1)
    root = (vectors * np.sqrt(values.clip(min=0))) @ vectors.T
    trace_of_root = np.sqrt(np.linalg.eigvalsh(root @ s2 @ root).clip(min=0)).sum()
    return max(0.0, float(offset @ offset + np.trace(s1) + np.trace(s2) - 2 * trace_of_root))


def check_features(real: ArrayLike, generated: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Both as arrays of doubles.

    Raises:
        SeqganError: not one row of equally many numbers for each sentence, fewer than two rows, or numbers that are
            not finite.
    """
    first, second = (np.asarray(features, dtype=np.float64) for features in (real, generated))
    if first.ndim != 2 or second.ndim != 2 or first.shape[1] != second.shape[1] or min(len(first), len(second)) < 2:
        raise SeqganError(
            f"The features have the shapes {first.shape} and {second.shape}, but two or more sentences each, with "
            "equally many features, were expected: [sentences, features]."
        )
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise SeqganError("Some features are not finite: check the model that made them.")
    return first, second
