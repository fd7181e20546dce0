"""The one reader of lines: whoever calls it, and however much is read at once, lines and messages are the same."""

import io
import os
import re

import pytest

from seqgan.data import blocks as module
from seqgan.data.blocks import read_blocks
from seqgan.data.lines import raw_lines
from seqgan.data.parts import read_part, split_files
from seqgan.data.stream import stream_lines
from seqgan.errors import CorpusError


def read_whole(path):
    return raw_lines(path, "\0\t")


def read_streamed(path):
    with open(path, "rb") as file:
        return list(stream_lines(file, str(path)))


def read_in_parts(path):
    return [line for part in split_files([path], 7) for _, lines in read_part(part) for line in lines]


READERS = [read_whole, read_streamed, read_in_parts]


@pytest.fixture(params=[1, 3, 2**22])
def _at_once(request, monkeypatch):
    monkeypatch.setattr(module, "READ_BYTES", request.param)


@pytest.mark.usefixtures("_at_once")
@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b"one\ntwo", ["one", "two"]),
        (b"\xef\xbb\xbfone\r\n\r\ntwo\r\n", ["one", "", "two"]),
        ("zwölf\x0c\x1e\u2028 \x85\n\n\nx\ry\n".encode(), ["zwölf\x0c\x1e\u2028 \x85", "", "", "x\ry"]),
        (b"a\n \t \n\0\t\n", None),  # a line of blanks may hold a tab; what holds a NUL is none
        (b" \t\nb\n", [" \t", "b"]),
        (b"a\n\xef\xbb\xbfb\n", ["a", "\ufeffb"]),  # behind the beginning it is a character
    ],
)
def test_lines_are_the_same_for_all(tmp_path, read, content, lines):
    path = tmp_path / "text"
    path.write_bytes(content)
    if lines is None:
        with pytest.raises(CorpusError, match="line 3: a NUL byte"):
            read(path)
    else:
        assert read(path) == lines


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"ab\xffc", "byte 3 of the line, 0xff, is not UTF-8. Convert"),
        (b"a\tb", "a tab, but one sentence a line was expected"),
        (b"a\0b", "a NUL byte"),
        (b"x" * 30, "more than 20 bytes, b'"),
    ],
)
@pytest.mark.parametrize("number", [1, 2, 9])
def test_what_is_wrong_with_a_line_is_said_the_same_way(tmp_path, monkeypatch, read, before, line, message, number):
    monkeypatch.setattr(module, "READ_BYTES", 11)
    monkeypatch.setattr(module, "LONGEST_LINE", 20)
    path = tmp_path / "text"
    path.write_bytes(before + b"fine\n" * (number - 1) + line + b"\nfine\n")
    with pytest.raises(CorpusError, match=f"^{re.escape(f'{path}, line {number}: ')}") as error:
        read(path)
    assert message in str(error.value)


@pytest.mark.parametrize(("first", "told"), [(b"\xff\xfea\0", "UTF-16?"), (b"\x1f\x8b\x08", "compressed by gzip?")])
@pytest.mark.parametrize("read", READERS)
def test_what_is_often_taken_for_text_is_named(tmp_path, read, first, told):
    path = tmp_path / "text"
    path.write_bytes(first + b"b\n")
    with pytest.raises(CorpusError, match=re.escape(told)):
        read(path)


def test_a_text_of_a_byte_order_mark_alone_has_no_line(tmp_path):
    path = tmp_path / "text"
    path.write_bytes(b"\xef\xbb\xbf")
    assert read_in_parts(path) == []
    for read, message in ((read_whole, "only blank lines"), (read_streamed, "is empty")):
        with pytest.raises(CorpusError, match=message):
            read(path)


def test_a_block_ends_where_its_last_line_does(monkeypatch):
    monkeypatch.setattr(module, "READ_BYTES", 6)
    content = b"one\nthree\nfour\n\nfive"
    made = list(read_blocks(io.BytesIO(content), "it"))
    assert made == [(b"one\nthree\n", ["one", "three"]), (b"four\n\n", ["four", ""]), (b"five", ["five"])]


def test_nothing_is_read_beyond_what_was_asked_for():
    file = io.BytesIO(b"one\nthree\nfour\n")
    assert [lines for _, lines in read_blocks(file, "it", within=5)] == [["one", "three"]]
    assert file.read() == b"four\n"
    file.seek(0)
    assert next(read_blocks(file, "it", by_line=True)) == (b"one\n", ["one"])
    assert file.read() == b"three\nfour\n"


def test_lines_before_are_counted_only_where_a_message_needs_them():
    asked = []

    def before():
        asked.append(True)
        return 40

    assert [lines for _, lines in read_blocks(io.BytesIO(b"a\nb\n"), "it", before=before)] == [["a", "b"]]
    assert not asked
    with pytest.raises(CorpusError, match="it, line 42: a tab"):
        list(read_blocks(io.BytesIO(b"a\nb\tc\n"), "it", before=before))


def test_the_lines_before_a_fault_are_streamed():
    lines = stream_lines(io.BytesIO(b"a\nb\nc\td\n"), "it")
    assert [next(lines), next(lines)] == ["a", "b"]
    with pytest.raises(CorpusError, match="it, line 3: a tab"):
        next(lines)


def test_a_line_in_a_pipe_is_read_before_the_next_is_written():
    reading, writing = os.pipe()
    with open(reading, "rb") as file, open(writing, "wb", buffering=0) as other:
        lines = stream_lines(file, "it")
        for line in ("one", "two"):
            other.write(f"{line}\n".encode())
            assert next(lines) == line
