"""From a name, a file, a folder or a data set to sentences. Errors name the file, the line, and the mend.

Sentences are strings here; what their tokens are is decided in `seqgan.data.tokenizers`.
"""

import hashlib
import logging
import os
import random
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from seqgan.data.grammar import draw_splits, embedded_corpora, load_grammar
from seqgan.errors import CorpusError, nearest

EMBEDDED_SIZES = {"train": 10_000, "valid": 1_000, "test": 1_000}
"""Sentences that are drawn from an embedded grammar, always with the same seed: everybody has the same corpus."""
SPLIT_NAMES = {"train": ("train",), "valid": ("valid", "validation", "dev"), "test": ("test",)}
"""Names that files of a folder, and splits of a data set, may have."""
HELD_OUT_SHARE, MOST_HELD_OUT = 0.05, 2_000
"""How much is split off where there is no validation text."""
EMBEDDED = "embedded:"
"""What a corpus's name may begin with, so that no file or folder is meant."""
DATASET_FORMATS = ("csv", "json", "parquet", "text")
"""Files that ``hf:FORMAT:FILE`` reads."""
FOREIGN = {b"\xff\xfe": " (UTF-16?)", b"\xfe\xff": " (UTF-16?)", b"\x1f\x8b": " (compressed by gzip?)"}
"""First bytes of files that are often taken for text."""
REFUSED = {
    "\0": "a NUL byte. This is no text file, or it is UTF-16, or damaged: convert it to UTF-8",
    "\t": "a tab, but one sentence a line was expected. Replace tabs by spaces; files of source TAB target are pairs, "
    "which are for conditional generators",
}
"""Characters that no line may hold, and what to say."""


class Corpus(NamedTuple):
    """Sentences by split."""

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

    def fingerprint(self) -> str:
        """Equal for equal sentences in all splits."""
        digest = hashlib.sha256()
        for line in (*self.train, "\n", *self.valid, "\n", *self.test):
            digest.update(line.encode(errors="surrogatepass") + b"\n")
        return digest.hexdigest()


def load_corpus(source: str | Path, valid: str | Path | None = None, *, seed: int = 0) -> Corpus:
    """Read a corpus.

    Args:
        source: what exists under this name is read, a file with a sentence a line or a folder with train.*, valid.*
            (or validation.*, dev.*) and test.*; else an embedded corpus's name (``embedded:NAME`` where a file might
            be in the way); or ``hf:NAME`` for a data set of the datasets library (``hf:csv:FILE``, json, parquet and
            text as well; ``#column`` behind it chooses the column).
        valid: a file of held-out sentences, in place of the corpus's own.
        seed: of what is split off where nothing is held out.

    Raises:
        CorpusError: what was found, where, and the mend.
    """
    source = str(source)
    notes: list[str] = []
    splits = _read_splits(source, notes)
    name = corpus_name(source)
    if name in embedded_corpora() and not _is_embedded(source):
        name = f"own-{name}"  # by its name a corpus is known to be drawn from a grammar
    if valid is not None:
        splits["valid"] = read_lines(Path(valid), notes)

    train, held_out, test = splits["train"], splits.get("valid"), splits.get("test", [])
    if len(train) < 2 or (held_out is None and len(set(train)) < 2):
        found = "1 sentence" if len(train) == 1 else f"{_count(len(train), 'sentence')}, all alike"
        ends = " The line ends may be CR alone: convert them to LF." if "\r" in train[0] else ""
        raise CorpusError(f"{source}: {found}. Give at least two different ones, a sentence a line.{ends}")
    if held_out is None:
        count = len(train)
        train, held_out = _split_off(train, seed)
        copies = count - len(train) - len(held_out)
        besides = f", and {_count(copies, 'copy', 'copies')} of them left out" if copies else ""
        whole = _count(count, "sentence")
        notes.append(f"No validation text: {len(held_out):,} of {whole} split off with seed {seed}{besides}.")
    known_sentences = set(train)
    for split, sentences in (("validation", held_out), ("test", test)):
        leaked = sum(sentence in known_sentences for sentence in sentences)
        if leaked:
            notes.append(f"{leaked:,} of {_count(len(sentences), f'{split} sentence')} also in the training text.")
    return Corpus(name, train, held_out, test, notes)


def _is_embedded(source: str) -> bool:
    if source.startswith(EMBEDDED):
        return source.removeprefix(EMBEDDED) in embedded_corpora()
    return source in embedded_corpora() and not os.path.exists(source)


def located(source: str) -> str:
    """The same corpus under a name that means it from any working folder."""
    if _is_embedded(source):
        return EMBEDDED + source.removeprefix(EMBEDDED)
    place, hash_sign, column = source.partition("#")
    prefix, kind, file = [*place.split(":", 2), "", ""][:3]
    if prefix == "hf" and kind in DATASET_FORMATS:
        return f"hf:{kind}:{os.path.abspath(file)}{hash_sign}{column}"
    return os.path.abspath(source) if source and os.path.exists(source) else source


def _read_splits(source: str, notes: list[str]) -> dict[str, list[str]]:
    if _is_embedded(source):
        drawn = draw_splits(load_grammar(source.removeprefix(EMBEDDED)), EMBEDDED_SIZES, seed=0)
        return {split: [" ".join(tokens) for tokens in sentences] for split, sentences in drawn.items()}
    if source.startswith("hf:"):
        return _read_dataset(source, notes)
    known = embedded_corpora()
    if not source or not os.path.exists(source):  # Path.exists() raises where a name is too long
        raise CorpusError(
            f"There is no file or folder {source!r}, and no embedded corpus of that name.{nearest(source, known)} "
            f"Give a file with a sentence a line, a folder, hf:NAME, or one of: {', '.join(known)}."
        )
    if source in known:
        notes.append(f"{source} exists here and is read; the embedded corpus of this name is not.")
    path = Path(source)
    return _read_folder(path, notes) if path.is_dir() else {"train": read_lines(path, notes)}


def corpus_name(source: str | Path) -> str:
    """A short name for a corpus, fit for a folder: of a file or folder its own, without the extension."""
    text = str(source).removeprefix("hf:").removeprefix(EMBEDDED).partition("#")[0]
    return re.sub(r"[^\w.-]+", "-", Path(text).absolute().stem).strip(".-") or "corpus"


def read_lines(path: Path, notes: list[str] | None = None, *, keep_blank: bool = False) -> list[str]:
    """The sentences of a text file: UTF-8, one a line; a byte-order mark and CRLF are taken off, blank lines skipped.

    Only a line feed ends a line. Form feeds and Unicode's line separators, which `str.splitlines` would split at,
    are characters like any other.

    Args:
        path: the file.
        notes: gets a sentence for the user, where something was skipped.
        keep_blank: do not skip blank lines: they are the empty outputs of a system that is judged.

    Raises:
        CorpusError: what is wrong with the file, the line, and the mend.
    """
    content = _read_bytes(path)
    try:
        lines = content.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        start = error.object.rfind(b"\n", 0, error.start) + 1
        number = error.object.count(b"\n", 0, error.start) + 1
        raise CorpusError(
            f"{path}, line {number}: byte {error.start - start + 1} of the line, 0x{error.object[error.start]:02x}, is "
            f"not UTF-8{FOREIGN.get(content[:2], '')}. Convert the file to UTF-8, for example with iconv."
        ) from error
    for character, what in REFUSED.items():
        # The whole file is asked first: line by line is for the one that is refused.
        if character.encode() in content:
            for number, line in enumerate(lines, start=1):
                if character in line and line.strip():
                    raise CorpusError(f"{path}, line {number}: {what}.")
    sentences = [line.removesuffix("\r") for line in lines if line.strip()]
    if not sentences:
        raise CorpusError(f"{path} has only blank lines: expected a sentence a line.")
    if keep_blank:
        return [line.removesuffix("\r") for line in (lines[:-1] if lines[-1] == "" else lines)]
    blank = len(lines) - len(sentences) - (lines[-1] == "")  # behind the last line feed there is no line
    if blank and notes is not None:
        notes.append(f"{_count(blank, 'blank line')} skipped in {path}.")
    return sentences


def _read_bytes(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except IsADirectoryError as error:
        raise CorpusError(f"{path} is a folder, but a file was expected: name a text file in it.") from error
    except FileNotFoundError as error:
        raise CorpusError(f"There is no file {path}: expected a text file with a sentence a line.") from error
    except OSError as error:
        raise CorpusError(f"{path} cannot be read: {error.strerror}. Check the path and its permissions.") from error
    if not content:
        raise CorpusError(f"{path} is empty: expected a sentence a line.")
    return content


def _read_folder(folder: Path, notes: list[str]) -> dict[str, list[str]]:
    try:
        files = [path for path in sorted(folder.iterdir()) if path.is_file()]
    except OSError as error:
        raise CorpusError(f"{folder} cannot be listed: {error.strerror}. Check the permissions.") from error
    splits = {}
    for split, names in SPLIT_NAMES.items():
        found = [path for path in files if path.stem in names and path.suffix]
        if len(found) > 1:
            raise CorpusError(
                f"{folder} has {' and '.join(path.name for path in found)}: expected one file for a split. Two "
                "languages side by side are pairs, which are for conditional generators; for plain text name one file, "
                "with --valid for the held-out one."
            )
        if found:
            splits[split] = read_lines(found[0], notes)
    if "train" not in splits:
        listed = ", ".join(path.name for path in files[:5]) or "no files"
        raise CorpusError(
            f"{folder} has no train.*: expected train.txt, and maybe valid.txt and test.txt; it has {listed}."
        )
    return splits


def _read_dataset(source: str, notes: list[str]) -> dict[str, list[str]]:
    """The splits of ``hf:NAME`` or ``hf:FORMAT:FILE``, each with ``#column`` behind it or not, through `datasets`."""
    place, _, column = source.removeprefix("hf:").partition("#")
    kind, colon, file = place.partition(":")
    if not place or (colon and not file):
        raise CorpusError(f"{source} names no data: expected hf:NAME, or a file as in hf:csv:FILE.")
    if colon and kind not in DATASET_FORMATS:
        raise CorpusError(
            f"{source}: no file format is called {kind!r}.{nearest(kind, DATASET_FORMATS)} Known: "
            f"{', '.join(DATASET_FORMATS)}."
        )
    if colon and not os.path.isfile(file):
        raise CorpusError(f"{source}: there is no file {file}. Give the path of a {kind} file.")
    try:
        with _quiet():
            import datasets

            loaded: Any = datasets.load_dataset(kind, data_files=file) if colon else datasets.load_dataset(place)
    except Exception as error:
        # The library wraps what happened in errors of many kinds; the cause tells it.
        cause = error.__cause__ or error
        what = " ".join(str(cause).split())[:300].rstrip(".")
        mend = f"Check the {kind} file." if colon else "Check the name and the network; a file needs none: hf:csv:FILE."
        raise CorpusError(f"{source} cannot be loaded: {type(cause).__name__}: {what}. {mend}") from error
    splits = {}
    for split, names in SPLIT_NAMES.items():
        present = next((name for name in names if name in loaded), None)
        if present is not None:
            splits[split] = _read_column(loaded[present], column, f"{source}, split {present}", notes)
    if "train" not in splits:
        raise CorpusError(f"{source} has no split called train, only {', '.join(loaded)}. Save it as a text file.")
    return splits


@contextmanager
def _quiet() -> Iterator[None]:
    """No progress bars, warnings and log lines of the data set library: what went wrong is in its exceptions."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import datasets
        import huggingface_hub.utils as hub

        levels = {name: logging.getLogger(name).level for name in ("datasets", "huggingface_hub")}
        shown = [bars for bars in (datasets, hub) if not bars.are_progress_bars_disabled()]
        try:
            for name in levels:
                logging.getLogger(name).setLevel(logging.CRITICAL + 1)
            for bars in shown:
                bars.disable_progress_bars()
            yield
        finally:
            for name, level in levels.items():
                logging.getLogger(name).setLevel(level)
            for bars in shown:
                bars.enable_progress_bars()


def _read_column(table: Any, column: str, where: str, notes: list[str]) -> list[str]:
    """The sentences in a table's column of text; line breaks and tabs in them become spaces, blank ones are skipped."""
    texts = [
        name for name, feature in table.features.items() if getattr(feature, "dtype", "") in ("string", "large_string")
    ]
    column = column or ("text" if "text" in texts else texts[0] if len(texts) == 1 else "")
    listed = ", ".join(texts) or "none"
    if not column:
        raise CorpusError(f"{where}: the columns of text are: {listed}. Choose one with #COLUMN behind the name.")
    if column not in texts:
        raise CorpusError(f"{where}: no column of text is called {column!r}.{nearest(column, texts)} Known: {listed}.")
    values = [value or "" for value in table[column][:]]  # row by row it would take a hundred times as long
    lines = [re.sub(r"[\n\r\t\0]+", " ", value.removeprefix("\ufeff")) for value in values]
    sentences = [line for line in lines if line.strip()]
    if not sentences:
        raise CorpusError(f"{where}: column {column!r} holds no text. Choose another with #COLUMN behind the name.")
    blank = len(lines) - len(sentences)
    if blank:
        notes.append(f"{_count(blank, 'blank sentence')} skipped in {where}.")
    joined = sum(re.search(r"[\n\r\t\0]", value.strip()) is not None for value in values)
    if joined:
        notes.append(f"{_count(joined, 'sentence')} with line breaks or tabs in {where}: made spaces.")
    return sentences


def _split_off(sentences: Sequence[str], seed: int) -> tuple[list[str], list[str]]:
    """Training sentences and held-out ones. A sentence that occurs several times is on one side only."""
    distinct = list(dict.fromkeys(sentences))
    random.Random(seed).shuffle(distinct)
    held_out = distinct[: max(1, min(MOST_HELD_OUT, round(len(distinct) * HELD_OUT_SHARE)))]
    taken = set(held_out)
    return [sentence for sentence in sentences if sentence not in taken], held_out


def _count(number: int, noun: str, plural: str = "") -> str:
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
