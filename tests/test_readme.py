"""The README's Python example runs as it is printed, and its commands exist."""

import re
from pathlib import Path

from seqgan.cli.main import COMMANDS

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


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


def test_the_log_table_names_what_is_logged():
    rows = set(re.findall(r"^\| `([a-z_/]+)", README, re.M))
    assert {"generator/loss", "generator/reward_std", "discriminator/accuracy", "eval/nll"} <= rows
