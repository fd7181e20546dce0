"""What a model wrote, as lines: one each for every reader, of valid characters."""

import io
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.tiny_models import write_tokenizer

from seqgan.data.model_tokenizer import read_model_tokenizer
from seqgan.data.tokenizers import Characters, SentencePiece, Words, train_sentencepiece
from seqgan.data.vocabulary import Vocabulary
from seqgan.data.written import Writer, line_of
from seqgan.progress import Progress

ENDS = ["\n", "\r", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"]


@pytest.fixture(scope="module")
def with_bytes() -> SentencePiece:
    return train_sentencepiece(["ab ba", "bab a"] * 5, vocabulary_size=500)


@pytest.fixture(scope="module")
def of_bytes(tmp_path_factory):
    pytest.importorskip("tokenizers")
    folder = tmp_path_factory.mktemp("bytes")
    write_tokenizer(folder)
    return read_model_tokenizer(folder)


def spelt(text: bytes) -> list[str]:
    return [f"<0x{byte:02X}>" for byte in text]


@pytest.mark.parametrize("end", ENDS)
def test_what_ends_a_line_somewhere_is_a_space(end):
    assert len(f"a{end}b".splitlines()) == 2
    assert line_of(Characters(), ["a", end, "b"]) == "a b"
    assert line_of(Words(), ["a", f"b{end}c"]) == "a b c"


def test_tabs_and_nuls_are_spaces_too_as_no_line_of_a_text_may_hold_them():
    assert line_of(Characters(), list("a\tb\0c")) == "a b c"


def test_other_characters_that_a_token_holds_stay():
    for line in ("a\x07b", "a\ufffdb", "\u200bz\u00a0", "naïve 東京 😀"):
        assert line_of(Characters(), list(line)) == line


def test_bytes_that_make_characters_make_them_and_others_are_left_out(with_bytes):
    assert line_of(with_bytes, ["ab", *spelt("é東😀".encode()), "ba"]) == "abé東😀ba"
    assert line_of(with_bytes, ["ab", *spelt("東".encode())[:2], "ba"]) == "abba"
    assert line_of(with_bytes, [*spelt(b"\xff\x07"), "ab", *spelt(b"\r\xc2\x85")]) == "ab  "


def test_so_of_the_tokens_that_are_bytes(of_bytes):
    tokens = of_bytes.tokenize("aé\x85b")
    assert line_of(of_bytes, tokens) == "aé b"
    broken = [token for token in tokens if token != tokens[1]]  # the first byte of é
    assert "\ufffd" in of_bytes.detokenize(broken)
    assert line_of(of_bytes, broken) == "a b"


@settings(deadline=None, max_examples=200)
@given(st.lists(st.integers(0, 255)))
def test_any_bytes_in_any_order_are_one_line_of_text(with_bytes, values):
    line = line_of(with_bytes, ["ab", *spelt(bytes(values)), "ba"])
    assert "\ufffd" not in line
    assert not any(unicodedata.category(character) == "Cc" for character in line)
    assert line.encode().decode() == line
    assert line.splitlines() == [line]
    assert list(io.StringIO(line + "\n", newline=None)) == [line + "\n"]


def test_how_many_lines_are_not_what_they_seem_is_said():
    vocabulary = Vocabulary(["a", "\u2028"])
    stream = io.StringIO()
    writer = Writer(Characters(), vocabulary)
    writer.tell(Progress(stream))
    assert stream.getvalue() == ""
    assert [writer.line(ids) for ids in ([2, 1, 0], [2, 3, 2], [1, 1, 0], [2, 0, 1])] == [
        "a<unk>",
        "a a",
        "<unk>" * 2,
        "a",
    ]
    writer.tell(Progress(stream))
    unknown, changed = stream.getvalue().splitlines()
    assert unknown == "The unknown symbol, <unk>, stands in 2 of 4 lines."
    assert changed.startswith("1 of 4 lines changed, so that each is a line of text")
