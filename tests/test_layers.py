"""The direction of imports: to a lower layer only, and a few files narrower still."""

import ast
import re
import subprocess
import sys
from pathlib import Path

from support.parsed import nodes_of

PACKAGE = Path(__file__).parent.parent / "seqgan"
SCRIPTS = PACKAGE.parent / "scripts"

LAYERS = {
    "__init__": 0,
    "errors": 0,
    "launched": 0,
    "files": 0.1,
    "locks": 0.1,
    "progress": 0.1,
    "interrupt": 0.1,
    "settings": 1.1,
    "tensors": 1,
    "fitting": 1.2,
    "generators": 2,
    "discriminators": 2,
    "objectives": 2,
    "metrics": 2,
    "data": 2,
    "config": 2,
    "huggingface": 1.5,
    "algorithm_settings": 3.1,
    "kinds": 1.2,
    "model_settings": 3.05,
    "reached": 3.2,
    "decoding": 3,
    "evaluation": 4,
    "build": 4,
    "model_memory": 3.2,
    "build_huggingface": 3.5,
    "runs": 5,
    "sweeps": 5.5,
    "training": 6,
    "reporting": 6,
    "exporting": 6,
    "jobs": 6.5,
    "cli": 7,
    "__main__": 8,
}

NARROWER = {
    "decoding": {"errors", "fitting", "tensors"},
    "objectives": {"errors", "settings", "tensors"},
    "metrics": {"errors", "__init__"},
    "data": {"errors", "files", "progress", "tensors"},
}


def imports_at_run_time(path: Path) -> set[str]:
    """The parts of the package that a file imports, those for annotations alone left out."""
    nodes = nodes_of(path)
    for_annotations = {
        id(node)
        for block in nodes
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for node in ast.walk(block)
    }
    found = set()
    for node in nodes:
        if id(node) in for_annotations:
            continue
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            names = [node.module]
            if node.module == "seqgan":
                names = [f"seqgan.{a.name}" if a.name in LAYERS else "seqgan.__init__" for a in node.names]
        found |= {name.split(".")[1] for name in names if name.startswith("seqgan.")}
    return found


def test_imports_point_down():
    wrong = []
    for path in sorted(PACKAGE.rglob("*.py")):
        here = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        for there in imports_at_run_time(path) - {here}:
            allowed = NARROWER.get(here)
            if LAYERS[there] >= LAYERS[here] or (allowed is not None and there not in allowed):
                wrong.append(f"{path.relative_to(PACKAGE)} imports {there}")
    assert not wrong


def imported(path: Path) -> set[str]:
    """First parts of all that a file of Python imports."""
    modules = [node.module for node in nodes_of(path) if isinstance(node, ast.ImportFrom)]
    modules += [alias.name for node in nodes_of(path) if isinstance(node, ast.Import) for alias in node.names]
    return {module.partition(".")[0] for module in modules if module}


def test_scripts_import_nothing_of_the_tests():
    """Tests may import packages of scripts/, and what both need stands there."""
    tests = {"tests", "conftest", "support"}
    wrong = []
    for path in sorted(path for path in SCRIPTS.rglob("*") if path.is_file() and "results" not in path.parts):
        program = path.suffix == ".py" or (not path.suffix and "python3" in path.read_text("utf-8").partition("\n")[0])
        names = imported(path) if program else set()
        wrong += [f"{path.name} imports {name}" for name in names if name in tests or name.startswith("test_")]
        if not program and not path.suffix:
            assert not re.search(r"python\S* tests/", path.read_text(encoding="utf-8")), path
    assert not wrong


def test_objectives_need_masks_alone():
    for path in (PACKAGE / "objectives").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert "seqgan.tensors" not in text.replace("seqgan.tensors.masking", "")


def loaded_after(statement: str) -> set[str]:
    """Top-level modules that are loaded once `statement` ran in a fresh interpreter."""
    code = f"import sys\n{statement}\nprint(*{{name.split('.')[0] for name in sys.modules}})"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(result.stdout.split("\n")[-2].split())


HEAVY = {"torch", "nltk", "datasets", "sacrebleu", "sentencepiece", "tyro", "rich", "msgspec", "numpy", "matplotlib"}


def test_importing_the_package_imports_nothing_else():
    assert not loaded_after("import seqgan") & HEAVY


def test_help_is_answered_without_imports():
    assert not loaded_after("from seqgan.cli.main import main; main(['--help'])") & HEAVY


def test_metrics_need_no_deep_learning_library():
    assert not loaded_after("import seqgan.metrics") & (HEAVY - {"numpy"})


def words_in(path: Path) -> set[str]:
    """The texts in a file's code, docstrings left out."""
    return {node.value for node in nodes_of(path) if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def test_no_other_part_knows_an_algorithm_or_a_player_by_name():
    from seqgan.discriminators import DISCRIMINATORS
    from seqgan.generators import GENERATORS
    from seqgan.objectives import ALGORITHMS

    # The package's own name is one of its algorithms, words of other things are names of players, and presets and files
    # of before name whom they are of.
    names = {*ALGORITHMS, *GENERATORS, *DISCRIMINATORS} - {"seqgan", "huggingface", "reverse-kl", "transformer"}
    allowed = {"objectives", "generators", "discriminators", "settings/presets", "settings/before"}
    wrong = []
    for path in sorted(PACKAGE.rglob("*.py")):
        place = path.relative_to(PACKAGE).with_suffix("").as_posix()
        if place.split("/")[0] not in allowed and place not in allowed:
            wrong += [f"{place}: {name}" for name in sorted(names & words_in(path))]
    assert not wrong


ROOMS = (
    *("tensors", "objectives", "metrics", "data", "generators", "discriminators", "decoding"),
    *("evaluation", "training"),
)
"""Rooms that are given plain arguments, or the settings of their own phase, and never all settings of a run."""


def test_no_room_below_the_building_of_players_sees_all_settings():
    whole = {"RunConfig", "DataConfig", "GeneratorConfig", "DiscriminatorConfig"}
    wrong = []
    for path in (path for room in ROOMS for path in sorted((PACKAGE / room).glob("*.py"))):
        for node in nodes_of(path):
            if isinstance(node, ast.ImportFrom) and node.module is not None and node.module.startswith("seqgan."):
                wrong += [f"{path.relative_to(PACKAGE)}: {each.name}" for each in node.names if each.name in whole]
    assert not wrong
