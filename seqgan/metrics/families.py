"""Metrics by name: families of them, each a function of the same texts, with signatures that know what the tokens are.

The numbers come from the files beside this one. What needs a model or a grammar is in the evaluation layer.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from seqgan import __version__
from seqgan.errors import SeqganError
from seqgan.metrics.bleu import TOKENS_GIVEN, Score, bleu_against_corpus, self_bleu
from seqgan.metrics.copying import copied_share, longest_copied
from seqgan.metrics.diversity import (
    distinct,
    in_test_share,
    js_divergence,
    length_statistics,
    ms_jaccard,
    ngram_entropy,
    unique_share,
)
from seqgan.metrics.ngrams import Tokens
from seqgan.metrics.report import Entry
from seqgan.metrics.significance import bootstrap_interval

ORDERS = range(1, 5)
"""Of distinct, entropy, js and in-test."""
JACCARD_ORDERS = range(2, 6)
"""Greatest orders of ms-jaccard."""


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


def _bleu(texts: Texts, tokenization: str) -> list[Entry]:
    return score_entries("bleu", bleu_against_corpus(texts.samples, _references(texts, "bleu")), tokenization)


def _self_bleu(texts: Texts, tokenization: str) -> list[Entry]:
    return score_entries("self-bleu", self_bleu(texts.samples), tokenization)


def _backward_bleu(texts: Texts, tokenization: str) -> list[Entry]:
    score = bleu_against_corpus(_references(texts, "backward-bleu"), texts.samples)
    # Here the real sentences are the hypotheses, which the names of the counts would hide.
    score = score._replace(signature=score.signature.replace("bleu|", "backward-bleu|refs are samples|", 1))
    return score_entries("backward-bleu", score, tokenization)


def _signature(what: str, texts: Texts, tokenization: str) -> str:
    return f"{what}|hyps:{len(texts.samples)}|tok:{tokenization}|seqgan {__version__}"


def _orders(orders: range) -> str:
    return f"orders:{orders[0]}-{orders[-1]}"


def _distinct(texts: Texts, tokenization: str) -> list[Entry]:
    signature = _signature(f"distinct n-grams/all n-grams|{_orders(ORDERS)}", texts, tokenization)
    return [Entry(f"distinct-{order}", distinct(texts.samples, order), signature) for order in ORDERS]


def _entropy(texts: Texts, tokenization: str) -> list[Entry]:
    signature = _signature(f"entropy of n-gram frequencies|nats|smooth:none|{_orders(ORDERS)}", texts, tokenization)
    return [Entry(f"entropy-{order}", ngram_entropy(texts.samples, order), signature) for order in ORDERS]


def _unique(texts: Texts, tokenization: str) -> list[Entry]:
    return [Entry("unique", unique_share(texts.samples), _signature("distinct sentences/all", texts, tokenization))]


def _copied(texts: Texts, tokenization: str) -> list[Entry]:
    training = _training(texts, "copied")
    signature = _signature(f"share that are training sentences|training:{len(training)}", texts, tokenization)
    return [Entry("copied", copied_share(texts.samples, training), signature)]


def _longest_copied(texts: Texts, tokenization: str) -> list[Entry]:
    training = _training(texts, "longest-copied")
    what = f"mean tokens of the longest n-gram in the training text|training:{len(training)}"
    mean = float(longest_copied(texts.samples, training).mean())
    return [Entry("longest-copied", mean, _signature(what, texts, tokenization))]


def _length(texts: Texts, tokenization: str) -> list[Entry]:
    lengths = length_statistics(texts.samples)
    signature = _signature("tokens a sentence, without the end", texts, tokenization)
    return [Entry(f"length-{name}", float(value), signature) for name, value in lengths._asdict().items()]


def _js(texts: Texts, tokenization: str) -> list[Entry]:
    references = _references(texts, "js")
    what = f"js of n-gram frequencies|bits|smooth:none|{_orders(ORDERS)}|refs:all {len(references)}"
    signature = _signature(what, texts, tokenization)
    return [Entry(f"js-{order}", js_divergence(texts.samples, references, order), signature) for order in ORDERS]


def _in_test(texts: Texts, tokenization: str) -> list[Entry]:
    references = _references(texts, "in-test")
    signature = _signature(
        f"share of n-grams in refs|{_orders(ORDERS)}|refs:all {len(references)}", texts, tokenization
    )
    return [Entry(f"in-test-{order}", in_test_share(texts.samples, references, order), signature) for order in ORDERS]


def _ms_jaccard(texts: Texts, tokenization: str) -> list[Entry]:
    references = _references(texts, "ms-jaccard")
    what = f"ms-jaccard of n-gram counts per sentence|smooth:none|orders:1-N|refs:all {len(references)}"
    signature = _signature(what, texts, tokenization)
    return [
        Entry(f"ms-jaccard-{order}", ms_jaccard(texts.samples, references, order), signature)
        for order in JACCARD_ORDERS
    ]


METRICS: dict[str, Callable[[Texts, str], list[Entry]]] = {
    "bleu": _bleu,
    "self-bleu": _self_bleu,
    "backward-bleu": _backward_bleu,
    "distinct": _distinct,
    "entropy": _entropy,
    "unique": _unique,
    "copied": _copied,
    "longest-copied": _longest_copied,
    "length": _length,
    "js": _js,
    "in-test": _in_test,
    "ms-jaccard": _ms_jaccard,
}
"""Families of metrics by name. Each takes texts and what their tokens are ("words"), and gives named numbers."""
