"""The page of an inspected corpus: its pictures, its numbers, what is wrong with it, and settings that suit it."""

from collections.abc import Sequence
from itertools import accumulate

from seqgan.data.advice import Finding, Setting
from seqgan.data.inspect import Inspection, Pairs
from seqgan.reporting.figures import Line, bars, growth, histogram, swatch
from seqgan.reporting.html import (
    Cell,
    Row,
    code,
    escape,
    figure,
    findings_list,
    page,
    paragraph,
    shortened,
    table,
)

TAIL = 0.999
"""Share of the sentences whose lengths the picture shows; one endless line would make the others a needle."""


def corpus_page(found: Inspection, wrong: Sequence[Finding], settings: Sequence[Setting], command: str) -> str:
    """The whole page.

    Args:
        found: all numbers.
        wrong: what is wrong with it.
        settings: what suits it.
        command: what makes the page again.
    """
    notes = "".join(paragraph(escape(note), "muted") for note in found.notes)
    lead = paragraph(escape(in_a_sentence(found)), "lead") + notes
    parts = [
        ("pictures", "Pictures", pictures_part(found)),
        ("findings", "Findings", findings_part(wrong)),
        ("advice", "Settings that suit it", advice_part(settings)),
        ("splits", "Splits", splits_part(found)),
        ("vocabulary", "Vocabulary", vocabulary_part(found)),
        ("copies", "Copies and leaks", copies_part(found)),
        ("characters", "Odd characters", characters_part(found)),
        ("repeat", "To repeat it", code(command)),
    ]
    return page(f"Corpus: {found.name}", lead, parts)


def in_a_sentence(found: Inspection) -> str:
    """The corpus in a sentence."""
    listed = ", ".join(f"{split.sentences:,} {name}" for name, split in found.splits.items())
    return (
        f"{listed} sentences; tokens are {found.tokenizer}, of which the training text has {found.vocabulary:,} "
        "distinct ones."
    )


def pictures_part(found: Inspection) -> str:
    """Lengths, growth of the vocabulary, and what thresholds cost."""
    lengths, law = [], found.growth
    for place, split in enumerate(found.splits.values()):
        counts = {int(length): count for length, count in split.lengths.counts.items()}
        sums = accumulate(counts.values())
        kept = [length for length, below in zip(counts, sums, strict=True) if below <= TAIL * split.sentences]
        most = max(kept, default=split.lengths.longest)
        x = list(range(max(0, min(counts) - 1), most + 2))
        lengths.append(Line(x, [100 * counts.get(length, 0) / split.sentences for length in x], place))
    middle = "; ".join(
        f"{name}: half have at most {split.lengths.percentiles['50']}, 99 % at most {split.lengths.percentiles['99']}, "
        f"the longest {split.lengths.longest}"
        for name, split in found.splits.items()
    )
    fitted = [law.scale * n**law.exponent for n in law.tokens]
    held_out = list(found.unknown)
    drawn = [
        figure(
            histogram(lengths, "lengths", "tokens a sentence", "% of the sentences"),
            "Lengths",
            escape(f"Without the end symbol, the longest in a thousand left out. {middle}."),
            "lengths",
        ),
        figure(
            growth(
                [Line(law.tokens, law.distinct, 0), Line(law.tokens, fitted, None, light=True)],
                "growth",
                "tokens read",
                "distinct tokens",
            ),
            "Growth of the vocabulary",
            escape(
                f"{found.vocabulary:,} distinct tokens after {law.tokens[-1]:,}. Dotted: {law.scale:.3g} n^"
                f"{law.exponent:.2f}, the power law through them; an exponent near 1 means that new tokens never stop."
            ),
            "growth",
        ),
    ]
    if held_out:
        shares = [[100 * each.unknown[name] for each in found.thresholds] for name in ("train", *held_out)]
        said = "; ".join(
            f"at {each.min_count}: {each.vocabulary:,} tokens, and {100 * each.unknown[held_out[0]]:.1f} % of "
            f"{held_out[0]} unknown"
            for each in found.thresholds
        )
        names = [str(each.min_count) for each in found.thresholds]
        drawn.append(
            figure(
                bars(names, shares, "thresholds", "data.min_count", "% of the tokens unknown"),
                "What a threshold costs",
                escape(f"{said}."),
                "thresholds",
            )
        )
    items = "".join(f"<li>{swatch(place)}<span>{escape(name)}</span></li>" for place, name in enumerate(found.splits))
    legend = f'<ul class="legend" aria-label="Lines of the pictures">{items}</ul>'
    return f'{legend}<div class="charts">{"".join(drawn)}</div>'


def findings_part(wrong: Sequence[Finding]) -> str:
    """What is wrong."""
    if not wrong:
        return paragraph("Nothing was found that is wrong.")
    return findings_list((finding.level, finding.name, finding.text, finding.mend) for finding in wrong)


def advice_part(settings: Sequence[Setting]) -> str:
    """Flags and why."""
    items = "".join(
        f"<li><code>{escape(setting.flag)}</code> {escape(setting.text)}</li>"
        if setting.flag
        else f"<li>{escape(setting.text)}</li>"
        for setting in settings
    )
    return f"<ul>{items}</ul>"


def splits_part(found: Inspection) -> str:
    """Sizes and lengths as numbers."""
    splits = found.splits.values()
    rows: list[Row] = [
        ["sentences", *(_count(split.sentences) for split in splits)],
        ["tokens", *(_count(split.tokens) for split in splits)],
        ["distinct tokens", *(_count(split.distinct_tokens) for split in splits)],
        ["characters", *(_count(split.characters) for split in splits)],
        ["tokens a sentence, mean", *(Cell(f"{split.lengths.mean:.1f}", number=True) for split in splits)],
        ["shortest", *(_count(split.lengths.shortest) for split in splits)],
    ]
    for percent in next(iter(splits)).lengths.percentiles:
        rows.append([f"{percent} % have at most", *(_count(split.lengths.percentiles[percent]) for split in splits)])
    rows.append(["longest", *(_count(split.lengths.longest) for split in splits)])
    content = table("Sizes and lengths of the splits", ["", *map(escape, found.splits)], rows, "counts")
    return content if found.pairs is None else content + sources_table(found.pairs)


def sources_table(pairs: Pairs) -> str:
    """The sources of pairs."""
    splits = pairs.splits.values()
    held_out = [name for name in pairs.splits if name in pairs.unknown]
    before = [""] * (len(pairs.splits) - len(held_out))  # of the training text, which is known
    rows: list[Row] = [["tokens a source, mean", *(Cell(f"{split.mean:.1f}", number=True) for split in splits)]]
    for percent in ("50", "99"):
        rows.append([f"{percent} % have at most", *(_count(split.percentiles[percent]) for split in splits)])
    rows += [
        ["longest", *(_count(split.longest) for split in splits)],
        ["distinct tokens", *(_count(pairs.distinct_tokens[name]) for name in pairs.splits)],
        ["unknown tokens", *before, *(Cell(f"{100 * pairs.unknown[n]:.2f} %", number=True) for n in held_out)],
        ["also training sources", *before, *(_count(pairs.known[name]) for name in held_out)],
        ["source is the target", *(_count(pairs.identical[name]) for name in pairs.splits)],
    ]
    caption = f"The sources: targets have {pairs.length_ratio:.2f} tokens for each of theirs"
    return table(caption, ["", *map(escape, pairs.splits)], rows, "counts")


def vocabulary_part(found: Inspection) -> str:
    """Unknown and frequent tokens."""
    rows: list[Row] = [
        [
            escape(name),
            *(
                Cell(f"{100 * share:.2f} %", number=True)
                for share in (unknown.tokens, unknown.distinct_tokens, unknown.sentences)
            ),
            Cell(_listed([f"{token} ({count:,})" for token, count in unknown.most_frequent])),
        ]
        for name, unknown in found.unknown.items()
    ]
    head = ["split", "tokens", "distinct tokens", "sentences with some", "most frequent"]
    frequent = _listed([f"{token} ({count:,})" for token, count in found.frequent])
    text = f"{found.once:,} of {found.vocabulary:,} distinct tokens of the training text occur once. Most frequent: "
    content = paragraph(escape(text) + frequent)
    if found.punctuation.tokens:
        sticking = found.punctuation
        content += paragraph(
            f"{sticking.tokens:,} tokens ({100 * sticking.share:.1f} %) are words with punctuation at their end, such "
            f"as {_listed(sticking.examples)}; {sticking.both:,} distinct ones occur without it as well."
        )
    return table("What the training text does not know", head, rows) + content if rows else content


def copies_part(found: Inspection) -> str:
    """Sentences that occur more than once, within a split and across."""
    rows: list[Row] = [
        [
            escape(name),
            _count(split.copies),
            _count(split.near_copies),
            Cell(_listed([f"{line} ({count:,})" for line, count in split.most_repeated], " · ")),
        ]
        for name, split in found.splits.items()
    ]
    head = ["split", "occurred before", "but for case and space", "most repeated"]
    content = table(f"Copies of {_what(found)}s within a split", head, rows)
    leaks: list[Row] = [
        [
            f"{escape(leak.split)} in {escape(leak.of)}",
            _count(leak.sentences),
            Cell(f"{100 * leak.share:.2f} %", number=True),
            _count(leak.near),
            Cell(_listed(leak.examples, " · ")),
        ]
        for leak in found.leaks
    ]
    if not leaks:
        return content + paragraph(f"No {_what(found)} of a split stands in another.")
    head = ["leak", f"{_what(found)}s", "share", "but for case and space", "examples"]
    return content + table(f"{_what(found).capitalize()}s of one split in another", head, leaks)


def characters_part(found: Inspection) -> str:
    """What a text seldom means to hold."""
    rows: list[Row] = [
        [
            escape(odd.kind),
            _count(odd.count),
            _count(odd.sentences),
            Cell("<br>".join(map(escape, odd.characters))),
            Cell(f'{escape(odd.where)}: <span class="excerpt" dir="auto">{shortened(odd.example)}</span>'),
        ]
        for odd in found.odd
    ]
    head = ["kind", "how often", "sentences", "characters", "the first"]
    content = table("Odd characters", head, rows) if rows else paragraph("None.")
    if found.mixed_scripts_count:
        content += paragraph(
            f"{found.mixed_scripts_count:,} words with letters of two scripts that look alike: "
            f"{_listed(found.mixed_scripts)}."
        )
    return content


def _what(found: Inspection) -> str:
    return "sentence" if found.pairs is None else "pair"


def _count(value: int) -> Cell:
    return Cell(f"{value:,}", number=True)


def _listed(texts: Sequence[str], between: str = ", ") -> str:
    """Texts of the corpus in a row."""
    return between.join(f'<bdi class="excerpt">{shortened(_pair(text), 120)}</bdi>' for text in texts)


def _pair(text: str) -> str:
    """A sentence as it is, and source and target with an arrow between in place of a tab."""
    return text.replace("\t", " → ")
