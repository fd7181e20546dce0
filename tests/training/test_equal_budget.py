"""Maximum likelihood with an adversarial phase's budget."""

import copy
import json

import msgspec
import pytest
import torch
from support.tiny import ADVERSARIAL, GENERATOR, PRETRAIN, new_run, same_weights, tiny_text

from seqgan.build import build_generator
from seqgan.data.batches import epoch_batches, mean_length, take
from seqgan.errors import RunError
from seqgan.evaluation.likelihood import held_out_likelihood
from seqgan.settings.pretrain import PretrainConfig
from seqgan.training.engine import seeded
from seqgan.training.equal_budget import budget_of, train_on
from seqgan.training.optimizers import adam, update
from seqgan.training.text_likelihood import batch_nll


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    return tiny_text(tmp_path_factory.mktemp("text"))


def nll(generator, text):
    return held_out_likelihood(generator, text.valid, text.vocabulary.unknown).nll_per_token


def test_as_many_updates_as_are_asked_for(text):
    generator = build_generator(GENERATOR, text.vocabulary, text.max_length)
    start = nll(generator, text)
    by_hand = copy.deepcopy(generator)
    result = train_on(generator, text, PRETRAIN, updates=3, seed=5)
    assert (result.updates, result.best_update) == (3, 3)
    assert result.start_nll == start
    assert result.best_nll == nll(generator, text) < start

    optimizer = adam(by_hand, PRETRAIN.learning_rate)
    with seeded(5, torch.device("cpu")):
        by_hand.train()
        for rows in epoch_batches(text.train, PRETRAIN.batch_size, seed=5, epoch=PRETRAIN.epochs + 1)[:3]:
            batch = take(text.train, rows)
            loss = batch_nll(by_hand, batch) / (PRETRAIN.batch_size * mean_length(text.train))
            update(by_hand, optimizer, loss, PRETRAIN.clip_norm)
    assert same_weights(by_hand, generator)


def test_more_updates_than_an_epoch_has(text):
    generator = build_generator(GENERATOR, text.vocabulary, text.max_length)
    batches = len(epoch_batches(text.train, PRETRAIN.batch_size, seed=0, epoch=1))
    assert train_on(generator, text, PRETRAIN, updates=2 * batches + 1).updates == 2 * batches + 1
    assert train_on(generator, text, PRETRAIN, updates=batches).updates == batches
    assert train_on(generator, text, PRETRAIN, updates=0).updates == 0


def test_what_does_not_improve_is_stopped_and_given_back(text):
    generator = build_generator(GENERATOR, text.vocabulary, text.max_length)
    before = copy.deepcopy(generator)
    harmful = PretrainConfig(batch_size=16, learning_rate=50.0, patience=2)
    result = train_on(generator, text, harmful, updates=10_000)
    assert result.best_update == 0
    assert result.updates == 2 * len(epoch_batches(text.train, 16, seed=0, epoch=1))
    assert same_weights(before, generator)
    kept = train_on(generator, text, PretrainConfig(batch_size=16, learning_rate=50.0, patience=0), updates=3)
    assert kept.best_update == 3  # without patience the last is kept, as in pretraining


def test_time_is_a_bound_as_well(text):
    generator = build_generator(GENERATOR, text.vocabulary, text.max_length)
    assert train_on(generator, text, PRETRAIN, seconds=0.0).updates == 0
    result = train_on(generator, text, PretrainConfig(batch_size=16, patience=0), seconds=0.2)
    assert result.updates > 0
    assert result.seconds >= 0.2
    with pytest.raises(ValueError, match="budget needs one of them"):
        train_on(generator, text)


def test_the_budget_is_read_from_the_log(text, tmp_path):
    config = msgspec.structs.replace(ADVERSARIAL, generator_steps=2, teacher_forcing_steps=3)
    run = new_run(text, tmp_path / "run", adversarial=config)
    with pytest.raises(RunError, match="no budget to equal"):
        budget_of(run)
    lines = [{"phase": "warmup", "step": 9}, {"phase": "adversarial", "step": 0}]
    lines += [{"phase": "adversarial", "step": step, "seconds": 1.5} for step in (1, 2, 3)]
    run.metrics_path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert budget_of(run) == (3 * 2 * (1 + 3), 4.5)  # each policy step is followed by three of maximum likelihood
    with pytest.raises(RunError, match="no budget to equal"):
        budget_of(new_run(text, tmp_path / "other"))
