import math
import random
from collections import Counter

import pytest

from seqgan.errors import SeqganError
from seqgan.metrics import (
    METRICS,
    Entry,
    Report,
    Texts,
    copied_share,
    distinct,
    js_divergence,
    length_statistics,
    nll_per_token,
    perplexity,
    report_from_json,
    table,
    unique_share,
)

RNG = random.Random(0)
SENTENCES = [[RNG.choice("abcd") for _ in range(RNG.randrange(9))] for _ in range(60)]
OTHERS = [[RNG.choice("bcde") for _ in range(RNG.randrange(9))] for _ in range(40)]


def counted(sentences, order):
    return Counter(tuple(s[i : i + order]) for s in sentences for i in range(len(s) - order + 1))


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_distinct_equals_the_plain_count(order):
    counts = counted(SENTENCES, order)
    assert distinct(SENTENCES, order) == len(counts) / counts.total()


def test_distinct_by_hand():
    assert distinct([["a", "b", "a"], ["a", "b"]], 1) == 2 / 5
    assert distinct([["a", "b", "a"], ["a", "b"]], 2) == 2 / 3  # ab, ba, ab
    assert distinct([["a"]], 2) == 0.0


@pytest.mark.parametrize("order", [1, 2, 3])
def test_js_divergence_equals_the_plain_sums(order):
    p, q = counted(SENTENCES, order), counted(OTHERS, order)
    divergence = 0.0
    for gram in p.keys() | q.keys():
        a, b = p[gram] / p.total(), q[gram] / q.total()
        middle = (a + b) / 2
        divergence += sum(x * math.log2(x / middle) / 2 for x in (a, b) if x)
    assert js_divergence(SENTENCES, OTHERS, order) == pytest.approx(divergence)


def test_js_divergence_of_equal_and_of_disjoint_texts():
    assert js_divergence([["a", "b"]], [["b", "a"]], 1) == 0.0
    assert js_divergence([["a"]], [["b"]], 1) == 1.0


def test_shares_and_lengths():
    sentences = [["a"], ["a"], ["b", "c"], ["d", "e", "f", "g"]]
    assert unique_share(sentences) == 3 / 4
    assert copied_share(sentences, [["a"], ["c", "b"]]) == 2 / 4
    lengths = length_statistics(sentences)
    assert lengths == (2.0, pytest.approx(math.sqrt(1.5)), 1, 1.5, 4)


def test_likelihood_from_sums():
    assert nll_per_token(-6.0, 4) == 1.5
    assert perplexity(-6.0, 4) == pytest.approx(math.exp(1.5))
    assert perplexity(-1e6, 1) == math.inf
    with pytest.raises(SeqganError, match="0 tokens"):
        nll_per_token(0.0, 0)


@pytest.mark.parametrize("name", sorted(METRICS))
def test_every_metric_names_its_numbers_and_their_recipe(name):
    entries = METRICS[name](Texts(SENTENCES, OTHERS, SENTENCES[:5]), "characters")
    assert entries
    for entry in entries:
        assert entry.name == name or entry.name.startswith(f"{name}-")
        assert math.isfinite(entry.value)
        for part in ("hyps:", "tok:characters", "seqgan 0."):
            assert part in entry.signature


@pytest.mark.parametrize("name", ["bleu", "backward-bleu", "js", "copied"])
def test_a_metric_without_its_texts_says_what_is_missing(name):
    with pytest.raises(SeqganError, match=r"held-out sentences|training sentences"):
        METRICS[name](Texts(SENTENCES, None, None), "words")


def test_a_report_goes_to_json_and_back():
    report = Report([Entry("bleu-2", 0.5, "how"), Entry("nll", 2.0, "so")])
    content = report.to_json()
    assert content == {"bleu-2": {"value": 0.5, "signature": "how"}, "nll": {"value": 2.0, "signature": "so"}}
    assert list(report_from_json(content)) == list(report)


def test_the_table_shows_every_number_with_its_recipe():
    a = Report([Entry("bleu-2", 0.5, "recipe A"), Entry("copied", 0.1, "recipe B")])
    b = Report([Entry("nll", 2.0, "recipe C"), Entry("bleu-2", 0.25, "recipe A")])
    lines = table({"one": a, "two": b}).split("\n")
    assert lines[0].split() == ["one", "two", "recipe"]
    rows = {line.split()[0]: line.split()[1:] for line in lines[1:4]}
    assert rows["bleu-2"] == ["↑", "0.5000", "0.2500", "1"]
    assert rows["copied"][:2] == ["↓", "0.1000"]
    for recipe in ("recipe A", "recipe B", "recipe C"):
        assert sum(recipe in line for line in lines) == 1
