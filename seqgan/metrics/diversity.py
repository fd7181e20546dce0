"""How varied sentences are, and how far their n-gram statistics are from those of other text."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from seqgan.metrics.ngrams import Tokens, all_runs, check_order, check_sentences


class Lengths(NamedTuple):
    """Tokens a sentence."""

    mean: float
    std: float
    """Of these sentences: the sum of squares is divided by their number."""
    min: int
    median: float
    max: int


def distinct(sentences: Sequence[Tokens], order: int) -> float:
    """Distinct n-grams over all n-grams; 0 where there are none. Between 0 and 1, higher is more diverse.

    Falls with the number of sentences: compare at equal numbers only.

    Raises:
        SeqganError: no sentences, strings in place of token lists, or an order below 1.

    Source: Li et al. 2016 (arXiv:1510.03055).
    """
    counts = _ngram_counts(sentences, order)
    return len(counts) / int(counts.sum()) if len(counts) else 0.0


def ngram_entropy(sentences: Sequence[Tokens], order: int) -> float:
    """Entropy of the n-gram frequencies, in nats; 0 where there are none. Higher is more diverse.

    Grows with the number of sentences: compare at equal numbers only.

    Raises:
        SeqganError: no sentences, strings in place of token lists, or an order below 1.

    Source: Zhang et al. 2018 (arXiv:1809.05972), "Ent-n".
    """
    counts = _ngram_counts(sentences, order)
    frequencies = counts / counts.sum()
    # log(1 / f), not -log(f): the entropy of a single n-gram is then 0 and not -0.
    return float((frequencies * np.log(1 / frequencies)).sum())


def unique_share(sentences: Sequence[Tokens]) -> float:
    """Distinct sentences over all sentences. Above 0, at most 1.

    Raises:
        SeqganError: no sentences, or strings in place of token lists.
    """
    check_sentences(sentences)
    return len({tuple(tokens) for tokens in sentences}) / len(sentences)


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
    number of sentences: compare with that of as many real ones. Where one text has no n-gram of this order it is 1,
    where neither has one 0.

    Raises:
        SeqganError: no sentences or references, strings in place of token lists, or an order below 1.

    Source: the program of Gulrajani et al. 2017 (arXiv:1704.00028). There lines are padded to one length and the
    padding is counted as text: pad them likewise to repeat its numbers.
    """
    ours, theirs = _counts_of_both(sentences, references, order)[-1]
    if not ours.any() or not theirs.any():
        return float(ours.any() != theirs.any())
    p, q = ours / ours.sum(), theirs / theirs.sum()
    middle = (p + q) / 2
    in_p, in_q = p > 0, q > 0
    from_p = (p[in_p] * np.log2(p[in_p] / middle[in_p])).sum()
    from_q = (q[in_q] * np.log2(q[in_q] / middle[in_q])).sum()
    return float(from_p + from_q) / 2


def in_test_share(sentences: Sequence[Tokens], references: Sequence[Tokens], order: int) -> float:
    """Share of a text's n-grams, each counted as often as it stands there, that stand in the references.

    Between 0 and 1, higher is better; 0 where the text has none. Rises with the number of references, and says nothing
    of diversity: compare with the share of as many real sentences.

    Raises:
        SeqganError: no sentences or references, strings in place of token lists, or an order below 1.

    Source: Press et al. 2017 (arXiv:1706.01399), "%-IN-TEST-n".
    """
    ours, theirs = _counts_of_both(sentences, references, order)[-1]
    return float(ours[theirs > 0].sum() / max(1, ours.sum()))


def ms_jaccard(sentences: Sequence[Tokens], references: Sequence[Tokens], max_order: int) -> float:
    """Geometric mean, over orders 1 to `max_order`, of the Jaccard similarity of two texts' n-gram multisets.

    An n-gram's weight in a text is its count per sentence; the similarity of an order is the sum of the lesser
    weights over that of the greater ones, and 1 where neither text has an n-gram. Between 0 and 1, where 1 means
    equal statistics: quality and diversity in one number. Compare at equal numbers of sentences.

    Raises:
        SeqganError: no sentences or references, strings in place of token lists, or an order below 1.

    Source: Alihosseini et al. 2019, "Jointly Measuring Diversity and Quality in Text Generation Models".
    """
    similarities = []
    for ours, theirs in _counts_of_both(sentences, references, max_order):
        p, q = ours / len(sentences), theirs / len(references)
        union = np.maximum(p, q).sum()
        similarities.append(np.minimum(p, q).sum() / union if union else 1.0)
    return float(np.prod(similarities) ** (1 / max_order))


def _ngram_counts(sentences: Sequence[Tokens], order: int) -> np.ndarray:
    """How often each n-gram stands in a text. [distinct n-grams]"""
    check_sentences(sentences)
    check_order(order)
    runs = all_runs(sentences, order)[1][-1]
    return np.bincount(runs.ngram, runs.counts)


def _counts_of_both(
    sentences: Sequence[Tokens], references: Sequence[Tokens], max_order: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    """How often each n-gram of two texts stands in either, for orders 1 to `max_order`. [distinct n-grams] each"""
    check_sentences(sentences)
    check_sentences(references, "references")
    check_order(max_order)
    counts = []
    for runs in all_runs([*sentences, *references], max_order)[1]:
        ours = runs.sentence < len(sentences)
        distinct_ngrams = int(runs.ngram.max(initial=-1)) + 1
        in_ours = np.bincount(runs.ngram[ours], runs.counts[ours], distinct_ngrams)
        in_theirs = np.bincount(runs.ngram[~ours], runs.counts[~ours], distinct_ngrams)
        counts.append((in_ours, in_theirs))
    return counts
