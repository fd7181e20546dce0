"""What is not defined is n/a with a note, alike in all metrics; and so is said what a definition forces."""

import json
import math

import pytest

from seqgan.metrics import (
    METRICS,
    Entry,
    Report,
    Texts,
    bleu_of_counts,
    corpus_bleu,
    count_bleu,
    score_entries,
    table,
)
from seqgan.metrics.entries import ALL_THE_SAME
from seqgan.metrics.report import notes

SINGLE = [["yes"], ["no"], ["maybe"], ["yes"]]
LONG = [["a", "b", "c", "d", "e", "f"], ["b", "c", "d", "e", "f", "a"], ["c", "a", "d", "b", "f"]]
OF_ORDERS = ("bleu", "self-bleu", "backward-bleu", "bleu-f1", "distinct", "entropy", "js", "in-test", "ms-jaccard")


def entries(family, *texts):
    return {entry.name: entry for entry in METRICS[family](Texts(*texts), "words")}


@pytest.mark.parametrize("family", OF_ORDERS)
def test_no_line_with_two_words_leaves_orders_from_two_on_without_a_value(family):
    found = entries(family, SINGLE, SINGLE, SINGLE)
    higher = {name: entry for name, entry in found.items() if not name.endswith("-1")}
    assert len(higher) >= 3
    for entry in higher.values():
        assert (entry.value, entry.low, entry.high) == (None, None, None)
        assert entry.note.startswith("not defined: no ")
        assert "has 2 tokens" in entry.note
    assert all(entry.value is not None for name, entry in found.items() if name.endswith("-1"))


@pytest.mark.parametrize("family", ["ngram-lm-score", "reverse-ngram-lm-score"])
def test_lines_of_single_words_are_no_matter_of_n_grams(family):
    assert entries(family, SINGLE, SINGLE, SINGLE)[family].value is None
    assert entries(family, LONG, LONG, LONG)[family].value is not None


@pytest.mark.parametrize(
    ("family", "value", "note"),
    [
        # One side alone has bigrams. Frequencies of nothing are none; a share of none of them is none as well.
        ("js-2", None, "not defined: no sample has 2 tokens"),
        ("in-test-2", None, "not defined: no sample has 2 tokens"),
        ("distinct-2", None, "not defined: no sample has 2 tokens"),
        ("bleu-2", None, "not defined: no sample has 2 tokens"),
        # Two texts of which one has none have none in common: that is so whatever they say.
        ("ms-jaccard-2", 0.0, "0 by definition: no sample has 2 tokens"),
    ],
)
def test_where_the_samples_alone_are_too_short(family, value, note):
    entry = entries(family[:-2], SINGLE, LONG, LONG)[family]
    assert (entry.value, entry.note) == (value, note)


@pytest.mark.parametrize(
    ("name", "value", "note"),
    [
        ("js-2", None, "not defined: no reference has 2 tokens"),
        ("in-test-2", 0.0, "0 by definition: no reference has 2 tokens"),
        ("backward-bleu-2", None, "not defined: no reference has 2 tokens"),
        ("bleu-f1-2", None, "not defined: no reference has 2 tokens"),
        ("js-padded-2", None, "not defined: no reference has 2 tokens"),
    ],
)
def test_where_the_references_alone_are_too_short(name, value, note):
    entry = entries(name[:-2], LONG, SINGLE, LONG)[name]
    assert (entry.value, entry.note) == (value, note)
    assert "smoothing alone" in entries("bleu", LONG, SINGLE)["bleu-2"].note


def test_a_single_n_gram_is_all_distinct_whatever_it_is():
    found = entries("distinct", [["a", "b", "c"], ["a"], ["b", "c"]])
    assert (found["distinct-3"].value, found["distinct-3"].note) == (
        1.0,
        "1 by definition: the samples have a single 3-gram",
    )
    assert found["distinct-2"].note == ""
    assert entries("entropy", [["a", "b", "c"], ["a"]])["entropy-3"].note.startswith("0 by definition")


def test_few_sentences_that_decide_a_number_leave_it_without_an_interval():
    found = entries("distinct", [["a", "b"], ["a"], ["b"], ["c"]])
    assert found["distinct-2"].value == 1.0
    assert found["distinct-2"].low is None
    wide = entries("entropy", [["a", "b", "c"], ["a"], ["b"], ["c"]])["entropy-2"]
    assert (wide.value, wide.low) == (pytest.approx(math.log(2)), None)
    assert wide.note == "no interval: without some of the sentences, no other sample has 2 tokens"


def test_empty_samples_decide_by_definition():
    texts = ([[], []], LONG, LONG)
    for family in ("copied", "longest-copied", "nearest-training", "novelty", "diversity"):
        assert entries(family, *texts)[family].note.endswith("by definition: all samples are empty")


def test_sentences_that_are_mostly_too_short_are_said():
    found = entries("bleu", [["a", "b", "c"], ["a"], ["b"]], LONG)
    assert found["bleu-3"].value is not None
    assert found["bleu-3"].note.startswith("mostly smoothing: 67% of the samples have fewer than 3 tokens")
    assert "smoothing" not in entries("bleu", LONG, LONG)["bleu-3"].note


def test_null_goes_to_json_and_back_and_old_reports_are_read():
    report = Report([Entry("js-2", None, "how", note="not defined: no sample has 2 tokens"), Entry("nll", 2.0, "so")])
    content = report.to_json()
    assert content["js-2"] == {"value": None, "signature": "how", "note": "not defined: no sample has 2 tokens"}
    assert "note" not in content["nll"]
    assert list(Report.from_json(json.loads(json.dumps(content)))) == list(report)
    # What is not finite is no JSON.
    assert Report([Entry("perplexity", math.inf, "so")]).to_json()["perplexity"]["value"] is None
    assert Report.from_json({"nll": {"value": 2.0, "signature": "so"}})["nll"] == Entry("nll", 2.0, "so")


def test_the_table_says_what_is_missing_and_why():
    note = "not defined: no sample has 2 tokens"
    a = Report([Entry("js-2", None, "how", note=note), Entry("js-3", None, "how", note=note)])
    b = Report([Entry("js-2", 0.5, "how"), Entry("js-3", 0.25, "how")])
    lines = table({"a": a, "b": b}).split("\n")
    assert lines[1].split() == ["js-2", "↓", "n/a", "0.5000", "1"]
    assert lines[-2:] == ["", f"js-2, js-3 of a: {note}."]
    assert notes({"b": b}) == []


def test_the_bleu_of_a_translation_has_no_orders_that_no_hypothesis_has():
    score = corpus_bleu([["a", "b"], ["c"]], [["a", "b"], ["c"]], max_order=4)
    assert score.values[2] == pytest.approx(1.0)
    assert math.isnan(score.values[3])
    of_sums = bleu_of_counts(count_bleu([["a", "b"], ["c"]], [["a", "b"], ["c"]], 4))
    assert of_sums.values == pytest.approx(score.values, nan_ok=True)
    of_order_3 = score_entries("corpus-bleu", score, "words")[1]
    assert (of_order_3.value, of_order_3.note) == (None, "not defined: no hypothesis has 3 tokens")


def test_an_interval_of_sentences_that_all_give_the_same_says_whose_it_is():
    same = [["a", "b", "c", "d"]] * 10
    for family in ("bleu", "self-bleu", "diversity"):
        known = [entry for entry in entries(family, same, same, same).values() if entry.value is not None]
        assert known
        for entry in known:
            assert entry.low is not None
            assert "bootstrap 95%" in entry.signature or "jackknife 95%" in entry.signature
            assert entry.note == ALL_THE_SAME
    assert "bleu-4 of x: all sentences give the same" in "\n".join(
        notes({"x": Report(e for e in entries("bleu", same, same).values() if e.name == "bleu-4")})
    )
    assert entries("bleu", [LONG[0], *same], same)["bleu-2"].note == ""
