"""Nearest sentences against plain loops over all pairs, and numbers worked out by hand."""

import random

import numpy as np
import pytest
from nltk.metrics.distance import edit_distance, jaccard_distance

from seqgan.errors import SeqganError
from seqgan.metrics import jaccard_diversity, jaccard_novelty, nearest, nearest_training
from seqgan.metrics.nearest import diversity_estimates

RNG = random.Random(0)
SENTENCES = [[RNG.choice("abcdefg") for _ in range(RNG.randrange(9))] for _ in range(40)]
TRAINING = [[RNG.choice("bcdefgh") for _ in range(RNG.randrange(11))] for _ in range(150)]


def distance(a, b):
    return jaccard_distance(set(a), set(b)) if a or b else 0.0


def test_novelty_equals_the_plain_loop():
    expected = [min(distance(a, b) for b in TRAINING) for a in SENTENCES]
    assert jaccard_novelty(SENTENCES, TRAINING) == pytest.approx(expected)


def test_diversity_equals_the_plain_loop():
    expected = [
        min(distance(a, b) for other, b in enumerate(SENTENCES) if other != own) for own, a in enumerate(SENTENCES)
    ]
    assert jaccard_diversity(SENTENCES) == pytest.approx(expected)


@pytest.mark.parametrize("blocks", [3, 20, 40])
def test_diversity_without_a_block_is_that_of_the_rest(blocks):
    values = diversity_estimates(SENTENCES, blocks)
    assert values[0] == pytest.approx(jaccard_diversity(SENTENCES).mean())
    assert len(values) == 1 + blocks
    for number in range(blocks):
        rest = [tokens for place, tokens in enumerate(SENTENCES) if place % blocks != number]
        assert values[1 + number] == pytest.approx(jaccard_diversity(rest).mean())
    assert diversity_estimates(SENTENCES).tolist() == [values[0]]


def test_novelty_by_hand():
    # {a, b, c} and {b, c, d} share 2 of 4; x is unknown; order and repetition do not count.
    assert jaccard_novelty([["a", "b", "c"]], [["b", "c", "d"], ["z"]]).tolist() == [0.5]
    assert jaccard_novelty([["x"], ["a", "x"]], [["a", "b"]]).tolist() == [1.0, pytest.approx(2 / 3)]
    assert jaccard_novelty([["b", "a", "a"]], [["a", "b"]]).tolist() == [0.0]
    assert jaccard_novelty([[]], [["a"]]).tolist() == [1.0]
    assert jaccard_diversity([["a"], ["a"], ["b"]]).tolist() == [0.0, 0.0, 1.0]


@pytest.mark.parametrize("at_once", [1, 64])
def test_the_nearest_in_edits_equals_the_plain_loop(monkeypatch, at_once):
    monkeypatch.setattr(nearest, "ALIGNED_AT_ONCE", at_once)
    found = nearest_training(SENTENCES, TRAINING)
    for own, sentence in enumerate(SENTENCES):
        edits = [edit_distance(sentence, other) for other in TRAINING]
        ranked = sorted(range(len(TRAINING)), key=lambda place: (edits[place], -len(TRAINING[place]), place))
        assert found.place[own] == ranked[0]
        assert found.distance[own] == edits[ranked[0]]
        longer = max(len(sentence), len(TRAINING[ranked[0]]), 1)
        assert found.share[own] == pytest.approx(edits[ranked[0]] / longer)


def test_the_nearest_by_hand():
    training = [["a", "b", "c"], ["x", "y"], []]
    found = nearest_training([["a", "c"], ["q", "x", "y"], ["q"], []], training)
    # Insert b; delete q; q against nothing is one edit, against (x, y) two; nothing is nothing.
    assert found.distance.tolist() == [1, 1, 1, 0]
    assert found.place.tolist() == [0, 1, 2, 2]
    assert found.share.tolist() == [pytest.approx(1 / 3), pytest.approx(1 / 3), 1.0, 0.0]


def test_few_training_sentences_are_aligned(monkeypatch):
    aligned = []
    original = nearest.edit_distances

    def counting(tokens, others, lengths):
        aligned.append(len(others))
        return original(tokens, others, lengths)

    monkeypatch.setattr(nearest, "edit_distances", counting)
    training = [[f"w{number}", f"v{number}", "the"] for number in range(1000)]
    nearest_training(training[:5], training)
    assert sum(aligned) <= 5 * nearest.ALIGNED_AT_ONCE


def test_unknown_tokens_equal_nothing():
    assert nearest.edit_distances(np.array([-1, 3]), np.array([[-1, 3]]), np.array([2])).tolist() == [1]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: jaccard_novelty([["a"]], []), "The number of training sentences is 0"),
        (lambda: jaccard_novelty(["a"], [["a"]]), r"sentences\[0\] is the string 'a'"),
        (lambda: jaccard_diversity([["a"]]), "The number of sentences is 1, but at least 2"),
        (lambda: nearest_training([], [["a"]]), "The number of sentences is 0"),
    ],
)
def test_misuse_is_said_with_the_mend(call, message):
    with pytest.raises(SeqganError, match=message):
        call()
