"""Workers: started through submitit here or on a cluster that is played by two scripts, and ended."""

import os
import sys

import pytest
from support.tiny_sweeps import sweep_of

pytest.importorskip("submitit", reason="submitit is not installed: pip install 'seqgan[sweep]'")

from seqgan.errors import ConfigError
from seqgan.sweeps.storage import claim
from seqgan.sweeps.workers import alive, forget, start_workers, stop, wait_for, worker_command


@pytest.mark.slow(reason="starts processes through submitit")
def test_local_workers_are_the_command_and_see_the_gpus_that_we_see(tmp_path, monkeypatch):
    program = tmp_path / "program"
    program.write_text('#!/bin/sh\necho "$CUDA_VISIBLE_DEVICES $@" >> ' + str(tmp_path / "called") + "\n")
    program.chmod(0o755)
    monkeypatch.setattr(
        "seqgan.sweeps.workers.worker_command", lambda folder, device: [str(program), str(folder), device]
    )
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5")
    jobs = start_workers(tmp_path, sweep_of(), 1, device="cpu")
    looks = []
    wait_for(tmp_path, jobs, lambda: looks.append(1))
    forget(jobs)
    assert looks
    assert (tmp_path / "called").read_text() == f"5 {tmp_path} cpu\n"
    assert (tmp_path / "jobs").stat().st_mode & 0o077 == 0
    one, two = (_command_before(sweep_of(gpus=[3, 4]), n) for n in (0, 1))
    assert (one, two) == (["env", "CUDA_VISIBLE_DEVICES=3"], ["env", "CUDA_VISIBLE_DEVICES=4"])
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    assert _command_before(sweep_of(), 0) == ["env", "-u", "CUDA_VISIBLE_DEVICES"]


@pytest.mark.slow(reason="starts processes through submitit")
def test_what_submitit_keeps_is_its_owners_alone_also_in_a_folder_that_was_there(tmp_path, monkeypatch):
    monkeypatch.setattr("seqgan.sweeps.workers.worker_command", lambda folder, device: ["true"])
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs").chmod(0o777)
    (tmp_path / "jobs" / "1_submitted.pkl").write_bytes(b"of somebody else")
    for _ in range(2):
        jobs = start_workers(tmp_path, sweep_of(), 1)
        wait_for(tmp_path, jobs, lambda: None)
        forget(jobs)
    assert (tmp_path / "jobs").stat().st_mode & 0o777 == 0o700
    starts = [path for path in (tmp_path / "jobs").iterdir() if path.is_dir()]
    assert len(starts) == 2
    for start in starts:
        assert start.stat().st_mode & 0o777 == 0o700
        assert len(list(start.glob("*_submitted.pkl"))) == 1
    assert (tmp_path / "jobs" / "1_submitted.pkl").read_bytes() == b"of somebody else"


def test_a_folder_of_jobs_that_leads_elsewhere_is_refused(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "sweep").mkdir()
    (tmp_path / "sweep" / "jobs").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigError, match="is no folder of the sweep's own"):
        start_workers(tmp_path / "sweep", sweep_of(), 1)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def _command_before(sweep, number):
    from seqgan.sweeps.workers import _sees

    return _sees(sweep, number)


def test_a_slurm_job_asks_for_what_the_file_says(tmp_path, monkeypatch):
    scripts = tmp_path / "bin"
    scripts.mkdir()
    for name, text in (("srun", "exit 0"), ("sbatch", "echo Submitted batch job 12"), ("scancel", "exit 0")):
        (scripts / name).write_text(f"#!/bin/sh\n{text}\n")
        (scripts / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(scripts), prepend=os.pathsep)
    asked = {"partition": "gpu", "gpus_per_node": 1, "timeout_min": 90}
    (job,) = start_workers(tmp_path, sweep_of(cluster="slurm", slurm=asked), 1)
    assert job.job_id == "12"
    (script,) = (tmp_path / "jobs").glob("*/12_submission.sh")
    lines = script.read_text().split("\n")
    for line in ("--partition=gpu", "--gpus-per-node=1", "--time=90", "--job-name=seqgan-sweep"):
        assert f"#SBATCH {line}" in lines
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match=r"could not be started on slurm.*--worker"):
        start_workers(tmp_path, sweep_of(cluster="slurm"), 1)


def test_workers_of_this_host_are_ended_by_name(tmp_path, monkeypatch):
    told = []
    own = claim(tmp_path, "worker-1")
    monkeypatch.setattr("os.kill", lambda pid, signal: (told.append(pid), own.release()))
    assert list(alive(tmp_path)) == ["worker-1"]
    stop(tmp_path, [])
    assert told == [os.getpid()]


def test_a_worker_reads_the_file_in_the_folder(tmp_path):
    command = worker_command(tmp_path, "cpu")
    assert command[:4] == [sys.executable, "-m", "seqgan", "sweep"]
    assert command[4] == str(tmp_path / "sweep.yaml")
    assert "--worker" in command
