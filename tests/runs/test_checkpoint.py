import errno
import json
import os
import pickle
import shutil
from pathlib import Path

import pytest
import torch
from torch import nn

from seqgan.errors import CheckpointError, RunError
from seqgan.files import gone_on_with, write_file, write_with
from seqgan.runs import MetricLog, load_state, load_weights, read_metrics, save_state, save_weights
from seqgan.runs.checkpoint import delete_unfinished


def silent(_):
    pass


def test_weights_come_back_equal(tmp_path):
    model, other = nn.Linear(3, 2), nn.Linear(3, 2)
    save_weights(model, tmp_path / "w.safetensors")
    load_weights(other, tmp_path / "w.safetensors")
    assert torch.equal(model.weight, other.weight)
    assert os.listdir(tmp_path) == ["w.safetensors"]


def test_weights_of_another_model_are_refused_by_the_first_difference(tmp_path):
    save_weights(nn.Linear(3, 2), tmp_path / "w.safetensors")
    with pytest.raises(CheckpointError, match=r"weight is \(2, 3\), .* need \(2, 4\)"):
        load_weights(nn.Linear(4, 2), tmp_path / "w.safetensors")


def test_damaged_and_missing_weights(tmp_path):
    path = tmp_path / "w.safetensors"
    with pytest.raises(CheckpointError, match="does not exist"):
        load_weights(nn.Linear(3, 2), path)
    save_weights(nn.Linear(3, 2), path)
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(CheckpointError, match="is damaged"):
        load_weights(nn.Linear(3, 2), path)


def test_the_newest_two_states_are_kept_and_the_newest_is_read(tmp_path):
    for step in (1, 2, 10):
        save_state(tmp_path, step, {"step": step, "tensor": torch.tensor([step]), "list": [1.5, "a"]})
    assert sorted(os.listdir(tmp_path)) == ["step-000000002", "step-000000010"]
    state = load_state(tmp_path, silent)
    assert state["step"] == 10
    assert state["tensor"].item() == 10


@pytest.mark.parametrize("damage", ["cut", "flip", "no sum"])
def test_a_damaged_state_is_said_and_the_one_before_is_used(tmp_path, damage):
    save_state(tmp_path, 1, {"step": 1})
    save_state(tmp_path, 2, {"step": 2})
    file = tmp_path / "step-000000002" / "state.pt"
    content = bytearray(file.read_bytes())
    if damage == "cut":
        file.write_bytes(content[:-20])
    elif damage == "flip":
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
    else:
        (tmp_path / "step-000000002" / "state.json").unlink()
    said = []
    assert load_state(tmp_path, said.append)["step"] == 1
    assert "step-000000002 is damaged" in said[0]


def test_a_damaged_state_goes_when_an_earlier_one_is_saved_again(tmp_path):
    for step in (4, 6, 8):
        save_state(tmp_path, step, {"step": step})
    (tmp_path / "step-000000008" / "state.pt").write_bytes(b"")
    assert load_state(tmp_path, silent)["step"] == 6
    save_state(tmp_path, 7, {"step": 7})
    assert sorted(os.listdir(tmp_path)) == ["step-000000006", "step-000000007"]


def test_when_all_states_are_damaged_it_is_an_error_and_without_any_it_is_none(tmp_path):
    assert load_state(tmp_path / "none", silent) is None
    save_state(tmp_path, 1, {"step": 1})
    (tmp_path / "step-000000001" / "state.pt").write_bytes(b"")
    with pytest.raises(CheckpointError, match="All training states"):
        load_state(tmp_path, silent)


def test_a_log_without_a_state_is_not_begun_anew(tmp_path):
    log = tmp_path / "metrics.jsonl"
    assert load_state(tmp_path / "none", silent, log) is None
    log.write_text("")
    assert load_state(tmp_path / "none", silent, log) is None
    log.write_text('{"phase": "pretrain", "step": 1}\n')
    with pytest.raises(CheckpointError, match=r"holds no training state, and .*metrics.jsonl says"):
        load_state(tmp_path / "none", silent, log)


def test_a_pickle_with_code_in_it_is_not_run(tmp_path):
    import hashlib

    class Canary:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "ran"),))

    place = tmp_path / "states" / "step-000000001"
    place.mkdir(parents=True)
    torch.save({"step": Canary()}, place / "state.pt", pickle_module=pickle)
    digest = hashlib.sha256((place / "state.pt").read_bytes()).hexdigest()
    (place / "state.json").write_text(json.dumps({"step": 1, "sha256": digest}))
    with pytest.raises(CheckpointError):
        load_state(tmp_path / "states", silent)
    assert not (tmp_path / "ran").exists()


def test_an_unfinished_state_is_not_taken_for_one(tmp_path):
    save_state(tmp_path, 1, {"step": 1})
    os.rename(tmp_path / "step-000000001", tmp_path / "step-000000002.writing")
    assert load_state(tmp_path, silent) is None


def test_the_metric_log_drops_what_came_after_the_checkpoint(tmp_path):
    path = tmp_path / "metrics.jsonl"
    log = MetricLog(path, silent)
    log.log("pretrain", 1, {"eval/nll": 2.5})
    state = log.state()
    log.log("pretrain", 2, {"eval/nll": 2.25})
    log = MetricLog(path, silent, state)
    log.log("pretrain", 2, {"eval/nll": float("nan")})
    assert read_metrics(path) == [
        {"phase": "pretrain", "step": 1, "eval/nll": 2.5},
        {"phase": "pretrain", "step": 2, "eval/nll": None},
    ]


def test_a_line_cut_by_a_power_failure_is_passed_over(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"phase": "pretrain", "step": 1}\n{"phase": "pre')
    assert read_metrics(path) == [{"phase": "pretrain", "step": 1}]


@pytest.mark.parametrize("left", [0, 30, 200])
def test_a_log_that_was_cut_gets_its_last_lines_back(tmp_path, left):
    path = tmp_path / "metrics.jsonl"
    log = MetricLog(path, silent)
    for step in range(1, 8):
        log.log("pretrain", step, {"eval/nll": 2.5})
    content, state = path.read_bytes(), log.state()
    os.truncate(path, left)
    assert path.stat().st_size == left < len(content)
    MetricLog(path, silent, state)
    assert path.read_bytes() == content


def test_a_log_that_lost_more_says_so(tmp_path):
    path, said = tmp_path / "metrics.jsonl", []
    log = MetricLog(path, silent)
    for step in range(1, 400):
        log.log("pretrain", step, {"eval/nll": 2.5})
    content, state = path.read_bytes(), log.state()
    os.truncate(path, 100)
    MetricLog(path, said.append, state)
    kept = path.read_bytes()
    assert [line["step"] for line in read_metrics(path)][:2] == [1, 2]
    assert content.endswith(kept[-8000:])
    assert said == [f"{path} was cut: {len(content) - len(kept)} bytes of lines in it are lost."]


def test_a_full_disk_is_one_line_and_leaves_the_old_file(tmp_path):
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full on this system")
    path = tmp_path / "file"
    path.write_text("old")

    def write(temporary):
        os.symlink("/dev/full", temporary)
        temporary.write_bytes(b"new" * 10_000)

    with pytest.raises(RunError, match=r"file could not be written: the disk is full"):
        write_with(path, write)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]


def full(monkeypatch, free, number=errno.ENOSPC):
    """Have the system refuse all that is written, with so many bytes free."""

    def refuse(path, content):
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr(Path, "write_bytes", refuse)
    monkeypatch.setattr(shutil, "disk_usage", lambda place: shutil._ntuple_diskusage(10**9, 10**9 - free, free))


@pytest.mark.parametrize(
    ("free", "number", "why"),
    [
        (7, errno.ENOSPC, "the disk is full, 1,200 bytes are needed and 7 are free."),
        (10**8, errno.ENOSPC, "the disk is full."),  # other processes have made room since
        (10**8, errno.EDQUOT, "your quota of the disk is used up."),
    ],
)
def test_a_full_disk_is_said_of_the_file_that_was_asked_for(tmp_path, monkeypatch, free, number, why):
    full(monkeypatch, free, number)
    mend = "Free some space or choose another place, then call the command again."
    with pytest.raises(RunError) as refused:
        write_file(tmp_path / "folder.writing" / "file", "four" * 300)
    assert str(refused.value) == f"{tmp_path}/folder/file could not be written: {why} {mend}"


def test_a_training_on_a_full_disk_is_gone_on_with(tmp_path, monkeypatch):
    full(monkeypatch, 7)
    command = "seqgan pretrain --run mine --resume"
    with pytest.raises(RunError) as refused, gone_on_with(command):
        save_state(tmp_path, 3, {})
    said = str(refused.value)
    assert said.startswith(f"{tmp_path}/step-000000003/state.pt could not be written: the disk is full, ")
    assert said.endswith(f" are needed and 7 are free. Free some space, then go on with: {command}")


def test_a_disk_without_room_for_names(tmp_path, monkeypatch):
    full(monkeypatch, 10**8)
    known = os.statvfs(tmp_path)
    fields = [getattr(known, f"f_{name}") for name in ("bsize", "frsize", "blocks", "bfree", "bavail")]
    monkeypatch.setattr(os, "statvfs", lambda place: os.statvfs_result([*fields, 100, 0, 0, 0, 255]))
    with pytest.raises(RunError, match="the disk has no room for another file, however small"):
        write_file(tmp_path / "file", "four")


def test_what_was_killed_in_the_midst_is_deleted_and_nothing_else(tmp_path):
    for name in ("a.writing", "samples/b.writing", "samples/kept", "checkpoints/step-000000001.old.writing/state.pt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "child.writing").mkdir()  # a run that another process is making
    delete_unfinished(tmp_path)
    left = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*"))
    assert left == ["checkpoints", "child.writing", "samples", "samples/kept"]
