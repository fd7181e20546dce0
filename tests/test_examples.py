"""The programs of scripts/examples, on the first of their pairs or sentences: that each runs, and ends with numbers."""

import runpy
import sys
from pathlib import Path

import pytest

import seqgan.data
from seqgan.data.corpus import load_corpus

pytestmark = pytest.mark.slow(reason="trains and judges by the example programs")

EXAMPLES = Path(__file__).parent.parent / "scripts" / "examples"
FEW = 128


def few(name):
    """A corpus with few training sentences, so that an epoch is a moment."""
    corpus = load_corpus(name)
    sources = corpus.sources
    if sources is not None:
        sources = sources._replace(train=sources.train[:FEW], valid=sources.valid[:FEW])
    return corpus._replace(train=corpus.train[:FEW], valid=corpus.valid[:FEW], sources=sources)


@pytest.mark.parametrize(
    ("program", "columns", "metrics"),
    [
        ("own_generator", ("MLE", "CSGAN-NMT"), ("sacrebleu", "fits")),
        ("own_discriminator", ("MLE", "dialogue"), ("sacrebleu", "fits")),
        ("own_reward", ("MLE", "rewarded"), ("bleu-2", "says where")),
        ("own_loop", (), ("refs:all", "refs:others")),
    ],
)
def test_an_example_runs(program, columns, metrics, monkeypatch, capsys):
    path = EXAMPLES / f"{program}.py"
    arguments = ["2"] if program == "own_loop" else ["1", "1"]  # rounds; epochs and rounds
    monkeypatch.setattr(sys, "argv", [str(path), *arguments])
    monkeypatch.setattr(seqgan.data, "load_corpus", few)
    runpy.run_path(str(path), run_name="__main__")
    shown = capsys.readouterr().out
    for name in (*columns, *metrics):
        assert name in shown


def test_all_examples_are_run_and_described():
    (parametrized,) = test_an_example_runs.pytestmark
    run = {program for program, _, _ in parametrized.args[1]}
    assert run == {path.stem for path in EXAMPLES.glob("*.py")}
    page = (EXAMPLES / "README.md").read_text()
    assert all(f"[{program}.py]({program}.py)" in page for program in run)
