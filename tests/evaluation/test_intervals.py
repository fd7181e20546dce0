"""Intervals of few measurements, against printed tables and formulas by hand."""

import math

import numpy as np
import pytest

from seqgan.evaluation.intervals import Estimate, Measured, mean_of, value_at
from seqgan.metrics.significance import student_quantile

# As in any printed table of Student's distribution.
TABLE = {
    (0.975, 1): 12.706,
    (0.975, 2): 4.303,
    (0.975, 3): 3.182,
    (0.975, 10): 2.228,
    (0.975, 30): 2.042,
    (0.975, 120): 1.980,
    (0.95, 5): 2.015,
    (0.99, 4): 3.747,
    (0.995, 7): 3.499,
    (0.9, 60): 1.296,
}


@pytest.mark.parametrize(("place", "value"), TABLE.items())
def test_quantiles_are_those_of_the_table(place, value):
    assert student_quantile(*place) == pytest.approx(value, abs=6e-4)
    assert student_quantile(1 - place[0], place[1]) == pytest.approx(-value, abs=6e-4)


def test_both_ways_to_a_quantile_meet():
    assert student_quantile(0.9875, 100) == pytest.approx(student_quantile(0.9875, 101), abs=1e-3)


def test_a_mean_and_its_interval():
    # Of 1, 2, 6: mean 3, variance (4 + 1 + 9) / 2 = 7, of the mean 7 / 3, two degrees of freedom.
    estimate = mean_of([1.0, 2.0, 6.0]).interval(0.95)
    assert estimate.value == 3
    assert estimate.high - 3 == pytest.approx(4.303 * math.sqrt(7 / 3), abs=1e-3)
    assert mean_of([1.0]).interval(0.95) == (1.0, -math.inf, math.inf)


def test_a_difference_of_two_equal_ones_has_twice_the_freedom():
    difference = Measured(2.0, 0.5, 6) - Measured(0.5, 0.5, 6)
    assert difference == (1.5, 1.0, 12)
    assert (Measured(2.0, 0.0, 6) - Measured(2.0, 0.0, 6)).interval(0.95) == (0, 0, 0)


def test_a_parabola_is_found_exactly():
    places = np.linspace(-1, 2, 7)
    groups = [([x, x], [3 - 2 * x + 0.5 * x * x] * 2) for x in places]
    for place in (-0.5, 0.3, 1.7):
        found = value_at(place, groups)
        assert found.value == pytest.approx(3 - 2 * place + 0.5 * place * place)
        assert found.variance == pytest.approx(0, abs=1e-20)


def test_two_groups_give_the_line_of_any_textbook():
    # Through 4 measurements at 0, 0, 2, 2: the line through the means 1 and 5, scatter (1 + 1 + 4 + 4) / 2.
    found = value_at(1.0, [([0.0, 0.0], [0.0, 2.0]), ([2.0, 2.0], [3.0, 7.0])])
    assert found.value == pytest.approx(3)
    assert found.variance == pytest.approx((1 + 1 + 4 + 4) / 2 / 4)  # in the middle, the variance over their number
    assert found.freedom == 2


def test_a_curve_that_is_no_parabola_widens_the_interval():
    straight = [([x], [x]) for x in (0.0, 0.25, 0.5, 0.75, 1.0)]
    bent = [([x], [math.sin(9 * x)]) for x in (0.0, 0.25, 0.5, 0.75, 1.0)]
    assert value_at(0.5, bent).variance > 100 * value_at(0.5, straight).variance


def test_places_that_are_all_alike():
    found = value_at(0.5, [([0.5, 0.5], [1.0, 3.0]), ([0.5, 0.5], [2.0, 2.0])])
    assert found.value == pytest.approx(2)


def test_the_interval_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(300):
        groups = [([x] * 3, x * x + rng.normal(scale=0.1, size=3)) for x in (0.6, 0.7, 0.8, 0.9, 1.0, 1.1)]
        estimate = value_at(0.85, groups).interval(0.9)
        held += estimate.low < 0.85**2 < estimate.high
    assert 0.9 * 300 - 3 * math.sqrt(27) < held < 0.9 * 300 + 3 * math.sqrt(27)


def test_an_endless_interval_has_no_ends_in_json():
    endless = Estimate(1.0, -math.inf, math.inf)
    assert endless.to_json() == {"value": 1.0, "low": None, "high": None}
    assert Estimate.from_json(endless.to_json()) == endless


def test_a_difference_has_the_freedom_of_welch_and_satterthwaite():
    # Variances 1 with 4 degrees and 3 with 9: 4^2 / (1^2 / 4 + 3^2 / 9) = 16 / 1.25. As a sum they would be 13.
    difference = Measured(5.0, 1.0, 4) - Measured(2.0, 3.0, 9)
    assert difference == (3.0, 4.0, pytest.approx(12.8))
    # Where one of the two is known far better, the other's degrees are all there are.
    assert (Measured(0.0, 1e-9, 1000) - Measured(0.0, 1.0, 3)).freedom == pytest.approx(3, rel=1e-6)
    # Degrees are rounded down: 2.179 is the quantile of 12, at a standard error of 2.
    assert difference.interval(0.95).high == pytest.approx(3 + 2 * 2.179, abs=2e-3)
