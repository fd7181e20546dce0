"""Sentence BLEU on ids against the same of a library, and values by hand."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seqgan.objectives import sentence_bleu

LONG = st.lists(st.integers(0, 4), min_size=4, max_size=9)
SENTENCES = st.lists(st.integers(0, 4), min_size=1, max_size=9)


def padded(rows, width=9):
    tokens = torch.tensor([row + [7] * (width - len(row)) for row in rows])
    return tokens, torch.arange(width) < torch.tensor([len(row) for row in rows]).unsqueeze(1)


@settings(deadline=None)
@given(st.lists(st.tuples(LONG, SENTENCES), min_size=1, max_size=8))
def test_equals_the_library(pairs):
    # From four words on: of n-grams that are longer than a sentence the library counts one.
    bleu_score = pytest.importorskip("nltk.translate.bleu_score")
    smoothing = bleu_score.SmoothingFunction().method2
    expected = []
    for hypothesis, reference in pairs:
        if set(hypothesis) & set(reference):
            value = bleu_score.sentence_bleu([reference], hypothesis, smoothing_function=smoothing)
        else:
            value = 0.0
        expected.append(value)
    found = sentence_bleu(*padded([pair[0] for pair in pairs]), *padded([pair[1] for pair in pairs]))
    assert found.tolist() == pytest.approx(expected, abs=1e-6)


def test_values_by_hand():
    # Equal sentences: every precision is 1, with one added above and below as well.
    same = sentence_bleu(*padded([[1, 2, 3, 4, 5]]), *padded([[1, 2, 3, 4, 5]]))
    assert same.item() == pytest.approx(1.0)
    # "1 1 1" against "1 2 3 4": 1 of 3 words, then (0 + 1) / (2 + 1), (0 + 1) / (1 + 1), (0 + 1) / (0 + 1).
    worse = sentence_bleu(*padded([[1, 1, 1]]), *padded([[1, 2, 3, 4]]))
    assert worse.item() == pytest.approx(math.exp(1 - 4 / 3) * (1 / 3 * 1 / 3 * 1 / 2) ** 0.25, rel=1e-5)


def test_no_words_or_none_in_common_are_worth_nothing():
    empty = torch.zeros(1, 3, dtype=torch.bool)
    tokens = torch.tensor([[1, 2, 3]])
    assert sentence_bleu(tokens, empty, tokens, ~empty).item() == 0
    assert sentence_bleu(tokens, ~empty, tokens + 5, ~empty).item() == 0


def test_short_columns_are_enough():
    tokens = torch.tensor([[1, 2]])
    mask = torch.ones(1, 2, dtype=torch.bool)
    assert sentence_bleu(tokens, mask, tokens, mask).item() == pytest.approx(1.0)


def test_large_ids_do_not_collide():
    rng = torch.Generator().manual_seed(0)
    tokens = torch.randint(2**31, (64, 12), generator=rng)
    mask = torch.ones_like(tokens, dtype=torch.bool)
    shifted = tokens.roll(1, dims=0)
    assert (sentence_bleu(tokens, mask, tokens, mask) > 0.999).all()
    assert (sentence_bleu(tokens, mask, shifted, mask) == 0).all()
