"""Metrics of text: token lists in, numbers with their recipe out. NumPy only, no deep-learning library.

``bleu_against_corpus(hypotheses, references)`` and ``self_bleu(sentences)`` are what most people look for.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from seqgan import __version__
from seqgan.errors import SeqganError
from seqgan.metrics.bleu import References, Score, bleu_against_corpus, corpus_bleu, prepare_references, self_bleu
from seqgan.metrics.copying import copied_share
from seqgan.metrics.diversity import Lengths, distinct, js_divergence, length_statistics, unique_share
from seqgan.metrics.likelihood import nll_per_token, perplexity
from seqgan.metrics.ngrams import Tokens
from seqgan.metrics.report import Entry, Report, report_from_json, table


class Texts(NamedTuple):
    """What a metric by name may look at."""

    samples: Sequence[Tokens]
    """What is judged."""
    references: Sequence[Tokens] | None
    """Held-out real sentences; None where there are none."""
    training: Sequence[Tokens] | None
    """The training sentences; None where they are not known."""


def _references(texts: Texts) -> Sequence[Tokens]:
    if texts.references is None:
        raise SeqganError("This metric compares with held-out sentences, and there are none: give references.")
    return texts.references


def _training(texts: Texts) -> Sequence[Tokens]:
    if texts.training is None:
        raise SeqganError("This metric compares with the training sentences, and they are not known.")
    return texts.training


def _bleu_entries(name: str, score: Score, tokenization: str) -> list[Entry]:
    signature = f"{score.signature}|tok:{tokenization}"
    return [Entry(f"{name}-{order}", value, signature) for order, value in score.values.items()]


def _bleu(texts: Texts, tokenization: str) -> list[Entry]:
    return _bleu_entries("bleu", bleu_against_corpus(texts.samples, _references(texts)), tokenization)


def _self_bleu(texts: Texts, tokenization: str) -> list[Entry]:
    return _bleu_entries("self-bleu", self_bleu(texts.samples), tokenization)


def _backward_bleu(texts: Texts, tokenization: str) -> list[Entry]:
    score = bleu_against_corpus(_references(texts), texts.samples)
    # Here the real sentences are the hypotheses, which the names of the counts would hide.
    score = score._replace(signature=score.signature.replace("bleu|", "backward-bleu|refs are samples|", 1))
    return _bleu_entries("backward-bleu", score, tokenization)


def _recipe(what: str, texts: Texts, tokenization: str) -> str:
    return f"{what}|hyps:{len(texts.samples)}|tok:{tokenization}|seqgan {__version__}"


def _distinct(texts: Texts, tokenization: str) -> list[Entry]:
    signature = _recipe("distinct n-grams/all n-grams", texts, tokenization)
    return [Entry(f"distinct-{order}", distinct(texts.samples, order), signature) for order in range(1, 5)]


def _unique(texts: Texts, tokenization: str) -> list[Entry]:
    return [Entry("unique", unique_share(texts.samples), _recipe("distinct sentences/all", texts, tokenization))]


def _copied(texts: Texts, tokenization: str) -> list[Entry]:
    training = _training(texts)
    signature = _recipe(f"share that are training sentences|training:{len(training)}", texts, tokenization)
    return [Entry("copied", copied_share(texts.samples, training), signature)]


def _length(texts: Texts, tokenization: str) -> list[Entry]:
    lengths = length_statistics(texts.samples)
    signature = _recipe("tokens a sentence, without the end", texts, tokenization)
    return [Entry(f"length-{name}", float(value), signature) for name, value in lengths._asdict().items()]


def _js(texts: Texts, tokenization: str) -> list[Entry]:
    references = _references(texts)
    signature = _recipe(f"js of n-gram frequencies|bits|refs:{len(references)}", texts, tokenization)
    return [Entry(f"js-{order}", js_divergence(texts.samples, references, order), signature) for order in range(1, 5)]


METRICS: dict[str, Callable[[Texts, str], list[Entry]]] = {
    "bleu": _bleu,
    "self-bleu": _self_bleu,
    "backward-bleu": _backward_bleu,
    "distinct": _distinct,
    "unique": _unique,
    "copied": _copied,
    "length": _length,
    "js": _js,
}
"""Families of metrics by name. Each takes texts and what their tokens are ("words"), and gives named numbers."""

__all__ = [
    "METRICS",
    "Entry",
    "Lengths",
    "References",
    "Report",
    "Score",
    "Texts",
    "bleu_against_corpus",
    "copied_share",
    "corpus_bleu",
    "distinct",
    "js_divergence",
    "length_statistics",
    "nll_per_token",
    "perplexity",
    "prepare_references",
    "report_from_json",
    "self_bleu",
    "table",
    "unique_share",
]
