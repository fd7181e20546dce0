"""How varied sentences are, and how far their n-gram statistics are from those of other text."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from seqgan.metrics.ngrams import Tokens, all_runs, check_sentences


class Lengths(NamedTuple):
    """Tokens a sentence."""

    mean: float
    std: float
    min: int
    median: float
    max: int


def distinct(sentences: Sequence[Tokens], order: int) -> float:
    """Distinct n-grams over all n-grams; 0 where there are none. Between 0 and 1, higher is more diverse.

    Falls with the number of sentences: compare at equal numbers only.

    Source: Li et al. 2016 (arXiv:1510.03055).
    """
    check_sentences(sentences)
    runs = all_runs(sentences, order)[1][-1]
    total = int(runs.counts.sum())
    return (int(runs.ngram[-1]) + 1) / total if total else 0.0


def unique_share(sentences: Sequence[Tokens]) -> float:
    """Distinct sentences over all sentences."""
    check_sentences(sentences)
    return len({tuple(tokens) for tokens in sentences}) / max(1, len(sentences))


def length_statistics(sentences: Sequence[Tokens]) -> Lengths:
    """Mean, standard deviation, least, median and greatest number of tokens."""
    check_sentences(sentences)
    lengths = np.fromiter(map(len, sentences), np.int64, len(sentences))
    return Lengths(
        float(lengths.mean()), float(lengths.std()), int(lengths.min()), float(np.median(lengths)), int(lengths.max())
    )


def js_divergence(sentences: Sequence[Tokens], references: Sequence[Tokens], order: int) -> float:
    """Jensen-Shannon divergence of the n-gram frequencies of two texts, in bits: 0 for equal ones, 1 for disjoint.

    Each Kullback-Leibler sum runs over its own text's n-grams, so that missing ones need no smoothing. Falls with the
    number of sentences: compare with that of as many real ones.

    Source: the program of Gulrajani et al. 2017 (arXiv:1704.00028).
    """
    check_sentences(sentences)
    check_sentences(references, "references")
    runs = all_runs([*sentences, *references], order)[1][-1]
    ours = runs.sentence < len(sentences)
    size = int(runs.ngram.max(initial=-1)) + 1
    p = np.bincount(runs.ngram[ours], runs.counts[ours], size)
    q = np.bincount(runs.ngram[~ours], runs.counts[~ours], size)
    if not p.sum() or not q.sum():
        return 0.0 if p.sum() == q.sum() else 1.0
    p, q = p / p.sum(), q / q.sum()
    middle = (p + q) / 2
    of_p, of_q = p > 0, q > 0
    divergence = (p[of_p] * np.log2(p[of_p] / middle[of_p])).sum() + (q[of_q] * np.log2(q[of_q] / middle[of_q])).sum()
    return float(divergence / 2)
