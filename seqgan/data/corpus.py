"""From a name, a file, a folder or a data set to sentences. Errors name the file, the line, and the mend."""

import hashlib
import random
import re
from collections.abc import Sequence
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
        """Equal for equal training and validation sentences."""
        digest = hashlib.sha256()
        for line in (*self.train, "\n", *self.valid):
            digest.update(line.encode(errors="surrogatepass") + b"\n")
        return digest.hexdigest()


def load_corpus(source: str | Path, valid: str | Path | None = None, *, seed: int = 0) -> Corpus:
    """Read a corpus.

    Args:
        source: what exists under this name is read, a file with a sentence a line or a folder with train.*, valid.*
            (or validation.*, dev.*) and test.*; else an embedded corpus's name; or ``hf:NAME`` for a data set of
            the datasets library (``hf:csv:FILE``, json, parquet and text as well; ``#column`` behind it chooses the
            column).
        valid: a file of held-out sentences, in place of the corpus's own.
        seed: of what is split off where nothing is held out.

    Raises:
        CorpusError: what was found, where, and the mend.
    """
    notes: list[str] = []
    path = Path(source)
    name = corpus_name(source)
    if str(source).startswith("hf:"):
        splits = _read_dataset(str(source).removeprefix("hf:"))
    elif path.is_dir():
        splits = _read_folder(path, notes)
    elif path.exists():
        splits = {"train": read_lines(path, notes)}
        if str(source) in embedded_corpora():
            notes.append(f"{source} is a file here and was read; the embedded corpus of this name was not.")
    elif str(source) in embedded_corpora():
        drawn = draw_splits(load_grammar(str(source)), EMBEDDED_SIZES, seed=0)
        splits = {split: [" ".join(tokens) for tokens in sentences] for split, sentences in drawn.items()}
    else:
        known = embedded_corpora()
        raise CorpusError(
            f"There is no file or folder {source}, and no embedded corpus of that name.{nearest(str(source), known)} "
            f"Give a file with a sentence a line, a folder, hf:NAME, or one of: {', '.join(known)}."
        )
    if valid is not None:
        splits["valid"] = read_lines(Path(valid), notes)

    train, held_out, test = splits["train"], splits.get("valid"), splits.get("test", [])
    if len(train) < 2 or (held_out is None and len(set(train)) < 2):
        raise CorpusError(
            f"{source}: {len(train)} sentence{'s' if len(train) > 1 else ''}, all alike: nothing to learn from. "
            "Give at least two different ones, a sentence a line."
        )
    if held_out is None:
        train, held_out = _split_off(train, seed)
        notes.append(
            f"No validation text: {len(held_out):,} sentences were split off with seed {seed}, {len(train):,} are left."
        )
    known_sentences = set(train)
    for split, sentences in (("validation", held_out), ("test", test)):
        leaked = sum(sentence in known_sentences for sentence in sentences)
        if leaked:
            notes.append(f"{leaked:,} of {len(sentences):,} {split} sentences are training sentences too.")
    return Corpus(name, train, held_out, test, notes)


def corpus_name(source: str | Path) -> str:
    """A short name for a corpus, fit for a folder: of a file or folder its own, without the extension."""
    text = str(source).removeprefix("hf:").partition("#")[0]
    return re.sub(r"[^\w.-]+", "-", Path(text).absolute().stem).strip(".-") or "corpus"


def read_lines(path: Path, notes: list[str] | None = None) -> list[str]:
    """The sentences of a text file: UTF-8, one a line; a byte-order mark and CRLF are taken off, blank lines skipped.

    Only a line feed ends a line. Form feeds and Unicode's line separators, which `str.splitlines` would split at,
    are characters like any other.

    Args:
        path: the file.
        notes: gets a sentence for the user, where something was skipped.

    Raises:
        CorpusError: what is wrong with the file, the line, and the mend.
    """
    try:
        content = path.read_bytes()
    except IsADirectoryError as error:
        raise CorpusError(f"{path} is a folder, but a file with a sentence a line was expected.") from error
    except OSError as error:
        raise CorpusError(f"{path} cannot be read: {error.strerror}.") from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        start = error.object.rfind(b"\n", 0, error.start) + 1
        number = error.object.count(b"\n", 0, error.start) + 1
        hint = " (UTF-16?)" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else ""
        raise CorpusError(
            f"{path}, line {number}: byte {error.start - start + 1} of the line, 0x{error.object[error.start]:02x}, is "
            f"not UTF-8{hint}. Convert the file to UTF-8, for example with iconv."
        ) from error
    if not content:
        raise CorpusError(f"{path} is empty: expected a sentence a line.")
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    sentences = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        if "\0" in line:
            raise CorpusError(f"{path}, line {number}: a NUL byte. This is not a text file, or it was damaged.")
        if "\t" in line:
            raise CorpusError(
                f"{path}, line {number}: a tab, but one sentence a line was expected. Replace tabs by spaces; files of "
                "source TAB target are for conditional generators."
            )
        sentences.append(line)
    if not sentences:
        raise CorpusError(f"{path} has only blank lines: expected a sentence a line.")
    blank = len(lines) - len(sentences) - (lines[-1] == "")  # behind the last line feed there is no line
    if blank and notes is not None:
        notes.append(f"{blank:,} blank lines skipped in {path}.")
    return sentences


def _read_folder(folder: Path, notes: list[str]) -> dict[str, list[str]]:
    files = [path for path in sorted(folder.iterdir()) if path.is_file()]
    splits = {}
    for split, names in SPLIT_NAMES.items():
        found = [path for path in files if path.stem in names and path.suffix]
        if len(found) > 1:
            listed = " and ".join(path.name for path in found)
            raise CorpusError(
                f"{folder} has {listed}: expected one file for a split. Two languages side by side are for conditional "
                "generators; for plain text name one file, with --valid for the held-out one."
            )
        if found:
            splits[split] = read_lines(found[0], notes)
    if "train" not in splits:
        listed = ", ".join(path.name for path in files[:5]) or "no files"
        raise CorpusError(
            f"{folder} has no train.*: expected train.txt, and maybe valid.txt and test.txt; it has {listed}."
        )
    return splits


def _read_dataset(source: str) -> dict[str, list[str]]:
    """The splits of ``NAME`` or ``FORMAT:FILE``, each with ``#column`` behind it or not, through `datasets`."""
    import datasets

    place, _, column = source.partition("#")
    kind, _, files = place.partition(":")
    local = kind in ("csv", "json", "parquet", "text") and files
    if local and not Path(files).exists():
        raise CorpusError(f"hf:{source}: there is no file {files}.")
    shown = datasets.utils.logging.is_progress_bar_enabled()
    datasets.disable_progress_bars()
    try:
        # With keep_linebreaks unset and its default line splitting, text files come as their lines.
        loaded: Any = datasets.load_dataset(kind, data_files=files) if local else datasets.load_dataset(place)
    except Exception as error:
        # The library wraps what happened in errors of many kinds; the cause tells it.
        cause = error.__cause__ or error
        what = " ".join(str(cause).split())[:300]
        hint = "" if local else " A data set of the hub needs a network connection; a file does not: hf:csv:FILE."
        raise CorpusError(f"hf:{source} cannot be loaded: {type(cause).__name__}: {what}{hint}") from error
    finally:
        if shown:
            datasets.enable_progress_bars()
    splits = {}
    for split, names in SPLIT_NAMES.items():
        for name in names:
            if name in loaded and split not in splits:
                splits[split] = _column(loaded[name], column, f"hf:{source}, split {name}")
    if "train" not in splits:
        raise CorpusError(f"hf:{source} has no train split, only {', '.join(loaded)}.")
    return splits


def _column(table: Any, column: str, where: str) -> list[str]:
    """The sentences in a table's column of text; line breaks in them become spaces, blank ones are skipped."""
    texts = [
        name for name, feature in table.features.items() if getattr(feature, "dtype", "") in ("string", "large_string")
    ]
    if not column:
        if "text" in texts:
            column = "text"
        elif len(texts) == 1:
            column = texts[0]
        else:
            raise CorpusError(f"{where}: columns of text are {', '.join(texts) or 'none'}: choose one with #COLUMN.")
    if column not in texts:
        raise CorpusError(
            f"{where}: no column of text is called {column!r}.{nearest(column, texts)} There are: {texts}."
        )
    lines = [re.sub(r"[\n\r\t]+", " ", line).replace("\0", "") for line in table[column] if line is not None]
    sentences = [line for line in lines if line.strip()]
    if not sentences:
        raise CorpusError(f"{where}: column {column!r} holds no text.")
    return sentences


def _split_off(sentences: Sequence[str], seed: int) -> tuple[list[str], list[str]]:
    """Training sentences and held-out ones. A sentence that occurs several times is on one side only."""
    distinct = list(dict.fromkeys(sentences))
    random.Random(seed).shuffle(distinct)
    held_out = distinct[: max(1, min(MOST_HELD_OUT, round(len(distinct) * HELD_OUT_SHARE)))]
    taken = set(held_out)
    return [sentence for sentence in sentences if sentence not in taken], held_out
