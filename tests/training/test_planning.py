"""Hours from a few steps: what is timed, and what is made of it."""

import sys

import pytest
import torch
from support.tiny import ADVERSARIAL, PRETRAIN, players, tiny_text

from seqgan.cli.main import main
from seqgan.objectives import SEQGAN
from seqgan.training import planning
from seqgan.training.planning import Phase, fitting, plan_adversarial, plan_pretraining


@pytest.fixture
def ticks(monkeypatch):
    """A clock on which each call that is timed takes one second."""

    def one_second(work, device):
        work()
        return 1.0

    monkeypatch.setattr(planning, "_seconds", one_second)


def test_an_epoch_is_its_batches_and_its_held_out_text(tmp_path, ticks):
    text = tiny_text(tmp_path)
    generator, _ = players(text)
    (phase,) = plan_pretraining(generator, text, PRETRAIN)
    batches = -(-len(text.train.tokens) // PRETRAIN.batch_size)
    # One second for at most twenty batches, one for the held-out sentences, which are few.
    assert phase.seconds == pytest.approx(batches / min(batches, planning.TIMED_BATCHES) + 1)
    assert phase.turns == PRETRAIN.epochs


@pytest.mark.slow(reason="makes the steps that a plan is from")
def test_both_players_turns_and_evaluations_are_counted(tmp_path, ticks):
    text = tiny_text(tmp_path)
    phases = plan_adversarial(*players(text), text, SEQGAN, ADVERSARIAL, lambda number: {})
    assert [phase.turns for phase in phases] == [5, 4, 1 + 4]
    assert [phase.seconds for phase in phases] == [1.0 / 5, 1.0, 1.0]  # pools of the warm-up are timed together


def test_what_fits():
    assert fitting([Phase("epochs", 10.0, 40)], 1) == 360
    # An hour less 100 s of warm-up and an evaluation: rounds of 10 s, every tenth with another evaluation of 20 s.
    training = [Phase("pools", 1.0, 100), Phase("rounds", 10.0, 100), Phase("evaluations", 20.0, 11)]
    assert fitting(training, 1) == (3600 - 100 - 20) // 12
    assert fitting(training, 0.01) == 0


@pytest.mark.slow(reason="makes the steps that a plan is from")
def test_the_command(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(planning, "TIMED_SECONDS", 0.0)
    tiny_text(tmp_path)
    small = ["--generator.hidden-size", "8", "--discriminator.filters", "0.02", "--adversarial.evaluate-samples", "10"]
    arguments = ["plan", "--corpus", "corpus.txt", "--adversarial.rollouts", "2", "--hours", "2", "--quiet", *small]
    assert main(arguments) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[0] for line in lines[1:6]] == [
        "pretraining: epochs",
        "warm-up: pools",
        "adversarial: rounds",
        "adversarial: evaluations",
        "together",
    ]
    assert lines[6].startswith("memory at its peak: ")
    assert lines[7].startswith("in 2 hours: --epochs ")
    assert lines[8].startswith("in 2 hours: --rounds ")
    assert torch.is_grad_enabled()
    assert not (tmp_path / "runs").exists()


def test_hours_below_zero_are_refused(capsys):
    assert main(["plan", "--hours", "-1"]) == 2
    assert "--hours is -1.0, expected" in capsys.readouterr().err


def test_memory_that_the_system_does_not_tell_of_is_none(monkeypatch):
    assert planning.peak_bytes(torch.device("cpu")) > 2**20
    monkeypatch.setitem(sys.modules, "resource", None)
    assert planning.peak_bytes(torch.device("cpu")) is None
