"""Copies of the training text, against a search through all of it."""

import random

import pytest

from seqgan.errors import SeqganError
from seqgan.metrics import copied_share, longest_copied


def longest_by_search(sentence, training):
    """The longest slice of a sentence that is a slice of a training sentence."""
    slices = {tuple(text[i:j]) for text in training for i in range(len(text)) for j in range(i + 1, len(text) + 1)}
    lengths = [
        j - i for i in range(len(sentence)) for j in range(i + 1, len(sentence) + 1) if tuple(sentence[i:j]) in slices
    ]
    return max(lengths, default=0)


def test_copied_share_counts_whole_sentences_token_by_token():
    sentences = [["a"], ["a"], ["b", "c"], ["b c"], []]
    assert copied_share(sentences, [["a"], ["c", "b"], ["b", "c", "d"]]) == 2 / 5
    assert copied_share(sentences, [[], ["b", "c"]]) == 2 / 5


def test_longest_copied_by_hand():
    training = [["a", "b", "c", "d"], ["c", "e"]]
    sentences = [
        ["a", "b", "c", "d"],  # all of it
        ["x", "b", "c", "x"],  # b c
        ["c", "d", "c", "e"],  # c d, or c e: d c crosses no border of sentences
        ["d", "c"],  # one token
        ["x", "y"],  # nothing
        [],
    ]
    assert longest_copied(sentences, training).tolist() == [4, 2, 2, 1, 0, 0]
    assert longest_copied(sentences, training).mean() == 9 / 6


@pytest.mark.parametrize("seed", range(6))
def test_longest_copied_equals_the_plain_search(seed):
    rng = random.Random(seed)
    training = [[rng.choice("abc") for _ in range(rng.randrange(12))] for _ in range(15)]
    sentences = [[rng.choice("abcx") for _ in range(rng.randrange(12))] for _ in range(15)] + [
        training[0],
        training[1] * 2,
    ]
    expected = [longest_by_search(sentence, training) for sentence in sentences]
    assert longest_copied(sentences, training).tolist() == expected


def test_a_training_sentence_is_copied_whole():
    training = [[1, 2, 3, 2], [4], [5, 5, 5]]
    assert longest_copied(training, training).tolist() == [4, 1, 3]
    assert copied_share(training, training) == 1.0


@pytest.mark.parametrize("measure", [copied_share, longest_copied])
def test_misuse_is_said_with_the_mend(measure):
    with pytest.raises(SeqganError, match=r"sentences\[0\] is the string 'a b'"):
        measure(["a b"], [["a", "b"]])
    with pytest.raises(SeqganError, match=r"training sentences\[0\] is the string 'a b'"):
        measure([["a", "b"]], ["a b"])
    with pytest.raises(SeqganError, match="The number of training sentences is 0"):
        measure([["a", "b"]], [])
