"""The device's checks at their smallest, on the CPU: they pass, go on, stop in time, and notice what is planted."""

import json
import os
import runpy
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import torch
from device import equality, oracle, record, rounding, sampling, session
from device.check import Check, Place, Result
from device.models import make_discriminator, sizes

from seqgan.progress import SILENT

SCRIPT = Path(__file__).parent.parent / "scripts" / "device_check"
CPU = torch.device("cpu")


class Told:
    """A progress that keeps what it is told."""

    def __init__(self):
        self.notes = []

    def note(self, text):
        self.notes.append(text)


def go_on(out, *names, limit=60.0, progress=SILENT, **how):
    return session.go_on(out, CPU, limit=limit, quick=True, names=names, progress=progress, **how)


def results(out):
    return json.loads((out / "checks.json").read_text())["checks"]


def counted(calls, name="made/one", passed=True, seconds=1.0):
    """A check that counts its calls."""

    def run(place):
        calls.append(name)
        return Result(passed, "as it is")

    return Check(name, "It is counted.", seconds, run)


def test_players_and_penalties_pass_and_a_second_call_does_nothing_again(tmp_path, monkeypatch):
    names = ("generator/lstm", "discriminator/cnn", "pairs-generator/seq2seq-gru", "penalty/rnn", "sampling/gru")
    assert go_on(tmp_path, *names) == 0
    first = results(tmp_path)
    assert list(first) == [check.name for check in session.chosen(names)]
    assert all(each["passed"] for each in first.values())
    table = (tmp_path / "device.md").read_text()
    assert all(f"| {name} | " in table for name in names)

    monkeypatch.setattr(session, "carried_out", None)  # which would be called
    assert go_on(tmp_path, *names) == 0
    assert results(tmp_path) == first


def test_a_planted_difference_fails_by_its_name(tmp_path, monkeypatch):
    right = rounding.on_device

    def wrong(model, device):
        there = right(model, device)
        with torch.no_grad():
            there.output.weight[0, 0] *= 1 + 1e-4
        return there

    monkeypatch.setattr(rounding, "on_device", wrong)
    said = Told()
    assert go_on(tmp_path, "generator/lstm", "discriminator/rnn", progress=said) == 1
    assert said.notes[-1] == "Failed: generator/lstm, discriminator/rnn."
    found = results(tmp_path)
    assert found["generator/lstm"]["passed"] is False  # it has no layer of that name: what is raised is a failure
    assert found["generator/lstm"]["says"].startswith("AttributeError")
    assert found["discriminator/rnn"]["passed"] is False
    error, bound = (float(found["discriminator/rnn"]["says"].split()[place]) for place in (0, 4))
    assert error > bound
    assert "| discriminator/rnn | " in (tmp_path / "device.md").read_text()

    monkeypatch.setattr(rounding, "on_device", right)
    assert go_on(tmp_path, "discriminator/rnn") == 1  # it is finished, and stays so
    assert go_on(tmp_path, "discriminator/rnn", again=True) == 0


@pytest.mark.parametrize(("bits", "passes"), [(24, True), (11, False)])
def test_the_bound_lets_float32_pass_and_the_11_bits_of_tf32_not(tmp_path, monkeypatch, bits, passes):
    """Weights are what is multiplied: rounded to 11 bits they are as TF32 has them; to 24 they are float32's own."""

    def rounded(model, device):
        with torch.no_grad():
            for parameter in model.parameters():
                parts, exponents = torch.frexp(parameter)
                parameter.copy_(torch.ldexp((parts * 2**bits).round() / 2**bits, exponents))
        return model

    size = sizes(quick=True)
    model = make_discriminator("cnn", size, tmp_path, conditional=False).eval()
    monkeypatch.setattr(rounding, "on_device", rounded)
    place = Place(CPU, True, tmp_path, 0.0)
    compute = partial(equality.of_discriminator, size, False, True)
    assert rounding.compared(model, compute, place, 1).passed == passes


def test_a_difference_has_the_bound_that_is_said():
    """Errors 1e-3 on the CPU and 9e-3 there; 8 * 1e-3 + sqrt(16) * 2^-24 * 2 for the larger entry's kind."""
    exact = {"logits": {"": torch.tensor([2.0, 0.0], dtype=torch.float64)}}
    own, there = ({"logits": {"": exact["logits"][""] + off}} for off in (1e-3, 9e-3))
    (found,) = rounding.differences(exact, own, there, 16)
    assert found.error == pytest.approx(9e-3)
    assert found.bound == pytest.approx(8e-3 + 4 * 2**-24 * 2, rel=1e-9)
    assert not rounding.judged([found]).passed
    (wrong,) = rounding.differences(exact, own, {"logits": {"": exact["logits"][""] * torch.nan}}, 16)
    assert wrong.share == float("inf")


def test_the_threshold_is_one_that_chi_squared_numbers_are_not_above():
    """Of two degrees the chance is exp(-x / 2): at the threshold, 2 + 2 sqrt(2 * 13.8) + 2 * 13.8 = 40.1, 2e-9."""
    assert sampling.threshold(2) == pytest.approx(40.1, abs=0.1)
    assert sampling.threshold(2) > 2 * 13.8155  # where it would be 1e-6


def test_samples_of_another_distribution_are_noticed(tmp_path, monkeypatch):
    right = sampling.sample

    def wrong(generator, rows, length, context, **how):
        return right(generator, rows, length, context, temperature=0.7, **how)

    monkeypatch.setattr(sampling, "sample", wrong)
    assert go_on(tmp_path, "sampling/gru") == 1


def test_a_call_ends_before_what_does_not_fit(tmp_path, monkeypatch):
    calls, said = [], Told()
    long = counted(calls, "made/long", seconds=10_000.0)  # a tenth of it in quick calls
    monkeypatch.setattr(session, "all_checks", lambda: [counted(calls), long, counted(calls, "made/last")])
    assert go_on(tmp_path, progress=said) == 0
    assert calls == ["made/one"]
    assert said.notes[-1] == "2 checks left: call again."
    assert go_on(tmp_path, progress=said) == 2  # the same call would never get further
    assert said.notes[-1] == "made/long may take 1000 s, and --limit is 60: raise it."
    assert go_on(tmp_path, limit=2000.0, progress=said) == 0
    assert calls == ["made/one", "made/long", "made/last"]


def test_what_goes_on_in_the_next_call_is_left(tmp_path, monkeypatch):
    calls, answers = [], [None, True]

    def run(place):
        calls.append(place.left)
        return Result(answers[len(calls) - 1], f"slice {len(calls)}")

    monkeypatch.setattr(session, "all_checks", lambda: [Check("made/slices", "It goes on.", 1.0, run)])
    assert go_on(tmp_path) == 0
    assert results(tmp_path)["made/slices"]["passed"] is None
    assert go_on(tmp_path) == 0
    assert go_on(tmp_path) == 0
    assert len(calls) == 2
    assert results(tmp_path)["made/slices"]["says"] == "slice 2"


def test_results_of_another_device_are_not_mixed_in(tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr(session, "all_checks", lambda: [counted(calls)])
    assert go_on(tmp_path) == 0
    with pytest.raises(record.RunError, match=r"checks.json has results with sizes 'quick', and here it is 'whole'"):
        session.go_on(tmp_path, CPU, progress=SILENT)


def test_the_script_says_which_name_it_does_not_know(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["device_check", "--out", "nowhere", "--checks", "generator/lstmm"])
    with pytest.raises(SystemExit):
        runpy.run_path(str(SCRIPT), run_name="__main__")
    assert "no check or group is called 'generator/lstmm': see --list." in capsys.readouterr().err


def test_the_experiment_is_told_to_leave_when_the_time_of_its_slice_is_over():
    leaves = "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit(143)); time.sleep(60)"
    child = subprocess.Popen([sys.executable, "-c", leaves])
    assert oracle.ended(child, 0.0) is None
    assert child.poll() in (143, -15)  # the second where the signal came before its handler
    assert oracle.ended(subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"]), 60.0) == 3


@pytest.mark.slow(reason="carries out all checks in a process of their own, the experiment among them")
@pytest.mark.timeout(600)
def test_all_checks_pass_where_libraries_that_they_do_without_are_missing(tmp_path):
    """An image with torch may have neither `datasets` nor `nltk`: importing them is made to fail."""
    missing = ["datasets", "nltk", "sentencepiece", "sacrebleu", "filelock", "rich", "transformers"]
    (tmp_path / "sitecustomize.py").write_text(f"import sys\nsys.modules.update(dict.fromkeys({missing}))\n")
    paths = os.pathsep.join([str(tmp_path), str(SCRIPT.parent.parent)])
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": paths}
    command = [sys.executable, SCRIPT, "--out", tmp_path / "out", "--device", "cpu", "--quick"]
    ran = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=580)
    assert ran.returncode == 0, ran.stderr
    found = results(tmp_path / "out")
    assert len(found) == len([check for check in session.all_checks() if "huggingface" not in check.name])
    assert all(each["passed"] for each in found.values())
    assert (tmp_path / "out" / "oracle.tsv").exists()
