"""Kneser-Ney against NLTK's, against probabilities worked out by hand, and as a distribution."""

import itertools
import math
import random

import numpy as np
import pytest
from nltk.lm import KneserNeyInterpolated
from nltk.lm.preprocessing import padded_everygram_pipeline

from seqgan.errors import SeqganError
from seqgan.metrics import METRICS, Texts, fit_ngram_model, ngram_log_probs, ngram_vocabulary
from seqgan.metrics.ngram_model import fit_spelling, spelling_log_probs, unknown_share

RNG = random.Random(0)
TRAINING = [[RNG.choice("aaabbcd") for _ in range(RNG.randrange(1, 8))] for _ in range(40)]
OTHERS = [[RNG.choice("abcd") for _ in range(RNG.randrange(8))] for _ in range(20)]


@pytest.mark.parametrize("order", [2, 3, 4])
def test_probabilities_equal_nltk(order):
    def ngrams(tokens):
        """Those that end at a token or at the end, with starts before: what is predicted, and no other."""
        padded = ["<s>"] * (order - 1) + tokens + ["</s>"]
        return [
            tuple(padded[last - n + 1 : last + 1])
            for last in range(order - 1, len(padded))
            for n in range(1, order + 1)
        ]

    theirs = KneserNeyInterpolated(order, discount=0.3)
    theirs.fit([ngrams(tokens) for tokens in TRAINING], vocabulary_text=["<s>", *"abcd", "</s>"])
    # NLTK discounts nothing at order 1.
    model = fit_ngram_model(TRAINING, ngram_vocabulary(TRAINING, 1), order, discounts=[0.0] + [0.3] * (order - 1))
    log_probs, lengths = ngram_log_probs(model, OTHERS)
    for tokens, log_prob, length in zip(OTHERS, log_probs, lengths, strict=True):
        padded = ["<s>"] * (order - 1) + tokens + ["</s>"]
        expected = 0.0
        for last in range(order - 1, len(padded)):
            context = tuple(padded[last - order + 1 : last])
            # Where NLTK's never saw a context it divides by 0: it is to begin with one that it knows.
            while context and not theirs.counts[context].N():
                context = context[1:]
            expected += math.log(score(theirs, padded[last], context))
        assert log_prob == pytest.approx(expected)
        assert length == len(tokens) + 1


@pytest.mark.parametrize(("order", "equal"), [(2, True), (3, False), (4, False)])
def test_nltks_own_pipeline_predicts_its_padding_too(order, equal):
    theirs = KneserNeyInterpolated(order, discount=0.3)
    theirs.fit(*padded_everygram_pipeline(order, TRAINING))
    model = fit_ngram_model(TRAINING, ngram_vocabulary(TRAINING, 1), order, discounts=[0.0] + [0.3] * (order - 1))
    apart = []
    for tokens, log_prob in zip(OTHERS, ngram_log_probs(model, OTHERS)[0], strict=True):
        padded = ["<s>"] * (order - 1) + tokens + ["</s>"]
        contexts = [tuple(padded[last - order + 1 : last]) for last in range(order - 1, len(padded))]
        if all(theirs.counts[context].N() for context in contexts if context):
            found = sum(math.log(score(theirs, padded[order - 1 + at], each)) for at, each in enumerate(contexts))
            apart.append(abs(found - log_prob) / len(contexts))
    assert len(apart) >= 5
    assert max(apart) < 1e-9 if equal else max(apart) > 0.01


def score(model, word, context):
    """NLTK's own recursion, which counts the contexts of lesser orders by what continues them."""
    estimator = model.estimator
    if not context:
        return estimator.unigram_score(word)
    alpha, gamma = estimator.alpha_gamma(word, context)
    return alpha + gamma * score(model, word, context[1:])


def test_bigrams_by_hand():
    # "a b" and "a a", each with its end. Bigrams: sa 2, ab 1, aa 1, b. 1, a. 1. Distinct tokens before a: s and a;
    # before b: a; before the end: b and a; in all 5. Discounts 1/2 at either order; four symbols: a, b, end, unknown.
    model = fit_ngram_model([["a", "b"], ["a", "a"]], {"a": 2, "b": 3}, 2, discounts=[0.5, 0.5])
    first = {"a": 1.5 / 5 + 0.5 * 3 / 5 / 4, "b": 0.5 / 5 + 0.075, "end": 1.5 / 5 + 0.075}
    after_start = {"b": 0.5 * 1 / 2 * first["b"]}
    after_a = {"a": 0.5 / 3 + 0.5 * 3 / 3 * first["a"]}
    # (b, b): after the start; after b, which the end followed once: nothing left but what was discounted.
    b_after_b = 0.5 * 1 / 1 * first["b"]
    end_after_b = 0.5 / 1 + 0.5 * first["end"]
    log_probs, lengths = ngram_log_probs(model, [["b", "b"]])
    assert math.exp(log_probs[0]) == pytest.approx(after_start["b"] * b_after_b * end_after_b)
    assert lengths.tolist() == [3]
    a_after_start = 1.5 / 2 + 0.5 * 1 / 2 * first["a"]
    log_probs, _ = ngram_log_probs(model, [["a", "a", "a"]])
    end_after_a = 0.5 / 3 + 0.5 * first["end"]
    assert math.exp(log_probs[0]) == pytest.approx(a_after_start * after_a["a"] ** 2 * end_after_a)


@pytest.mark.parametrize("order", [1, 2, 5])
def test_the_probabilities_of_what_can_come_next_sum_to_one(order):
    model = fit_ngram_model(TRAINING, order=order)
    for prefix in ([], ["a"], ["d", "d", "d", "d", "b"], ["unheard"], ["a", "unheard", "b"]):
        total = 0.0
        before = cumulative(model, prefix)
        for token in [*"abcd", "unheard-of"]:
            total += math.exp(cumulative(model, [*prefix, token]) - before)
        total += math.exp(ngram_log_probs(model, [prefix])[0][0] - before)
        assert total == pytest.approx(1.0)


def cumulative(model, prefix):
    """Log-probability of a beginning."""
    return sum(conditional(model, prefix[: end + 1]) for end in range(len(prefix)))


def conditional(model, tokens):
    """Log-probability of the last token after those before it, from the model's own tables by a plain walk."""
    numbers = [model.vocabulary.get(token, 1) for token in tokens]
    padded = [model.symbols] * (model.order - 1) + numbers
    probability = 1 / model.symbols
    width = model.symbols + 1
    number = context = 0
    for n in range(1, model.order + 1):
        keys, counts = model.ngrams[n - 1]
        context_keys, totals, followers = model.contexts[n - 1]
        before = padded[-n]
        number = find(keys, None if number is None else number * width + before)
        if n > 1:
            context = find(context_keys, None if context is None else context * width + before)
        if context is None:
            break
        count = 0 if number is None else counts[number]
        discount = model.discounts[n - 1]
        probability = (max(count - discount, 0) + discount * followers[context] * probability) / totals[context]
    return math.log(probability)


def find(keys, key):
    places = [place for place, known in enumerate(keys.tolist()) if known == key]
    return places[0] if places else None


def test_rare_tokens_are_left_to_the_unknown_symbol():
    assert ngram_vocabulary([["a", "b"], ["a", "c", "c"]]) == {"a": 2, "c": 3}
    model = fit_ngram_model([["a", "b"], ["a", "c", "c"]])
    same, _ = ngram_log_probs(model, [["a", "b"], ["a", "never"]])
    assert same[0] == same[1]
    assert math.isfinite(same[0])


def test_spellings_are_a_distribution_over_all_words():
    # Known is "the"; of the rare words ab, ba, b the letters are spelt by trigrams of characters.
    spelling = fit_spelling([["the", "ab"], ["the", "ba", "b"]], {"the": 2})
    letters = "abthe?"  # those of all words, and one that is unknown
    total = 0.0
    for length in range(7):
        words = ["".join(word) for word in itertools.product(letters, repeat=length)]
        # Many words: one word a sentence, none of them known.
        total += float(np.exp(spelling_log_probs(spelling, [[word] for word in words if word != "the"])).sum())
    assert 0.97 < total <= 1 + 1e-9
    by_hand = ngram_log_probs(spelling.model, [["a", "b"], ["b"]])[0]
    found = spelling_log_probs(spelling, [["the", "ab", "b"], ["the"], []])
    assert found == pytest.approx([by_hand.sum(), 0, 0])
    # With no rare word there is still something to spell by.
    assert spelling_log_probs(fit_spelling([["a", "a"]], {"a": 2}), [["a"], ["zz"]])[1] < math.log(0.1)


@pytest.mark.parametrize("sentence", [["zq", "xv", "qq"], ["z"] * 3, ["zq"] * 3])
def test_non_words_are_no_likelier_than_text(sentence):
    rng = random.Random(1)
    words = [f"{a}{b}" for a in "kmpt" for b in "aeiou"] * 5 + [f"{a}o{b}i" for a in "kmpt" for b in "kmpt"]
    text = [[rng.choice(words) for _ in range(rng.randrange(3, 9))] for _ in range(600)]
    scores = [
        METRICS["ngram-lm-score"](Texts(samples, None, text[:300]), "words")[0].value
        for samples in (text[300:], [sentence] * 300)
    ]
    assert scores[0] < scores[1]


def test_the_share_that_a_vocabulary_lacks():
    assert unknown_share([["a", "b"], [], ["a", "c"]], {"a"}) == 0.5
    assert unknown_share([[]], {"a"}) == 0.0


def test_text_of_its_own_kind_is_likelier():
    model = fit_ngram_model(TRAINING)
    theirs = [["d", "c"] * 3 for _ in range(5)]
    for_own, for_theirs = (
        -log_probs.sum() / tokens.sum() for log_probs, tokens in (ngram_log_probs(model, t) for t in (TRAINING, theirs))
    )
    assert for_own < for_theirs


def test_misuse_is_said_with_the_mend():
    with pytest.raises(SeqganError, match="2 numbers from 0 to 1"):
        fit_ngram_model(TRAINING, order=2, discounts=[0.5])
    with pytest.raises(SeqganError, match="The number of sentences is 0"):
        fit_ngram_model([])


def test_discounts_are_estimated_from_what_stands_once_and_twice():
    # With s for the start and . for the end, the bigrams are sa a. | sa aa ab b. | sa ab ba a. | sb bc c.: aa, b., ba,
    # sb, bc and c. once, ab and a. twice, and n1 / (n1 + 2 n2) = 6 / (6 + 2 * 2). Before c stands one other symbol,
    # before b two, before a and the end three: 1 / (1 + 2 * 1).
    text = [["a"], ["a", "a", "b"], ["a", "b", "a"], ["b", "c"]]
    model = fit_ngram_model(text, {"a": 2, "b": 3, "c": 4}, 2)
    assert model.discounts == pytest.approx([1 / 3, 6 / 10])
    # Of "a a" twice no bigram stands once; before the end stands one symbol, before a two.
    assert fit_ngram_model([["a", "a"]] * 2, {"a": 2}, 2).discounts == pytest.approx([1 / 3, 0.5])
