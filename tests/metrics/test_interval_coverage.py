"""Intervals hold what they are of: a quick form of scripts/coverage, by which all metrics are looked at."""

import pytest
from intervals.coverage import Law, coverage, coverage_of_shares, held, measures, told_apart_by_chance

from seqgan.metrics import Entry, jaccard_diversity
from seqgan.metrics.significance import bootstrap_interval

SETS, SENTENCES = 100, 60
pytestmark = pytest.mark.slow(reason="draws hundreds of texts for each metric")

LEAST = 0.87
"""Of 100 intervals of a coverage of 95 %, fewer than 88 hold in 1 of 1,000 cases."""
LAW = Law(0.0)
SLOW = ("bleu-f1", "nearest-training", "lm-score", "sacrebleu", "chrf", "self-bleu")
"""These take more than a second: fewer sentences."""


@pytest.mark.parametrize("family", sorted(measures(LAW)))
def test_intervals_of_a_metric_hold_the_mean_of_many_texts(family):
    count, sets = (20, 60) if family in SLOW else (SENTENCES, SETS)
    found = coverage(measures(LAW)[family], LAW.draws(count, sets))
    assert found
    for name, share in found.items():
        assert share >= LEAST - (0.05 if family in SLOW else 0.0), name


def test_rare_repeats_are_held():
    # Most sets have no repeat, which is no proof that there never is one.
    law = Law(0.5)
    assert coverage(measures(law)["unique"], law.draws(SENTENCES, SETS))["unique"] >= LEAST


def test_neighbours_are_no_bystanders():
    # The bootstrap of sentences with the others held fixed, which the jackknife is in place of.
    draws = list(LAW.draws(100, 200))

    def fixed_others(draw):
        values = jaccard_diversity(draw.samples)
        return [Entry("diversity", float(values.mean()), "", *bootstrap_interval(values))]

    assert coverage(fixed_others, draws)["diversity"] < 0.9
    assert coverage(measures(LAW)["diversity"], draws)["diversity"] >= 0.92


@pytest.mark.parametrize("probability", [0.0, 0.003, 0.1, 0.5])
def test_shares_are_held(probability):
    assert coverage_of_shares(probability, 60, 500) >= 0.92


def test_the_luckiest_of_equal_trials_is_seldom_called_better():
    alone, allowed = (told_apart_by_chance(10, 3, 200, allowed=allowed) for allowed in (False, True))
    assert alone > 0.25
    assert allowed < 0.1  # 5 %, of which 20 in 200 have a probability below 0.002


def test_a_missing_interval_holds_nothing():
    assert held([Entry("x", 1.0, ""), Entry("x", 1.0, "", 0.5, 1.5)]) == 0.5
