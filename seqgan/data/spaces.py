"""Whether white space tells the words of a text apart."""

import unicodedata
from collections import Counter
from collections.abc import Sequence

FEWEST_WORDS = 1.5
"""Mean number of words from which sentences are taken to have several."""
FEW_WORDS = 4
"""Mean number of words below which it is asked whether the script has spaces between words."""
UNSPACED_SCRIPTS = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR")
"""What the names of letters of scripts begin with that have none."""


def words_in_a_sentence(sentences: Sequence[str]) -> float:
    """The mean number of what white space separates."""
    return sum(len(line.split()) for line in sentences) / len(sentences)


def has_spaces(sentences: Sequence[str]) -> bool:
    """Whether words can be told apart by white space: the sentences have more than one and a half on average."""
    return words_in_a_sentence(sentences) >= FEWEST_WORDS


def why_characters(words: float, frequent: Sequence[str]) -> str:
    """Why characters suit a text better than words do; empty where they do not.

    Args:
        words: the mean number in a sentence.
        frequent: the most frequent tokens.
    """
    if words < FEWEST_WORDS:
        return "Sentences have no spaces: names, molecules and the like."
    letters = [token[0] for token in frequent if token[0].isalpha()]
    unspaced = [letter for letter in letters if unicodedata.name(letter, "").startswith(UNSPACED_SCRIPTS)]
    if words < FEW_WORDS and letters and len(unspaced) > len(letters) / 2:
        return "The script puts no spaces between words."
    return ""


def unspaced_note(tokenizer: str, sentences: Sequence[str]) -> list[str]:
    """What is said of a text without spaces between words that is to be read as words; nothing of others.

    Args:
        tokenizer: its name.
        sentences: of the training text, or a sample of them.
    """
    if tokenizer != "words":
        return []
    counts = Counter(word for line in sentences for word in line.split())
    frequent = [word for word, _ in counts.most_common(20)]
    why = why_characters(words_in_a_sentence(sentences), frequent)
    return [f"{why} Words are whole sentences then: --tokenizer characters suits this text."] if why else []
