"""The Frechet distance by hand, and against another square root."""

import math

import numpy as np
import pytest

from seqgan.errors import SeqganError
from seqgan.metrics import frechet_distance

RNG = np.random.default_rng(0)
REAL, OTHER = RNG.normal(size=(60, 5)) @ RNG.normal(size=(5, 5)), RNG.normal(size=(80, 5)) + 0.5


def test_one_feature_by_hand():
    # Means 1 and 4, variances 2 and 8: 9 + (sqrt 2 - sqrt 8)^2 = 9 + 2.
    assert frechet_distance([[0.0], [2.0]], [[2.0], [6.0]]) == pytest.approx(9 + (math.sqrt(2) - math.sqrt(8)) ** 2)


def test_equal_features_are_at_distance_nothing():
    assert frechet_distance(REAL, REAL[::-1]) == pytest.approx(0.0, abs=1e-9)
    singular = np.concatenate([REAL, REAL[:, :1]], axis=1)  # a feature twice: no inverse
    assert frechet_distance(singular, singular) == pytest.approx(0.0, abs=1e-6)


def test_equal_covariances_leave_the_squared_distance_of_the_means():
    offset = np.array([1.0, -2.0, 0.0, 0.5, 0.0])
    assert frechet_distance(REAL, REAL + offset) == pytest.approx((offset**2).sum())


def test_it_equals_the_sum_over_eigenvalues_of_the_product():
    # Tr (S1 S2)^(1/2) is the sum of the roots of the eigenvalues of S1 S2, which is not symmetric.
    s1, s2 = np.cov(REAL, rowvar=False), np.cov(OTHER, rowvar=False)
    roots = np.sqrt(np.linalg.eigvals(s1 @ s2).real).sum()
    mean = ((REAL.mean(0) - OTHER.mean(0)) ** 2).sum()
    expected = mean + np.trace(s1) + np.trace(s2) - 2 * roots
    assert frechet_distance(REAL, OTHER) == pytest.approx(expected)
    assert frechet_distance(OTHER, REAL) == pytest.approx(expected)


def test_few_sentences_are_biased_upwards():
    few, many = (np.mean([frechet_distance(*RNG.normal(size=(2, n, 6))) for _ in range(20)]) for n in (20, 200))
    assert few > 3 * many > 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: frechet_distance(REAL, OTHER[:, :4]), r"shapes \(60, 5\) and \(80, 4\)"),
        (lambda: frechet_distance(REAL[:1], OTHER), "two or more sentences"),
        (lambda: frechet_distance(REAL * np.nan, OTHER), "not finite"),
    ],
)
def test_misuse_is_said_with_the_mend(call, message):
    with pytest.raises(SeqganError, match=message):
        call()
