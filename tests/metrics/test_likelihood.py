"""Likelihood from sums."""

import math

import numpy as np
import pytest

from seqgan.errors import SeqganError
from seqgan.metrics import nll_per_sequence, nll_per_token, perplexity
from seqgan.metrics.likelihood import known_divergences


def test_a_uniform_model_has_the_perplexity_of_its_vocabulary():
    # Three sequences, 10 tokens in all, each token one of 7: log-probability -10 log 7.
    total = -10 * math.log(7)
    assert nll_per_token(total, 10) == pytest.approx(math.log(7))
    assert nll_per_sequence(total, 3) == pytest.approx(10 / 3 * math.log(7))
    assert perplexity(total, 10) == pytest.approx(7)


def test_a_perplexity_too_large_for_a_float_is_infinite():
    assert perplexity(-1e6, 1) == math.inf
    assert perplexity(-math.inf, 5) == math.inf


@pytest.mark.parametrize("measure", [nll_per_token, perplexity])
def test_no_tokens_have_no_likelihood(measure):
    with pytest.raises(SeqganError, match="A likelihood of 0 tokens is not defined: give at least one sentence"):
        measure(0.0, 0)


def test_no_sequences_have_no_likelihood():
    with pytest.raises(SeqganError, match="A likelihood of 0 sequences is not defined: give at least one sentence"):
        nll_per_sequence(0.0, 0)


def test_divergences_of_known_densities_are_their_sums_over_all_sequences():
    # Four sequences, each drawn as often as its probability says, of 20 draws.
    p, q = np.array([2, 4, 6, 8]) / 20, np.array([8, 2, 9, 1]) / 20
    difference = np.log(p / q)
    values = known_divergences(np.repeat(difference, [2, 4, 6, 8]), np.repeat(difference, [8, 2, 9, 1]))
    middle = (p + q) / 2
    assert values["kl"] == pytest.approx((p * np.log(p / q)).sum())
    assert values["reverse-kl"] == pytest.approx((q * np.log(q / p)).sum())
    assert values["js"] == pytest.approx((p * np.log(p / middle)).sum() / 2 + (q * np.log(q / middle)).sum() / 2)
    assert values["bhattacharyya"] == pytest.approx(-np.log(np.sqrt(p * q).sum()))


def test_divergences_of_equal_densities_vanish_and_of_disjoint_ones_saturate():
    assert max(map(abs, known_divergences(np.zeros(3), np.zeros(5)).values())) < 1e-15
    assert known_divergences([1e4], [-1e4])["js"] == pytest.approx(math.log(2))
    with pytest.raises(SeqganError, match="at least one sequence of each"):
        known_divergences([], [0.0])
