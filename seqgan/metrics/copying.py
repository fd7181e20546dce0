"""How much was copied from the training text. A model that copies it gets a perfect BLEU."""

from collections.abc import Sequence

import numpy as np

from seqgan.metrics.ngrams import (
    Ints,
    Tokens,
    at_tokens,
    check_sentences,
    extend_keys,
    flatten,
    look_up,
    number_tokens,
)


def copied_share(sentences: Sequence[Tokens], training: Sequence[Tokens]) -> float:
    """Share of the sentences that are training sentences, token by token. Between 0 and 1.

    Raises:
        SeqganError: no sentences, no training sentences, or strings in place of token lists.
    """
    return float(copied_sentences(sentences, training).mean())


def copied_sentences(sentences: Sequence[Tokens], training: Sequence[Tokens]) -> np.ndarray:
    """1 for each sentence that is a training sentence, token by token, else 0. [sentences]

    Raises:
        SeqganError: no sentences, no training sentences, or strings in place of token lists.
    """
    check_sentences(sentences)
    check_sentences(training, "training sentences")
    known = {tuple(tokens) for tokens in training}
    return np.array([float(tuple(tokens) in known) for tokens in sentences])


def longest_copied(sentences: Sequence[Tokens], training: Sequence[Tokens]) -> Ints:
    """Tokens of the longest n-gram of each sentence that stands in some training sentence. [sentences]

    Orders rise from 1; only n-grams that both texts have are extended, so that the work shrinks with the order as
    fast as copying does. The time grows with the training text times the longest n-gram that is found.

    Args:
        sentences: token lists.
        training: token lists.

    Returns:
        0 where no token is known, the sentence's own length where all of it was copied. [sentences]

    Raises:
        SeqganError: no sentences, no training sentences, or strings in place of token lists.
    """
    check_sentences(sentences)
    check_sentences(training, "training sentences")
    vocabulary = number_tokens(sentences)
    ours, theirs = flatten(sentences, vocabulary), flatten(training, vocabulary)
    our_numbers = np.zeros(len(ours.tokens), np.int64)
    their_numbers = np.zeros(len(theirs.tokens), np.int64)
    longest = np.zeros(len(sentences), np.int64)
    for order in range(1, int(ours.lengths.max()) + 1):
        our_starts, our_keys = extend_keys(our_numbers, ours, order, len(vocabulary))
        their_starts, their_keys = extend_keys(their_numbers, theirs, order, len(vocabulary))
        # The sentences' table alone is sorted: the training text is mostly far larger.
        table, our_places = np.unique(our_keys, return_inverse=True)
        their_places = look_up(table, their_keys)
        shared = np.zeros(len(table), bool)
        shared[their_places[their_places >= 0]] = True
        if not shared.any():
            break
        our_numbers = at_tokens(np.where(shared[our_places], our_places, -1), our_starts, ours)
        their_numbers = at_tokens(their_places, their_starts, theirs)
        longest[ours.sentence[our_numbers >= 0]] = order
    return longest
