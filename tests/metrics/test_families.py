"""What must hold for every metric in the dict."""

import math
import random

import pytest

from seqgan import __version__
from seqgan.errors import SeqganError
from seqgan.metrics import (
    METRICS,
    SPECIFICATION,
    Report,
    Texts,
    bleu_against_corpus,
    bootstrap_interval,
    corpus_bleu,
    fit_ngram_model,
    longest_copied,
    ngram_log_probs,
    score_entries,
    wilson_interval,
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
        for part in ("hyps:", "tok:characters", f"spec:{SPECIFICATION}|seqgan {__version__}"):
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
        assert math.isfinite(entry.value) if entry.value is not None else entry.note.startswith("not defined: no ")


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
        "bleu-f1": [2, 3, 4, 5],
        "distinct": [1, 2, 3, 4],
        "entropy": [1, 2, 3, 4],
        "unique": [],
        "copied": [],
        "longest-copied": [],
        "nearest-training": [],
        "novelty": [],
        "diversity": [],
        "length": ["mean", "std", "min", "median", "max"],
        "js": [1, 2, 3, 4],
        "js-padded": [1, 2, 3, 4],
        "in-test": [1, 2, 3, 4],
        "ms-jaccard": [2, 3, 4, 5],
        "ngram-lm-score": [],
        "reverse-ngram-lm-score": [],
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
        ("js-padded", "held-out sentences"),
        ("in-test", "held-out sentences"),
        ("ms-jaccard", "held-out sentences"),
        ("copied", "training sentences"),
        ("longest-copied", "training sentences"),
        ("bleu-f1", "held-out sentences"),
        ("nearest-training", "training sentences"),
        ("novelty", "training sentences"),
        ("ngram-lm-score", "training sentences"),
        ("reverse-ngram-lm-score", "training sentences"),
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


def test_bleu_f1_is_the_harmonic_mean():
    forward, backward = bleu_against_corpus(SENTENCES, OTHERS).values, bleu_against_corpus(OTHERS, SENTENCES).values
    for entry in METRICS["bleu-f1"](TEXTS, "words"):
        order = int(entry.name[-1])
        assert entry.value == pytest.approx(2 / (1 / forward[order] + 1 / backward[order]))
        assert entry.low < entry.value < entry.high


def test_shares_have_wilsons_interval_also_at_their_ends():
    training = [["never", "said"]]
    (none,) = METRICS["copied"](Texts(SENTENCES[:1] * 1000, None, training), "words")
    assert (none.value, none.low) == (0.0, 0.0)
    assert none.high == pytest.approx(3.8415 / 1003.8415, abs=1e-5)  # not 0: [0, 0.0038]
    assert "|interval:wilson 95%|" in none.signature
    samples = [["never", "said"]] * 3 + [["other"]] * 7
    (some,) = METRICS["copied"](Texts(samples, None, training), "words")
    assert (some.low, some.high) == wilson_interval(3, 10)


def test_no_repeat_among_few_is_no_proof_that_there_is_none():
    (entry,) = METRICS["unique"](Texts([[str(number)] for number in range(60)]), "words")
    assert entry.high == 1.0
    assert entry.low == pytest.approx(60 / (60 + 3.8415), abs=1e-5)
    (copies,) = METRICS["unique"](Texts([["a"]] * 30 + [[str(number)] for number in range(30)]), "words")
    assert copies.low < 31 / 60 < copies.high


@pytest.mark.parametrize("family", sorted(METRICS))
def test_no_interval_is_a_point(family):
    same = Texts([["a", "b", "c", "d", "e"]] * 40, [["a", "b", "c", "d", "e"]] * 30, [["a", "b", "c", "d", "e"]] * 20)
    for entry in METRICS[family](same, "words"):
        assert entry.low is None or entry.high - entry.low > 0.001, entry.name


WITHOUT_INTERVAL = {"length-std", "length-min", "length-median", "length-max"}
"""Order statistics and a spread: neither a mean nor smooth in the counts."""


@pytest.mark.parametrize("family", sorted(METRICS))
def test_intervals_hold_the_value_and_are_said(family):
    for entry, bare in zip(
        METRICS[family](TEXTS, "words"), METRICS[family](TEXTS, "words", intervals=False), strict=True
    ):
        assert (bare.name, bare.value) == (entry.name, entry.value)
        assert "interval:" not in bare.signature
        assert (bare.low, bare.high) == (None, None)
        if entry.name in WITHOUT_INTERVAL:
            assert (entry.low, entry.high) == (None, None)
        else:
            assert entry.low <= entry.value <= entry.high
            assert "|interval:" in entry.signature


def test_equal_texts_give_the_control_values():
    same = Texts(SENTENCES, SENTENCES, SENTENCES)
    values = {entry.name: entry.value for family in METRICS.values() for entry in family(same, "words")}
    for name, expected in {"js-3": 0, "ms-jaccard-4": 1, "in-test-2": 1, "novelty": 0, "nearest-training": 0}.items():
        assert values[name] == pytest.approx(expected, abs=1e-12)
    assert values["copied"] == 1
    assert values["longest-copied"] == values["length-mean"]


def test_backward_bleu_has_samples_as_references():
    entries = METRICS["backward-bleu"](TEXTS, "words")
    assert {int(entry.name[-1]): entry.value for entry in entries} == bleu_against_corpus(OTHERS, SENTENCES).values
    assert entries[0].signature.startswith("backward-bleu|refs are samples|refs:all 60|hyps:40|")


def test_signatures_of_words_and_of_numbers_of_sentences():
    signature = METRICS["bleu"](TEXTS, "words")[0].signature
    assert signature == (
        "bleu|refs:all 40|hyps:60|orders:2-5|weights:uniform|smooth:method1|bp:closest|interval:bootstrap 95%|tok:words"
        f"|spec:{SPECIFICATION}|seqgan {__version__}"
    )
    for family in ("js", "js-padded", "ms-jaccard"):
        signature = METRICS[family](TEXTS, "words")[0].signature
        assert "refs:all 40|" in signature
        assert "|hyps:60|" in signature
        assert "smooth:none|orders:1-" in METRICS[family](TEXTS, "words")[0].signature
    for family in ("copied", "longest-copied"):
        assert "training:5|hyps:60" in METRICS[family](TEXTS, "words")[0].signature


def test_padding_is_counted_as_text_where_it_is_asked_for():
    texts = Texts([["a", "b", "c", "d"], ["b"]], [["a", "b"], ["b", "b"], ["a"]])
    # Cut and filled up to two tokens: a b, b _ against a b, b b, a _; singly a b b _ against a a b b b _.
    by_name = {entry.name: entry for entry in METRICS["js-padded"](texts, "characters")}
    p, q = {"a": 1 / 4, "b": 2 / 4, "_": 1 / 4}, {"a": 2 / 6, "b": 3 / 6, "_": 1 / 6}
    middle = {symbol: (p[symbol] + q[symbol]) / 2 for symbol in p}
    divergence = sum(x[s] * math.log2(x[s] / middle[s]) / 2 for x in (p, q) for s in p)
    assert by_name["js-padded-1"].value == pytest.approx(divergence)
    # Pairs: ab, b_ against ab, bb, a_. Only ab is shared, 1/2 against 1/3.
    middle_ab = (1 / 2 + 1 / 3) / 2
    pairs = (1 / 2 * math.log2(1 / 2 / middle_ab) + 1 / 2 + 1 / 3 * math.log2(1 / 3 / middle_ab) + 2 / 3) / 2
    assert by_name["js-padded-2"].value == pytest.approx(pairs)
    assert "|padded and cut:2 tokens" in by_name["js-padded-1"].signature
    assert "|padding:none|" in METRICS["js"](texts, "characters")[0].signature


def test_the_words_of_the_reverse_model_are_those_of_the_training_text():
    # By its own vocabulary a system of one word would be asked for nothing but that word and the unknown one.
    training, references, samples = [["a", "b", "c"]] * 2, [["b", "c"], ["a"]], [["a"]] * 3
    (entry,) = METRICS["reverse-ngram-lm-score"](Texts(samples, references, training), "words")
    model = fit_ngram_model(samples, {"a": 2, "b": 3, "c": 4}, 5)
    log_probs, tokens = ngram_log_probs(model, references)
    assert tokens.tolist() == [3, 2]
    assert entry.value == pytest.approx(-log_probs.sum() / 5)
    assert "|vocabulary:5 of training|" in entry.signature
