"""`seqgan inspect`: the data doctor."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from seqgan.cli.options import CommonFlags, Switch, check_flags, parse
from seqgan.errors import ConfigError
from seqgan.progress import printable
from seqgan.settings.types import Seed

if TYPE_CHECKING:
    from seqgan.data.advice import Finding, Setting
    from seqgan.data.inspect import Inspection, Pairs

WIDTH = 100
"""Characters of a line that the table may take."""


class InspectFlags(CommonFlags, frozen=True, kw_only=True):
    """What `seqgan inspect` takes."""

    corpus: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="CORPUS")] = ""
    """An embedded corpus, a file with a sentence a line, a folder with train.*, valid.* and test.*, or hf:NAME."""
    valid: Annotated[str | None, tyro.conf.arg(metavar="FILE")] = None
    """Held-out sentences; without it the corpus's own, or some that are split off."""
    source: Annotated[str | None, tyro.conf.arg(metavar="FILE|EXT")] = None
    """What the sentences answer or translate: a file, beside a corpus that is one; or, for a folder of aligned files,
    the extension of the sources. A corpus whose name ends in .tsv holds source TAB target and needs none."""
    target: Annotated[str | None, tyro.conf.arg(metavar="EXT")] = None
    """The extension of the sentences in such a folder, as in --source en --target de."""
    valid_source: Annotated[str | None, tyro.conf.arg(metavar="FILE")] = None
    """What the held-out sentences answer or translate, where valid is not itself of pairs."""
    set_configuration: Annotated[str | None, tyro.conf.arg(metavar="NAME")] = None
    """Of a data set hf:NAME that has several configurations, which."""
    set_split: Annotated[str | None, tyro.conf.arg(metavar="SPLIT")] = None
    """The split of a data set that is the training text, a part of it included, as in train[:10%]; by default train."""
    set_revision: Annotated[str | None, tyro.conf.arg(metavar="NAME")] = None
    """A branch, tag or commit of a data set's repository."""
    set_folder: Annotated[str | None, tyro.conf.arg(metavar="DIR")] = None
    """The folder of a data set that has the data."""
    blank_sources: Annotated[str, tyro.conf.arg(metavar="refuse|keep")] = "refuse"
    """What happens to pairs whose source is blank."""
    tokenizer: Annotated[str | None, tyro.conf.arg(metavar="words|characters|sentencepiece|ids")] = None
    """What a token is; by default words, or characters where sentences have no spaces."""
    seed: Seed = 0
    """Decides what is split off where nothing is held out."""
    json: Annotated[str | None, tyro.conf.arg(metavar="FILE|-")] = None
    """Write all that was found as JSON, - for standard output in place of the table."""
    output: Annotated[str | None, tyro.conf.arg(metavar="FILE.html")] = None
    """Write a page with pictures."""
    overwrite: Switch = False
    """Replace a file that is there. What the command reads, and what belongs to a run, is never replaced."""


def main(arguments: Sequence[str]) -> None:
    """Parse, look, print."""
    about = "Look at a corpus before anything is trained on it: sizes, lengths, vocabulary, copies, leaks, advice."
    flags = check_flags(parse("inspect", about, InspectFlags(), arguments))
    if not flags.corpus:
        raise ConfigError("seqgan inspect needs a corpus: a name such as captions, a file, a folder or hf:NAME.")
    from seqgan.jobs.target import check_target

    read = what_is_read(flags)
    check_target("--json", flags.json, read, overwrite=flags.overwrite)
    check_target("--output", flags.output, read, overwrite=flags.overwrite)
    places = [os.path.realpath(name) for name in (flags.json, flags.output) if name is not None and name != "-"]
    if len(set(places)) < len(places):
        raise ConfigError(f"--json and --output are both {flags.json}: give each a file of its own.")
    from seqgan.data.tokenizers import TOKENIZERS, make_tokenizer

    if flags.tokenizer is not None and flags.tokenizer not in TOKENIZERS:
        make_tokenizer(flags.tokenizer)  # says which there are, before the corpus is read
    if flags.output is not None:
        from seqgan.reporting.figures import check_drawable

        check_drawable()  # before the work

    from seqgan.data.advice import advice, findings
    from seqgan.data.corpus import load_corpus
    from seqgan.data.data_sets import DataSetPart
    from seqgan.data.inspect import identical_files, inspect_corpus
    from seqgan.data.laid_out import laid_out_files
    from seqgan.data.spaces import is_of_words
    from seqgan.data.streamed import sample_corpus, streamed_files
    from seqgan.data.text import refuse_ids
    from seqgan.files import write_file

    paired = any(given is not None for given in (flags.source, flags.target, flags.valid_source))
    part = DataSetPart(flags.set_configuration, flags.set_split, flags.set_revision, flags.set_folder)
    large = streamed_files(flags.corpus, paired=paired) or laid_out_files(
        flags.corpus, part=part, progress=flags.progress
    )
    if large is not None:
        corpus = sample_corpus(flags.corpus, large, flags.valid, seed=flags.seed)
    else:
        corpus = load_corpus(
            flags.corpus,
            flags.valid,
            seed=flags.seed,
            source=flags.source,
            target=flags.target,
            valid_source=flags.valid_source,
            part=part,
            blank_sources=flags.blank_sources,
        )
    sources = () if corpus.sources is None else corpus.sources.train
    name = flags.tokenizer or ("words" if is_of_words(corpus.train, sources) else "characters")
    tokenizer = make_tokenizer(name, corpus.train, seed=flags.seed)
    of_sources = None
    if corpus.sources is not None:
        refuse_ids(corpus, name)
        of_sources = make_tokenizer(name, corpus.sources.train, seed=flags.seed)
    # A folder of aligned files has two for each split: its splits are compared by their sentences alone.
    files = identical_files(flags.corpus) if flags.valid is None and flags.source is None else []
    found = inspect_corpus(corpus, tokenizer, files, source_tokenizer=of_sources)
    wrong, settings = findings(found), advice(found)
    if flags.json is not None:
        content = {
            "corpus": flags.corpus,
            **found.to_json(),
            "findings": [vars(finding) for finding in wrong],
            "advice": [vars(setting) for setting in settings],
        }
        text = json.dumps(content, indent=2, ensure_ascii=True) + "\n"
        if flags.json == "-":
            print(text, end="")
        else:
            write_file(Path(flags.json), text)
    if flags.json != "-":
        print(as_text(found, wrong, settings))
    if flags.output is not None:
        from seqgan.reporting.corpus_page import corpus_page

        write_file(Path(flags.output), corpus_page(found, wrong, settings, command_of(flags, name)))
        flags.progress.note(f"Written: {flags.output}")


def what_is_read(flags: InspectFlags) -> dict[str, str | None]:
    """Files and folders, by the flags that name them; some may not be there."""
    from seqgan.data.folders import aligned_places

    texts = {"CORPUS": flags.corpus, "--valid": flags.valid, "--source": flags.source}
    aligned = {
        f"--{name} of {prefix}": place
        for name, extension in (("source", flags.source), ("target", flags.target))
        for prefix, place in aligned_places(flags.corpus, flags.valid, extension).items()
    }
    return {**texts, **aligned, "--valid-source": flags.valid_source}


def command_of(flags: InspectFlags, tokenizer: str) -> str:
    """What makes the same page again."""
    import shlex

    sides = ("valid", "source", "target", "valid_source")
    named = (*sides, "set_configuration", "set_split", "set_revision", "set_folder")
    given = {name.replace("_", "-"): getattr(flags, name) for name in named}
    if flags.blank_sources != "refuse":
        given["blank-sources"] = flags.blank_sources
    options = [part for name, value in given.items() if value is not None for part in (f"--{name}", value)]
    seed = ["--seed", str(flags.seed)] if flags.seed else []
    words = ["seqgan", "inspect", flags.corpus, *options, "--tokenizer", tokenizer, *seed, "--output", "inspect.html"]
    return shlex.join(words)


def as_text(found: "Inspection", wrong: Sequence["Finding"], settings: Sequence["Setting"]) -> str:
    """An inspection for reading on a terminal; what the text holds is shown with its control characters escaped."""
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


def _source_rows(pairs: "Pairs") -> list[list[str]]:
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


def _unknown(found: "Inspection", split: str, what: str) -> str:
    return f"{100 * getattr(found.unknown[split], what):.2f} %" if split in found.unknown else "-"


def _wrapped(text: str, bullet: str = "") -> list[str]:
    """A paragraph in lines."""
    import textwrap

    return textwrap.wrap(
        printable(text), WIDTH, initial_indent=bullet, subsequent_indent=" " * len(bullet), break_on_hyphens=False
    )
