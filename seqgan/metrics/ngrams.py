"""N-grams as integers: every n-gram of every sentence gets a number, by one sort for each order.

The number of an n-gram is made of that of its first n-1 tokens and its last token, so that a key is one machine word
whatever the order, and nothing here builds a tuple of strings. What is counted here are integers; scores are made of
them in `bleu.py`, `diversity.py` and `copying.py`.
"""

from collections.abc import Hashable, Sequence
from itertools import chain, repeat
from typing import NamedTuple

import numpy as np

from seqgan.errors import SeqganError

Tokens = Sequence[Hashable]
"""A sentence: words, characters, or ids."""
Ints = np.ndarray
"""One-dimensional int64."""

WORD_BITS = 63
"""Bits of an int64 beside its sign: what a key and a position may take together."""


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
    """Numbers of n-grams, ascending: 0, 1, and so on, each in one run or several. [runs]"""
    sentence: Ints
    """The sentence; ascending within an n-gram. [runs]"""
    counts: Ints
    """How often the n-gram stands in it, at least once. [runs]"""


MOST_ORDER = 1000
"""Longer n-grams than this stand in no sentence that is compared with another."""


def check_sentences(sentences: Sequence[Tokens], what: str = "sentences", least: int = 1) -> None:
    """That these are token lists, and enough of them.

    Args:
        sentences: what a caller gave.
        what: what they are called in the message.
        least: how many are needed.

    Raises:
        SeqganError: there are too few; or a sentence is one string, the common mistake, whose "tokens" would be its
            letters; or a sentence is a single token, or its tokens are lists; or all of it is no list.
    """
    if isinstance(sentences, dict) or not hasattr(sentences, "__len__"):
        raise SeqganError(
            f"The {what} are a {type(sentences).__name__}, but a list of token lists was expected: pass a list of "
            "sentences, each a list; what a generator makes, as list(...)."
        )
    if len(sentences) < least:
        raise SeqganError(f"The number of {what} is {len(sentences)}, but at least {least} must be given.")
    # The usual case is seen at once: lists whose first tokens are all strings or all numbers.
    if set(map(type, sentences)) <= {list, tuple} and {type(tokens[0]) for tokens in sentences if tokens} <= {str, int}:
        return
    for number, sentence in enumerate(sentences):
        if isinstance(sentence, (str, bytes)):
            raise SeqganError(
                f"{what}[{number}] is the string {sentence[:30]!r}, but a list of tokens was expected: pass "
                "sentence.split() for words, or list(sentence) for characters."
            )
        if isinstance(sentence, dict) or not hasattr(sentence, "__len__"):
            raise SeqganError(
                f"{what}[{number}] is {sentence!r}, but a list of tokens was expected: pass a list of sentences, each "
                "a list; of a single sentence, [sentence]."
            )
        if len(sentence) and isinstance(sentence[0], (list, dict, set, np.ndarray)):
            raise SeqganError(
                f"{what}[{number}] begins with the {type(sentence[0]).__name__} {str(sentence[0])[:30]}, but a token "
                "was expected, a string or a number: pass a list of sentences, each a list of tokens."
            )


def check_order(order: int, least: int = 1) -> None:
    """That n-grams of this order exist.

    Raises:
        SeqganError: the order is no number, or below the least that makes sense, or beyond the length of sentences.
    """
    if isinstance(order, bool) or not isinstance(order, (int, np.integer)):
        raise SeqganError(f"The order is {order!r}, but it counts the tokens of an n-gram: give a whole number.")
    if order > MOST_ORDER:
        raise SeqganError(
            f"The order is {str(order)[:30]}, and {MOST_ORDER} is the greatest that is counted: give less."
        )
    if order < least:
        raise SeqganError(f"The order is {order}, but it counts the tokens of an n-gram: give {least} or more.")


def number_tokens(sentences: Sequence[Tokens]) -> dict[Hashable, int]:
    """A number for each distinct token, in the order in which they come.

    Raises:
        SeqganError: tokens that are lists.
    """
    try:
        distinct = dict.fromkeys(chain.from_iterable(sentences))
    except TypeError as error:
        raise SeqganError(
            f"The tokens cannot be told apart ({error}): a sentence is a list of strings or numbers, and no list of "
            "lists."
        ) from error
    return {token: number for number, token in enumerate(distinct)}


def flatten(sentences: Sequence[Tokens], numbers: dict[Hashable, int]) -> Flat:
    """Sentences as arrays; tokens that have no number are -1."""
    lengths = np.fromiter(map(len, sentences), np.int64, len(sentences))
    total = int(lengths.sum())
    tokens = np.fromiter(map(numbers.get, chain.from_iterable(sentences), repeat(-1)), np.int64, total)
    sentence = np.repeat(np.arange(len(sentences)), lengths)
    ends = lengths.cumsum()
    left = np.repeat(ends, lengths) - np.arange(total)
    return Flat(tokens, sentence, left, lengths)


def extend_keys(previous: Ints, flat: Flat, order: int, vocabulary: int) -> tuple[Ints, Ints]:
    """Where n-grams of an order begin, and their keys.

    Args:
        previous: the number of the (n-1)-gram that begins at each token; -1 where none does or it is not known.
            [all tokens]
        flat: the sentences.
        order: n.
        vocabulary: distinct tokens. This times the numbers of (n-1)-grams, which are no more than tokens, must fit
            a word: it does up to some 10^9 tokens.

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
        keys: of n-grams, not negative. [n-grams]
        starts: their positions, ascending. [n-grams]
        flat: the sentences.

    Returns:
        The number of each n-gram, its place among the distinct keys in ascending order [n-grams]; and the runs.
    """
    if len(starts) == 0:
        empty = np.empty(0, np.int64)
        return empty, Runs(empty, empty, empty)
    # The index of a position in `starts` ascends as the position does, and is the smaller number.
    index_bits = (len(starts) - 1).bit_length()
    if int(keys.max()).bit_length() + index_bits > WORD_BITS:
        # Too large for one word: number the keys first, by a slower sort. Beyond some ten million tokens.
        keys = np.unique(keys, return_inverse=True)[1]
    packed = np.sort((keys << index_bits) | np.arange(len(starts)))
    sorted_keys, index = packed >> index_bits, packed & ((1 << index_bits) - 1)
    new_ngram = _changes(sorted_keys)
    ngram = new_ngram.cumsum() - 1
    numbers = np.empty(len(starts), np.int64)
    numbers[index] = ngram
    sentence = flat.sentence[starts[index]]
    first = np.flatnonzero(new_ngram | _changes(sentence))
    counts = np.diff(first, append=len(packed))
    return numbers, Runs(ngram[first], sentence[first], counts)


def distinct_keys(keys: Ints, numbers: Ints) -> Ints:
    """The key of each number, ascending. Keys and numbers as in `count_runs` [n-grams] -> [distinct n-grams]"""
    table = np.empty(int(numbers.max(initial=-1)) + 1, np.int64)
    table[numbers] = keys
    return table


def look_up(table: Ints, keys: Ints) -> Ints:
    """The place of each key in an ascending table; -1 where it is not in it. [keys]"""
    place = np.searchsorted(table, keys)
    # No key is -1: what lies behind the end of the table is not found.
    return np.where(np.append(table, -1)[place] == keys, place, -1)


def at_tokens(numbers: Ints, starts: Ints, flat: Flat) -> Ints:
    """Numbers of n-grams at the tokens where they begin, -1 elsewhere. [n-grams], [n-grams] -> [all tokens]"""
    placed = np.full(len(flat.tokens), -1)
    placed[starts] = numbers
    return placed


def all_runs(sentences: Sequence[Tokens], max_order: int) -> tuple[Flat, list[Runs]]:
    """The tokens of some sentences, and the runs of orders 1 to `max_order`."""
    vocabulary = number_tokens(sentences)
    flat = flatten(sentences, vocabulary)
    previous = np.zeros(len(flat.tokens), np.int64)
    by_order = []
    for order in range(1, max_order + 1):
        starts, keys = extend_keys(previous, flat, order, len(vocabulary))
        numbers, runs = count_runs(keys, starts, flat)
        previous = at_tokens(numbers, starts, flat)
        by_order.append(runs)
    return flat, by_order


def by_ngram(runs: Runs) -> Ints:
    """Where the runs of each n-gram begin. [distinct n-grams]"""
    return np.flatnonzero(_changes(runs.ngram))


def _changes(values: Ints) -> np.ndarray:
    """True at the first of each group of equal neighbours."""
    changed = np.empty(len(values), bool)
    changed[:1] = True
    np.not_equal(values[1:], values[:-1], out=changed[1:])
    return changed
