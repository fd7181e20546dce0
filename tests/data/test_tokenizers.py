import logging
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqgan.data.tokenizers import (
    TOKENIZERS,
    Characters,
    SentencePiece,
    Words,
    make_tokenizer,
    metric_tokens,
    train_sentencepiece,
)
from seqgan.data.vocabulary import UNKNOWN_TEXT, Vocabulary
from seqgan.errors import ConfigError, CorpusError

LINES = [
    "the cat sat on the mat",
    "a dog  barks   loudly",
    " a leading space",
    "a trailing space ",
    "  ",
    "日本 語,天地玄黄",
    "emoji 😀 👍🏽 e\u0301",
    "CC(=O)Oc1ccccc1C(=O)O",
    "A2 B>c |: d'/2 :|",
    "under\u2581score \u2581",  # what SentencePiece writes for a space
    "block \u2585 ⁇",  # what it writes for the unknown; lines with the first are left out of its training
    "<unk> <s> </s> <0x41>",  # its own symbols, spelt out
    "separators \u2028 \x0c \r inside",
    "ﬁ Ａ ½",  # what its usual normalisation would change
]


@pytest.fixture(scope="module")
def with_bytes() -> SentencePiece:
    return train_sentencepiece(LINES * 5, vocabulary_size=500)


@pytest.fixture(scope="module")
def without_bytes() -> SentencePiece:
    return train_sentencepiece(LINES * 5, vocabulary_size=120)


def test_words_come_back_with_one_space_between():
    words = Words()
    assert words.tokenize("  the cat \t sat ") == ["the", "cat", "sat"]
    assert words.detokenize(["the", "cat", "sat"]) == "the cat sat"


@settings(deadline=None)
@given(st.text())
def test_characters_give_every_line_back(line):
    characters = Characters()
    assert characters.detokenize(characters.tokenize(line)) == line


def test_a_character_is_a_code_point():
    assert Characters().tokenize("a 😀\u2028") == ["a", " ", "😀", "\u2028"]


@pytest.mark.parametrize("line", LINES)
def test_pieces_give_every_line_back(with_bytes, without_bytes, line):
    for tokenizer in (with_bytes, without_bytes):
        assert tokenizer.detokenize(tokenizer.tokenize(line)) == line


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufdd0\ufdd1")))
def test_pieces_give_text_back_that_was_not_in_the_training_text(with_bytes, line):
    assert with_bytes.detokenize(with_bytes.tokenize(line)) == line


def test_a_character_without_a_piece_is_bytes_or_unknown_to_the_vocabulary(with_bytes, without_bytes):
    ids = Vocabulary(with_bytes.pieces()).encode(with_bytes.tokenize("Ж"))
    assert Vocabulary.unknown not in ids
    assert len(ids) == 2  # two bytes in UTF-8
    vocabulary = Vocabulary(without_bytes.pieces())
    ids = vocabulary.encode(without_bytes.tokenize("the Ж cat"))
    assert ids.count(vocabulary.unknown) == 1
    assert without_bytes.detokenize(vocabulary.decode(ids)) == f"the {UNKNOWN_TEXT} cat"


def test_every_piece_of_the_training_text_is_in_the_list_of_pieces(with_bytes, without_bytes):
    for tokenizer in (with_bytes, without_bytes):
        pieces = tokenizer.pieces()
        assert len(set(pieces)) == len(pieces)
        assert {piece for line in LINES for piece in tokenizer.tokenize(line)} <= set(pieces)
        assert not {"<unk>", "<s>", "</s>"} & set(pieces)


def test_no_piece_can_break_a_line(with_bytes):
    assert "<0x41>" in with_bytes.pieces()
    assert not any("\n" in with_bytes.detokenize([piece]) for piece in with_bytes.pieces())


def test_a_model_is_its_bytes(with_bytes):
    again = SentencePiece(with_bytes.model)
    assert again.pieces() == with_bytes.pieces()
    assert [again.tokenize(line) for line in LINES] == [with_bytes.tokenize(line) for line in LINES]


def test_training_twice_gives_the_same_model():
    first, second = (train_sentencepiece(iter(LINES * 5), vocabulary_size=100, seed=3) for _ in range(2))
    assert first.model == second.model


def test_long_lines_are_learnt_from():
    # By default the library leaves out lines of more than 4,192 bytes without a word.
    tokenizer = train_sentencepiece(["ab " * 3000 + "xyz", "ab"], vocabulary_size=50)
    assert {"x", "y", "z"} <= set("".join(tokenizer.pieces()))


def test_more_pieces_than_the_text_has_are_not_learnt_and_it_is_said(caplog):
    with caplog.at_level(logging.WARNING):
        tokenizer = train_sentencepiece(["ab ab", "ba"], vocabulary_size=50)
    reached = len(tokenizer.pieces())
    assert reached < 50
    assert caplog.messages == [f"SentencePiece has {reached} pieces and not the 50 asked for: the text has no more."]


def test_fewer_pieces_than_characters_are_raised_and_it_is_said(caplog):
    with caplog.at_level(logging.WARNING):
        tokenizer = train_sentencepiece(["abcdefghij", "klm"], vocabulary_size=5)
    assert set("abcdefghijklm") <= set(tokenizer.pieces())
    assert "asked for: each character needs one." in caplog.text


def test_a_size_that_is_reached_is_not_talked_about(caplog):
    with caplog.at_level(logging.WARNING):
        train_sentencepiece(["the cat sat on the mat", "the mat sat on the cat"] * 5, vocabulary_size=13)
    assert not caplog.messages


@pytest.mark.parametrize("lines", [[], ["aaa", "a"]])
def test_a_text_of_one_character_is_refused(lines):
    with pytest.raises(CorpusError, match="fewer than two distinct characters"):
        train_sentencepiece(lines)


def test_training_prints_nothing(capfd):
    train_sentencepiece(LINES * 5, vocabulary_size=100)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", [name for name in TOKENIZERS if name != "huggingface"])  # which is a model's own
def test_tokenizers_are_made_by_name(name):
    tokenizer = make_tokenizer(name, LINES * 5, vocabulary_size=100)
    assert tokenizer.name == name
    assert tokenizer.detokenize(tokenizer.tokenize("the cat sat")) == "the cat sat"


def test_a_misspelt_tokenizer_names_the_nearest_and_all():
    with pytest.raises(ConfigError, match=r"'character'\. Did you mean 'characters'\? Known: words, characters, sent"):
        make_tokenizer("character")


def test_metrics_count_characters_of_characters_and_words_of_all_else(with_bytes):
    assert metric_tokens(Characters(), "a b") == ["a", " ", "b"]
    assert metric_tokens(Words(), "the  cat") == ["the", "cat"]
    assert metric_tokens(with_bytes, "the  cat") == ["the", "cat"]


def test_texts_are_read_without_the_libraries_that_models_need():
    code = "import sys, seqgan.data; print({'torch', 'datasets', 'sentencepiece', 'nltk'} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"
