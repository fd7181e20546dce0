"""What `import seqgan` gives."""

import ast
import inspect
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import get_type_hints

import pytest
from support.tiny import tiny_text

import seqgan
from seqgan.cli.main import main
from seqgan.errors import ConfigError, RunError
from seqgan.exporting import ExportedGenerator
from seqgan.jobs.compare import Comparison, compare_runs
from seqgan.jobs.load import LoadedRun
from seqgan.progress import SILENT
from seqgan.runs import open_run


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A pretrained run and one that went on from it."""
    folder = tmp_path_factory.mktemp("runs")
    tiny_text(folder)
    files = ["--corpus", str(folder / "corpus.txt"), "--valid", str(folder / "valid.txt")]
    sizes = ["--generator.embedding-size", "8", "--generator.hidden-size", "12", "--epochs", "2"]
    common = ["--run", str(folder / "run"), "--device", "cpu", "--quiet"]
    assert main(["pretrain", *files, *sizes, *common]) == 0
    small = ["--rounds", "1", "--discriminator.filters", "0.02", "--adversarial.warmup-steps", "2"]
    assert main(["adversarial", *small, "--adversarial.evaluate-samples", "10", "--no-verdict", *common]) == 0
    return folder / "run", folder / "run" / "seqgan"


def test_all_names_are_there_documented_and_found_by_completion():
    listed = set(dir(seqgan))
    for name in seqgan.__all__:
        value = getattr(seqgan, name)
        assert name in listed
        assert not callable(value) or inspect.getdoc(value)
    with pytest.raises(AttributeError, match="module 'seqgan' has no attribute 'lode'"):
        _ = seqgan.lode


def test_an_editor_and_python_find_the_same_names():
    """The imports for annotations, the table of places and the list of names."""
    tree = ast.parse(Path(seqgan.__file__).read_text(encoding="utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    shown = {(node.module, alias.name) for node in block.body for alias in node.names}
    assert shown == {(module, name) for module, names in seqgan._PLACES.items() for name in names}
    assert sorted(name for _, name in shown) == sorted(seqgan.__all__)


@pytest.mark.slow(reason="starts a process")
def test_importing_a_name_imports_what_it_needs():
    code = "import sys, seqgan; assert 'torch' not in sys.modules; seqgan.pretrain; assert 'torch' in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_loaded_run_writes_what_the_exported_generator_writes(runs):
    run = seqgan.load(runs[1], device="cpu")
    assert run.sample(5, seed=3) == ExportedGenerator.from_run(runs[1]).sample(5, seed=3)
    assert all(sentence.startswith("the cat") for sentence in run.sample(4, prefix="the cat", temperature=0.5))
    assert len(run.sample()) == 20
    assert run.generator is run.generator
    assert not run.generator.training
    assert "run/seqgan': lstm, trained by seqgan)" in repr(run)


def test_a_loaded_run_samples_without_its_text_and_finds_it_where_it_was_moved(runs, tmp_path):
    corpus = Path(open_run(runs[0]).config.data.corpus)
    moved = tmp_path / "corpus.txt"
    (tmp_path / "valid.txt").write_bytes((corpus.parent / "valid.txt").read_bytes())
    corpus.rename(moved)
    try:
        run = seqgan.load(runs[0], device="cpu")
        assert len(run.sample(2)) == 2
        with pytest.raises(seqgan.SeqganError, match="--corpus says where it is now"):
            _ = run.text
        assert len(seqgan.load(runs[0], corpus=str(moved)).text.corpus.train) == 108
    finally:
        moved.rename(corpus)


def test_a_loaded_run_scores_where_it_has_a_discriminator(runs):
    run = seqgan.load(runs[1], device="cpu")
    scores = run.score(["a dog runs .", "runs runs ."])
    assert len(scores) == 2
    assert all(isinstance(score, float) for score in scores)
    with pytest.raises(RunError, match="was pretrained only and has no discriminator"):
        seqgan.load(runs[0]).score(["a dog runs ."])
    with pytest.raises(RunError, match="none"):
        seqgan.load(runs[0] / "none")
    assert isinstance(run, LoadedRun)


def test_two_runs_are_compared_as_the_command_does(runs):
    settings = {"sentences": 30, "temperatures": (0.8, 1.0), "sets": 2}
    verdict = seqgan.compare(runs[1], str(runs[0]), **settings, device="cpu", equal_budget="none")
    whole = Comparison(**settings, device="cpu", equal_budget="none")
    assert verdict == compare_runs(open_run(runs[1]), open_run(runs[0]), whole, SILENT).verdict
    assert verdict.sentence
    assert not (runs[1] / "verdict.json").exists()
    with pytest.raises(ConfigError, match="equal_budget is 'rounds': choose updates, time, none"):
        seqgan.compare(*runs, equal_budget="rounds")
    with pytest.raises(ConfigError, match=r"references is 'test\.txt', expected a list of sentences"):
        seqgan.compare(*runs, references="test.txt")


def test_comparing_has_the_commands_defaults():
    from seqgan.cli.evaluate import EvaluateFlags
    from seqgan.evaluation.temperatures import TEMPERATURES

    flags, function = EvaluateFlags(), inspect.signature(seqgan.compare).parameters
    assert function["sentences"].default == Comparison().sentences == flags.count
    assert function["temperatures"].default == Comparison().temperatures == TEMPERATURES
    for name in ("sets", "seed", "device", "equal_budget"):
        assert function[name].default == getattr(Comparison(), name) == getattr(flags, name)


def test_a_run_is_judged_as_the_command_does(runs, tmp_path):
    asked = {"count": 30, "metrics": ["bleu", "distinct", "nll"], "seed": 3, "device": "cpu"}
    report = seqgan.evaluate(runs[1], **asked)
    assert not (runs[1] / "report.json").exists()
    words = ["--count", "30", "--metrics", *asked["metrics"], "--seed", "3", "--device", "cpu", "--quiet"]
    assert main(["evaluate", "--run", str(runs[1]), *words, "--json", str(tmp_path / "out.json")]) == 0
    (runs[1] / "report.json").unlink()
    assert report.to_json() == json.loads((tmp_path / "out.json").read_text())["metrics"]
    assert seqgan.evaluate(open_run(runs[1]), **asked).to_json() == report.to_json()
    lines = Path(open_run(runs[1]).config.data.corpus).read_text().splitlines()[:5]  # others than the held-out ones
    words += ["--references", str(tmp_path / "few.txt")]
    (tmp_path / "few.txt").write_text("".join(f"{line}\n" for line in lines))
    assert main(["evaluate", "--run", str(runs[1]), *words, "--json", str(tmp_path / "few.json")]) == 0
    of_few = json.loads((tmp_path / "few.json").read_text())["metrics"]
    assert of_few != report.to_json()
    assert seqgan.evaluate(runs[1], **asked, references=lines).to_json() == of_few


def test_a_loaded_run_is_judged_without_being_read_again(runs, tmp_path):
    copied = tmp_path / "run"
    shutil.copytree(runs[0], copied)
    asked = {"count": 10, "metrics": ["nll"]}
    loaded = seqgan.load(copied, device="cpu")
    assert loaded.generator is not None
    assert loaded.text is not None
    shutil.rmtree(copied)
    assert seqgan.evaluate(loaded, **asked).to_json() == seqgan.evaluate(runs[0], **asked, device="cpu").to_json()


def test_an_opened_run_looks_for_its_text_where_it_did(runs, tmp_path):
    run = open_run(runs[0])
    before = run.config
    for name in ("corpus.txt", "valid.txt"):
        shutil.copy(Path(before.data.corpus).parent / name, tmp_path / name)
    corpus = str(tmp_path / "corpus.txt")
    for judged in (run, seqgan.load(run, device="cpu")):
        assert "nll" in seqgan.evaluate(judged, corpus=corpus, count=10, metrics=["nll"], device="cpu")
    assert run.config == before


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"count": 1}, "count is 1, expected int >= 2"),
        ({"memory": float("nan")}, "memory is nan, expected a finite number"),
        ({"beam": 2}, "--beam is of runs of pairs"),
        ({"references": "test.txt"}, "expected a list of sentences"),
        ({"metrics": "bleu"}, "metrics is 'bleu', expected names in a list"),
        ({"metrics": ["blue"]}, "blue"),
        ({"device": "tpu"}, "tpu"),
    ],
)
def test_what_cannot_be_judged_is_told(runs, asked, message):
    with pytest.raises(ConfigError, match=message):
        seqgan.evaluate(runs[1], **asked)


def test_evaluating_has_the_commands_defaults():
    from seqgan.cli.evaluate import EvaluateFlags
    from seqgan.jobs.judging import Judging

    flags, asked = EvaluateFlags(), Judging()
    for name in Judging.__struct_fields__:
        assert getattr(asked, name) == getattr(flags, name)
    for name, parameter in inspect.signature(seqgan.evaluate).parameters.items():
        if name not in ("run", "progress"):
            assert parameter.default == getattr(flags, name)
    ranges = {name: get_type_hints(Judging, include_extras=True)[name] for name in ("sets", "count", "draws", "beam")}
    assert ranges == {name: get_type_hints(EvaluateFlags, include_extras=True)[name] for name in ranges}
