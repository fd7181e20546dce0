"""Trainings on a text on the disk: equal to those in memory, interrupted in the middle of an epoch, of any length."""

import importlib

import pytest
import torch
from support.tiny import ADVERSARIAL, DISCRIMINATOR, GENERATOR, new_run, same_weights, tiny_text

from seqgan.build import build_discriminator, build_generator, build_text
from seqgan.data.store import StreamedSequences
from seqgan.errors import ConfigError, CorpusError
from seqgan.evaluation.evaluate import judge_while_training
from seqgan.objectives import GSGAN, SEQGAN
from seqgan.runs import read_metrics
from seqgan.settings.adversarial import AdversarialConfig
from seqgan.settings.data import DataConfig
from seqgan.settings.pretrain import PretrainConfig
from seqgan.training.adversarial import train_adversarially
from seqgan.training.planning import plan_pretraining
from seqgan.training.pretrain import pretrain


@pytest.fixture
def texts(tmp_path, monkeypatch):
    """The same text in memory and on the disk."""
    monkeypatch.setenv("SEQGAN_CACHE", str(tmp_path / "cache"))
    tiny_text(tmp_path)
    settings = {"corpus": str(tmp_path / "corpus.txt"), "valid": str(tmp_path / "valid.txt")}
    return build_text(DataConfig(**settings)), build_text(DataConfig(**settings, streaming="always", workers=1))


def fresh(text):
    return build_generator(GENERATOR, text.vocabulary, text.max_length)


@pytest.mark.slow(reason="trains twice")
def test_training_is_that_in_memory(texts):
    on_disk = texts[1]
    assert isinstance(on_disk.train, StreamedSequences)
    generators = [fresh(text) for text in texts]
    results = [
        pretrain(generator, text, PretrainConfig(epochs=2, batch_size=16))
        for generator, text in zip(generators, texts, strict=True)
    ]
    assert results[0][:3] == results[1][:3]
    assert same_weights(*generators)
    config = AdversarialConfig(**{name: getattr(ADVERSARIAL, name) for name in ("batch_size", "rollouts")}, rounds=1)
    for generator, text in zip(generators, texts, strict=True):
        judge = build_discriminator(DISCRIMINATOR, text.vocabulary, text.max_length)
        watch = judge_while_training(generator, text, 5, 0)
        train_adversarially(generator, judge, text, SEQGAN, config, judge=watch)
    assert same_weights(*generators)


def test_relaxed_training_is_that_in_memory(texts):
    generators = []
    for text in texts:
        generator = fresh(text)
        config = AdversarialConfig(rounds=1, warmup_steps=1, batch_size=4, discriminator_pool=4)
        judge = build_discriminator(DISCRIMINATOR, text.vocabulary, text.max_length)
        train_adversarially(generator, judge, text, GSGAN, config, judge=judge_while_training(generator, text, 5, 0))
        generators.append(generator)
    assert same_weights(*generators)


def losses(run):
    return [(line["step"], line["generator/loss"], line["eval/nll"]) for line in read_metrics(run.metrics_path)]


@pytest.mark.slow(reason="trains twice")
@pytest.mark.parametrize("epoch_updates", [0, 4])
@pytest.mark.parametrize("where", [1, 2, 9])
def test_a_training_goes_on_in_the_middle_of_an_epoch(texts, tmp_path, monkeypatch, epoch_updates, where):
    module = importlib.import_module("seqgan.training.pretrain")
    text = texts[1]  # 108 sentences: 7 batches of 16
    config = PretrainConfig(epochs=3, batch_size=16, epoch_updates=epoch_updates, checkpoint_every=1)
    whole, broken = fresh(text), fresh(text)
    run_whole, run_broken = (new_run(text, tmp_path / name) for name in ("whole", "broken"))
    expected = pretrain(whole, text, config, run=run_whole)

    made = 0

    def stopping(*arguments, **given):
        nonlocal made
        made += 1
        if made > where:
            raise RuntimeError("killed")
        return update(*arguments, **given)

    update = module.update
    monkeypatch.setattr(module, "update", stopping)
    with pytest.raises(RuntimeError, match="killed"):
        pretrain(broken, text, config, run=run_broken)
    monkeypatch.setattr(module, "update", update)
    resumed = fresh(text)
    assert pretrain(resumed, text, config, run=run_broken, resume=True)[:3] == expected[:3]
    assert same_weights(whole, resumed)
    assert losses(run_broken) == losses(run_whole)


def test_short_epochs_read_the_text_as_long_ones_do(texts):
    """Six epochs of 7 updates each are the passes themselves; in epochs of 3 updates the same batches come."""
    text = texts[1]
    passes, short = fresh(text), fresh(text)
    pretrain(passes, text, PretrainConfig(epochs=3, batch_size=16, patience=0))
    pretrain(short, text, PretrainConfig(epochs=7, batch_size=16, patience=0, epoch_updates=3))
    assert same_weights(passes, short)


def test_what_a_large_text_cannot_do_is_refused(texts, tmp_path):
    text = texts[1]
    judge = build_discriminator(DISCRIMINATOR, text.vocabulary, text.max_length)
    config = AdversarialConfig(discriminator_pool=0)
    with pytest.raises(ConfigError, match=r"discriminator_pool is 0.*whose 108 sentences are read from the disk"):
        train_adversarially(fresh(text), judge, text, SEQGAN, config)
    with pytest.raises(CorpusError, match="no plain text in files"):
        build_text(DataConfig(corpus="captions", streaming="always"))


def test_an_epoch_of_a_streamed_text_is_planned(texts):
    config = PretrainConfig(batch_size=16, epochs=5)
    (phase,) = plan_pretraining(fresh(texts[1]), texts[1], config)
    assert phase.turns == 5
    assert phase.seconds > 0


def test_batches_go_to_the_device_of_the_players(texts):
    batch = texts[1].train.to(torch.device("meta")).take(torch.tensor([0, 1]))
    assert batch.tokens.device.type == batch.mask.device.type == "meta"
