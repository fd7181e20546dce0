"""Ended at any safe place, or in the midst of any write, a training goes on to the same bytes."""

import os
import shutil
from pathlib import Path

import msgspec
import pytest
import torch
from support.tiny import ADVERSARIAL, DISCRIMINATOR, GENERATOR, new_run, tiny_text

from seqgan.build import build_discriminator, build_generator
from seqgan.evaluation.evaluate import judge_while_training
from seqgan.interrupt import Interrupted, Stop
from seqgan.objectives import SEQGAN
from seqgan.reporting.read import read_run
from seqgan.runs import open_run, read_metrics
from seqgan.settings.pretrain import PretrainConfig
from seqgan.training import keeping
from seqgan.training.adversarial import train_adversarially
from seqgan.training.pretrain import pretrain

SHORT = {"rounds": 3, "warmup_steps": 2, "evaluate_every": 2, "rollouts": 1, "discriminator_steps": 1}
EPOCHS = PretrainConfig(epochs=3, batch_size=32, patience=3)


class After(Stop):
    """Asks to leave at the `count`-th safe place."""

    def __init__(self, count):
        super().__init__()
        self.left = count

    def asked(self):
        self.left -= 1
        return self.left == 0


@pytest.fixture
def text(tmp_path):
    return tiny_text(tmp_path)


def pretrained_in(text, run, config=EPOCHS, **options):
    generator = build_generator(GENERATOR, text.vocabulary, text.max_length)
    pretrain(generator, text, config, seed=5, run=run, **options)


def adversarial_in(text, run, shorter=None, **options):
    generator = build_generator(GENERATOR, text.vocabulary, text.max_length)
    discriminator = build_discriminator(DISCRIMINATOR, text.vocabulary, text.max_length)
    config = msgspec.structs.replace(ADVERSARIAL, **SHORT | (shorter or {}))
    judge = judge_while_training(generator, text, 4, 5, samples_folder=run.samples_folder)
    train_adversarially(generator, discriminator, text, SEQGAN, config, seed=5, run=run, judge=judge, **options)


SHORTEST = {
    pretrained_in: {"config": PretrainConfig(epochs=2, batch_size=96)},
    adversarial_in: {"shorter": {"rounds": 2, "warmup_steps": 1, "evaluate_every": 1}},
}


def contents(run):
    """Everything that a resumed run promises, by name."""
    held = {
        str(path.relative_to(run.folder)): path.read_bytes()
        for path in [*run.folder.glob("*.safetensors"), *run.folder.glob("samples/*")]
    }
    timed = ("tokens_per_second", "seconds")
    return held, [{k: v for k, v in line.items() if k not in timed} for line in read_metrics(run.metrics_path)]


TRAININGS = pytest.mark.parametrize("train", [pretrained_in, adversarial_in])


@pytest.mark.slow(reason="trains a model")
@TRAININGS
def test_left_at_each_safe_place(text, tmp_path, train):
    """Three epochs of 108 sentences, with a place after each four batches and after each epoch; two pools, the first
    judgement, three rounds."""
    whole, broken = new_run(text, tmp_path / "whole"), new_run(text, tmp_path / "broken")
    train(text, whole)
    places = 15 if train is pretrained_in else 6
    for place in range(places):
        torch.randn(3)
        # The first one of a resumed training is the next of the whole one.
        with pytest.raises(Interrupted, match="A training state is saved after"):
            train(text, broken, resume=place > 0, stop=After(1))
        lines = len(read_metrics(broken.metrics_path))
        assert lines == ((place + 1) // 5 if train is pretrained_in else place)
    train(text, broken, resume=True, stop=After(1))  # done: no place is left
    assert contents(broken) == contents(whole)
    assert len(os.listdir(broken.checkpoints_folder)) == 2


def train_shortly(train, text, run, **options):
    """A few batches or rounds, with a state after each: states and weights are written all the time."""
    train(text, run, **options, **SHORTEST[train])


@pytest.mark.slow(reason="trains anew from each of dozens of states")
@TRAININGS
def test_killed_at_each_rename(text, tmp_path, train, monkeypatch):
    """What is on the disk just before each, and after the last: a copy of it is what a killed process leaves behind.

    Just after one and just before the next the same is there, without the file that is to be renamed.
    """
    whole, left = new_run(text, tmp_path / "whole"), []
    replace = os.replace

    def leave_behind():
        left.append(Path(shutil.copytree(whole.folder, tmp_path / f"left{len(left)}")))

    def renaming(*names):
        leave_behind()
        replace(*names)

    with monkeypatch.context() as changed:
        changed.setattr(keeping, "KEEP_SECONDS", 0)
        changed.setattr(keeping, "SHARE", 0)
        changed.setattr(os, "replace", renaming)
        train_shortly(train, text, whole)
    leave_behind()
    # Of each state two files and their folder, and from the third on the oldest is renamed to be deleted.
    assert len(left) > 4 * len(read_metrics(whole.metrics_path))
    expected = contents(whole)
    for folder in left:
        read_run(folder, samples=2)
        broken = open_run(folder)
        train_shortly(train, text, broken, resume=True)
        assert contents(broken) == expected, folder.name
        assert not list(folder.rglob("*.writing")), folder.name


@pytest.mark.slow(reason="trains a model")
@TRAININGS
def test_a_file_that_was_cut_is_made_again(text, tmp_path, train):
    whole, broken = new_run(text, tmp_path / "whole"), new_run(text, tmp_path / "broken")
    train(text, whole)
    with pytest.raises(Interrupted):
        train(text, broken, stop=After(6))
    for name in ("generator.safetensors", "metrics.jsonl", "state.pt", "state.json"):
        run = new_run(text, tmp_path / name)
        shutil.copytree(broken.folder, run.folder, dirs_exist_ok=True)
        newest = max(run.checkpoints_folder.iterdir())
        path = newest / name if name.startswith("state") else run.folder / name
        os.truncate(path, path.stat().st_size // 2)
        train(text, run, resume=True)
        assert contents(run) == contents(whole), name


def test_a_minute_is_the_most_that_is_lost(text, tmp_path, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(keeping.time, "monotonic", lambda: now[0])
    written = []
    keeper = keeping.Keeper(lambda: written.append(now[0]), Stop())
    for second in range(200):
        now[0] = float(second)
        keeper.rest("a second")
    assert written == [60.0, 120.0, 180.0]
