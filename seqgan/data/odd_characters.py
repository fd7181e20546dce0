"""Characters that a text is seldom meant to hold: invisible ones, remains of encodings, letters of two scripts."""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

ZERO_WIDTH = "\u00ad\u180e\u200b\u200c\u200d\u2060"
"""Soft hyphen, Mongolian vowel separator, zero-width space, non-joiner and joiner, word joiner."""
DIRECTION = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""Marks, embeddings, overrides and isolates of the bidirectional algorithm."""
BYTE_ORDER_MARK, REPLACEMENT = "\ufeff", "\ufffd"

KINDS: Mapping[str, Callable[[str], bool]] = {
    "replacement character": lambda c: c == REPLACEMENT,
    "byte-order mark inside": lambda c: c == BYTE_ORDER_MARK,
    "direction control": lambda c: c in DIRECTION,
    "zero-width character": lambda c: c in ZERO_WIDTH,
    "control character": lambda c: unicodedata.category(c) in ("Cc", "Zl", "Zp"),
    "private-use character": lambda c: unicodedata.category(c) == "Co",
    "surrogate": lambda c: unicodedata.category(c) == "Cs",
    "unassigned character": lambda c: unicodedata.category(c) == "Cn",
    "unusual space": lambda c: unicodedata.category(c) == "Zs" and c != " ",
}
"""What a character is the first of."""

# UTF-8 that was once read as Latin-1 or Windows-1252: a lead byte's letter, then what continuation bytes look like.
MOJIBAKE = re.compile("[ÃÂ][\u0080-\u00bf]|[ÐÑ][\u0080-\u00bf][ÐÑ]|â€[\u0080-\u00bf\u2018-\u203a\u0153\u2122\u02dc]")

EXCERPT = 24
"""Characters of a sentence that are shown on either side of what was found in it."""


@dataclass(frozen=True)
class Odd:
    """One kind of odd character in a text."""

    kind: str
    """Which."""
    count: int
    """How often it occurs; of mixed words and forms that are not composed, in how many words or sentences."""
    sentences: int
    """In how many sentences."""
    characters: tuple[str, ...]
    """Which ones, the most frequent first, at most five: ``U+00A0 NO-BREAK SPACE``."""
    where: str
    """The first sentence: ``train 17``."""
    example: str
    """An excerpt of it; not escaped."""


def kind_of(character: str) -> str | None:
    """Which kind of odd a character is; None for an ordinary one."""
    return next((kind for kind, holds in KINDS.items() if holds(character)), None)


def odd_characters(splits: Mapping[str, Sequence[str]]) -> list[Odd]:
    """All kinds of odd characters that some sentences hold.

    Args:
        splits: sentences by the name of their split.
    """
    counts: Counter[str] = Counter()
    for sentences in splits.values():
        # All at once: a call for each sentence would take several times as long.
        counts.update("".join(sentences))
    found: dict[str, list[str]] = {}
    for character, _ in counts.most_common():
        kind = kind_of(character)
        if kind is not None:
            found.setdefault(kind, []).append(character)
    odd = []
    for kind in KINDS:
        characters = found.get(kind, [])
        if characters:
            pattern = re.compile(f"[{re.escape(''.join(characters))}]")
            in_sentences, where, example = _places(splits, pattern)
            total = sum(counts[character] for character in characters)
            odd.append(Odd(kind, total, in_sentences, tuple(map(described, characters[:5])), where, example))
    if counts.keys() & set("ÃÂÐÑâ"):
        in_sentences, where, example = _places(splits, MOJIBAKE)
        if in_sentences:
            total = sum(len(MOJIBAKE.findall(line)) for lines in splits.values() for line in lines)
            odd.append(Odd("wrongly decoded UTF-8", total, in_sentences, (), where, example))
    return [*odd, *_not_composed(splits)]


def described(character: str) -> str:
    """A character's code point and name: ``U+00A0 NO-BREAK SPACE``."""
    name = unicodedata.name(character, unicodedata.category(character))
    return f"U+{ord(character):04X} {name}"


def script_of(letter: str) -> str:
    """The script of a letter, as the first word of its Unicode name: ``LATIN``, ``CYRILLIC``, ``CJK``."""
    return unicodedata.name(letter, "UNKNOWN").split()[0].split("-")[0]


def mixed_scripts(tokens: Iterable[str]) -> list[str]:
    """The tokens whose letters look alike and come from two of the scripts that are mistaken for one another."""
    alike = {"LATIN", "CYRILLIC", "GREEK"}
    mixed = []
    for token in tokens:
        if not token.isascii():
            scripts = {script_of(character) for character in token if character.isalpha()}
            if len(scripts & alike) > 1:
                mixed.append(token)
    return mixed


def _places(splits: Mapping[str, Sequence[str]], pattern: re.Pattern[str]) -> tuple[int, str, str]:
    """How many sentences hold the pattern, the place of the first, and an excerpt of it."""
    count, where, example = 0, "", ""
    for split, sentences in splits.items():
        for number, line in enumerate(sentences, start=1):
            match = pattern.search(line)
            if match is not None:
                count += 1
                if not where:
                    where = f"{split} {number}"
                    example = line[max(0, match.start() - EXCERPT) : match.end() + EXCERPT]
    return count, where, example


def _not_composed(splits: Mapping[str, Sequence[str]]) -> list[Odd]:
    """Sentences that are not in Unicode's composed form: the same letter may then be written in two ways."""
    count, where, example = 0, "", ""
    for split, sentences in splits.items():
        for number, line in enumerate(sentences, start=1):
            if not line.isascii() and not unicodedata.is_normalized("NFC", line):
                count += 1
                if not where:
                    composed = unicodedata.normalize("NFC", line)
                    start = next((i for i, (a, b) in enumerate(zip(line, composed, strict=False)) if a != b), 0)
                    where, example = f"{split} {number}", line[max(0, start - EXCERPT) : start + EXCERPT]
    return [Odd("not composed (NFC)", count, count, (), where, example)] if count else []
