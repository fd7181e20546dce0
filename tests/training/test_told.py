"""What a caller from Python is told of a training: its log, each round, and progress."""

import io
import json
import sys
import types

import pytest
from support.tiny import ADVERSARIAL, new_run, players, tiny_text

from seqgan.errors import ConfigError
from seqgan.objectives import MALIGAN, SEQGAN
from seqgan.progress import SILENT, Progress, progress_of
from seqgan.settings.pretrain import PretrainConfig
from seqgan.training import pretrain, train_adversarially

SMALL = {"rounds": 3, "batch_size": 8, "rollouts": 2, "warmup_steps": 2, "discriminator_pool": 8, "evaluate_every": 2}


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    return tiny_text(tmp_path_factory.mktemp("text"))


def test_the_log_is_returned_and_told_line_by_line_and_is_what_the_run_has(text, tmp_path):
    run, told, rounds = new_run(text, tmp_path / "run"), [], []
    generator, discriminator = players(text)
    trained = train_adversarially(
        *(generator, discriminator, text, SEQGAN),
        **SMALL,
        run=run,
        judge=lambda _: {"eval/of-mine": 0.25},
        on_log=told.append,
        on_round=lambda number, values: rounds.append((number, sorted(values))),
    )
    written = [json.loads(line) for line in run.metrics_path.read_text().splitlines()]
    assert trained.log == told == written
    assert trained.rounds == 3
    assert [line["step"] for line in told if "eval/of-mine" in line] == [0, 2, 3]
    assert [number for number, _ in rounds] == [1, 2, 3]
    assert all("generator/reward" in values for _, values in rounds)
    assert "eval/of-mine" in rounds[1][1]


@pytest.mark.slow(reason="trains three times")
def test_a_training_that_goes_on_has_the_whole_log_and_tells_what_is_new(text, tmp_path):
    run = new_run(text, tmp_path / "run")
    first = train_adversarially(*players(text), text, SEQGAN, **{**SMALL, "rounds": 2}, run=run)
    told = []
    second = train_adversarially(*players(text), text, SEQGAN, **SMALL, run=run, resume=True, on_log=told.append)
    assert second.log == [*first.log, *told]
    assert [line["step"] for line in told] == [3]


def test_pretraining_returns_and_tells_its_log(text):
    told = []
    trained = pretrain(players(text)[0], text, epochs=2, patience=0, on_log=told.append)
    assert trained.log == told
    assert [(line["phase"], line["step"]) for line in told] == [("pretrain", 1), ("pretrain", 2)]


def test_settings_by_name_are_over_the_algorithms_defaults_and_not_beside_whole_ones(text):
    with pytest.raises(ConfigError, match="Both config and rounds are given, and config says all settings"):
        train_adversarially(*players(text), text, MALIGAN, ADVERSARIAL, rounds=1)
    with pytest.raises(ConfigError, match="Both config and epochs are given"):
        pretrain(players(text)[0], text, PretrainConfig(), epochs=1)
    with pytest.raises(ConfigError, match=r"unknown key 'pretrain\.epoch'\. Did you mean 'epochs'"):
        pretrain(players(text)[0], text, epoch=1)
    with pytest.raises(ConfigError, match=r"pretrain\.epochs is 0, expected int >= 1"):
        pretrain(players(text)[0], text, epochs=0)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_is_shown_on_a_terminal_and_in_a_notebook_unless_it_is_not_wanted(monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert progress_of(None) is SILENT
    assert progress_of(True) is not SILENT
    monkeypatch.setitem(sys.modules, "ipykernel", types.ModuleType("ipykernel"))
    assert progress_of(None) is not SILENT
    monkeypatch.delitem(sys.modules, "ipykernel")
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert progress_of(None) is not SILENT
    assert progress_of(False) is SILENT
    own = Progress(io.StringIO())
    assert progress_of(own) is own
