"""N-grams as integers: every n-gram of every sentence gets a number, by one sort for each order.

The number of an n-gram is made of that of its first n-1 tokens and its last token, so that a key is one machine word
whatever the order, and nothing here builds a tuple of strings.
"""

from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np

from seqgan.errors import SeqganError

Tokens = Sequence[Hashable]
"""A sentence: words, characters, or ids."""
Ints = np.ndarray
"""One-dimensional int64."""


class Flat(NamedTuple):
    """Sentences one behind the other."""

    tokens: Ints
    """Token numbers, -1 for tokens that the vocabulary lacks. [all tokens]"""
    sentence: Ints
    """The sentence that each stands in. [all tokens]"""
    left: Ints
    """How many tokens its sentence has from there on, itself included. [all tokens]"""
    lengths: Ints
    """Tokens of each sentence. [sentences]"""


class Runs(NamedTuple):
    """How often each n-gram stands in each sentence that has it."""

    ngram: Ints
    """Numbers of n-grams, ascending. [runs]"""
    sentence: Ints
    """[runs]"""
    counts: Ints
    """[runs]"""


def check_sentences(sentences: Sequence[Tokens], what: str = "sentences") -> None:
    """That these are token lists.

    Raises:
        SeqganError: a sentence is one string, the common mistake, whose "tokens" would be its letters.
    """
    for number, sentence in enumerate(sentences):
        if isinstance(sentence, str):
            raise SeqganError(
                f"{what}[{number}] is the string {sentence[:30]!r}, but a list of tokens was expected: pass "
                "sentence.split() for words, or list(sentence) for characters."
            )


def number_tokens(sentences: Sequence[Tokens]) -> dict[Hashable, int]:
    """A number for each distinct token, in the order in which they come."""
    distinct: dict[Hashable, int] = {}
    for sentence in sentences:
        for token in sentence:
            distinct.setdefault(token, len(distinct))
    return distinct


def flatten(sentences: Sequence[Tokens], numbers: dict[Hashable, int]) -> Flat:
    """Sentences as arrays."""
    lengths = np.fromiter(map(len, sentences), np.int64, len(sentences))
    total = int(lengths.sum())
    find = numbers.get
    tokens = np.fromiter((find(token, -1) for sentence in sentences for token in sentence), np.int64, total)
    sentence = np.repeat(np.arange(len(sentences)), lengths)
    ends = lengths.cumsum()
    left = np.repeat(ends, lengths) - np.arange(total)
    return Flat(tokens, sentence, left, lengths)


def extend_keys(previous: Ints, flat: Flat, order: int, vocabulary: int) -> tuple[Ints, Ints]:
    """Where n-grams of an order begin, and their keys.

    Args:
        previous: the number of the (n-1)-gram that begins at each token; -1 where none does or it is not known.
        flat: the sentences.
        order: n.
        vocabulary: distinct tokens.

    Returns:
        Positions, ascending, of the n-grams all of whose parts are known, and their keys. [n-grams] each
    """
    starts = np.flatnonzero((flat.left >= order) & (previous >= 0))
    last = flat.tokens[starts + order - 1]
    known = last >= 0
    starts, last = starts[known], last[known]
    return starts, previous[starts] * vocabulary + last


def count_runs(keys: Ints, starts: Ints, flat: Flat) -> tuple[Ints, Runs]:
    """Number the n-grams of some positions and count them by sentence.

    One sort of values does it: key and position share a machine word. Positions ascend within a key, so that an
    n-gram's sentences stand together and their counts are lengths of runs.

    Args:
        keys: of n-grams. [n-grams]
        starts: their positions, ascending. [n-grams]
        flat: the sentences.

    Returns:
        The number of the n-gram that begins at each token, -1 where none does [all tokens]; and the runs.
    """
    numbers = np.full(len(flat.tokens), -1)
    if len(starts) == 0:
        empty = np.empty(0, np.int64)
        return numbers, Runs(empty, empty, empty)
    position_bits = int(starts[-1]).bit_length()
    if int(keys.max()).bit_length() + position_bits > 63:
        # Too large for one word: number the keys first. Rarely needed, beyond some ten million tokens.
        keys = np.unique(keys, return_inverse=True)[1]
    packed = np.sort((keys << position_bits) | starts)
    sorted_keys, positions = packed >> position_bits, packed & ((1 << position_bits) - 1)
    new_ngram = _changes(sorted_keys)
    ngram = new_ngram.cumsum() - 1
    numbers[positions] = ngram
    sentence = flat.sentence[positions]
    first = np.flatnonzero(new_ngram | _changes(sentence))
    counts = np.diff(first, append=len(packed))
    return numbers, Runs(ngram[first], sentence[first], counts)


def all_runs(sentences: Sequence[Tokens], max_order: int) -> tuple[Flat, list[Runs]]:
    """The runs of orders 1 to `max_order` of some sentences, and their tokens."""
    numbers = number_tokens(sentences)
    flat = flatten(sentences, numbers)
    previous = np.zeros(len(flat.tokens), np.int64)
    runs = []
    for order in range(1, max_order + 1):
        starts, keys = extend_keys(previous, flat, order, len(numbers))
        previous, of_order = count_runs(keys, starts, flat)
        runs.append(of_order)
    return flat, runs


def by_ngram(runs: Runs) -> Ints:
    """Where the runs of each n-gram begin. [distinct n-grams]"""
    return np.flatnonzero(_changes(runs.ngram))


def _changes(values: Ints) -> np.ndarray:
    """True at the first of each group of equal neighbours."""
    changed = np.empty(len(values), bool)
    changed[:1] = True
    np.not_equal(values[1:], values[:-1], out=changed[1:])
    return changed
