"""The guides' commands run as they are written, in an empty folder.

Lines of a block ```console that begin with "$ " are commands, with "> " they go on; the others are what is printed,
and not compared. The blocks of a guide are one session: each finds what those before it left.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent


def commands_of(page):
    """The commands of a page's console blocks, in order."""
    lines = [line for block in re.findall(r"^```console\n(.*?)^```", page, re.S | re.M) for line in block.splitlines()]
    return [line[2:] for line in lines if line.startswith(("$ ", "> "))]


GUIDES = [
    guide
    for guide in sorted((REPOSITORY / "scripts" / "guides").glob("*.md"))
    if commands_of(guide.read_text(encoding="utf-8"))
]
"""Those that have commands: a page of tables has none to run."""


def test_commands_are_told_from_what_they_print():
    page = "Text\n```console\n$ echo a \\\n>   b\na b\n```\n```python\n$ no\n```\n```console\n$ echo c\n```\n"
    assert commands_of(page) == ["echo a \\", "  b", "echo c"]


def test_there_are_guides_to_run():
    assert {"after-training", "bigger-models", "more-processes"} <= {guide.stem for guide in GUIDES}


@pytest.mark.slow(reason="trains by the commands of a whole guide")
@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.stem)
def test_a_guide_runs_as_written(guide, tmp_path):
    commands = commands_of(guide.read_text(encoding="utf-8"))
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    packages = os.pathsep.join(filter(None, [str(REPOSITORY), os.environ.get("PYTHONPATH")]))
    result = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(commands)],
        cwd=tmp_path,
        env={**os.environ, "PATH": path, "PYTHONPATH": packages, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert result.returncode == 0, f"{result.stdout}\n{result.stderr}"
    assert "Traceback" not in result.stderr
