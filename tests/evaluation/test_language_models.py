"""Language models that judge, and features of them, against the generator read plainly."""

import random

import numpy as np
import pytest
import torch

from seqgan.evaluation.language_models import (
    Budget,
    hidden_states,
    judging_vocabulary,
    language_model_log_probs,
    train_language_model,
)

BUDGET = Budget(embedding_size=8, hidden_size=10, batch_size=16, epochs=6, learning_rate=2e-2, max_length=12)
RNG = random.Random(0)


def draw(count):
    """Sentences of a chain: a is followed by b or c, those by a or the end."""
    sentences = []
    for _ in range(count):
        tokens = ["a"]
        while len(tokens) < 9 and RNG.random() < 0.8:
            tokens.append(RNG.choice("bc") if tokens[-1] == "a" else "a")
        sentences.append(tokens)
    return sentences


@pytest.fixture(scope="module")
def model():
    training = draw(300)
    return train_language_model(training, draw(60), judging_vocabulary(training), budget=BUDGET)


def test_it_learns_the_text(model):
    log_probs, tokens = language_model_log_probs(model, draw(100))
    # The chain has some 0.5 to 0.7 nats a token: the end or a word, log 5 at random, and which of two words.
    assert -log_probs.sum() / tokens.sum() < 0.75
    shuffled = [RNG.sample(sentence, len(sentence)) for sentence in draw(100)]
    log_probs, tokens = language_model_log_probs(model, shuffled)
    assert -log_probs.sum() / tokens.sum() > 1


def test_log_probabilities_are_those_of_one_step_after_another(model):
    sentence = ["a", "b", "a", "never-seen"]
    ids = [*model.vocabulary.encode(sentence), model.vocabulary.end]
    assert ids[3] == model.vocabulary.unknown
    state, previous, total = model.generator.initial_state(1), model.generator.start, 0.0
    with torch.no_grad():
        for number in ids:
            logits, state = model.generator.step(torch.tensor([previous]), state)
            total += logits.log_softmax(1)[0, number].item()
            previous = number
    log_probs, tokens = language_model_log_probs(model, [sentence, ["a"]])
    assert log_probs[0] == pytest.approx(total, abs=1e-5)
    assert tokens.tolist() == [5, 2]


def test_features_are_the_states_of_one_step_after_another(model):
    sentences = [["a", "b", "a"], ["a"], []]
    mean, last = (hidden_states(model, sentences, pooling) for pooling in ("mean", "last"))
    for row, sentence in enumerate(sentences):
        state, states = model.generator.initial_state(1), []
        with torch.no_grad():
            for number in [model.generator.start, *model.vocabulary.encode(sentence)]:
                _, state = model.generator.step(torch.tensor([number]), state)
                states.append(state[0][0][0].numpy())
        assert mean[row] == pytest.approx(np.mean(states, axis=0), abs=1e-5)
        assert last[row] == pytest.approx(states[-1], abs=1e-5)
    with pytest.raises(ValueError, match="expected mean or last"):
        hidden_states(model, sentences, "max")


def test_equal_seeds_train_equal_models_and_nothing_else_is_drawn():
    training = draw(40)
    vocabulary = judging_vocabulary(training)
    torch.manual_seed(7)
    before = torch.random.get_rng_state()
    first, second, other = (
        train_language_model(training, training, vocabulary, seed=seed, budget=BUDGET._replace(epochs=1))
        for seed in (0, 0, 1)
    )
    assert torch.equal(before, torch.random.get_rng_state())
    scores = [language_model_log_probs(each, training)[0].sum() for each in (first, second, other)]
    assert scores[0] == scores[1] != scores[2]


def test_validation_text_decides_when_to_stop():
    # The training text is no sample of the validation text: each epoch makes it worse than the last.
    training, validation = [["a", "a", "a"]] * 50, [["b", "b"]] * 5
    vocabulary = judging_vocabulary([*training, *validation])
    model = train_language_model(training, validation, vocabulary, budget=BUDGET)
    assert model.epochs < BUDGET.epochs


def test_words_that_stand_once_are_left_to_the_unknown_symbol():
    assert set(judging_vocabulary([["a", "b"], ["a", "b", "c"]]).tokens) == {"a", "b"}
    assert set(judging_vocabulary([["a", "b"]]).tokens) == {"a", "b"}  # where too few stand twice


def test_the_weights_are_those_of_the_best_epoch():
    training, validation = [["a", "a", "a"]] * 50, [["b", "b"]] * 5
    vocabulary = judging_vocabulary([*training, *validation])
    model = train_language_model(training, validation, vocabulary, budget=BUDGET)
    # As training goes on, the epoch that is worse than the last one is trained and thrown away.
    until_then = train_language_model(training, validation, vocabulary, budget=BUDGET._replace(epochs=model.epochs))
    assert until_then.epochs == model.epochs < BUDGET.epochs
    for ours, theirs in zip(
        model.generator.state_dict().values(), until_then.generator.state_dict().values(), strict=True
    ):
        assert torch.equal(ours, theirs)
