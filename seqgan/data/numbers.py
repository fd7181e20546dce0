"""The embedded corpus `numbers`: English number words, alone or in a short sentence, and their German translation.

Each source has exactly one translation, so that whether one is right is a fact. Where the two languages differ is what
a model has to learn: German says the unit before the ten ("twenty one", "ein und zwanzig"), has no "and" behind its
hundreds, says "ein" for one before other words and "eins" at the end, and puts the verb of a perfect tense last ("we
have sold thirty two boats", "wir haben zwei und dreißig boote verkauft"). Compounds are written apart here, as tokens.
"""

import random
from collections.abc import Iterator

from seqgan.data.pairs import Pair
from seqgan.errors import CorpusError

LARGEST = 999_999
"""The largest number that has words."""
ENGLISH = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
GERMAN = (
    *("null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun", "zehn", "elf", "zwölf"),
    *("dreizehn", "vierzehn", "fünfzehn", "sechzehn", "siebzehn", "achtzehn", "neunzehn"),
)
"""The words of the numbers below 20."""
ENGLISH_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
GERMAN_TENS = ("zwanzig", "dreißig", "vierzig", "fünfzig", "sechzig", "siebzig", "achtzig", "neunzig")
"""The words of 20, 30, and so on."""
SUBJECTS = {"i have": "ich habe", "you have": "du hast", "we have": "wir haben", "they have": "sie haben"}
VERBS = {"sold": "verkauft", "seen": "gesehen", "counted": "gezählt", "painted": "gemalt", "found": "gefunden"}
NOUNS = {
    "boats": "boote",
    "houses": "häuser",
    "trees": "bäume",
    "birds": "vögel",
    "stones": "steine",
    "books": "bücher",
}
"""What a sentence is made of: SUBJECT VERB NUMBER NOUN, and in German SUBJECT NUMBER NOUN VERB."""
IN_A_SENTENCE = 0.5
"""Share of the numbers that stand in a sentence."""
ALWAYS_TRAINED = 100
"""The numbers below it are in the training text: their words are what all others are made of."""
MOST_PAIRS = 200_000
"""Pairs that are drawn at most, so that there are always numbers left to draw from."""


def english(number: int) -> str:
    """The English words of 0 to 999,999.

    Raises:
        ValueError: another number.
    """
    _check(number)
    thousands, rest = divmod(number, 1000)
    if not thousands:
        return _english_below_thousand(rest)
    words = f"{_english_below_thousand(thousands)} thousand"
    if rest:
        words += f" {'and ' if rest < 100 else ''}{_english_below_thousand(rest)}"
    return words


def german(number: int) -> str:
    """The German words of 0 to 999,999, with the parts of compounds apart.

    Raises:
        ValueError: another number.
    """
    _check(number)
    thousands, rest = divmod(number, 1000)
    if not thousands:
        return _german_below_thousand(rest)
    before = _german_below_thousand(thousands)
    if thousands % 100 == 1:
        before = before.removesuffix("s")
    return f"{before} tausend {_german_below_thousand(rest)}" if rest else f"{before} tausend"


def parse_english(words: str) -> int | None:
    """The number that English words say; None where they say none, or not as `english` does."""
    tokens = words.split()
    total, part = 0, 0
    for token in tokens:
        if token in ENGLISH:
            part += ENGLISH.index(token)
        elif token in ENGLISH_TENS:
            part += 20 + 10 * ENGLISH_TENS.index(token)
        elif token == "hundred":
            part *= 100
        elif token == "thousand":
            total, part = part * 1000, 0
        elif token != "and":
            return None
    number = total + part
    # What adds up to a number may be said in many wrong ways; the right one is known.
    return number if tokens and 0 <= number <= LARGEST and english(number) == " ".join(tokens) else None


def countable(number: int) -> bool:
    """Whether a noun in the plural stands behind the number in both languages: from 2 on, but not 101, 201, ..."""
    return number > 1 and number % 100 != 1


def translate(source: str) -> str | None:
    """The German of a source; None for what is no source of this corpus."""
    tokens = source.split()
    subject, verb, noun = " ".join(tokens[:2]), " ".join(tokens[2:3]), " ".join(tokens[-1:])
    if subject in SUBJECTS and verb in VERBS and noun in NOUNS:
        number = parse_english(" ".join(tokens[3:-1]))
        if number is None or not countable(number):
            return None
        return f"{SUBJECTS[subject]} {german(number)} {NOUNS[noun]} {VERBS[verb]}"
    number = parse_english(source)
    return None if number is None else german(number)


def is_correct(source: str, target: str) -> bool:
    """Whether `target` is the translation of `source`; white space apart, word by word."""
    translation = translate(source)
    return translation is not None and translation.split() == target.split()


def draw_numbers(sizes: dict[str, int], seed: int) -> dict[str, list[Pair]]:
    """Splits of pairs; no number is in two pairs.

    Numbers of three to six digits are equally frequent, as far as there are enough, and a third of them are rounder
    than chance would have them, so that all the ways of saying zeros are shown.

    Args:
        sizes: pairs of each split, by the split's name; the first one gets the numbers below 100.
        seed: the same seed and sizes give the same splits.

    Raises:
        CorpusError: the sizes have no room for the numbers below 100, or ask for too many.
    """
    if next(iter(sizes.values())) < ALWAYS_TRAINED or min(sizes.values()) < 0 or sum(sizes.values()) > MOST_PAIRS:
        raise CorpusError(
            f"Split sizes {sizes}: expected {ALWAYS_TRAINED} pairs or more in the first, and {MOST_PAIRS:,} or fewer."
        )
    rng = random.Random(seed)
    first = next(iter(sizes))
    numbers = dict.fromkeys(range(ALWAYS_TRAINED))
    for number in _large_numbers(rng):
        numbers[number] = None
        if len(numbers) == sum(sizes.values()):
            break
    large = list(numbers)[ALWAYS_TRAINED:]
    rng.shuffle(large)
    rest = iter(large)
    drawn = {}
    for name, size in sizes.items():
        chosen = list(range(ALWAYS_TRAINED)) if name == first else []
        chosen += [next(rest) for _ in range(size - len(chosen))]
        rng.shuffle(chosen)
        drawn[name] = [_pair(number, rng) for number in chosen]
    return drawn


def _large_numbers(rng: random.Random) -> Iterator[int]:
    while True:
        digits = [rng.randint(1, 9), *(rng.randint(0, 9) for _ in range(rng.randint(2, 5)))]
        if rng.random() < 1 / 3:
            digits[1:] = [digit if rng.random() < 0.5 else 0 for digit in digits[1:]]
        yield int("".join(map(str, digits)))


def _pair(number: int, rng: random.Random) -> Pair:
    source = english(number)
    if countable(number) and rng.random() < IN_A_SENTENCE:
        subject, verb, noun = (rng.choice(list(words)) for words in (SUBJECTS, VERBS, NOUNS))
        source = f"{subject} {verb} {source} {noun}"
    target = translate(source)
    assert target is not None
    return Pair(source, target)


def _check(number: int) -> None:
    if not 0 <= number <= LARGEST:
        raise ValueError(f"{number} has no words here: expected 0 to {LARGEST:,}.")


def _english_below_thousand(number: int) -> str:
    hundreds, rest = divmod(number, 100)
    if hundreds:
        words = f"{ENGLISH[hundreds]} hundred"
        return f"{words} and {_english_below_thousand(rest)}" if rest else words
    if number < 20:
        return ENGLISH[number]
    ten, unit = divmod(number, 10)
    return f"{ENGLISH_TENS[ten - 2]} {ENGLISH[unit]}" if unit else ENGLISH_TENS[ten - 2]


def _german_below_thousand(number: int) -> str:
    hundreds, rest = divmod(number, 100)
    if hundreds:
        words = f"{_german_before_word(hundreds)} hundert"
        return f"{words} {_german_below_thousand(rest)}" if rest else words
    if number < 20:
        return GERMAN[number]
    ten, unit = divmod(number, 10)
    return f"{_german_before_word(unit)} und {GERMAN_TENS[ten - 2]}" if unit else GERMAN_TENS[ten - 2]


def _german_before_word(digit: int) -> str:
    return "ein" if digit == 1 else GERMAN[digit]
