"""From a name, a file, a folder or a data set to sentences. Errors name the file, the line, and the mend.

Sentences are strings here; what their tokens are is decided in `seqgan.data.tokenizers`. A corpus of sentence pairs has
the sources of its sentences beside them.
"""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from seqgan.data.corpus_names import (
    EMBEDDED,
    corpus_name,
    is_embedded,
    located,
    located_source,
    own_name,
    read_place,
)
from seqgan.data.data_sets import DataSetPart, read_data_set
from seqgan.data.embedded import draw_embedded, embedded_corpora
from seqgan.data.folders import Splits, extensions, is_tsv, read_folder, read_prefix
from seqgan.data.held_out import split_note, split_off
from seqgan.data.lines import count, ends_hint, read_lines
from seqgan.data.objects import is_object, object_splits
from seqgan.data.pairs import (
    TURN_SEPARATOR,
    Pair,
    Sources,
    last_turns,
    read_aligned,
    read_tsv,
    separator_note,
)
from seqgan.errors import CorpusError, nearest

# What the rest of the package takes from here, wherever it is.
__all__ = [
    "BLANK_SOURCES",
    "Corpus",
    "corpus_name",
    "is_embedded",
    "load_corpus",
    "located",
    "located_source",
    "own_name",
    "read_lines",
    "read_place",
]

BLANK_SOURCES = ("refuse", "keep")
"""What may be done with pairs whose source is blank."""


class Corpus(NamedTuple):
    """Sentences by split; of pairs, the targets."""

    name: str
    """What to call it."""
    train: list[str]
    """Sentences to learn from."""
    valid: list[str]
    """Held-out sentences that decide when to stop."""
    test: list[str]
    """Held-out sentences for the final judgement; may be empty."""
    notes: list[str]
    """What the user should know of how it was read."""
    sources: Sources | None = None
    """What the sentences answer or translate; None for plain text."""
    content: str = ""
    """The fingerprint of a text that is on the disk, of which `train` is a sample; empty for one in memory."""
    split_off: bool = False
    """Whether `valid` was split off the same text, so that both have the frequent sentences."""
    origin: tuple[str, ...] = ()
    """Files or folders of plain text that it was read from."""

    def fingerprint(self) -> str:
        """Equal for equal sentences, and sources, in all splits."""
        if self.content:
            return self.content
        digest = hashlib.sha256()
        sources = () if self.sources is None else [line for split in self.sources for line in ("\n", *split)]
        for line in (*self.train, "\n", *self.valid, "\n", *self.test, *sources):
            digest.update(line.encode(errors="surrogatepass") + b"\n")
        return digest.hexdigest()


def load_corpus(
    corpus: Any,
    valid: Any = None,
    *,
    seed: int = 0,
    source: Any = None,
    target: str | None = None,
    valid_source: Any = None,
    turns: int = 0,
    turn_separator: str = TURN_SEPARATOR,
    split: str = "lines",
    column: str = "",
    part: DataSetPart = DataSetPart(),  # noqa: B008
    blank_sources: str = "refuse",
    name: str = "",
) -> Corpus:
    """Read a corpus: by its name, or from an object that has its text.

    An object is a list or any iterable of sentences, of (source, target) pairs or of rows with named fields; a column
    or a table of pandas, pyarrow or datasets; or such by split, as a ``DatasetDict``.

    Args:
        corpus: what exists under this name is read, a file with a sentence a line or a folder with train.*, valid.*
            (or validation.*, dev.*) and test.*; else an embedded corpus's name (``embedded:NAME`` where a file might
            be in the way); or ``hf:NAME`` for a data set of the datasets library (``hf:csv:FILE``, json, parquet and
            text as well; ``#column`` behind it chooses the column, ``#source,target`` two of them). Files whose names
            end in .tsv hold ``source TAB target``.
        valid: a file of held-out sentences, in place of the corpus's own; of pairs a .tsv file, or the targets of
            `valid_source`, or what train and valid files of two languages have in common, as in ``data/valid``.
        seed: of what is split off where nothing is held out.
        source: of a corpus that is one file, the file of its sources; of a folder of aligned files, or of the
            beginning of their names (``data/train``), the extension of the sources; of a list or column, that of its
            sources.
        target: the extension of the targets there.
        valid_source: the file, list or column of the sources of `valid`.
        turns: keep the last turns of each source; 0 keeps all.
        turn_separator: the token between turns.
        split: by which rule some are split off, one of `held_out.SPLITS`.
        column: of a table in memory, what would stand behind the ``#`` of a name.
        part: of a data set ``hf:NAME``, which.
        blank_sources: "refuse" pairs whose source is blank, or "keep" them: a source that says nothing is read as the
            token between turns alone.
        name: what to call a corpus in memory.

    Raises:
        CorpusError: what was found, where, and the mend.
    """
    if blank_sources not in BLANK_SOURCES:
        raise CorpusError(f"blank_sources is {blank_sources!r}: choose {' or '.join(BLANK_SOURCES)}.")
    notes: list[str] = []
    keep_blank = blank_sources == "keep"
    if is_object(corpus):
        name = name or "corpus"
        how: dict[str, Any] = {"separator": turn_separator, "keep_blank": keep_blank}
        splits = object_splits(corpus, column, source, notes, name=name, **how)
        source = None
        corpus = name
    else:
        if column or name:
            raise CorpusError(
                "column and name are of a corpus in memory: of a name say the column behind it, as in hf:NAME#COLUMN."
            )
        corpus, source = str(corpus), None if source is None else str(source)
        name = own_name(corpus)
        splits = dict(_read_splits(corpus, source, target, notes, part, turn_separator, keep_blank))
    paired = isinstance(splits["train"][0], Pair)
    if valid is not None and is_object(valid):
        how = {"separator": turn_separator, "keep_blank": keep_blank, "name": "valid"}
        splits["valid"] = object_splits(valid, column, valid_source, notes, **how)["train"]
        if isinstance(splits["valid"][0], Pair) != paired:
            raise CorpusError("Of the corpus and valid one has sources and the other has none: give both, or neither.")
    elif valid is not None or valid_source is not None:
        splits["valid"] = _read_valid(valid, valid_source, paired, (source, target), notes, keep_blank)
    if paired:
        notes += separator_note([pair.source for pair in splits["train"]], turn_separator)
    elif turn_separator != TURN_SEPARATOR:
        notes.append(f"The turn separator {turn_separator!r} is of sources, and {corpus} has none: it does nothing.")
    if paired and keep_blank:
        splits = {kind: _with_sources(pairs, turn_separator, notes) for kind, pairs in splits.items()}
    if paired and turns:
        splits = {kind: _with_last_turns(pairs, turn_separator, turns) for kind, pairs in splits.items()}
    elif turns:
        raise CorpusError(f"{corpus} has no sources, whose last turns could be kept: leave out data.turns.")

    noun = "pair" if paired else "sentence"
    train, held_out, test = splits["train"], splits.get("valid"), splits.get("test", [])
    if len(train) < 2 or (held_out is None and len(set(train)) < 2):
        found = f"1 {noun}" if len(train) == 1 else f"{count(len(train), noun)}, all alike"
        ends = ends_hint("".join(train[0]))
        raise CorpusError(f"{corpus}: {found}. Give at least two different ones, a {noun} a line.{ends}")
    splits_off = held_out is None
    if held_out is None:
        total = len(train)
        train, held_out = split_off(train, seed, split)
        copies = total - len(train) - len(held_out)
        notes.append(split_note(len(held_out), total, seed, noun=noun, copies=copies))
    for kind, lines in (("validation", held_out), ("test", test)):
        notes += _leaks(kind, lines, train)
    if not paired:
        origin = tuple(str(each) for each in (corpus, valid) if each is not None and not is_object(each))
        return Corpus(name, list(train), list(held_out), list(test), notes, split_off=splits_off, origin=origin)
    sources = Sources(*([pair.source for pair in pairs] for pairs in (train, held_out, test)))
    train, held_out, test = ([pair.target for pair in pairs] for pairs in (train, held_out, test))
    return Corpus(name, train, held_out, test, notes, sources, split_off=splits_off)


def _read_splits(
    corpus: str,
    source: str | None,
    target: str | None,
    notes: list[str],
    part: DataSetPart,
    separator: str,
    keep_blank: bool,
) -> Splits:
    if part.given() and not corpus.startswith("hf:"):
        raise CorpusError(f"{part.given()[0]} is of a data set hf:NAME, and the corpus is {corpus}: leave it out.")
    flags = " and ".join(flag for flag, value in (("--source", source), ("--target", target)) if value is not None)
    if is_embedded(corpus):
        if flags:
            raise CorpusError(f"{corpus} is an embedded corpus, which has no other files: leave out {flags}.")
        return draw_embedded(corpus.removeprefix(EMBEDDED))
    if corpus.startswith("hf:"):
        if flags:
            raise CorpusError(
                f"{corpus} is a data set, whose columns #SOURCE,TARGET behind its name chooses: leave out {flags}."
            )
        return read_data_set(corpus, notes, part, separator=separator, keep_blank=keep_blank)
    known = embedded_corpora()
    if not corpus or not os.path.exists(corpus):  # Path.exists() raises where a name is too long
        pairs = read_prefix(corpus, notes, source, target, keep_blank=keep_blank)
        if pairs is not None:
            return {"train": pairs}
        found = [f"{corpus}.{end}" for end in extensions(corpus)][:4]
        raise CorpusError(
            f"There is no file or folder {corpus!r}, and no embedded corpus of that name.{nearest(corpus, known)} "
            f"Give a file with a sentence a line, a folder, hf:NAME, or one of: {', '.join(known)}."
            + (f" There is {', '.join(found)}: of aligned files say --source EXT --target EXT." if found else "")
        )
    if corpus in known:
        notes.append(f"{corpus} exists here and is read; the embedded corpus of this name is not.")
    path = Path(corpus)
    if path.is_dir():
        return read_folder(path, notes, source, target, keep_blank=keep_blank)
    return _read_file(path, source, target, notes, keep_blank)


def _read_file(path: Path, source: str | None, target: str | None, notes: list[str], keep_blank: bool) -> Splits:
    if target is not None:
        raise CorpusError(
            f"--target {target} is an extension of files in a folder, and {path} is one file, which holds the targets "
            "already: leave --target out, and give --source the file of its sources."
        )
    if source is None:
        return {"train": read_tsv(path, notes, keep_blank=keep_blank) if is_tsv(path) else read_lines(path, notes)}
    if is_tsv(path):
        raise CorpusError(f"{path} holds its sources already, by its name: leave out --source {source}.")
    if not os.path.isfile(source):
        beside = path.with_name(f"{path.stem}.{source}")
        mend = f" Did you mean {str(beside)!r}?" if os.path.isfile(beside) else ""
        raise CorpusError(
            f"There is no file {source!r}, which --source names for {path}.{mend} Give the file whose line i is what "
            "its line i answers or translates."
        )
    return {"train": read_aligned(Path(source), path, notes, keep_blank=keep_blank)}


def _read_valid(
    valid: str | Path | None,
    valid_source: str | Path | None,
    paired: bool,
    languages: tuple[str | None, str | None],
    notes: list[str],
    keep_blank: bool,
) -> Sequence[Any]:
    """The held-out text of a corpus, of the same kind as its training text."""
    if valid is None:
        raise CorpusError(f"--valid-source {valid_source} has no targets: give --valid the file of them.")
    if not paired:
        if valid_source is not None or is_tsv(valid):
            what = f"--valid-source {valid_source}" if valid_source is not None else f"--valid {valid}, by its name,"
            raise CorpusError(
                f"{what} is of pairs, and the training text has no sources: give it --source too, or hold out "
                "plain text."
            )
        return read_lines(Path(valid), notes)
    if valid_source is not None:
        if is_tsv(valid):
            raise CorpusError(f"--valid {valid} holds its sources already, by its name: leave out --valid-source.")
        return read_aligned(Path(valid_source), Path(valid), notes, keep_blank=keep_blank)
    if is_tsv(valid):
        return read_tsv(Path(valid), notes, keep_blank=keep_blank)
    pairs = None
    if not os.path.exists(valid) and None not in languages:
        pairs = read_prefix(str(valid), notes, *languages, keep_blank=keep_blank)
    if pairs is None:
        raise CorpusError(
            f"--valid {valid} is not of pairs, and the training text is: give a .tsv file of source TAB target, or "
            "its sources too with --valid-source."
        )
    return pairs


def _with_sources(pairs: Sequence[Pair], separator: str, notes: list[str]) -> list[Pair]:
    """The pairs, with the token between turns for each source that says nothing."""
    blank = sum(not pair.source.strip() for pair in pairs)
    if blank:
        notes.append(f"{count(blank, 'blank source')} kept, read as {separator!r} alone.")
    return [pair if pair.source.strip() else Pair(separator, pair.target) for pair in pairs]


def _with_last_turns(pairs: Sequence[Pair], separator: str, turns: int) -> list[Pair]:
    return [Pair(last_turns(pair.source, separator, turns), pair.target) for pair in pairs]


def _leaks(split: str, lines: Sequence[Any], train: Sequence[Any]) -> list[str]:
    """What is held out and is in the training text as well, whole or, of pairs, in its source."""
    known = set(train)
    leaked = sum(line in known for line in lines)
    if not isinstance(train[0], Pair):
        sentences = count(len(lines), f"{split} sentence")
        return [f"{leaked:,} of {sentences} also in the training text."] if leaked else []
    notes = [f"{leaked:,} of {count(len(lines), f'{split} pair')} also in the training text."] if leaked else []
    known_sources = {pair[0] for pair in train}
    shared = sum(line[0] in known_sources for line in lines)
    if shared > leaked:
        notes.append(f"{shared:,} of {count(len(lines), f'{split} source')} also in the training text.")
    return notes
