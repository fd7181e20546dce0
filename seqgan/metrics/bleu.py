"""BLEU, three kinds under three names.

`bleu_against_corpus`: each generated sentence against a whole set of real ones (text GANs). `self_bleu`: each
sentence against all others of its own set. `corpus_bleu`: aligned, a reference for each hypothesis (translation).

The first two are means of sentence BLEU with uniform weights and smoothing method 1 (Chen and Cherry 2014: a
numerator of zero becomes 0.1), equal to NLTK's ``sentence_bleu`` with ``SmoothingFunction().method1`` to rounding.
NLTK's cost per sentence grows with the reference set; here the references' greatest counts are merged once.
"""

from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np

from seqgan import __version__
from seqgan.errors import SeqganError
from seqgan.metrics.ngrams import (
    Ints,
    Runs,
    Tokens,
    all_runs,
    by_ngram,
    check_sentences,
    count_runs,
    extend_keys,
    flatten,
    number_tokens,
)

EPSILON = 0.1
"""What a numerator of zero becomes: method 1, with NLTK's default."""


class Score(NamedTuple):
    """Mean BLEU of some orders, and how it was computed."""

    values: dict[int, float]
    """Order to mean score, between 0 and 1."""
    signature: str
    """The recipe: equal signatures mean comparable numbers."""
    sentences: np.ndarray
    """Scores of the single sentences, for resampling. [orders, hypotheses]"""

    def __str__(self) -> str:
        scores = "  ".join(f"BLEU-{order} = {value:.4f}" for order, value in self.values.items())
        return f"{scores} | {self.signature}"


class References(NamedTuple):
    """A reference set, prepared once for any number of calls."""

    numbers: dict[Hashable, int]
    """A number for each token."""
    tables: list[tuple[Ints, Ints]]
    """For each order: keys of the n-grams, ascending, and the greatest count of each in one sentence."""
    lengths: Ints
    """Distinct lengths, ascending."""
    sentences: int
    """Sentences."""


def prepare_references(references: Sequence[Tokens], max_order: int = 5) -> References:
    """Merge the n-gram counts of a reference set.

    Args:
        references: token lists.
        max_order: greatest order that will be asked for.

    Raises:
        SeqganError: no references, or strings in place of token lists.
    """
    check_sentences(references, "references")
    if not references:
        raise SeqganError("There are no references: BLEU compares with at least one sentence.")
    numbers = number_tokens(references)
    flat = flatten(references, numbers)
    previous = np.zeros(len(flat.tokens), np.int64)
    tables = []
    for order in range(1, max_order + 1):
        starts, keys = extend_keys(previous, flat, order, len(numbers))
        previous, runs = count_runs(keys, starts, flat)
        table = np.empty(int(previous.max(initial=-1)) + 1, np.int64)
        # An n-gram's number is its place among the sorted keys, so that this table ascends.
        table[previous[starts]] = keys
        greatest = np.maximum.reduceat(runs.counts, by_ngram(runs)) if len(table) else table
        tables.append((table, greatest))
    return References(numbers, tables, np.unique(flat.lengths), len(references))


def bleu_against_corpus(
    hypotheses: Sequence[Tokens], references: Sequence[Tokens] | References, max_order: int = 5
) -> Score:
    """Mean sentence BLEU of each hypothesis against the whole reference set, for orders 2 to `max_order`.

    Args:
        hypotheses: token lists.
        references: token lists, or what `prepare_references` made of them for at least this order.
        max_order: greatest order.

    Raises:
        SeqganError: no hypotheses or references, or strings in place of token lists.

    Source: Papineni et al. 2002; for text GANs, with all test sentences as references: Yu et al. 2017
    (arXiv:1609.05473), section 5.
    """
    _check_hypotheses(hypotheses, "hypotheses", 1)
    prepared = references if isinstance(references, References) else prepare_references(references, max_order)
    if len(prepared.tables) < max_order:
        raise SeqganError(f"The references were prepared up to order {len(prepared.tables)}, not {max_order}.")
    flat = flatten(hypotheses, prepared.numbers)
    previous = np.zeros(len(flat.tokens), np.int64)
    matches = []
    for order, (table, greatest) in enumerate(prepared.tables[:max_order], start=1):
        starts, keys = extend_keys(previous, flat, order, len(prepared.numbers))
        place = np.searchsorted(table, keys)
        found = np.flatnonzero(np.append(table, -1)[place] == keys)
        starts, place = starts[found], place[found]
        previous, runs = count_runs(place, starts, flat)
        # count_runs numbers the found n-grams anew, in ascending order of their place in the table.
        places = np.unique(place)
        matches.append(_clipped(runs, greatest[places[runs.ngram]], len(hypotheses)))
        known = previous >= 0
        previous[known] = places[previous[known]]
    closest = _closest(prepared.lengths, flat.lengths)
    scores = _sentence_bleu(matches, flat.lengths, closest, max_order)
    return _score(scores, f"bleu|refs:all {prepared.sentences}|hyps:{len(hypotheses)}")


def self_bleu(sentences: Sequence[Tokens], max_order: int = 5) -> Score:
    """Mean sentence BLEU of each sentence against all others, for orders 2 to `max_order`. Lower is more diverse.

    The sentence itself is not among its references; another copy of it is. Grows with the number of sentences:
    compare at equal numbers only.

    Args:
        sentences: token lists, at least two.
        max_order: greatest order.

    Raises:
        SeqganError: fewer than two sentences, or strings in place of token lists.

    Source: Zhu et al. 2018 (arXiv:1802.01886), without the sentence among its own references, which their program
    leaves in.
    """
    _check_hypotheses(sentences, "sentences", 2)
    flat, runs_by_order = all_runs(sentences, max_order)
    matches = [_clipped(runs, _greatest_of_others(runs), len(sentences)) for runs in runs_by_order]
    lengths, counts = np.unique(flat.lengths, return_counts=True)
    alone = counts[np.searchsorted(lengths, flat.lengths)] == 1
    closest = flat.lengths.copy()
    for row in np.flatnonzero(alone):  # at most one a distinct length
        others = lengths[lengths != flat.lengths[row]]
        closest[row] = _closest(others, flat.lengths[row : row + 1])[0]
    scores = _sentence_bleu(matches, flat.lengths, closest, max_order)
    return _score(scores, f"self-bleu|refs:others {len(sentences) - 1}|hyps:{len(sentences)}")


def corpus_bleu(hypotheses: Sequence[Tokens], references: Sequence[Tokens], max_order: int = 4) -> Score:
    """BLEU of a translation: a reference for each hypothesis, counts summed over the corpus, no smoothing.

    The tokens are taken as they are; the computation is sacreBLEU's, whose signature the score carries.

    Raises:
        SeqganError: unequal numbers of hypotheses and references, or strings in place of token lists.

    Source: Papineni et al. 2002; Post 2018.
    """
    _check_hypotheses(hypotheses, "hypotheses", 1)
    check_sentences(references, "references")
    if len(hypotheses) != len(references):
        raise SeqganError(
            f"There are {len(hypotheses)} hypotheses and {len(references)} references: an aligned BLEU takes one each. "
            "For a whole set of references use bleu_against_corpus."
        )
    from sacrebleu.metrics import BLEU

    hypothesis_lines = [" ".join(map(str, tokens)) for tokens in hypotheses]
    reference_lines = [" ".join(map(str, tokens)) for tokens in references]
    values, signatures = {}, []
    for order in range(2, max_order + 1):
        metric = BLEU(tokenize="none", smooth_method="none", force=True, max_ngram_order=order)
        values[order] = metric.corpus_score(hypothesis_lines, [reference_lines]).score / 100
        signatures.append(str(metric.get_signature()))
    # Sums over a corpus are no means over sentences: there are no scores of sentences to resample.
    return Score(values, f"corpus-bleu|{signatures[-1]}|seqgan {__version__}", np.empty((max_order - 1, 0)))


def _check_hypotheses(sentences: Sequence[Tokens], what: str, least: int) -> None:
    check_sentences(sentences, what)
    if len(sentences) < least:
        raise SeqganError(
            f"There {'is' if len(sentences) == 1 else 'are'} {len(sentences)} {what}; at least {least} needed."
        )


def _clipped(runs: Runs, greatest: Ints, sentences: int) -> np.ndarray:
    """Matches of each sentence: its counts, each at most the greatest in a reference. [runs], [runs] -> [sentences]"""
    return np.bincount(runs.sentence, weights=np.minimum(runs.counts, greatest), minlength=sentences)


def _greatest_of_others(runs: Runs) -> Ints:
    """For each run, the greatest count of its n-gram in another sentence. [runs]"""
    if len(runs.counts) == 0:
        return runs.counts
    groups = by_ngram(runs)
    greatest = np.maximum.reduceat(runs.counts, groups)[runs.ngram]
    # Of those that have the greatest count take away the first: the greatest of the rest is the second greatest.
    rank = np.where(runs.counts == greatest, np.arange(len(runs.counts)), len(runs.counts))
    without_first = runs.counts.copy()
    without_first[np.minimum.reduceat(rank, groups)] = 0
    second = np.maximum.reduceat(without_first, groups)[runs.ngram]
    return np.where(runs.counts == greatest, second, greatest)


def _closest(distinct: Ints, lengths: Ints) -> Ints:
    """The reference length closest to each length, of two equally close ones the shorter."""
    above = np.searchsorted(distinct, lengths).clip(max=len(distinct) - 1)
    below = (above - 1).clip(min=0)
    nearer_below = np.abs(lengths - distinct[below]) <= np.abs(distinct[above] - lengths)
    return np.where(nearer_below, distinct[below], distinct[above])


def _sentence_bleu(matches: list[np.ndarray], lengths: Ints, closest: Ints, max_order: int) -> np.ndarray:
    """Smoothed sentence BLEU. Matches by order [sentences], lengths [sentences] -> [orders from 2, sentences]"""
    log_precisions = []
    for order, matched in enumerate(matches, start=1):
        possible = (lengths - order + 1).clip(min=1)
        log_precisions.append(np.log(np.where(matched > 0, matched, EPSILON) / possible))
    with np.errstate(divide="ignore"):
        brevity = np.where(lengths > closest, 1.0, np.exp(1.0 - closest / np.maximum(lengths, 1)))
    # Without a single known token the score is 0, whatever the smoothing.
    brevity = np.where((lengths > 0) & (matches[0] > 0), brevity, 0.0)
    sums = np.cumsum(log_precisions, axis=0)
    return np.stack([brevity * np.exp(sums[order - 1] / order) for order in range(2, max_order + 1)])


def _score(scores: np.ndarray, what: str) -> Score:
    values = {order: float(mean) for order, mean in enumerate(scores.mean(axis=1), start=2)}
    signature = f"{what}|orders:2-{len(scores) + 1}|weights:uniform|smooth:method1|bp:closest|seqgan {__version__}"
    return Score(values, signature, scores)
