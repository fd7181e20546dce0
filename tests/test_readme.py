"""The README's Python example runs as it is printed, its commands exist, and so do the guides' table and example."""

import re
from pathlib import Path

from seqgan.cli.main import COMMANDS, main
from seqgan.evaluation.verdict import KINDS
from seqgan.runs import read_metrics

REPOSITORY = Path(__file__).parent.parent
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
HEALTH, JUDGING = (
    (REPOSITORY / "scripts" / "guides" / page).read_text(encoding="utf-8") for page in ("health.md", "judging.md")
)


def test_the_python_example_runs(capsys):
    (code,) = re.findall(r"```python\n(.*?)```", README, re.S)
    assert len([line for line in code.split("\n") if line.strip()]) <= 25
    exec(compile(code, "README.md", "exec"), {})
    printed = capsys.readouterr().out.split("\n")
    assert len(printed[0].split()) > 1  # a sentence
    assert any(line.startswith("bleu-4") for line in printed)


def test_the_commands_exist():
    named = set(re.findall(r"^seqgan (\w+)", README, re.M))
    assert named
    assert named <= set(COMMANDS)


def test_the_log_table_names_all_that_is_logged_and_the_verdict_is_made(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["pretrain", "--epochs", "1", "--generator.hidden-size", "16", "--quiet"]) == 0
    small = ["--adversarial.rollouts", "1", "--adversarial.warmup-steps", "1", "--discriminator.filters", "0.02"]
    small += ["--no-verdict"]
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
