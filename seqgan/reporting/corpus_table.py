"""An inspected corpus as text for a terminal: its numbers as tables, what is wrong with it, settings that suit it."""

import textwrap
from collections.abc import Sequence

from seqgan.data.advice import Finding, Setting
from seqgan.data.inspect import Inspection, Pairs
from seqgan.progress import printable

WIDTH = 100
"""Characters of a line that a paragraph may take."""


def corpus_table(found: Inspection, wrong: Sequence[Finding], settings: Sequence[Setting]) -> str:
    """An inspection for reading on a terminal; what the text holds is shown with its control characters escaped.

    Args:
        found: all numbers.
        wrong: what is wrong with it.
        settings: what suits it.
    """
    parts = [f"{printable(found.name)}, tokens are {found.tokenizer}"]
    parts += [printable(note) for note in found.notes]
    names = list(found.splits)
    splits = list(found.splits.values())
    rows = [
        ["", *names],
        ["sentences", *(f"{split.sentences:,}" for split in splits)],
        ["tokens", *(f"{split.tokens:,}" for split in splits)],
        ["distinct tokens", *(f"{split.distinct_tokens:,}" for split in splits)],
        ["characters", *(f"{split.characters:,}" for split in splits)],
        ["tokens a sentence: mean", *(f"{split.lengths.mean:.1f}" for split in splits)],
        *(
            [f"  {percent} % have at most", *(f"{split.lengths.percentiles[percent]:,}" for split in splits)]
            for percent in ("5", "50", "95", "99")
        ),
        ["  longest", *(f"{split.lengths.longest:,}" for split in splits)],
        ["occurred before", *(f"{split.copies:,}" for split in splits)],
        ["  but for case and space", *(f"{split.near_copies:,}" for split in splits)],
        ["unknown tokens", *(_unknown(found, name, "tokens") for name in names)],
        ["sentences with some", *(_unknown(found, name, "sentences") for name in names)],
    ]
    parts += ["", aligned(rows)]
    growth = found.growth
    parts += [
        "",
        f"Vocabulary: {found.vocabulary:,} distinct tokens, {found.once:,} of them once; it grows as "
        f"{growth.scale:.3g} n^{growth.exponent:.2f}.",
    ]
    held_out = [name for name in names if name != "train"]
    thresholds = [
        ["data.min-count", "vocabulary", "unknown in train", *(f"in {name}" for name in held_out)],
        *(
            [
                str(each.min_count),
                f"{each.vocabulary:,}",
                *(f"{100 * each.unknown[name]:.2f} %" for name in ("train", *held_out)),
            ]
            for each in found.thresholds
        ),
    ]
    parts += ["", aligned(thresholds)]
    for odd in found.odd:
        parts += [
            "",
            *_wrapped(f"{odd.kind}: {odd.count:,} in {odd.sentences:,} sentences. {', '.join(odd.characters)}"),
        ]
        parts.append(f"  {odd.where}: {shown(odd.example)}")
    if found.pairs is not None:
        ratio = f"Pairs: targets have {found.pairs.length_ratio:.2f} tokens for each of their sources."
        parts += ["", ratio, "", aligned(_source_rows(found.pairs))]
    parts += ["", "Found" if wrong else "Nothing found that is wrong."]
    for finding in wrong:
        parts += _wrapped(f"{finding.level}: {finding.text} {finding.mend}", "  - ")
    parts += ["", "Settings"]
    for setting in settings:
        parts += _wrapped(f"{setting.flag}: {setting.text}" if setting.flag else setting.text, "  - ")
    return "\n".join(parts)


def _source_rows(pairs: Pairs) -> list[list[str]]:
    """What is known of the sources, as rows of a table."""
    splits = pairs.splits.values()
    unknown = [f"{100 * pairs.unknown[name]:.2f} %" if name in pairs.unknown else "-" for name in pairs.splits]
    return [
        ["of the sources", *pairs.splits],
        ["tokens a source: mean", *(f"{split.mean:.1f}" for split in splits)],
        *(
            [f"  {percent} % have at most", *(f"{s.percentiles[percent]:,}" for s in splits)]
            for percent in ("50", "99")
        ),
        ["  longest", *(f"{split.longest:,}" for split in splits)],
        ["distinct tokens", *(f"{pairs.distinct_tokens[name]:,}" for name in pairs.splits)],
        ["unknown tokens", *unknown],
        ["also in train", *(f"{pairs.known[name]:,}" if name in pairs.known else "-" for name in pairs.splits)],
    ]


def shown(text: str, most: int = 60) -> str:
    """Text of a corpus for a terminal: everything that is not printable escaped, and of long text its beginning."""
    return printable(text if len(text) <= most else text[: most - 1] + "…")


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Rows as columns: the first to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip() for row in rows]
    return "\n".join(lines)


def _unknown(found: Inspection, split: str, what: str) -> str:
    return f"{100 * getattr(found.unknown[split], what):.2f} %" if split in found.unknown else "-"


def _wrapped(text: str, bullet: str = "") -> list[str]:
    """A paragraph in lines."""
    return textwrap.wrap(
        printable(text), WIDTH, initial_indent=bullet, subsequent_indent=" " * len(bullet), break_on_hyphens=False
    )
