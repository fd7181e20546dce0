"""A trial: its trainings, what each is worth, what ends it early, and what is not done twice."""

import json
import signal
import subprocess
import sys
import time

import msgspec
import pytest
from support.tiny_sweeps import Played, flag, space_of, sweep_of

optuna = pytest.importorskip("optuna", reason="optuna is not installed: pip install 'seqgan[sweep]'")

from support.hand_made_runs import pretrained_run, write_lines  # noqa: E402

from seqgan.errors import ConfigError  # noqa: E402
from seqgan.settings.data import DataConfig  # noqa: E402
from seqgan.settings.pretrain import PretrainConfig  # noqa: E402
from seqgan.settings.run import RunConfig, settings_text  # noqa: E402
from seqgan.sweeps.file import check_same, read_sweep_file  # noqa: E402
from seqgan.sweeps.storage import claim, next_trial, open_study  # noqa: E402
from seqgan.sweeps.trial import (  # noqa: E402
    PATIENCE_SECONDS,
    Failed,
    Process,
    copy_given_run,
    in_a_process,
    objectives_of,
    refuse_rules_of_before,
    run_trial,
    steps_of,
    trial_settings,
)
from seqgan.sweeps.workers import alive, work  # noqa: E402


def done(folder, sweep, runner):
    """The trials after one worker's work."""
    work(folder, sweep, space_of(sweep), runner=runner)
    assert not alive(folder)
    return open_study(folder, sweep).get_trials()


def test_a_trial_is_worth_the_mean_of_its_seeds_last_evaluations(tmp_path):
    runner = Played(lambda trial, seed: [0.9, 0.1 * trial + 0.02 * seed])
    sweep = sweep_of(command="both", trials=3)
    trials = done(tmp_path, sweep, runner)
    assert [trial.state.name for trial in trials] == ["COMPLETE"] * 3
    assert [trial.value for trial in trials] == pytest.approx([0.01, 0.11, 0.21])
    assert trials[1].user_attrs["values"] == {"0": [pytest.approx(0.1)], "1": [pytest.approx(0.12)]}
    # The space is of the players alone: each seed is pretrained once, for all trials.
    pretrainings = [flag(call, "--run") for call in runner.calls if call[0] == "pretrain"]
    assert len(pretrainings) == len(set(pretrainings)) == 2
    settings = msgspec.yaml.decode((tmp_path / "settings" / "trial-0001-seed-1.yaml").read_bytes())
    assert settings["seed"] == 1
    assert settings["data"] == {"corpus": "embedded:captions"}  # which all seeds split alike
    assert settings["adversarial"] == {name.split(".")[1]: value for name, value in trials[1].params.items()}


def test_several_objectives(tmp_path):
    class Both(Played):
        def __call__(self, process, watch):
            code = super().__call__(process, watch)
            path = next(tmp_path.rglob("trial-*/metrics.jsonl"))
            line = {"phase": "adversarial", "step": 9, "eval/bleu-4": 0.5, "eval/self-bleu-4": 0.25}
            write_lines(path, [line])
            return code

    sweep = sweep_of(objective=["bleu-4", "self-bleu-4"], trials=1, seeds=[3])
    (trial,) = done(tmp_path, sweep, Both(lambda trial, seed: [0.1]))
    assert trial.values == [0.5, 0.25]


@pytest.mark.parametrize(
    ("runner", "reason"),
    [
        (Played(lambda t, s: [0.1], code=lambda t, s: 2, says="x\nseqgan: error: It diverged.\n"), "It diverged."),
        (Played(lambda t, s: [0.1], code=lambda t, s: 1), "exit code 1"),
        (Played(lambda t, s: [0.1], code=lambda t, s: -9), "signal 9, perhaps for want of memory"),
        (Played(lambda t, s: [0.1, None]), "bleu-4 is not finite"),
        (Played(lambda t, s: [0.1], metric="nll"), "bleu-4 is not judged, or not defined, of this text; that is nll"),
        (Played(lambda t, s: []), "no evaluation"),
    ],
)
def test_what_fails_is_a_failure_of_the_trial_and_the_worker_goes_on(tmp_path, runner, reason):
    trials = done(tmp_path, sweep_of(trials=2), runner)
    assert [trial.state.name for trial in trials] == ["FAIL", "FAIL"]
    assert all(reason in trial.user_attrs["reason"] for trial in trials)
    assert len(runner.calls) == 2  # the other seed is not tried


def test_an_interrupted_trial_is_gone_on_with_and_nothing_is_done_twice(tmp_path):
    sweep = sweep_of(trials=2)
    stopped = Played(lambda trial, seed: [0.5], code=lambda trial, seed: 130 * (trial == 1 and seed == 1))
    with pytest.raises(KeyboardInterrupt):
        done(tmp_path, sweep, stopped)
    runner = Played(lambda trial, seed: [0.1 + seed])
    trials = done(tmp_path, sweep, runner)
    (call,) = runner.calls
    assert flag(call, "--run").endswith("trial-0001-seed-1")
    assert "--resume" in call
    assert "--config" not in call
    assert [trial.value for trial in trials] == pytest.approx([0.5, (0.5 + 1.1) / 2])


def test_pruning_follows_the_median(tmp_path):
    # The first three go on whatever they are worth; then what is below the median of its predecessors at a round ends.
    worth = [0.3, 0.5, 0.4, 0.2, 0.45]
    runner = Played(lambda trial, seed: [worth[trial], worth[trial] + 0.01])
    sweep = sweep_of(trials=5, pruner="median", pruner_trials=3)
    trials = done(tmp_path, sweep, runner)
    assert [trial.state.name for trial in trials] == ["COMPLETE"] * 3 + ["PRUNED", "COMPLETE"]
    assert trials[3].intermediate_values == {1: pytest.approx(0.2)}
    assert "median" in trials[3].user_attrs["reason"]
    # Of the second seed: the mean of the first one's end and of what is known of the second.
    assert trials[0].intermediate_values[1_000_001] == pytest.approx((0.31 + 0.3) / 2)


def test_a_worker_that_was_interrupted_does_not_tell_the_pruner_twice(tmp_path, recwarn):
    sweep = sweep_of(trials=1, seeds=[0], pruner="median")
    with pytest.raises(KeyboardInterrupt):
        done(tmp_path, sweep, Played(lambda t, s: [0.1, 0.2], code=lambda t, s: 130))
    (trial,) = done(tmp_path, sweep, Played(lambda t, s: [0.1, 0.2, 0.3]))
    assert trial.intermediate_values == {1: 0.1, 2: 0.2, 3: 0.3}


def test_of_pretraining_the_kept_weights_count(tmp_path):
    folder = pretrained_run(tmp_path / "run")
    values = [3.0, 2.0, 2.5, 2.0]
    log = [{"phase": "pretrain", "step": n, "eval/nll": v, "eval/perplexity": 10 * v} for n, v in enumerate(values, 1)]
    write_lines(folder / "metrics.jsonl", log)
    sweep = sweep_of(command="pretrain", objective="perplexity", space={"pretrain.batch_size": [8, 16]})
    assert objectives_of(sweep, folder) == [20.0]
    without_patience = RunConfig(pretrain=PretrainConfig(patience=0))
    (folder / "config.yaml").write_text(settings_text(without_patience))
    write_lines(folder / "metrics.jsonl", log[:3])
    assert objectives_of(sweep, folder) == [25.0]  # the last, as those are kept
    with pytest.raises(Failed, match="bleu-4 is not judged, or not defined, of this text; that is nll, perplexity"):
        objectives_of(msgspec.structs.replace(sweep, objective="bleu-4"), folder)


def test_the_commands_of_each_kind_of_trial(tmp_path):
    def steps(**changes):
        sweep = sweep_of(**changes)
        return steps_of(tmp_path, sweep, 7, 1, trial_settings(sweep, {}, 1))

    (own,) = steps(command="pretrain")
    assert own.begin == ["pretrain", "--run", str(tmp_path / "trial-0007-seed-1")]
    (nothing,) = steps()
    assert nothing.begin[-2:] == ["--corpus", "embedded:captions"]
    (child,) = steps(run="/runs/mine")
    assert child.run == tmp_path / "pretrained" / "given" / "trial-0007-seed-1"
    assert "split_seed" not in child.settings["data"]  # the text is the parent's
    first, second = steps(command="both")
    assert second.run.parent == first.run
    assert set(first.settings) == {"seed", "data"}


def test_a_given_run_is_copied_whole_once(tmp_path):
    parent = pretrained_run(tmp_path / "parent")
    (parent / "generator.safetensors").write_bytes(b"weights")
    (parent / "seqgan").mkdir()
    sweep = sweep_of(run=str(parent))
    copy_given_run(sweep, tmp_path / "sweep")
    copied = tmp_path / "sweep" / "pretrained" / "given"
    assert {path.name for path in copied.iterdir()} == {path.name for path in parent.iterdir() if path.is_file()}
    (parent / "generator.safetensors").write_bytes(b"others")
    copy_given_run(sweep, tmp_path / "sweep")
    assert (copied / "generator.safetensors").read_bytes() == b"weights"


def a_program(tmp_path, monkeypatch, text):
    path = tmp_path / "program"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(path))
    return Process(["pretrain", "--run", "x"], tmp_path / "output.log", claim(tmp_path, "trial-0000"))


def test_a_process_says_its_code_and_is_ended_when_asked(tmp_path, monkeypatch):
    monkeypatch.setattr("seqgan.sweeps.trial.POLL_SECONDS", 0.05)
    process = a_program(tmp_path, monkeypatch, 'echo "$@"; exit 3')
    assert in_a_process(process, lambda: False) == 3
    assert process.output.read_text() == "-m seqgan pretrain --run x\n"
    process = a_program(tmp_path, monkeypatch, "exec sleep 60")._replace(keep=process.keep)
    assert in_a_process(process, lambda: True) == -signal.SIGTERM

    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        in_a_process(process, interrupted)
    process.keep.release()
    ended = claim(tmp_path, "trial-0000")  # no process holds it on
    assert ended is not None
    ended.release()
    assert json.loads((tmp_path / "claims" / "trial-0000.lock").read_text())["pid"]


def test_what_does_not_end_when_it_is_told_to_is_killed_at_the_second_interruption(tmp_path, monkeypatch):
    process = a_program(
        tmp_path, monkeypatch, f"trap 'touch {tmp_path}/told' TERM; touch {tmp_path}/up; while :; do sleep 0.01; done"
    )
    monkeypatch.setattr("seqgan.sweeps.trial.POLL_SECONDS", 0.01)
    whole_wait = subprocess.Popen.wait

    def wait(training, seconds=None):
        if (tmp_path / "told").exists() and seconds == PATIENCE_SECONDS:
            raise KeyboardInterrupt("second")
        return whole_wait(training, min(seconds, 5) if seconds else seconds)

    def watch():
        if (tmp_path / "up").exists():
            raise KeyboardInterrupt("first")
        return False

    def terminate(training):
        training.send_signal(signal.SIGTERM)
        while not (tmp_path / "told").exists():
            time.sleep(0.01)

    monkeypatch.setattr(subprocess.Popen, "wait", wait)
    monkeypatch.setattr(subprocess.Popen, "terminate", terminate)
    with pytest.raises(KeyboardInterrupt, match="second"):
        in_a_process(process, watch)
    process.keep.release()
    # It was killed, and holds nothing on; its last `sleep` does so for a moment.
    for _ in range(6000):
        if (ended := claim(tmp_path, "trial-0000")) is not None:
            break
        time.sleep(0.01)
    assert ended is not None
    ended.release()


def test_a_trial_is_held_until_the_study_knows_what_came_of_it(tmp_path):
    sweep = sweep_of(trials=1)
    study = open_study(tmp_path, sweep)
    tell, seen = study.tell, []

    def telling(*arguments, **options):
        seen.append(claim(tmp_path, "trial-0000"))
        return tell(*arguments, **options)

    study.tell = telling
    following = next_trial(tmp_path, study, sweep, space_of(sweep))
    said = run_trial(tmp_path, sweep, study, following.trial, following.claim, "cpu", Played(lambda trial, seed: [0.5]))
    assert seen == [None], said
    claim(tmp_path, "trial-0000").release()


def test_a_sweep_from_nothing_needs_no_data_section(tmp_path):
    for data in ({}, {"data": None}):
        config = {**data, "adversarial": {"algo": "wgan-gp", "rounds": 2}}
        space = {"adversarial.penalty_weight": [1.0, 10.0]}
        sweep = sweep_of(command="adversarial", config=config, space=space, objective="nll")
        (step,) = steps_of(tmp_path, sweep, 0, 1, trial_settings(sweep, {}, 1))
        assert flag(step.begin, "--corpus") == DataConfig().corpus


@pytest.mark.parametrize("rule", [("data", "split", "distinct"), ("pretrain", "weighting", "batch")])
def test_trials_of_an_earlier_version_are_not_compared_with_new_ones(tmp_path, rule):
    section, name, value = rule
    settings = msgspec.to_builtins(RunConfig())
    for place in ("trial-000-seed-0", "pretrained/given"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "config.yaml").write_text(json.dumps(settings))
    refuse_rules_of_before(tmp_path)
    settings[section][name] = value
    (tmp_path / "pretrained" / "given" / "config.yaml").write_text(json.dumps(settings))
    refuse_rules_of_before(tmp_path)  # all trials start there
    del settings[section][name]  # as the earlier version wrote it
    (tmp_path / "trial-000-seed-0" / "config.yaml").write_text(json.dumps(settings))
    with pytest.raises(
        ConfigError, match=rf"trial-000-seed-0 was trained by an earlier .*\({section}.{name}: {value}\)"
    ):
        refuse_rules_of_before(tmp_path)


def test_settings_by_names_of_before_are_searched_as_by_those_of_today():
    config = {"algorithm": {"name": "wgan-gp", "penalty_weight": 10.0}, "adversarial": {"rounds": 2}}
    former = {"adversarial": {"algo": "wgan-gp", "penalty_weight": 10.0, "rounds": 2}}
    for given in (config, former):
        for name in ("adversarial.penalty_weight", "algorithm.penalty_weight"):
            sweep = sweep_of(command="adversarial", config=given, space={name: [1.0, 20.0]}, objective="nll")
            assert trial_settings(sweep, {name: 20.0}, 1)["algorithm"] == {"name": "wgan-gp", "penalty_weight": 20.0}
        for name in ("adversarial.algo", "algorithm.name"):
            sweep = sweep_of(command="adversarial", config=given, space={name: ["wgan", "wgan-gp"]}, objective="nll")
            assert trial_settings(sweep, {name: "wgan"}, 1)["algorithm"] == {"name": "wgan"}
            assert trial_settings(sweep, {name: "wgan-gp"}, 1)["algorithm"]["penalty_weight"] == 10.0


def test_a_sweep_that_was_kept_before_is_the_same_sweep(tmp_path):
    """A kept file has its settings inline, as they were when it was begun."""
    (tmp_path / "settings.yaml").write_text("format: 1\nadversarial: {algo: wgan-gp, penalty_weight: 5.0, rounds: 2}\n")
    text = "command: adversarial\nspace: {adversarial.batch_size: [8, 16]}\nobjective: nll\nconfig: "
    (tmp_path / "mine.yaml").write_text(f"{text}{tmp_path / 'settings.yaml'}\n")
    folder = tmp_path / "sweep"
    folder.mkdir()
    (folder / "sweep.yaml").write_text(
        f"{text}{{format: 1, adversarial: {{algo: wgan-gp, penalty_weight: 5.0, rounds: 2}}}}\n"
    )
    check_same(read_sweep_file(tmp_path / "mine.yaml"), folder, tmp_path / "mine.yaml")
