"""Each sentence's nearest other one: in words shared, and in edits.

Nothing of size sentences times training sentences is ever held. Work for one sentence touches the training sentences
that share a word with it; memory is some numbers for each training token, and for each training sentence.
"""

from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np

from seqgan.metrics.ngrams import Ints, Tokens, check_sentences, flatten, number_tokens
from seqgan.metrics.significance import block_of

ALIGNED_AT_ONCE = 64
"""Training sentences that one is aligned with at once: the likeliest first, so that few are needed."""


class Nearest(NamedTuple):
    """The nearest training sentence of each sentence, in edits."""

    distance: Ints
    """Edits. [sentences]"""
    share: np.ndarray
    """Edits over the tokens of the longer of the two: 0 for a copy, 1 where no token stays; 0 for two empty ones.
    [sentences]"""
    place: Ints
    """Where it stands in the training text; of equally near ones the longest, and the first of those. [sentences]"""


class _Index(NamedTuple):
    """Which sentences hold a token."""

    sentence: Ints
    """Sentences, those of token 0 first. [postings]"""
    counts: Ints
    """How often the token stands in it. [postings]"""
    first: Ints
    """Where the postings of each token begin, and where the last ones end. [vocabulary + 1]"""
    lengths: Ints
    """Tokens of each sentence. [sentences]"""
    distinct: Ints
    """Distinct tokens of each sentence. [sentences]"""


def jaccard_novelty(sentences: Sequence[Tokens], training: Sequence[Tokens]) -> np.ndarray:
    """1 less the greatest Jaccard similarity of each sentence to a training sentence, as sets of tokens.

    Between 0, all its words in a training sentence that has no others, and 1, no known word. Two empty sentences are
    equal.

    Returns:
        [sentences]

    Raises:
        SeqganError: no sentences, no training sentences, or strings in place of token lists.

    Source: Wang and Wan 2018, "SentiGAN", section 4.3.
    """
    check_sentences(sentences)
    check_sentences(training, "training sentences")
    vocabulary = number_tokens(training)
    index = _index(training, vocabulary)
    return 1 - np.array([_similarities(tokens, vocabulary, index).max() for tokens in sentences])


def jaccard_diversity(sentences: Sequence[Tokens]) -> np.ndarray:
    """1 less the greatest Jaccard similarity of each sentence to another one of its set, as sets of tokens.

    Falls with the number of sentences: compare at equal numbers only.

    Returns:
        [sentences]

    Raises:
        SeqganError: fewer than two sentences, or strings in place of token lists.

    Source: as `jaccard_novelty`.
    """
    check_sentences(sentences, least=2)
    return 1 - _greatest_by_block(sentences, np.zeros(len(sentences), np.int64))[:, 0]


def diversity_estimates(sentences: Sequence[Tokens], blocks: int = 0) -> np.ndarray:
    """The mean of `jaccard_diversity`, and what it is of the sentences without each block of them.

    A block is missing as sentences and as neighbours. All similarities are computed once.

    Args:
        sentences: at least two; three for blocks.
        blocks: into how many they are dealt; with 0 none is left out.

    Returns:
        Of all sentences first, then without each block. [1 + blocks]

    Raises:
        SeqganError: as there.
    """
    block = block_of(len(sentences), blocks) if blocks else np.zeros(len(sentences), np.int64)
    greatest = _greatest_by_block(sentences, block)  # [sentences, blocks]
    values = [1 - greatest.max(axis=1).mean()]
    for number in range(blocks and int(block.max()) + 1):
        others = np.delete(greatest[block != number], number, axis=1)
        values.append(1 - others.max(axis=1).mean())
    return np.array(values)


def _greatest_by_block(sentences: Sequence[Tokens], block: Ints) -> np.ndarray:
    """The greatest similarity of each sentence to another one of each block; 0 where a block has no other.

    Sentences, their blocks [sentences] -> [sentences, blocks]
    """
    check_sentences(sentences, least=2)
    vocabulary = number_tokens(sentences)
    index = _index(sentences, vocabulary)
    order = np.argsort(block, kind="stable")
    begins = np.searchsorted(block[order], np.arange(int(block.max()) + 1))
    rows = []
    for own, tokens in enumerate(sentences):
        similarities = _similarities(tokens, vocabulary, index)
        similarities[own] = 0.0
        rows.append(np.maximum.reduceat(similarities[order], begins))
    return np.array(rows)


def nearest_training(sentences: Sequence[Tokens], training: Sequence[Tokens]) -> Nearest:
    """The training sentence that takes the fewest edits of tokens (insert, delete, replace) to become each sentence.

    Exact, without aligning with every training sentence: the longer length less the tokens in common is a lower bound,
    and those that it rules out are not aligned.

    Raises:
        SeqganError: no sentences, no training sentences, or strings in place of token lists.

    Source: Levenshtein 1966.
    """
    check_sentences(sentences)
    check_sentences(training, "training sentences")
    vocabulary = number_tokens(training)
    flat = flatten(training, vocabulary)
    begins = flat.lengths.cumsum() - flat.lengths
    index = _index(training, vocabulary)
    found = []
    for sentence in sentences:
        tokens = _numbers(sentence, vocabulary)
        bound = np.maximum(index.lengths, len(tokens)) - _overlaps(*_counted(tokens), index)
        best = (np.iinfo(np.int64).max, 0, 0)  # edits, minus the length, place: the least is the nearest
        # The lowest bounds first: what they rule out needs no alignment.
        order = np.argsort(bound, kind="stable")
        for done in range(0, len(order), ALIGNED_AT_ONCE):
            rows = order[done : done + ALIGNED_AT_ONCE]
            rows = rows[bound[rows] <= best[0]]
            if len(rows) == 0:
                break
            lengths = index.lengths[rows]
            places = np.arange(int(lengths.max()))
            inside = places < lengths[:, np.newaxis]
            others = np.full(inside.shape, -1)
            others[inside] = flat.tokens[(begins[rows, np.newaxis] + places)[inside]]
            distances = edit_distances(tokens, others, lengths)
            at = np.lexsort((rows, -lengths, distances))[0]
            best = min(best, (int(distances[at]), -int(lengths[at]), int(rows[at])))
        edits, minus_length, place = best
        found.append((edits, edits / max(1, len(tokens), -minus_length), place))
    return Nearest(*map(np.array, zip(*found, strict=True)))


def edit_distances(tokens: Ints, others: np.ndarray, lengths: Ints) -> Ints:
    """Edits from one sentence to each of several.

    Args:
        tokens: numbers of its tokens; what is negative equals nothing. [T]
        others: numbers of their tokens, anything behind their ends. [N, L]
        lengths: tokens of each. [N]

    Returns:
        [N]
    """
    places = np.arange(others.shape[1] + 1)
    row = np.broadcast_to(places, (len(others), len(places))).copy()  # [N, 1 + L]
    for token in tokens:
        replaced = row[:, :-1] + ((others != token) | (token < 0))
        above = row + 1
        above[:, 1:] = np.minimum(above[:, 1:], replaced)
        # An insertion costs one a place: the least of what stands to the left, each less its place.
        row = np.minimum.accumulate(above - places, axis=1) + places
    return row[np.arange(len(others)), lengths]


def _numbers(sentence: Tokens, vocabulary: dict[Hashable, int]) -> Ints:
    """Numbers of tokens, -1 for those that the vocabulary lacks. [T]"""
    return np.fromiter((vocabulary.get(token, -1) for token in sentence), np.int64, len(sentence))


def _counted(tokens: Ints) -> tuple[Ints, Ints]:
    """Distinct known tokens, and how often each stands there. [distinct] each"""
    return np.unique(tokens[tokens >= 0], return_counts=True)


def _index(sentences: Sequence[Tokens], vocabulary: dict[Hashable, int]) -> _Index:
    flat = flatten(sentences, vocabulary)
    keys, counts = np.unique(flat.tokens * len(sentences) + flat.sentence, return_counts=True)
    token, sentence = keys // len(sentences), keys % len(sentences)
    first = np.searchsorted(token, np.arange(len(vocabulary) + 1))
    distinct = np.bincount(sentence, minlength=len(sentences))
    return _Index(sentence, counts, first, flat.lengths, distinct)


def _overlaps(tokens: Ints, counts: Ints, index: _Index) -> Ints:
    """Tokens in common with each sentence, each as often as in both. Distinct tokens and counts -> [sentences]"""
    common = np.zeros(len(index.lengths), np.int64)
    for token, count in zip(tokens.tolist(), counts.tolist(), strict=True):
        postings = slice(index.first[token], index.first[token + 1])
        # A sentence stands once among the postings of a token.
        common[index.sentence[postings]] += np.minimum(index.counts[postings], count)
    return common


def _similarities(sentence: Tokens, vocabulary: dict[Hashable, int], index: _Index) -> np.ndarray:
    """Jaccard similarity of a sentence's set of tokens to that of each of the index. [sentences]"""
    distinct = set(sentence)
    tokens = _numbers(list(distinct), vocabulary)
    tokens = tokens[tokens >= 0]
    common = np.zeros(len(index.lengths), np.int64)
    for token in tokens.tolist():
        common[index.sentence[index.first[token] : index.first[token + 1]]] += 1
    union = len(distinct) + index.distinct - common
    return np.where(union > 0, common / union.clip(min=1), 1.0)
