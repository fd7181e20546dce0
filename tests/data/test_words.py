"""Words by Arrow against those of `str.split`."""

import sys
import unicodedata
from collections import Counter

from seqgan.data.vocabulary import Vocabulary
from seqgan.data.words import count_words, encode_words, split_words


def characters():
    """Whatever could be taken for white space, and a share of all others."""
    everything = (chr(number) for number in range(sys.maxunicode + 1) if not 0xD800 <= number < 0xE000)
    for number, character in enumerate(everything):
        odd = unicodedata.category(character)[0] in "ZC" or unicodedata.bidirectional(character) in ("WS", "B", "S")
        if character.isspace() or (odd and number < 0x20000) or number % 97 == 0:
            yield character


def test_white_space_is_what_python_takes_for_it():
    lines = [f"{c}a{c}b{c}{c}c {c}" for c in characters()]
    assert split_words(lines).to_pylist() == [line.split() for line in lines]


LINES = ["a b a", "  é\tb ", "one", "b\u2028b\x1cb", "unseen <unk> \u00adx"]


def test_words_are_counted():
    assert count_words(LINES) == Counter(" ".join(LINES).split())
    assert count_words([]) == {}


def test_words_become_ids_with_an_end_behind_each_line():
    vocabulary = Vocabulary(["b", "é", "a", "<unk>"])
    ids, lengths = encode_words(LINES, vocabulary)
    expected = [[*vocabulary.encode(line.split()), 0] for line in LINES]
    assert ids.tolist() == [number for line in expected for number in line]
    assert lengths.tolist() == list(map(len, expected))
