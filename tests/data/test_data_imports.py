"""What the files of `seqgan.data` import of one another, and what one of them alone does or none at all."""

import ast
import graphlib
from pathlib import Path

import pytest
from support.parsed import nodes_of

PACKAGE = Path(__file__).parent.parent.parent / "seqgan"
DATA = PACKAGE / "data"
CLASSES = {"Sequences", "StreamedSequences"}


def imported_files(path: Path) -> set[str]:
    """The files of the folder that a file imports: at its beginning, in a function, or for annotations alone."""
    found = set()
    for node in nodes_of(path):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            place = name.removeprefix("seqgan.data.")
            if name != place and (DATA / f"{place}.py").is_file():
                found.add(place)
    return found


def test_no_file_of_the_folder_imports_itself_by_a_detour():
    graph = {path.stem: imported_files(path) for path in DATA.glob("*.py")}
    assert sum(map(len, graph.values())) > 50
    graphlib.TopologicalSorter(graph).prepare()  # raises CycleError, which names the files


def test_nobody_asks_of_which_class_sentences_are():
    asked = []
    for path in PACKAGE.rglob("*.py"):
        for node in nodes_of(path):
            call = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id
            compared = isinstance(node, ast.Compare) and "type(" in ast.unparse(node.left)
            if not compared and call not in ("isinstance", "issubclass"):
                continue
            names = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
            attributes = {each.attr for each in ast.walk(node) if isinstance(each, ast.Attribute)}
            if CLASSES & (names | attributes):
                asked.append(f"{path.relative_to(PACKAGE)}, line {node.lineno}")
    assert not asked


@pytest.mark.parametrize(
    "name", ["lines", "stream", "parts", "through", "scan", "store", "held_out", "pairs", "streamed"]
)
def test_one_file_alone_makes_lines_of_bytes(name):
    calls = [
        node.func.attr
        for node in nodes_of(DATA / f"{name}.py")
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]
    assert not {"decode", "readline", "readlines", "splitlines", "removesuffix"} & set(calls)
