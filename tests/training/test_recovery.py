"""What follows a collapse: a warning, an end, or a return to the best checkpoint; and all of it resumed."""

import copy

import pytest
import torch
from support.tiny import DISCRIMINATOR, GENERATOR, new_run, same_weights, tiny_text

from seqgan.build import build_discriminator, build_generator
from seqgan.errors import CheckpointError, ConfigError, TrainingError
from seqgan.evaluation.evaluate import judge_while_training
from seqgan.evaluation.likelihood import held_out_likelihood
from seqgan.objectives import SEQGAN
from seqgan.progress import SILENT, Progress
from seqgan.runs import load_state, load_weights, read_metrics
from seqgan.runs.checkpoint import load_state_of, save_state
from seqgan.settings.adversarial import AdversarialConfig
from seqgan.settings.pretrain import PretrainConfig
from seqgan.training.adversarial import check_settings, train_adversarially
from seqgan.training.doctor import Doctor
from seqgan.training.pretrain import pretrain
from seqgan.training.recovery import RETURNS, Recovery

pytestmark = pytest.mark.slow(reason="trains until it collapses, and on")

COLLAPSING = 0.3
"""A learning rate that takes two evaluations to ruin a generator; a quarter of it takes a little longer."""
SMALL = {
    **{"rounds": 12, "batch_size": 16, "rollouts": 1, "discriminator_pool": 16, "discriminator_steps": 1},
    **{"warmup_steps": 3, "evaluate_every": 2, "generator_learning_rate": COLLAPSING},
}


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    return tiny_text(tmp_path_factory.mktemp("text"))


@pytest.fixture(scope="module")
def start(text):
    generator = build_generator(GENERATOR, text.vocabulary, text.max_length)
    pretrain(generator, text, PretrainConfig(epochs=12, batch_size=16, learning_rate=0.02))
    return generator


class Notes(Progress):
    def __init__(self):
        super().__init__()
        self.all = []

    def note(self, text):
        self.all.append(text)


def train(text, start, run=None, resume=False, progress=None, **settings):
    generator = copy.deepcopy(start)
    discriminator = build_discriminator(DISCRIMINATOR, text.vocabulary, text.max_length)
    config = AdversarialConfig(**{**SMALL, **settings})
    judge = judge_while_training(generator, text, 20, 0)
    options = {"run": run, "resume": resume, "judge": judge, "progress": progress or Notes()}
    train_adversarially(generator, discriminator, text, SEQGAN, config, **options)
    return generator


def nll(generator, text):
    return held_out_likelihood(generator, text.valid, text.vocabulary.unknown).nll_per_token


def log_of(run):
    timed = ("tokens_per_second", "seconds")
    return [{k: v for k, v in line.items() if k not in timed} for line in read_metrics(run.metrics_path)]


def steps(run):
    return sorted(int(path.name[5:]) for path in run.checkpoints_folder.iterdir())


BEGUN = 3 + 1
"""Training states count the pools of the warm-up, the judgement before the first round, and the rounds."""


def test_by_default_it_is_only_said(text, start, tmp_path):
    notes, run = Notes(), new_run(text, tmp_path / "run")
    generator = train(text, start, run, progress=notes)
    assert any("likelihood exploded" in note for note in notes.all)
    assert nll(generator, text) > nll(start, text) + 1
    assert steps(run) == [BEGUN + 10, BEGUN + 12]


def test_it_stops_and_says_how_to_go_on(text, start, tmp_path):
    run = new_run(text, tmp_path / "run")
    with pytest.raises(TrainingError, match=r"Stopped after round (\d+): .*--resume --on-collapse warn"):
        train(text, start, run, on_collapse="stop")
    stopped = read_metrics(run.metrics_path)[-1]["step"]
    assert stopped < SMALL["rounds"]
    state = load_state(run.checkpoints_folder, print)
    assert state["rounds"] == stopped
    generator = copy.deepcopy(start)
    load_weights(generator, run.generator_path)
    assert all(torch.equal(weight, state["generator"][name]) for name, weight in generator.state_dict().items())
    # As before, if asked for the same again; in spite of it, and from the best round.
    with pytest.raises(TrainingError, match=f"Stopped after round {stopped}: "):
        train(text, start, run, resume=True, on_collapse="stop")
    assert read_metrics(run.metrics_path)[-1]["step"] == stopped
    train(text, start, run, resume=True, on_collapse="warn")
    assert read_metrics(run.metrics_path)[-1]["step"] == SMALL["rounds"]


def test_what_was_stopped_goes_on_from_the_best_round(text, start, tmp_path):
    run = new_run(text, tmp_path / "run")
    with pytest.raises(TrainingError, match="Stopped after round"):
        train(text, start, run, on_collapse="stop")
    stopped = log_of(run)[-1]["step"]
    notes = Notes()
    with pytest.raises(TrainingError, match="it went back"):
        train(text, start, run, resume=True, on_collapse="restore", rounds=60, progress=notes)
    (first, *_) = [line for line in log_of(run) if "restored" in line]
    assert first == {"phase": "adversarial", "step": stopped, "restored": 0}


def test_it_goes_back_to_the_best_round_and_on_more_slowly(text, start, tmp_path):
    run, notes = new_run(text, tmp_path / "run"), Notes()
    with pytest.raises(TrainingError, match=r"it went back 3 times, and again: .* Its weights are those of round 0"):
        train(text, start, run, on_collapse="restore", rounds=60, progress=notes)
    lines = log_of(run)
    returns = [line for line in lines if "restored" in line]
    assert len(returns) == RETURNS + 1
    # The rounds go on where they were; nothing is healthy but the beginning, which is kept beside the newest two.
    rounds = [line["step"] for line in lines if line["phase"] == "adversarial" and "restored" not in line]
    assert rounds == list(range(rounds[-1] + 1))
    assert {line["restored"] for line in returns} == {0}
    assert steps(run)[0] == BEGUN
    assert len(steps(run)) == 3
    # Other samples than the first time, and half of the rates each time.
    first, second = (lines[lines.index(line) + 1] for line in ({**lines[1]}, returns[0]))
    assert first["generator/entropy"] != second["generator/entropy"]
    said = [note for note in notes.all if "Both players went back" in note]
    assert [note.split("go on at ")[1].split()[0] for note in said] == ["0.5", "0.25", "0.125"]
    # It ends with the weights of the best round: nothing of the collapse is left.
    state = load_state(run.checkpoints_folder, print)
    assert all(torch.equal(state["generator"][name], weight) for name, weight in start.state_dict().items())
    generator = copy.deepcopy(start)
    load_weights(generator, run.generator_path)
    assert same_weights(generator, start)
    assert state["generator_optimizer"]["param_groups"][0]["lr"] == pytest.approx(COLLAPSING / 16)
    assert state["generator_optimizer"]["state"] == {}


def test_what_went_back_often_enough_is_resumed_in_spite_of_it_alone(text, start, tmp_path):
    run = new_run(text, tmp_path / "run")
    with pytest.raises(TrainingError, match="--resume --on-collapse warn, or stop") as ended:
        train(text, start, run, on_collapse="restore", rounds=60)
    before, weights = read_metrics(run.metrics_path), run.generator_path.read_bytes()
    with pytest.raises(TrainingError) as again:
        train(text, start, run, resume=True, on_collapse="restore", rounds=60)
    assert str(again.value) == str(ended.value)
    assert read_metrics(run.metrics_path) == before
    assert run.generator_path.read_bytes() == weights
    notes, rounds = Notes(), before[-1]["step"]
    train(text, start, run, resume=True, on_collapse="warn", rounds=rounds + 1, progress=notes)
    assert [note for note in notes.all if str(ended.value) in note] == [f"In spite of what ended it: {ended.value}"]
    assert read_metrics(run.metrics_path)[-1]["step"] == rounds + 1
    # From here it may be asked for again, and is not refused for what was.
    train(text, start, run, resume=True, on_collapse="restore", rounds=rounds + 1)


def test_without_a_run_the_best_is_kept_in_memory(text, start):
    notes = Notes()
    generator = copy.deepcopy(start)
    with pytest.raises(TrainingError, match="it went back"):
        generator = train(text, start, on_collapse="restore", rounds=60, progress=notes)
    assert len([note for note in notes.all if "Both players went back to round 0" in note]) == RETURNS
    assert same_weights(generator, start)


def test_numbers_that_are_not_finite_are_a_collapse_too(text, start, tmp_path):
    """From round 4 on no reward is finite: after ten rounds left out it goes back, and so three times."""
    rounds = []

    def reward(logits):
        rounds.append(1)
        return logits.sigmoid() * (torch.nan if len(rounds) > 4 else 1.0)

    run = new_run(text, tmp_path / "run")
    generator, discriminator = (
        copy.deepcopy(start),
        build_discriminator(DISCRIMINATOR, text.vocabulary, text.max_length),
    )
    config = AdversarialConfig(
        **{**SMALL, "rounds": 80, "credit": "sequence", "generator_learning_rate": 1e-4, "discriminator_steps": 0},
        on_collapse="restore",
    )
    judge = judge_while_training(generator, text, 20, 0)
    algorithm = SEQGAN._replace(reward=reward)
    with pytest.raises(TrainingError, match=r"it went back 3 times, and again: Training diverged: the generator's"):
        train_adversarially(generator, discriminator, text, algorithm, config, run=run, judge=judge)
    assert [line["restored"] for line in log_of(run) if "restored" in line] == [4] * 4


class Stop(Exception):
    """Ends a training from outside, as a kill would."""


@pytest.mark.parametrize("after_lines", [6, 12])
def test_a_resumed_training_collapses_and_goes_back_as_the_unbroken_one(text, start, tmp_path, after_lines):
    whole, broken = new_run(text, tmp_path / "whole"), new_run(text, tmp_path / "broken")

    class Interrupting(Progress):
        def note(self, text):
            if len(read_metrics(broken.metrics_path)) >= after_lines:
                raise Stop

    settings = {"on_collapse": "restore", "rounds": 14}
    expected = train(text, start, whole, **settings)
    assert any("restored" in line for line in log_of(whole))
    with pytest.raises(Stop):
        train(text, start, broken, progress=Interrupting(), **settings)
    resumed = train(text, start, broken, resume=True, **settings)
    assert same_weights(resumed, expected)
    assert log_of(broken) == log_of(whole)
    assert steps(broken) == steps(whole)


def test_a_state_is_spared_and_found_again(tmp_path):
    for step in range(1, 7):
        save_state(tmp_path, step, {"number": step}, spare=[2])
    assert sorted(path.name[-1] for path in tmp_path.iterdir()) == ["2", "5", "6"]
    assert load_state_of(tmp_path, 2) == {"number": 2}
    (tmp_path / "step-000000002" / "state.pt").write_bytes(b"damaged")
    with pytest.raises(CheckpointError, match="to go back to, cannot be read"):
        load_state_of(tmp_path, 2)
    with pytest.raises(CheckpointError, match="to go back to, cannot be read"):
        load_state_of(tmp_path, 3)


def test_what_the_state_before_goes_back_to_is_kept_too(text, tmp_path):
    run = new_run(text, tmp_path / "run")
    doctor = Doctor(print)
    recovery = Recovery(AdversarialConfig(on_collapse="restore"), None, doctor, run, None, SILENT)
    for step, best in ((3, 3), (5, 3), (7, 3), (9, 9), (9, 9)):
        doctor.best = step, best
        save_state(run.checkpoints_folder, step, {"number": step}, spare=recovery.spared(step))
    assert steps(run) == [3, 7, 9]  # should 9 be damaged, 7 is gone on with, whose best is 3
    doctor.best = 11, 11
    save_state(run.checkpoints_folder, 11, {"number": 11}, spare=recovery.spared(11))
    assert steps(run) == [9, 11]


def test_without_a_best_round_nothing_is_said_of_one(text, start, tmp_path):
    run = new_run(text, tmp_path / "run")
    train(text, start, run)
    with pytest.raises(TrainingError, match=r"Stopped after round .*--on-collapse warn or begin anew"):
        train(text, start, run, resume=True, on_collapse="restore", rounds=SMALL["rounds"] + 2)


def test_other_answers_are_refused():
    with pytest.raises(ConfigError, match="on_collapse is 'panic': choose warn, stop, restore"):
        check_settings(AdversarialConfig(on_collapse="panic"), SEQGAN)
