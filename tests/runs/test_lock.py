"""Two processes on one run: the second is refused, whatever became of the first one's file."""

import errno
import os

import pytest

from seqgan import locks
from seqgan.cli.main import main
from seqgan.errors import RunError
from seqgan.runs.lock import locked


def test_a_second_one_is_refused_until_the_first_is_done(tmp_path):
    run = tmp_path / "runs" / "a"
    with locked(run), pytest.raises(RunError, match=rf"runs/a is being written by the process {os.getpid()}: wait"):
        locked(tmp_path / "runs" / "b" / ".." / "a").__enter__()
    assert os.listdir(tmp_path) == []  # neither the lock nor the folder made for it is left
    with locked(run), locked(tmp_path / "runs" / "b"):
        run.mkdir()
    assert os.listdir(run.parent) == ["a"]


def test_the_root_is_no_run(capsys):
    with locked("/"):
        pass
    assert main(["pretrain", "--corpus", "captions", "--run", "/", "--device", "cpu", "--quiet"]) == 2
    assert "choose another folder" in capsys.readouterr().err


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_what_a_dead_process_held_is_free(tmp_path):
    child = os.fork()
    if not child:
        lock = locked(tmp_path / "a")
        lock.__enter__()
        os._exit(9)
    os.waitpid(child, 0)
    assert (tmp_path / ".a.lock").read_text() == str(child)
    with locked(tmp_path / "a"):
        assert (tmp_path / ".a.lock").read_text() == str(os.getpid())


@pytest.mark.parametrize("without", ["module", "support", "permission"])
def test_where_there_are_no_locks_nothing_is_locked(tmp_path, monkeypatch, without):
    errors = {"module": errno.ENOSYS, "support": errno.ENOLCK, "permission": errno.EACCES}

    def refuse(*arguments, **named):
        raise OSError(errors[without], "no")

    place, name = (os, "open") if without == "permission" else (locks, "lock_descriptor")
    monkeypatch.setattr(place, name, refuse)
    with locked(tmp_path / "a"), locked(tmp_path / "a"):
        pass


@pytest.mark.parametrize("flags", [["--overwrite"], ["--resume"], []])
def test_the_commands_refuse_and_change_nothing(tmp_path, monkeypatch, capsys, flags):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.txt").write_text("a dog runs .\nthe cat sleeps .\ntwo birds fly .\n" * 9)
    small = ["--corpus", "mine.txt", "--generator.hidden-size", "4", "--epochs", "1", "--quiet"]
    assert main(["pretrain", *small]) == 0
    files = {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in (tmp_path / "runs").rglob("*")}
    capsys.readouterr()
    with locked("runs/mine"):
        assert main(["pretrain", *small, *flags]) == 2
        error = capsys.readouterr().err
        assert error.count("\n") == 1
        assert "runs/mine is being written by the process" in error
        assert main(["sample", "--run", "runs/mine", "--count", "2", "--quiet"]) == 0  # reading is free
    kept = {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in (tmp_path / "runs").rglob("*")}
    assert kept == files
