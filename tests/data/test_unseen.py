"""Symbols that a training text never has."""

import pytest
import torch
from support.tiny_models import write_tokenizer

from seqgan.build_huggingface import keep_learnt_symbols
from seqgan.data import on_disk as on_disk_module
from seqgan.data.batches import encode_sentences
from seqgan.data.corpus import Corpus
from seqgan.data.model_tokenizer import read_model_tokenizer
from seqgan.data.streamed import Files, stream_text
from seqgan.data.text import encode_corpus
from seqgan.data.tokenizers import Characters, Numbers, train_sentencepiece
from seqgan.data.unseen import read_unseen, unseen_ids, write_unseen
from seqgan.data.vocabulary import Vocabulary
from seqgan.errors import CheckpointError
from seqgan.settings.generator import GeneratorConfig

LINES = ["ab ab", "ab ba", "ba ba", "aab b"] * 5


def corpus(lines):
    return Corpus("mine", list(lines), list(lines[:2]), [], [])


def test_what_no_training_sentence_has_is_unseen_and_the_end_never_is():
    vocabulary = Vocabulary(["a", "b", "c"])
    sentences, _ = encode_sentences([["a", "a", "b"], ["b", "a", "a"]], vocabulary, 2, "cut")
    # All are cut: no end, no unknown word, and nothing of what stood behind.
    assert unseen_ids(sentences, len(vocabulary), vocabulary.end) == {1, 4}
    sentences, _ = encode_sentences([["a", "z"]], vocabulary, 9)
    assert unseen_ids(sentences, len(vocabulary), vocabulary.end) == {3, 4}


def test_a_text_with_unknown_words_is_known_as_such_and_they_are_not_drawn():
    text = encode_corpus(corpus(["a b", "a c", "a d", "b a"]), min_count=2)
    assert text.vocabulary.tokens == ("a", "b")
    assert text.vocabulary.unseen == frozenset()
    assert text.vocabulary.unknown_in_text
    assert text.vocabulary.not_drawn == [1]
    whole = encode_corpus(corpus(["a b", "b a"])).vocabulary
    assert (whole.unseen, whole.not_drawn, whole.unknown_in_text) == ({1}, [1], False)


def test_ids_have_no_unknown_symbol_and_may_have_numbers_that_never_come():
    vocabulary = encode_corpus(corpus(["0 3", "3 1"]), Numbers(), max_vocabulary=5).vocabulary
    assert vocabulary.not_drawn == [2, 4]
    assert not vocabulary.unknown_in_text


def test_pieces_and_bytes_that_a_text_never_has():
    tokenizer = train_sentencepiece(LINES, 500)
    text = encode_corpus(corpus(LINES), tokenizer)
    met = {token for line in LINES for token in tokenizer.tokenize(line)}
    drawn = {token for id, token in enumerate(text.vocabulary.tokens, start=2) if id not in text.vocabulary.not_drawn}
    assert drawn == met
    assert sum(token.startswith("<0x") for token in text.vocabulary.tokens) == 255


def test_of_a_vocabulary_of_which_nothing_is_known_bytes_are_left_out_where_it_has_all():
    tokenizer = train_sentencepiece(LINES, 500)
    vocabulary = Vocabulary(tokenizer.pieces())
    assert vocabulary.unseen is None
    left = [token for id, token in enumerate(vocabulary.tokens, start=2) if id not in vocabulary.not_drawn]
    assert left == [token for token in vocabulary.tokens if not token.startswith("<0x")]
    assert Vocabulary(["<0x41>", "<0x42>"]).not_drawn == [1]


@pytest.mark.parametrize("limit", [0, 3])
@pytest.mark.parametrize("kind", ["words", "sentencepiece"])
def test_a_text_on_the_disk_has_the_same_as_in_memory(tmp_path, monkeypatch, kind, limit):
    monkeypatch.setattr(on_disk_module, "SENTENCES", 3)
    path = tmp_path / "text.txt"
    lines = ["ab ab c", "ab ba d e f g", "ba é", "h ab ba ab ba i"] * 3
    path.write_text("\n".join(lines) + "\n")
    (tmp_path / "valid.txt").write_text("ab ba\nba ab\n")
    tokenizer = train_sentencepiece(lines[:3], 500) if kind == "sentencepiece" else "words"
    files = Files([path], [tmp_path / "valid.txt"], [])
    streamed = stream_text(str(path), files, tokenizer=tokenizer, max_length=limit, cache=str(tmp_path / "cache"))
    length = streamed.max_length
    read, _ = encode_sentences([streamed.tokenizer.tokenize(line) for line in lines], streamed.vocabulary, length)
    assert streamed.vocabulary.unseen == unseen_ids(read, len(streamed.vocabulary), 0)
    assert 1 in streamed.vocabulary.unseen
    assert (len(streamed.vocabulary.unseen) > 1) == (kind == "sentencepiece" or limit == 3)


def test_it_comes_back_from_its_file(tmp_path):
    assert read_unseen(tmp_path, 5, 0) is None
    for unseen in ({3, 1}, set()):
        write_unseen(unseen, tmp_path)
        assert read_unseen(tmp_path, 5, 0) == unseen


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "expected 'seqgan unseen 1'"),
        (b"seqgan unseen 1\n3", "expected 'seqgan unseen 1'"),
        (b"seqgan unseen 1\n3\n5\n", "line 3: '5' is no symbol"),
        (b"seqgan unseen 1\n0\n", "line 2: '0' is no symbol"),
        (b"seqgan unseen 1\n-1\n", "line 2: '-1' is no symbol"),
        ("seqgan unseen 1\né\n".encode(), "cannot be read"),
    ],
)
def test_a_damaged_file_is_one_line(tmp_path, content, message):
    (tmp_path / "unseen.txt").write_bytes(content)
    with pytest.raises(CheckpointError, match=message):
        read_unseen(tmp_path, 5, 0)


@pytest.mark.slow(reason="trains a model of transformers")
def test_a_model_that_learnt_elsewhere_may_write_other_text_and_no_parts_of_characters(tmp_path):
    pytest.importorskip("transformers")
    from support.tiny_models import write_model

    write_model(tmp_path / "trained", "gpt2", lines=LINES)
    write_tokenizer(tmp_path / "fresh")
    config = GeneratorConfig(name="huggingface", path=str(tmp_path / "trained"))
    text = encode_corpus(corpus(LINES), read_model_tokenizer(tmp_path / "trained"))
    vocabulary = text.vocabulary
    (part, control, letter) = vocabulary.encode(["Ã", "ć", "z"])  # as GPT-2 spells the bytes 0xC3, 0x07 and 0x7A
    assert {part, control, letter} <= vocabulary.unseen
    keep_learnt_symbols(text.tokenizer, vocabulary, GeneratorConfig(name="lstm"))
    assert letter in vocabulary.unseen
    keep_learnt_symbols(text.tokenizer, vocabulary, config)
    assert {part, control} <= vocabulary.unseen
    assert letter not in vocabulary.unseen
    assert vocabulary.unknown in vocabulary.unseen


def test_characters_that_stand_behind_the_cut_alone_are_unseen():
    text = encode_corpus(corpus(["abc", "abd"]), Characters(), max_length=2)
    assert text.vocabulary.unseen == {1, *text.vocabulary.encode(["c", "d"])}
    assert torch.equal(text.train.tokens, torch.tensor([text.vocabulary.encode(["a", "b"])] * 2))
