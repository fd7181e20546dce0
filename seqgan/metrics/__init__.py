"""Metrics of text: token lists in, numbers with their recipe out. NumPy only, no deep-learning library.

``bleu_against_corpus(hypotheses, references)`` and ``self_bleu(sentences)`` are what most people look for. By name,
with signatures that know what the tokens are, metrics are computed through ``METRICS``, where one's own
are put as well.
"""

from seqgan.metrics.bleu import (
    References,
    Score,
    bleu_against_corpus,
    corpus_bleu,
    prepare_references,
    self_bleu,
)
from seqgan.metrics.copying import copied_sentences, copied_share, longest_copied
from seqgan.metrics.divergence_curve import Mauve, mauve, mauve_of_histograms
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
from seqgan.metrics.embeddings import embedding_similarity
from seqgan.metrics.entries import Texts, score_entries
from seqgan.metrics.families import METRICS
from seqgan.metrics.frechet import frechet_distance
from seqgan.metrics.likelihood import nll_per_sequence, nll_per_token, perplexity
from seqgan.metrics.metric import Metric, Use
from seqgan.metrics.nearest import Nearest, jaccard_diversity, jaccard_novelty, nearest_training
from seqgan.metrics.ngram_model import NgramModel, fit_ngram_model, ngram_log_probs, ngram_vocabulary
from seqgan.metrics.of_models import OF_MODELS
from seqgan.metrics.report import Entry, Report, table
from seqgan.metrics.shards import (
    BleuCounts,
    NgramCounts,
    bleu_of_counts,
    count_bleu,
    count_ngrams,
    merge_bleu,
    merge_ngrams,
    merge_references,
    merge_scores,
    statistic_of_ngrams,
)
from seqgan.metrics.significance import (
    bootstrap_interval,
    bootstrap_ratio_interval,
    jackknife_interval,
    wilson_interval,
)
from seqgan.metrics.specification import SPECIFICATION
from seqgan.metrics.translation import chrf_entry, sacrebleu_entry

__all__ = [
    "METRICS",
    "OF_MODELS",
    "SPECIFICATION",
    "BleuCounts",
    "Entry",
    "Lengths",
    "Mauve",
    "Metric",
    "Nearest",
    "NgramCounts",
    "NgramModel",
    "References",
    "Report",
    "Score",
    "Texts",
    "Use",
    "bleu_against_corpus",
    "bleu_of_counts",
    "bootstrap_interval",
    "bootstrap_ratio_interval",
    "chrf_entry",
    "copied_sentences",
    "copied_share",
    "corpus_bleu",
    "count_bleu",
    "count_ngrams",
    "distinct",
    "embedding_similarity",
    "fit_ngram_model",
    "frechet_distance",
    "in_test_share",
    "jaccard_diversity",
    "jaccard_novelty",
    "jackknife_interval",
    "js_divergence",
    "length_statistics",
    "longest_copied",
    "mauve",
    "mauve_of_histograms",
    "merge_bleu",
    "merge_ngrams",
    "merge_references",
    "merge_scores",
    "ms_jaccard",
    "nearest_training",
    "ngram_entropy",
    "ngram_log_probs",
    "ngram_vocabulary",
    "nll_per_sequence",
    "nll_per_token",
    "perplexity",
    "prepare_references",
    "sacrebleu_entry",
    "score_entries",
    "self_bleu",
    "statistic_of_ngrams",
    "table",
    "unique_share",
    "wilson_interval",
]
