"""Whether white space tells the words of a text apart."""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

FEWEST_WORDS = 1.5
"""Mean number of words from which sentences are taken to have several."""
FEW_WORDS = 4
"""Mean number of words below which it is asked whether the script has spaces between words."""
MOST_LABELS = 100
"""Distinct sentences, at most, that are labels where each of them repeats."""
LABEL_REPEATS = 5
"""How often a label occurs on average, at least."""
UNSPACED_SCRIPTS = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR")
"""What the names of letters of scripts begin with that have none."""


def words_in_a_sentence(sentences: Sequence[str]) -> float:
    """The mean number of what white space separates."""
    return sum(len(line.split()) for line in sentences) / len(sentences)


def has_spaces(sentences: Sequence[str]) -> bool:
    """Whether words can be told apart by white space: the sentences have more than one and a half on average."""
    return words_in_a_sentence(sentences) >= FEWEST_WORDS


def is_of_words(sentences: Sequence[str], sources: Sequence[str] = ()) -> bool:
    """Whether sentences are words, or have some: those with white space do; and so do labels, few that repeat, and
    single words that answer sources with several, as an entry of a dictionary does its definition.

    Args:
        sentences: of the training text, or a sample of them.
        sources: theirs, of pairs.
    """
    if has_spaces(sentences):
        return True
    if _is_unspaced(_frequent_words(sentences)):
        return False
    distinct = len(set(sentences))
    if distinct <= MOST_LABELS and len(sentences) >= LABEL_REPEATS * distinct:
        return True
    plain = sum(re.fullmatch(r"[^\W\d_]+(['’-][^\W\d_]+)*", line.strip()) is not None for line in sentences)
    return bool(sources) and has_spaces(sources) and plain > len(sentences) / 2


def why_characters(sentences: Sequence[str], sources: Sequence[str] = ()) -> str:
    """Why characters suit a text better than words do; empty where they do not.

    Args:
        sentences: of the training text, or a sample of them.
        sources: theirs, of pairs.
    """
    if not is_of_words(sentences, sources):
        return "Sentences have no spaces: names, molecules and the like."
    if FEWEST_WORDS <= words_in_a_sentence(sentences) < FEW_WORDS and _is_unspaced(_frequent_words(sentences)):
        return "The script puts no spaces between words."
    return ""


def unspaced_note(tokenizer: str, sentences: Sequence[str], sources: Sequence[str] = ()) -> list[str]:
    """What is said of a text without spaces between words that is to be read as words; nothing of others.

    Args:
        tokenizer: its name.
        sentences: of the training text, or a sample of them.
        sources: theirs, of pairs.
    """
    why = why_characters(sentences, sources) if tokenizer == "words" else ""
    return [f"{why} Words are whole sentences then: --tokenizer characters suits this text."] if why else []


def _frequent_words(sentences: Sequence[str]) -> list[str]:
    counts = Counter(word for line in sentences for word in line.split())
    return [word for word, _ in counts.most_common(20)]


def _is_unspaced(words: Sequence[str]) -> bool:
    """Whether most words begin with a letter of a script without spaces, of those that begin with a letter."""
    letters = [word[0] for word in words if word[0].isalpha()]
    unspaced = [letter for letter in letters if unicodedata.name(letter, "").startswith(UNSPACED_SCRIPTS)]
    return len(unspaced) > len(letters) / 2
