"""MAUVE: how close two clouds of sentence features are, between 0 and 1, over all trade-offs of two kinds of error."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from seqgan.errors import SeqganError
from seqgan.metrics.frechet import check_features

SCALE = 5.0
"""c, by which divergences are multiplied."""
WEIGHTS = np.linspace(1e-6, 1 - 1e-6, 25)
"""Shares of the first text in the mixtures."""
VARIANCE_KEPT = 0.9
"""By the principal components."""
RESTARTS, ITERATIONS = 5, 500
"""Of k-means."""
SENTENCES_A_CLUSTER = 10
"""By default: k is the number of sentences over it."""


class Mauve(NamedTuple):
    """The two numbers, and what they were computed with."""

    value: float
    """Mean area over the seeds; 1 for equal texts, near 0 for texts without common clusters."""
    smoothed: float
    """The same with half a sentence added to every cell (Krichevsky and Trofimov), MAUVE*."""
    std: float
    """Standard deviation of the area over the seeds."""
    clusters: int
    """k."""
    components: int
    """Principal components kept."""


def mauve(
    real: ArrayLike, generated: ArrayLike, *, clusters: int | None = None, seeds: Sequence[int] = (0, 1, 2)
) -> Mauve:
    """MAUVE of the features of two texts.

    Rows are scaled to length 1, reduced to the principal components of both that keep 90 % of the variance, and put
    into k clusters together; of the two histograms the area under the divergence curve is taken. The value depends on
    the number of sentences, on k and on what made the features: compare within one setting only.

    Args:
        real: features of real sentences. [sentences, features]
        generated: features of others. [sentences, features]
        clusters: k; by default a tenth of the smaller number of sentences, at least 2.
        seeds: of k-means; the area is averaged over them.

    Raises:
        SeqganError: as `frechet_distance`; or no seed, or clusters that are fewer than 2 or more than sentences.

    Source: Pillutla et al. 2021 (arXiv:2102.01454); MAUVE*: Pillutla et al. 2023 (arXiv:2212.14578).
    """
    first, second = check_features(real, generated)
    smaller = min(len(first), len(second))
    k = max(2, round(smaller / SENTENCES_A_CLUSTER)) if clusters is None else clusters
    if not 2 <= k <= len(first) + len(second):
        raise SeqganError(f"The number of clusters is {k}: give at least 2, and no more than there are sentences.")
    if len(seeds) == 0:
        raise SeqganError("There is no seed: give at least one; several make the value steadier.")
    points = principal_components(np.concatenate([scale_rows(first), scale_rows(second)]))
    areas, smoothed = [], []
    for seed in seeds:
        labels = k_means(points, k, seed=seed)
        p = np.bincount(labels[: len(first)], minlength=k).astype(np.float64)
        q = np.bincount(labels[len(first) :], minlength=k).astype(np.float64)
        areas.append(mauve_of_histograms(p, q))
        smoothed.append(mauve_of_histograms(p + 0.5, q + 0.5))
    return Mauve(float(np.mean(areas)), float(np.mean(smoothed)), float(np.std(areas)), k, points.shape[1])


def mauve_of_histograms(p: ArrayLike, q: ArrayLike) -> float:
    """The area under the divergence curve of two histograms, the mean over both ways of taking it. [k], [k]

    Raises:
        SeqganError: unequal shapes, negative numbers, or a histogram of nothing.
    """
    counts_p, counts_q = np.asarray(p, dtype=np.float64), np.asarray(q, dtype=np.float64)
    if (
        counts_p.shape != counts_q.shape
        or min(counts_p.min(), counts_q.min()) < 0
        or not counts_p.any() * counts_q.any()
    ):
        raise SeqganError("Two histograms over the same cells were expected, of numbers from 0 on, not all of them 0.")
    first, second = counts_p / counts_p.sum(), counts_q / counts_q.sum()
    points = [(1.0, 0.0)]
    for weight in WEIGHTS:
        mixture = weight * first + (1 - weight) * second
        points.append((np.exp(-SCALE * _kl(second, mixture)), np.exp(-SCALE * _kl(first, mixture))))
    points.append((0.0, 1.0))
    # With the weight the first coordinate falls and the second rises.
    x, y = np.array(points).T
    return float((np.trapezoid(x, y) - np.trapezoid(y, x)) / 2)


def _kl(p: np.ndarray, q: np.ndarray) -> float:
    """Kullback-Leibler divergence in nats; q is above 0 where p is."""
    there = p > 0
    return float((p[there] * np.log(p[there] / q[there])).sum())


def scale_rows(features: np.ndarray) -> np.ndarray:
    """Rows of length 1; rows of zeros stay. [N, D] -> [N, D]"""
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    return features / np.where(lengths > 0, lengths, 1.0)


def principal_components(points: np.ndarray, kept: float = VARIANCE_KEPT) -> np.ndarray:
    """Points in the fewest principal components that keep a share of the variance. [N, D] -> [N, components]"""
    centred = points - points.mean(axis=0)
    values, vectors = np.linalg.eigh(centred.T @ centred)
    values, vectors = values[::-1].clip(min=0), vectors[:, ::-1]
    if not values.any():
        return centred[:, :1]
    shares = np.cumsum(values) / values.sum()
    return centred @ vectors[:, : int(np.searchsorted(shares, kept)) + 1]


def k_means(
    points: np.ndarray, clusters: int, *, seed: int = 0, restarts: int = RESTARTS, iterations: int = ITERATIONS
) -> np.ndarray:
    """The cluster of each point, by Lloyd's algorithm: of several starts at random points the one of least distortion.

    A cluster that loses all its points begins anew at the point that is farthest from its centre.

    Args:
        points: [N, D]
        clusters: k.
        seed: of the starts.
        restarts: starts.
        iterations: at most, of each.

    Returns:
        [N]
    """
    rng = np.random.default_rng(seed)
    best, best_distortion = np.zeros(len(points), np.int64), np.inf
    for _ in range(restarts):
        centres = points[rng.choice(len(points), clusters, replace=False)]
        labels = np.full(len(points), -1)
        for _ in range(iterations):
            before = labels
            labels, distances = _nearest_centres(points, centres)
            if np.array_equal(labels, before):
                break
            centres = _means(points, labels, distances, clusters)
        distortion = float(distances.sum())
        if distortion < best_distortion:
            best, best_distortion = labels, distortion
    return best


POINTS_AT_ONCE = 4096
"""Rows of distances to all centres that are in memory at once."""


def _nearest_centres(points: np.ndarray, centres: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The nearest centre of each point, and the squared distance to it. [N], [N]"""
    squares = (centres**2).sum(axis=1)
    labels, distances = [], []
    for first in range(0, len(points), POINTS_AT_ONCE):
        part = points[first : first + POINTS_AT_ONCE]
        # The point's own square is the same for all centres.
        relative = squares - 2 * part @ centres.T
        nearest = relative.argmin(axis=1)
        labels.append(nearest)
        distances.append(relative[np.arange(len(part)), nearest] + (part**2).sum(axis=1))
    return np.concatenate(labels), np.concatenate(distances).clip(min=0)


def _means(points: np.ndarray, labels: np.ndarray, distances: np.ndarray, clusters: int) -> np.ndarray:
    counts = np.bincount(labels, minlength=clusters)
    sums = np.stack([np.bincount(labels, column, clusters) for column in points.T], axis=1)
    centres = sums / counts.clip(min=1)[:, np.newaxis]
    empty = np.flatnonzero(counts == 0)
    if len(empty):
        centres[empty] = points[np.argsort(-distances, kind="stable")[: len(empty)]]
    return centres
