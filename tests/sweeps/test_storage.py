"""What workers share: locks that die with their holder, a journal that survives a crash, and who gets which trial."""

import errno
import subprocess

import pytest
from support.tiny_sweeps import space_of, sweep_of

optuna = pytest.importorskip("optuna", reason="optuna is not installed: pip install 'seqgan[sweep]'")

from seqgan import locks  # noqa: E402
from seqgan.errors import CheckpointError  # noqa: E402
from seqgan.sweeps import storage  # noqa: E402
from seqgan.sweeps.storage import (  # noqa: E402
    GIVE_UP,
    VOID,
    claim,
    counted,
    forgive,
    given_up,
    holders,
    left_behind,
    mend,
    next_trial,
    open_study,
    planned,
)


def test_a_claim_is_one_holder_s_and_ends_with_its_last_process(tmp_path):
    first = claim(tmp_path, "trial-0000")
    assert claim(tmp_path, "trial-0000") is None
    assert list(holders(tmp_path, "trial-")) == ["trial-0000"]
    # A process that it was handed to holds it on, when the one that made it is gone.
    with subprocess.Popen(["sleep", "60"], pass_fds=[first.descriptor]) as child:
        first.release()
        assert claim(tmp_path, "trial-0000") is None
        child.kill()
    again = claim(tmp_path, "trial-0000")
    assert again is not None
    again.release()
    again.release()
    assert not holders(tmp_path, "trial-")


def test_on_a_full_disk_a_claim_is_held_and_let_go_of_all_the_same(tmp_path, monkeypatch):
    def refuse(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(locks.os, "write", refuse)
    first = claim(tmp_path, "trial-0000")
    assert claim(tmp_path, "trial-0000") is None
    assert holders(tmp_path, "trial-") == {"trial-0000": {}}
    first.release()
    claim(tmp_path, "trial-0000").release()


def test_a_line_that_was_cut_is_taken_out_of_the_journal(tmp_path):
    path = tmp_path / "journal"
    path.write_bytes(b'{"a":1}\n{"b":')
    mend(path)
    assert path.read_bytes() == b'{"a":1}\n'
    mend(path)
    assert path.read_bytes() == b'{"a":1}\n'


def test_the_study_outlives_a_cut_line_and_damage_is_said(tmp_path):
    sweep = sweep_of()
    study = open_study(tmp_path, sweep)
    begun = next_trial(tmp_path, study, sweep, space_of(sweep))
    begun.claim.release()
    path = tmp_path / "trials.journal"
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"op_code": 4, "wor')
    assert len(open_study(tmp_path, sweep).get_trials()) == 1
    assert path.read_bytes().startswith(whole)
    assert b"wor{" not in path.read_bytes()
    path.write_bytes(b"nonsense\n" + whole)
    with pytest.raises(CheckpointError, match=r"trials\.journal is damaged"):
        open_study(tmp_path, sweep)


def test_no_more_trials_than_planned_whoever_asks(tmp_path):
    sweep = sweep_of(trials=5)
    studies = [open_study(tmp_path, sweep) for _ in range(2)]  # of two workers
    held = []
    while (found := next_trial(tmp_path, studies[len(held) % 2], sweep, space_of(sweep))) is not None:
        held.append(found)
    assert [found.trial.number for found in held] == [0, 1, 2, 3, 4]
    for found in held:
        found.claim.release()


def test_a_trial_whose_worker_is_gone_is_gone_on_with(tmp_path):
    sweep = sweep_of(trials=2)
    study = open_study(tmp_path, sweep)
    first = next_trial(tmp_path, study, sweep, space_of(sweep))
    second = next_trial(tmp_path, study, sweep, space_of(sweep))
    first.claim.release()
    again = next_trial(tmp_path, open_study(tmp_path, sweep), sweep, space_of(sweep))
    assert again.resumed
    assert again.trial.number == 0
    assert again.trial.params == first.trial.params
    assert next_trial(tmp_path, study, sweep, space_of(sweep)) is None
    second.claim.release()
    again.claim.release()


def test_a_trial_that_ends_while_another_worker_looks_is_left_alone(tmp_path, monkeypatch):
    """It was running when the trials were read, and nobody holds it any more when it is asked for."""
    sweep = sweep_of(trials=1)
    study = open_study(tmp_path, sweep)
    first = next_trial(tmp_path, study, sweep, space_of(sweep))

    def late(folder, name):
        study.tell(first.trial, 1.0)
        first.claim.release()
        return claim(folder, name)

    monkeypatch.setattr(storage, "claim", late)
    assert next_trial(tmp_path, study, sweep, space_of(sweep)) is None
    claim(tmp_path, "trial-0000").release()


def test_a_training_without_its_worker_is_told_from_one_with(tmp_path):
    sweep = sweep_of(trials=1)
    study = open_study(tmp_path, sweep)
    with claim(tmp_path, "worker-1"):
        found = next_trial(tmp_path, study, sweep, space_of(sweep))
        assert not left_behind(tmp_path, study)  # its worker sees to it
    assert left_behind(tmp_path, study)  # the worker is gone, and something still holds the trial
    found.claim.release()
    assert not left_behind(tmp_path, study)  # now it can be taken up


def test_a_trial_without_all_its_settings_counts_for_nothing(tmp_path):
    sweep = sweep_of(trials=1)
    study = open_study(tmp_path, sweep)
    study.ask()  # and the worker died before it drew anything
    found = next_trial(tmp_path, study, sweep, space_of(sweep))
    assert found.trial.number == 1
    assert not found.resumed
    assert study.get_trials()[0].user_attrs == {VOID: True}
    assert [trial.number for trial in counted(study, study.get_trials())] == [1]
    found.claim.release()


@pytest.mark.parametrize("sampler", ["random", "tpe"])
def test_what_is_drawn_depends_on_the_number_and_the_seed_alone(tmp_path, sampler):
    drawn = []
    for name, seed in (("a", 0), ("b", 0), ("c", 9)):
        sweep = sweep_of(sampler=sampler, seed=seed)
        (tmp_path / name).mkdir()
        params = []
        for _ in range(4):
            study = open_study(tmp_path / name, sweep)  # a new worker each time
            found = next_trial(tmp_path / name, study, sweep, space_of(sweep))
            params.append(found.trial.params)
            study.tell(found.trial, 0.5)
            found.claim.release()
        drawn.append(params)
    assert drawn[0] == drawn[1]
    assert drawn[0] != drawn[2]
    assert len({str(params) for params in drawn[0]}) == 4


def test_a_grid_is_tried_whole_and_each_point_once(tmp_path):
    space = {"adversarial.rollouts": [1, 2, 4], "generator.tied": [True, False]}
    sweep = sweep_of(space=space, sampler="grid", trials=50)
    assert planned(sweep, space_of(sweep)) == 6
    study = open_study(tmp_path, sweep)
    points = []
    while (found := next_trial(tmp_path, study, sweep, space_of(sweep))) is not None:
        points.append(tuple(found.trial.params.values()))
        study.tell(found.trial, 0.5)
        found.claim.release()
    assert sorted(points) == [(n, tied) for n in (1, 2, 4) for tied in (False, True)]


def test_failing_alone_is_given_up_and_forgiven(tmp_path):
    sweep = sweep_of(trials=9)
    study = open_study(tmp_path, sweep)
    for number in range(GIVE_UP):
        found = next_trial(tmp_path, study, sweep, space_of(sweep))
        assert found.trial.number == number
        study.tell(found.trial, state=optuna.trial.TrialState.FAIL)
        found.claim.release()
    assert given_up(counted(study, study.get_trials()))
    assert next_trial(tmp_path, study, sweep, space_of(sweep)) is None
    assert forgive(tmp_path, study) == GIVE_UP
    found = next_trial(tmp_path, study, sweep, space_of(sweep))
    assert found.trial.number == GIVE_UP
    found.claim.release()
