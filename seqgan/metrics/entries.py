"""From values, and what they are of, to entries of a report: with an interval that suits them, n/a where they are not
defined, and a note where their definition forces them.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from seqgan.errors import SeqganError
from seqgan.metrics.bleu import TOKENS_GIVEN, Score
from seqgan.metrics.diversity import Statistic, estimates
from seqgan.metrics.metric import METRICS
from seqgan.metrics.ngrams import Tokens
from seqgan.metrics.report import Entry, is_number
from seqgan.metrics.significance import (
    BLOCKS,
    SAME,
    Ends,
    Unanimous,
    all_same,
    block_sizes,
    bootstrap_interval,
    bootstrap_ratio_interval,
    jackknife_error,
    jackknife_interval,
    unanimous_interval,
    wilson_interval,
)
from seqgan.metrics.specification import SIGNATURE_END

SHARE = (0.0, 1.0)
"""Bounds of a share."""
UNBOUNDED = (-np.inf, np.inf)
"""Bounds of what has none."""
ALL_THE_SAME = (
    "all sentences give the same, so that none can be drawn or left out to any effect: the interval is Wilson's, for "
    "the share of others that may differ"
)
"""The note on an interval that is not that of the signature."""
MEAN_INTERVAL = "|interval:bootstrap 95%"
"""In a signature: sentences were drawn anew, what they are compared with held fixed."""
SHARE_INTERVAL = "|interval:wilson 95%"
"""In a signature: that of a share of independent sentences."""


class Texts(NamedTuple):
    """What a metric by name may look at."""

    samples: Sequence[Tokens]
    """What is judged."""
    references: Sequence[Tokens] | None = None
    """Held-out real sentences; None where there are none."""
    training: Sequence[Tokens] | None = None
    """The training sentences; None where they are not known."""


def references_of(texts: Texts, family: str) -> Sequence[Tokens]:
    """The references.

    Raises:
        SeqganError: there are none, and the metric compares with them; or its record says nothing of that.
    """
    if texts.references is None:
        if family in METRICS and not METRICS[family].reads_references:
            raise SeqganError(_forgotten(family, "references"))
        raise SeqganError(
            f"The metric {family!r} compares with held-out sentences, and there are none: give references, or leave "
            "it out."
        )
    return texts.references


def training_of(texts: Texts, family: str) -> Sequence[Tokens]:
    """The training sentences.

    Raises:
        SeqganError: they are not known, and the metric compares with them; or its record says nothing of that.
    """
    if texts.training is None:
        if family in METRICS and not METRICS[family].reads_training:
            raise SeqganError(_forgotten(family, "training"))
        raise SeqganError(
            f"The metric {family!r} compares with the training sentences, and they are not known: give them, or leave "
            "it out."
        )
    return texts.training


def _forgotten(family: str, need: str) -> str:
    texts = {"references": "the references", "training": "the training sentences"}[need]
    return f"The metric {family!r} reads {texts}, and its record does not need them: add {need!r} to its needs."


def set_interval(blocks: int) -> str:
    """In a signature: blocks of sentences were left out."""
    return f"|interval:jackknife 95% {blocks} blocks"


def entry_of(name: str, value: float, signature: str, ends: Ends | None = None, note: str = "") -> Entry:
    """An entry; what is no number is not defined, and has no interval. A note says where the interval is not that of
    the signature, since all sentences gave the same."""
    if not is_number(value):
        return Entry(name, None, signature, note=note)
    low, high = ends or (None, None)
    if isinstance(ends, Unanimous):
        note = note or ALL_THE_SAME
    return Entry(name, float(value), signature, low, high, note)


def longest_of(sentences: Sequence[Tokens]) -> int:
    """Tokens of the longest sentence, 0 where there is none."""
    return max(map(len, sentences), default=0)


def lacking(sentences: Sequence[Tokens], order: int, what: str = "sample") -> str:
    """That no sentence has so many tokens, in words, and hence no n-gram of that order; nothing where one has."""
    longest = longest_of(sentences)
    if longest >= order:
        return ""
    return f"no {what} has {'a token' if longest == 0 else f'{longest + 1} tokens'}"


def undefined(*reasons: str) -> str:
    """The note on a number that is not defined."""
    return f"not defined: {' and '.join(filter(None, reasons))}"


def forced(value: float, *reasons: str) -> str:
    """The note on a number that its definition forces, whatever the text says."""
    return f"{value:g} by definition: {' and '.join(filter(None, reasons))}"


def signature_of(what: str, texts: Texts, tokenization: str, interval: str = "") -> str:
    """The recipe of a number of the samples."""
    return f"{what}|hyps:{len(texts.samples)}{interval}|tok:{tokenization}|{SIGNATURE_END}"


def with_interval(signature: str, interval: str) -> str:
    """A recipe that says how the interval came about."""
    place = next((signature.index(part) for part in ("|tok:", "|spec:") if part in signature), len(signature))
    return signature[:place] + interval + signature[place:]


def orders_of(orders: range) -> str:
    """Orders, in a recipe."""
    return f"orders:{orders[0]}-{orders[-1]}"


def mean_ends(values: np.ndarray, bounds: Ends) -> Ends | None:
    """The interval of a mean over sentences."""
    if all_same(values):
        return unanimous_interval(float(values[0]), len(values), bounds)
    return bootstrap_interval(values)


def ratio_ends(numerators: np.ndarray, denominators: np.ndarray) -> Ends | None:
    """The interval of a ratio of sums over sentences, both at least 0; None where all sentences have the same."""
    alike = len(numerators) < 2 or (all_same(numerators) and all_same(denominators))
    return None if alike else bootstrap_ratio_interval(numerators, denominators)


def set_ends(row: np.ndarray, sentences: int, bounds: Ends) -> Ends | None:
    """The interval of a statistic of a set, from its value and those without each block. [1 + blocks]

    None where it is not defined without some block: a few sentences decide it.
    """
    if not np.isfinite(row).all():
        return None
    sizes = block_sizes(sentences, len(row) - 1)
    if jackknife_error(row[0], row[1:], sizes) <= SAME * max(1.0, abs(float(row[0]))):
        return unanimous_interval(float(row[0]), sentences, bounds)
    return jackknife_interval(row[0], row[1:], bounds, sizes)


def blocks_of(texts: Texts, intervals: bool) -> int:
    """Blocks of the samples that are left out in turn; 0 where there is to be no interval, or no second sentence."""
    return min(BLOCKS, len(texts.samples)) if intervals and len(texts.samples) > 1 else 0


def share_entry(name: str, holds: Sequence[bool] | np.ndarray, signature: str, *, intervals: bool = True) -> Entry:
    """The share of sentences of which something holds, with Wilson's interval.

    Args:
        name: of the number.
        holds: of each sentence.
        signature: of the number, with the tokens behind the place of the interval.
        intervals: add it.
    """
    count, right = len(holds), int(np.sum(holds))
    if count == 0:
        return Entry(name, None, signature, note=undefined("there is no sentence"))
    if not intervals:
        return Entry(name, right / count, signature)
    return entry_of(name, right / count, with_interval(signature, SHARE_INTERVAL), wilson_interval(right, count))


def mean_entries(
    name: str,
    values: np.ndarray,
    what: str,
    texts: Texts,
    tokenization: str,
    intervals: bool,
    bounds: Ends = SHARE,
) -> list[Entry]:
    """One entry: the mean of a value for each sample, with its bootstrap interval."""
    ends = mean_ends(values, bounds) if intervals else None
    signature = signature_of(what, texts, tokenization, MEAN_INTERVAL if intervals else "")
    value = float(values.mean())
    return [entry_of(name, value, signature, ends, all_empty(texts, value))]


def all_empty(texts: Texts, value: float) -> str:
    """A note where no sample has a token, so that nothing they say decides a number."""
    return "" if any(map(len, texts.samples)) else forced(value, "all samples are empty")


def statistic_entries(
    family: str,
    statistic: Statistic,
    what: str,
    texts: Texts,
    tokenization: str,
    intervals: bool,
    *,
    orders: range,
    bounds: Ends = SHARE,
    compared: bool = True,
    combine: Callable[[np.ndarray], np.ndarray] = np.asarray,
) -> list[Entry]:
    """Entries of a statistic of n-gram counts, one for each order.

    Args:
        family: what precedes the order in their names.
        statistic: of the counts of one order; what is no number where it is not defined.
        what: it is, for the signature.
        texts: as of the family.
        tokenization: as of the family.
        intervals: add the 95 % jackknife interval of each.
        orders: which.
        bounds: that it cannot pass.
        compared: with the references, and not of the samples alone.
        combine: the statistics of all orders from 1 to what is reported of each. [orders, any] -> [orders, any]
    """
    references = references_of(texts, family) if compared else None
    if references is not None:
        what = f"{what}|refs:all {len(references)}"
    blocks = blocks_of(texts, intervals)
    values = combine(estimates(statistic, texts.samples, references, orders[-1], blocks))
    signature = signature_of(what, texts, tokenization, set_interval(blocks) if blocks else "")
    entries = []
    for order in orders:
        row = values[order - 1]
        ends = set_ends(row, len(texts.samples), bounds) if blocks else None
        note = _statistic_note(float(row[0]), order, texts.samples, references)
        if blocks and not note and not np.isfinite(row[1:]).all():
            note = f"no interval: without some of the sentences, no other sample has {order} tokens"
        entries.append(entry_of(f"{family}-{order}", float(row[0]), signature, ends, note))
    return entries


def _statistic_note(value: float, order: int, samples: Sequence[Tokens], references: Sequence[Tokens] | None) -> str:
    lacks = [lacking(samples, order)]
    if references is not None:
        lacks.append(lacking(references, order, "reference"))
    if not is_number(value):
        return undefined(*lacks)
    if any(lacks):
        return forced(value, *lacks)
    if references is None and sum(max(0, len(tokens) - order + 1) for tokens in samples) == 1:
        return forced(value, f"the samples have a single {order}-gram")
    return ""


def score_entries(
    family: str,
    score: Score,
    tokenization: str,
    *,
    intervals: bool = False,
    hypotheses: Sequence[Tokens] | None = None,
    references: Sequence[Tokens] | None = None,
    names: tuple[str, str] = ("sample", "reference"),
) -> list[Entry]:
    """A score as entries of a report, one for each order.

    Args:
        family: what precedes the order in their names.
        score: of `bleu_against_corpus`, `self_bleu` or `corpus_bleu`.
        tokenization: what the tokens are, for the signature.
        intervals: add the 95 % bootstrap interval of each mean.
        hypotheses: what was scored: where none has an n-gram of an order, there is no precision of that order, and the
            number is not defined. Not looked at where they are not given.
        references: what it was scored against, of which a note speaks where they force the number.
        names: what a hypothesis and a reference are called in notes.

    Raises:
        SeqganError: intervals were asked for, and the score is no mean over sentences.
    """
    how = f"interval:bootstrap 95%|tok:{tokenization}" if intervals else f"tok:{tokenization}"
    signature = score.signature.replace(TOKENS_GIVEN, how)
    entries = []
    for (order, value), of_sentences in zip(score.values.items(), score.sentences, strict=True):
        if intervals and len(of_sentences) == 0:
            bootstrap_interval(of_sentences)  # says that there is nothing to resample
        ends = mean_ends(of_sentences, SHARE) if intervals else None
        value, note = bleu_note(value, order, hypotheses, references, names)
        note = note or ("" if is_number(value) else undefined(f"no hypothesis has {order} tokens"))
        entries.append(entry_of(f"{family}-{order}", value, signature, ends, note))
    return entries


def bleu_note(
    value: float,
    order: int,
    hypotheses: Sequence[Tokens] | None,
    references: Sequence[Tokens] | None = None,
    names: tuple[str, str] = ("sample", "reference"),
) -> tuple[float, str]:
    """A BLEU as it is to be reported: no number where no hypothesis has an n-gram of the order; and what smoothing did.

    Arguments as of `score_entries`.
    """
    if not hypotheses:
        return value, ""
    lacks = lacking(hypotheses, order, names[0])
    if lacks:
        return np.nan, undefined(lacks)
    no_match = lacking(references, order, names[1]) if references is not None else ""
    if no_match:
        return value, f"smoothing alone decides the precision of {order}-grams: {no_match}"
    short = sum(len(tokens) < order for tokens in hypotheses) / len(hypotheses)
    if short > 0.5:
        what = f"{short:.0%} of the {names[0]}s have fewer than {order} tokens"
        return value, f"mostly smoothing: {what}, and a precision of {order}-grams of 0.1 by definition"
    return value, ""
