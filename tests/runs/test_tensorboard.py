"""TensorBoard's events say what the log says, and go on where a resumed run does."""

import json
import os

import pytest

from seqgan.cli.main import main
from seqgan.errors import ConfigError
from seqgan.runs import MetricLog, read_metrics

pytest.importorskip("tensorboard")


def events(folder):
    """The scalars of a folder of events, by name: pairs of step and value."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    accumulator = EventAccumulator(str(folder))
    accumulator.Reload()
    return {
        name: [(event.step, round(event.value, 5)) for event in accumulator.Scalars(name)]
        for name in accumulator.Tags()["scalars"]
    }


def test_events_are_what_is_logged(tmp_path):
    (tmp_path / "tensorboard").mkdir()
    log = MetricLog(tmp_path / "metrics.jsonl", lambda line: None)
    log.log("warmup", 40, {"discriminator/loss": 0.5})
    log.log("adversarial", 0, {"eval/nll": 2.0})
    log.log("adversarial", 1, {"eval/nll": 1.5, "generator/loss": float("nan")})
    assert events(tmp_path / "tensorboard" / "warmup") == {"discriminator/loss": [(40, 0.5)]}
    assert events(tmp_path / "tensorboard" / "adversarial") == {"eval/nll": [(0, 2.0), (1, 1.5)]}


def test_what_is_done_again_replaces_what_was_written(tmp_path):
    (tmp_path / "tensorboard").mkdir()
    log = MetricLog(tmp_path / "metrics.jsonl", lambda line: None)
    log.log("pretrain", 1, {"x": 1.0})
    kept = log.state()
    for step in (2, 3):
        log.log("pretrain", step, {"x": float(step)})
    del log
    log = MetricLog(tmp_path / "metrics.jsonl", lambda line: None, state=kept)
    log.log("pretrain", 2, {"x": 20.0})
    assert events(tmp_path / "tensorboard" / "pretrain") == {"x": [(1, 1.0), (2, 20.0)]}


def test_without_the_folder_there_are_no_events(tmp_path):
    MetricLog(tmp_path / "metrics.jsonl", lambda line: None).log("pretrain", 1, {"x": 1.0})
    assert os.listdir(tmp_path) == ["metrics.jsonl"]


def test_without_the_package_the_extra_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("seqgan.runs.tensorboard.find_spec", lambda name: None)
    assert main(["pretrain", "--tensorboard", "--quiet"]) == 2
    assert "pip install 'seqgan[tensorboard]'" in capsys.readouterr().err
    assert os.listdir(tmp_path) == []
    (tmp_path / "tensorboard").mkdir()
    with pytest.raises(ConfigError, match="or delete the folder"):
        MetricLog(tmp_path / "metrics.jsonl", lambda line: None)


@pytest.mark.slow(reason="trains by commands")
def test_the_commands_write_events_and_resumed_ones_go_on(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.txt").write_text("".join(f"a {word} .\n" for word in ("dog", "cat", "bird", "fish")) * 4)
    small = ["--generator.hidden-size", "4", "--generator.embedding-size", "4", "--quiet", "--pretrain.patience", "9"]
    assert main(["pretrain", "--corpus", "mine.txt", "--epochs", "1", "--tensorboard", *small]) == 0
    assert main(["pretrain", "--corpus", "mine.txt", "--epochs", "2", "--resume", "--quiet"]) == 0
    gan = ["--rounds", "1", "--adversarial.warmup-steps", "1", "--adversarial.rollouts", "1", "--quiet"]
    gan += ["--discriminator.filters", "0.02", "--adversarial.evaluate-samples", "4", "--adversarial.batch-size", "4"]
    assert main(["adversarial", "--tensorboard", *gan]) == 0
    for folder, phase in (("runs/mine", "pretrain"), ("runs/mine/seqgan", "adversarial")):
        logged = [line for line in read_metrics(tmp_path / folder / "metrics.jsonl") if line["phase"] == phase]
        steps = [(line["step"], pytest.approx(line["eval/nll"], abs=2e-5)) for line in logged]
        assert events(tmp_path / folder / "tensorboard" / phase)["eval/nll"] == steps
    assert json.loads((tmp_path / "runs/mine/metrics.jsonl").read_text().split("\n")[1])["step"] == 2
