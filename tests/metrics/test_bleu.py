"""BLEU of both text-GAN kinds against NLTK, sentence by sentence, and numbers worked out by hand."""

import math
import os
import random
from pathlib import Path

import numpy as np
import pytest
from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu

from seqgan import __version__
from seqgan.errors import SeqganError
from seqgan.metrics import bleu_against_corpus, corpus_bleu, prepare_references, self_bleu

CORPORA = Path(os.environ.get("SEQGAN_CORPORA", Path(__file__).parents[3] / "shared" / "corpora"))
METHOD1 = SmoothingFunction().method1


def nltk_scores(hypothesis, references):
    weights = [(1 / order,) * order for order in range(2, 6)]
    return sentence_bleu(references, hypothesis, weights, smoothing_function=METHOD1)


def random_sentences(rng, count):
    """Empty, short, repeated and ordinary ones."""
    sentences = [[rng.choice("abcdef") for _ in range(rng.choice([0, 1, 2, 3, 4, 7, 12]))] for _ in range(count)]
    return [*sentences, list(sentences[0]), list(sentences[-1])]


def assert_equal_to_nltk(hypotheses, references):
    scores = bleu_against_corpus(hypotheses, references).sentences
    self_scores = self_bleu(hypotheses).sentences
    for i, hypothesis in enumerate(hypotheses):
        np.testing.assert_allclose(scores[:, i], nltk_scores(hypothesis, references), atol=1e-12, rtol=0)
        others = hypotheses[:i] + hypotheses[i + 1 :]
        np.testing.assert_allclose(self_scores[:, i], nltk_scores(hypothesis, others), atol=1e-12, rtol=0)


@pytest.mark.parametrize("seed", range(12))
def test_both_kinds_equal_nltk_on_random_sentences(seed):
    rng = random.Random(seed)
    hypotheses = [*random_sentences(rng, 10), ["unseen", "a"], ["unseen"], []]
    assert_equal_to_nltk(hypotheses, random_sentences(rng, rng.choice([1, 2, 9])))


def test_both_kinds_equal_nltk_on_real_captions():
    folder = CORPORA / "image_coco"
    if not folder.is_dir():
        pytest.skip(f"no corpora at {CORPORA}; set SEQGAN_CORPORA to their folder")
    hypotheses = [line.split() for line in (folder / "train.txt").read_text(encoding="utf-8").split("\n")[:60]]
    references = [line.split() for line in (folder / "test.txt").read_text(encoding="utf-8").split("\n")[:150]]
    assert_equal_to_nltk(hypotheses, references)


def test_both_kinds_equal_nltk_where_references_are_short_or_empty():
    hypotheses = [["a", "b", "a"], ["a"], [], ["a", "b"]]
    for references in ([[]], [["a"]], [[], ["b"]], [["z", "y"]], [["a"], ["a", "b"]]):
        assert_equal_to_nltk(hypotheses, references)
    for sentences in ([[], []], [["a"], ["a"]], [["a"], []], [["a"], ["b", "a", "c", "d", "e", "f"]]):
        assert_equal_to_nltk(sentences, sentences)


def test_both_kinds_equal_nltk_where_every_length_is_another():
    # The closest length of another sentence then is never the sentence's own, and often two are equally close.
    rng = random.Random(5)
    sentences = [[rng.choice("ab") for _ in range(length)] for length in (0, 2, 3, 5, 7, 9, 14)]
    assert_equal_to_nltk(sentences, sentences[::2])


def test_scores_worked_out_by_hand():
    # a b c against {a b d, b c}: unigrams 3 of 3, bigrams 2 of 2, and the closest length is its own.
    score = bleu_against_corpus([["a", "b", "c"]], [["a", "b", "d"], ["b", "c"]], max_order=3)
    assert score.values[2] == pytest.approx(1.0)
    # Its one trigram is not found: 0.1 in place of 0.
    assert score.values[3] == pytest.approx(0.1 ** (1 / 3))


def test_short_hypotheses_pay_for_their_brevity():
    # Two of two unigrams, one of one bigram, length 2 against 4: exp(1 - 4/2).
    score = bleu_against_corpus([["a", "b"]], [["a", "b", "c", "d"]], max_order=2)
    assert score.values[2] == pytest.approx(math.exp(-1))


def test_counts_are_clipped_by_the_greatest_count_in_one_reference():
    # a a a against {a, a a}: unigrams 2 of 3, bigrams 1 of 2.
    score = bleu_against_corpus([["a"] * 3], [["a"], ["a"] * 2], max_order=2)
    assert score.values[2] == pytest.approx(math.sqrt(2 / 3 * 1 / 2))


def test_a_sentence_is_not_its_own_reference():
    assert self_bleu([["a", "b", "c"], ["x", "y", "z"]]).values[2] == 0.0


def test_copies_of_one_sentence_have_self_bleu_one():
    assert self_bleu([["a", "b", "c", "d", "e"]] * 4).values == pytest.approx({2: 1.0, 3: 1.0, 4: 1.0, 5: 1.0})


def test_the_order_of_sentences_changes_nothing():
    rng = random.Random(2)
    sentences = random_sentences(rng, 20)
    shuffled = rng.sample(sentences, len(sentences))
    assert self_bleu(shuffled).values == pytest.approx(self_bleu(sentences).values)
    references = random_sentences(rng, 20)
    assert bleu_against_corpus(shuffled, references[::-1]).values == pytest.approx(
        bleu_against_corpus(sentences, references).values
    )


def test_prepared_references_serve_many_calls():
    rng = random.Random(3)
    references = random_sentences(rng, 20)
    prepared = prepare_references(references)
    for _ in range(3):
        hypotheses = random_sentences(rng, 5)
        expected = bleu_against_corpus(hypotheses, references)
        np.testing.assert_array_equal(bleu_against_corpus(hypotheses, prepared).sentences, expected.sentences)
    # Lower orders are those of the higher ones: nothing depends on the greatest.
    lower = bleu_against_corpus(hypotheses, prepared, max_order=3)
    np.testing.assert_array_equal(lower.sentences, expected.sentences[:2])
    with pytest.raises(
        SeqganError, match=r"prepared up to order 5, not 6: call prepare_references\(..., max_order=6\)"
    ):
        bleu_against_corpus(hypotheses, prepared, max_order=6)


def test_ids_serve_as_tokens():
    assert bleu_against_corpus([[5, 6, 7]], [[5, 6, 7]]).values[2] == pytest.approx(1.0)


def test_the_mean_is_that_of_the_sentences():
    rng = random.Random(6)
    score = self_bleu(random_sentences(rng, 9), max_order=4)
    assert score.sentences.shape == (3, 11)
    assert list(score.values) == [2, 3, 4]
    np.testing.assert_allclose(list(score.values.values()), score.sentences.mean(axis=1))


def test_the_signature_names_the_recipe():
    signature = bleu_against_corpus([["a"]] * 3, [["a"]] * 2).signature
    parts = ("bleu|", "refs:all 2", "hyps:3", "orders:2-5", "weights:uniform", "smooth:method1", "bp:closest")
    for part in (*parts, "tok:given", f"seqgan {__version__}"):
        assert part in signature
    assert "orders:2-3" in bleu_against_corpus([["a"]], [["a"]], max_order=3).signature
    assert "refs:others 2|hyps:3" in self_bleu([["a"]] * 3).signature
    assert "BLEU-2" in str(self_bleu([["a"]] * 3))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: bleu_against_corpus(["a b"], [["a"]]), r"hypotheses\[0\] is the string 'a b'.*sentence.split\(\)"),
        (lambda: bleu_against_corpus([["a"]], ["a b"]), r"references\[0\] is the string 'a b'"),
        (lambda: bleu_against_corpus([], [["a"]]), "The number of hypotheses is 0, but at least 1"),
        (lambda: bleu_against_corpus([["a"]], []), "The number of references is 0, but at least 1"),
        (lambda: self_bleu([["a"]]), "The number of sentences is 1, but at least 2"),
        (lambda: self_bleu(["a b", "c"]), r"sentences\[0\] is the string 'a b'"),
        (lambda: self_bleu([["a"]] * 2, max_order=1), "The order is 1, .* give 2 or more"),
        (lambda: bleu_against_corpus([["a"]], [["a"]], max_order=0), "The order is 0"),
        (lambda: corpus_bleu([["a"]], []), "There are 1 hypotheses and 0 references.*use bleu_against_corpus"),
        (lambda: corpus_bleu(["a"], [["a"]]), r"hypotheses\[0\] is the string"),
    ],
)
def test_misuse_is_said_with_the_mend(call, message):
    with pytest.raises(SeqganError, match=message):
        call()


def test_corpus_bleu_is_that_of_a_second_implementation():
    from nltk.translate.bleu_score import corpus_bleu as nltk_corpus_bleu

    rng = random.Random(4)
    references = [[rng.choice("abc") for _ in range(9)] for _ in range(30)]
    hypotheses = [[rng.choice([token, "a"]) for token in reference[: rng.choice([7, 9])]] for reference in references]
    score = corpus_bleu(hypotheses, references)
    for order in (2, 3, 4):
        expected = nltk_corpus_bleu([[reference] for reference in references], hypotheses, (1 / order,) * order)
        assert score.values[order] == pytest.approx(expected)
    assert "tok:none" in score.signature
    for part in ("refs:aligned 30", "hyps:30", "orders:2-4", "sacrebleu", "smooth:none", "tok:given", "seqgan 0."):
        assert part in score.signature
    assert score.sentences.shape == (3, 0)


def test_corpus_bleu_takes_tokens_as_they_are():
    # Blanks among characters, and tokens that print alike, would be lost in lines of text.
    assert corpus_bleu([["a", " ", "b"]], [["a", " ", "b"]], max_order=3).values[3] == pytest.approx(1.0)
    assert corpus_bleu([[1, 2, 3]], [["1", "2", "3"]], max_order=2).values[2] == 0.0
    # Three of three unigrams, two of two bigrams; 3 tokens against 4 cost exp(1 - 4/3).
    score = corpus_bleu([["a", "b", "c"], []], [["a", "b", "c", "d"], []], max_order=2)
    assert score.values[2] == pytest.approx(math.exp(-1 / 3))
