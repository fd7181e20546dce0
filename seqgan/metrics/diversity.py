"""How varied sentences are, and how far their n-gram statistics are from those of other text.

Each statistic is a function of counts, how often each n-gram stands in the sentences and in the references. Counting
is done once: what a statistic would be without some of the sentences is computed from the counts as well.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from seqgan.metrics.ngrams import Runs, Tokens, all_runs, check_order, check_sentences
from seqgan.metrics.significance import block_of

Statistic = Callable[[np.ndarray, np.ndarray, float], float]
"""Counts in the sentences [distinct n-grams], counts in the references [distinct n-grams], and the number of sentences
over that of references, to a number; NaN where it is not defined. The counts of the sentences may hold zeros."""


class Lengths(NamedTuple):
    """Tokens a sentence."""

    mean: float
    std: float
    """Of these sentences: the sum of squares is divided by their number."""
    min: int
    median: float
    max: int


def distinct(sentences: Sequence[Tokens], order: int) -> float:
    """Distinct n-grams over all n-grams; NaN where there are none. Between 0 and 1, higher is more diverse.

    Falls with the number of sentences: compare at equal numbers only.

    Raises:
        SeqganError: no sentences, strings in place of token lists, or an order below 1.

    Source: Li et al. 2016 (arXiv:1510.03055).
    """
    check_order(order)
    return float(estimates(distinct_of_counts, sentences, None, order)[-1, 0])


def ngram_entropy(sentences: Sequence[Tokens], order: int) -> float:
    """Entropy of the n-gram frequencies, in nats; NaN where there are none. Higher is more diverse.

    Grows with the number of sentences: compare at equal numbers only.

    Raises:
        SeqganError: no sentences, strings in place of token lists, or an order below 1.

    Source: Zhang et al. 2018 (arXiv:1809.05972), "Ent-n".
    """
    check_order(order)
    return float(estimates(entropy_of_counts, sentences, None, order)[-1, 0])


def unique_share(sentences: Sequence[Tokens]) -> float:
    """Distinct sentences over all sentences. Above 0, at most 1.

    Raises:
        SeqganError: no sentences, or strings in place of token lists.
    """
    return float(unique_estimates(sentences)[0])


def length_statistics(sentences: Sequence[Tokens]) -> Lengths:
    """Mean, standard deviation, least, median and greatest number of tokens.

    Raises:
        SeqganError: no sentences, or strings in place of token lists.
    """
    check_sentences(sentences)
    lengths = np.fromiter(map(len, sentences), np.int64, len(sentences))
    return Lengths(
        float(lengths.mean()), float(lengths.std()), int(lengths.min()), float(np.median(lengths)), int(lengths.max())
    )


def js_divergence(sentences: Sequence[Tokens], references: Sequence[Tokens], order: int) -> float:
    """Jensen-Shannon divergence of the n-gram frequencies of two texts, in bits: 0 for equal ones, 1 for disjoint.

    Each Kullback-Leibler sum runs over its own text's n-grams, so that missing ones need no smoothing. Falls with the
    number of sentences: compare with that of as many real ones. NaN where a text has no n-gram of this order, and
    hence no frequencies.

    Raises:
        SeqganError: no sentences or references, strings in place of token lists, or an order below 1.

    Source: the program of Gulrajani et al. 2017 (arXiv:1704.00028). There lines are padded to one length and the
    padding is counted as text, which brings all texts nearer to each other: the metric js-padded does so, js does not.
    """
    check_sentences(references, "references")
    return float(estimates(js_of_counts, sentences, references, order)[-1, 0])


def in_test_share(sentences: Sequence[Tokens], references: Sequence[Tokens], order: int) -> float:
    """Share of a text's n-grams, each counted as often as it stands there, that stand in the references.

    Between 0 and 1, higher is better; NaN where the text has none. Rises with the number of references, and says
    nothing of diversity: compare with the share of as many real sentences.

    Raises:
        SeqganError: no sentences or references, strings in place of token lists, or an order below 1.

    Source: Press et al. 2017 (arXiv:1706.01399), "%-IN-TEST-n".
    """
    check_sentences(references, "references")
    return float(estimates(in_test_of_counts, sentences, references, order)[-1, 0])


def ms_jaccard(sentences: Sequence[Tokens], references: Sequence[Tokens], max_order: int) -> float:
    """Geometric mean, over orders 1 to `max_order`, of the Jaccard similarity of two texts' n-gram multisets.

    An n-gram's weight in a text is its count per sentence; the similarity of an order is the sum of the lesser
    weights over that of the greater ones. Between 0 and 1, where 1 means equal statistics: quality and diversity in
    one number. NaN where neither text has an n-gram of some order. Compare at equal numbers of sentences.

    Raises:
        SeqganError: no sentences or references, strings in place of token lists, or an order below 1.

    Source: Alihosseini et al. 2019, "Jointly Measuring Diversity and Quality in Text Generation Models".
    """
    check_sentences(references, "references")
    return float(geometric_means(estimates(jaccard_of_counts, sentences, references, max_order))[-1, 0])


def distinct_of_counts(ours: np.ndarray, theirs: np.ndarray, ratio: float) -> float:  # noqa: ARG001
    """As `distinct`. A `Statistic`, of the sentences alone."""
    return float((ours > 0).sum() / ours.sum()) if ours.any() else math.nan


def entropy_of_counts(ours: np.ndarray, theirs: np.ndarray, ratio: float) -> float:  # noqa: ARG001
    """As `ngram_entropy`. A `Statistic`, of the sentences alone."""
    counts = ours[ours > 0]
    if not len(counts):
        return math.nan
    frequencies = counts / counts.sum()
    # log(1 / f), not -log(f): the entropy of a single n-gram is then 0 and not -0.
    return float((frequencies * np.log(1 / frequencies)).sum())


def js_of_counts(ours: np.ndarray, theirs: np.ndarray, ratio: float) -> float:  # noqa: ARG001
    """As `js_divergence`. A `Statistic`."""
    if not ours.any() or not theirs.any():
        return math.nan
    p, q = ours / ours.sum(), theirs / theirs.sum()
    middle = (p + q) / 2
    in_p, in_q = p > 0, q > 0
    from_p = (p[in_p] * np.log2(p[in_p] / middle[in_p])).sum()
    from_q = (q[in_q] * np.log2(q[in_q] / middle[in_q])).sum()
    return float(from_p + from_q) / 2


def in_test_of_counts(ours: np.ndarray, theirs: np.ndarray, ratio: float) -> float:  # noqa: ARG001
    """As `in_test_share`. A `Statistic`."""
    return float(ours[theirs > 0].sum() / ours.sum()) if ours.any() else math.nan


def jaccard_of_counts(ours: np.ndarray, theirs: np.ndarray, ratio: float) -> float:
    """Jaccard similarity of the counts per sentence of one order, as in `ms_jaccard`. A `Statistic`."""
    # Multiplied by the number of sentences, which cancels: both weights are then counts.
    expected = theirs * ratio
    union = np.maximum(ours, expected).sum()
    return float(np.minimum(ours, expected).sum() / union) if union else math.nan


def geometric_means(similarities: np.ndarray) -> np.ndarray:
    """For each order N, the geometric mean of the orders 1 to N. [orders, any] -> [orders, any]"""
    orders = np.arange(1, len(similarities) + 1)[:, np.newaxis]
    return np.cumprod(similarities, axis=0) ** (1 / orders)


def estimates(
    statistic: Statistic,
    sentences: Sequence[Tokens],
    references: Sequence[Tokens] | None,
    max_order: int,
    blocks: int = 0,
) -> np.ndarray:
    """A statistic of the n-grams of orders 1 to `max_order`, and what it is without each block of the sentences.

    Args:
        statistic: of counts.
        sentences: what is judged.
        references: what it is compared with; None where the statistic looks at the sentences alone.
        max_order: greatest order.
        blocks: into how many the sentences are dealt, at most one for each; with 0 none is left out.

    Returns:
        Of all sentences first, then without each block. [orders, 1 + blocks]

    Raises:
        SeqganError: no sentences or references, strings in place of token lists, or an order below 1.
    """
    check_sentences(sentences)
    if references is not None:
        check_sentences(references, "references")
    check_order(max_order)
    others = [] if references is None else references
    count = len(sentences)
    block = block_of(count, blocks) if blocks else np.zeros(0, np.int64)
    numbers = range(int(block.max(initial=-1)) + 1)
    rows = []
    for runs in all_runs([*sentences, *others], max_order)[1]:
        in_ours = runs.sentence < count
        distinct_ngrams = int(runs.ngram.max(initial=-1)) + 1
        theirs = _counts(runs, ~in_ours, distinct_ngrams)
        ours = _counts(runs, in_ours, distinct_ngrams)
        row = [statistic(ours, theirs, count / max(1, len(others)))]
        block_of_run = np.full(len(runs.sentence), -1)
        block_of_run[in_ours] = block[runs.sentence[in_ours]] if blocks else -1
        for number in numbers:
            left = ours - _counts(runs, block_of_run == number, distinct_ngrams)
            row.append(statistic(left, theirs, int((block != number).sum()) / max(1, len(others))))
        rows.append(row)
    return np.array(rows)


def unique_estimates(sentences: Sequence[Tokens], blocks: int = 0) -> np.ndarray:
    """`unique_share` of all sentences first, then without each block. [1 + blocks]

    Raises:
        SeqganError: no sentences, or strings in place of token lists.
    """
    check_sentences(sentences)
    first: dict[tuple[object, ...], int] = {}
    numbers = np.array([first.setdefault(tuple(tokens), len(first)) for tokens in sentences])
    shares = [len(first) / len(sentences)]
    if blocks:
        block = block_of(len(sentences), blocks)
        for number in range(int(block.max()) + 1):
            left = numbers[block != number]
            shares.append(len(np.unique(left)) / max(1, len(left)))
    return np.array(shares)


def _counts(runs: Runs, chosen: np.ndarray, distinct_ngrams: int) -> np.ndarray:
    """How often each n-gram stands in the chosen runs. [distinct n-grams]"""
    return np.bincount(runs.ngram[chosen], runs.counts[chosen], distinct_ngrams)
