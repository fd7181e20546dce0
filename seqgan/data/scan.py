"""What one reading of a text tells that is too large for memory: its tokens' counts, a sample, what is held out.

Parts are counted by several processes and their counts added, which is exact. Which lines are held out they know by the
lines' numbers: see `seqgan.data.through`.
"""

import hashlib
import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from seqgan.data.blocks import READ_BYTES
from seqgan.data.cache import key_of
from seqgan.data.held_out import HeldOut, split_part
from seqgan.data.over_parts import over_parts
from seqgan.data.parts import Part, draw_lines, read_part, sample_share, sentences_of
from seqgan.data.words import count_words
from seqgan.errors import CorpusError
from seqgan.progress import SILENT, Progress

SAMPLE_BYTES = 2**23
"""Of training sentences that are kept in memory, for metrics that compare with them and for learning subwords."""
MOST_TYPES = 2_000_000
"""Distinct tokens that are counted at once."""
PROBES = 16
"""Places of a text that are looked at for how long its lines are."""
COUNTED: dict[str, Callable[[Sequence[str]], Mapping[str, int]]] = {
    "words": count_words,
    "characters": lambda lines: Counter("".join(lines)),
}
"""The tokenizers whose tokens are counted, and how."""


class Scan(NamedTuple):
    """What is known of a text."""

    sentences: int
    """Training sentences."""
    blank: int
    """Blank lines."""
    content: str
    """Equal for equal bytes in all files."""
    sample: list[str]
    """Training sentences from all over the text, in order; all of them where they are few."""
    held_out: list[str]
    """Distinct sentences that are held out, in the order in which they come first."""
    copies: int
    """Further lines that are copies of those, and no training sentences either."""
    known: set[str]
    """The sentences that were asked for and are training sentences."""
    table: Any
    """A row a part: a `datasets.Dataset`."""


def scan_text(
    parts: Sequence[Part],
    folder: Path,
    state: str,
    *,
    counted: str,
    held_out: HeldOut,
    asked: Sequence[str] = (),
    workers: int = 0,
    progress: Progress = SILENT,
) -> Scan:
    """Read a text once, or what an earlier reading of it found.

    Args:
        parts: of the text.
        folder: of its cache, locked.
        state: of its files.
        counted: the tokenizer whose tokens are counted, one of `COUNTED`; none of another.
        held_out: which sentences are.
        asked: sentences of which is asked whether they are training sentences.
        workers: processes; 0 for one each processor.
        progress: where to report.

    Raises:
        CorpusError: what is wrong with the text, where, and the mend.
        RunError: the cache cannot be written.
    """
    table = over_parts(
        _scan_part,
        parts,
        folder,
        f"scan-{state}-{key_of(counted, *held_out, *asked, len(parts))}",
        workers=workers,
        progress=progress,
        describe="Reading the text: parts",
        counted=counted,
        held_out=held_out,
        share=sample_share(parts, SAMPLE_BYTES),
        asked=frozenset(asked),
    )
    found: dict[str, int] = {}
    held = 0
    sample: list[str] = []
    known: set[str] = set()
    for row in table.select_columns(["sample", "held_out", "held_out_count", "known"]):
        sample += row["sample"]
        found |= dict.fromkeys(row["held_out"], 0)
        held += row["held_out_count"]
        known |= set(row["known"])
    sentences = sum(table["sentences"])
    content = key_of(*table["digest"])
    return Scan(sentences, sum(table["blank"]), content, sample, list(found), held - len(found), known, table)


def add_counts(scan: Scan, most: int = MOST_TYPES, *, prune: bool = False) -> Counter[str]:
    """How often each token stands in the training sentences, all parts together.

    Args:
        scan: of a text whose tokens were counted.
        most: distinct tokens that are held at once.
        prune: where there are more, forget the rarest each time, as lossy counting does; those that were forgotten and
            come again are counted from there on. The frequent ones are then still right to the last few.

    Raises:
        CorpusError: there are more, and none may be forgotten.
    """
    rows = scan.table.select_columns(["tokens", "counts"])
    return merge_counts(((row["tokens"], row["counts"]) for row in rows), most, prune=prune)


def merge_counts(
    counted: Iterable[tuple[Sequence[str], Sequence[int]]], most: int = MOST_TYPES, *, prune: bool = False
) -> Counter[str]:
    """The sums of counts of the same tokens; arguments as of `add_counts`."""
    total: Counter[str] = Counter()
    for tokens, counts in counted:
        total.update(dict(zip(tokens, counts, strict=True)))
        rare = 0
        while len(total) > most:
            if not prune:
                raise CorpusError(
                    f"The text has more than {most:,} distinct tokens, too many for a vocabulary of all of them: say "
                    "how many the most frequent are to be with data.max_vocabulary, or use --tokenizer sentencepiece."
                )
            rare += 1
            total = Counter({token: number for token, number in total.items() if number > rare})
    return total


def held_out_share(parts: Sequence[Part], wanted: int, most: float) -> float:
    """The share of a text's lines that so many sentences are, at most `most`; from how long some of its lines are."""
    step = max(1, len(parts) // PROBES)
    lines = seen = 0
    for part in parts[::step]:
        content, read = next(read_part(part._replace(stop=min(part.stop, part.start + READ_BYTES))), (b"", []))
        lines += len(sentences_of(read))
        seen += len(content)
    total = sum(part.stop - part.start for part in parts)
    expected = max(1.0, lines * total / max(1, seen))
    return min(most, wanted / expected)


def _scan_part(part: Part, number: int, *, counted: str, held_out: HeldOut, share: float, asked: frozenset[str]) -> Any:
    """What a part tells, as a table of one row."""
    import pyarrow

    rng = random.Random(f"{held_out.seed} {number}")
    digest = hashlib.sha256()
    counts: Counter[str] = Counter()
    sentences = blank = held_count = 0
    sample: list[str] = []
    held: dict[str, int] = {}
    known: set[str] = set()
    count = COUNTED.get(counted)
    for block in split_part(part, number, held_out):
        digest.update(block.content)
        blank += block.blank
        sentences += len(block.train)
        held_count += len(block.held_out)
        held |= dict.fromkeys(block.held_out, 0)
        sample += draw_lines(block.train, share, rng)
        if asked:
            known |= asked.intersection(block.train)
        if count is not None:
            counts.update(count(block.train))
    row = {
        "sentences": sentences,
        "blank": blank,
        "digest": digest.hexdigest(),
        "tokens": list(counts),
        "counts": list(counts.values()),
        "sample": sample,
        "held_out": list(held),
        "held_out_count": held_count,
        "known": sorted(known),
    }
    texts = pyarrow.list_(pyarrow.string())
    kinds = {
        **dict.fromkeys(("sentences", "blank", "held_out_count"), pyarrow.int64()),
        **dict.fromkeys(("tokens", "sample", "held_out", "known"), texts),
        "digest": pyarrow.string(),
        "counts": pyarrow.list_(pyarrow.int64()),
    }
    return pyarrow.Table.from_pylist([row], pyarrow.schema([(name, kinds[name]) for name in row]))
