"""What a fault is that is planted in a copy of the package."""

from typing import NamedTuple


class Mutant(NamedTuple):
    """One fault."""

    name: str
    fault: str
    """What is wrong with it, in a sentence."""
    file: str
    """In `seqgan`."""
    text: str
    """What stands there, exactly once."""
    instead: str
    tests: tuple[str, ...]
    """What is to notice it: files, or tests in them as ``file::test``, which is faster."""
