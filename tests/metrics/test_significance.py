"""The bootstrap interval of a mean."""

import math

import numpy as np
import pytest

from seqgan.errors import SeqganError
from seqgan.metrics import (
    bootstrap_interval,
    bootstrap_ratio_interval,
    corpus_bleu,
    distinct,
    jackknife_interval,
    self_bleu,
    significance,
    wilson_interval,
)
from seqgan.metrics.diversity import distinct_of_counts, estimates, js_of_counts
from seqgan.metrics.significance import Unanimous, block_of, block_sizes, jackknife_error, unanimous_interval


def test_interval_of_two_values_by_hand():
    # The mean of two draws of {0, 1} is 0, 1/2 or 1, with probabilities 1/4, 1/2, 1/4: the middle 50 % are 1/2, the
    # middle 95 % reach from 0 to 1. Of two values the middle 20 % are as wide as the middle 35 %: Student's quantile of
    # 0.6 with one degree of freedom is tan(0.1 pi) = 0.325, times the root of 2 is 0.46, beyond which are 32.3 %.
    assert bootstrap_interval([0, 1], confidence=0.2) == (0.5, 0.5)
    assert bootstrap_interval([0, 1], confidence=0.4) == (0.0, 1.0)  # tan(0.2 pi) root 2 = 1.03: beyond are 15.2 %
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


def test_a_ratio_of_sums_by_hand():
    # Of two draws the ratio is 1/1, 5/3 or 3/2 (one of each), as often as in the test above.
    assert bootstrap_ratio_interval([1, 5], [1, 3], confidence=0.2) == (1.5, 1.5)
    assert bootstrap_ratio_interval([1, 5], [1, 3]) == (1.0, pytest.approx(5 / 3))
    # With equal denominators it is the bootstrap of the mean.
    values = np.random.default_rng(3).random(30)
    assert bootstrap_ratio_interval(2 * values, np.full(30, 2)) == pytest.approx(bootstrap_interval(values))


def test_the_jackknife_of_a_mean_is_its_standard_error():
    # Leaving out one of n, the squares of the differences sum to those of the values over (n-1)^2.
    values = np.random.default_rng(4).random(20)
    left_out = (values.sum() - values) / 19
    low, high = jackknife_interval(values.mean(), left_out)
    half = 2.0930240544 * values.std(ddof=1) / math.sqrt(20)
    assert (low, high) == (pytest.approx(values.mean() - half), pytest.approx(values.mean() + half))
    assert jackknife_interval(0.9, [0.3, 1.5], bounds=(0, 1)) == (0, 1)


def test_blocks_of_unequal_sizes_stand_for_what_they_hold():
    # Of 7 values in blocks of 3, 2, 2 the pseudo-values of a mean are the blocks' own means, which a plain sum over the
    # blocks would weigh alike: the error is sum (block mean - mean)^2 / (7 / size - 1) / 3.
    values = np.array([1.0, 4.0, 2.0, 8.0, 5.0, 7.0, 3.0])
    block = block_of(7, 3)
    assert block_sizes(7, 3).tolist() == [3, 2, 2]
    left_out = [values[block != number].mean() for number in range(3)]
    means = [values[block == number].mean() for number in range(3)]
    terms = [(mean - values.mean()) ** 2 / (7 / size - 1) for mean, size in zip(means, (3, 2, 2), strict=True)]
    error = math.sqrt(sum(terms) / 3)
    low, high = jackknife_interval(values.mean(), left_out, sizes=[3, 2, 2])
    # Two degrees of freedom: Student's quantile is 4.3027.
    assert (high - low) / 2 == pytest.approx(4.30265 * error, rel=1e-5)
    # A trend with the size alone leaves no error, whatever the sizes: the statistic is 5 + 1 / sentences.
    sizes = np.array([3, 2, 2])
    assert jackknife_error(5 + 1 / 7, 5 + 1 / (7 - sizes), sizes) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(("blocks", "quantile"), [(2, 12.7062), (3, 4.30265), (10, 2.26216), (20, 2.09302)])
def test_few_blocks_have_students_quantile_of_as_many(blocks, quantile):
    left_out = [float(number % 2) for number in range(blocks)]
    error = math.sqrt((blocks - 1) / blocks * sum((x - np.mean(left_out)) ** 2 for x in left_out))
    low, high = jackknife_interval(0.5, left_out)
    assert (high - low) / 2 == pytest.approx(quantile * error, rel=1e-5)


def test_what_all_sentences_gave_is_not_certain():
    # Of 1,000 that gave 0, others may be at most 3.8415 / 1003.8415 of all; each as far as the bounds.
    assert isinstance(unanimous_interval(0.0, 1000, (0.0, 1.0)), Unanimous)
    low, high = unanimous_interval(0.0, 1000, (0.0, 1.0))
    assert (low, high) == (0.0, pytest.approx(0.0038268, abs=1e-6))
    low, high = unanimous_interval(2.0, 1000, (0.0, 10.0))
    assert (low, high) == (pytest.approx(2 - 2 * 0.0038268, abs=1e-5), pytest.approx(2 + 8 * 0.0038268, abs=1e-5))
    assert unanimous_interval(2.0, 1000, (0.0, math.inf)) is None


def test_the_jackknife_of_distinct_is_its_spread_and_the_bootstrap_is_not():
    rng = np.random.default_rng(5)
    frequencies = 1 / np.arange(1, 2001)
    frequencies /= frequencies.sum()
    sets = [[row.tolist() for row in rng.choice(2000, (150, 6), p=frequencies)] for _ in range(150)]
    values = [distinct(sentences, 1) for sentences in sets]
    halves = []
    for sentences in sets[:40]:
        row = estimates(distinct_of_counts, sentences, None, 1, 20)[0]
        low, high = jackknife_interval(row[0], row[1:])
        halves.append((high - low) / 2)
    # 150 values show their spread within some 6 %, 40 estimates of it, of 16 % each, within some 3 %.
    assert np.mean(halves) == pytest.approx(2.093 * np.std(values), rel=0.25)

    sentences = sets[0]
    resampled = [distinct([sentences[i] for i in rng.integers(150, size=150)], 1) for _ in range(100)]
    # A resampled set holds a sentence twice, and hence its n-grams: it is never as distinct as what it came from.
    assert max(resampled) < values[0]
    assert max(resampled) < min(values)


def test_what_is_left_out_is_what_the_rest_gives():
    rng = np.random.default_rng(6)
    sentences = [rng.integers(5, size=length).tolist() for length in rng.integers(0, 6, size=23)]
    references = [rng.integers(6, size=4).tolist() for _ in range(9)]
    for statistic in (distinct_of_counts, js_of_counts):
        rows = estimates(statistic, sentences, references, 2, 5)
        assert rows.shape == (2, 6)
        for block in range(5):
            rest = [tokens for place, tokens in enumerate(sentences) if place % 5 != block]
            assert rows[:, 1 + block] == pytest.approx(estimates(statistic, rest, references, 2)[:, 0])


def test_wilson_by_hand():
    # Of 10 trials all right: 10 / (10 + 1.96^2) = 0.7225; of none right, what mirrors it.
    low, high = wilson_interval(10, 10)
    assert (low, high) == (pytest.approx(10 / (10 + 1.959964**2), abs=1e-6), 1.0)
    assert wilson_interval(0, 10) == (pytest.approx(0.0), pytest.approx(1 - low))
    # The ends are where the share lies 1.96 standard errors of THEIR law away: (p - share)^2 = z^2 p (1 - p) / n.
    for end in wilson_interval(30, 50):
        assert (end - 0.6) ** 2 == pytest.approx(1.959964**2 * end * (1 - end) / 50, rel=1e-5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: bootstrap_ratio_interval([1.0], [1.0, 2.0]), "one of each for every sentence"),
        (lambda: bootstrap_ratio_interval([1.0], [0.0]), "not all denominators 0"),
        (lambda: jackknife_interval(0.5, [0.5]), "at least two blocks"),
        (lambda: wilson_interval(3, 2), "3 of 2 is no share"),
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
