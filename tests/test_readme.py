"""The README's Python example runs as it is printed, its commands exist, and so do the guides' table and example."""

import functools
import re
from pathlib import Path

import pytest

import seqgan
from seqgan.cli.main import COMMANDS, main
from seqgan.data.corpus import load_corpus
from seqgan.evaluation.verdict import KINDS
from seqgan.runs import read_metrics

REPOSITORY = Path(__file__).parent.parent
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
HEALTH, JUDGING = (
    (REPOSITORY / "scripts" / "guides" / page).read_text(encoding="utf-8") for page in ("health.md", "judging.md")
)


def few(name):
    """A corpus with as many training sentences as an epoch of a moment has."""
    corpus = load_corpus(name)
    return corpus._replace(train=corpus.train[:640], valid=corpus.valid[:200])


@pytest.mark.slow(reason="trains and judges by the README")
def test_the_python_examples_run(tmp_path, monkeypatch, capsys):
    of_runs, without = re.findall(r"```python\n(.*?)```", README, re.S)
    assert len([line for line in without.split("\n") if line.strip()]) <= 25
    with monkeypatch.context() as shorter:  # the whole text takes some ten seconds
        shorter.setattr(seqgan, "load_corpus", few)
        exec(compile(without, "README.md", "exec"), {})
    assert any(line.startswith("bleu-4") for line in capsys.readouterr().out.split("\n"))

    monkeypatch.chdir(tmp_path)
    lines = [f"a {who} {does}{where}" for who in ("man", "dog") for does in ("runs", "sits") for where in ("", " here")]
    Path("mine.txt").write_text("".join(f"{line}\n" for line in lines * 8))
    small = ["--run", "runs/captions", "--quiet", "--device", "cpu"]
    sizes = ["--generator.embedding-size", "8", "--generator.hidden-size", "8", "--epochs", "2"]
    assert main(["pretrain", "--corpus", "mine.txt", *sizes, *small]) == 0
    rounds = ["--rounds", "1", "--adversarial.warmup-steps", "1", "--discriminator.filters", "0.02", "--no-verdict"]
    assert main(["adversarial", *rounds, *small]) == 0
    capsys.readouterr()
    # With the defaults it takes a minute.
    quick = functools.partial(seqgan.compare, sentences=20, temperatures=(0.9, 1.0), sets=2)
    monkeypatch.setattr(seqgan, "compare", quick)
    exec(compile(of_runs, "README.md", "exec"), {})
    *sentences, verdict = capsys.readouterr().out.splitlines()
    assert len(sentences) == 5
    assert all(sentence.startswith("a man") for sentence in sentences)
    assert "MLE" in verdict


def test_the_commands_exist():
    named = set(re.findall(r"^seqgan (\w+)", README, re.M))
    assert named
    assert named <= set(COMMANDS)


@pytest.mark.slow(reason="trains, and sweeps of temperature")
def test_the_log_table_names_all_that_is_logged_and_the_verdict_is_made(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["pretrain", "--epochs", "1", "--generator.hidden-size", "16", "--quiet"]) == 0
    small = ["--adversarial.rollouts", "1", "--adversarial.warmup-steps", "1", "--discriminator.filters", "0.02"]
    small += ["--adversarial.evaluate-samples", "50", "--no-verdict"]
    assert main(["adversarial", "--algo", "maligan", "--rounds", "1", *small, "--quiet"]) == 0
    lines = [line for path in tmp_path.rglob("metrics.jsonl") for line in read_metrics(path)]
    logged = set().union(*lines) - {"phase", "step"}
    documented = set(re.findall(r"`([\w/-]+)`", HEALTH))
    assert logged <= documented

    # On the same runs: the example of the verdict in the guide.
    (code,) = [block for block in re.findall(r"```py\n(.*?)```", JUDGING, re.S) if "judge_sweeps" in block]
    capsys.readouterr()
    exec(compile(code, "README.md", "exec"), {})
    assert capsys.readouterr().out.split()[0] in KINDS
