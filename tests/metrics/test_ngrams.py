"""Counts against plain loops, and the way that keys take which do not fit a word."""

import random
from collections import Counter

import numpy as np
import pytest

from seqgan.errors import SeqganError
from seqgan.metrics import bleu_against_corpus, distinct, prepare_references, self_bleu
from seqgan.metrics import ngrams as ngrams_module
from seqgan.metrics.ngrams import all_runs, check_sentences, count_runs, flatten, look_up, number_tokens

RNG = random.Random(0)
SENTENCES = [[RNG.choice("abcd") for _ in range(RNG.choice([0, 1, 2, 5, 9]))] for _ in range(40)]
OTHERS = [[RNG.choice("bcde") for _ in range(RNG.choice([0, 1, 2, 5, 9]))] for _ in range(30)]


def grams(sentence, order):
    return [tuple(sentence[i : i + order]) for i in range(len(sentence) - order + 1)]


def test_runs_hold_the_counts_of_every_sentence():
    for order, runs in enumerate(all_runs(SENTENCES, 5)[1], start=1):
        # Numbers of n-grams mean nothing by themselves: per sentence, compare the multisets of counts.
        for number, sentence in enumerate(SENTENCES):
            expected = sorted(Counter(grams(sentence, order)).values())
            assert sorted(runs.counts[runs.sentence == number].tolist()) == expected
        # Over sentences, an n-gram's total.
        totals = Counter(gram for sentence in SENTENCES for gram in grams(sentence, order))
        assert sorted(np.bincount(runs.ngram, runs.counts).tolist()) == sorted(totals.values())


def test_tokens_that_have_no_number_are_marked():
    flat = flatten([["a", "x"], [], ["b"]], number_tokens([["a", "b"]]))
    assert flat.tokens.tolist() == [0, -1, 1]
    assert flat.sentence.tolist() == [0, 0, 2]
    assert flat.left.tolist() == [2, 1, 1]
    assert flat.lengths.tolist() == [2, 0, 1]


def test_look_up_finds_what_is_in_the_table_only():
    assert look_up(np.array([2, 5, 9]), np.array([9, 0, 5, 10, 3])).tolist() == [2, -1, 1, -1, -1]
    assert look_up(np.array([], np.int64), np.array([0, 7])).tolist() == [-1, -1]


def test_the_largest_keys_that_fit_a_word_are_counted_in_it(monkeypatch):
    # Four positions take 2 bits, so that keys up to 61 bits fit and one more does not.
    flat = flatten([["a"] * 4], {"a": 0})
    starts = np.arange(4)
    for largest, fits in ((2**61 - 1, True), (2**61, False), (2**63 - 1, False)):
        numbered_first = []
        unique = np.unique
        monkeypatch.setattr(np, "unique", lambda *a, **k: numbered_first.append(True) or unique(*a, **k))  # noqa: B023
        numbers, runs = count_runs(np.array([largest, 3, largest, 0]), starts, flat)
        monkeypatch.undo()
        assert numbers.tolist() == [2, 1, 2, 0]
        assert runs.counts.tolist() == [1, 1, 2]
        assert bool(numbered_first) is not fits


def test_keys_too_large_for_a_word_change_no_score(monkeypatch):
    def everything():
        scores = bleu_against_corpus(SENTENCES, OTHERS), bleu_against_corpus(SENTENCES, prepare_references(OTHERS))
        return np.stack([score.sentences for score in (*scores, self_bleu(SENTENCES))]), distinct(SENTENCES, 3)

    scores, share = everything()
    monkeypatch.setattr(ngrams_module, "WORD_BITS", 0)
    calls = []
    unique = np.unique
    monkeypatch.setattr(np, "unique", lambda *a, **k: calls.append(k) or unique(*a, **k))
    forced_scores, forced_share = everything()
    assert {"return_inverse": True} in calls
    np.testing.assert_array_equal(forced_scores, scores)
    assert forced_share == share


@pytest.mark.parametrize(
    ("sentences", "message"),
    [
        ([["a"], "a b"], r"sentences\[1\] is the string 'a b', but a list of tokens was expected: pass sentence.split"),
        ([b"a b"], r"sentences\[0\] is the string b'a b'"),
        ("ab", r"sentences\[0\] is the string 'a'"),
        ([3, 4], r"sentences\[0\] is 3, but a list of tokens was expected.*\[sentence\]"),
        ([], "The number of sentences is 0, but at least 1 must be given"),
    ],
)
def test_what_is_no_list_of_token_lists_is_said_with_the_mend(sentences, message):
    with pytest.raises(SeqganError, match=message):
        check_sentences(sentences)


def test_arrays_of_ids_are_token_lists():
    ids = np.array([[1, 2, 3], [1, 2, 4]])
    assert self_bleu(ids).values == self_bleu(ids.tolist()).values
    assert distinct(ids, 2) == 3 / 4
