"""Metrics of text: token lists in, numbers with their recipe out. NumPy only, no deep-learning library.

``bleu_against_corpus(hypotheses, references)`` and ``self_bleu(sentences)`` are what most people look for. By name,
with signatures that know what the tokens are, metrics are computed through ``METRICS``.
"""

from seqgan.metrics.bleu import (
    References,
    Score,
    bleu_against_corpus,
    corpus_bleu,
    prepare_references,
    self_bleu,
)
from seqgan.metrics.copying import copied_share, longest_copied
from seqgan.metrics.diversity import (
    Lengths,
    distinct,
    in_test_share,
    js_divergence,
    length_statistics,
    ms_jaccard,
    ngram_entropy,
    unique_share,
)
from seqgan.metrics.families import METRICS, Texts, score_entries
from seqgan.metrics.likelihood import nll_per_sequence, nll_per_token, perplexity
from seqgan.metrics.report import Entry, Report, table
from seqgan.metrics.significance import bootstrap_interval

__all__ = [
    "METRICS",
    "Entry",
    "Lengths",
    "References",
    "Report",
    "Score",
    "Texts",
    "bleu_against_corpus",
    "bootstrap_interval",
    "copied_share",
    "corpus_bleu",
    "distinct",
    "in_test_share",
    "js_divergence",
    "length_statistics",
    "longest_copied",
    "ms_jaccard",
    "ngram_entropy",
    "nll_per_sequence",
    "nll_per_token",
    "perplexity",
    "prepare_references",
    "score_entries",
    "self_bleu",
    "table",
    "unique_share",
]
