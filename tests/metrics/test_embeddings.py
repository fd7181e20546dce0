"""EmbSim by hand."""

import math

import numpy as np
import pytest

from seqgan.errors import SeqganError
from seqgan.metrics import embedding_similarity


def test_equal_similarities_give_nothing_lost():
    vectors = np.random.default_rng(0).normal(size=(7, 3))
    rotation = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))[0]
    assert embedding_similarity(vectors, vectors) == pytest.approx(0.0, abs=1e-12)
    # Turned and stretched as a whole, each word by its own length: the cosines stay.
    lengths = np.arange(1, 8)[:, np.newaxis]
    assert embedding_similarity(vectors, lengths * vectors @ rotation) == pytest.approx(0.0, abs=1e-12)


def test_two_words_by_hand():
    # Similarities (1, 0), (0, 1) against (1, 1), (1, 1): each row has the cosine 1 / sqrt 2; natural logarithm.
    assert embedding_similarity(np.eye(2), np.ones((2, 2))) == pytest.approx(math.log(1 / math.sqrt(2)))


def test_words_that_are_lacking_are_similar_to_nothing():
    # The second word has no vector: rows (1, 0) and (0, 0) against (1, 0), (0, 1): cosines 1 and 0.
    assert embedding_similarity(np.eye(2), np.array([[1.0, 0.0], [0.0, 0.0]])) == pytest.approx(math.log(1 / 2))
    assert embedding_similarity(np.eye(2), np.zeros((2, 2))) == pytest.approx(math.log(1e-6))


def test_misuse_is_said_with_the_mend():
    with pytest.raises(SeqganError, match=r"shapes \(2, 2\) and \(3, 3\), but one row for each word of the same list"):
        embedding_similarity(np.eye(2), np.eye(3))
