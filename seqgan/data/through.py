"""A text larger than memory read from its beginning to its end: its held-out lines, and the fingerprint of all of it.

Both are those of the same text in memory, so that a run knows its text whichever way it is read. What was found is kept
in the text's cache, as what `seqgan.data.scan` and `store` find is.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from seqgan.data.cache import key_of, state_of
from seqgan.data.held_out import NOTHING, Drawn, drawn_lines, split_part
from seqgan.data.over_parts import over_parts
from seqgan.data.parts import Part, changed, part_sentences, split_files
from seqgan.files import write_file
from seqgan.progress import SILENT, Progress


class Through(NamedTuple):
    """What one reading tells."""

    fingerprint: str
    """As `Corpus.fingerprint` of the text in memory."""
    held_out: list[str]
    """The lines that were drawn, in the order in which they were."""


def draw_from_parts(
    parts: Sequence[Part], folder: Path, state: str, seed: int, workers: int = 0, progress: Progress = SILENT
) -> Drawn:
    """The lines of a text that are held out, as `held_out.split_off` draws them in memory; none of fewer than two.

    Args:
        parts: of the text.
        folder: of its cache, locked.
        state: of its files.
        seed: of the draw.
        workers: processes; 0 for one each processor.
        progress: where to report.

    Raises:
        CorpusError: what is wrong with the text, where, and the mend.
        RunError: the cache cannot be written.
    """
    table = over_parts(
        _count_part,
        parts,
        folder,
        f"count-{state}-{key_of(len(parts))}",
        workers=workers,
        progress=progress,
        describe="Counting the lines: parts",
    )
    firsts = [0]
    for lines in table["lines"]:
        firsts.append(firsts[-1] + lines)
    numbers = drawn_lines(firsts[-1], seed) if firsts[-1] > 1 else []
    return Drawn(seed, tuple(numbers), tuple(firsts[:-1]))


def read_through(
    parts: Sequence[Part],
    drawn: Drawn | None,
    valid: Sequence[Path],
    test: Sequence[Path],
    folder: Path,
    state: str,
    progress: Progress = SILENT,
) -> Through:
    """Read a text once, by one process, or what an earlier reading of it found.

    Args:
        parts: of the training text.
        drawn: which of its lines are held out; None where those of `valid` are.
        valid: files of held-out sentences; read where `drawn` is None.
        test: files of those for the final judgement.
        folder: of the cache, locked.
        state: of the files of the training text.
        progress: where to report.

    Raises:
        CorpusError: what is wrong with the text, where, and the mend.
        RunError: the cache cannot be written.
    """
    split = () if drawn is None else drawn
    path = folder / f"text-{state}-{key_of(*split, state_of([*valid, *test]))}.json"
    for older in folder.glob("text-*"):
        if not older.name.startswith(f"text-{state}-"):
            older.unlink(missing_ok=True)
    try:
        return Through(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        pass  # not read yet
    digest = hashlib.sha256()
    found: list[str] = []
    with progress.bar("Reading the text through: parts", len(parts)) as advance:
        for number, part in enumerate(parts):
            for block in split_part(part, number, NOTHING if drawn is None else drawn):
                found += block.held_out
                _add(digest, block.train)
            advance(1)
    held_out: list[str] = []
    _add(digest, ["\n"])
    if drawn is None:
        _add_files(digest, valid)
    elif len(found) == len(drawn.numbers):
        in_order = dict(zip(sorted(drawn.numbers), found, strict=True))
        held_out = [in_order[number] for number in drawn.numbers]
        _add(digest, held_out)
    else:
        raise changed(parts[0].path)
    _add(digest, ["\n"])
    _add_files(digest, test)
    result = Through(digest.hexdigest(), held_out)
    write_file(path, json.dumps(result._asdict()))
    return result


def _add_files(digest: Any, paths: Sequence[Path]) -> None:
    for part in split_files(paths) if paths else []:
        for lines in part_sentences(part):
            _add(digest, lines)


def _add(digest: Any, lines: Sequence[str]) -> None:
    """As `Corpus.fingerprint` has it: each line, and a line feed behind it."""
    digest.update("".join(f"{line}\n" for line in lines).encode())


def _count_part(part: Part, number: int) -> Any:  # noqa: ARG001
    """How many sentences a part has, as a table of one row."""
    import pyarrow

    return pyarrow.table({"lines": [sum(map(len, part_sentences(part)))]})
