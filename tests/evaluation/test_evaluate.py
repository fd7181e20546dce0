"""Judging sentences by checks of one's own, and characters while training."""

import math

import pytest
import torch
from exact.listed import tiny_generator

from seqgan.data import load_corpus
from seqgan.data.batches import Sequences
from seqgan.data.corpus import Corpus
from seqgan.data.grammar import Grammar, load_grammar
from seqgan.data.text import encode_corpus
from seqgan.data.tokenizers import Characters, Words
from seqgan.evaluation.averaging import averaged_likelihood
from seqgan.evaluation.evaluate import (
    judge_real,
    judge_sentences,
    likelihood_entries,
    likelihood_of,
    logged,
    undefined_likelihood,
    watched_characters,
)
from seqgan.evaluation.likelihood import held_out_likelihood, sentence_likelihoods
from seqgan.metrics import js_divergence, wilson_interval
from seqgan.tensors.masking import mask_from_tokens


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


def letters(test=(), valid=("abcb", "bbbb", "cc")):
    training = [a + b + c for a in "abc" for b in "abc" for c in "abc"]
    return encode_corpus(Corpus("letters", training, list(valid), list(test), []), Characters())


def test_as_much_real_text_is_judged_as_there_are_samples():
    families = ("js", "copied")
    # Without a test split all real text but the references is training text, whose copies say nothing.
    by_name = {entry.name: entry for entry in judge_real(letters(), ["abcb", "bbbb", "cc"], 20, families)}
    assert set(by_name) == {f"js-{order}" for order in range(1, 5)}
    assert "|hyps:20|" in by_name["js-1"].signature
    # With one, the other held-out sentences come first, and copies are counted among them alone.
    text = letters(test=["aab", "cba"], valid=["abcb", "aaa"])
    by_name = {entry.name: entry for entry in judge_real(text, text.corpus.test, 20, families)}
    assert "|hyps:20|" in by_name["js-1"].signature
    assert "|hyps:2|" in by_name["copied"].signature
    assert by_name["copied"].value == 0.5
    by_name = {entry.name: entry for entry in judge_real(text, text.corpus.test, 1, families)}
    assert "|hyps:1|" in by_name["js-1"].signature
    assert by_name["js-4"].value is None  # of "abcb" alone against sentences of three letters
    # No more than there are.
    assert "|hyps:29|" in judge_real(text, text.corpus.test, 1000, ("js",))["js-1"].signature


def test_real_text_is_drawn_from_all_training_text_and_by_the_seed():
    text = letters()
    # The first nine of 27 sentences begin with a: were they taken, no other n-gram would be first.
    entropies = {judge_real(text, ["a"], 9, ("entropy",), seed)["entropy-1"].value for seed in (0, 0, 1, 2)}
    assert len(entropies) > 1
    assert list(judge_real(text, ["a"], 9, ("js",), 3)) == list(judge_real(text, ["a"], 9, ("js",), 3))


def test_character_ngrams_are_of_what_a_model_can_make():
    samples, references = ["abc", "abcb"], ["abcab", "ca"]

    def values(lines, others, **options):
        report = judge_sentences(lines, others, None, Characters(), ("js", "in-test", "bleu"), **options)
        return {entry.name: entry for entry in report}

    cut, by_hand = values(samples, references, max_length=3), values(["abc", "abc"], ["abc", "ca"])
    for name in ("js-1", "js-2", "js-3", "in-test-2"):
        assert cut[name].value == by_hand[name].value
        assert cut[name].signature.split("|refs-id")[0].endswith("|both cut:3 tokens")
    assert cut["bleu-2"] == values(samples, references)["bleu-2"]  # of whole sentences, whatever the model


def test_unknown_tokens_are_in_neither_sum_of_the_likelihood():
    # Five symbols, all equally likely: each token that is scored costs log 5, whatever is left out beside it. Known are
    # 3, 1 and 2 tokens with their ends, unknown (1) are 1, 2 and 0.
    tokens = torch.tensor([[2, 1, 3, 0], [1, 1, 0, 0], [4, 0, 0, 0]])
    sequences = Sequences(tokens, mask_from_tokens(tokens, 0))
    generator = tiny_generator(5)
    with torch.no_grad():
        generator.output_weight.zero_()
        generator.output_bias.zero_()
    rng = torch.Generator()
    for found in (
        held_out_likelihood(generator, sequences, 1),
        likelihood_of(generator, sequences, 1)[0],
        averaged_likelihood(generator, sequences, 1, rng=rng, draws=3, state_noise=1.0),
    ):
        assert (found.tokens, found.unknown, found.sentences) == (6, 3, 3)
        assert found.log_prob == pytest.approx(-6 * math.log(5))
        assert found.nll_per_token == pytest.approx(math.log(5))
        assert found.perplexity == pytest.approx(5)
    log_probs, counts = sentence_likelihoods(generator, sequences, 1)
    assert counts.tolist() == [3, 1, 2]
    assert log_probs.tolist() == pytest.approx([-count * math.log(5) for count in (3, 1, 2)])
    assert held_out_likelihood(generator, sequences, None)[1:] == (9, 0, 3)


def test_the_reported_likelihood_leaves_unknown_tokens_out():
    text = encode_corpus(Corpus("letters", ["a b", "b a"], ["a b"], [], []), Words())
    generator = tiny_generator(len(text.vocabulary))
    with torch.no_grad():
        generator.output_weight.zero_()
        generator.output_bias.zero_()
    nll, perplexity = likelihood_entries(generator, text, ["a z", "z"])
    # The end, the unknown symbol, a and b; scored are a and two ends, left out twice z.
    assert nll.value == pytest.approx(math.log(4))
    assert perplexity.value == pytest.approx(4)
    assert "|tokens:3|unknown:left out 2|" in nll.signature


def test_what_a_grammar_makes_is_a_share_of_all_sentences():
    grammar = Grammar("S -> 'a' 'b' [0.75] | 'a' [0.25]")
    report = judge_sentences(["a b", "b a", "a", "a b"], None, None, Words(), ("grammatical",), grammar)
    assert report["grammatical"].value == 3 / 4
    # Of those that parse: five tokens with the probabilities 3/4, 1/4 and 3/4 a sentence.
    assert report["grammar-log-prob"].value == pytest.approx((2 * math.log(0.75) + math.log(0.25)) / 5)


def test_checks_and_the_grammar_have_wilsons_interval():
    text = load_corpus("captions")
    samples = [*text.train[:30], *["no sentence of this grammar"] * 10]
    report = judge_sentences(
        samples,
        None,
        None,
        Words(),
        ("grammatical",),
        load_grammar("captions"),
        checks={"long": lambda line: len(line) > 1000},
    )
    grammatical, check = report["grammatical"], report["long"]
    assert (grammatical.value, grammatical.low, grammatical.high) == (0.75, *wilson_interval(30, 40))
    assert (check.low, check.high) == wilson_interval(0, 40)
    for entry in (grammatical, check):
        assert "|interval:wilson 95%" in entry.signature
    bare = judge_sentences(samples, None, None, Words(), ("grammatical",), load_grammar("captions"), intervals=False)
    assert bare["grammatical"].low is None
    none = judge_sentences(["no", "such"], None, None, Words(), ("grammatical",), load_grammar("captions"))
    assert (none["grammar-log-prob"].value, none["grammar-log-prob"].note) == (None, "not defined: no sample parses")


def test_signatures_say_which_texts_and_how_much_of_them_is_unknown():
    def signatures(references, training):
        report = judge_sentences(["a b", "b a"], references, training, Words(), ("bleu", "reverse-ngram-lm-score"))
        return [report[name].signature for name in ("bleu-2", "reverse-ngram-lm-score")]

    training = ["a b", "b a", "a c"]  # c stands once: it is read as unknown
    plain, by_model = signatures(["a b", "c b"], training)
    assert "refs-unknown" not in plain
    assert "|unknown:scored, 25.00% of refs|" in by_model
    assert "|training-id:" in by_model
    # Other words behind the unknown symbol: the share is another, or the training text is.
    assert signatures(["a b", "c c"], training)[1] != by_model
    assert signatures(["a b", "c b"], [*training, "c c"])[1] != by_model
    replaced, _ = signatures(["a <unk>", "<unk> b"], training)
    assert replaced.endswith("|refs-unknown:50.00%")


def test_what_is_not_defined_is_left_out_of_a_log():
    report = judge_sentences(["a", "b"], ["a b"], None, Words(), ("bleu", "distinct"), intervals=False)
    assert report["bleu-2"].value is None
    assert logged(report, ("bleu-2", "distinct-1", "distinct-2")) == {"eval/distinct-1": 1.0}


def test_a_likelihood_of_no_known_token_is_not_defined():
    nll, perplexity = undefined_likelihood("nll|how")
    assert (nll.value, perplexity.value) == (None, None)
    assert "no token of the text is in the vocabulary" in nll.note
