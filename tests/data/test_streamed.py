"""Texts on the disk against the same texts in memory; what is cached, and when it is made anew."""

import multiprocessing
import os
import random
import signal
import sys
import threading
import time
from pathlib import Path

import pytest
import torch
from support.tiny_models import write_tokenizer

from seqgan.data import blocks as blocks_module
from seqgan.data import cache as cache_module
from seqgan.data import scan as scan_module
from seqgan.data import store as store_module
from seqgan.data import streamed as module
from seqgan.data.batches import Sequences, draw_batch, epoch_batches, take
from seqgan.data.corpus import load_corpus
from seqgan.data.held_out import ByChecksum
from seqgan.data.lines import read_lines
from seqgan.data.model_tokenizer import read_model_tokenizer
from seqgan.data.parts import Part, read_part, sample_lines, sentences_of, split_files
from seqgan.data.scan import held_out_share, merge_counts
from seqgan.data.streamed import Files, sample_corpus, stream_text, streamed_files
from seqgan.data.text import encode_corpus
from seqgan.data.tokenizers import make_tokenizer
from seqgan.data.vocabulary import Vocabulary
from seqgan.errors import CorpusError

WORDS = ["a", "dog", "cat", "runs", "sleeps", "here", "and", "there", "é", "."]


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SEQGAN_CACHE", str(tmp_path / "cache"))


def lines_of(count, seed=0):
    rng = random.Random(seed)
    return [" ".join(rng.choices(WORDS, range(len(WORDS), 0, -1), k=rng.randint(1, 12))) for _ in range(count)]


@pytest.fixture
def folder(tmp_path):
    """A text in three shards, with held-out sentences, some of which are training sentences too."""
    path = tmp_path / "text"
    (path / "train").mkdir(parents=True)
    lines = lines_of(500)
    for number, shard in enumerate((lines[:200], lines[200:201], [*lines[201:], "", " "])):
        (path / "train" / f"{number}.txt").write_text("\n".join(shard) + "\n")
    (path / "valid.txt").write_text("\n".join([*lines_of(20, seed=1), "zebra ."]) + "\n")
    return path


def streamed(folder, **options):
    files = streamed_files(str(folder), "always")
    return stream_text(str(folder), files, **{"workers": 1, "part_bytes": 2500, **options})


def made_files(tmp_path, kind):
    return sorted(path.name for path in (tmp_path / "cache").rglob(f"{kind}-*.arrow"))


# Reading in parts


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize("last", ["", "\n"])
def test_each_line_is_in_one_part_whatever_their_size(tmp_path, ends, last):
    path = tmp_path / "text.txt"
    path.write_bytes(b"\xef\xbb\xbf" + (ends.join(["one", "zwölf", "", "a b c", "x" * 40, "end"]) + last).encode())
    expected = read_lines(path)
    for size in range(1, 90):
        parts = split_files([path], size)
        assert [line for part in parts for _, lines in read_part(part) for line in sentences_of(lines)] == expected
        assert b"".join(content for part in parts for content, _ in read_part(part)) == path.read_bytes()


@pytest.mark.parametrize("read_bytes", [1, 7, 64])
def test_blocks_end_with_lines(tmp_path, monkeypatch, read_bytes):
    monkeypatch.setattr(blocks_module, "READ_BYTES", read_bytes)
    path = tmp_path / "text.txt"
    path.write_text("\n".join(lines_of(50)) + "\n")
    for part in split_files([path], 100):
        for content, lines in read_part(part):
            assert content.endswith(b"\n")
            assert content.decode().splitlines() == lines


def test_what_is_wrong_is_said_with_its_line(tmp_path, monkeypatch):
    path = tmp_path / "text.txt"
    for wrong, message in (
        (b"caf\xe9 au lait", r"line 31: byte 4 of the line, 0xe9, is not UTF-8"),
        (b"a\tb", "line 31: a tab"),
        (b"a\0b", "line 31: a NUL byte"),
    ):
        path.write_bytes(b"a sentence\n" * 30 + wrong + b"\n" + b"a sentence\n" * 30)
        with pytest.raises(CorpusError, match=message):
            [list(read_part(part)) for part in split_files([path], 100)]
    path.write_bytes("a sentence\n".encode("utf-16") * 30)
    with pytest.raises(CorpusError, match="UTF-16"):
        [list(read_part(part)) for part in split_files([path], 100)]
    monkeypatch.setattr(blocks_module, "LONGEST_LINE", 50)
    path.write_bytes(b"x" * 500)
    with pytest.raises(CorpusError, match=r"line 1: more than 50 bytes"):
        [list(read_part(part)) for part in split_files([path], 100)]
    path.write_bytes(b"")
    with pytest.raises(CorpusError, match="empty"):
        split_files([path])
    with pytest.raises(CorpusError, match="cannot be read"):
        list(read_part(Part(str(tmp_path / "none"), 0, 5)))
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(CorpusError, match="pipe is a pipe, a device or a folder"):
        split_files([tmp_path / "pipe"])


def test_a_sample_is_from_all_over_and_in_order(folder):
    parts = split_files(streamed_files(str(folder), "always").train, 1000)
    size = sum(part.stop - part.start for part in parts)
    everything = [line for part in parts for _, lines in read_part(part) for line in sentences_of(lines)]
    assert sample_lines(parts, size, seed=0) == everything
    some = sample_lines(parts, size // 5, seed=0)
    assert 60 < len(some) < 140
    assert some == sample_lines(parts, size // 5, seed=0) != sample_lines(parts, size // 5, seed=1)
    left = iter(everything)
    assert all(line in left for line in some)  # in order: each is found behind the one before


# As in memory


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"min_count": 30},
        {"max_vocabulary": 6},
        {"max_length": 5},
        {"max_length": 5, "too_long": "drop"},
        {"tokenizer": "characters", "max_length": 20},
        {"tokenizer": "sentencepiece"},
    ],
)
def test_a_streamed_text_is_that_in_memory(folder, options):
    corpus = load_corpus(folder)
    name = options.get("tokenizer", "words")
    # With all sentences in the sample, the same subwords are learnt.
    tokenizer = make_tokenizer(name, corpus.train, vocabulary_size=30)
    others = {key: value for key, value in options.items() if key != "tokenizer"}
    expected = encode_corpus(corpus, tokenizer, **others)
    text = streamed(folder, pieces=30, **options)
    assert text.vocabulary == expected.vocabulary
    assert text.max_length == expected.max_length
    assert text.corpus._replace(notes=[], content="") == expected.corpus._replace(notes=[])
    for one, other in zip(text.valid[:2], expected.valid[:2], strict=True):
        assert torch.equal(one, other)
    assert text.train.sentences == expected.train.sentences
    whole = take(text.train, torch.arange(text.train.sentences))
    for one, other in zip(whole[:2], expected.train[:2], strict=True):
        assert torch.equal(one, other)
    # Files are named where they are read, and the text where it is.
    assert {note for note in expected.notes if "blank" not in note} <= set(text.notes)
    assert any("2 blank lines skipped" in note for note in text.notes)


@pytest.mark.parametrize("kind", ["bytes", "words"])
def test_a_pretrained_models_tokenizer_reads_a_streamed_text_in_all_processes(folder, tmp_path, kind):
    pytest.importorskip("tokenizers")
    write_tokenizer(tmp_path / "model", kind)
    # What looks like a special symbol is text, in a process that the tokenizer was handed to as well.
    odd = ["<end> [SEP] A dog"] * 3
    (folder / "train" / "1.txt").write_text("\n".join(odd) + "\n")
    corpus = load_corpus(folder)
    tokenizer = read_model_tokenizer(tmp_path / "model")
    expected = encode_corpus(corpus, tokenizer)
    text = streamed(folder, tokenizer=tokenizer, workers=2)
    assert len(made_files(tmp_path, "ids")) > 1
    assert text.vocabulary == expected.vocabulary
    assert text.max_length == expected.max_length
    whole = take(text.train, torch.arange(text.train.sentences))
    for one, other in zip(whole[:2], expected.train[:2], strict=True):
        assert torch.equal(one, other)
    assert {note for note in expected.notes if "blank" not in note} <= set(text.notes)


def test_batches_and_draws_are_those_in_memory(folder):
    text, expected = streamed(folder), encode_corpus(load_corpus(folder))
    for epoch in (1, 2):
        ours, theirs = (epoch_batches(each.train, 7, seed=3, epoch=epoch) for each in (text, expected))
        assert len(ours) == len(theirs)
        for rows, same in zip(ours, theirs, strict=True):
            assert torch.equal(rows, same)
            for one, other in zip(take(text.train, rows)[:2], take(expected.train, same)[:2], strict=True):
                assert torch.equal(one, other)
    for size in (5, 600):
        drawn, same = (draw_batch(each.train, size, torch.Generator().manual_seed(4)) for each in (text, expected))
        assert torch.equal(drawn.tokens, same.tokens)
        assert torch.equal(drawn.mask, same.mask)


def test_processes_make_what_one_makes(folder, monkeypatch, tmp_path):
    one = streamed(folder)
    monkeypatch.setenv("SEQGAN_CACHE", str(tmp_path / "other"))
    two = streamed(folder, workers=2)
    assert [path.name for path in sorted((tmp_path / "other").rglob("*-*.arrow"))] == made_files(tmp_path, "*")
    assert two.vocabulary == one.vocabulary
    assert two.corpus._replace(notes=[]) == one.corpus._replace(notes=[])
    rows = torch.arange(one.train.sentences)
    assert torch.equal(take(two.train, rows).tokens, take(one.train, rows).tokens)


def test_errors_of_other_processes_are_one_line(folder):
    with open(folder / "train" / "2.txt", "ab") as file:
        file.write(b"a\tb\n")
    with pytest.raises(CorpusError, match=r"2\.txt, line 302: a tab"):
        streamed(folder, workers=2)


def test_large_vocabularies_take_four_bytes(folder, monkeypatch):
    monkeypatch.setattr(store_module, "SHORT_IDS", 5)
    text, expected = streamed(folder), encode_corpus(load_corpus(folder))
    rows = torch.arange(text.train.sentences)
    assert torch.equal(take(text.train, rows).tokens, expected.train.tokens)


def test_rows_of_one_width_where_all_columns_count(folder):
    text = streamed(folder)
    filled = text.train.filled(20)
    batch = take(filled, torch.tensor([3, 1]))
    assert batch.tokens.shape == (2, 20)
    assert batch.mask.all()
    short = take(text.train, torch.tensor([3, 1]))
    assert torch.equal(batch.tokens[:, : short.tokens.shape[1]], short.tokens)
    assert (batch.tokens[:, short.tokens.shape[1] :] == text.vocabulary.end).all()


def test_some_of_a_text_are_spread_over_it(folder):
    text = streamed(folder)
    some = text.train.some(5)
    assert isinstance(some, Sequences)
    assert torch.equal(some.tokens, take(text.train, torch.tensor([0, 100, 200, 300, 400])).tokens)
    assert text.train.some(10_000).sentences == 500


# What is held out


def repeated_lines(path):
    lines = lines_of(300)
    lines = [*lines, *lines[::3], "", *lines[::7], " "]
    path.write_text("\r\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize(("seed", "part_bytes"), [(0, 700), (1, 3000), (9, 10**6), (0, 10**6)])
def test_the_lines_held_out_are_those_that_memory_holds_out(tmp_path, seed, part_bytes):
    path = repeated_lines(tmp_path / "text.txt")
    expected = load_corpus(path, seed=seed)
    text = streamed(path, seed=seed, part_bytes=part_bytes)
    assert text.corpus.valid == expected.valid
    assert text.corpus.train == expected.train
    assert len(expected.valid) == 22  # of 443
    rows = torch.arange(text.train.sentences)
    assert torch.equal(take(text.train, rows).tokens, encode_corpus(expected).train.tokens)
    said = [note for note in expected.notes if "blank" not in note]
    assert "split off with seed" in said[0]
    assert "also in the training text" in said[1]
    assert set(said) <= set(text.notes)


def test_a_run_knows_its_text_whichever_way_it_is_read(folder, tmp_path, monkeypatch):
    (folder / "test.txt").write_text("a dog .\n\na cat .\n")
    for place in (folder, repeated_lines(tmp_path / "text.txt")):
        known = load_corpus(place).fingerprint()
        assert streamed(place).corpus.fingerprint() == known
        assert streamed(place, fingerprint=known, part_bytes=300).corpus.fingerprint() == known
    # Also where of the held-out files a sample is used.
    known = load_corpus(folder).fingerprint()
    monkeypatch.setattr(module, "SAMPLE_BYTES", 100)
    assert len(streamed(folder, fingerprint=known).corpus.valid) < 21


def test_a_run_made_before_knows_its_text(tmp_path):
    """Fingerprints of the version before, of the same files, with its rule and the parts of these tests."""
    path = tmp_path / "text.txt"
    path.write_text("".join(f"{number} sheep\n" for number in range(200)))
    assert streamed(path, split="distinct", part_bytes=1000).corpus.fingerprint() == "8b38819f5fec1e57"
    valid = tmp_path / "valid.txt"
    valid.write_text("3 sheep\nno sheep\n")
    text = streamed(path, valid=str(valid), split="distinct", part_bytes=1000)
    assert text.corpus.fingerprint() == "433c1baf3412ebdf"


def test_the_rule_of_before_has_copies_of_a_sentence_on_one_side(tmp_path):
    path = tmp_path / "text.txt"
    lines = lines_of(300)
    path.write_text("\n".join([*lines, *lines[::3], *lines[::7]]) + "\n")
    text = streamed(path, split="distinct")
    train, held_out = text.corpus.train, text.corpus.valid
    assert held_out
    assert not set(train) & set(held_out)
    assert set(train) | set(held_out) == set(lines)
    assert len(held_out) == len(set(held_out))
    assert 3 <= len(held_out) <= 40  # 5 % of some 430
    assert len(train) == sum(line not in set(held_out) for line in read_lines(path))
    assert any("split off with seed 0" in note for note in text.notes)
    assert streamed(path, seed=1, split="distinct").corpus.valid != held_out
    for size in (300, 5000):  # the choice knows nothing of parts
        assert streamed(path, part_bytes=size, split="distinct").corpus.valid == held_out


def test_a_share_is_guessed_from_a_few_lines(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("a line of 20 letters\n" * 5000)
    parts = split_files([path], 7000)
    assert held_out_share(parts, 50, 0.05) == pytest.approx(50 / 5000, rel=0.02)
    assert held_out_share(parts, 5000, 0.05) == 0.05


def test_a_share_of_sentences_is_held_out():
    lines = [f"{number} sheep" for number in range(20_000)]
    train, held = ByChecksum(0.02, 5).split(lines)
    # Binomial: a mean of 400 and a deviation of 20.
    assert 320 < len(held) < 480
    assert len(train) + len(held) == 20_000


@pytest.mark.parametrize("content", ["one\n", "one\n\n", "same\nsame\nsame\n", "one\rtwo\r"])
def test_too_little_is_refused_as_in_memory(tmp_path, content):
    path = tmp_path / "text.txt"
    path.write_bytes(content.encode())
    with pytest.raises(CorpusError) as in_memory:
        load_corpus(path)
    with pytest.raises(CorpusError) as refused:
        streamed(path)
    assert str(refused.value) == str(in_memory.value)
    path.write_text("one a\ntwo b\n")
    # Of two lines one is held out.
    assert streamed(path).corpus.valid == load_corpus(path).valid


def test_leaks_are_counted(folder):
    lines = (folder / "train" / "0.txt").read_text().split("\n")[:2]
    (folder / "test.txt").write_text("\n".join([*lines, "an unseen one"]) + "\n")
    assert "2 of 3 test sentences also in the training text." in streamed(folder).notes
    assert any("test sentences also" in note for note in load_corpus(folder).notes)


# Counts


def test_counts_are_added_exactly():
    parts = [(["a", "b"], [3, 1]), (["b", "c"], [2, 5]), ([], [])]
    assert merge_counts(parts) == {"a": 3, "b": 3, "c": 5}


def test_too_many_types_are_refused_or_forgotten():
    parts = [([f"w{number}" for number in range(start, start + 50)] + ["often"], [1] * 50 + [9]) for start in (0, 50)]
    with pytest.raises(CorpusError, match=r"more than 60 distinct tokens.*data\.max_vocabulary"):
        merge_counts(parts, 60)
    assert merge_counts(parts, 60, prune=True) == {"often": 18}
    assert merge_counts(parts, 101, prune=True)["w99"] == 1


# The cache


def forbid(monkeypatch, *names):
    def refuse(*arguments, **given):
        raise AssertionError("made again")

    for name in names:
        monkeypatch.setattr(scan_module if name == "_scan_part" else store_module, name, refuse)


def test_what_was_made_is_used(folder, monkeypatch):
    first = streamed(folder)
    forbid(monkeypatch, "_scan_part", "_encode_part")
    second = streamed(folder)
    assert second.corpus.fingerprint() == first.corpus.fingerprint()
    rows = torch.arange(first.train.sentences)
    assert torch.equal(take(second.train, rows).tokens, take(first.train, rows).tokens)
    # As later commands ask: with the vocabulary and the length that were found.
    again = streamed(folder, tokenizer=first.tokenizer, vocabulary=first.vocabulary, max_length=first.max_length)
    assert torch.equal(take(again.train, rows).tokens, take(first.train, rows).tokens)
    assert take(streamed(folder, max_length=4).train, rows).tokens.shape[1] == 4


def test_what_drops_alike_is_used(folder, monkeypatch):
    first = streamed(folder, too_long="drop")
    forbid(monkeypatch, "_scan_part", "_encode_part")
    assert streamed(folder, too_long="drop", max_length=first.max_length).train.sentences == 500


def test_a_touched_text_is_read_but_not_encoded_again(folder, tmp_path, monkeypatch):
    streamed(folder)
    scans, encoded = made_files(tmp_path, "scan"), made_files(tmp_path, "ids")
    os.utime(folder / "train" / "0.txt", ns=(1, 1))
    forbid(monkeypatch, "_encode_part")
    streamed(folder)
    assert made_files(tmp_path, "scan") != scans
    assert len(made_files(tmp_path, "scan")) == len(scans)  # what belonged to the older state is gone
    assert made_files(tmp_path, "ids") == encoded


def test_a_changed_text_is_encoded_anew(folder, tmp_path):
    first = streamed(folder)
    encoded = made_files(tmp_path, "ids")
    path = folder / "train" / "1.txt"
    content = path.read_text()
    stat = path.stat()
    path.write_text(content.replace(content[0], "é", 1)[: len(content)])
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))  # the times of a file can be set back
    second = streamed(folder)
    assert second.corpus.fingerprint() != first.corpus.fingerprint()
    assert made_files(tmp_path, "ids") != encoded
    assert len(made_files(tmp_path, "ids")) == len(encoded)
    # A file that is open stays readable: the first text is still whole.
    assert take(first.train, torch.arange(500)).tokens.shape[0] == 500
    (folder / "train" / "3.txt").write_text("a new shard .\n")
    assert streamed(folder).train.sentences == 501


def test_a_run_refuses_another_text(folder):
    fingerprint = streamed(folder).corpus.fingerprint()
    assert streamed(folder, fingerprint=fingerprint).train.sentences == 500
    with open(folder / "train" / "2.txt", "a") as file:
        file.write("one more .\n")
    with pytest.raises(CorpusError, match="is not the text that the run was trained on"):
        streamed(folder, fingerprint=fingerprint)


def test_what_a_killed_process_left_is_taken_away(folder, tmp_path):
    place = cache_module.cache_folder(None, "text", str(folder))
    place.mkdir(parents=True)
    (place / "ids-of-it.00.arrow.writing").write_bytes(b"half of it")
    assert streamed(folder).train.sentences == 500
    assert not list(place.glob("*.writing"))


def test_a_refused_text_leaves_nothing_in_the_cache(tmp_path):
    """Neither the parts that were finished before the wrong one was met, nor what cannot be used, nor the folder."""
    path, valid, cache = tmp_path / "one.txt", tmp_path / "valid.txt", tmp_path / "cache"
    valid.write_text("a dog .\n")

    def made_of(text, **options):
        path.write_text(text)
        with pytest.raises(CorpusError):
            stream_text(
                str(path), Files([path], [], []), valid=str(valid), part_bytes=1000, **{"workers": 1, **options}
            )
        return sorted({file.name[:4] for file in cache.glob("*/*") if file.name != "lock"}), list(cache.iterdir())

    good = "a cat sleeps here .\n" * 100
    assert made_of(good + "a\ttab\n", workers=2) == ([], [])  # the first process had finished its part
    assert made_of("one\n") == ([], [])
    # Another length finds the counts of the same text. Written anew, it is read anew, and that reading is refused.
    assert made_of(good, max_length=2, too_long="drop")[0] == ["scan", "text"]
    assert made_of(good, fingerprint="of another")[0] == ["scan"]


@pytest.mark.parametrize("split", ["lines", "distinct"])
@pytest.mark.parametrize("own", [True, False])
def test_of_a_text_that_is_not_the_runs_nothing_is_kept(tmp_path, split, own):
    """The settings of a run name a file that somebody else wrote: its sentences are not copied to anywhere."""
    path, valid = tmp_path / "private.txt", tmp_path / "valid.txt"
    path.write_text("".join(f"nobody's business {number} .\n" for number in range(100)))
    valid.write_text("a dog .\n")
    with pytest.raises(CorpusError, match="is not the text that the run was trained on"):
        stream_text(
            str(path), Files([path], [], []), str(valid) if own else None, split=split, fingerprint="another", workers=1
        )
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_cache_that_cannot_be_made(folder, tmp_path, monkeypatch):
    from seqgan.errors import RunError

    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SEQGAN_CACHE", str(tmp_path / "file"))
    mend = r"Choose another folder with --data\.cache or SEQGAN_CACHE"
    with pytest.raises(RunError, match=f"could not be written: .*{mend}"):
        streamed(folder)


# Which texts


def test_large_plain_texts_are_streamed(folder, tmp_path, monkeypatch):
    path = tmp_path / "one.txt"
    path.write_text("a b\nb c\n")
    assert streamed_files(str(path)) is None
    assert streamed_files(str(path), "always").train == [path]
    assert streamed_files("captions") is None
    monkeypatch.setattr(module, "STREAMED_BYTES", 8)
    assert streamed_files(str(path)).train == [path]
    assert streamed_files(str(path), "never") is None
    assert streamed_files(str(path), paired=True) is None
    assert streamed_files(str(path), tokenizer="ids") is None
    assert [file.name for file in streamed_files(str(folder)).train] == ["0.txt", "1.txt", "2.txt"]
    (tmp_path / "pairs.tsv").write_text("a\tb\n")
    assert streamed_files(str(tmp_path / "pairs.tsv")) is None


def test_what_cannot_be_streamed_is_refused(tmp_path):
    (tmp_path / "pairs.tsv").write_text("a\tb\n")
    (tmp_path / "ids.txt").write_text("1 2\n")
    assert streamed_files("hf:x/y", "always") is None  # whose sentences are laid out as files
    for corpus, tokenizer in (("captions", "words"), (str(tmp_path / "pairs.tsv"), "words")):
        with pytest.raises(CorpusError, match=r"no plain text in files.*leave data\.streaming out"):
            streamed_files(corpus, "always", tokenizer=tokenizer)
    with pytest.raises(CorpusError, match="of ids"):
        streamed_files(str(tmp_path / "ids.txt"), "always", tokenizer="ids")


def test_a_folder_of_shards_is_read_into_memory_too(folder):
    corpus = load_corpus(folder)
    assert corpus.train == lines_of(500)
    assert len(corpus.valid) == 21
    assert "2 blank lines skipped" in corpus.notes[0]


def test_a_sample_stands_for_a_text_that_is_looked_at(folder, monkeypatch):
    corpus = sample_corpus(str(folder), streamed_files(str(folder), "always"), sample_bytes=5000)
    assert 50 < len(corpus.train) < 250
    assert len(corpus.valid) == 21
    assert "a sample of" in corpus.notes[-1]
    monkeypatch.setattr(module, "SAMPLE_BYTES", 100)
    text = streamed(folder)
    assert len(text.valid.tokens) < 21
    assert any("of validation text a sample is used" in note for note in text.notes)


def test_what_is_compared_with_training_sentences_is_a_sample(folder, monkeypatch):
    monkeypatch.setattr(scan_module, "SAMPLE_BYTES", 3000)
    text = streamed(folder)
    assert 30 < len(text.corpus.train) < 200
    assert text.train.sentences == 500
    assert any(f"a sample of {len(text.corpus.train)} of them" in note for note in text.notes)


def test_other_processes_are_ended_by_the_first(folder, monkeypatch):
    """A training has handlers for all signals, which they would inherit: a pool could not end them."""

    def telling(part, number, **given):
        import signal

        raise CorpusError(f"{signal.getsignal(signal.SIGTERM)!r} {signal.getsignal(signal.SIGINT)!r}")

    monkeypatch.setattr(scan_module, "_scan_part", telling)
    before = signal.signal(signal.SIGTERM, lambda *arguments: None)
    try:
        with pytest.raises(CorpusError, match=r"SIG_DFL.*SIG_IGN"):
            streamed(folder, workers=2)
    finally:
        signal.signal(signal.SIGTERM, before)


FORKS = pytest.mark.skipif(sys.platform != "linux", reason="a function of a test is known to another process by a fork")


def forked(work):
    """A process that does nothing but that."""
    child = os.fork()
    if not child:
        try:
            work()
        finally:
            os._exit(1)
    return child


@FORKS
def test_an_interruption_ends_the_processes_at_once(folder, monkeypatch):
    def slow(part, number, **given):
        if number == 0:
            os.kill(os.getppid(), signal.SIGINT)
        time.sleep(250)

    def interrupted():
        signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            streamed(folder, workers=2)
        except KeyboardInterrupt:
            os._exit(0 if not multiprocessing.active_children() else 2)

    monkeypatch.setattr(scan_module, "_scan_part", slow)
    started = time.monotonic()
    _, status = os.waitpid(forked(interrupted), 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert time.monotonic() - started < 200  # it does not wait for them


@FORKS
def test_processes_end_with_the_first(folder, monkeypatch, tmp_path):
    """Also where it was killed and could not tell them."""

    def slow(part, number, **given):
        with open(tmp_path / "pids", "a") as file:
            file.write(f"{os.getpid()}\n")
        time.sleep(250)

    monkeypatch.setattr(scan_module, "_scan_part", slow)
    first = forked(lambda: streamed(folder, workers=2))
    pids = []
    while len(pids) < 2:
        time.sleep(0.05)
        pids = (tmp_path / "pids").read_text().split() if (tmp_path / "pids").exists() else []
    os.kill(first, signal.SIGKILL)
    os.waitpid(first, 0)
    deadline = time.monotonic() + 200
    while any(_is_alive(int(pid)) for pid in pids):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Odd(Exception):
    """One that another process cannot make anew."""

    def __init__(self, first, second):
        super().__init__(f"{first} {second}")


@FORKS
@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_of_ones_own_is_told_as_what_it_is(folder, monkeypatch, workers):
    def odd(part, number, **given):
        raise Odd("not", "ours")

    monkeypatch.setattr(scan_module, "_scan_part", odd)
    with pytest.raises((Odd, RuntimeError), match="not ours"):
        streamed(folder, workers=workers)


@FORKS
@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_of_the_system_in_reading_is_not_one_of_the_cache(folder, monkeypatch, workers):
    def missing(part, number, **given):
        (folder / "nowhere").read_text()

    monkeypatch.setattr(scan_module, "_scan_part", missing)
    with pytest.raises(FileNotFoundError, match="nowhere"):
        streamed(folder, workers=workers)


def test_what_cannot_be_sent_is_worked_on_here(folder, monkeypatch):
    monkeypatch.setattr("seqgan.data.over_parts.sys.platform", "elsewhere")
    monkeypatch.setattr(scan_module, "_scan_part", lambda *parts, **given: scan_part(*parts, **given))
    assert streamed(folder, workers=2).train.sentences == 500


scan_part = scan_module._scan_part


def test_results_of_earlier_versions_are_taken_away(folder, tmp_path):
    streamed(folder)
    names = made_files(tmp_path, "scan")
    place = cache_module.cache_folder(None, "text", str(folder))
    former = place / names[0].replace(".00.arrow", "_00000_of_00002.arrow")
    former.write_bytes(b"of before")
    (place / "tmpabc").write_bytes(b"half of it")
    (place / names[0]).unlink()
    streamed(folder)
    assert made_files(tmp_path, "scan") == names
    assert not list(place.glob("tmp*"))


@FORKS
def test_a_process_that_was_ended_is_said(folder, monkeypatch):
    from seqgan.errors import RunError

    def killed(*arguments, **given):
        os.kill(os.getpid(), signal.SIGKILL)

    monkeypatch.setattr(scan_module, "_scan_part", killed)
    with pytest.raises(RunError, match=r"ended from outside.*fewer --data\.workers"):
        streamed(folder, workers=2)


def test_processes_wait_for_one_another(tmp_path):
    from seqgan.progress import Progress

    said = []

    class Telling(Progress):
        def note(self, text):
            said.append(text)

    order = []

    def second():
        with cache_module.locked(tmp_path / "c", Telling()):
            order.append("second")

    with cache_module.locked(tmp_path / "c"):
        other = threading.Thread(target=second)
        other.start()
        while not said:
            time.sleep(0.01)
        order.append("first")
    other.join()
    assert order == ["first", "second"]
    assert "waiting for it" in said[0]


@pytest.mark.parametrize("size", [0, 300])
def test_a_damaged_cache_is_said(folder, tmp_path, size):
    from seqgan.errors import RunError

    first = streamed(folder)
    path, *_ = sorted((tmp_path / "cache").rglob("ids-*.arrow"))
    content = path.read_bytes()
    path.unlink()  # what is mapped stays as it was
    path.write_bytes(content[:size])
    with pytest.raises(RunError, match=r"cannot be read .*: delete .*, which is made anew"):
        streamed(folder)
    assert first.train.sentences == 500


def test_carriage_returns_that_end_no_line_are_said(tmp_path):
    path = tmp_path / "text.txt"
    path.write_bytes(b"\r".join(line.encode() for line in lines_of(30)) + b"\r")
    with pytest.raises(CorpusError, match=r"a sentence a line\. The line ends may be CR alone: convert them to LF"):
        streamed(path)
    (tmp_path / "valid.txt").write_text("a b\nc d\n")
    with pytest.raises(CorpusError, match=r"1 training sentence\..*CR alone"):
        stream_text(str(path), streamed_files(str(path), "always"), str(tmp_path / "valid.txt"), workers=1)
    folder = tmp_path / "parts"
    (folder / "train").mkdir(parents=True)
    (folder / "train" / "0.txt").write_bytes(path.read_bytes())
    (folder / "train" / "1.txt").write_text("\n".join(lines_of(60, seed=2)) + "\n")
    assert "1 line in" in "".join(note for note in streamed(folder).notes if "carriage return inside" in note)


def test_nothing_of_a_folder_is_left_out_in_silence(folder):
    """What of a text would not be read is named, whether it is read into memory or not."""
    for name, make, said in (
        ("train/more", lambda path: path.mkdir(), "train/more is a folder, among the parts of a text"),
        ("train/gone.txt", lambda path: path.symlink_to("nowhere.txt"), "gone.txt is a link to nothing, among"),
        ("train/pipe", os.mkfifo, "pipe is no plain file, among"),
        ("dev.txt", lambda path: path.write_text("a b\n"), "has dev.txt and valid.txt: expected one file"),
        ("test.txt", lambda path: path.symlink_to("nowhere.txt"), "test.txt is a link to nothing, where the test text"),
    ):
        make(folder / name)
        for read in (streamed, load_corpus):
            with pytest.raises(CorpusError, match=said):
                read(folder)
        (folder / name).rmdir() if (folder / name).is_dir() else (folder / name).unlink()
    (folder / "train" / ".hidden").mkdir()
    assert streamed(folder).train.sentences == len(load_corpus(folder).train) == 500


def test_what_is_left_alone_beside_a_split_is_noted(tmp_path):
    """A file of a split wins, then the first folder that holds a part; what is not read is named."""
    for name in ("train.txt", "train/0.txt", "valid/0.txt", "valid/more/x.txt", "dev/0.txt", "test/__pycache__/x.pyc"):
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text(f"{name} a\n{name} b\n")
    (tmp_path / "train.old").symlink_to("nowhere")
    (tmp_path / "other").symlink_to("nowhere")
    for read in (streamed, load_corpus):
        text = read(tmp_path)
        corpus = text if read is load_corpus else text.corpus
        assert sorted(corpus.train) == ["train.txt a", "train.txt b"]
        assert corpus.valid == ["valid/0.txt a", "valid/0.txt b"]
        assert corpus.test == []
        left = [note for note in text.notes if "left alone" in note]
        assert left == [
            f"The train text is {tmp_path / 'train.txt'}; train, a folder beside it, is left alone.",
            f"The train text is {tmp_path / 'train.txt'}; train.old, a link to nothing beside it, is left alone.",
            f"{tmp_path / 'valid' / 'more'} is a folder, among the parts of a text, and is left alone.",
            f"The valid text is {tmp_path / 'valid'}; dev, a folder beside it, is left alone.",
        ]
    (tmp_path / "train.txt").unlink()
    (tmp_path / "train.old").unlink()
    (tmp_path / "train" / "__pycache__").mkdir()
    assert sorted(load_corpus(tmp_path).train) == ["train/0.txt a", "train/0.txt b"]


def test_links_and_permissions_change_no_text(folder, monkeypatch):
    """What was encoded meanwhile is kept: the text is the same."""
    path = folder / "train" / "2.txt"
    usual = module.encode_text

    def first_link(*arguments, **given):
        os.link(path, folder / "elsewhere")
        path.chmod(0o600)
        return usual(*arguments, **given)

    monkeypatch.setattr(module, "encode_text", first_link)
    assert streamed(folder).train.sentences == 500


@pytest.mark.parametrize("change", ["cut", "grown", "other", "gone"])
@pytest.mark.parametrize("before", ["scan_text", "encode_text"])
def test_a_text_that_changes_under_way_is_said(folder, tmp_path, monkeypatch, change, before):
    path = folder / "train" / "2.txt"
    content = path.read_bytes()
    usual = getattr(module, before)

    def first_change(*arguments, **given):
        if change == "gone":
            path.unlink()
        else:
            path.write_bytes({"cut": content[:40], "grown": content + b"c d\n", "other": content.upper()}[change])
        return usual(*arguments, **given)

    monkeypatch.setattr(module, before, first_change)
    with pytest.raises(CorpusError, match=r"changed while it was read|cannot be read: No such file"):
        streamed(folder)
    monkeypatch.undo()
    monkeypatch.setenv("SEQGAN_CACHE", str(tmp_path / "cache"))
    path.write_bytes(content)
    again = streamed(folder)
    elsewhere = streamed(folder, cache=str(tmp_path / "elsewhere"))
    assert torch.equal(*(text.train.take(torch.arange(500)).tokens for text in (again, elsewhere)))


def test_ids_beyond_two_bytes_are_read_as_they_are(tmp_path):
    words = [f"w{number}" for number in range(2**16 + 4)]
    path = tmp_path / "many.txt"
    path.write_text("".join(" ".join(words[first : first + 20]) + "\n" for first in range(0, len(words), 20)))
    (tmp_path / "valid.txt").write_text("w0 w1\n")
    files = streamed_files(str(path), "always")
    vocabulary = Vocabulary(words)
    text = stream_text(str(path), files, str(tmp_path / "valid.txt"), vocabulary=vocabulary, workers=1)
    batch = take(text.train, torch.arange(text.train.sentences))
    assert batch.tokens[batch.mask & (batch.tokens != vocabulary.end)].tolist() == list(range(2, 2**16 + 6))
