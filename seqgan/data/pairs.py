"""Sentence pairs: a source, which is what a sentence answers or translates, and the sentence itself, its target.

Files of them are read here: ``source TAB target`` in one file, or two files of which line i belongs to line i. A line
is never skipped on one side only.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from seqgan.data.lines import count, raw_lines, read_lines, returns_note
from seqgan.errors import CorpusError

TURN_SEPARATOR = "__eou__"
"""The token between the turns of a source, as DailyDialog writes it."""


class Pair(NamedTuple):
    """A sentence with its source."""

    source: str
    """What is answered or translated."""
    target: str
    """The answer, or the translation."""


class Sources(NamedTuple):
    """What the sentences of a corpus answer or translate: line i belongs to sentence i of the same split."""

    train: list[str]
    """Of the training sentences."""
    valid: list[str]
    """Of the held-out sentences that decide when to stop."""
    test: list[str]
    """Of the held-out sentences for the final judgement."""


def read_tsv(path: Path, notes: list[str], *, keep_blank: bool = False) -> list[Pair]:
    """The pairs of a file of ``source TAB target`` lines; blank lines are skipped, and blank sources kept if asked.

    Raises:
        CorpusError: a line without a tab or with several, or with nothing on one side of it.
    """
    lines = raw_lines(path, "\0")
    notes += returns_note(lines, str(path))
    pairs = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        source, *targets = line.split("\t")
        if len(targets) != 1:
            found = count(len(targets), "tab") if targets else "no tab"
            raise CorpusError(
                f"{path}, line {number}: {found}, but source TAB target was expected. "
                + ("Replace all but one by spaces." if targets else "Plain text has a name that does not end in .tsv.")
            )
        _refuse_empty(source, targets[0], f"{path}, line {number}", keep_blank)
        pairs.append(Pair(source, targets[0]))
    if len(pairs) < len(lines):
        notes.append(f"{count(len(lines) - len(pairs), 'blank line')} skipped in {path}.")
    return pairs


def read_aligned(source: Path, target: Path, notes: list[str], *, keep_blank: bool = False) -> list[Pair]:
    """The pairs of two files, of which line i belongs to line i; lines that are blank in both are skipped, and blank
    sources kept if asked.

    Raises:
        CorpusError: different numbers of lines, or a line that is blank in one of them.
    """
    if source.exists() and target.exists() and source.samefile(target):
        raise CorpusError(f"{source} is given as source and as target: name two files.")
    sources, targets = (read_lines(path, keep_blank=True) for path in (source, target))
    notes += [*returns_note(sources, str(source)), *returns_note(targets, str(target))]
    if len(sources) != len(targets):
        raise CorpusError(
            f"{source} has {count(len(sources), 'line')} and {target} has {count(len(targets), 'line')}, but line i of "
            "one belongs to line i of the other: give files that are aligned."
        )
    pairs = []
    for number, (left, right) in enumerate(zip(sources, targets, strict=True), start=1):
        if left.strip() or right.strip():
            _refuse_empty(left, right, f"{target if left.strip() else source}, line {number}", keep_blank)
            pairs.append(Pair(left, right))
    if len(pairs) < len(sources):
        blank = count(len(sources) - len(pairs), "line")
        notes.append(f"{blank} skipped, blank in both {source} and {target}.")
    return pairs


def columns_to_pairs(
    sources: Sequence[str], targets: Sequence[str], where: str, notes: list[str], *, keep_blank: bool = False
) -> list[Pair]:
    """The pairs in two columns of a table; rows that are blank in both are skipped.

    Args:
        sources: a column.
        targets: the one beside it.
        where: the table's name, for messages.
        notes: gets a sentence for the user, where something was skipped.
        keep_blank: keep pairs whose source is blank.

    Raises:
        CorpusError: a row that is blank in one of them, or all rows blank.
    """
    pairs = []
    for number, (source, target) in enumerate(zip(sources, targets, strict=True), start=1):
        if source.strip() or target.strip():
            _refuse_empty(source, target, f"{where}, row {number}", keep_blank)
            pairs.append(Pair(source, target))
    if not pairs:
        raise CorpusError(f"{where}: the columns hold no text. Choose others with #SOURCE,TARGET behind the name.")
    if len(pairs) < len(sources):
        notes.append(f"{count(len(sources) - len(pairs), 'blank pair')} skipped in {where}.")
    return pairs


def last_turns(source: str, separator: str = TURN_SEPARATOR, turns: int = 0) -> str:
    """The last turns of a source.

    Args:
        source: turns with a separator between them; one behind the last is no turn.
        separator: a token, with white space or nothing on either side of it.
        turns: how many are kept; 0 leaves the source as it is.
    """
    if not turns:
        return source
    parts = re.split(rf"(?<!\S){re.escape(separator)}(?!\S)", source)
    spoken = [part.strip() for part in parts if part.strip()]
    return f" {separator} ".join(spoken[-turns:]) or source


def separator_note(sources: Sequence[str], separator: str) -> list[str]:
    """What is said of a separator that was named, where no source has it; nothing of one that is there, or is usual.

    Args:
        sources: of the training text, as they were read.
        separator: the token between turns.
    """
    pattern = re.compile(rf"(?<!\S){re.escape(separator)}(?!\S)")
    if separator == TURN_SEPARATOR or any(separator in source and pattern.search(source) for source in sources):
        return []
    inside = sum(separator in source for source in sources)
    mend = f" {inside:,} of {len(sources):,} have it inside words: put a space on either side of it." if inside else ""
    return [
        f"No training source has the turn separator {separator!r} as a word of its own: each source is one turn, and a "
        f"long one is cut as such.{mend}"
    ]


def _refuse_empty(source: str, target: str, where: str, keep_blank: bool) -> None:
    """That neither side is blank, or of a text that keeps blank sources not the target.

    Raises:
        CorpusError: names the side.
    """
    if not source.strip() and not keep_blank:
        raise CorpusError(
            f"{where}: the source is empty. Complete the pair, or take it out on both sides; "
            "--data.blank-sources keep answers nothing."
        )
    if not target.strip():
        raise CorpusError(f"{where}: the target is empty. Complete the pair, or take it out on both sides.")
