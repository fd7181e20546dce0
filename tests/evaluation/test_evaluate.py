"""Judging sentences by checks of one's own, and characters while training."""

import pytest

from seqgan.data.corpus import Corpus
from seqgan.data.text import encode_corpus
from seqgan.data.tokenizers import Characters, Words
from seqgan.evaluation.evaluate import judge_sentences, watched_characters
from seqgan.metrics import js_divergence


def test_checks_are_shares_by_name():
    checks = {"short": lambda line: len(line) < 4, "has-a": lambda line: "a" in line}
    report = judge_sentences(["a", "bb", "cccc", "aaaa"], None, None, Words(), ("unique",), checks=checks)
    values = {entry.name: entry.value for entry in report}
    assert values["short"] == 0.5
    assert values["has-a"] == 0.5
    (entry,) = [entry for entry in report if entry.name == "short"]
    assert "share for which short holds|hyps:4" in entry.signature


def test_characters_are_watched_against_the_training_text():
    text = encode_corpus(Corpus("letters", ["abab", "bcbc", "caca"], ["abcb", "bbbb"], [], []), Characters())
    values = watched_characters(["abcc", "aaaa"], text)
    assert set(values) == {f"eval/js-{order}" for order in range(1, 5)}
    training = [list(line) for line in text.corpus.train]
    for order in range(1, 5):
        expected = js_divergence([list("abcc"), list("aaaa")], training, order)
        assert values[f"eval/js-{order}"] == pytest.approx(expected)
    assert watched_characters(text.corpus.train, text)["eval/js-4"] == 0
