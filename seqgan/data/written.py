"""From ids to lines: what a model wrote is one line of text for every reader, whatever its symbols are.

Symbols that are parts of characters may come in an order that makes none; and a text may hold characters at which some
readers end a line, though `seqgan.data.lines` does not.
"""

import unicodedata
from collections.abc import Sequence

from seqgan.data.lines import count
from seqgan.data.odd_characters import REPLACEMENT
from seqgan.data.token_ids import UNKNOWN_TEXT, Vocabulary
from seqgan.data.tokenizers import Tokenizer
from seqgan.progress import Progress

SPACES = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029" + "\t\0"
"""What becomes a space: where `str.splitlines` ends a line, and no other reader does elsewhere; and what no line of a
plain text may hold, see `seqgan.data.lines`."""


def line_of(tokenizer: Tokenizer, tokens: Sequence[str]) -> str:
    """The line that has these tokens, for every reader of lines.

    A character that ends a line somewhere, a tab and a NUL become a space. Bytes that make no character, and control
    characters that bytes make, are left out; a token that is, or holds, such a character keeps it.
    """
    text = tokenizer.detokenize(tokens)
    if text.isprintable() and REPLACEMENT not in text:
        return text
    held = set().union(*tokens)
    text = text.translate(dict.fromkeys(map(ord, SPACES), " "))
    return "".join(character for character in text if character in held or not _made_of_bytes(character))


def _made_of_bytes(character: str) -> bool:
    """Whether a character, where no token holds it, is no more than what single bytes came to."""
    return character == REPLACEMENT or unicodedata.category(character) == "Cc"


class Writer:
    """Turns what a model wrote into lines, and counts what a reader should know of them.

    Args:
        tokenizer: tokens to text.
        vocabulary: ids to tokens.
    """

    def __init__(self, tokenizer: Tokenizer, vocabulary: Vocabulary):
        self._tokenizer = tokenizer
        self._vocabulary = vocabulary
        self.lines = self.unknown = self.changed = 0

    def line(self, ids: Sequence[int]) -> str:
        """The line of some ids, up to the first end symbol."""
        tokens = self._vocabulary.decode(ids)
        line = line_of(self._tokenizer, tokens)
        self.lines += 1
        self.unknown += self._vocabulary.unknown in ids[: len(tokens)]
        self.changed += line != self._tokenizer.detokenize(tokens)
        return line

    def tell(self, progress: Progress) -> None:
        """Say what is to be said of all lines so far."""
        lines = count(self.lines, "line")
        if self.unknown:
            progress.note(f"The unknown symbol, {UNKNOWN_TEXT}, stands in {self.unknown:,} of {lines}.")
        if self.changed:
            progress.note(
                f"{self.changed:,} of {lines} changed, so that each is a line of text: a space stands for a line "
                "separator or tab, and nothing for bytes that make no character."
            )
