"""Statistics of parts, merged, against those of the whole text: equal, not nearly."""

import random

import numpy as np
import pytest

from seqgan.errors import SeqganError
from seqgan.metrics import (
    bleu_against_corpus,
    bleu_of_counts,
    corpus_bleu,
    count_bleu,
    count_ngrams,
    diversity,
    merge_bleu,
    merge_ngrams,
    merge_references,
    merge_scores,
    prepare_references,
    statistic_of_ngrams,
)


def text(seed, sentences=60, words=12):
    """Sentences of 0 to 9 words, so that some have no n-gram of an order."""
    rng = random.Random(seed)
    return [[f"w{rng.randrange(words)}" for _ in range(rng.randrange(10))] for _ in range(sentences)]


def shards(sentences, cuts=(0, 1, 20, 20, 47)):
    """Parts of unequal size, one of them empty."""
    return [sentences[start:stop] for start, stop in zip(cuts, (*cuts[1:], len(sentences)), strict=True)]


def same(one, other):
    assert one.vocabulary == other.vocabulary
    assert list(one.vocabulary) == list(other.vocabulary)
    assert one.sentences == other.sentences
    for (keys, counts), (other_keys, other_counts) in zip(one.tables, other.tables, strict=True):
        assert keys.tolist() == other_keys.tolist()
        assert counts.tolist() == other_counts.tolist()


def test_counts_against_a_dictionary():
    sentences = [["a", "b", "a", "b"], ["b", "a"], []]
    counted = count_ngrams(sentences, 3)
    # a: 3, b: 3; a b: 2, b a: 2; a b a: 1, b a b: 1.
    assert [counts.tolist() for _, counts in counted.tables] == [[3, 3], [2, 2], [1, 1]]
    assert counted.sentences == 3


@pytest.mark.parametrize("seed", range(3))
def test_merged_counts_are_those_of_the_whole(seed):
    sentences = text(seed)
    same(merge_ngrams([count_ngrams(part, 5) for part in shards(sentences)]), count_ngrams(sentences, 5))


@pytest.mark.parametrize("seed", range(3))
def test_merged_references_are_those_of_the_whole_and_score_alike(seed):
    references, hypotheses = text(seed), text(seed + 10, 30, 14)
    merged = merge_references([prepare_references(part) for part in shards(references) if part])
    whole = prepare_references(references)
    same(merged, whole)
    assert merged.lengths.tolist() == whole.lengths.tolist()
    one, other = bleu_against_corpus(hypotheses, merged), bleu_against_corpus(hypotheses, whole)
    assert one.values == other.values
    assert one.signature == other.signature


def test_scores_of_parts_of_the_hypotheses():
    references, hypotheses = prepare_references(text(1)), text(2)
    whole = bleu_against_corpus(hypotheses, references)
    merged = merge_scores([bleu_against_corpus(part, references) for part in shards(hypotheses) if part])
    assert merged.values == whole.values
    assert merged.signature == whole.signature
    other = bleu_against_corpus(hypotheses, text(3, 61))
    with pytest.raises(SeqganError, match="not of one kind"):
        merge_scores([whole, other])


@pytest.mark.parametrize("name", ["distinct", "entropy", "js", "in_test", "jaccard"])
def test_statistics_of_merged_counts_are_those_of_the_sentences(name):
    statistic = getattr(diversity, f"{name}_of_counts")
    ours, theirs = text(4), text(5, 45, 15)
    parts = [merge_ngrams([count_ngrams(part, 4) for part in shards(sentences)]) for sentences in (ours, theirs)]
    expected = diversity.estimates(statistic, ours, theirs, 4)[:, 0]
    assert statistic_of_ngrams(statistic, *parts).tolist() == expected.tolist()
    if name in ("distinct", "entropy"):
        alone = diversity.estimates(statistic, ours, None, 4)[:, 0]
        assert statistic_of_ngrams(statistic, parts[0]).tolist() == alone.tolist()


def test_translation_bleu_of_summed_counts():
    references = text(6)
    hypotheses = [[token if number % 4 else "x" for number, token in enumerate(tokens)] for tokens in references]
    whole = corpus_bleu(hypotheses, references)
    counted = merge_bleu([count_bleu(*pair) for pair in zip(shards(hypotheses), shards(references), strict=True)])
    assert counted == count_bleu(hypotheses, references)
    assert bleu_of_counts(counted).values == whole.values
    # "a b" against "a a": one a of one possible match, and no bigram.
    assert count_bleu([["a", "b"]], [["a", "a"]], 2) == ([1, 0], [2, 1], 2, 2, 1)


def test_parts_that_do_not_go_together():
    with pytest.raises(SeqganError, match="no parts to merge"):
        merge_ngrams([])
    with pytest.raises(SeqganError, match="orders 2, 3"):
        merge_ngrams([count_ngrams([["a"]], 2), count_ngrams([["a"]], 3)])
    assert np.array_equal(merge_ngrams([count_ngrams([], 2)]).tables[0][0], [])
