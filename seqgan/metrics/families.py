"""Metrics by name: families of them, each a function of the same texts, with signatures that know what the tokens are.

The numbers come from the files beside this one. What needs a model or a grammar is in the evaluation layer.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import numpy as np

from seqgan.errors import SeqganError
from seqgan.metrics.bleu import TOKENS_GIVEN, Score, bleu_against_corpus, self_bleu
from seqgan.metrics.copying import copied_sentences, longest_copied
from seqgan.metrics.diversity import (
    Statistic,
    distinct_of_counts,
    entropy_of_counts,
    estimates,
    geometric_means,
    in_test_of_counts,
    jaccard_of_counts,
    js_of_counts,
    length_statistics,
    unique_estimates,
)
from seqgan.metrics.nearest import jaccard_diversity, jaccard_novelty, nearest_training
from seqgan.metrics.ngram_model import NgramModel, fit_ngram_model, ngram_log_probs, ngram_vocabulary
from seqgan.metrics.ngrams import Tokens
from seqgan.metrics.report import Entry
from seqgan.metrics.significance import (
    BLOCKS,
    block_of,
    bootstrap_interval,
    bootstrap_ratio_interval,
    jackknife_interval,
    percentiles,
    resampled_means,
)
from seqgan.metrics.specification import SIGNATURE_END

ORDERS = range(1, 5)
"""Of distinct, entropy, js and in-test."""
JACCARD_ORDERS = range(2, 6)
"""Greatest orders of ms-jaccard."""
PADDING = "\n"
"""Fills sentences up for js-padded, as the WGAN-GP authors' program fills lines up to one length."""


class Texts(NamedTuple):
    """What a metric by name may look at."""

    samples: Sequence[Tokens]
    """What is judged."""
    references: Sequence[Tokens] | None = None
    """Held-out real sentences; None where there are none."""
    training: Sequence[Tokens] | None = None
    """The training sentences; None where they are not known."""


def _references(texts: Texts, family: str) -> Sequence[Tokens]:
    if texts.references is None:
        raise SeqganError(
            f"The metric {family!r} compares with held-out sentences, and there are none: give references, or leave "
            "it out."
        )
    return texts.references


def _training(texts: Texts, family: str) -> Sequence[Tokens]:
    if texts.training is None:
        raise SeqganError(
            f"The metric {family!r} compares with the training sentences, and they are not known: give them, or leave "
            "it out."
        )
    return texts.training


SHARE = (0.0, 1.0)
"""Bounds of a share."""
MEAN_INTERVAL = "|interval:bootstrap 95%"
"""In a signature: sentences were drawn anew, what they are compared with held fixed."""
SET_INTERVAL = f"|interval:jackknife 95% {BLOCKS} blocks"
"""In a signature: blocks of sentences were left out."""


def score_entries(family: str, score: Score, tokenization: str, *, intervals: bool = False) -> list[Entry]:
    """A score as entries of a report, one for each order.

    Args:
        family: what precedes the order in their names.
        score: of `bleu_against_corpus`, `self_bleu` or `corpus_bleu`.
        tokenization: what the tokens are, for the signature.
        intervals: add the 95 % bootstrap interval of each mean.

    Raises:
        SeqganError: intervals were asked for, and the score is no mean over sentences.
    """
    how = f"interval:bootstrap 95%|tok:{tokenization}" if intervals else f"tok:{tokenization}"
    signature = score.signature.replace(TOKENS_GIVEN, how)
    return [
        Entry(f"{family}-{order}", value, signature, *(bootstrap_interval(of_sentences) if intervals else ()))
        for (order, value), of_sentences in zip(score.values.items(), score.sentences, strict=True)
    ]


def _bleu(texts: Texts, tokenization: str, *, intervals: bool = True) -> list[Entry]:
    score = bleu_against_corpus(texts.samples, _references(texts, "bleu"))
    return score_entries("bleu", score, tokenization, intervals=intervals)


def _self_bleu(texts: Texts, tokenization: str, *, intervals: bool = True) -> list[Entry]:
    score = self_bleu(texts.samples)
    entries = score_entries("self-bleu", score, tokenization)
    count = len(texts.samples)
    if not intervals or count < 3:
        return entries
    # Each sentence is a reference of all others: blocks are left out as hypotheses and as references.
    block = block_of(count)
    left_out = [
        self_bleu([tokens for tokens, of in zip(texts.samples, block, strict=True) if of != number]).values
        for number in range(int(block.max()) + 1)
    ]
    with_ends = []
    for entry, order in zip(entries, score.values, strict=True):
        ends = jackknife_interval(entry.value, [values[order] for values in left_out], SHARE)
        with_ends.append(
            entry._replace(signature=_with_interval(entry.signature, SET_INTERVAL), low=ends[0], high=ends[1])
        )
    return with_ends


def _with_interval(signature: str, interval: str) -> str:
    before, tokens, rest = signature.partition("|tok:")
    return before + interval + tokens + rest


def _backward(texts: Texts, family: str) -> Score:
    score = bleu_against_corpus(_references(texts, family), texts.samples)
    # Here the real sentences are the hypotheses, which the names of the counts would hide.
    return score._replace(signature=score.signature.replace("bleu|", "backward-bleu|refs are samples|", 1))


def _backward_bleu(texts: Texts, tokenization: str, *, intervals: bool = True) -> list[Entry]:
    # The interval is of the choice of real sentences, with the samples held fixed.
    return score_entries("backward-bleu", _backward(texts, "backward-bleu"), tokenization, intervals=intervals)


def _bleu_f1(texts: Texts, tokenization: str, *, intervals: bool = True) -> list[Entry]:
    forward = bleu_against_corpus(texts.samples, _references(texts, "bleu-f1"))
    backward = _backward(texts, "bleu-f1")
    what = f"harmonic mean of bleu and backward-bleu|refs:all {len(_references(texts, 'bleu-f1'))}"
    how = "orders:2-5|weights:uniform|smooth:method1|bp:closest" + (MEAN_INTERVAL if intervals else "")
    signature = f"{what}|hyps:{len(texts.samples)}|{how}|tok:{tokenization}|{SIGNATURE_END}"
    entries = []
    if intervals:
        # Samples and real sentences are drawn independently.
        drawn = [resampled_means(score.sentences, seed=seed) for seed, score in enumerate((forward, backward))]
    for row, order in enumerate(forward.values):
        value = float(_harmonic_mean(np.array(forward.values[order]), np.array(backward.values[order])))
        ends = percentiles(_harmonic_mean(drawn[0][row], drawn[1][row])) if intervals else ()
        entries.append(Entry(f"bleu-f1-{order}", value, signature, *ends))
    return entries


def _harmonic_mean(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    total = first + second
    return 2 * first * second / np.where(total > 0, total, 1.0)


def _signature(what: str, texts: Texts, tokenization: str, interval: str = "") -> str:
    return f"{what}|hyps:{len(texts.samples)}{interval}|tok:{tokenization}|{SIGNATURE_END}"


def _orders(orders: range) -> str:
    return f"orders:{orders[0]}-{orders[-1]}"


def _statistic(
    family: str,
    statistic: Statistic,
    what: str,
    texts: Texts,
    tokenization: str,
    intervals: bool,
    *,
    orders: range = ORDERS,
    bounds: tuple[float, float] = SHARE,
    compared: bool = True,
    combine: Callable[[np.ndarray], np.ndarray] = np.asarray,
) -> list[Entry]:
    """Entries of a statistic of n-gram counts, one for each order.

    Args:
        family: what precedes the order in their names.
        statistic: of the counts of one order.
        what: it is, for the signature.
        texts: as of the family.
        tokenization: as of the family.
        intervals: add the 95 % jackknife interval of each.
        orders: which.
        bounds: that it cannot pass.
        compared: with the references, and not of the samples alone.
        combine: the statistics of all orders from 1 to what is reported of each. [orders, any] -> [orders, any]
    """
    references = _references(texts, family) if compared else None
    if references is not None:
        what = f"{what}|refs:all {len(references)}"
    blocks = BLOCKS if intervals and len(texts.samples) > 1 else 0
    values = combine(estimates(statistic, texts.samples, references, orders[-1], blocks))
    signature = _signature(what, texts, tokenization, SET_INTERVAL if blocks else "")
    return [
        Entry(
            f"{family}-{order}",
            float(row[0]),
            signature,
            *(jackknife_interval(row[0], row[1:], bounds) if blocks else ()),
        )
        for order, row in ((order, values[order - 1]) for order in orders)
    ]


def _mean(name: str, values: np.ndarray, what: str, texts: Texts, tokenization: str, intervals: bool) -> list[Entry]:
    """One entry: the mean of a value for each sample, with its bootstrap interval."""
    ends = bootstrap_interval(values) if intervals else ()
    signature = _signature(what, texts, tokenization, MEAN_INTERVAL if intervals else "")
    return [Entry(name, float(values.mean()), signature, *ends)]


def _distinct(texts: Texts, tokenization: str, *, intervals: bool = True) -> list[Entry]:
    what = f"distinct n-grams/all n-grams|{_orders(ORDERS)}"
    return _statistic("distinct", distinct_of_counts, what, texts, tokenization, intervals, compared=False)


def _entropy(texts: Texts, tokenization: str, *, intervals: bool = True) -> list[Entry]:
    what = f"entropy of n-gram frequencies|nats|smooth:none|{_orders(ORDERS)}"
    return _statistic(
        "entropy", entropy_of_counts, what, texts, tokenization, intervals, compared=False, bounds=(0.0, np.inf)
    )


def _unique(texts: Texts, tokenization: str, *, intervals: bool = True) -> list[Entry]:
    blocks = BLOCKS if intervals and len(texts.samples) > 1 else 0
    shares = unique_estimates(texts.samples, blocks)
    ends = jackknife_interval(shares[0], shares[1:], SHARE) if blocks else ()
    signature = _signature("distinct sentences/all", texts, tokenization, SET_INTERVAL if blocks else "")
    return [Entry("unique", float(shares[0]), signature, *ends)]


def _copied(texts: Texts, tokenization: str, *, intervals: bool = True) -> list[Entry]:
    training = _training(texts, "copied")
    what = f"share that are training sentences|training:{len(training)}"
    return _mean("copied", copied_sentences(texts.samples, training), what, texts, tokenization, intervals)


def _longest_copied(texts: Texts, tokenization: str, *, intervals: bool = True) -> list[Entry]:
    training = _training(texts, "longest-copied")
    what = f"mean tokens of the longest n-gram in the training text|training:{len(training)}"
    return _mean("longest-copied", longest_copied(texts.samples, training), what, texts, tokenization, intervals)


def _nearest_training(texts: Texts, tokenization: str, *, intervals: bool = True) -> list[Entry]:
    training = _training(texts, "nearest-training")
    what = f"mean edits to the nearest training sentence/longer length|training:{len(training)}"
    shares = nearest_training(texts.samples, training).share
    return _mean("nearest-training", shares, what, texts, tokenization, intervals)


def _novelty(texts: Texts, tokenization: str, *, intervals: bool = True) -> list[Entry]:
    training = _training(texts, "novelty")
    what = f"mean of 1 - greatest jaccard of token sets to a training sentence|training:{len(training)}"
    return _mean("novelty", jaccard_novelty(texts.samples, training), what, texts, tokenization, intervals)


def _diversity(texts: Texts, tokenization: str, *, intervals: bool = True) -> list[Entry]:
    # The interval is of the choice of sentences, with those that they are compared with held fixed.
    what = f"mean of 1 - greatest jaccard of token sets to another sentence|others:{len(texts.samples) - 1}"
    return _mean("diversity", jaccard_diversity(texts.samples), what, texts, tokenization, intervals)


def _length(texts: Texts, tokenization: str, *, intervals: bool = True) -> list[Entry]:
    lengths = length_statistics(texts.samples)
    signature = _signature("tokens a sentence, without the end", texts, tokenization)
    entries = [Entry(f"length-{name}", float(value), signature) for name, value in lengths._asdict().items()]
    if intervals:
        low, high = bootstrap_interval([len(tokens) for tokens in texts.samples])
        entries[0] = entries[0]._replace(low=low, high=high, signature=_with_interval(signature, MEAN_INTERVAL))
    return entries


def _js(texts: Texts, tokenization: str, *, intervals: bool = True) -> list[Entry]:
    what = f"js of n-gram frequencies|bits|smooth:none|{_orders(ORDERS)}|padding:none"
    return _statistic("js", js_of_counts, what, texts, tokenization, intervals)


def _js_padded(texts: Texts, tokenization: str, *, intervals: bool = True) -> list[Entry]:
    references = _references(texts, "js-padded")
    length = max(map(len, references), default=0)
    what = (
        f"js of n-gram frequencies|bits|smooth:none|{_orders(ORDERS)}"
        f"|padded and cut:{length} tokens, the longest reference's"
    )
    texts = texts._replace(samples=padded(texts.samples, length), references=padded(references, length))
    return _statistic("js-padded", js_of_counts, what, texts, tokenization, intervals)


def padded(sentences: Sequence[Tokens], length: int) -> list[Tokens]:
    """Sentences of `length` tokens each: longer ones cut, shorter ones filled up with a symbol that no line holds."""
    return [[*tokens[:length], *[PADDING] * (length - len(tokens))] for tokens in sentences]


def _in_test(texts: Texts, tokenization: str, *, intervals: bool = True) -> list[Entry]:
    what = f"share of n-grams in refs|{_orders(ORDERS)}"
    return _statistic("in-test", in_test_of_counts, what, texts, tokenization, intervals)


def _ms_jaccard(texts: Texts, tokenization: str, *, intervals: bool = True) -> list[Entry]:
    what = "ms-jaccard of n-gram counts per sentence|smooth:none|orders:1-N"
    return _statistic(
        "ms-jaccard",
        jaccard_of_counts,
        what,
        texts,
        tokenization,
        intervals,
        orders=JACCARD_ORDERS,
        combine=geometric_means,
    )


NGRAM_MODEL_ORDER = 5
"""Greatest order of the n-gram models."""


def _ngram_lm_score(texts: Texts, tokenization: str, *, intervals: bool = True) -> list[Entry]:
    training = _training(texts, "ngram-lm-score")
    model = fit_ngram_model(training, order=NGRAM_MODEL_ORDER)
    what = f"nats per token under {_model_name(model)} of the training text|training:{len(training)}"
    return _per_token("ngram-lm-score", model, texts.samples, what, texts, tokenization, intervals)


def _reverse_ngram_lm_score(texts: Texts, tokenization: str, *, intervals: bool = True) -> list[Entry]:
    training = _training(texts, "reverse-ngram-lm-score")
    references = _references(texts, "reverse-ngram-lm-score")
    # The vocabulary is that of the real text: a system must not choose which words it is asked for.
    model = fit_ngram_model(texts.samples, ngram_vocabulary(training), NGRAM_MODEL_ORDER)
    what = f"nats per token of refs under {_model_name(model)} of the samples|refs:all {len(references)}"
    # The interval is of the choice of real sentences, with the samples held fixed.
    return _per_token("reverse-ngram-lm-score", model, references, what, texts, tokenization, intervals)


def _model_name(model: NgramModel) -> str:
    return f"interpolated kneser-ney {model.order}-grams"


def _per_token(
    name: str,
    model: NgramModel,
    scored: Sequence[Tokens],
    what: str,
    texts: Texts,
    tokenization: str,
    intervals: bool,
) -> list[Entry]:
    log_probs, tokens = ngram_log_probs(model, scored)
    ends = bootstrap_ratio_interval(-log_probs, tokens) if intervals else ()
    how = f"|end:counted|unknown:scored|vocabulary:{model.symbols} of training"
    signature = _signature(what + how, texts, tokenization, MEAN_INTERVAL if intervals else "")
    return [Entry(name, float(-log_probs.sum() / tokens.sum()), signature, *ends)]


class Family(Protocol):
    """What computes a family of metrics."""

    def __call__(self, texts: Texts, tokenization: str, *, intervals: bool = True) -> list[Entry]:
        """Named numbers of texts, what their tokens are ("words") in the signatures, with their 95 % intervals."""


METRICS: dict[str, Family] = {
    "bleu": _bleu,
    "self-bleu": _self_bleu,
    "backward-bleu": _backward_bleu,
    "bleu-f1": _bleu_f1,
    "distinct": _distinct,
    "entropy": _entropy,
    "unique": _unique,
    "copied": _copied,
    "longest-copied": _longest_copied,
    "nearest-training": _nearest_training,
    "novelty": _novelty,
    "diversity": _diversity,
    "length": _length,
    "js": _js,
    "js-padded": _js_padded,
    "in-test": _in_test,
    "ms-jaccard": _ms_jaccard,
    "ngram-lm-score": _ngram_lm_score,
    "reverse-ngram-lm-score": _reverse_ngram_lm_score,
}
"""Families of metrics of texts by name."""
