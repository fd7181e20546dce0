import json
import logging
import os
from collections import Counter
from pathlib import Path

import pytest

from seqgan.data.batches import automatic_max_length, encode_sentences
from seqgan.data.corpus import corpus_name, load_corpus, read_lines
from seqgan.data.grammar import load_grammar
from seqgan.data.quiet import quiet
from seqgan.data.tokenizers import make_tokenizer
from seqgan.data.vocabulary import Vocabulary, build_vocabulary
from seqgan.errors import CorpusError

REAL_CORPORA = {
    "image_coco": ("words", 10_000, 2_000, 10_000),
    "tiny_shakespeare": ("characters", 15_000, 1_500, 1_500),
    "names": ("characters", 25_000, 2_000, 2_000),
    "quatrains5_zh": ("words", 10_000, 1_000, 2_000),
    "qm9_smiles": ("characters", 4_000, 450, 500),
    "nottingham_abc": ("characters", 2_210, 212, 285),
}
"""Folders of plain lines: a fitting tokenizer, and the sentences of train, valid and test."""


@pytest.fixture
def file(tmp_path):
    """A function that writes a text file, by default with three sentences, and returns its path."""

    def write(content: str | bytes = "one a\ntwo b\nthree c\n", name: str = "mine.txt") -> Path:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def real_corpus(name: str) -> Path:
    folder = Path(os.environ.get("SEQGAN_CORPORA", Path(__file__).parents[3] / "shared" / "corpora")) / name
    if not folder.is_dir():
        pytest.skip(f"no {folder}: set SEQGAN_CORPORA to the folder of development corpora")
    return folder


# Files


def test_sentences_are_the_lines_of_a_file(file):
    assert read_lines(file("one a\n two  b \nthree\n")) == ["one a", " two  b ", "three"]
    assert read_lines(file("one\ntwo")) == ["one", "two"]  # no line feed at the end


def test_a_byte_order_mark_and_windows_line_ends_are_taken_off(file):
    notes = []
    assert read_lines(file(b"\xef\xbb\xbfone\r\ntwo\r\n\r\nthree"), notes) == ["one", "two", "three"]
    assert len(notes) == 1


def test_only_line_feeds_end_a_line(file):
    line = "a\u2028b\u2029c\x0cd\x0be\x85f\rg\x1ch"
    assert len(line.splitlines()) == 8
    assert read_lines(file(f"{line}\ntwo\n")) == [line, "two"]


def test_blank_lines_are_skipped_and_counted(file):
    notes = []
    path = file("\none\n\n   \n\t\ntwo\n\u3000\n")
    assert read_lines(path, notes) == ["one", "two"]
    assert notes == [f"5 blank lines skipped in {path}."]
    notes.clear()
    read_lines(file("one\n\ntwo\n"), notes)
    assert notes == [f"1 blank line skipped in {path}."]
    notes.clear()
    read_lines(file("one\ntwo\n"), notes)
    assert notes == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty: expected a sentence a line"),
        (b"\n \r\n\n", "has only blank lines"),
        (b"\xef\xbb\xbf", "has only blank lines"),
        ("one\ncafé".encode("latin-1"), r"line 2: byte 4 of the line, 0xe9, is not UTF-8\. Convert the file to UTF-8"),
        (b"\xef\xbb\xbfab\xff", "line 1: byte 3 of the line, 0xff, is not UTF-8"),
        ("one\ntwo\n".encode("utf-16"), r"line 1: byte 1 of the line, 0xff, is not UTF-8 \(UTF-16\?\)"),
        (b"\x1f\x8b\x08\x00", r"byte 2 of the line, 0x8b, is not UTF-8 \(compressed by gzip\?\)"),
        ("one\ntwo\n".encode("utf-16-le"), "line 1: a NUL byte. This is no text file, or it is UTF-16"),
        (b"one\ntwo\0\n", "line 2: a NUL byte"),
        ("one\n\ntwo\tzwei\n", "line 3: a tab, .*Replace tabs by spaces; .*source TAB target.*ends in .tsv"),
    ],
)
def test_a_file_that_is_no_text_of_sentences_is_refused_with_its_line(file, content, message):
    path = file(content)
    with pytest.raises(CorpusError, match=message) as caught:
        read_lines(path)
    assert str(caught.value).startswith(str(path))


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path):
    with pytest.raises(CorpusError, match=r"There is no file .*mine.txt: expected a text file with a sentence a line"):
        read_lines(tmp_path / "mine.txt")
    with pytest.raises(CorpusError, match="is a folder, but a file was expected: name a text file in it"):
        read_lines(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("alone\n", r"mine.txt: 1 sentence\. Give at least two different ones"),
        ("same\nsame\nsame\n", "mine.txt: 3 sentences, all alike"),
        ("one\rtwo\rthree\r", "1 sentence.*The line ends may be CR alone: convert them to LF"),
    ],
)
def test_a_text_with_nothing_to_learn_is_refused(file, content, message):
    with pytest.raises(CorpusError, match=message):
        load_corpus(file(content))


# Held-out text


def test_without_validation_text_a_twentieth_is_split_off_and_it_is_said(file):
    lines = [f"sentence {number}" for number in range(1000)]
    corpus = load_corpus(str(file("\n".join(lines))))
    assert len(corpus.valid) == 50
    assert sorted(corpus.train + corpus.valid) == sorted(lines)
    assert corpus.train == [line for line in lines if line not in set(corpus.valid)]  # in the file's order
    assert corpus.test == []
    assert corpus.notes == ["No validation text: 50 of 1,000 sentences split off with seed 0."]


def test_at_least_one_and_at_most_two_thousand_are_split_off(file):
    assert len(load_corpus(file("one\ntwo\n")).valid) == 1
    assert len(load_corpus(file("\n".join(map(str, range(60_000))))).valid) == 2_000


def test_the_split_follows_the_seed(file):
    path = file("\n".join(map(str, range(100))))
    assert load_corpus(path, seed=1) == load_corpus(path, seed=1)
    assert load_corpus(path, seed=1).valid != load_corpus(path, seed=2).valid


def test_held_out_text_has_the_frequencies_of_the_text(file):
    """Half of the lines are five frequent ones, and the others occur once."""
    frequent = [f"often {number}" for number in range(5)]
    lines = [line for number in range(4_000) for line in (frequent[number % 5], f"once {number}")]
    path = file("\n".join(lines))
    counts = Counter()
    for seed in range(20):
        corpus = load_corpus(path, seed=seed)
        assert len(corpus.valid) == 400
        assert Counter(corpus.train) + Counter(corpus.valid) == Counter(lines)  # nothing is in neither part
        counts.update(line.split()[0] for line in corpus.valid)
        counts.update(line for line in corpus.valid if line in frequent)
    # Hypergeometric, of 20 independent draws: 4,000 of 8,000 lines with a deviation of 44, and 800 each with one of 26.
    assert abs(counts["often"] - 4_000) < 4 * 44
    assert all(abs(counts[line] - 800) < 4 * 26 for line in frequent)


def test_the_first_held_out_lines_are_a_draw_too(file):
    """They are where fewer than all are judged by: not the first lines of the text, which may be sorted."""
    path = file("\n".join(map(str, range(10_000))))
    firsts = [int(load_corpus(path, seed=seed).valid[0]) for seed in range(50)]
    assert sum(first < 5_000 for first in firsts) in range(12, 39)  # binomial of 25 with a deviation of 3.5


def test_held_out_copies_of_training_sentences_are_counted(file):
    corpus = load_corpus(file("\n".join(str(number % 100) for number in range(300))))
    assert (len(corpus.train), len(corpus.valid)) == (285, 15)
    assert all(corpus.train.count(line) + corpus.valid.count(line) == 3 for line in map(str, range(100)))
    copies = sum(line in corpus.train for line in corpus.valid)
    assert corpus.notes == [
        "No validation text: 15 of 300 sentences split off with seed 0.",
        f"{copies} of 15 validation sentences also in the training text.",
    ]


def test_the_rule_of_before_leaves_no_copy_of_a_held_out_sentence(file):
    corpus = load_corpus(file("\n".join(str(number % 100) for number in range(300))), split="distinct")
    assert len(corpus.valid) == 5  # of 100 distinct ones
    assert not set(corpus.train) & set(corpus.valid)
    assert len(corpus.train) == 285  # the others keep their copies: they are data
    assert corpus.notes == [
        "No validation text: 5 of 300 sentences split off with seed 0, and 10 copies of them left out."
    ]


def test_a_validation_file_takes_the_place_of_a_split(file):
    train, valid = file("one\none\ntwo\n"), file("three\nfour\n", "held.txt")
    corpus = load_corpus(train, valid)
    assert (corpus.train, corpus.valid, corpus.notes) == (["one", "one", "two"], ["three", "four"], [])


def test_held_out_sentences_of_the_training_text_are_counted_and_kept(file):
    folder = file("one\ntwo\nthree\n", "own/train.txt").parent
    file("two\ntwo\nsix\n", "own/valid.txt")
    file("one\n", "own/test.txt")
    corpus = load_corpus(folder)
    assert corpus.train == ["one", "two", "three"]
    assert corpus.notes == [
        "2 of 3 validation sentences also in the training text.",
        "1 of 1 test sentence also in the training text.",
    ]


def test_fingerprints_are_equal_for_equal_text_only(file):
    first, second = load_corpus(file("a\nb\nc\n")), load_corpus(file("a\nb\nc\n", "other.txt"))
    assert first.fingerprint() == second.fingerprint()
    moved = first._replace(train=[*first.train, *first.valid], valid=[])
    assert moved.fingerprint() != first.fingerprint()


# Folders


@pytest.mark.parametrize("valid", ["valid.txt", "validation.txt", "dev.txt", "dev.lst"])
def test_a_folder_is_read_by_the_names_of_its_files(file, valid):
    folder = file("one\ntwo\n", "own/train.txt").parent
    file("three\n", f"own/{valid}")
    file("four\n", "own/test.txt")
    file("not\nread\n", "own/raw_train.txt")
    file("not\nread\n", "own/README.md")
    corpus = load_corpus(folder)
    assert (corpus.train, corpus.valid, corpus.test) == (["one", "two"], ["three"], ["four"])
    assert corpus.name == "own"


def test_a_folder_without_held_out_text_has_some_split_off(file):
    corpus = load_corpus(file("one\ntwo\n", "own/train.txt").parent)
    assert len(corpus.valid) == 1
    assert corpus.notes == ["No validation text: 1 of 2 sentences split off with seed 0."]


def test_a_validation_file_takes_the_place_of_the_folders_own(file):
    folder = file("one\ntwo\n", "own/train.txt").parent
    file("three\n", "own/valid.txt")
    assert load_corpus(folder, file("four\n", "held.txt")).valid == ["four"]


def test_several_files_for_a_split_are_listed(file):
    folder = file("one\ntwo\n", "own/train.txt").parent
    file("three\n", "own/valid.txt")
    file("four\n", "own/dev.txt")
    with pytest.raises(CorpusError, match=r"has dev.txt and valid.txt: expected one file, or one folder of"):
        load_corpus(folder)


def test_a_folder_without_training_text_says_what_it_has(file):
    folder = file("one\n", "own/text.txt").parent
    with pytest.raises(CorpusError, match=r"has no train\.\*: expected train.txt.*it has text.txt"):
        load_corpus(folder)
    (folder / "text.txt").unlink()
    with pytest.raises(CorpusError, match=r"it has no files"):
        load_corpus(folder)


# Names


@pytest.mark.slow(reason="draws the whole corpus")
def test_the_embedded_corpus_is_the_same_for_everybody():
    corpus = load_corpus("captions")
    assert (len(corpus.train), len(corpus.valid), len(corpus.test)) == (10_000, 1_000, 1_000)
    assert load_corpus("captions", seed=7) == corpus
    assert corpus.notes == []
    assert corpus.name == "captions"
    assert load_grammar("captions").parses(corpus.train[0].split())


def test_a_path_that_exists_wins_over_an_embedded_name(file, monkeypatch):
    monkeypatch.chdir(file(name="captions").parent)
    corpus = load_corpus("captions")
    assert sorted(corpus.train + corpus.valid) == ["one a", "three c", "two b"]
    assert corpus.notes[0] == "captions exists here and is read; the embedded corpus of this name is not."
    assert corpus.name == "own-captions"


def test_no_other_text_is_called_as_the_embedded_corpus_is(file):
    assert load_corpus(file(name="captions.txt")).name == "own-captions"


@pytest.mark.parametrize("source", ["caption", "data/mine.txt", "", "x" * 300, "nul\0"])
def test_a_source_that_does_not_exist_is_neither_file_nor_name(source):
    with pytest.raises(CorpusError, match=r"There is no file or folder .*or one of: answers, captions, numbers"):
        load_corpus(source)


def test_a_misspelt_embedded_name_names_the_nearest():
    with pytest.raises(CorpusError, match="Did you mean 'captions'"):
        load_corpus("captoins")


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("captions", "captions"),
        ("texts/mine.txt", "mine"),
        ("texts/coco/", "coco"),
        ("hf:user/stories#text", "stories"),
        ("hf:csv:lines.csv#line", "csv-lines"),
        ("my text?.txt", "my-text"),
        ("诗.txt", "诗"),
    ],
)
def test_a_corpus_is_named_after_its_file(source, name):
    assert corpus_name(source) == name


# Data sets


@pytest.fixture
def datasets(monkeypatch, tmp_path):
    """The library, with a cache of its own and never a network."""
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    return datasets


def json_lines(*rows: dict) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def sentences_of(source: str) -> list[str]:
    corpus = load_corpus(source)
    return sorted(corpus.train + corpus.valid)


def test_files_of_each_format_are_read(file, datasets, tmp_path):
    expected = ["one a", "three, c", "two b"]
    contents = {
        "text": "one a\nthree, c\ntwo b\n",
        "csv": 'number,text\n1,one a\n2,"three, c"\n3,two b\n',
        "json": json_lines(*({"text": line} for line in expected)),
    }
    for kind, content in contents.items():
        assert sentences_of(f"hf:{kind}:{file(content)}") == expected
    with quiet():
        datasets.Dataset.from_dict({"text": expected}).to_parquet(tmp_path / "mine.parquet")
    assert sentences_of(f"hf:parquet:{tmp_path / 'mine.parquet'}") == expected


def test_the_column_is_the_one_asked_for_or_text_or_the_only_one(file, datasets):
    path = file(json_lines({"text": "a", "title": "A"}, {"text": "b", "title": "B"}))
    assert sentences_of(f"hf:json:{path}") == ["a", "b"]
    assert sentences_of(f"hf:json:{path}#title") == ["A", "B"]
    path = file(json_lines({"line": "c", "number": 1}, {"line": "d", "number": 2}))
    assert sentences_of(f"hf:json:{path}") == ["c", "d"]


def test_line_breaks_and_blank_rows_of_a_column_are_mended_and_said(file, datasets):
    path = file(json_lines({"text": "a\nb"}, {"text": "c\t\r\nd"}, {"text": " "}, {"text": None}, {"text": "e\n"}))
    corpus = load_corpus(f"hf:json:{path}")
    assert sorted(corpus.train + corpus.valid) == ["a b", "c d", "e "]
    assert corpus.notes[:2] == [
        f"2 blank sentences skipped in hf:json:{path}, split train.",
        f"2 sentences with line breaks or tabs in hf:json:{path}, split train: made spaces.",
    ]


def test_splits_of_a_data_set_are_found_by_name(datasets, monkeypatch):
    def load_dataset(name):
        assert name == "user/stories"
        splits = {"train": ["a", "b"], "validation": ["c"], "test": ["d"], "other": ["e"]}
        return {split: datasets.Dataset.from_dict({"text": lines}) for split, lines in splits.items()}

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    corpus = load_corpus("hf:user/stories")
    assert corpus[:5] == ("stories", ["a", "b"], ["c"], ["d"], [])


@pytest.mark.parametrize(
    ("rows", "column", "message"),
    [
        (
            [{"a": "x", "b": "y"}],
            "",
            r"split train: .*The columns are: a \(text\), b \(text\). Choose one with #COLUMN",
        ),
        (
            [{"a": "x", "title": "y"}],
            "#titel",
            r"'titel'. Did you mean 'title'\? The columns are: a \(text\), title \(text\)",
        ),
        ([{"n": 1}], "", r"The columns are: n \(numbers\)"),
        ([{"n": [1.5, None], "a": "x"}], "#n.0.b", r"'n' holds list of numbers and has no 'b'"),
        ([{"a": " "}, {"a": ""}], "", "column 'a' holds no text"),
    ],
)
def test_a_column_that_cannot_be_read_is_refused(file, datasets, rows, column, message):
    with pytest.raises(CorpusError, match=message):
        load_corpus(f"hf:json:{file(json_lines(*rows))}{column}")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("hf:", "hf: names no data: expected hf:NAME, or a file as in hf:csv:FILE"),
        ("hf:#text", "names no data"),
        ("hf:csv:", "names no data"),
        ("hf:jsn:mine.json", "no file format is called 'jsn'. Did you mean 'json'. Known: csv, json, parquet, text"),
        ("hf:csv:nowhere.csv", "there is no file nowhere.csv. Give the path of a csv file"),
    ],
)
def test_a_data_set_that_is_not_there_is_refused(source, message):
    with pytest.raises(CorpusError, match=message):
        load_corpus(source)


def test_a_broken_file_is_refused_with_the_cause_and_nothing_is_printed(file, datasets, capfd, caplog):
    path = file('{"text": "a"}\n{"text\n')
    with pytest.raises(CorpusError, match=f"{path}, line 2: no JSON at character 2 .*check the json file"):
        load_corpus(f"hf:json:{path}")
    assert capfd.readouterr() == ("", "")
    assert not caplog.messages


def test_an_unreachable_hub_is_one_line(datasets):
    with pytest.raises(
        CorpusError, match=r"hf:nobody/nothing cannot be loaded: .*Check the name and the network"
    ) as caught:
        load_corpus("hf:nobody/nothing")
    assert "\n" not in str(caught.value)


def test_a_data_set_without_training_text_says_what_it_has(datasets, monkeypatch):
    monkeypatch.setattr(datasets, "load_dataset", lambda name: {"test": datasets.Dataset.from_dict({"text": ["a"]})})
    with pytest.raises(CorpusError, match="has no split called train, only test"):
        load_corpus("hf:user/stories")


def test_the_library_is_quiet_while_it_reads_and_as_before_afterwards(datasets):
    level = logging.getLogger("datasets").level
    assert not datasets.are_progress_bars_disabled()
    with quiet():
        assert datasets.are_progress_bars_disabled()
        assert not logging.getLogger("datasets").isEnabledFor(logging.CRITICAL)
    assert not datasets.are_progress_bars_disabled()
    assert logging.getLogger("datasets").level == level


# From text to ids and back


@pytest.mark.parametrize("name", REAL_CORPORA)
@pytest.mark.parametrize("kind", ["fitting", "sentencepiece"])
def test_real_text_becomes_ids_and_comes_back(name, kind):
    fitting, *sizes = REAL_CORPORA[name]
    corpus = load_corpus(real_corpus(name))
    assert [len(corpus.train), len(corpus.valid), len(corpus.test)] == sizes
    lines = corpus.train[:3000]
    tokenizer = make_tokenizer(fitting if kind == "fitting" else kind, lines, vocabulary_size=600)
    tokens = [tokenizer.tokenize(line) for line in lines]
    pieces = getattr(tokenizer, "pieces", None)
    vocabulary = build_vocabulary(tokens) if pieces is None else Vocabulary(pieces())
    sequences, too_long = encode_sentences(tokens, vocabulary, automatic_max_length(tokens))
    assert too_long == 0
    back = [tokenizer.detokenize(vocabulary.decode(ids)) for ids in sequences.tokens.tolist()]
    assert back == lines


def test_carriage_returns_that_end_no_line_are_said(tmp_path):
    path = tmp_path / "c.txt"
    path.write_bytes(b"a b\rc d\re f\na c\r\nb d\n\nb c\n")
    notes = load_corpus(path).notes
    assert f"1 line in {path} with a carriage return inside: only a line feed ends a line" in "".join(notes)
    pairs = tmp_path / "p.tsv"
    pairs.write_bytes(b"a\tb\rc\nb\tc\nc\td\n")
    assert "with a carriage return inside" in "".join(load_corpus(pairs).notes)
    path.write_bytes(b"a b\r\nc d\r\n")
    assert not [note for note in load_corpus(path).notes if "return" in note]
