"""The bootstrap interval of a mean."""

import math

import numpy as np
import pytest

from seqgan.errors import SeqganError
from seqgan.metrics import bootstrap_interval, corpus_bleu, self_bleu, significance


def test_interval_of_two_values_by_hand():
    # The mean of two draws of {0, 1} is 0, 1/2 or 1, with probabilities 1/4, 1/2, 1/4: the middle 40 % are 1/2, the
    # middle 95 % reach from 0 to 1.
    assert bootstrap_interval([0, 1], confidence=0.4) == (0.5, 0.5)
    assert bootstrap_interval([0, 1], confidence=0.95) == (0.0, 1.0)


def test_interval_of_many_values_is_that_of_the_normal_law():
    values = np.random.default_rng(0).random(2000)
    low, high = bootstrap_interval(values, resamples=4000)
    half = 1.96 * values.std() / math.sqrt(len(values))
    # The ends, quantiles of 4,000 means, lie within some 5 % of the half width.
    assert low == pytest.approx(values.mean() - half, abs=0.1 * half)
    assert high == pytest.approx(values.mean() + half, abs=0.1 * half)


def test_the_seed_decides():
    values = np.random.default_rng(1).random(50)
    assert bootstrap_interval(values, seed=3) == bootstrap_interval(values, seed=3)
    assert bootstrap_interval(values, seed=3) != bootstrap_interval(values, seed=4)


def test_equal_values_leave_no_doubt():
    assert bootstrap_interval([0.25] * 9) == (0.25, 0.25)


@pytest.mark.parametrize("draws_at_once", [1, 120, 10**6])
def test_what_is_in_memory_at_once_changes_nothing(monkeypatch, draws_at_once):
    values = np.random.default_rng(2).random(51)  # odd: draws come in pairs from the generator
    expected = bootstrap_interval(values)
    monkeypatch.setattr(significance, "DRAWS_AT_ONCE", draws_at_once)
    assert bootstrap_interval(values) == expected


def test_a_score_has_an_interval_for_each_order():
    score = self_bleu([["a", "b", "c"], ["a", "b", "d"], ["a", "x", "c"], ["a", "b", "c"]], max_order=3)
    for order, of_sentences in zip(score.values, score.sentences, strict=True):
        low, high = bootstrap_interval(of_sentences)
        assert low < score.values[order] < high


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: bootstrap_interval([]), r"The values have shape \(0,\), but one axis"),
        (lambda: bootstrap_interval([[1.0, 2.0]]), r"shape \(1, 2\).*take the row of one order"),
        (lambda: bootstrap_interval(corpus_bleu([["a"]], [["a"]]).sentences[0]), "A corpus BLEU has no values"),
        (lambda: bootstrap_interval([1.0], confidence=95), "The confidence is 95.*give 0.95"),
        (lambda: bootstrap_interval([1.0], resamples=0), "The number of resamples is 0"),
    ],
)
def test_misuse_is_said_with_the_mend(call, message):
    with pytest.raises(SeqganError, match=message):
        call()
