"""Symbols of a vocabulary that its training text never has: nothing was learnt of them but that they do not come.

A tokenizer of subwords has pieces that the text shows only inside longer ones, and single bytes for characters that it
does not have; a pretrained model's has those of all its languages. What is drawn for people leaves them out.
"""

import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from seqgan.errors import CheckpointError
from seqgan.files import read_file, write_file

if TYPE_CHECKING:
    from seqgan.data.sequences import AnySequences

UNSEEN_FILE = "unseen.txt"
"""Its name beside the vocabulary's."""
FIRST_LINE = "seqgan unseen 1"
BYTE = re.compile("<0x[0-9A-F]{2}>")
"""How tokenizers with single bytes spell them."""
MOST_BYTES = 255
"""Of the 256, a vocabulary has all but the line feed."""


def unseen_ids(train: "AnySequences", size: int, end: int | None) -> frozenset[int]:
    """The ids that no training sentence has, as models learn them: cut, with what is unknown as the unknown symbol.

    Args:
        train: the training sentences.
        size: of the vocabulary.
        end: id of the end symbol, which is never one of them: where all sentences are cut, samples may end all the
            same. None where there is none.
    """
    seen = train.seen(size)
    if end is not None:
        seen[end] = True
    return frozenset(np.flatnonzero(~seen).tolist())


def byte_ids(tokens: Sequence[str], first: int) -> list[int]:
    """The ids of single bytes, in a vocabulary that has all of them; none where a few words happen to look so.

    Args:
        tokens: in the order of their ids.
        first: id of the first one.
    """
    found = [number for number, token in enumerate(tokens, start=first) if BYTE.fullmatch(token)]
    return found if len(found) >= MOST_BYTES else []


def write_unseen(unseen: Collection[int], folder: Path) -> None:
    """Write an id a line, after a line that names the format."""
    write_file(folder / UNSEEN_FILE, "".join(f"{line}\n" for line in [FIRST_LINE, *sorted(unseen)]))


def read_unseen(folder: Path, size: int, end: int | None) -> frozenset[int] | None:
    """Read what `write_unseen` wrote; None where there is nothing: the run was made before it was kept.

    Args:
        folder: where the vocabulary is.
        size: of the vocabulary.
        end: id of its end symbol; None where there is none.

    Raises:
        CheckpointError: it is damaged, or belongs to another vocabulary; says the line.
    """
    path = folder / UNSEEN_FILE
    try:
        first, *lines = read_file(path).decode("ascii").split("\n")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise CheckpointError(f"{path} cannot be read ({error}): restore it from a copy.") from error
    if first != FIRST_LINE or not lines or lines.pop() != "":
        raise CheckpointError(f"{path}: expected {FIRST_LINE!r} and an id a line: restore it from a copy.")
    for number, line in enumerate(lines, start=2):
        if not re.fullmatch("0|[1-9][0-9]{0,8}", line) or int(line) >= size or int(line) == end:
            raise CheckpointError(
                f"{path}, line {number}: {line[:20]!r} is no symbol of the vocabulary beside it that may be missing "
                "from a text: restore both from a copy."
            )
    ids = frozenset(map(int, lines))
    if len(ids) == size:
        raise CheckpointError(f"{path}: none of the {size} symbols is left: restore it from a copy.")
    return ids
