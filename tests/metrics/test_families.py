"""What must hold for every metric in the dict."""

import math
import random

import pytest

from seqgan import __version__
from seqgan.errors import SeqganError
from seqgan.metrics import (
    METRICS,
    Report,
    Texts,
    bleu_against_corpus,
    bootstrap_interval,
    corpus_bleu,
    longest_copied,
    score_entries,
)

RNG = random.Random(0)
SENTENCES = [[RNG.choice("abcd") for _ in range(RNG.randrange(9))] for _ in range(60)]
OTHERS = [[RNG.choice("bcde") for _ in range(RNG.randrange(9))] for _ in range(40)]
TEXTS = Texts(SENTENCES, OTHERS, SENTENCES[:5])


@pytest.mark.parametrize("family", sorted(METRICS))
def test_every_metric_names_its_numbers_and_their_recipe(family):
    entries = METRICS[family](TEXTS, "characters")
    assert entries
    for entry in entries:
        assert entry.name == family or entry.name.startswith(f"{family}-")
        assert math.isfinite(entry.value)
        for part in ("hyps:", "tok:characters", f"seqgan {__version__}"):
            assert part in entry.signature
        assert "tok:given" not in entry.signature


@pytest.mark.parametrize("family", sorted(METRICS))
def test_the_order_of_sentences_changes_nothing(family):
    shuffled = Texts(*(RNG.sample(sentences, len(sentences)) for sentences in TEXTS))
    for entry, again in zip(METRICS[family](TEXTS, "words"), METRICS[family](shuffled, "words"), strict=True):
        assert again.value == pytest.approx(entry.value)
        assert (again.name, again.signature) == (entry.name, entry.signature)


@pytest.mark.parametrize("family", sorted(METRICS))
def test_one_empty_sentence_beside_another_is_judged(family):
    for entry in METRICS[family](Texts([[], ["a"]], [[]], [[]]), "words"):
        assert math.isfinite(entry.value)


@pytest.mark.parametrize("family", sorted(METRICS))
def test_no_samples_are_refused(family):
    with pytest.raises(SeqganError, match=r"The number of .* is 0, but at least"):
        METRICS[family](Texts([], OTHERS, SENTENCES), "words")


def test_all_together_make_a_report():
    report = Report(entry for family in METRICS.values() for entry in family(TEXTS, "words"))
    names = [entry.name for entry in report]
    expected = {
        "bleu": [2, 3, 4, 5],
        "self-bleu": [2, 3, 4, 5],
        "backward-bleu": [2, 3, 4, 5],
        "distinct": [1, 2, 3, 4],
        "entropy": [1, 2, 3, 4],
        "unique": [],
        "copied": [],
        "longest-copied": [],
        "length": ["mean", "std", "min", "median", "max"],
        "js": [1, 2, 3, 4],
        "in-test": [1, 2, 3, 4],
        "ms-jaccard": [2, 3, 4, 5],
    }
    assert names == [
        f"{family}-{part}" if part else family for family, parts in expected.items() for part in parts or [""]
    ]


@pytest.mark.parametrize(
    ("family", "lacking"),
    [
        ("bleu", "held-out sentences"),
        ("backward-bleu", "held-out sentences"),
        ("js", "held-out sentences"),
        ("in-test", "held-out sentences"),
        ("ms-jaccard", "held-out sentences"),
        ("copied", "training sentences"),
        ("longest-copied", "training sentences"),
    ],
)
def test_a_metric_without_its_texts_says_what_is_missing(family, lacking):
    with pytest.raises(SeqganError, match=f"The metric '{family}' compares with (the )?{lacking}.*leave it out"):
        METRICS[family](Texts(SENTENCES, None, None), "words")


def test_numbers_are_those_of_the_functions():
    score = bleu_against_corpus(SENTENCES, OTHERS)
    entries = METRICS["bleu"](TEXTS, "words")
    assert {int(entry.name[-1]): entry.value for entry in entries} == score.values
    assert METRICS["longest-copied"](TEXTS, "words")[0].value == longest_copied(SENTENCES, SENTENCES[:5]).mean()


def test_a_score_becomes_entries_with_intervals_where_they_are_asked_for():
    score = bleu_against_corpus(SENTENCES, OTHERS)
    plain, with_ends = (score_entries("bleu", score, "words", intervals=intervals) for intervals in (False, True))
    assert [entry.value for entry in plain] == [entry.value for entry in with_ends] == list(score.values.values())
    assert (plain[0].low, plain[0].high) == (None, None)
    assert (with_ends[1].low, with_ends[1].high) == bootstrap_interval(score.sentences[1])
    assert "|interval:bootstrap 95%|tok:words|" in with_ends[0].signature
    assert "interval" not in plain[0].signature


def test_an_aligned_score_becomes_entries_and_has_no_intervals():
    score = corpus_bleu([["a", "b"]], [["a", "b"]], max_order=2)
    assert [(entry.name, entry.value) for entry in score_entries("corpus-bleu", score, "words")] == [
        ("corpus-bleu-2", pytest.approx(1.0))
    ]
    with pytest.raises(SeqganError, match="A corpus BLEU has no values per sentence"):
        score_entries("corpus-bleu", score, "words", intervals=True)


def test_backward_bleu_has_samples_as_references():
    entries = METRICS["backward-bleu"](TEXTS, "words")
    assert {int(entry.name[-1]): entry.value for entry in entries} == bleu_against_corpus(OTHERS, SENTENCES).values
    assert entries[0].signature.startswith("backward-bleu|refs are samples|refs:all 60|hyps:40|")


def test_signatures_of_words_and_of_numbers_of_sentences():
    signature = METRICS["bleu"](TEXTS, "words")[0].signature
    assert signature == (
        f"bleu|refs:all 40|hyps:60|orders:2-5|weights:uniform|smooth:method1|bp:closest|tok:words|seqgan {__version__}"
    )
    for family in ("js", "ms-jaccard"):
        assert "refs:all 40|hyps:60" in METRICS[family](TEXTS, "words")[0].signature
        assert "smooth:none|orders:1-" in METRICS[family](TEXTS, "words")[0].signature
    for family in ("copied", "longest-copied"):
        assert "training:5|hyps:60" in METRICS[family](TEXTS, "words")[0].signature
