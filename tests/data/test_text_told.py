"""What is said of a text that is to be trained on: that words are no tokens of it, and where its ids are wrong."""

import msgspec
import pytest

from seqgan.build import build_text
from seqgan.data.advice import advice
from seqgan.data.corpus import load_corpus
from seqgan.data.inspect import inspect_corpus
from seqgan.data.text import encode_corpus
from seqgan.data.tokenizers import Numbers, Words
from seqgan.errors import CorpusError
from seqgan.settings.data import DataConfig


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (["CC(=O)O", "c1ccccc1", "CCO", "CCN"], "Sentences have no spaces"),
        (
            ["床前明月光 疑是地上霜", "舉頭望明月 低頭思故鄉", "春眠不覺曉 處處聞啼鳥", "夜來風雨聲 花落知多少"],
            "puts no spaces between",
        ),
        (["a dog eats", "the cat eats", "a cat sleeps", "the dog sleeps"], None),
    ],
)
def test_a_text_without_spaces_is_told_in_memory_and_from_the_disk(tmp_path, lines, why):
    path = tmp_path / "train.txt"
    path.write_text("".join(f"{line}\n" for line in [*lines, *lines]), encoding="utf-8")
    settings = DataConfig(corpus=str(path), cache=str(tmp_path / "cache"), workers=1)
    always = msgspec.structs.replace(settings, streaming="always")
    for text in (build_text(settings), build_text(always)):
        said = [note for note in text.notes if "--tokenizer characters suits this text" in note]
        assert bool(said) == (why is not None)
        assert why is None or why in said[0]
        # A run that goes on has chosen.
        again = build_text(settings, text.tokenizer, text.vocabulary)
        assert not [note for note in again.notes if "suits this text" in note]
    found = advice(inspect_corpus(load_corpus(path), Words()))[0]
    assert (found.flag == "--tokenizer characters") == (why is not None)
    assert why is None or why in found.text
    assert not [
        note for note in build_text(msgspec.structs.replace(settings, tokenizer="characters")).notes if "suits" in note
    ]


DEFINITIONS = ["a tame animal that barks", "a fruit with a core", "it gives light by night", "where bread is baked"]
CHEMISTRY = ["CC(=O)O", "c1ccccc1", "C=C", "CC(N)C(=O)O"]
CHINESE = ["狗会叫", "苹果很甜", "月亮很亮", "面包房很香"]


@pytest.mark.parametrize(
    ("sources", "targets", "told"),
    [
        (DEFINITIONS, ["dog", "apple", "moon", "bakery"], False),
        (DEFINITIONS, ["l'eau", "pomme", "mi-temps", "lune"], False),
        (DEFINITIONS, CHEMISTRY, True),
        (DEFINITIONS, CHINESE, True),
        # Both sides are strings of characters, such as words and how they are spelt elsewhere.
        (["colour", "grey", "theatre", "tyre"], ["color", "gray", "theater", "tire"], True),
        # Classes: few, and each of them five times.
        ([f"{kind}{n}" for kind in "ab" for n in range(5)], ["a_1", "b_1"] * 5, False),
        ([f"{kind}{n}" for kind in "ab" for n in range(4)], ["a_1", "b_1"] * 4, True),
        (DEFINITIONS * 10, CHINESE * 10, True),
    ],
)
def test_single_words_that_answer_sources_are_words(tmp_path, sources, targets, told):
    path = tmp_path / "train.tsv"
    path.write_text("".join(f"{s}\t{t}\n" for s, t in zip(sources, targets, strict=True)), encoding="utf-8")
    corpus = load_corpus(path, path)
    said = [note for note in encode_corpus(corpus).notes if "--tokenizer characters suits this text" in note]
    assert bool(said) == told
    assert (advice(inspect_corpus(corpus, Words()))[0].flag == "--tokenizer characters") == told


@pytest.mark.parametrize(
    ("train", "valid", "message"),
    [
        ("0 1\n\n2 x\n1 1\n", "1 1\n", r"train.txt, line 3: 'x' is no id"),
        ("0 1\n\n2 3 1\n1 1\n", "1 1\n", r"train.txt, line 3 has 3 ids and .*train.txt, line 1 has 2"),
        ("0 1\n1 1\n", "\n1 1\n1 7\n", r"valid.txt, line 3: '7' is not one of the ids 0 to 1"),
        ("0 1\n1 1\n", "\n1 1\n1\n", r"valid.txt, line 3 has 1 ids"),
    ],
)
def test_what_is_wrong_with_ids_is_said_by_file_and_line(tmp_path, train, valid, message):
    (tmp_path / "train.txt").write_text(train)
    (tmp_path / "valid.txt").write_text(valid)
    for corpus in (load_corpus(tmp_path), load_corpus(tmp_path / "train.txt", tmp_path / "valid.txt")):
        with pytest.raises(CorpusError, match=message):
            encode_corpus(corpus, Numbers())


def test_lines_that_are_split_off_are_found_again(tmp_path):
    path = tmp_path / "ids.txt"
    path.write_text("0 1\n\n" * 30 + "1 x\n")
    with pytest.raises(CorpusError, match=r"ids.txt, line 61: 'x' is no"):
        encode_corpus(load_corpus(path), Numbers())
    with pytest.raises(CorpusError, match=r"Training sequence 2: 'x' is no id"):
        encode_corpus(load_corpus(["0 1", "1 x"], ["0 1"]), Numbers())
