"""The evaluator of adversarial success, where the answer is known."""

import itertools
import random

import numpy as np
import pytest
import torch

from seqgan.errors import SeqganError
from seqgan.evaluation import adversarial_success as adversarial
from seqgan.evaluation.adversarial_success import (
    _train,
    adversarial_success,
    evaluator_reliability,
    machine_against_random,
    random_texts,
)
from seqgan.metrics import wilson_interval

RNG = random.Random(0)


def people(count):
    return [[RNG.choice("abcdef") for _ in range(RNG.randrange(3, 9))] for _ in range(count)]


def test_text_of_one_kind_cannot_be_told_apart():
    result = adversarial_success(people(400), people(400))
    assert result.tested == 240
    assert result.accuracy == pytest.approx(0.5, abs=4 * 0.5 / 240**0.5)  # four standard errors
    low, high = wilson_interval(round(result.accuracy * 240), 240)
    assert result.adversarial_success == pytest.approx(1 - result.accuracy)
    assert (result.low, result.high) == (pytest.approx(1 - high), pytest.approx(1 - low))


def test_text_of_two_kinds_is_told_apart():
    machine = [sorted(tokens) for tokens in people(300)]  # the same words: their order gives it away
    result = adversarial_success(people(300), machine)
    assert result.adversarial_success < 0.15
    # A constant evaluator is right on half of a balanced test.
    assert adversarial_success([["a"]] * 50, [["a"]] * 50).accuracy == 0.5


def test_answers_are_told_by_their_sources_alone():
    # Each answer is made of its source's word; over all sources both kinds of answer have the same words.
    sources = [[RNG.choice("abcd")] for _ in range(400)]
    right = [[f"{source[0]}!"] for source in sources]
    wrong = [[f"{RNG.choice([w for w in 'abcd' if w != source[0]])}!"] for source in sources]
    assert adversarial_success(right, wrong, sources).accuracy > 0.95
    assert adversarial_success(right, wrong).accuracy < 0.62
    # Dealt out anew, a fourth of the answers is right by chance: 7/8 are told at best.
    assert machine_against_random(right, right, sources).accuracy == pytest.approx(7 / 8, abs=0.08)


def test_random_answers_are_those_of_others():
    human = [[str(number)] for number in range(9)]
    dealt = random_texts(human, human)
    assert sorted(dealt) == human
    assert all(own != other for own, other in zip(human, dealt, strict=True))
    salad = random_texts(human, None, 3)
    assert [len(tokens) for tokens in salad] == [1] * 9
    assert {token for tokens in salad for token in tokens} <= {str(number) for number in range(9)}


def test_reliability_is_the_mean_of_four_errors():
    human = [["the", RNG.choice("abc"), "is", RNG.choice("xyz")] for _ in range(300)]
    machine = [["a", RNG.choice("abc"), "was", RNG.choice("xyz")] for _ in range(300)]
    result = evaluator_reliability(human, machine)
    best = {"human-human": 0.5, "machine-machine": 0.5, "human-random": 1, "machine-random": 1}
    assert result.accuracies.keys() == best.keys()
    assert result.error == pytest.approx(sum(abs(result.accuracies[name] - best[name]) for name in best) / 4)
    assert result.accuracies["human-random"] > 0.9
    assert result.error < 0.1


def test_misuse_is_said_with_the_mend():
    with pytest.raises(SeqganError, match="There are 9 human and 30 machine texts: an evaluator needs 10"):
        adversarial_success(people(9), people(30))
    with pytest.raises(SeqganError, match="There are 20 sources, 20 human and 30 machine answers"):
        adversarial_success(people(20), people(30), people(20))
    with pytest.raises(SeqganError, match="needs 20 of each"):
        evaluator_reliability(people(15), people(30))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_no_random_answer_of_the_test_was_learnt_from(seed):
    # Each answer is a word that stands nowhere else: nothing of the training can be known again in the test, all of
    # whose texts therefore look alike, and half of them is right. An answer that trained at its own source, and tests
    # at another, would be known for what it was there and told wrongly.
    sources = [[f"q{number}"] for number in range(60)]
    answers = [[f"a{number}"] for number in range(60)]
    result = machine_against_random(answers, answers, sources, seed=seed)
    assert (result.accuracy, result.tested) == (0.5, 36)


@pytest.mark.parametrize("count", [10, 14, 15, 60])
def test_random_answers_stay_on_their_side_of_the_split(count):
    dealt = random_texts([[number] for number in range(count)], [()] * count, 5)
    # 60 % train, 10 % decide when to stop, 30 % test; one text to decide has nobody on its side to exchange with.
    order = np.random.default_rng(5).permutation(count).tolist()
    ends = [0, round(0.6 * count), round(0.7 * count), count]
    for side in [order] if ends[2] - ends[1] < 2 else [order[a:b] for a, b in itertools.pairwise(ends)]:
        assert {dealt[here][0] for here in side} == set(side)
    assert all(own != tokens[0] for own, tokens in enumerate(dealt))


def test_the_evaluator_is_that_of_the_best_epoch(monkeypatch):
    # What decides when to stop has the labels exchanged: each epoch is worse than the last, and the first one is best.
    texts = [(np.array([number % 2]), np.ones(1, np.float32)) for number in range(80)]
    labels = torch.arange(80.0) % 2
    found = _train(texts, labels, texts[:10], 1 - labels[:10], 0)
    monkeypatch.setattr(adversarial, "EPOCHS", 1)
    first = _train(texts, labels, texts[:10], 1 - labels[:10], 0)
    assert torch.equal(found.weight.weight, first.weight.weight)
    # Two updates, and Adam's first steps are of the learning rate's size.
    assert found.weight.weight[:2].abs().max() < 2.5 * adversarial.LEARNING_RATE


def test_what_tests_keeps_answers_of_its_own_where_another_side_is_too_small():
    # Of ten, six train, one decides and three test: the one joins those that train.
    human = [(f"answer {number}",) for number in range(10)]
    train, valid, test = adversarial._sides(10, 3)
    assert (len(train), len(valid), len(test)) == (6, 1, 3)
    dealt = random_texts(human, human, 3)
    assert {dealt[place] for place in test} == {human[place] for place in test}
    assert all(own != other for own, other in zip(human, dealt, strict=True))
