"""How trained players read new lines, and lines that come one after the other."""

import io

import pytest

from seqgan.data import blocks as blocks_module
from seqgan.data.lines import read_lines
from seqgan.data.reading import Read, Reading, read_text
from seqgan.data.stream import stream_lines
from seqgan.data.tokenizers import Numbers, Words
from seqgan.data.vocabulary import Ids, Vocabulary
from seqgan.errors import CorpusError

READING = Reading(Words(), Vocabulary(["a", "b"]), max_length=3)  # a is 2, b is 3, the end 0, unknown 1


def test_every_line_becomes_a_sequence():
    sequences, read = read_text(READING, ["a b", "", "b c a b", "  "])
    assert sequences.tokens.tolist() == [[2, 3, 0], [0, 0, 0], [3, 1, 2], [0, 0, 0]]
    assert sequences.mask.tolist() == [[True] * 3, [True, False, False], [True] * 3, [True, False, False]]
    assert read == Read(lines=4, blank=2, cut=1, unknown=1, tokens=6)
    assert read.plus(read).notes(3) == [
        "4 of 8 lines are blank: read as empty sentences.",
        "2 of 8 lines exceed 3 tokens: judged by their first ones.",
        "2 of 12 tokens are not in the vocabulary: read as unknown ones.",
    ]
    assert Read(lines=2, tokens=3).notes(3) == []


def test_sources_are_read_beside_them():
    reading = READING._replace(
        source_tokenizer=Words(), source_vocabulary=Vocabulary(["x"]), max_source_length=2, turns=1
    )
    sequences, read = read_text(reading, ["a", "b"], ["x y x", "x x __eou__ x"])
    assert sequences.condition.tokens.tolist() == [[2, 1], [2, 0]]
    assert sequences.condition.mask.tolist() == [[True, True], [True, False]]
    assert read == Read(2, 0, 0, 0, 2, cut_ends=1, unknown_of_sources=1, tokens_of_sources=4)
    with pytest.raises(CorpusError, match="mine, line 8: the source is blank"):
        read_text(reading, ["a", "b"], ["x", " "], name="mine", first=7)


def test_a_long_conversation_is_read_from_its_newest_turns():
    reading = READING._replace(source_tokenizer=Words(), source_vocabulary=Vocabulary(["x", "y", "__eou__"]))
    reading = reading._replace(max_source_length=3, source_cut="beginning")
    sources = ["x x __eou__ y", "x x __eou__ y y __eou__", "x __eou__ x x x y", "x x y y", "x"]
    sequences, read = read_text(reading, ["a"] * 5, sources)
    kept = [row[mask].tolist() for row, mask in zip(*sequences.condition, strict=True)]
    x, y, separator = 2, 3, 4
    assert kept == [[y], [y, y, separator], [x, x, y], [x, y, y], [x]]
    assert read.plus(read).notes(3, 3) == [
        "8 of 10 sources exceed 3 tokens: their oldest turns are left out (4), their beginning is cut (4)."
    ]
    sequences, read = read_text(reading._replace(source_cut="end-of-turns"), ["a"], ["x x __eou__ y"])
    assert sequences.condition.tokens.tolist() == [[x, x, separator]]
    assert read.notes(3, 3) == ["1 of 1 sources exceed 3 tokens: their end is cut."]


def test_ids_are_read_by_their_own_rules():
    reading = Reading(Numbers(), Ids(4), max_length=2)
    assert read_text(reading, ["0 3", "1"])[0].tokens.tolist() == [[0, 3], [1, 0]]
    with pytest.raises(CorpusError, match="line 2: blank, and a sequence of ids cannot be empty"):
        read_text(reading, ["1 2", ""])
    with pytest.raises(CorpusError, match="line 1: '4' is not one of the ids 0 to 3"):
        read_text(reading, ["4 2"])


@pytest.mark.parametrize("content", [b"a b\nc", b"\xef\xbb\xbfa\r\n\n\x0cb\x1e c\xe2\x80\xa8d\n", "é\n".encode()])
def test_streamed_lines_are_those_of_the_whole_file(content, tmp_path):
    (tmp_path / "text").write_bytes(content)
    assert list(stream_lines(io.BytesIO(content), "text")) == read_lines(tmp_path / "text", keep_blank=True)


def test_a_line_that_does_not_end_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(blocks_module, "LONGEST_LINE", 5)
    assert list(stream_lines(io.BytesIO(b"abcd\nabcd"), "it")) == ["abcd", "abcd"]
    with pytest.raises(CorpusError, match="it, line 2: more than 5 bytes"):
        list(stream_lines(io.BytesIO(b"a\nabcdef\n"), "it"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it is empty"),
        (b"fine\nna\xefve\n", "it, line 2: byte 3 of the line, 0xef, is not UTF-8"),
        (b"a\nb\0c\n", "it, line 2: a NUL byte"),
        (b"a\tb\n", "it, line 1: a tab"),
    ],
)
def test_what_is_no_text_is_said_when_it_is_reached(content, message):
    with pytest.raises(CorpusError, match=message):
        list(stream_lines(io.BytesIO(content), "it"))


def test_carriage_returns_inside_are_counted():
    read = Read(lines=3, returns=2).plus(Read(lines=1, returns=1))
    assert "3 of 4 lines have a carriage return inside: only a line feed ends a line" in read.notes(5)[0]


def test_a_source_that_says_nothing_is_the_separator_where_a_run_keeps_such():
    known = Vocabulary(["one", "__eou__"])
    reading = Reading(Words(), Vocabulary(["a", "b"]), Words(), known, 3, 3, blank_sources="keep")
    sequences, read = read_text(reading, ["a", "b"], ["one", " "])
    assert sequences.condition.tokens.tolist() == [[known.encode(["one"])[0]], [known.encode(["__eou__"])[0]]]
    assert read.unknown_of_sources == 0
