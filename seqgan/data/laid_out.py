"""A large data set's sentences, laid out once as files of lines, from where they are read as any large text.

The library has the fields of a data set on the disk; read into memory as sentences they would take some twenty times as
much. What is laid out stays in the text's cache until the data set is another one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from seqgan.data.cache import ELSEWHERE, cache_folder, key_of, locked
from seqgan.data.corpus_names import own_name
from seqgan.data.data_sets import DataSetPart, library_splits, library_table, named
from seqgan.data.folders import SPLIT_NAMES
from seqgan.data.lines import count
from seqgan.data.streamed import STREAMED_BYTES, Files
from seqgan.data.tables import BREAKS, fields_of, one_line, only_column, text_of
from seqgan.data.tokenizers import Numbers
from seqgan.errors import CorpusError
from seqgan.files import write_file, write_with
from seqgan.progress import SILENT, Progress

ROWS = 10_000
"""Of a data set that are in memory at once; the first ones say which column is meant."""
LINES = "lines-"
"""What the names of files of lines begin with."""


class _Sentences(NamedTuple):
    """A split of a data set whose sentences stand in one column."""

    where: str
    """How it is called in messages."""
    rows: Any
    """A `datasets.Dataset`."""
    column: str
    """The column, with what is behind its name."""

    def blocks(self) -> Iterator[list[str]]:
        """Its fields as text, some thousand at a time."""
        for start in range(0, len(self.rows), ROWS):
            block = self.rows.select(range(start, min(start + ROWS, len(self.rows))))
            yield [text_of(value) for value in fields_of(library_table(block), self.column, self.where)[1]]

    def size(self) -> int:
        """Bytes of the column that its sentences stand in."""
        column = max((name for name in self.rows.column_names if _is_of(self.column, name)), key=len)
        nbytes: int = self.rows.select_columns([column]).data.nbytes
        return nbytes


def laid_out_files(
    corpus: str,
    streaming: str = "auto",
    part: DataSetPart = DataSetPart(),  # noqa: B008
    *,
    tokenizer: str = "",
    cache: str | None = None,
    progress: Progress = SILENT,
) -> Files | None:
    """The files of a data set's sentences for `stream_text`; None where it is to be read into memory.

    Args:
        corpus: what `load_corpus` takes.
        streaming: "auto" for data sets whose training sentences have at least `STREAMED_BYTES`, "always" or "never".
        part: of a data set ``hf:NAME``, which.
        tokenizer: its name.
        cache: as of `cache_folder`.
        progress: where to report.

    Raises:
        CorpusError: what cannot be read, and the mend; or "always", of a file that is no Parquet, or of pairs.
        RunError: the cache cannot be written.
    """
    if streaming == "never" or not corpus.startswith("hf:") or tokenizer == Numbers.name:
        return None
    kind, _, column = named(corpus, part)
    if kind not in ("", "parquet"):
        if streaming == "always":
            raise CorpusError(
                f"{corpus} is a {kind} file, which is read into memory: leave data.streaming out, or make it a Parquet "
                "file, whose sentences are read from the disk."
            )
        return None
    found = library_splits(corpus, part)
    splits = {split: _sentences(where, rows, column) for split, (where, rows) in found.items()}
    if None in splits.values():
        if streaming == "always":
            raise CorpusError(f"{corpus} has pairs, which are read into memory: leave data.streaming out.")
        return None
    sentences = {split: each for split, each in splits.items() if each is not None}
    if streaming == "auto" and sentences["train"].size() < STREAMED_BYTES:
        return None
    place = f"{corpus} {key_of(*part)}" if part.given() else corpus  # parts of a data set are texts of their own
    return _lay_out(corpus, sentences, cache_folder(cache, own_name(corpus), place), progress)._replace(place=place)


@contextmanager
def taken(files: Files) -> Iterator[None]:
    """Within the block a text is read from its files. Where it is refused, what was laid out for it goes, as its
    sentences may be nobody's business here; where it is taken, what was laid out of the data set as it was before."""
    try:
        yield
    except CorpusError:
        for path in files.made:
            path.unlink(missing_ok=True)
        raise
    if files.place:
        kept = {path.stem for path in (*files.train, *files.valid, *files.test)}
        for path in files.train[0].parent.glob(f"{LINES}*"):
            if (
                path.suffix in (".txt", ".notes") and path.stem not in kept
            ):  # what is being written is another process's
                path.unlink(missing_ok=True)


def _lay_out(corpus: str, splits: dict[str, _Sentences], folder: Path, progress: Progress) -> Files:
    """The files of all splits, those that are not there yet written."""
    state = key_of(*((split, each.column, each.rows._fingerprint) for split, each in splits.items()))
    notes: list[str] = []
    made: list[Path] = []
    paths: dict[str, list[Path]] = {split: [] for split in SPLIT_NAMES}
    with locked(folder, progress):
        for split, each in splits.items():
            path = folder / f"{LINES}{state}-{split}.txt"
            said = folder / f"{LINES}{state}-{split}.notes"
            if not (path.exists() and said.exists()):
                told = _write(each, path, progress)
                write_file(said, "".join(f"{note}\n" for note in told))
                made += [path, said]
            notes += said.read_text(encoding="utf-8").splitlines()
            paths[split] = [path]
    size = sum(path.stat().st_size for files in paths.values() for path in files)
    notes.append(f"The sentences of {corpus} are laid out in {folder} as {size / 1e6:,.1f} MB of lines.")
    return Files(paths["train"], paths["valid"], paths["test"], tuple(notes), made=tuple(made))


def _write(sentences: _Sentences, path: Path, progress: Progress) -> list[str]:
    """Write a sentence a line, as `table_rows` gives them, and say what became of some."""
    blank = joined = lines = 0

    def write(target: Path) -> None:
        nonlocal blank, joined, lines
        total = -(-len(sentences.rows) // ROWS)
        with (
            target.open("w", encoding="utf-8", newline="\n") as file,
            progress.bar(f"Laying out {sentences.where}: blocks", total) as advance,
        ):
            for values in sentences.blocks():
                joined += sum(BREAKS.search(value.strip()) is not None for value in values)
                there = [line for value in values if (line := one_line(value)).strip()]
                blank += len(values) - len(there)
                lines += len(there)
                file.writelines(f"{line}\n" for line in there)
                advance(1)
        if not lines:
            raise CorpusError(
                f"{sentences.where}: column {sentences.column!r} holds no text. Choose another with #COLUMN behind the "
                "name."
            )

    write_with(path, write, place=ELSEWHERE)
    notes = [f"{count(blank, 'blank sentence')} skipped in {sentences.where}."] if blank else []
    if joined:
        notes.append(f"{count(joined, 'sentence')} with line breaks or tabs in {sentences.where}: made spaces.")
    return notes


def _sentences(where: str, rows: Any, column: str) -> _Sentences | None:
    """A split whose sentences stand in a column; None where it has pairs."""
    head = library_table(rows.select(range(min(ROWS, len(rows)))))
    if "," in column and column not in head:
        return None
    column = column or only_column(head, where)
    kind, _ = fields_of(head, column, where)
    return None if isinstance(kind, list) else _Sentences(where, rows, column)


def _is_of(path: str, column: str) -> bool:
    """Whether a name with dots begins with that of a column."""
    return path == column or path.startswith(f"{column}.")
