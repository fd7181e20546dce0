"""A text larger than memory made ready for training: read part by part, encoded on the disk, sampled for metrics.

What is in memory of it is its vocabulary, its held-out sentences, and a sample of its training sentences. See
`seqgan.data.parts` for how it is read, `scan` and `store` for what is made of it, `order` for how it is shuffled.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from seqgan.data.batches import LONGEST_AUTOMATIC, encode_sentences
from seqgan.data.cache import cache_folder, key_of, locked, state_of, written_state
from seqgan.data.corpus import Corpus
from seqgan.data.corpus_names import is_embedded, own_name
from seqgan.data.folders import SPLIT_NAMES, is_tsv, split_files_of
from seqgan.data.held_out import (
    HELD_OUT_SHARE,
    MOST_HELD_OUT,
    NOTHING,
    ByChecksum,
    Drawn,
    HeldOut,
    split_note,
    split_off,
)
from seqgan.data.lines import count, read_lines, returns_note, table_note
from seqgan.data.parts import PART_BYTES, Part, changed, sample_lines, split_files
from seqgan.data.scan import MOST_TYPES, SAMPLE_BYTES, Scan, add_counts, held_out_share, scan_text
from seqgan.data.spaces import unspaced_note
from seqgan.data.store import encode_text
from seqgan.data.streamed_checks import check_enough, check_known, forgetting, is_still
from seqgan.data.text import Text, changed_note, unknown_note
from seqgan.data.through import Through, draw_from_parts, read_through
from seqgan.data.token_ids import Vocabulary
from seqgan.data.tokenizers import Numbers, Tokenizer, is_own, make_tokenizer, vocabulary_within
from seqgan.data.unseen import unseen_ids
from seqgan.data.vocabulary import vocabulary_of_counts
from seqgan.errors import ConfigError, CorpusError
from seqgan.progress import SILENT, Progress

STREAMED_BYTES = 2**28
"""Of training text from which it is not read into memory, where some twenty times as much would be taken."""


class Files(NamedTuple):
    """The files of a plain text."""

    train: list[Path]
    """Of the training text, one behind the other."""
    valid: list[Path]
    """Of the held-out sentences that decide when to stop; none where they are split off."""
    test: list[Path]
    """Of those for the final judgement; may be none."""
    notes: tuple[str, ...] = ()
    """What of a folder is left alone."""
    place: str = ""
    """Whose files they are, where it is not the corpus by its name: that which has a folder of its own in the cache."""
    made: tuple[Path, ...] = ()
    """Those that were written for this reading."""


def streamed_files(corpus: str, streaming: str = "auto", *, paired: bool = False, tokenizer: str = "") -> Files | None:
    """The files of a text that is read from the disk; None where one is read into memory, or is a data set, whose
    sentences `laid_out_files` makes files of.

    Args:
        corpus: what `load_corpus` takes.
        streaming: "auto" for texts of at least `STREAMED_BYTES`, "always" or "never".
        paired: files of sources were named.
        tokenizer: its name.

    Raises:
        CorpusError: "always", of what cannot be.
    """
    if streaming == "never":
        return None
    files = None if paired or is_embedded(corpus) else _plain_files(corpus)
    if files is not None and tokenizer != Numbers.name:
        large = sum(path.stat().st_size for path in files.train) >= STREAMED_BYTES
        return files if large or streaming == "always" else None
    data_set = corpus.startswith("hf:")
    there = os.path.exists(corpus) or is_embedded(corpus) or (data_set and tokenizer == Numbers.name)
    if streaming == "always" and there:
        what = "of ids" if files is not None or data_set else "no plain text in files"
        raise CorpusError(
            f"{corpus} is {what}, and data.streaming always reads plain text in files (one, or a folder with train.* "
            "or a folder train of them) and data sets from the disk: embedded corpora, pairs and ids are read into "
            "memory; leave data.streaming out."
        )
    return None


def stream_text(
    corpus: str,
    files: Files,
    valid: str | None = None,
    *,
    seed: int = 0,
    split: str = "lines",
    tokenizer: str | Tokenizer = "words",
    vocabulary: Vocabulary | None = None,
    min_count: int = 1,
    max_vocabulary: int = 0,
    pieces: int = 1000,
    max_length: int = 0,
    too_long: str = "cut",
    cache: str | None = None,
    workers: int = 0,
    fingerprint: str = "",
    progress: Progress = SILENT,
    part_bytes: int = PART_BYTES,
) -> Text:
    """A text on the disk as `encode_corpus` gives one in memory; its training sentences are `StreamedSequences`.

    The first time it is read by several processes, its lines counted, its tokens counted, and encoded; and once by one
    process, see `through`. What came of it is kept in a cache and used until a file changes. `corpus.train` of the
    result is a sample.

    Args:
        corpus: its name, as the user wrote it.
        files: from `streamed_files`.
        valid: a file of held-out sentences, in place of the text's own.
        seed: of what is split off where nothing is held out, and of the sample.
        split: by which rule it is, one of `held_out.SPLITS`; and by which the text is known again.
        tokenizer: or its name, where one is to be made; a pretrained model's is given.
        vocabulary: an existing one, where a run goes on; None builds one.
        min_count: rarer tokens become the unknown symbol.
        max_vocabulary: at most this many tokens, the most frequent; 0 keeps all.
        pieces: that a tokenizer of subwords learns, from the sample.
        max_length: T; 0 takes the longest training sentence, at most 256.
        too_long: "cut" or "drop" longer sentences.
        cache: as of `cache_folder`.
        workers: processes; 0 for one each processor.
        fingerprint: of the text that is expected; of any where it is empty.
        progress: where to report.
        part_bytes: of the text that a process works on at once.

    Raises:
        CorpusError: what is wrong with the text, where, and the mend; or it is not the expected one.
        RunError: the cache cannot be written.
    """
    if not isinstance(tokenizer, str) and is_own(tokenizer):
        raise ConfigError(
            f"The tokenizer {tokenizer.name!r} is a program's own, and {corpus} is to be read from the disk, where "
            "what is encoded is known again by the name alone: set data.streaming to never."
        )
    parts = split_files(files.train, part_bytes)
    state, written = state_of(files.train), written_state(files.train)
    notes = [*files.notes, *(note for path in files.train for note in table_note(path))]
    own = files.valid if valid is None else [Path(valid)]
    held_out_texts = {
        "validation": _held_out(own, "validation", seed, notes),
        "test": _held_out(files.test, "test", seed, notes),
    }
    folder = cache_folder(cache, own_name(corpus), files.place or corpus)
    kind = tokenizer if isinstance(tokenizer, str) else tokenizer.name
    with locked(folder, progress):
        whole: Through | None = None
        with forgetting(folder):
            held_out = NOTHING if own else _choice(parts, folder, state, seed, split, workers, progress)
            if split == "lines":
                drawn = held_out if isinstance(held_out, Drawn) else None
                whole = read_through(parts, drawn, own, files.test, folder, state, progress)
                check_known(corpus, fingerprint, whole.fingerprint)
                if not own:
                    held_out_texts["validation"] = whole.held_out
            asked = [line for lines in held_out_texts.values() for line in lines]
            scan = scan_text(
                parts,
                folder,
                state,
                counted=kind,
                held_out=held_out,
                asked=asked,
                workers=workers,
                progress=progress,
            )
            known_as = key_of(scan.content, *held_out, *asked) if whole is None else whole.fingerprint
            check_known(corpus, fingerprint, known_as)
            if not own and whole is None:
                held_out_texts["validation"] = scan.held_out
            check_enough(corpus, scan, held_out_texts["validation"], drawn=not own)
        if isinstance(tokenizer, str):
            tokenizer = make_tokenizer(tokenizer, scan.sample, vocabulary_size=pieces, seed=seed)
        is_new = vocabulary is None
        if vocabulary is None:
            vocabulary = _vocabulary(tokenizer, scan, min_count, max_vocabulary)
        stored = encode_text(
            parts,
            folder,
            scan.content,
            tokenizer,
            vocabulary,
            max_length=max_length or LONGEST_AUTOMATIC,
            too_long=too_long,
            held_out=held_out,
            workers=workers,
            progress=progress,
        )
        if not is_still(files.train, written):
            for path in stored.files:  # by its name it is the text that was scanned, which it need not be
                path.unlink(missing_ok=True)
            raise changed(corpus)
    if is_new:
        notes += unspaced_note(tokenizer.name, scan.sample)
        vocabulary.unseen = unseen_ids(stored.sequences, len(vocabulary), vocabulary.end)
    max_length = max_length or stored.longest
    if scan.blank:
        notes.append(f"{count(scan.blank, 'blank line')} skipped in {corpus}.")
    notes += returns_note(scan.sample, f"{'a sample of ' if len(scan.sample) < scan.sentences else ''}{corpus}")
    if not own:
        copies = scan.copies if whole is None else 0
        off = len(held_out_texts["validation"])
        notes.append(split_note(off, scan.sentences + off + copies, seed, copies=copies))
    for name, lines in held_out_texts.items():
        leaked = sum(line in scan.known for line in lines)
        if leaked:
            notes.append(f"{leaked:,} of {count(len(lines), f'{name} sentence')} also in the training text.")
    size = sum(path.stat().st_size for path in stored.files)
    notes.append(
        f"Read from the disk, encoded: {size / 1e6:,.1f} MB in {folder}, which may be deleted; it is made anew when it "
        "is needed."
    )
    if len(scan.sample) < scan.sentences:
        notes.append(
            f"What is compared with training sentences is compared with a sample of {len(scan.sample):,} of them."
        )
    long = stored.long if too_long == "cut" else scan.sentences - stored.sequences.sentences
    verb = "dropped" if too_long == "drop" else "cut"
    if long:
        notes.append(f"{long:,} of {scan.sentences:,} training sentences exceed {max_length} tokens: {verb}.")
    valid_lines, test_lines = held_out_texts.values()
    tokens = [tokenizer.tokenize(line) for line in valid_lines]
    valid_ids, long = encode_sentences(tokens, vocabulary, max_length, too_long)
    if long:
        notes.append(f"{long:,} of {len(tokens):,} held-out sentences exceed {max_length} tokens: {verb}.")
    notes += changed_note(tokenizer, tokens, valid_lines)
    notes += unknown_note(valid_ids, vocabulary)
    loaded = Corpus(
        own_name(corpus),
        scan.sample,
        valid_lines,
        test_lines,
        notes,
        content=known_as,
        split_off=not own,
        origin=(corpus,) if valid is None else (corpus, valid),
    )
    return Text(loaded, tokenizer, vocabulary, max_length, stored.sequences, valid_ids, notes)


def sample_corpus(
    corpus: str, files: Files, valid: str | None = None, *, seed: int = 0, sample_bytes: int = 2 * SAMPLE_BYTES
) -> Corpus:
    """A sample of a large text, from all over it, and held-out sentences, in memory: for looking at it.

    Args:
        corpus: its name.
        files: from `streamed_files`.
        valid: a file of held-out sentences, in place of the text's own.
        seed: of the sample.
        sample_bytes: of the training sentences.

    Raises:
        CorpusError: what is wrong with the text, where, and the mend.
    """
    notes = [*files.notes, *(note for path in files.train for note in table_note(path))]
    own = files.valid if valid is None else [Path(valid)]
    parts = split_files(files.train)
    sample = sample_lines(parts, sample_bytes, seed)
    if own:
        train, held_out = sample, _held_out(own, "validation", seed, notes)
    else:
        train, held_out = split_off(sample, seed) if len(sample) > 1 else (sample, [])
    test = _held_out(files.test, "test", seed, notes)
    size = sum(part.stop - part.start for part in parts)
    notes += returns_note(sample, f"a sample of {corpus}")
    notes.append(
        f"Looked at: a sample of {count(len(sample), 'sentence')} from all over {size / 1e6:,.0f} MB of text; numbers "
        "of copies and leaks are those in the sample."
    )
    return Corpus(own_name(corpus), train, held_out, test, notes, split_off=not own)


def _plain_files(corpus: str) -> Files | None:
    if not corpus or not os.path.exists(corpus):
        return None
    path = Path(corpus)
    if not path.is_dir():
        return None if is_tsv(path) else Files([path], [], [])
    notes: list[str] = []
    train, valid, test = (split_files_of(path, split, notes) for split in SPLIT_NAMES)
    if not train or any(is_tsv(file) for file in (*train, *valid, *test)):
        return None
    return Files(train, valid, test, tuple(notes))


def _held_out(paths: Sequence[Path], split: str, seed: int, notes: list[str]) -> list[str]:
    """The sentences of held-out files; a sample of them where they are large themselves."""
    parts: list[Part] = split_files(paths) if paths else []
    size = sum(part.stop - part.start for part in parts)
    if size <= SAMPLE_BYTES:
        return [line for path in paths for line in read_lines(path, notes)]
    lines = sample_lines(parts, SAMPLE_BYTES, seed)
    notes.append(f"Of {size / 1e6:,.0f} MB of {split} text a sample is used: {count(len(lines), 'sentence')}.")
    return lines


def _choice(
    parts: Sequence[Part], folder: Path, state: str, seed: int, split: str, workers: int, progress: Progress
) -> HeldOut:
    """What is split off of a text by a rule."""
    if split == "lines":
        return draw_from_parts(parts, folder, state, seed, workers, progress)
    return ByChecksum(held_out_share(parts, MOST_HELD_OUT, HELD_OUT_SHARE), seed)


def _vocabulary(tokenizer: Tokenizer, scan: Scan, min_count: int, max_vocabulary: int) -> Vocabulary:
    within = vocabulary_within(tokenizer)
    if within is not None:
        return within
    # Twice what is kept at most: what was forgotten is then far from what is kept.
    counts = add_counts(scan, max(MOST_TYPES, 2 * max_vocabulary), prune=max_vocabulary > 0)
    return vocabulary_of_counts(counts, min_count=min_count, max_size=max_vocabulary or None)
