"""Metrics by models: word vectors, feature models, and what is the same for equal texts."""

import random

import numpy as np
import pytest

from seqgan.data.tokenizers import Words
from seqgan.errors import ConfigError
from seqgan.evaluation.evaluate import chosen_families, judge_sentences
from seqgan.evaluation.features import check_features_name, own_features
from seqgan.evaluation.language_models import Budget
from seqgan.evaluation.trained import TRAINED_METRICS, Judges, Lines, spread
from seqgan.evaluation.word_vectors import SKIP_GRAM, _pairs, frequent_words, word_vectors
from seqgan.metrics import embedding_similarity, frechet_distance

RNG = random.Random(0)
SMALL = Budget(embedding_size=8, hidden_size=10, batch_size=16, epochs=1, max_length=12)
QUICK = SKIP_GRAM._replace(epochs=3, size=8)


def draw(count, words="a b c d e f"):
    return [" ".join(RNG.choice(words.split()) for _ in range(RNG.randrange(2, 8))) for _ in range(count)]


LINES, OTHERS, TRAINING = draw(60), draw(50, "c d e f g h"), draw(80)


def lines_of(samples, references, training=TRAINING):
    tokens = [[line.split() for line in text] for text in (samples, references)]
    return Lines(samples, references, *tokens, None if training is None else [t.split() for t in training], "words")


def test_equal_texts_give_the_control_values():
    judges = Judges(budget=SMALL)
    report = {
        entry.name: entry.value
        for family in ("frechet", "mauve", "emb-sim")
        for entry in TRAINED_METRICS[family](lines_of(LINES, LINES), judges, True)
    }
    assert report["frechet"] == pytest.approx(0, abs=1e-9)
    assert report["frechet-root"] == pytest.approx(0, abs=1e-4)
    assert report["mauve"] == pytest.approx(1)
    assert report["mauve-smoothed"] == pytest.approx(1)
    assert report["emb-sim"] == 0


@pytest.mark.slow(reason="trains judges")
def test_other_words_are_told():
    judges = Judges(budget=SMALL)
    values = []
    for samples in (draw(60), OTHERS):
        entries = [
            entry
            for family in ("lm-score", "emb-sim", "adversarial-success")
            for entry in TRAINED_METRICS[family](lines_of(samples, LINES), judges, True)
        ]
        values.append({entry.name: entry for entry in entries})
    alike, unlike = values
    assert alike["lm-score"].low < alike["lm-score"].value < alike["lm-score"].high
    assert alike["lm-score"].value < unlike["lm-score"].value
    assert alike["emb-sim"].value > unlike["emb-sim"].value
    assert alike["adversarial-success"].value > unlike["adversarial-success"].value


def test_a_model_of_real_text_is_trained_once():
    judges = Judges(budget=SMALL)
    first, name = judges.language_model(lines_of(LINES, OTHERS))
    assert judges.language_model(lines_of(OTHERS, LINES))[0] is first
    assert name == "training 80"
    other, name = judges.language_model(lines_of(LINES, OTHERS, None))
    assert other is not first
    assert name == "refs 50"


def test_features_of_ones_own():
    def letters(sentences):
        return np.array([[line.count(letter) for letter in "abcd"] for line in sentences], float)

    judges = Judges(own_features(letters, "letters"))
    (squared, root) = TRAINED_METRICS["frechet"](lines_of(LINES, OTHERS), judges, True)
    # As many of each.
    assert squared.value == pytest.approx(
        frechet_distance(letters(OTHERS), letters([LINES[place * 60 // 50] for place in range(50)]))
    )
    assert root.value == pytest.approx(squared.value**0.5)
    assert "refs:spread 50 of 50|features:letters, dim 4|hyps:50" in squared.signature


def test_equally_many_are_taken_from_all_of_a_text():
    assert spread("abcdef", 3) == ["a", "c", "e"]
    assert spread("abc", 3) == ["a", "b", "c"]


def test_the_reverse_score_of_unknown_training_text_stops_and_tests_by_halves():
    entry, std = TRAINED_METRICS["reverse-lm-score"](lines_of(LINES, OTHERS, None), Judges(budget=SMALL), True)
    assert "refs:25|stopped by every other of refs 50" in entry.signature
    assert std.name == "reverse-lm-score-std"
    assert std.value > 0


@pytest.mark.slow(reason="trains judges")
def test_intervals_are_left_out_where_they_are_not_wanted():
    judges = Judges(budget=SMALL)
    for family in TRAINED_METRICS.values():
        for entry in family(lines_of(LINES, OTHERS), judges, False):
            assert (entry.low, entry.high) == (None, None)
            assert "interval:" not in entry.signature


def test_judged_by_name_with_the_references_in_the_signature():
    judges = Judges(budget=SMALL)
    report = judge_sentences(LINES[:50], OTHERS, TRAINING, Words(), ("frechet", "chrf"), judges=judges)
    assert [entry.name for entry in report] == ["frechet", "frechet-root", "chrf"]
    assert all("|refs-id:" in entry.signature for entry in report)


def test_all_means_all_that_can_be_computed():
    everything = {"model": True, "references": True, "training": True, "grammar": True}
    assert {"nll", "mauve", "copied", "bleu"} <= set(chosen_families(["all"], **everything))
    without = chosen_families(["all"], **{**everything, "model": False, "training": False})
    assert not {"nll", "copied", "ngram-lm-score", "chrf"} & set(without)
    assert {"mauve", "lm-score", "bleu"} <= set(without)
    with pytest.raises(ConfigError, match="copied needs the training sentences"):
        chosen_families(["all", "copied"], **{**everything, "training": False})


def test_the_names_of_feature_models_are_checked():
    with pytest.raises(ConfigError, match=r"No feature model is called 'bert'\. Known: lm, lm-last, and sentence-tr"):
        check_features_name("bert")
    assert check_features_name("lm-last") is None


def test_pairs_are_those_of_a_plain_loop():
    encoded = [np.array([1, 2, 3, 4]), np.array([5]), np.array([6, 7])]
    expected = [
        (ids[i], ids[j]) for ids in encoded for i in range(len(ids)) for j in range(len(ids)) if 0 < abs(i - j) <= 2
    ]
    assert sorted(zip(*_pairs(encoded, 2), strict=True)) == sorted(expected)


def test_words_of_one_surrounding_get_similar_vectors():
    # x and y stand between a and b, z between c and d.
    sentences = [["a", RNG.choice("xy"), "b"] for _ in range(300)] + [["c", "z", "d"] for _ in range(300)]
    vectors = word_vectors(sentences, ["x", "y", "z", "nowhere"])
    x, y, z, nowhere = vectors / np.linalg.norm(vectors, axis=1, keepdims=True).clip(min=1e-12)
    assert x @ y > 0.8 > 0.4 > x @ z
    assert not nowhere.any()


def test_an_empty_sentence_has_no_part_in_the_vectors():
    sentences = [line.split() for line in LINES]
    words = frequent_words(sentences, 5)
    assert np.array_equal(
        word_vectors([*sentences, []], words, settings=QUICK), word_vectors(sentences, words, settings=QUICK)
    )


def test_vectors_depend_on_the_text_and_the_seed_alone():
    sentences = [line.split() for line in LINES]
    words = frequent_words(sentences, 5)
    first = word_vectors(sentences, words, settings=QUICK)
    assert np.array_equal(first, word_vectors(sentences[::-1], words, settings=QUICK))
    assert not np.array_equal(first, word_vectors(sentences, words, settings=QUICK, seed=1))
    assert embedding_similarity(first, word_vectors([["one"]], words)) < -10


def test_frequent_words_are_in_a_fixed_order():
    assert frequent_words([["b", "a"], ["c", "b"]], 2) == ["b", "a"]
