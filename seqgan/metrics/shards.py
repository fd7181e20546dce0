"""Statistics of the parts of a text, added up to exactly what the whole text has: integers, not means of means.

A part is counted where it is, by a process or a machine of its own, and the counts travel. Token numbers differ from
part to part; merging renumbers them in the order in which the parts are given, so that what comes out is, number for
number, what one reading of all parts in that order gives.
"""

import math
from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np

from seqgan.errors import SeqganError
from seqgan.metrics.bleu import References, Score, score_of_sentences
from seqgan.metrics.diversity import Statistic
from seqgan.metrics.ngrams import (
    Ints,
    Tokens,
    all_runs,
    at_tokens,
    by_ngram,
    check_order,
    check_sentences,
    count_runs,
    distinct_keys,
    extend_keys,
    flatten,
    number_tokens,
)
from seqgan.metrics.specification import SIGNATURE_END

Table = tuple[Ints, Ints]
"""Keys of the n-grams of one order, ascending, and a count of each."""


class NgramCounts(NamedTuple):
    """How often each n-gram stands in some sentences."""

    vocabulary: dict[Hashable, int]
    """A number for each token."""
    tables: list[Table]
    """For each order: keys of the n-grams, ascending, and how often each stands there."""
    sentences: int
    """How many sentences were counted."""


class BleuCounts(NamedTuple):
    """What the BLEU of a translation is made of."""

    matches: list[int]
    """Of each order: n-grams of the hypotheses that stand in their references, each at most as often as there."""
    possible: list[int]
    """Of each order: n-grams of the hypotheses."""
    hypothesis_length: int
    """Tokens of all hypotheses."""
    reference_length: int
    """Tokens of all references."""
    sentences: int
    """How many hypotheses were counted."""


def count_ngrams(sentences: Sequence[Tokens], max_order: int) -> NgramCounts:
    """The n-grams of orders 1 to `max_order`.

    Raises:
        SeqganError: strings in place of token lists, or an order below 1.
    """
    check_sentences(sentences, least=0)
    check_order(max_order)
    vocabulary = number_tokens(sentences)
    flat = flatten(sentences, vocabulary)
    previous = np.zeros(len(flat.tokens), np.int64)
    tables: list[Table] = []
    for order in range(1, max_order + 1):
        starts, keys = extend_keys(previous, flat, order, len(vocabulary))
        numbers, runs = count_runs(keys, starts, flat)
        counts = np.add.reduceat(runs.counts, by_ngram(runs)) if len(starts) else runs.counts
        tables.append((distinct_keys(keys, numbers), counts))
        previous = at_tokens(numbers, starts, flat)
    return NgramCounts(vocabulary, tables, len(sentences))


def merge_ngrams(parts: Sequence[NgramCounts]) -> NgramCounts:
    """The counts of all parts together: those of `count_ngrams` of their sentences one behind the other.

    Raises:
        SeqganError: no parts, or of different orders.
    """
    _check_parts([len(part.tables) for part in parts])
    vocabulary, tables, _ = _merged([(part.vocabulary, part.tables) for part in parts], np.add)
    return NgramCounts(vocabulary, tables, sum(part.sentences for part in parts))


def merge_references(parts: Sequence[References]) -> References:
    """One reference set of several: that of `prepare_references` of their sentences one behind the other.

    Raises:
        SeqganError: no parts, or prepared up to different orders.
    """
    _check_parts([len(part.tables) for part in parts])
    vocabulary, tables, _ = _merged([(part.vocabulary, part.tables) for part in parts], np.maximum)
    lengths = np.unique(np.concatenate([part.lengths for part in parts]))
    return References(vocabulary, tables, lengths, sum(part.sentences for part in parts))


def merge_scores(parts: Sequence[Score]) -> Score:
    """The score of all sentences: of parts of the hypotheses, each judged by `bleu_against_corpus` with all references.

    Raises:
        SeqganError: no parts, or scores of different kinds.
    """
    recipes = {"|".join(part for part in score.signature.split("|") if not part.startswith("hyps:")) for score in parts}
    if len(recipes) != 1 or not next(iter(recipes)).startswith("bleu|refs:all"):
        raise SeqganError(
            "The scores to merge are not of one kind: expected those of bleu_against_corpus with the same references "
            f"and orders, but their signatures say {'; '.join(sorted(recipes)) or 'nothing: there are none'}."
        )
    sentences = np.concatenate([score.sentences for score in parts], axis=1)
    references = next(part for part in parts[0].signature.split("|") if part.startswith("refs:"))
    return score_of_sentences(sentences, f"bleu|{references}|hyps:{sentences.shape[1]}")


def statistic_of_ngrams(statistic: Statistic, ours: NgramCounts, theirs: NgramCounts | None = None) -> np.ndarray:
    """A statistic of counted texts, for each order, equal to `diversity.estimates` of their sentences. [orders]

    Args:
        statistic: one of `diversity`, as `js_of_counts` or `distinct_of_counts`.
        ours: of what is judged.
        theirs: of what it is compared with; None where the statistic looks at the first alone.

    Raises:
        SeqganError: of different orders.
    """
    texts = [ours] if theirs is None else [ours, theirs]
    _check_parts([len(text.tables) for text in texts])
    _, merged, places = _merged([(text.vocabulary, text.tables) for text in texts], np.add)
    ratio = ours.sentences / max(1, theirs.sentences if theirs is not None else 0)
    values = []
    for order, (keys, _) in enumerate(merged):
        counts = np.zeros((2, len(keys)))
        for which, text in enumerate(texts):
            counts[which, places[order][which]] = text.tables[order][1]
        values.append(statistic(counts[0], counts[1], ratio))
    return np.array(values)


def count_bleu(hypotheses: Sequence[Tokens], references: Sequence[Tokens], max_order: int = 4) -> BleuCounts:
    """What `corpus_bleu` sums over a corpus.

    Args:
        hypotheses: token lists.
        references: token lists, the reference of each hypothesis in the same place.
        max_order: greatest order.

    Raises:
        SeqganError: unequal numbers of both, strings in place of token lists, or an order below 1.
    """
    check_sentences(hypotheses, "hypotheses", least=0)
    check_sentences(references, "references", least=0)
    check_order(max_order)
    if len(hypotheses) != len(references):
        raise SeqganError(
            f"There are {len(hypotheses)} hypotheses and {len(references)} references: an aligned BLEU takes one each."
        )
    count = len(hypotheses)
    flat, runs_by_order = all_runs([*hypotheses, *references], max_order)
    matches, possible = [], []
    for runs in runs_by_order:
        # The same n-gram in hypothesis i and in reference i: the lesser count of the two.
        pair = runs.ngram * max(1, count) + runs.sentence % max(1, count)
        ours = runs.sentence < count
        _, in_ours, in_theirs = np.intersect1d(pair[ours], pair[~ours], assume_unique=True, return_indices=True)
        matches.append(int(np.minimum(runs.counts[ours][in_ours], runs.counts[~ours][in_theirs]).sum()))
        possible.append(int(runs.counts[ours].sum()))
    return BleuCounts(matches, possible, int(flat.lengths[:count].sum()), int(flat.lengths[count:].sum()), count)


def merge_bleu(parts: Sequence[BleuCounts]) -> BleuCounts:
    """The sums of all parts.

    Raises:
        SeqganError: no parts, or of different orders.
    """
    _check_parts([len(part.matches) for part in parts])
    return BleuCounts(
        [sum(numbers) for numbers in zip(*(part.matches for part in parts), strict=True)],
        [sum(numbers) for numbers in zip(*(part.possible for part in parts), strict=True)],
        sum(part.hypothesis_length for part in parts),
        sum(part.reference_length for part in parts),
        sum(part.sentences for part in parts),
    )


def bleu_of_counts(counts: BleuCounts) -> Score:
    """The BLEU that `corpus_bleu` gives, from its sums, for orders 2 to the greatest that was counted."""
    from sacrebleu.metrics import BLEU

    values = {}
    for order in range(2, len(counts.matches) + 1):
        score = BLEU.compute_bleu(
            counts.matches[:order],
            counts.possible[:order],
            counts.hypothesis_length,
            counts.reference_length,
            smooth_method="none",
            effective_order=False,
            max_ngram_order=order,
        )
        values[order] = score.score / 100 if counts.possible[order - 1] else math.nan
    orders = f"orders:2-{len(counts.matches)}"
    what = f"corpus-bleu|refs:aligned {counts.sentences}|hyps:{counts.sentences}|{orders}|of sums"
    return Score(values, f"{what}|{SIGNATURE_END}", np.empty((len(values), 0)))


def _check_parts(orders: Sequence[int]) -> None:
    if not orders:
        raise SeqganError("There are no parts to merge: give one at least.")
    if len(set(orders)) > 1:
        raise SeqganError(
            f"The parts were counted up to the orders {', '.join(map(str, orders))}: count all up to the same one."
        )


def _merged(
    parts: Sequence[tuple[dict[Hashable, int], list[Table]]], combine: np.ufunc
) -> tuple[dict[Hashable, int], list[Table], list[list[Ints]]]:
    """Tables with token numbers of their own, as one.

    Args:
        parts: vocabulary and tables of each.
        combine: the counts of an n-gram that several have.

    Returns:
        The vocabulary and tables of all, and for each order and part the places of its n-grams in the table of all.
    """
    distinct = dict.fromkeys(token for own, _ in parts for token in own)
    vocabulary = {token: number for number, token in enumerate(distinct)}
    tokens = [np.array([vocabulary[token] for token in own], np.int64) for own, _ in parts]
    before = [np.zeros(1, np.int64) for _ in parts]  # all unigrams continue the one empty n-gram
    tables: list[Table] = []
    places: list[list[Ints]] = []
    for order in range(len(parts[0][1])):
        keys = []
        for (own, part_tables), new, shorter in zip(parts, tokens, before, strict=True):
            number, last = np.divmod(part_tables[order][0], max(1, len(own)))
            keys.append(shorter[number] * len(vocabulary) + new[last])
        merged, place = np.unique(np.concatenate(keys), return_inverse=True)
        counts = np.zeros(len(merged), np.int64)
        combine.at(counts, place, np.concatenate([part_tables[order][1] for _, part_tables in parts]))
        before = np.split(place, np.cumsum([len(own) for own in keys])[:-1])
        tables.append((merged, counts))
        places.append(before)
    return vocabulary, tables, places
