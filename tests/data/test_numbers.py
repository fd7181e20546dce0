import random

import pytest

from seqgan.data.numbers import LARGEST, countable, draw_numbers, english, german, is_correct, parse_english, translate
from seqgan.errors import CorpusError

BY_HAND = {
    0: ("zero", "null"),
    1: ("one", "eins"),
    12: ("twelve", "zwölf"),
    16: ("sixteen", "sechzehn"),
    17: ("seventeen", "siebzehn"),
    20: ("twenty", "zwanzig"),
    21: ("twenty one", "ein und zwanzig"),
    30: ("thirty", "dreißig"),
    66: ("sixty six", "sechs und sechzig"),
    77: ("seventy seven", "sieben und siebzig"),
    100: ("one hundred", "ein hundert"),
    101: ("one hundred and one", "ein hundert eins"),
    342: ("three hundred and forty two", "drei hundert zwei und vierzig"),
    1000: ("one thousand", "ein tausend"),
    1001: ("one thousand and one", "ein tausend eins"),
    5020: ("five thousand and twenty", "fünf tausend zwanzig"),
    21_000: ("twenty one thousand", "ein und zwanzig tausend"),
    101_000: ("one hundred and one thousand", "ein hundert ein tausend"),
    101_101: ("one hundred and one thousand one hundred and one", "ein hundert ein tausend ein hundert eins"),
    111_011: ("one hundred and eleven thousand and eleven", "ein hundert elf tausend elf"),
    342_105: (
        "three hundred and forty two thousand one hundred and five",
        "drei hundert zwei und vierzig tausend ein hundert fünf",
    ),
    999_999: (
        "nine hundred and ninety nine thousand nine hundred and ninety nine",
        "neun hundert neun und neunzig tausend neun hundert neun und neunzig",
    ),
}
VALUES = {
    "null": 0,
    "ein": 1,
    "eins": 1,
    "zwei": 2,
    "drei": 3,
    "vier": 4,
    "fünf": 5,
    "sechs": 6,
    "sieben": 7,
    "acht": 8,
}
VALUES |= {"neun": 9, "zehn": 10, "elf": 11, "zwölf": 12, "dreizehn": 13, "vierzehn": 14, "fünfzehn": 15}
VALUES |= {"sechzehn": 16, "siebzehn": 17, "achtzehn": 18, "neunzehn": 19, "zwanzig": 20, "dreißig": 30, "vierzig": 40}
VALUES |= {"fünfzig": 50, "sechzig": 60, "siebzig": 70, "achtzig": 80, "neunzig": 90}


def value_of(words: str) -> int:
    """What German number words say: split at the largest word, and add up."""
    tokens = words.split()
    for word, factor in (("tausend", 1000), ("hundert", 100)):
        if word in tokens:
            before, after = " ".join(tokens[: tokens.index(word)]), " ".join(tokens[tokens.index(word) + 1 :])
            return factor * value_of(before) + (value_of(after) if after else 0)
    if "und" in tokens:
        unit, und, ten = tokens
        assert und == "und"
        return VALUES[unit] + VALUES[ten]
    (word,) = tokens
    return VALUES[word]


@pytest.mark.parametrize(("number", "words"), BY_HAND.items())
def test_numbers_are_said_as_people_say_them(number, words):
    assert (english(number), german(number)) == words
    assert parse_english(words[0]) == number
    assert value_of(words[1]) == number


def test_every_number_comes_back_from_both_languages():
    rng = random.Random(0)
    for number in [*range(2_100), *rng.sample(range(LARGEST + 1), 3_000)]:
        assert parse_english(english(number)) == number
        assert value_of(german(number)) == number
        # One is "eins" at the end, and "ein" before every other word.
        assert "eins" not in german(number).split()[:-1]
        assert german(number).split()[-1] != "ein"
        assert "and" not in german(number).split()


def test_no_two_numbers_have_the_same_words():
    numbers = range(0, 1_000_000, 97)
    assert len({english(number) for number in numbers}) == len({german(number) for number in numbers}) == len(numbers)


@pytest.mark.parametrize(
    "words",
    [
        *("", "and", "one two", "hundred", "twenty and one", "twenty eleven", "one hundred one", "two and thirty"),
        *(
            "one thousand five hundred thousand",
            "thousand",
            "zero hundred",
            "one hundred and zero",
            "a hundred",
            "eins",
        ),
        *("one thousand five", "ten hundred", "one thousand and one hundred", "one thousand thousand", "eins"),
    ],
)
def test_what_is_no_number_is_not_read(words):
    assert parse_english(words) is None


@pytest.mark.parametrize("number", [-1, 1_000_000])
def test_numbers_without_words_are_refused(number):
    for language in (english, german):
        with pytest.raises(ValueError, match=f"{number} has no words here: expected 0 to 999,999"):
            language(number)


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("we have sold thirty two boats", "wir haben zwei und dreißig boote verkauft"),
        ("i have counted one hundred trees", "ich habe ein hundert bäume gezählt"),
        ("they have painted two thousand houses", "sie haben zwei tausend häuser gemalt"),
        ("  twenty  one ", "ein und zwanzig"),
    ],
)
def test_sentences_are_translated_with_the_verb_last(source, target):
    assert translate(source) == target
    assert is_correct(source, target)
    assert is_correct(source, f" {target.replace(' ', '  ')}")
    words = target.split()
    for wrong in (words[::-1], words[:-1], [*words, words[-1]], []):
        assert not is_correct(source, " ".join(wrong))


@pytest.mark.parametrize(
    "source",
    [
        "we have sold one boats",
        "we have sold one hundred and one boats",
        "we have sold boats",
        "we sold two boats",
        "hi",
    ],
)
def test_what_is_no_source_has_no_translation(source):
    assert translate(source) is None
    assert not is_correct(source, "")


def test_nouns_stand_in_the_plural():
    assert [number for number in range(203) if not countable(number)] == [0, 1, 101, 201]


def test_splits_share_no_number_and_hold_right_pairs():
    splits = draw_numbers({"train": 900, "valid": 100, "test": 100}, seed=3)
    assert {name: len(pairs) for name, pairs in splits.items()} == {"train": 900, "valid": 100, "test": 100}
    assert all(is_correct(*pair) for pairs in splits.values() for pair in pairs)

    def numbers(split):
        words = [pair.source.split() for pair in splits[split]]
        return [parse_english(" ".join(each[3:-1] if "have" in each else each)) for each in words]

    drawn = [number for split in splits for number in numbers(split)]
    assert len(set(drawn)) == len(drawn) == 1_100
    assert set(range(100)) <= set(numbers("train"))
    in_sentences = sum(" have " in pair.source for pairs in splits.values() for pair in pairs)
    assert 0.4 < in_sentences / 1_100 < 0.6
    assert draw_numbers({"train": 900, "valid": 100, "test": 100}, seed=3) == splits
    assert draw_numbers({"train": 900, "valid": 100, "test": 100}, seed=4) != splits


@pytest.mark.parametrize("sizes", [{"train": 99}, {"train": 100, "test": -1}, {"train": 300_000}])
def test_sizes_that_cannot_be_drawn_are_refused(sizes):
    with pytest.raises(CorpusError, match="expected 100 pairs or more in the first"):
        draw_numbers(sizes, seed=0)
