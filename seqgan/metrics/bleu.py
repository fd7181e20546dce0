"""BLEU, three kinds under three names.

`bleu_against_corpus`: each generated sentence against a whole set of real ones (text GANs). `self_bleu`: each
sentence against all others of its own set. `corpus_bleu`: aligned, a reference for each hypothesis (translation).

The first two are means of sentence BLEU with uniform weights and smoothing method 1 (Chen and Cherry 2014: a
numerator of zero becomes 0.1), equal to NLTK's ``sentence_bleu`` with ``SmoothingFunction().method1`` to rounding.
NLTK's cost per sentence grows with the reference set; here the references' greatest counts are merged once.
"""

import math
from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np

from seqgan.errors import SeqganError
from seqgan.metrics.ngrams import (
    Flat,
    Ints,
    Runs,
    Tokens,
    all_runs,
    at_tokens,
    by_ngram,
    check_order,
    check_sentences,
    count_runs,
    distinct_keys,
    extend_keys,
    flatten,
    look_up,
    number_tokens,
)
from seqgan.metrics.specification import SIGNATURE_END

EPSILON = 0.1
"""What a numerator of zero becomes: method 1, with NLTK's default."""
TOKENS_GIVEN = "tok:given"
"""In a signature: tokens are what the caller gave. Who knows how they were made says so in its place."""


class Score(NamedTuple):
    """Mean BLEU of some orders, and how it was computed."""

    values: dict[int, float]
    """Order to mean score, between 0 and 1. Means of smoothed sentence BLEU are always numbers, and say little where
    few sentences have n-grams of the order: entries of a report do."""
    signature: str
    """The recipe: equal signatures mean comparable numbers."""
    sentences: np.ndarray
    """Scores of the single sentences, for resampling. [orders, hypotheses]"""

    def __str__(self) -> str:
        scores = "  ".join(f"BLEU-{order} = {value:.4f}" for order, value in self.values.items())
        return f"{scores} | {self.signature}"


class References(NamedTuple):
    """A reference set, prepared once for any number of calls."""

    vocabulary: dict[Hashable, int]
    """A number for each token."""
    tables: list[tuple[Ints, Ints]]
    """For each order: keys of the n-grams, ascending, and the greatest count of each in one sentence."""
    lengths: Ints
    """Distinct lengths, ascending."""
    sentences: int
    """How many sentences were merged."""


def prepare_references(references: Sequence[Tokens], max_order: int = 5) -> References:
    """Merge the n-gram counts of a reference set.

    Args:
        references: token lists.
        max_order: greatest order that will be asked for.

    Raises:
        SeqganError: no references, strings in place of token lists, or an order below 1.
    """
    check_sentences(references, "references")
    check_order(max_order)
    vocabulary = number_tokens(references)
    flat = flatten(references, vocabulary)
    previous = np.zeros(len(flat.tokens), np.int64)
    tables = []
    for order in range(1, max_order + 1):
        starts, keys = extend_keys(previous, flat, order, len(vocabulary))
        numbers, runs = count_runs(keys, starts, flat)
        # reduceat takes no empty list: references shorter than this order have no n-gram.
        greatest = np.maximum.reduceat(runs.counts, by_ngram(runs)) if len(starts) else runs.counts
        tables.append((distinct_keys(keys, numbers), greatest))
        previous = at_tokens(numbers, starts, flat)
    return References(vocabulary, tables, np.unique(flat.lengths), len(references))


def bleu_against_corpus(
    hypotheses: Sequence[Tokens], references: Sequence[Tokens] | References, max_order: int = 5
) -> Score:
    """Mean sentence BLEU of each hypothesis against the whole reference set, for orders 2 to `max_order`.

    Args:
        hypotheses: token lists.
        references: token lists, or what `prepare_references` made of them for at least this order.
        max_order: greatest order, at least 2.

    Returns:
        Means, and scores of the single hypotheses. An empty hypothesis, or one without a known token, scores 0.

    Raises:
        SeqganError: no hypotheses or references, strings in place of token lists, or references that were prepared
            for lesser orders.

    Source: Papineni et al. 2002; for text GANs, with all test sentences as references: Yu et al. 2017
    (arXiv:1609.05473), section 5.
    """
    check_sentences(hypotheses, "hypotheses")
    check_order(max_order, 2)
    prepared = references if isinstance(references, References) else prepare_references(references, max_order)
    if len(prepared.tables) < max_order:
        raise SeqganError(
            f"The references were prepared up to order {len(prepared.tables)}, not {max_order}: "
            f"call prepare_references(..., max_order={max_order})."
        )
    flat = flatten(hypotheses, prepared.vocabulary)
    matches = _matches_with_references(flat, prepared, max_order)
    closest = _closest(prepared.lengths, flat.lengths)
    what = f"bleu|refs:all {prepared.sentences}|hyps:{len(hypotheses)}"
    return score_of_sentences(_sentence_bleu(matches, flat.lengths, closest), what)


def self_bleu(sentences: Sequence[Tokens], max_order: int = 5) -> Score:
    """Mean sentence BLEU of each sentence against all others, for orders 2 to `max_order`. Lower is more diverse.

    The sentence itself is not among its references; another copy of it is. Grows with the number of sentences:
    compare at equal numbers only.

    Args:
        sentences: token lists, at least two.
        max_order: greatest order, at least 2.

    Raises:
        SeqganError: fewer than two sentences, or strings in place of token lists.

    Source: Zhu et al. 2018 (arXiv:1802.01886), without the sentence among its own references, which their program
    leaves in.
    """
    check_sentences(sentences, least=2)
    check_order(max_order, 2)
    flat, runs_by_order = all_runs(sentences, max_order)
    matches = [_clipped(runs, _second_greatest(runs), len(sentences)) for runs in runs_by_order]
    closest = _closest_of_others(flat.lengths)
    what = f"self-bleu|refs:others {len(sentences) - 1}|hyps:{len(sentences)}"
    return score_of_sentences(_sentence_bleu(matches, flat.lengths, closest), what)


def corpus_bleu(hypotheses: Sequence[Tokens], references: Sequence[Tokens], max_order: int = 4) -> Score:
    """BLEU of a translation: a reference for each hypothesis, counts summed over the corpus, no smoothing.

    NaN for orders that no hypothesis has an n-gram of. The tokens are taken as they are; the computation is
    sacreBLEU's, whose signature the score carries. Counts summed
    over a corpus are no means over sentences: `sentences` of the score has no columns.

    Args:
        hypotheses: token lists.
        references: token lists, the reference of each hypothesis in the same place.
        max_order: greatest order; 4 is what is called BLEU in translation.

    Raises:
        SeqganError: unequal numbers of hypotheses and references, none, or strings in place of token lists.

    Source: Papineni et al. 2002; Post 2018 (arXiv:1804.08771).
    """
    check_sentences(hypotheses, "hypotheses")
    check_sentences(references, "references", least=0)
    check_order(max_order, 2)
    if len(hypotheses) != len(references):
        raise SeqganError(
            f"There are {len(hypotheses)} hypotheses and {len(references)} references: an aligned BLEU takes one each. "
            "For a whole set of references use bleu_against_corpus."
        )
    from sacrebleu.metrics import BLEU

    # Numbers in place of tokens: sacreBLEU splits lines at white space, and a token may be a blank itself.
    vocabulary = number_tokens([*hypotheses, *references])
    hypothesis_lines, reference_lines = (
        [" ".join(str(vocabulary[token]) for token in tokens) for tokens in sentences]
        for sentences in (hypotheses, references)
    )
    values = {}
    for order in range(2, max_order + 1):
        metric = BLEU(tokenize="none", smooth_method="none", force=True, max_ngram_order=order)
        score = metric.corpus_score(hypothesis_lines, [reference_lines])
        # Without an n-gram of the order there is no precision of it, which sacreBLEU calls 0.
        values[order] = score.score / 100 if score.totals[order - 1] else math.nan
    # sacreBLEU's signature says neither the orders nor the number of sentences.
    counts = f"refs:aligned {len(references)}|hyps:{len(hypotheses)}|orders:2-{max_order}"
    signature = f"corpus-bleu|{counts}|{TOKENS_GIVEN}|sacrebleu {metric.get_signature()}|{SIGNATURE_END}"
    return Score(values, signature, np.empty((max_order - 1, 0)))


def _matches_with_references(flat: Flat, references: References, max_order: int) -> list[np.ndarray]:
    """Matches of each hypothesis with the merged references, for orders 1 to `max_order`. [hypotheses] each"""
    previous = np.zeros(len(flat.tokens), np.int64)
    matches = []
    for order, (table, greatest) in enumerate(references.tables[:max_order], start=1):
        starts, keys = extend_keys(previous, flat, order, len(references.vocabulary))
        numbers, runs = count_runs(keys, starts, flat)
        # Looked up are distinct keys alone, and in ascending order: neighbours are near one another in the table.
        place = look_up(table, distinct_keys(keys, numbers))
        allowed = np.append(greatest, 0)[place]  # of an unknown n-gram none
        matches.append(_clipped(runs, allowed[runs.ngram], len(flat.lengths)))
        # An n-gram's place in the table is its number among the references, of which longer keys are made.
        previous = at_tokens(place[numbers], starts, flat)
    return matches


def _clipped(runs: Runs, greatest: Ints, sentences: int) -> np.ndarray:
    """Matches of each sentence: its counts, each at most the greatest in a reference. [runs], [runs] -> [sentences]"""
    return np.bincount(runs.sentence, weights=np.minimum(runs.counts, greatest), minlength=sentences)


def _second_greatest(runs: Runs) -> Ints:
    """For each run, the second greatest count of its n-gram in a sentence, 0 where one sentence alone has it. [runs]

    To clip by it is to clip by the greatest count in another sentence. For a sentence that has the greatest count it
    is that very number; every other one has a count that neither clips.
    """
    if len(runs.counts) == 0:
        return runs.counts
    groups = by_ngram(runs)
    greatest = np.maximum.reduceat(runs.counts, groups)[runs.ngram]
    # Of those that have the greatest count the first is taken away: two that share it leave it as second greatest.
    rank = np.where(runs.counts == greatest, np.arange(len(runs.counts)), len(runs.counts))
    without_first = runs.counts.copy()
    without_first[np.minimum.reduceat(rank, groups)] = 0
    return np.maximum.reduceat(without_first, groups)[runs.ngram]


def _closest(distinct: Ints, lengths: Ints) -> Ints:
    """The reference length closest to each length, of two equally close ones the shorter.

    Distinct reference lengths, ascending; lengths [sentences] -> [sentences]
    """
    above = np.searchsorted(distinct, lengths).clip(max=len(distinct) - 1)
    below = (above - 1).clip(min=0)
    nearer_below = np.abs(lengths - distinct[below]) <= np.abs(distinct[above] - lengths)
    return np.where(nearer_below, distinct[below], distinct[above])


def _closest_of_others(lengths: Ints) -> Ints:
    """For each sentence, the closest length of another: its own, unless no other has it. [sentences]"""
    distinct, counts = np.unique(lengths, return_counts=True)
    closest = distinct.copy()
    for i in np.flatnonzero(counts == 1):
        closest[i] = _closest(np.delete(distinct, i), distinct[i : i + 1])[0]
    return closest[np.searchsorted(distinct, lengths)]


def _sentence_bleu(matches: list[np.ndarray], lengths: Ints, closest: Ints) -> np.ndarray:
    """Smoothed sentence BLEU. Matches by order from 1 [sentences], lengths [sentences] -> [orders from 2, sentences]"""
    log_precisions = []
    for order, matched in enumerate(matches, start=1):
        # A sentence without n-grams of an order has one possible match, as in NLTK.
        possible = (lengths - order + 1).clip(min=1)
        log_precisions.append(np.log(np.where(matched > 0, matched, EPSILON) / possible))
    brevity = np.where(lengths > closest, 1.0, np.exp(1.0 - closest / lengths.clip(min=1)))
    # Without a single known token the score is 0, whatever the smoothing.
    brevity = np.where(matches[0] > 0, brevity, 0.0)
    sums = np.cumsum(log_precisions, axis=0)
    return np.stack([brevity * np.exp(sums[order - 1] / order) for order in range(2, len(matches) + 1)])


def score_of_sentences(scores: np.ndarray, what: str) -> Score:
    """Scores of sentences [orders from 2, sentences], and what they are, to means with a recipe."""
    values = {order: float(mean) for order, mean in enumerate(scores.mean(axis=1), start=2)}
    how = f"orders:2-{len(scores) + 1}|weights:uniform|smooth:method1|bp:closest"
    return Score(values, f"{what}|{how}|{TOKENS_GIVEN}|{SIGNATURE_END}", scores)
