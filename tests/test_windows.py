"""What Windows lacks or refuses, imitated: no folder is opened, nothing read is synced, no open file is deleted."""

import errno
import os
import shutil
import sys

import pytest
import yaml

from seqgan import files
from seqgan.cli.main import main
from seqgan.files import read_file, sync, write_file
from seqgan.runs import read_metrics
from seqgan.runs.lock import locked

fcntl = pytest.importorskip("fcntl")  # what is imitated is no Windows itself

LACKING = (
    "O_CLOEXEC",
    "O_NONBLOCK",
    "fchmod",
    "getloadavg",
    "pread",
    "pwrite",
    "sched_getaffinity",
    "statvfs",
    "sysconf",
)
"""Names of `os` that Windows has not."""


@pytest.fixture
def windows(monkeypatch):
    """The refusals, each as Windows makes it; gives the descriptors that were opened, by their files."""
    opened, system = {}, {name: getattr(os, name) for name in ("open", "fsync", "unlink")}

    def open_(path, flags, mode=0o777, **named):
        if os.path.isdir(path):
            raise PermissionError(errno.EACCES, "Permission denied", os.fspath(path))
        descriptor = system["open"](path, flags, mode, **named)
        opened[os.path.abspath(path)] = descriptor
        return descriptor

    def fsync(descriptor):
        if fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
            raise OSError(errno.EBADF, "Bad file descriptor")
        system["fsync"](descriptor)

    def unlink(path, **named):
        if is_open(opened, path):
            raise PermissionError(errno.EACCES, "The process cannot access the file", os.fspath(path))
        system["unlink"](path, **named)

    for name, replaced in {"open": open_, "fsync": fsync, "unlink": unlink}.items():
        monkeypatch.setattr(os, name, replaced)
    for name in LACKING:
        monkeypatch.delattr(os, name, raising=False)
    for name in ("fcntl", "resource", "pwd"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setattr(os, "O_BINARY", os.O_NOCTTY, raising=False)  # a flag that changes nothing here
    monkeypatch.setattr(shutil, "_use_fd_functions", False)  # which open the folders that they delete
    monkeypatch.setattr(files, "WINDOWS", True)
    return opened


def is_open(opened, path):
    """Whether the descriptor that this file was opened with last is still open, and still this file's."""
    try:
        return os.path.samestat(os.fstat(opened[os.path.abspath(path)]), os.stat(path))
    except (KeyError, OSError):
        return False


def test_the_imitation_refuses_what_windows_refuses(tmp_path, windows):
    path = tmp_path / "a"
    path.write_bytes(b"1")
    with pytest.raises(PermissionError):
        os.open(tmp_path, os.O_RDONLY)
    descriptor = os.open(path, os.O_RDONLY)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fsync(descriptor)
    with pytest.raises(PermissionError):
        path.unlink()
    os.close(descriptor)
    path.unlink()


def test_files_are_written_synced_and_read_as_bytes(tmp_path, windows, monkeypatch):
    write_file(tmp_path / "a", b"1\r\n\x1a2")
    sync(tmp_path)
    flags, open_ = [], os.open
    monkeypatch.setattr(os, "open", lambda path, given: flags.append(given) or open_(path, given))
    assert read_file(tmp_path / "a") == b"1\r\n\x1a2"
    assert flags == [os.O_RDONLY | os.O_BINARY]  # else CR LF would be read as LF, and 0x1a as the end of the file


def test_a_run_is_locked_and_its_lock_file_goes(tmp_path, windows):
    with locked(tmp_path / "run"):
        assert is_open(windows, tmp_path / ".run.lock")
        assert (tmp_path / ".run.lock").read_text() == str(os.getpid())
    assert os.listdir(tmp_path) == []


def test_one_epoch_samples_and_resuming(tmp_path, windows, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.txt").write_text("a dog runs .\nthe cat sleeps .\ntwo birds fly .\n" * 9)
    small = ["--device", "cpu", "--generator.hidden-size", "4", "--quiet"]
    assert main(["pretrain", "--corpus", "mine.txt", "--epochs", "1", *small]) == 0
    assert main(["pretrain", "--run", "runs/mine", "--resume", "--epochs", "2", "--quiet"]) == 0
    run = tmp_path / "runs" / "mine"
    assert [line["step"] for line in read_metrics(run / "metrics.jsonl") if line["phase"] == "pretrain"] == [1, 2]
    assert yaml.safe_load((run / "config.yaml").read_text())["pretrain"]["epochs"] == 2
    capsys.readouterr()
    assert main(["sample", "--run", "runs/mine", "--count", "3", "--quiet"]) == 0
    assert capsys.readouterr().out.count("\n") == 3
    assert not list(tmp_path.rglob("*.lock"))


def test_a_sweep_says_where_it_works(tmp_path, windows, capsys):
    assert main(["sweep", "some.yaml"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("seqgan: error: seqgan sweep hands locks on")
    assert error.count("\n") == 1
