"""What the README and the guides name is there: commands parse, links lead somewhere, files exist."""

import re
import shlex
from pathlib import Path

import pytest

from seqgan.cli.adversarial import ChildFlags, OwnFlags
from seqgan.cli.evaluate import EvaluateFlags
from seqgan.cli.export import ExportFlags
from seqgan.cli.headroom import HeadroomFlags
from seqgan.cli.inspect import InspectFlags
from seqgan.cli.main import COMMANDS
from seqgan.cli.options import flag_value, parse, preset_settings
from seqgan.cli.plan import PlanFlags
from seqgan.cli.pretrain import PretrainFlags
from seqgan.cli.report import ReportFlags
from seqgan.cli.sample import SampleFlags
from seqgan.cli.score import ScoreFlags
from seqgan.cli.sweep import SweepFlags
from seqgan.objectives import ALGORITHMS

REPOSITORY = Path(__file__).parent.parent
SCRIPTS = REPOSITORY / "scripts"
GUIDES = [
    *(REPOSITORY / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted((SCRIPTS / "guides").glob("*.md")),
    SCRIPTS / "examples" / "README.md",
    SCRIPTS / "results" / "README.md",
]
RECORDS = [page for page in sorted((SCRIPTS / "results").rglob("*.md")) if page not in GUIDES]
"""What was run when they were made: their commands are not read."""

FLAGS = {
    "pretrain": PretrainFlags,
    "adversarial": ChildFlags,
    "sample": SampleFlags,
    "evaluate": EvaluateFlags,
    "score": ScoreFlags,
    "export": ExportFlags,
    "report": ReportFlags,
    "inspect": InspectFlags,
    "sweep": SweepFlags,
    "plan": PlanFlags,
    "headroom": HeadroomFlags,
}


def commands_of(page):
    """The `seqgan` commands of a page as words, in its blocks and in its sentences; N is taken for a number."""
    blocks = re.findall(r"^```(?:sh|bash|console|text)?\n(.*?)^```", page, re.S | re.M)
    lines = "\n".join(re.sub(r"^[$>] ", "", line) for block in blocks for line in block.splitlines())
    shown = lines.replace("\\\n", " ").splitlines()
    prose = re.sub(r"^```.*?^```", "", page, flags=re.S | re.M)
    quoted = [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", prose)]
    for line in [*shown, *quoted]:
        found = re.match(r"(?:torchrun .* )?seqgan (?=[a-z])(.*)", line.strip())
        if found:
            words = shlex.split(found[1].rstrip("; "), comments=True)
            yield ["2" if word == "N" else word for word in words if word != "..."]


def test_commands_are_found_in_blocks_and_in_sentences():
    page = (
        "Say `seqgan plan --hours\nN`.\n```sh\nseqgan sample \\\n  --count 3  # three\nls\n```\n"
        "```console\n$ torchrun -m -- seqgan pretrain ...\n```\n```py\nseqgan = 1\n```\n"
    )
    assert list(commands_of(page)) == [["sample", "--count", "3"], ["pretrain"], ["plan", "--hours", "2"]]
    assert set(FLAGS) == set(COMMANDS)


@pytest.mark.parametrize("page", GUIDES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_commands_parse(page):
    for name, *arguments in commands_of(page.read_text(encoding="utf-8")):
        flags = OwnFlags if name == "adversarial" and "--corpus" in arguments else FLAGS[name]
        if "--help" not in arguments and "NAME" not in arguments:
            parse(name, "", flags(), arguments)
            preset_settings(arguments)
            assert flag_value(arguments, "--algo") in (None, *ALGORITHMS)


def headings_of(page):
    """The anchors of a page's headings: lower case, hyphens for spaces, without other marks."""
    headings = re.findall(r"^#+ (.*)", page, re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", [*GUIDES, *RECORDS], ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_links_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"\w+:", target):
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), target
        assert not anchor or anchor in headings_of(linked.read_text(encoding="utf-8")), target
    for name in re.findall(r"`((?:scripts|seqgan|corpora|tests)/[\w./-]*)", text):
        assert (REPOSITORY / name).exists(), name
