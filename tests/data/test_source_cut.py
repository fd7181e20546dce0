"""What sources lose that are too long: whole turns, the oldest first."""

import pytest
from support.tiny_models import write_tokenizer

from seqgan.build import as_read, build_text
from seqgan.data.corpus import Corpus
from seqgan.data.model_tokenizer import read_model_tokenizer
from seqgan.data.pairs import Sources
from seqgan.data.source_cut import Lost, SourceCut, decided, fit_sources
from seqgan.data.text import encode_corpus
from seqgan.data.tokenizers import Characters, Words, make_tokenizer
from seqgan.errors import ConfigError
from seqgan.settings.data import DataConfig

TURNS = "a b c __eou__ d e __eou__ f g h"


def fitted(source, max_length, loses="end", tokenizer=None, separator="__eou__"):
    (tokens,), lost = fit_sources([source], tokenizer or Words(), max_length, SourceCut(loses, separator))
    return " ".join(tokens) if tokenizer is None else tokens, lost


@pytest.mark.parametrize(
    ("max_length", "kept", "lost"),
    [
        (10, TURNS, Lost()),
        (9, "d e __eou__ f g h", Lost(turns=1)),
        (6, "d e __eou__ f g h", Lost(turns=1)),
        (5, "f g h", Lost(turns=1)),
        (3, "f g h", Lost(turns=1)),
        (2, "g h", Lost(beginning=1)),
        (1, "h", Lost(beginning=1)),
    ],
)
@pytest.mark.parametrize("loses", ["end", "beginning", "auto"])
def test_the_oldest_turns_go_first_and_then_the_oldest_words_of_the_last(max_length, kept, lost, loses):
    assert fitted(TURNS, max_length, loses) == (kept, lost)


def test_a_source_without_turns_loses_the_end_that_is_named():
    assert fitted("a b c d", 2, "end") == ("a b", Lost(end=1))
    assert fitted("a b c d", 2, "beginning") == ("c d", Lost(beginning=1))
    assert fitted("a b__eou__c d", 2, "end") == ("a b__eou__c", Lost(end=1))  # a word, and no separator


def test_the_rule_of_before_cuts_the_end_whatever_the_source():
    assert fitted(TURNS, 5, "end-of-turns") == ("a b c __eou__ d", Lost(end=1))


@pytest.mark.parametrize(
    ("source", "max_length", "kept", "lost"),
    [
        ("a b __eou__ c d __eou__", 4, "c d __eou__", Lost(turns=1)),  # as DailyDialog closes each turn
        ("a b __eou__ c d __eou__", 2, "d __eou__", Lost(beginning=1)),
        ("a b c __eou__", 2, "c __eou__", Lost(beginning=1)),
        ("__eou__ a b c", 3, "a b c", Lost(turns=1)),
        ("a __eou__ __eou__ b c", 3, "b c", Lost(turns=1)),
        ("__eou__ __eou__ __eou__", 2, "__eou__ __eou__", Lost(beginning=1)),
    ],
)
def test_separators_at_the_ends_and_side_by_side(source, max_length, kept, lost):
    assert fitted(source, max_length) == (kept, lost)


def test_other_separators():
    assert fitted("a b | c d", 2, separator="|") == ("c d", Lost(turns=1))
    assert fitted("a b.* c d", 2, separator=".*") == ("a b.*", Lost(end=1))


def test_characters_and_subwords_are_cut_at_turns_too():
    tokens, lost = fitted("ab cd __eou__ ef gh", 12, tokenizer=Characters())
    assert ("".join(tokens), lost) == ("ef gh", Lost(turns=1))
    tokens, lost = fitted("ab cd __eou__ ef gh", 3, tokenizer=Characters())
    assert ("".join(tokens), lost) == (" gh", Lost(beginning=1))
    lines = ["my hat is red today", "what colour is green ?", "my hat is green __eou__ what colour is red ?"] * 20
    pieces = make_tokenizer("sentencepiece", lines, vocabulary_size=60)
    alone = pieces.tokenize("what colour is green ?")
    long = " __eou__ ".join(["my hat is red today"] * 4 + ["what colour is green ?"])
    # As if the question had come alone: the same pieces, without the space that stood before it.
    assert fitted(long, len(alone), tokenizer=pieces) == (alone, Lost(turns=1))


@pytest.mark.parametrize("kind", ["bytes", "words"])
def test_a_pretrained_models_tokens_are_cut_at_turns_too(tmp_path, kind):
    pytest.importorskip("tokenizers")
    write_tokenizer(tmp_path / "model", kind)
    tokenizer = read_model_tokenizer(tmp_path / "model")
    alone = tokenizer.tokenize("a dog sleeps")
    assert fitted("the cat runs here __eou__ a dog sleeps", len(alone), tokenizer=tokenizer) == (alone, Lost(turns=1))


def test_what_is_said_names_what_was_lost():
    assert Lost().note(5, "sources", 20) == []
    assert Lost(turns=2).note(5, "sources", 20) == ["2 of 5 sources exceed 20 tokens: their oldest turns are left out."]
    assert Lost(turns=1_000, end=2).note(2_000, "sources", 9) == [
        "1,002 of 2,000 sources exceed 9 tokens: their oldest turns are left out (1,000), their end is cut (2)."
    ]


def test_the_text_decides_what_sources_without_turns_lose():
    assert decided("auto", ["a b", "c"]) == "end"
    assert decided("auto", ["a b", "c __eou__ d"]) == "beginning"
    assert decided("auto", ["a b", "c__eou__ d"]) == "end"
    assert decided("end", ["c __eou__ d"]) == "end"
    with pytest.raises(ConfigError, match=r"data\.source_cut is 'left': choose auto, beginning or end"):
        decided("left", [])


@pytest.mark.parametrize(("source", "first"), [("x y z w", ["x", "y"]), ("x y z __eou__ w", ["w"])])
def test_encoded_sources_are_cut_in_both_splits(source, first):
    corpus = Corpus("small", ["a", "b"], ["a"], [], [], Sources(["x y", source], [source], []))
    text = encode_corpus(corpus, max_source_length=2)
    for split, row in ((text.train, 1), (text.valid, 0)):
        source, mask = split.condition
        assert text.source_vocabulary.decode(source[row][mask[row]].tolist()) == first
    said = "their end is cut" if first == ["x", "y"] else "their oldest turns are left out"
    assert f"1 of 2 training sources exceed 2 tokens: {said}." in text.notes
    assert f"1 of 1 held-out sources exceed 2 tokens: {said}." in text.notes


def test_a_run_keeps_what_its_text_decided(tmp_path):
    path = tmp_path / "mine.tsv"
    path.write_text("".join(f"old {n} __eou__ new {n} ?\tanswer {n}\n" for n in range(40)))
    config = DataConfig(corpus=str(path))
    assert as_read(config, build_text(config)).source_cut == "beginning"
    # Their last turns alone are still the turns of conversations.
    config = DataConfig(corpus=str(path), turns=1, max_source_length=2)
    text = build_text(config)
    assert as_read(config, text).source_cut == "beginning"
    assert text.source_vocabulary.decode(text.train.condition.tokens[0].tolist())[1] == "?"
    path.write_text("".join(f"new {n} ?\tanswer {n}\n" for n in range(40)))
    config = DataConfig(corpus=str(path))
    assert as_read(config, build_text(config)).source_cut == "end"
    path = path.with_suffix(".txt")
    path.write_text("a b\nb a\nc a\n")
    config = DataConfig(corpus=str(path))
    assert as_read(config, build_text(config)).source_cut == "auto"  # no sources: nothing is decided
    with pytest.raises(ConfigError, match=r"data\.source_cut is of sources, and mine is plain text"):
        build_text(DataConfig(corpus=str(path), source_cut="end"))
