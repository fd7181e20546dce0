"""A metric of one's own, in one file that nothing else knows: evaluated, compared, drawn, and searched for."""

import contextlib
import importlib.util
import io
import json
import re

import pytest

from seqgan.cli.main import main
from seqgan.errors import SeqganError
from seqgan.evaluation.evaluate import chosen_families
from seqgan.metrics import METRICS, Metric
from seqgan.metrics.metric import every_metric

FILE = """
from seqgan.metrics import METRICS, Metric, Use
from seqgan.metrics.entries import references_of, share_entry, signature_of


def compute(texts, tokenization, *, intervals=True):
    known = {tokens[0] for tokens in references_of(texts, "openings") if tokens}
    begins = [bool(tokens) and tokens[0] in known for tokens in texts.samples]
    signature = signature_of("share that begins as some reference", texts, tokenization)
    return [share_entry("openings", begins, signature, intervals=intervals)]


METRICS["openings"] = Metric(
    "openings",
    compute,
    needs=("references",),
    direction=1,
    sentences=Use(usual=True, watched=("openings",)),
    answers=Use(),
)
"""
SWEEP = """
command: both
config:
  data: {corpus: mine.txt}
  generator: {embedding_size: 8, hidden_size: 12}
  pretrain: {epochs: 1}
  discriminator: {filters: 0.02}
  adversarial: {rounds: 1, batch_size: 8, warmup_steps: 2, evaluate_samples: 10, evaluate_every: 1}
space:
  adversarial.rollouts: [1, 2]
objective: openings
trials: 1
seeds: [0]
"""
LINES = [f"{a} {b} {c} ." for a in ("a", "the") for b in ("dog", "cat", "bird") for c in ("runs", "sleeps", "eats")] * 3
SMALL = ("--generator.embedding-size", "8", "--generator.hidden-size", "12", "--pretrain.epochs", "1")
SMALL_GAN = (
    *("--discriminator.filters", "0.02", "--adversarial.rounds", "1", "--adversarial.batch-size", "8"),
    *("--adversarial.rollouts", "1", "--adversarial.warmup-steps", "2", "--adversarial.evaluate-samples", "10"),
)


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.txt").write_text("\n".join(LINES) + "\n")
    (tmp_path / "own.py").write_text(FILE)
    before = dict(METRICS)
    specification = importlib.util.spec_from_file_location("own", tmp_path / "own.py")
    specification.loader.exec_module(importlib.util.module_from_spec(specification))
    yield tmp_path
    METRICS.clear()
    METRICS.update(before)


def run(*arguments):
    return main([*arguments, "--quiet"])


def test_it_is_evaluated_by_name_with_its_arrow_and_its_references(here, capsys):
    (here / "theirs.txt").write_text("a dog runs .\nno dog runs .\nthe cat eats .\nmy cat eats .\n")
    (here / "one.txt").write_text("a cat .\nthe dog .\n")
    (here / "two.txt").write_text("a cat .\nthe bird .\n")
    found = []
    for references in ("one.txt", "two.txt"):
        files = ("evaluate", "--samples", "theirs.txt", "--references", references)
        assert run(*files, "--metrics", "openings", "unique") == 0
        shown = capsys.readouterr().out
        assert re.search(r"^openings ↑ +0\.5000 ±", shown, re.M)
        assert run(*files, "--metrics", "openings", "--json", "-") == 0
        found.append(json.loads(capsys.readouterr().out)["metrics"]["openings"])
    assert [entry["value"] for entry in found] == [0.5, 0.5]
    assert all(re.search(r"\|refs-id:[0-9a-f]{8}$", entry["signature"]) for entry in found)
    assert found[0]["signature"] != found[1]["signature"]
    there = {"model": False, "references": True, "training": False, "grammar": False}
    assert "openings" in chosen_families(["all"], **there)
    assert run("evaluate", "--samples", "theirs.txt", "--references", "one.txt", "--real", "one.txt") == 0
    assert "openings ↑" in capsys.readouterr().out  # it is usual
    assert run("evaluate", "--samples", "theirs.txt", "--references", "one.txt", "--metrics", "opening") == 2
    assert "Did you mean 'openings'?" in capsys.readouterr().err


@pytest.mark.slow(reason="trains, judges and draws")
def test_it_is_watched_compared_and_drawn(here, capsys):
    pytest.importorskip("matplotlib", reason="matplotlib is not installed: pip install 'seqgan[report]'")
    assert run("pretrain", "--corpus", "mine.txt", *SMALL) == 0
    assert run("adversarial", "--algo", "seqgan", *SMALL_GAN) == 0
    child = here / "runs" / "mine" / "seqgan"
    logged = [json.loads(line) for line in (child / "metrics.jsonl").read_text().split("\n")[:-1]]
    assert any("eval/openings" in line for line in logged)
    asked = ("--metrics", "openings", "nll", "--count", "20", "--table-only")
    assert run("evaluate", "--run", "runs/mine/seqgan", "--compare", "runs/mine", *asked) == 0
    assert re.search(
        r"^openings ↑( +[01]\.\d{4} (±0\.\d{4}|\[\d\.\d{4}, \d\.\d{4}\])){3} ", capsys.readouterr().out, re.M
    )
    for folder in (child, child.parent):
        kept = json.loads((folder / "report.json").read_text())
        assert "|refs-id:" in kept["metrics"]["openings"]["signature"]
    assert run("report", "runs/mine/seqgan", "--output", "page.html") == 0
    arrow = '<span role="img" aria-label="higher is better">↑</span>'
    assert f"openings {arrow}" in (here / "page.html").read_text()


@pytest.mark.slow(reason="trains two runs and judges them")
def test_a_sweep_searches_for_it(here, monkeypatch, capsys):
    pytest.importorskip("optuna", reason="optuna is not installed: pip install 'seqgan[sweep]'")
    pytest.importorskip("submitit", reason="submitit is not installed: pip install 'seqgan[sweep]'")
    from seqgan.sweeps.space import OF_COMMAND, read_space
    from seqgan.sweeps.workers import work

    def here_itself(process, watch):
        with contextlib.redirect_stdout(io.StringIO()):
            return run(*process.arguments)

    def one_worker(folder, sweep, count, device):
        work(folder, sweep, read_space(sweep.space, OF_COMMAND["both"], ""), device="cpu", runner=here_itself)
        return []

    monkeypatch.setattr("seqgan.jobs.sweep.start_workers", one_worker)
    monkeypatch.setattr("seqgan.jobs.sweep_best.in_a_process", here_itself)
    (here / "mine.yaml").write_text(SWEEP)
    assert run("sweep", "mine.yaml", "--device", "cpu") == 0
    assert "openings, mean" in capsys.readouterr().out
    results = json.loads((here / "sweeps" / "mine" / "results.json").read_text())
    assert results["signs"] == [1]
    assert [trial["state"] for trial in results["trials"]] == ["complete"]
    assert "openings" in results["test"][0]["means"]


def test_it_is_asked_of_answers_as_well(here):
    from support.tiny_pairs import tiny_pairs

    from seqgan.evaluation.pairs import chosen_pair_families, judge_answers

    text = tiny_pairs(here)
    assert chosen_pair_families(["openings"], "mine", 2) == ("openings",)
    sources, references = ["a dog runs", "cat sleeps"], ["ein hund rennt", "katze schläft"]
    (entry,) = judge_answers(["ein vogel", "hund"], sources, references, text, ("openings",))
    assert entry.value == 0.5
    assert "|refs-id:" in entry.signature


def test_what_it_forgets_to_need_it_is_not_given(here, capsys):
    (here / "own.py").write_text(FILE.replace('("references",)', "()"))
    specification = importlib.util.spec_from_file_location("own", here / "own.py")
    specification.loader.exec_module(importlib.util.module_from_spec(specification))
    assert run("evaluate", "--samples", "mine.txt", "--references", "mine.txt", "--metrics", "openings") == 2
    assert "'openings' reads the references, and its record does not need them" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "record", "said"),
    [
        ("mine", len, "is a builtin_function_or_method, expected a record"),
        ("mine", Metric("yours", len, direction=1), "the name of the record is 'yours'"),
        ("frechet", Metric("frechet", len, direction=1), "the package has one"),
    ],
)
def test_what_is_no_record_is_told(name, record, said, monkeypatch):
    monkeypatch.setitem(METRICS, name, record)
    with pytest.raises(SeqganError, match=said):
        every_metric()
