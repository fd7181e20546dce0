"""MAUVE by hand, and against its authors' package where that is installed."""

import math
from itertools import pairwise

import numpy as np
import pytest

from seqgan.errors import SeqganError
from seqgan.metrics import mauve, mauve_of_histograms
from seqgan.metrics.divergence_curve import k_means, principal_components, scale_rows

RNG = np.random.default_rng(0)


def test_equal_histograms_and_disjoint_ones():
    assert mauve_of_histograms([3, 1, 0], [6, 2, 0]) == pytest.approx(1.0)
    # Without a common cell KL(Q || R) = -log(1 - w) and KL(P || R) = -log w: the curve is ((1-w)^5, w^5), whose area is
    # the integral of (1 - t)^5 d(t^5) = 5 B(5, 6) = 1/252; the trapezoids of 25 points are a little above it.
    assert mauve_of_histograms([1, 0], [0, 1]) == pytest.approx(1 / 252, rel=0.1)
    assert mauve_of_histograms([1, 0], [0, 1]) > 1 / 252


def test_histograms_against_the_plain_loop():
    p, q = np.array([0.5, 0.3, 0.2, 0.0]), np.array([0.1, 0.3, 0.2, 0.4])

    def kl(a, b):
        return sum(x * math.log(x / y) for x, y in zip(a, b, strict=True) if x)

    points = [(1.0, 0.0)]
    for step in range(25):
        weight = 1e-6 + (1 - 2e-6) * step / 24
        mixture = weight * p + (1 - weight) * q
        points.append((math.exp(-5 * kl(q, mixture)), math.exp(-5 * kl(p, mixture))))
    points.append((0.0, 1.0))
    below = sum((y0 + y1) / 2 * (x0 - x1) for (x0, y0), (x1, y1) in pairwise(points))
    beside = sum((x0 + x1) / 2 * (y1 - y0) for (x0, y0), (x1, y1) in pairwise(points))
    assert mauve_of_histograms(p, q) == pytest.approx((below + beside) / 2)
    assert mauve_of_histograms(10 * q, p) == pytest.approx((below + beside) / 2)  # symmetric, and scale-free


def test_equal_texts_are_worth_one():
    features = RNG.normal(size=(60, 4))
    result = mauve(features, features)
    assert result.value == pytest.approx(1.0)
    assert result.smoothed == pytest.approx(1.0)
    assert result.clusters == 6


def test_it_falls_as_the_clouds_part():
    real = RNG.normal(size=(200, 6))
    values = [mauve(real, RNG.normal(size=(200, 6)) + shift, seeds=(0,)).value for shift in (0.0, 0.8, 6.0)]
    assert values[0] > 0.8 > values[1] > 0.1 > values[2]


def test_clusters_that_everybody_sees_are_found():
    centres = np.array([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0], [9.0, 9.0]])
    truth = RNG.integers(4, size=100)
    labels = k_means(centres[truth] + RNG.normal(size=(100, 2)) * 0.1, 4)
    pairs = set(zip(truth.tolist(), labels.tolist(), strict=True))
    assert len(pairs) == len(set(truth.tolist())) == 4


def test_no_cluster_stays_empty_while_points_differ():
    points = np.concatenate([np.zeros((50, 2)), np.arange(6.0)[:, np.newaxis] * np.ones(2) + 5])
    assert len(set(k_means(points, 5, restarts=1).tolist())) == 5
    assert set(k_means(np.zeros((8, 2)), 3).tolist()) == {0}  # here they do not


def test_components_keep_the_variance_asked_for():
    points = RNG.normal(size=(500, 3)) * np.array([3.0, 1.0, 0.1])  # variances 9, 1, 0.01: the first has 0.9
    assert principal_components(points, 0.85).shape == (500, 1)
    assert principal_components(points, 0.95).shape == (500, 2)
    kept = principal_components(points, 1.0)
    assert (kept**2).sum() == pytest.approx(((points - points.mean(0)) ** 2).sum())
    assert scale_rows(np.array([[3.0, 4.0], [0.0, 0.0]])).tolist() == [[0.6, 0.8], [0.0, 0.0]]


@pytest.mark.filterwarnings("ignore")
def test_it_equals_the_authors_package():
    theirs = pytest.importorskip("mauve")
    from mauve.compute_mauve import compute_area_under_curve, get_divergence_curve_for_multinomials

    for _ in range(5):
        p, q = RNG.dirichlet(np.full(12, 0.3), size=2)
        x, y = get_divergence_curve_for_multinomials(p, q, np.linspace(1e-6, 1 - 1e-6, 25), 5).T
        by_x, by_y = np.argsort(x), np.argsort(y)
        areas = compute_area_under_curve(x[by_x], y[by_x]), compute_area_under_curve(y[by_y], x[by_y])
        assert mauve_of_histograms(p, q) == pytest.approx(sum(areas) / 2)
    real, other = RNG.normal(size=(400, 8)), RNG.normal(size=(400, 8)) + 0.3
    expected = [
        theirs.compute_mauve(p_features=real, q_features=other, seed=seed, verbose=False, num_buckets=40)
        for seed in range(1, 6)
    ]
    ours = mauve(real, other, clusters=40, seeds=range(5))
    # Other random starts of k-means: equal within their spread.
    assert ours.value == pytest.approx(np.mean([result.mauve for result in expected]), abs=0.03)
    assert ours.smoothed == pytest.approx(np.mean([result.mauve_star for result in expected]), abs=0.03)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mauve(np.ones((3, 2)), np.ones((3, 2)), clusters=7), "The number of clusters is 7"),
        (lambda: mauve(np.ones((3, 2)), np.ones((3, 2)), seeds=()), "There is no seed"),
        (lambda: mauve(np.ones((3, 2)), np.ones((3, 4))), r"shapes \(3, 2\) and \(3, 4\)"),
        (lambda: mauve_of_histograms([0, 0], [1, 0]), "not all of them 0"),
    ],
)
def test_misuse_is_said_with_the_mend(call, message):
    with pytest.raises(SeqganError, match=message):
        call()


def test_how_long_a_row_of_features_is_tells_nothing():
    # Powers of two, by which a division is exact.
    real, generated = RNG.normal(size=(80, 5)), RNG.normal(size=(80, 5)) + 1.0
    scaled = generated * 2.0 ** RNG.integers(-8, 9, size=(80, 1))
    assert mauve(4 * real, scaled) == mauve(real, generated)


def test_of_several_starts_the_one_of_least_distortion_is_kept():
    # Four clusters far apart: a start with two centres in one of them leaves another two to share a centre.
    rng = np.random.default_rng(3)
    points = np.repeat([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0], [9.0, 9.0]], 10, axis=0) + rng.normal(size=(40, 2)) * 0.1

    def distortion(seed, restarts):
        labels = k_means(points, 4, seed=seed, restarts=restarts)
        return sum(((part - part.mean(axis=0)) ** 2).sum() for part in (points[labels == each] for each in range(4)))

    once = [distortion(seed, 1) for seed in range(10)]
    often = [distortion(seed, 8) for seed in range(10)]
    assert all(best <= first + 1e-9 for best, first in zip(often, once, strict=True))
    # 40 points with a variance of 0.01 in either direction; two clusters with one centre between them have 20 * 4.5^2.
    assert max(once) > 400 > 2 > max(often)
