"""Data sets laid out as files of lines: the sentences that are read into memory, in their order."""

import datasets
import msgspec
import pyarrow
import pytest
from pyarrow import parquet

from seqgan.build import build_text
from seqgan.data import laid_out
from seqgan.data.corpus import load_corpus
from seqgan.data.data_sets import DataSetPart
from seqgan.data.laid_out import laid_out_files, taken
from seqgan.errors import CorpusError
from seqgan.settings.data import DataConfig

SENTENCES = [f"{animal} {verb} ." for animal in ("a dog", "the cat", "two birds") for verb in ("runs", "eats", "sings")]
AWKWARD = ["\ufeffa fish\nswims .", "  ", None, "a\tfox runs .", "NA", "007", "", "a cow\r\nsings ."]
"""With breaks, which become spaces, and three that are blank."""


@pytest.fixture
def file(tmp_path):
    rows = [*SENTENCES, *AWKWARD] * 3
    table = pyarrow.table(
        {"id": list(range(len(rows))), "text": rows, "said": [{"en": row, "de": "-"} for row in rows]}
    )
    parquet.write_table(table, tmp_path / "set.parquet")
    return tmp_path / "set.parquet"


@pytest.mark.parametrize("column", ["", "#text", "#said.en", "#id"])
def test_what_is_laid_out_is_what_is_read_into_memory(file, tmp_path, column, monkeypatch):
    monkeypatch.setattr(laid_out, "ROWS", 5)  # blocks that divide nothing evenly
    name = f"hf:parquet:{file}{column}"
    files = laid_out_files(name, "always", cache=str(tmp_path / "cache"))
    (path,) = files.train
    whole = load_corpus(name, valid=str(_a_line_in(tmp_path)))
    assert path.read_text(encoding="utf-8").split("\n")[:-1] == whole.train
    assert (files.valid, files.test) == ([], [])
    said = [note for note in files.notes if "skipped" in note or "made spaces" in note]
    assert said == [note for note in whole.notes if "skipped" in note or "made spaces" in note]


def test_splits_of_a_folder_are_laid_out_each(tmp_path):
    folder = tmp_path / "set"
    folder.mkdir()
    for split, rows in (("train", SENTENCES), ("validation", ["a fish swims ."]), ("test", ["a fox runs .", "b"])):
        parquet.write_table(pyarrow.table({"text": rows}), folder / f"{split}.parquet")
    files = laid_out_files(f"hf:{folder}", "always", cache=str(tmp_path / "cache"))
    whole = load_corpus(f"hf:{folder}")
    assert [[path.read_text().splitlines() for path in paths] for paths in files[:3]] == [
        [whole.train],
        [whole.valid],
        [whole.test],
    ]


def test_a_text_from_the_disk_is_known_as_the_one_in_memory(file, tmp_path):
    data = DataConfig(corpus=f"hf:parquet:{file}", streaming="never")
    streamed = DataConfig(corpus=f"hf:parquet:{file}", streaming="always", cache=str(tmp_path / "cache"), workers=1)
    memory, disk = build_text(data), build_text(streamed)
    assert disk.corpus.fingerprint() == memory.corpus.fingerprint()
    assert disk.corpus.valid == memory.corpus.valid
    assert disk.vocabulary.tokens == memory.vocabulary.tokens
    assert disk.corpus.train == memory.corpus.train


def test_what_is_laid_out_is_used_again_until_the_data_set_changes(file, tmp_path):
    name, cache = f"hf:parquet:{file}", str(tmp_path / "cache")
    (first,) = laid_out_files(name, "always", cache=cache).train
    written = first.stat().st_mtime_ns
    again = laid_out_files(name, "always", cache=cache)
    assert (again.train, first.stat().st_mtime_ns) == ([first], written)
    assert any("skipped" in note for note in again.notes)
    parquet.write_table(pyarrow.table({"text": SENTENCES}), file)
    files = laid_out_files(name, "always", cache=cache)
    (other,) = files.train
    assert other.read_text().splitlines() == SENTENCES
    # Until it is known that this is the text that is meant, the former one stays.
    with pytest.raises(CorpusError, match="another text"), taken(files):
        raise CorpusError("another text")
    assert first.exists()
    assert not other.exists()
    files = laid_out_files(name, "always", cache=cache)
    with taken(files):
        pass
    assert other.exists()
    assert not first.exists()


def test_a_text_that_is_not_the_runs_is_not_left_in_the_cache(file, tmp_path):
    data = DataConfig(corpus=f"hf:parquet:{file}", streaming="always", cache=str(tmp_path / "cache"), workers=1)
    right = build_text(data).corpus.fingerprint()
    kept = sorted((tmp_path / "cache").rglob("lines-*"))
    parquet.write_table(pyarrow.table({"text": [f"{line} secret" for line in SENTENCES]}), file)
    with pytest.raises(CorpusError, match="is not the text that the run was trained on"):
        build_text(msgspec.structs.replace(data, fingerprint=right))
    assert sorted((tmp_path / "cache").rglob("lines-*")) == kept
    assert not any(b"secret" in path.read_bytes() for path in (tmp_path / "cache").rglob("*") if path.is_file())


def test_parts_of_one_data_set_are_kept_apart(tmp_path):
    folder = tmp_path / "set"
    folder.mkdir()
    parquet.write_table(pyarrow.table({"text": SENTENCES}), folder / "train.parquet")
    first, second = (
        laid_out_files(f"hf:{folder}", "always", DataSetPart(split=split), cache=str(tmp_path / "cache"))
        for split in ("train[:4]", "train[4:]")
    )
    assert first.train[0].parent != second.train[0].parent
    assert first.train[0].read_text().splitlines() == SENTENCES[:4]
    assert second.train[0].read_text().splitlines() == SENTENCES[4:]


def test_small_ones_pairs_ids_and_other_files_are_read_into_memory(file, tmp_path, monkeypatch):
    cache = str(tmp_path / "cache")
    assert laid_out_files(f"hf:parquet:{file}", cache=cache) is None
    monkeypatch.setattr(laid_out, "STREAMED_BYTES", 100)
    assert laid_out_files(f"hf:parquet:{file}", cache=cache) is not None
    assert laid_out_files(f"hf:parquet:{file}", "never", cache=cache) is None
    assert laid_out_files(f"hf:parquet:{file}", tokenizer="ids", cache=cache) is None
    assert laid_out_files(f"hf:parquet:{file}#said.en,said.de", cache=cache) is None
    assert laid_out_files("captions", cache=cache) is None
    table = tmp_path / "set.csv"
    table.write_text("text\na b\nc d\n")
    assert laid_out_files(f"hf:csv:{table}", cache=cache) is None
    with pytest.raises(CorpusError, match="is a csv file, which is read into memory"):
        laid_out_files(f"hf:csv:{table}", "always", cache=cache)
    with pytest.raises(CorpusError, match="has pairs, which are read into memory"):
        laid_out_files(f"hf:parquet:{file}#said.en,said.de", "always", cache=cache)


def test_a_column_without_text_leaves_nothing_behind(tmp_path):
    parquet.write_table(pyarrow.table({"text": ["", " ", "\n"]}), tmp_path / "set.parquet")
    with pytest.raises(CorpusError, match="column 'text' holds no text"):
        laid_out_files(f"hf:parquet:{tmp_path / 'set.parquet'}", "always", cache=str(tmp_path / "cache"))
    assert [path for path in (tmp_path / "cache").rglob("*") if path.is_file()] == []


def _a_line_in(folder):
    path = folder / "one.txt"
    path.write_text("a line .\n")
    return path


def test_datasets_names_its_state():
    """The cache is known by it: equal for equal data, another for others."""
    one, same, other = (datasets.Dataset.from_dict({"text": rows}) for rows in (["a"], ["a"], ["b"]))
    assert one._fingerprint != other._fingerprint
    assert one.select(range(1))._fingerprint == one.select(range(1))._fingerprint
    assert isinstance(same._fingerprint, str)
