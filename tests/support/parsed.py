"""The package's files as trees, for tests that read its code: parsed once."""

import ast
from functools import cache
from pathlib import Path


@cache
def nodes_of(path: Path) -> tuple[ast.AST, ...]:
    """All nodes of a file of Python, as `ast.walk` gives them; the module is the first."""
    return tuple(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
