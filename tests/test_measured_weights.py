"""Numbers say of which weights they are: what was measured before a run went on is never shown as the run's."""

import hashlib
import json
import os

import pytest
from support.hand_made_runs import adversarial_log, adversarial_run, evaluated, pretrained_run, swept

from seqgan.cli.main import main
from seqgan.reporting.read import read_run
from seqgan.reporting.run_page import run_page
from seqgan.runs.directory import open_run
from seqgan.runs.weights import Weights, outdated, said_of, weights_of

LINES = "a dog runs .\nthe cat sleeps .\ntwo birds eat .\na cat runs .\n" * 10
SMALL = ["--generator.embedding-size", "8", "--generator.hidden-size", "12", "--device", "cpu", "--quiet"]


def run(*arguments):
    return main([str(argument) for argument in arguments])


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """A parent and its child, whose weights are any bytes: nothing here reads them."""
    monkeypatch.chdir(tmp_path)
    parent = pretrained_run(tmp_path / "mine")
    child = adversarial_run(parent / "seqgan")
    for folder in (parent, child):
        (folder / "generator.safetensors").write_bytes(b"first")
    return parent, child


def test_weights_by_their_sum_and_the_round_that_the_log_tells(folders):
    parent, child = (open_run(folder) for folder in folders)
    sha256 = hashlib.sha256(b"first").hexdigest()
    assert weights_of(parent) == Weights(sha256, "pretrain", 4)  # of falling likelihoods the last one is best
    assert weights_of(child) == Weights(sha256, "adversarial", 6)
    log = [{"phase": "pretrain", "step": n, "eval/nll": nll} for n, nll in ((1, 3.0), (2, 2.0), (3, 2.5))]
    parent.metrics_path.write_text("".join(json.dumps(line) + "\n" for line in log))
    assert weights_of(parent).step == 2
    rounds = [*adversarial_log(5), {"phase": "adversarial", "step": 5, "restored": 2}]  # judged are even rounds
    for lines, step in ((rounds[:-1], 4), (rounds, 2)):
        child.metrics_path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        assert weights_of(child).step == step
    parent.generator_path.unlink()
    assert weights_of(parent) is None
    assert said_of(child, [parent]).keys() == {"weights"}


def tell(path, run, others=()):
    path.write_text(json.dumps({**json.loads(path.read_text()), **said_of(run, others)}))


def shown(folder):
    record = read_run(folder, 1)
    return {name for name in ("evaluation", "sweep", "verdict") if getattr(record, name) is not None}, record


def test_a_page_leaves_out_what_is_of_earlier_weights_and_says_so(folders, monkeypatch):
    monkeypatch.setattr("seqgan.reporting.figures._svg", lambda draw, key, width, height: "<svg ></svg>")
    parent, child = folders
    evaluated(child, compared={"real text": {"bleu-4": {"value": 0.7777, "signature": "bleu|refs:9"}}})
    swept(child)
    (child / "verdict.json").write_text(json.dumps({"sentence": "Better than ever.", "evidence": {}}))
    for name in ("report.json", "sweep.json", "verdict.json"):
        tell(child / name, open_run(child), [open_run(parent)] if name == "verdict.json" else ())
    found, record = shown(child)
    assert found == {"evaluation", "sweep", "verdict"}
    assert record.outdated == []
    assert "Better than ever." in run_page([record])

    (child / "generator.safetensors").write_bytes(b"second")
    (child / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in adversarial_log(8)))
    found, record = shown(child)
    assert found == set()
    for name in ("report.json", "sweep.json", "verdict.json"):
        assert f"{name} is of weights of round 6, and the run now has those of round 8" in record.outdated
    page = run_page([record])
    assert "Better than ever." not in page
    assert "0.7777" not in page
    assert "verdict.json is of weights of round 6" in page
    assert "Not evaluated with these weights yet" in page


def test_a_verdict_is_of_both_runs_wherever_they_are_moved(folders):
    parent, child = folders
    (child / "verdict.json").write_text(json.dumps({"sentence": "Better than ever.", "evidence": {}}))
    tell(child / "verdict.json", open_run(child), [open_run(parent)])
    evaluated(child, compared={str(parent): {}, "real text": {}}, comparisons=["as before"])
    tell(child / "report.json", open_run(child), [open_run(parent)])
    moved = parent.rename(parent.with_name("elsewhere"))
    assert shown(moved / "seqgan")[0] == {"evaluation", "verdict"}
    (moved / "generator.safetensors").write_bytes(b"second")
    found, record = shown(moved / "seqgan")
    assert found == {"evaluation"}
    assert (list(record.evaluation.compared), record.evaluation.comparisons) == (["real text"], [])
    assert len(record.outdated) == 2
    assert all("has others of epoch 4" in why for why in record.outdated)


def test_a_file_of_an_earlier_version_is_judged_by_its_age(folders):
    parent, _ = folders
    evaluated(parent)
    report, weights = parent / "report.json", parent / "generator.safetensors"
    os.utime(weights, (1_000, 1_000))
    content = json.loads(report.read_text())
    assert outdated(content, report, open_run(parent)) == ""
    os.utime(report, (999, 999))
    assert "does not say of which weights it is, and is older" in outdated(content, report, open_run(parent))
    for said in (7, {}, {"sha256": 1, "phase": "pretrain", "step": 1}):  # damaged: as if it were not said
        assert "does not say" in outdated({"weights": said}, report, open_run(parent))


def test_fewer_metrics_leave_the_others_and_other_weights_do_not(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.txt").write_text(LINES)
    assert run("pretrain", "--corpus", "mine.txt", "--epochs", 1, "--pretrain.patience", 0, *SMALL) == 0
    report = tmp_path / "runs" / "mine" / "report.json"
    judge = ["evaluate", "--run", "runs/mine", "--count", 10, "--device", "cpu", "--metrics"]
    assert run(*judge, "distinct", "copied") == 0
    before = json.loads(report.read_text())
    capsys.readouterr()
    assert run(*judge, "length", "--seed", 3) == 0
    assert "keeps what was measured before of the same weights: distinct-1" in capsys.readouterr().err
    after = json.loads(report.read_text())
    assert before["metrics"].items() < after["metrics"].items()
    assert "length-mean" in after["metrics"]
    assert after["compared"]["real text"].keys() >= before["compared"]["real text"].keys()
    assert after["flags"] == {"count": 10, "metrics": ["distinct", "copied", "length"], "seed": 3}
    assert run(*judge, "distinct", "--seed", 3) == 0  # what is measured again is replaced
    again = json.loads(report.read_text())["metrics"]
    assert again["distinct-1"]["signature"] != before["metrics"]["distinct-1"]["signature"] or (
        again["distinct-1"] != before["metrics"]["distinct-1"]
    )

    assert run("pretrain", "--run", "runs/mine", "--resume", "--epochs", 2, "--quiet") == 0
    assert run(*judge, "length") == 0
    last = json.loads(report.read_text())
    assert last["weights"]["step"] == 2
    assert last["weights"] != after["weights"]
    assert not {"distinct-1", "copied"} & last["metrics"].keys()
