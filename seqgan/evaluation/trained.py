"""Metrics by name that train a model to judge, or need aligned lines. None is computed unless it is asked for.

Their models are trained on real text, when they are first needed, and kept for all that is judged beside one another.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple, TypeVar

import numpy as np

from seqgan.errors import ConfigError
from seqgan.evaluation.adversarial_success import adversarial_success, evaluator_reliability
from seqgan.evaluation.features import (
    FeatureModel,
    check_features_name,
    language_model_features,
    sentence_transformers_features,
)
from seqgan.evaluation.language_models import (
    BUDGET,
    Budget,
    LanguageModel,
    judging_vocabulary,
    language_model_log_probs,
    train_language_model,
)
from seqgan.evaluation.word_vectors import SKIP_GRAM, frequent_words, word_vectors
from seqgan.metrics.divergence_curve import mauve
from seqgan.metrics.embeddings import embedding_similarity
from seqgan.metrics.entries import MEAN_INTERVAL, entry_of, forced, lacking, ratio_ends, undefined
from seqgan.metrics.frechet import frechet_distance
from seqgan.metrics.metric import Metric
from seqgan.metrics.ngram_model import fit_spelling, spelling_log_probs, unknown_share
from seqgan.metrics.of_models import (
    ADVERSARIAL_SUCCESS,
    CHRF,
    EMB_SIM,
    FRECHET,
    LM_SCORE,
    MAUVE,
    REVERSE_LM_SCORE,
    SACREBLEU,
)
from seqgan.metrics.report import Entry
from seqgan.metrics.specification import SIGNATURE_END
from seqgan.metrics.translation import chrf_entry, sacrebleu_entry, sacrebleu_tokenization
from seqgan.progress import SILENT, Progress

VALIDATION_SHARE, MOST_VALIDATION = 0.05, 1000
"""Of the real text, to stop the training of language models by."""
REVERSE_SEEDS = (0, 1)
"""Trainings of which the reverse LM score is the mean."""
SIMILAR_WORDS = 100
"""Most frequent real words that EmbSim compares."""
KMEANS_SEEDS = (0, 1, 2)
"""Of MAUVE, whose value is the mean over them."""


class Lines(NamedTuple):
    """What is judged and against what, as lines and as token lists."""

    samples: Sequence[str]
    references: Sequence[str]
    sample_tokens: list[list[str]]
    reference_tokens: list[list[str]]
    training_tokens: list[list[str]] | None
    """None where the training text is not known: models are then trained on the references, and signatures say so."""
    tokenization: str
    """What the tokens are, for signatures."""
    sacrebleu_tokens: str | None = None
    """What sacreBLEU takes for tokens; by default what the references decide."""


class Judges:
    """The models that judge, each trained once.

    Args:
        features: "lm", "lm-last", "sentence-transformers:NAME", or a feature model of one's own.
        budget: of the language models.
        progress: where to report.

    Raises:
        ConfigError: there is no such feature model, or its library is not installed.
    """

    def __init__(self, features: str | FeatureModel = "lm", budget: Budget = BUDGET, progress: Progress = SILENT):
        if isinstance(features, str):
            check_features_name(features)
        self.budget = budget
        self.progress = progress
        self._features = features
        self._language_models: list[tuple[list[list[str]], LanguageModel]] = []

    def language_model(self, lines: Lines) -> tuple[LanguageModel, str]:
        """A model of real text, and which text that was, for signatures."""
        real, name = real_text(lines)
        for known, model in self._language_models:
            if known == real:
                return model, name
        if len(real) < 2:
            raise ConfigError(
                "A language model of real text needs two lines of it, one of them to decide when to stop: "
                "give at least 2 references, or a training text, or leave out the metrics that ask it."
            )
        held_out = held_out_count(real)
        model = train_language_model(
            real[:-held_out],
            real[-held_out:],
            judging_vocabulary(real, self.budget),
            budget=self.budget,
            progress=self.progress,
        )
        self._language_models.append((real, model))
        return model, name

    def features(self, lines: Lines) -> FeatureModel:
        """What makes features of sentences."""
        if isinstance(self._features, FeatureModel):
            return self._features
        if self._features in ("lm", "lm-last"):
            model, name = self.language_model(lines)
            return language_model_features(model, name, "last" if self._features == "lm-last" else "mean")
        self._features = sentence_transformers_features(self._features)
        return self._features


def real_text(lines: Lines) -> tuple[list[list[str]], str]:
    """The text that models of real text are trained on, and its name in signatures."""
    if lines.training_tokens is not None:
        return lines.training_tokens, f"training {len(lines.training_tokens)}"
    return lines.reference_tokens, f"refs {len(lines.reference_tokens)}"


def held_out_count(sentences: Sequence[Sequence[str]]) -> int:
    """How many of a text's last sentences decide when a training stops."""
    return max(1, min(MOST_VALIDATION, round(VALIDATION_SHARE * len(sentences))))


def _signature(what: str, lines: Lines, count: int, interval: str = "") -> str:
    return f"{what}|hyps:{count}{interval}|tok:{lines.tokenization}|{SIGNATURE_END}"


def _features(lines: Lines, judges: Judges, family: str) -> tuple[np.ndarray, np.ndarray, str]:
    """Features of equally many real and judged sentences, and the signature's part on them."""
    count = _equal_count(lines, family, LEAST[family])
    model = judges.features(lines)
    real = model.featurize(spread(lines.references, count), spread(lines.reference_tokens, count))
    judged = model.featurize(spread(lines.samples, count), spread(lines.sample_tokens, count))
    return real, judged, f"refs:spread {count} of {len(lines.references)}|features:{model.name}, dim {real.shape[1]}"


LEAST = {
    "adversarial-success": 20,
    **dict.fromkeys(("frechet", "mauve", "lm-score", "reverse-lm-score", "ngram-lm-score"), 2),
}
"""Samples, and references, that these need."""


def _equal_count(lines: Lines, family: str, least: int) -> int:
    count = min(len(lines.samples), len(lines.references))
    if count < least:
        raise ConfigError(
            f"The metric {family} compares as many samples as references, and there are {len(lines.samples)} and "
            f"{len(lines.references)}: it needs {least} of each at least."
        )
    return count


Item = TypeVar("Item")


def spread(items: Sequence[Item], count: int) -> list[Item]:
    """So many of a list, evenly from all of it: few files are in random order, and their heads are no fair sample."""
    return [items[place * len(items) // count] for place in range(count)]


def _frechet(lines: Lines, judges: Judges, intervals: bool) -> list[Entry]:  # noqa: ARG001
    real, judged, what = _features(lines, judges, "frechet")
    squared = frechet_distance(real, judged)
    signature = _signature(f"frechet distance|{what}", lines, len(judged))
    return [
        Entry("frechet", squared, f"squared {signature}"),
        Entry("frechet-root", squared**0.5, f"root of squared {signature}"),
    ]


def _mauve(lines: Lines, judges: Judges, intervals: bool) -> list[Entry]:  # noqa: ARG001
    real, judged, what = _features(lines, judges, "mauve")
    result = mauve(real, judged, seeds=KMEANS_SEEDS)
    how = f"c:5|k:{result.clusters}|pca:0.9|restarts:5|seeds:{len(KMEANS_SEEDS)}"
    signature = _signature(f"mauve|{what}|{how}", lines, len(judged))
    return [
        Entry("mauve", result.value, signature),
        Entry("mauve-smoothed", result.smoothed, f"cells + 0.5|{signature}"),
    ]


def _emb_sim(lines: Lines, judges: Judges, intervals: bool) -> list[Entry]:  # noqa: ARG001
    count = _equal_count(lines, "emb-sim", 1)
    real, judged = spread(lines.reference_tokens, count), spread(lines.sample_tokens, count)
    words = frequent_words(real, SIMILAR_WORDS)
    what = f"log of mean cosine of similarities|natural|words:{len(words)} most frequent of refs|{SKIP_GRAM}"
    signature = _signature(f"{what}|refs:spread {count} of {len(lines.references)}", lines, count)
    # A word's vector is learnt from the words beside it.
    lacks = (lacking(judged, 2), lacking(real, 2, "reference"))
    if any(lacks):
        return [entry_of("emb-sim", math.nan, signature, note=undefined(*lacks))]
    value = embedding_similarity(word_vectors(real, words), word_vectors(judged, words))
    note = forced(value, "the references have a single word") if len(words) == 1 else ""
    if not {token for tokens in judged for token in tokens} & set(words):
        note = forced(value, f"no sample has one of the {len(words)} words")
    return [entry_of("emb-sim", value, signature, note=note)]


def _lm_score(lines: Lines, judges: Judges, intervals: bool) -> list[Entry]:
    real, name = real_text(lines)
    lacks = (lacking(lines.sample_tokens, 2), lacking(real, 2, "real sentence"))
    if any(lacks):
        what = f"nats per token under {judges.budget} on {name}"
        return [entry_of("lm-score", math.nan, _signature(what, lines, len(lines.samples)), note=undefined(*lacks))]
    model, name = judges.language_model(lines)
    log_probs, tokens = language_model_log_probs(model, lines.sample_tokens)
    # What the model calls unknown is spelt, so that no word is cheaper for being none.
    known = frozenset(model.vocabulary.tokens)
    read = [sentence[: judges.budget.max_length] for sentence in lines.sample_tokens]
    log_probs = log_probs + spelling_log_probs(fit_spelling(real, known), read)
    ends = ratio_ends(-log_probs, tokens) if intervals else None
    what = f"nats per token under {model.budget} on {name}|{_scored(model, 'spelt')}"
    signature = _signature(what, lines, len(log_probs), MEAN_INTERVAL if intervals else "")
    return [entry_of("lm-score", float(-log_probs.sum() / tokens.sum()), signature, ends)]


def _reverse_lm_score(lines: Lines, judges: Judges, intervals: bool) -> list[Entry]:
    real, name = real_text(lines)
    vocabulary = judging_vocabulary(real, judges.budget)
    if lines.training_tokens is not None:
        # The model of the samples has not seen the real training text, so that it may decide when to stop.
        validation, test = real[-held_out_count(real) :], lines.reference_tokens
    else:
        _equal_count(lines, "reverse-lm-score", 2)
        validation, test = real[::2], real[1::2]
        name = f"every other of {name}"
    lacks = (lacking(test, 2, "reference"), lacking(real, 2, "real sentence"))
    if any(lacks):
        what = f"nats per token of refs under {judges.budget} on the samples|refs:{len(test)}|stopped by {name}"
        signature = _signature(what, lines, len(lines.samples))
        names = ("reverse-lm-score", "reverse-lm-score-std")
        return [entry_of(each, math.nan, signature, note=undefined(*lacks)) for each in names]
    scores, tokens = [], np.zeros(0)
    for seed in REVERSE_SEEDS:
        model = train_language_model(
            lines.sample_tokens, validation, vocabulary, seed=seed, budget=judges.budget, progress=judges.progress
        )
        log_probs, tokens = language_model_log_probs(model, test)
        scores.append(log_probs)
    mean = np.mean(scores, axis=0)
    ends = ratio_ends(-mean, tokens) if intervals else None
    unknown = f"scored, {unknown_share(test, frozenset(vocabulary.tokens)):.2%} of refs"
    what = (
        f"nats per token of refs under {model.budget} on the samples|refs:{len(test)}|stopped by {name}"
        f"|{_scored(model, unknown)}|seeds:{len(REVERSE_SEEDS)}"
    )
    signature = _signature(what, lines, len(lines.samples), MEAN_INTERVAL if intervals else "")
    of_seeds = [float(-log_probs.sum() / tokens.sum()) for log_probs in scores]
    return [
        entry_of("reverse-lm-score", float(np.mean(of_seeds)), signature, ends),
        Entry(
            "reverse-lm-score-std", float(np.std(of_seeds)), f"over seeds|{_signature(what, lines, len(lines.samples))}"
        ),
    ]


def _scored(model: LanguageModel, unknown: str) -> str:
    return f"end:counted|unknown:{unknown}|vocabulary:{len(model.vocabulary)}"


def _adversarial_success(lines: Lines, judges: Judges, intervals: bool) -> list[Entry]:  # noqa: ARG001
    count = _equal_count(lines, "adversarial-success", LEAST["adversarial-success"])
    human, machine = spread(lines.reference_tokens, count), spread(lines.sample_tokens, count)
    result = adversarial_success(human, machine)
    evaluator = f"logistic regression on hashed 1-3-grams|split:60/10/30|refs:spread {count} of {len(lines.references)}"
    interval = "|interval:wilson 95%" if intervals else ""
    signature = _signature(f"1 - accuracy of {evaluator}", lines, count, interval)
    ends = (result.low, result.high) if intervals else ()
    reliability = evaluator_reliability(human, machine).error
    what = f"mean error of four scenarios of {evaluator}"
    return [
        Entry("adversarial-success", result.adversarial_success, signature, *ends),
        Entry("adversarial-success-reliability-error", reliability, _signature(what, lines, count)),
    ]


def _sacrebleu(lines: Lines, judges: Judges, intervals: bool) -> list[Entry]:  # noqa: ARG001
    characters = lines.tokenization == "characters"
    tokens = lines.sacrebleu_tokens or sacrebleu_tokenization(lines.references, characters=characters)
    return [sacrebleu_entry(lines.samples, lines.references, tokenize=tokens, intervals=intervals)]


def _chrf(lines: Lines, judges: Judges, intervals: bool) -> list[Entry]:  # noqa: ARG001
    return [chrf_entry(lines.samples, lines.references, intervals=intervals)]


TRAINED_METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        FRECHET.computed_by(_frechet),
        MAUVE.computed_by(_mauve),
        EMB_SIM.computed_by(_emb_sim),
        LM_SCORE.computed_by(_lm_score),
        REVERSE_LM_SCORE.computed_by(_reverse_lm_score),
        ADVERSARIAL_SUCCESS.computed_by(_adversarial_success),
    )
}
"""Families that train a model to judge, by name. All compare with references."""
ALIGNED_METRICS: dict[str, Metric] = {
    metric.name: metric for metric in (SACREBLEU.computed_by(_sacrebleu), CHRF.computed_by(_chrf))
}
"""Families that take a reference for each sample, in the same line, by name."""
BY_MODELS = {**TRAINED_METRICS, **ALIGNED_METRICS}
"""Both."""
