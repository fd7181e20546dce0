"""Inspecting as a job: the data doctor looks at a corpus, and says what is wrong with it and which settings suit it."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from seqgan.data.advice import Finding, Setting, advice, findings
from seqgan.data.corpus import Corpus, load_corpus
from seqgan.data.data_sets import DataSetPart
from seqgan.data.inspect import Inspection, identical_files, inspect_corpus
from seqgan.data.laid_out import laid_out_files
from seqgan.data.spaces import is_of_words
from seqgan.data.streamed import sample_corpus, streamed_files
from seqgan.data.text import refuse_ids
from seqgan.data.tokenizers import TOKENIZERS, make_tokenizer
from seqgan.jobs.ranges import in_range
from seqgan.progress import SILENT, Progress
from seqgan.reporting.corpus_page import corpus_page
from seqgan.reporting.corpus_table import corpus_table
from seqgan.reporting.figures import check_drawable
from seqgan.settings.types import Seed


class Inspecting(msgspec.Struct, frozen=True, kw_only=True):
    """Which corpus is looked at, and how it is read, by the names that the command's flags have."""

    corpus: str
    """An embedded corpus, a file with a sentence a line, a folder with train.*, valid.* and test.*, or hf:NAME."""
    valid: str | None = None
    """A file of held-out sentences; without it the corpus's own, or some that are split off."""
    source: str | None = None
    """What the sentences answer or translate: a file; or, of a folder of aligned files, the extension of sources."""
    target: str | None = None
    """The extension of the sentences in such a folder."""
    valid_source: str | None = None
    """A file of what the held-out sentences answer or translate."""
    set_configuration: str | None = None
    """Of a data set hf:NAME that has several configurations, which."""
    set_split: str | None = None
    """The split of a data set that is the training text; by default train."""
    set_revision: str | None = None
    """A branch, tag or commit of a data set's repository."""
    set_folder: str | None = None
    """The folder of a data set that has the data."""
    blank_sources: str = "refuse"
    """What happens to pairs whose source is blank: refuse or keep."""
    tokenizer: str | None = None
    """What a token is; by default words, or characters where sentences have no spaces."""
    seed: Seed = 0
    """Decides what is split off where nothing is held out."""


class Inspected(NamedTuple):
    """What was found."""

    asked: Inspecting
    """Which corpus, and how it was read."""
    found: Inspection
    """All numbers."""
    findings: Sequence[Finding]
    """What is wrong with it, the worst first."""
    settings: Sequence[Setting]
    """What suits it."""
    tokenizer: str
    """The name of what made tokens, which was asked for or suited the text."""

    def to_json(self) -> dict[str, Any]:
        """What `inspect --json` says of it."""
        return {
            "corpus": self.asked.corpus,
            **self.found.to_json(),
            "findings": [vars(finding) for finding in self.findings],
            "advice": [vars(setting) for setting in self.settings],
        }

    def table(self) -> str:
        """What `inspect` prints."""
        return corpus_table(self.found, self.findings, self.settings)

    def page(self) -> str:
        """The page that `inspect --output` writes, in HTML.

        Raises:
            ConfigError: matplotlib, which draws the pictures, is not installed.
        """
        check_drawable()
        return corpus_page(self.found, self.findings, self.settings, command_of(self.asked, self.tokenizer))


def inspect_text(corpus: str | Path, *, progress: Progress = SILENT, **asked: Any) -> Inspected:
    """Look at a corpus before anything is trained on it, as `seqgan inspect` does.

    Args:
        corpus: what is looked at; see `Inspecting`.
        progress: where the reading of a large data set is reported.
        asked: how it is read, by the names in `Inspecting`, such as ``tokenizer="characters"``.

    Raises:
        ConfigError: a number out of range, no such tokenizer, or files that do not go together.
        CorpusError: the text cannot be read.
        TypeError: `Inspecting` has no such name.
    """
    inspecting = in_range(Inspecting(corpus=str(corpus), **asked))
    check_tokenizer(inspecting.tokenizer)
    read = _read(inspecting, progress)
    sources = () if read.sources is None else read.sources.train
    name = inspecting.tokenizer or ("words" if is_of_words(read.train, sources) else "characters")
    tokenizer = make_tokenizer(name, read.train, seed=inspecting.seed)
    of_sources = None
    if read.sources is not None:
        refuse_ids(read, name)
        of_sources = make_tokenizer(name, read.sources.train, seed=inspecting.seed)
    # A folder of aligned files has two for each split: its splits are compared by their sentences alone.
    alone = inspecting.valid is None and inspecting.source is None
    files = identical_files(inspecting.corpus) if alone else []
    found = inspect_corpus(read, tokenizer, files, source_tokenizer=of_sources)
    return Inspected(inspecting, found, findings(found), advice(found), name)


def check_tokenizer(name: str | None) -> None:
    """That there is a tokenizer of that name; asked before the corpus is read.

    Raises:
        ConfigError: there is none, and which there are.
    """
    if name is not None and name not in TOKENIZERS:
        make_tokenizer(name)


def _read(asked: Inspecting, progress: Progress) -> Corpus:
    """The corpus; of a large one a sample.

    Raises:
        ConfigError, CorpusError: it cannot be read.
    """
    paired = any(given is not None for given in (asked.source, asked.target, asked.valid_source))
    part = DataSetPart(asked.set_configuration, asked.set_split, asked.set_revision, asked.set_folder)
    large = streamed_files(asked.corpus, paired=paired) or laid_out_files(asked.corpus, part=part, progress=progress)
    if large is not None:
        return sample_corpus(asked.corpus, large, asked.valid, seed=asked.seed)
    return load_corpus(
        asked.corpus,
        asked.valid,
        seed=asked.seed,
        source=asked.source,
        target=asked.target,
        valid_source=asked.valid_source,
        part=part,
        blank_sources=asked.blank_sources,
    )


def command_of(asked: Inspecting, tokenizer: str) -> str:
    """What makes the same page again."""
    sides = ("valid", "source", "target", "valid_source")
    named = (*sides, "set_configuration", "set_split", "set_revision", "set_folder")
    given = {name.replace("_", "-"): getattr(asked, name) for name in named}
    if asked.blank_sources != "refuse":
        given["blank-sources"] = asked.blank_sources
    options = [part for name, value in given.items() if value is not None for part in (f"--{name}", value)]
    seed = ["--seed", str(asked.seed)] if asked.seed else []
    words = ["seqgan", "inspect", asked.corpus, *options, "--tokenizer", tokenizer, *seed, "--output", "inspect.html"]
    return shlex.join(words)
