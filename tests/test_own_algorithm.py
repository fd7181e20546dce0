"""An algorithm of one's own with a setting of its own, in one file that nothing else knows: trained by the command and
from Python, resumed, evaluated, reported on, searched over, and scored."""

import contextlib
import importlib.util
import io
import sys

import pytest
import yaml
from support.tiny import players, same_weights, tiny_text

from seqgan.algorithm_settings import algorithm_called, build_algorithm, section_of
from seqgan.cli.main import main
from seqgan.errors import SeqganError
from seqgan.objectives import ALGORITHMS, Sampled
from seqgan.runs.directory import open_run
from seqgan.settings.adversarial import AdversarialConfig
from seqgan.training import train_adversarially

pytestmark = pytest.mark.slow(reason="whole trainings by the command line")

FILE = '''
from functools import partial
from typing import Annotated

from msgspec import Meta

from seqgan.objectives import ALGORITHMS, OwnSettings, Sampled, binary_discriminator_loss, log_odds, mean_advantages


class TemperedSettings(OwnSettings, frozen=True, kw_only=True):
    """Settings of tempered."""

    sharpness: Annotated[float, Meta(gt=0, le=10)] = 0.5
    """What the log-odds are multiplied by."""


def reward(logits, sharpness):
    return sharpness * log_odds(logits)


def tempered(settings):
    return Sampled(
        partial(reward, sharpness=settings.sharpness),
        mean_advantages,
        binary_discriminator_loss,
        needs_log_odds=True,
        name="tempered",
        settings=settings,
        made=tempered,
        defaults={"adversarial": {"baseline": "leave-one-out", "output_decay": 0.0}},
    )


ALGORITHMS["tempered"] = tempered(TemperedSettings())
'''
LINES = [f"{a} {b} {c} ." for a in ("a", "the") for b in ("dog", "cat", "bird") for c in ("runs", "sleeps", "eats")] * 3
SMALL = ("--generator.embedding-size", "8", "--generator.hidden-size", "12", "--pretrain.epochs", "1")
SMALL_GAN = (
    *("--discriminator.filters", "0.02", "--adversarial.batch-size", "8", "--adversarial.rollouts", "2"),
    *("--adversarial.warmup-steps", "2", "--adversarial.evaluate-samples", "10", "--no-verdict", "--quiet"),
)
SWEEP = """
command: adversarial
run: run
config:
  algorithm: {name: tempered}
  discriminator: {filters: 0.02}
  adversarial: {rounds: 1, batch_size: 8, rollouts: 2, warmup_steps: 2, evaluate_samples: 10}
space:
  algorithm.sharpness: [0.5, 2.0]
objective: bleu-2
sampler: grid
trials: 2
seeds: [0]
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A folder with a text, a pretrained run and the file, which is imported as any module is."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.txt").write_text("\n".join(LINES) + "\n")
    (tmp_path / "tempered.py").write_text(FILE)
    specification = importlib.util.spec_from_file_location("tempered", tmp_path / "tempered.py")
    module = importlib.util.module_from_spec(specification)
    monkeypatch.setitem(sys.modules, "tempered", module)
    specification.loader.exec_module(module)
    assert main(["pretrain", "--corpus", "mine.txt", "--run", "run", *SMALL, "--quiet"]) == 0
    yield tmp_path
    del ALGORITHMS["tempered"]


def fails(capsys, *command):
    capsys.readouterr()
    assert main(list(command)) == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


def test_it_is_trained_resumed_evaluated_scored_and_reported_on(own, capsys):
    command = ["adversarial", "--run", "run", "--algo", "tempered"]
    assert main([*command, "--algorithm.sharpness", "2", "--rounds", "1", *SMALL_GAN]) == 0
    config = open_run("run/tempered").config
    assert config.algorithm == {"name": "tempered", "sharpness": 2.0}
    assert (config.adversarial.baseline, config.adversarial.output_decay) == ("leave-one-out", 0.0)
    assert main([*command, "--resume", "--rounds", "2", "--no-verdict", "--quiet"]) == 0
    line = fails(capsys, *command, "--resume", "--rounds", "3", "--algorithm.sharpness", "1", "--quiet")
    assert "was begun with algorithm.sharpness 2.0, and cannot be resumed with 1.0" in line
    evaluation = ["evaluate", "--run", "run/tempered", "--compare", "run", "--count", "10", "--sets", "2"]
    assert main([*evaluation, "--metrics", "bleu", "--equal-budget", "none", "--quiet"]) == 0
    assert main(["score", "--run", "run/tempered", "--input", "mine.txt", "--output", "scores.tsv", "--quiet"]) == 0
    assert main(["report", "run/tempered", "--output", "page.html", "--quiet"]) == 0
    page = (own / "page.html").read_text()
    assert "Tempered from run" in page
    assert "algorithm.sharpness" in page


def test_a_process_that_does_not_know_it_reads_its_runs_and_trains_none(own, capsys):
    command = ["adversarial", "--run", "run", "--algo", "tempered"]
    assert main([*command, "--rounds", "1", *SMALL_GAN]) == 0
    known = ALGORITHMS.pop("tempered")
    try:
        assert main(["report", "run/tempered", "--output", "page.html", "--quiet"]) == 0
        assert main(["sample", "--run", "run/tempered", "--count", "2", "--quiet"]) == 0
        assert main(["score", "--run", "run/tempered", "--input", "mine.txt", "--output", "s.tsv", "--quiet"]) == 0
        line = fails(capsys, *command, "--resume", "--rounds", "2", "--quiet")
        assert "No algorithm is called 'tempered'." in line
    finally:
        ALGORITHMS["tempered"] = known


def test_its_help_has_its_own_setting_and_the_defaults_that_it_has(own):
    said = io.StringIO()
    with contextlib.redirect_stdout(said), pytest.raises(SystemExit):
        main(["adversarial", "--algo", "tempered", "--help"])
    text = " ".join(said.getvalue().split())
    assert "--algorithm.sharpness" in text
    assert "What the log-odds are multiplied by." in text
    assert "--adversarial.curriculum-rounds" not in text


def test_bad_values_of_its_setting_are_told_before_anything_is_made(own, capsys):
    command = ("adversarial", "--run", "run", "--algo", "tempered", "--name", "made", "--quiet")
    for value, expected in (("0", "expected float > 0"), ("11", "expected float <= 10"), ("nan", "sharpness is nan")):
        assert expected in fails(capsys, *command, "--algorithm.sharpness", value)
    (own / "bad.yaml").write_text("algorithm: {name: tempered, sharpnes: 2}\n")
    line = fails(capsys, *command, "--config", "bad.yaml")
    assert "algorithm.sharpnes is no setting of tempered. Did you mean 'sharpness'?" in line
    line = fails(capsys, *command, "--adversarial.label-smoothing", "0.1")
    assert "learns from the log-odds" in line  # a fact of the record, which a check goes by
    assert not (own / "run" / "made").exists()


def test_a_sweep_searches_over_its_setting(own, capsys, monkeypatch):
    pytest.importorskip("optuna", reason="optuna is not installed: pip install 'seqgan[sweep]'")
    pytest.importorskip("submitit", reason="submitit is not installed: pip install 'seqgan[sweep]'")
    from seqgan.sweeps.space import OF_COMMAND, read_space
    from seqgan.sweeps.workers import work

    def here_itself(process, watch):
        return main(list(process.arguments))

    def one_worker(folder, sweep, count, device):
        space = read_space(sweep.space, OF_COMMAND["adversarial"], "")
        work(folder, sweep, space, device="cpu", runner=here_itself)
        return []

    monkeypatch.setattr("seqgan.jobs.sweep.start_workers", one_worker)
    (own / "sweep.yaml").write_text(SWEEP)
    assert main(["sweep", "sweep.yaml", "--folder", "sweep", "--quiet"]) == 0
    made = [yaml.safe_load(path.read_text())["algorithm"] for path in (own / "sweep").rglob("config.yaml")]
    assert {section["sharpness"] for section in made if section is not None} == {0.5, 2.0}
    # Workers are processes of their own, which do not know it: that none began a trial is told.
    monkeypatch.setattr("seqgan.jobs.sweep.start_workers", lambda folder, sweep, count, device: [])
    line = fails(capsys, "sweep", "sweep.yaml", "--folder", "none", "--quiet")
    assert "The workers ended before a trial was begun: their logs are in" in line
    (own / "wrong.yaml").write_text(SWEEP.replace("[0.5, 2.0]", "[0.5, 20.0]"))
    assert "space.algorithm.sharpness[1] is 20.0, expected float <= 10" in fails(capsys, "sweep", "wrong.yaml")
    (own / "wrong.yaml").write_text(SWEEP.replace("algorithm.sharpness: [0.5, 2.0]", "algorithm.weight: [0.5]"))
    assert "algorithm.weight is no setting of tempered" in fails(capsys, "sweep", "wrong.yaml", "--folder", "other")


def test_from_python_it_has_its_defaults(own, tmp_path):
    text = tiny_text(tmp_path)
    algorithm = ALGORITHMS["tempered"]
    results = []
    for record in (algorithm, algorithm.with_settings(sharpness=0.5), algorithm.with_settings(sharpness=2.0)):
        generator, discriminator = players(text)
        small = {"rounds": 1, "batch_size": 8, "rollouts": 2, "warmup_steps": 1, "discriminator_pool": 8}
        train_adversarially(generator, discriminator, text, record, **small)
        results.append(generator)
    assert same_weights(results[0], results[1])
    assert not same_weights(results[0], results[2])
    with pytest.raises(SeqganError, match=r"algorithm\.sharpness is -1, expected float > 0"):
        algorithm.with_settings(sharpness=-1)
    with pytest.raises(SeqganError, match=r"unknown key 'adversarial\.round'\. Did you mean 'rounds'"):
        train_adversarially(*players(text), text, algorithm, round=1)


def test_what_is_replaced_in_a_record_stays_replaced(own, tmp_path):
    called = []

    def loss(real, fake):
        called.append(len(fake))
        return fake.mean()

    mine = ALGORITHMS["relgan"]._replace(name="mine", generator_loss=loss)
    assert mine.with_settings(annealing_rounds=5).generator_loss is loss
    assert mine.with_settings(annealing_rounds=5).annealing_rounds == 5
    assert mine.with_settings(inverse_temperature=100.0) is mine  # as it was
    assert mine.with_settings(inverse_temperature=10.0).temperature(1.0) == pytest.approx(0.1)
    assert build_algorithm(section_of(ALGORITHMS["relgan"])) is ALGORITHMS["relgan"]
    ALGORITHMS["mine"] = mine
    try:
        assert build_algorithm({"name": "mine", "annealing_rounds": 3}).name == "mine"
        text = tiny_text(tmp_path)
        small = {"rounds": 1, "batch_size": 8, "discriminator_steps": 1}
        train_adversarially(*players(text), text, build_algorithm(section_of(mine)), **small)
        assert called == [8]
    finally:
        del ALGORITHMS["mine"]


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (Sampled, r"ALGORITHMS\['x'\] is <class .*expected a record"),
        (ALGORITHMS["seqgan"], r"ALGORITHMS\['x'\] is called 'seqgan': give it its name .* _replace\(name='x'\)"),
        (ALGORITHMS["seqgan"]._replace(name="x", settings={"a": 1}), "has the settings {'a': 1}, expected an instance"),
        (ALGORITHMS["relgan"]._replace(name="x", made=None), "has settings and no `made`"),
        (ALGORITHMS["seqgan"]._replace(name="x", defaults={"adversarail": {}}), "Did you mean 'adversarial'"),
    ],
)
def test_a_record_that_is_none_is_told(record, message):
    ALGORITHMS["x"] = record
    try:
        with pytest.raises(SeqganError, match=message):
            algorithm_called("x")
    finally:
        del ALGORITHMS["x"]


def test_from_python_what_is_wrong_is_told_in_a_line(tmp_path):
    text = tiny_text(tmp_path)
    relgan = ALGORITHMS["relgan"]
    for settings, message in (
        ({"credit": "sequence"}, "credit belongs to algorithms that reward samples"),
        ({"annealing_rounds": 3}, r"annealing_rounds is a setting of relgan itself: train relgan\.with_settings"),
        ({"config": {"rounds": 3}}, r"config is {'rounds': 3}, expected a AdversarialConfig"),
        ({"config": AdversarialConfig(rounds="x")}, r"In config: adversarial\.rounds is 'x', expected int"),
        ({"progress": "yes"}, "progress is 'yes', expected True, False"),
    ):
        with pytest.raises(SeqganError, match=message):
            train_adversarially(*players(text), text, relgan, **settings)
    for value in (float("inf"), float("nan")):
        with pytest.raises(SeqganError, match="expected a finite number"):
            relgan.with_settings(inverse_temperature=value)
