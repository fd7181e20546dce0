"""A text encoded once for all: its sentences as ids in Arrow files, which `on_disk` reads a batch at a time.

A file holds a list of ids for each sentence, two bytes an id where the vocabulary has room in them.
"""

import json
from collections.abc import Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from seqgan.data.batches import LONGEST_AUTOMATIC
from seqgan.data.cache import forget, key_of
from seqgan.data.held_out import HeldOut, split_part
from seqgan.data.lines import count
from seqgan.data.model_tokenizer import ModelTokenizer
from seqgan.data.on_disk import Piece, StreamedSequences
from seqgan.data.over_parts import over_parts
from seqgan.data.parts import Part
from seqgan.data.token_ids import Vocabulary
from seqgan.data.tokenizers import SentencePiece, Tokenizer, Words
from seqgan.data.words import encode_words
from seqgan.errors import CorpusError
from seqgan.files import write_file
from seqgan.progress import SILENT, Progress

SHORT_IDS = 2**16
"""Symbols from which an id takes four bytes and not two."""


class Stored(NamedTuple):
    """An encoded text."""

    sequences: StreamedSequences
    """Its training sentences."""
    long: int
    """How many sentences are cut; with "drop", none."""
    longest: int
    """Tokens of the longest one, its end symbol included."""
    files: list[Path]
    """Where it is."""


def encode_text(
    parts: Sequence[Part],
    folder: Path,
    content: str,
    tokenizer: Tokenizer,
    vocabulary: Vocabulary,
    *,
    max_length: int,
    too_long: str,
    held_out: HeldOut,
    workers: int = 0,
    progress: Progress = SILENT,
) -> Stored:
    """The training sentences of a text as ids, made in parallel, or found in the cache.

    Args:
        parts: of the text.
        folder: of its cache, locked.
        content: of the text, as `scan_text` tells it.
        tokenizer: sentences to tokens.
        vocabulary: tokens to ids; with an end symbol.
        max_length: most tokens, the end symbol included.
        too_long: "cut" or "drop" longer sentences.
        held_out: which are no training sentences.
        workers: processes; 0 for one each processor.
        progress: where to report.

    Raises:
        CorpusError: no sentence is left.
        RunError: the cache cannot be written.
    """
    keep = max(max_length, LONGEST_AUTOMATIC)  # what is kept serves all lesser lengths
    if too_long == "drop":
        lengths = _read_lengths(folder / f"{_name(content, tokenizer, vocabulary, keep, held_out, parts, 'drop')}.json")
        # Where what is dropped depends on the length, what was kept serves if it dropped the same.
        keep = keep if lengths is not None and len(lengths.counts) - 1 <= max_length else max_length
    name = _name(content, tokenizer, vocabulary, keep, held_out, parts, too_long)
    table = over_parts(
        _encode_part,
        parts,
        folder,
        name,
        workers=workers,
        progress=progress,
        describe="Tokenizing: parts",
        tokenizer=tokenizer,
        vocabulary=vocabulary,
        max_length=keep,
        too_long=too_long,
        held_out=held_out,
    )
    files = [Path(file["filename"]) for file in table.cache_files]
    lengths = _read_lengths(folder / f"{name}.json")
    if lengths is None:
        lengths = _count_lengths(files)
        write_file(folder / f"{name}.json", json.dumps(lengths._asdict()))
    if not lengths.counts:
        forget(folder, name)
        raise CorpusError(
            f"{parts[0].path}: no sentence has at most {count(max_length, 'token')}, and longer ones are dropped: "
            "raise data.max_length, or set data.too_long to cut."
        )
    pieces = [
        Piece(chunk.offsets.to_numpy(zero_copy_only=True), chunk.values.to_numpy(zero_copy_only=True))
        for chunk in table.data.column("ids").chunks
        if len(chunk)
    ]
    end = vocabulary.end
    assert end is not None
    long = sum(lengths.counts[max_length + 1 :]) + (lengths.cut if keep == max_length else 0)
    longest = min(max_length, len(lengths.counts) - 1)
    return Stored(StreamedSequences(pieces, end, max_length), long, longest, files)


class _Lengths(NamedTuple):
    """Of the sentences in a file, so that it need not be read to know them."""

    counts: list[int]
    """How many have 0 tokens, 1 token, and so on."""
    cut: int
    """How many were cut."""


def _name(
    content: str,
    tokenizer: Tokenizer,
    vocabulary: Vocabulary,
    keep: int,
    held_out: HeldOut,
    parts: Sequence[Part],
    too_long: str,
) -> str:
    """What the encoded text is called: all that it depends on."""
    model = key_of(tokenizer.model) if isinstance(tokenizer, SentencePiece) else ""
    model = key_of(tokenizer.text) if isinstance(tokenizer, ModelTokenizer) else model
    what = key_of(tokenizer.name, model, vocabulary.fingerprint(), keep, too_long, *held_out, len(parts))
    return f"ids-{content}-{what}"


def _count_lengths(files: Sequence[Path]) -> _Lengths:
    """Read off the files, one after the other: none stays mapped."""
    import datasets

    counts, whole = np.zeros(0, np.int64), 0
    for file in files:
        table = datasets.Dataset.from_file(str(file)).data
        for lists, flags in zip(table.column("ids").chunks, table.column("whole").chunks, strict=True):
            there = np.bincount(np.diff(lists.offsets.to_numpy(zero_copy_only=True)), minlength=len(counts))
            there[: len(counts)] += counts
            counts, whole = there, whole + flags.true_count
    return _Lengths(counts.tolist(), int(counts.sum()) - whole)


def _read_lengths(path: Path) -> _Lengths | None:
    try:
        return _Lengths(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        return None


def _encode_part(
    part: Part,
    number: int,
    *,
    tokenizer: Tokenizer,
    vocabulary: Vocabulary,
    max_length: int,
    too_long: str,
    held_out: HeldOut,
) -> Any:
    """The training sentences of a part as ids, and whether each is whole."""
    import pyarrow

    kind = np.uint16 if len(vocabulary) <= SHORT_IDS else np.uint32
    ids, lengths, whole = [np.zeros(0, kind)], [np.zeros(0, np.int64)], [np.zeros(0, bool)]
    for block in split_part(part, number, held_out):
        fast = isinstance(tokenizer, Words) and block.train
        encoded, sizes = (encode_words if fast else partial(_encode_lines, tokenizer))(block.train, vocabulary)
        fits = sizes <= max_length
        if not fits.all():
            place = np.arange(len(encoded)) - np.repeat(sizes.cumsum() - sizes, sizes)  # in its sentence
            kept = np.where(fits, sizes, 0 if too_long == "drop" else max_length)
            encoded = encoded[place < np.repeat(kept, sizes)]
            sizes, fits = kept[kept > 0], fits[kept > 0]
        ids.append(encoded.astype(kind))
        lengths.append(sizes)
        whole.append(fits)
    offsets = np.concatenate([[0], np.concatenate(lengths).cumsum()]).astype(np.int32)
    lists = pyarrow.ListArray.from_arrays(pyarrow.array(offsets), pyarrow.array(np.concatenate(ids)))
    return pyarrow.table({"ids": lists, "whole": pyarrow.array(np.concatenate(whole))})


def _encode_lines(tokenizer: Tokenizer, lines: Sequence[str], vocabulary: Vocabulary) -> tuple[np.ndarray, np.ndarray]:
    """As `encode_words`, for any tokenizer."""
    encoded = [[*vocabulary.encode(tokenizer.tokenize(line)), vocabulary.end] for line in lines]
    ids = np.fromiter(chain.from_iterable(encoded), np.int64)
    return ids, np.fromiter(map(len, encoded), np.int64, len(encoded))
