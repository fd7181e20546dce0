"""Diversity and distances against plain loops over counters, and numbers worked out by hand."""

import math
import random
from collections import Counter

import pytest

from seqgan.errors import SeqganError
from seqgan.metrics import (
    distinct,
    in_test_share,
    js_divergence,
    length_statistics,
    ms_jaccard,
    ngram_entropy,
    unique_share,
)
from seqgan.metrics.diversity import estimates, geometric_means, jaccard_of_counts

RNG = random.Random(0)
SENTENCES = [[RNG.choice("abcd") for _ in range(RNG.randrange(9))] for _ in range(60)]
OTHERS = [[RNG.choice("bcde") for _ in range(RNG.randrange(9))] for _ in range(40)]


def counted(sentences, order):
    return Counter(tuple(s[i : i + order]) for s in sentences for i in range(len(s) - order + 1))


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_distinct_equals_the_plain_count(order):
    counts = counted(SENTENCES, order)
    assert distinct(SENTENCES, order) == len(counts) / counts.total()


def test_distinct_by_hand():
    assert distinct([["a", "b", "a"], ["a", "b"]], 1) == 2 / 5
    assert distinct([["a", "b", "a"], ["a", "b"]], 2) == 2 / 3  # ab, ba, ab
    assert math.isnan(distinct([["a"]], 2))  # 0 of 0
    assert math.isnan(distinct([[]], 1))


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_entropy_equals_the_plain_sum(order):
    counts = counted(SENTENCES, order)
    expected = -sum(count / counts.total() * math.log(count / counts.total()) for count in counts.values())
    assert ngram_entropy(SENTENCES, order) == pytest.approx(expected)


def test_entropy_by_hand():
    assert ngram_entropy([["a", "b"], ["c", "d"]], 1) == pytest.approx(math.log(4))  # four equally frequent
    assert ngram_entropy([["a", "a"]], 1) == 0.0
    assert math.isnan(ngram_entropy([["a"]], 2))


@pytest.mark.parametrize("order", [1, 2, 3])
def test_js_divergence_equals_the_plain_sums(order):
    p, q = counted(SENTENCES, order), counted(OTHERS, order)
    divergence = 0.0
    for gram in p.keys() | q.keys():
        a, b = p[gram] / p.total(), q[gram] / q.total()
        middle = (a + b) / 2
        divergence += sum(x * math.log2(x / middle) / 2 for x in (a, b) if x)
    assert js_divergence(SENTENCES, OTHERS, order) == pytest.approx(divergence)
    assert js_divergence(OTHERS, SENTENCES, order) == pytest.approx(divergence)


def test_js_divergence_by_hand():
    assert js_divergence([["a", "b"]], [["b", "a"]], 1) == 0.0
    assert js_divergence([["a"]], [["b"]], 1) == 1.0
    # P = (1, 0), Q = (1/2, 1/2), M = (3/4, 1/4): half of log2(4/3), and of log2(2/3)/2 + log2(2)/2.
    expected = (math.log2(4 / 3) + math.log2(2 / 3) / 2 + 1 / 2) / 2
    assert js_divergence([["a"]], [["a", "b"]], 1) == pytest.approx(expected)


def test_js_divergence_where_n_grams_are_missing():
    # Frequencies of nothing are none, on whichever side.
    assert math.isnan(js_divergence([["a"]], [["a", "b"]], 2))
    assert math.isnan(js_divergence([["a", "b"]], [["a"]], 2))
    assert math.isnan(js_divergence([["a"]], [["b"]], 2))


@pytest.mark.parametrize("order", [1, 2, 3])
def test_share_in_the_references_equals_the_plain_count(order):
    known = counted(OTHERS, order)
    ours = [tuple(s[i : i + order]) for s in SENTENCES for i in range(len(s) - order + 1)]
    expected = sum(gram in known for gram in ours) / len(ours)
    assert 0 < expected < 1
    assert in_test_share(SENTENCES, OTHERS, order) == pytest.approx(expected)


def test_share_in_the_references_by_hand():
    # a, b, a, c of which a, a and b are known; ab, ba, ac of which ab is.
    sentences, references = [["a", "b", "a", "c"]], [["a", "b"], ["x"]]
    assert in_test_share(sentences, references, 1) == 3 / 4
    assert in_test_share(sentences, references, 2) == 1 / 3
    assert math.isnan(in_test_share(sentences, references, 5))
    assert in_test_share([["a", "b"]], [["a"]], 2) == 0.0
    assert in_test_share(references, references, 2) == 1.0


@pytest.mark.parametrize("max_order", [1, 2, 4])
def test_ms_jaccard_equals_the_plain_sums(max_order):
    product = 1.0
    for order in range(1, max_order + 1):
        p, q = counted(SENTENCES, order), counted(OTHERS, order)
        pairs = [(p[gram] / len(SENTENCES), q[gram] / len(OTHERS)) for gram in p.keys() | q.keys()]
        product *= sum(map(min, pairs)) / sum(map(max, pairs))
    assert ms_jaccard(SENTENCES, OTHERS, max_order) == pytest.approx(product ** (1 / max_order))
    assert ms_jaccard(OTHERS, SENTENCES, max_order) == pytest.approx(product ** (1 / max_order))


def test_ms_jaccard_by_hand():
    # Per sentence: a 1, b 1 against a 1, b 1/2, c 1/2. Unigrams (1 + 1/2) / (1 + 1 + 1/2) = 3/5;
    # bigrams: ab 1 against ab 1/2, ac 1/2: (1/2) / (1 + 1/2) = 1/3.
    sentences, others = [["a", "b"]], [["a", "b"], ["a", "c"]]
    assert ms_jaccard(sentences, others, 1) == pytest.approx(3 / 5)
    assert ms_jaccard(sentences, others, 2) == pytest.approx(math.sqrt(3 / 5 * 1 / 3))


def test_ms_jaccard_of_equal_of_disjoint_and_of_short_texts():
    assert ms_jaccard(SENTENCES, SENTENCES[::-1], 4) == pytest.approx(1.0)
    assert ms_jaccard(SENTENCES, SENTENCES * 2, 4) == pytest.approx(1.0)
    assert ms_jaccard([["a", "b"]], [["b", "a"]], 2) == 0.0
    assert math.isnan(ms_jaccard([["a"]], [["b"]], 2))
    assert math.isnan(ms_jaccard([["a"]], [["a"]], 2))  # neither has a bigram
    assert ms_jaccard([["a"]], [["a", "a"]], 2) == 0.0  # one has


def test_unique_share_counts_each_sentence_once():
    assert unique_share([["a"], ["a"], ["b", "c"], ["b", "c", "d"]]) == 3 / 4
    assert unique_share([[], []]) == 1 / 2


def test_length_statistics_by_hand():
    # 1, 1, 2, 4: mean 2, squares of differences 1, 1, 0, 4.
    lengths = length_statistics([["a"], ["a"], ["b", "c"], ["d", "e", "f", "g"]])
    assert lengths == (2.0, pytest.approx(math.sqrt(6 / 4)), 1, 1.5, 4)
    assert lengths._fields == ("mean", "std", "min", "median", "max")


def test_the_order_of_sentences_changes_nothing():
    for order in (1, 2, 3):
        assert distinct(SENTENCES[::-1], order) == distinct(SENTENCES, order)
        assert ngram_entropy(SENTENCES[::-1], order) == pytest.approx(ngram_entropy(SENTENCES, order))
        assert js_divergence(SENTENCES[::-1], OTHERS[::-1], order) == pytest.approx(
            js_divergence(SENTENCES, OTHERS, order)
        )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: distinct(["a b"], 1), r"sentences\[0\] is the string 'a b'"),
        (lambda: distinct([["a"]], 0), "The order is 0, .* give 1 or more"),
        (lambda: ngram_entropy([], 1), "The number of sentences is 0"),
        (lambda: unique_share(["a"]), r"sentences\[0\] is the string 'a'"),
        (lambda: length_statistics([]), "The number of sentences is 0"),
        (lambda: js_divergence([["a"]], ["a"], 1), r"references\[0\] is the string 'a'"),
        (lambda: in_test_share([["a"]], [], 1), "The number of references is 0"),
        (lambda: ms_jaccard([["a"]], [], 1), "The number of references is 0"),
    ],
)
def test_misuse_is_said_with_the_mend(call, message):
    with pytest.raises(SeqganError, match=message):
        call()


def test_ms_jaccard_without_a_block_is_that_of_the_other_sentences():
    # 7 sentences in 3 blocks: 5, 5 and 4 are left. Per sentence of those that are left, and not of all.
    ours, theirs = SENTENCES[:7], OTHERS[:3]
    found = geometric_means(estimates(jaccard_of_counts, ours, theirs, 2, 3))
    assert found.shape == (2, 4)
    for block in range(3):
        rest = [tokens for place, tokens in enumerate(ours) if place % 3 != block]
        product = 1.0
        for order in (1, 2):
            p, q = counted(rest, order), counted(theirs, order)
            pairs = [(p[gram] / len(rest), q[gram] / len(theirs)) for gram in p.keys() | q.keys()]
            product *= sum(map(min, pairs)) / sum(map(max, pairs))
            assert found[order - 1, 1 + block] == pytest.approx(product ** (1 / order))
