"""Two processes against one: the same updates, whole trainings, and what is left when one of them is lost."""

import os
import signal
import time

import pytest
import torch
from support.joined import (
    CASES,
    command,
    command_that_hangs,
    several,
    together,
    trained,
    trainings,
    updates,
    updates_of_all_cases,
)
from support.tiny import tiny_text

from seqgan.cli.main import main
from seqgan.errors import ConfigError
from seqgan.runs import read_metrics
from seqgan.runs.health import RESTORED
from seqgan.settings.adversarial import AdversarialConfig
from seqgan.training import processes
from seqgan.training.players import check_processes
from seqgan.training.processes import by_first, dealt, gather_rows, own_numbers, own_part, own_seed, summed
from seqgan.training.skips import MOST


@pytest.fixture(scope="module")
def folder_of_two(tmp_path_factory):
    folder = tmp_path_factory.mktemp("two")
    together(updates, folder)
    return folder


@pytest.fixture(scope="module")
def of_two(folder_of_two):
    """The updates that two processes make, each half of every batch."""
    return [torch.load(folder_of_two / f"updates{rank}.pt") for rank in range(2)]


@pytest.fixture(scope="module")
def of_one(tmp_path_factory):
    """Those of one process with whole batches."""
    return updates_of_all_cases(tmp_path_factory.mktemp("one"))


@pytest.mark.slow(reason="starts two processes for each algorithm")
@pytest.mark.parametrize("case", CASES)
def test_two_processes_make_the_update_of_one(of_one, of_two, case):
    first, second = (of_rank[case] for of_rank in of_two)
    expected = of_one[case]
    assert len(expected["updates"]) == len(first["updates"]) > 2
    for whole, own, other in zip(expected["updates"], first["updates"], second["updates"], strict=True):
        largest = max(value.abs().max() for value in whole if value is not None)
        assert largest > 0
        for gradient, of_first, of_second in zip(whole, own, other, strict=True):
            if gradient is None:
                assert of_first is of_second is None
                continue
            assert torch.equal(of_first, of_second)
            double = gradient.dtype == torch.float64
            torch.testing.assert_close(of_first, gradient, rtol=0, atol=(1e-10 if double else 1e-4) * largest)
    assert first["logged"] == second["logged"]
    for values, values_of_two in zip(expected["logged"], first["logged"], strict=True):
        assert values_of_two == pytest.approx(values, rel=1e-4, abs=1e-5)


@pytest.mark.slow(reason="starts two processes")
def test_all_leave_out_the_batch_that_one_of_them_cannot_compute(folder_of_two):
    first, second = (torch.load(folder_of_two / f"left_out{rank}.pt") for rank in range(2))
    assert first["said"] == second["said"]
    assert "loss is nan, and the first tensor that is not finite is the gradient of weight" in first["said"]
    assert first["skips"] == second["skips"] == {"in_a_row": MOST, "counts": {"weight": MOST}}
    for of_rank in (first, second):
        assert of_rank["values"].isfinite().tolist() == [True] + [False] * (MOST - 1)
        assert torch.equal(of_rank["weights"], of_rank["weights"][:1].expand(MOST + 1, -1, -1))
    assert torch.equal(first["weights"], second["weights"])


@pytest.fixture(scope="module")
def of_training(tmp_path_factory):
    folder = tmp_path_factory.mktemp("training")
    together(trainings, folder)
    return folder


@pytest.mark.slow(reason="starts two processes")
def test_all_processes_train_the_same_models_and_a_resumed_training_is_the_unbroken_one(of_training):
    first, second = (torch.load(of_training / f"trained{rank}.pt") for rank in range(2))
    for name in ("whole", "broken", "asked"):
        for of_first, of_second, of_whole in zip(first[name], second[name], first["whole"], strict=True):
            if isinstance(of_first, tuple):
                assert of_first == of_second == of_whole
                continue
            for key, weight in of_whole.items():
                assert torch.equal(of_first[key], weight)
                assert torch.equal(of_second[key], weight)
    logs = []
    for name in ("whole", "broken", "asked"):
        lines = [line for kind in ("mle", "gan") for line in read_metrics(of_training / f"{name}-{kind}/metrics.jsonl")]
        logs.append([{k: v for k, v in line.items() if k not in ("seconds", "tokens_per_second")} for line in lines])
    assert logs[0] == logs[1] == logs[2]  # no line twice either: one process writes


@pytest.mark.slow(reason="starts two processes")
def test_all_go_back_to_the_best_checkpoint(of_training):
    first, second = (torch.load(of_training / f"trained{rank}.pt")["collapsed"] for rank in range(2))
    for of_first, of_second in zip(first[1:], second[1:], strict=True):
        assert all(torch.equal(weight, of_second[key]) for key, weight in of_first.items())
    lines = [line for line in read_metrics(of_training / "collapsed-gan/metrics.jsonl") if line["phase"] != "warmup"]
    assert [line["step"] for line in lines] == [0, 1, 2, 2, 3, 4]
    assert lines[3][RESTORED] in (0, 2)


@pytest.mark.slow(reason="starts two processes")
def test_one_process_goes_on_with_what_two_began(of_training):
    text = tiny_text(of_training)
    trained(of_training, text, "half", resume=True)  # from the midst of an epoch
    assert [line["step"] for line in read_metrics(of_training / "half-mle/metrics.jsonl")] == [1, 2, 3, 4]
    before = read_metrics(of_training / "left-gan/metrics.jsonl")
    assert before[-1]["step"] == 3
    trained(of_training, text, "left", resume=True)
    after = read_metrics(of_training / "left-gan/metrics.jsonl")
    assert [line["step"] for line in after if line["phase"] == "adversarial"] == [0, 1, 2, 3, 4]
    for kept, line in zip(before[:-1], after, strict=False):  # the third round is made again
        assert {**line, "seconds": 0} == {**kept, "seconds": 0}


SMALL = ["--generator.hidden-size", "8", "--generator.embedding-size", "8", "--epochs", "1", "--quiet"]
SMALL_GAN = [
    *("--adversarial.batch-size", "8", "--adversarial.rollouts", "1", "--adversarial.warmup-steps", "1"),
    *("--adversarial.evaluate-every", "1", "--adversarial.evaluate-samples", "10", "--discriminator.filters", "0.02"),
    *("--adversarial.discriminator-pool", "8", "--no-verdict"),
]


@pytest.mark.slow(reason="starts two processes")
def test_a_lost_process_ends_the_run_with_one_line_and_it_goes_on(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.txt").write_text("a dog runs .\nthe cat sleeps .\na bird eats .\n" * 8)
    assert main(["pretrain", "--corpus", "mine.txt", "--run", "mle", *SMALL]) == 0
    child = tmp_path / "mle" / "seqgan"
    arguments = ["adversarial", "--run", "mle", "--rounds", "1000000", *SMALL_GAN]
    with several(tmp_path, command, *arguments) as started:
        deadline = time.monotonic() + 200
        while len(read_metrics(child / "metrics.jsonl")) < 5:
            assert all(process.is_alive() for process in started.processes), started.texts()
            assert time.monotonic() < deadline
            time.sleep(0.2)
        started.processes[1].kill()
        assert started.codes() == [2, -signal.SIGKILL]
        said, said_by_other = started.texts()
    assert said_by_other == ""
    last = said.splitlines()[-1]
    assert last.startswith("seqgan: error: Process 0 of 2 has lost another one")
    assert "--resume" in last
    assert "Traceback" not in said

    done = max(line["step"] for line in read_metrics(child / "metrics.jsonl") if line["phase"] == "adversarial")
    arguments = ["adversarial", "--run", "mle", "--resume", "--rounds", str(done + 1), "--no-verdict", "--quiet"]
    assert main(arguments) == 0
    assert read_metrics(child / "metrics.jsonl")[-1]["step"] == done + 1


@pytest.mark.slow(reason="starts two processes")
def test_a_signal_to_one_of_them_is_heard_by_all(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.txt").write_text("a dog runs .\nthe cat sleeps .\na bird eats .\n" * 100)
    log = tmp_path / "mle" / "metrics.jsonl"
    arguments = ["pretrain", "--corpus", "mine.txt", "--run", "mle", *SMALL, "--epochs", "1000000"]
    with several(tmp_path, command, *arguments) as started:
        deadline = time.monotonic() + 200
        while len(read_metrics(log)) < 2:
            assert all(process.is_alive() for process in started.processes), started.texts()
            assert time.monotonic() < deadline
            time.sleep(0.2)
        os.kill(started.processes[1].pid, signal.SIGTERM)
        assert started.codes() == [128 + signal.SIGINT, 128 + signal.SIGTERM]
        said = "".join(started.texts())
    assert said.count("seqgan: ") == 1
    assert "seqgan: interrupted. A training state is saved after epoch " in said
    assert said.rstrip().endswith("Go on with: seqgan pretrain --run mle --resume")
    assert list(tmp_path.glob(".*.lock")) == []
    done = read_metrics(log)[-1]["step"]
    assert main(["pretrain", "--run", "mle", "--resume", "--quiet", "--epochs", str(done + 1)]) == 0
    assert [line["step"] for line in read_metrics(log)] == list(range(1, done + 2))


@pytest.mark.slow(reason="starts two processes")
@pytest.mark.parametrize("how", ["python", "library"])
def test_all_leave_on_a_signal_though_one_of_them_hangs(tmp_path, monkeypatch, how):
    """The one waits for the other within torch, where no handler is called; so may the other."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.txt").write_text("a dog runs .\nthe cat sleeps .\na bird eats .\n" * 100)
    arguments = ["pretrain", "--corpus", "mine.txt", "--run", "mle", *SMALL, "--epochs", "1000000"]
    with several(tmp_path, command_that_hangs, how, str(tmp_path / "hangs"), *arguments) as started:
        deadline = time.monotonic() + 200
        while not (tmp_path / "hangs").exists():
            assert all(process.is_alive() for process in started.processes), started.texts()
            assert time.monotonic() < deadline
            time.sleep(0.1)
        for process in started.processes:
            os.kill(process.pid, signal.SIGTERM)
        assert started.codes(60) == [128 + signal.SIGTERM] * 2, started.texts()  # the wait for an answer is longer
        said = "".join(started.texts())
    assert said.count("seqgan: ") == 1
    assert said.rstrip().endswith(
        "seqgan: interrupted. What was not finished since the last training state is done again. "
        "Go on with: seqgan pretrain --run mle --resume"
    )
    assert not list(tmp_path.rglob("*.writing"))
    assert main(["pretrain", "--run", "mle", "--resume", "--quiet", "--epochs", "3"]) == 0
    assert [line["step"] for line in read_metrics(tmp_path / "mle" / "metrics.jsonl")] == [1, 2, 3]


@pytest.mark.slow(reason="starts two processes")
def test_whatever_ends_all_of_them_is_said_once(tmp_path):
    (tmp_path / "mine.txt").write_text("a dog runs .\nthe cat sleeps .\n" * 8)
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "file").touch()
    # One process alone finds that the place is taken: the other waits for it.
    taken = str(tmp_path / "taken")
    with several(tmp_path, command, "pretrain", "--corpus", str(tmp_path / "mine.txt"), "--run", taken, *SMALL) as both:
        assert all(both.codes())
        said = "".join(both.texts())
    assert said.count("\n") == 1
    assert said.startswith(f"seqgan: error: {taken} exists and is no seqgan run")


def test_a_part_of_a_batch():
    assert own_part(7) == (slice(0, 7), 1)
    assert own_part(7).share(torch.tensor(3), torch.tensor(3)) == 1.0


def test_what_needs_several_processes_needs_none_here():
    assert summed(1.5, 2) == [1.5, 2]
    assert by_first(lambda: {"a": 1}) == {"a": 1}
    rows = torch.arange(3)
    assert gather_rows(rows, 3) is rows
    assert dealt(rows).tolist() == [0, 1, 2]


def test_commands_that_train_nothing_are_called_alone(monkeypatch, capsys):
    for name, value in {"RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(processes, "first_to_fail", lambda: True)
    assert main(["sample"]) == 2
    assert capsys.readouterr().err == (
        "seqgan: error: sample computes in one process, and 2 were started: call it without torchrun.\n"
    )


def test_the_waiting_time_is_a_number_of_seconds(monkeypatch):
    monkeypatch.setenv(processes.TIMEOUT_VARIABLE, "soon")
    with pytest.raises(ConfigError, match=r"SEQGAN_TIMEOUT is 'soon', expected a number of seconds above 0\."):
        processes.join(torch.device("cpu"))


def test_each_process_has_something_to_work_on(monkeypatch):
    monkeypatch.setattr(processes, "count", lambda: 8)
    with pytest.raises(ConfigError, match=r"adversarial\.batch_size is 7, and there are 8 processes"):
        check_processes(AdversarialConfig(batch_size=7))
    monkeypatch.setattr(processes, "rank", lambda: 2)
    assert own_part(20, 2).rows == slice(4, 6)  # the third of ten pairs
    assert own_part(6).holders == 8
    assert own_part(6).share(6, 6) == 1 / 8
    assert sorted(dealt(torch.arange(20)).tolist()) == list(range(20))


def test_each_process_has_random_numbers_of_its_own(monkeypatch):
    seeds = [own_seed(5)]
    monkeypatch.setattr(processes, "count", lambda: 3)
    for number in range(3):
        monkeypatch.setattr(processes, "rank", lambda number=number: number)
        seeds.append(own_seed(5))
        assert own_numbers(torch.Generator().manual_seed(5)).initial_seed() == seeds[-1]
    assert seeds[0] == 5
    assert len(set(seeds)) == 4
