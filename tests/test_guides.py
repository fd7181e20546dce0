"""The guides' commands run as they are written, in an empty folder.

Lines of a block ```console that begin with "$ " are commands, with "> " they go on; the others are what is printed,
and not compared. The blocks of a guide are one session: each finds what those before it left. Its `seqgan` and `python`
are forked from a process that has the packages imported, see `support.forked`: the imports would take most of the time.
"""

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from support.forked import session

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


PACKAGES = os.pathsep.join(filter(None, [str(REPOSITORY), os.environ.get("PYTHONPATH")]))


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """A folder with the `seqgan` and the `python` of these sessions."""
    optional = [name for name in ("peft", "onnxscript") if find_spec(name) is not None]
    modules = ["torch._dynamo", "seqgan", "datasets", "nltk", "seqgan.cli.pretrain", "seqgan.training", *optional]
    # The names of pytest's folders are longer than that of a socket may be.
    with TemporaryDirectory(prefix="guides") as folder, session(folder, PACKAGES, modules) as programs:
        yield programs


@pytest.mark.slow(reason="trains by the commands of a whole guide")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.stem)
def test_a_guide_runs_as_written(guide, programs, tmp_path):
    commands = commands_of(guide.read_text(encoding="utf-8"))
    path = os.pathsep.join([str(programs), str(Path(sys.executable).parent), os.environ["PATH"]])
    result = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(commands)],
        cwd=tmp_path,
        env={**os.environ, "PATH": path, "PYTHONPATH": PACKAGES, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=580,
    )
    assert result.returncode == 0, f"{result.stdout}\n{result.stderr}"
    assert "Traceback" not in result.stderr
