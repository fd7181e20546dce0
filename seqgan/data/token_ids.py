"""Tokens to ids and back: the kinds of vocabularies.

Two symbols are special, and they are positions and not strings: `end` is id 0 and `unknown` is id 1. Tokens of the
text have the ids from 2 on, so that a token that happens to be spelt "<unk>" is a token like any other. The start
symbol cannot come out of a model and so has no place among the outputs: its id is the number of outputs. There is no
padding symbol: after a sentence's end the end symbol is repeated, and a mask says what is real.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from seqgan.data.unseen import byte_ids
from seqgan.errors import CorpusError

UNKNOWN_TEXT = "<unk>"
"""How the unknown symbol is written in decoded text."""
FIRST_LINE_OF_IDS = "seqgan ids 1"
"""By which the file of `Ids` is known, and their fingerprint."""
FIRST_LINE_OF_PRETRAINED = "seqgan pretrained vocabulary 1"
"""By which the file of a `ModelVocabulary` is known."""
SPECIALS = 2
"""Symbols that are no tokens; the first token's id."""


class Vocabulary:
    """An ordered set of tokens.

    Args:
        tokens: the text's tokens in the order of their ids.

    Raises:
        ValueError: a token occurs twice.
    """

    end: int | None = 0
    unknown: int | None = 1

    unseen: frozenset[int] | None = None
    """Ids that the training text never has, the unknown symbol's among them if it has no unknown words; None where that
    is not known, as of runs made before it was kept. Set once, where the text is encoded."""

    def __init__(self, tokens: Sequence[str]):
        self.tokens = tuple(tokens)
        self._ids = {token: number for number, token in enumerate(self.tokens, start=SPECIALS)}
        if len(self._ids) != len(self.tokens):
            twice = next(token for token, count in Counter(self.tokens).items() if count > 1)
            raise ValueError(f"A vocabulary's tokens are distinct, but {twice!r} was given twice.")

    def __len__(self) -> int:
        """How many symbols can come out of a model: the tokens, the end and the unknown symbol."""
        return SPECIALS + len(self.tokens)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vocabulary) and self.tokens == other.tokens

    def __hash__(self) -> int:
        return hash(self.tokens)

    def fingerprint(self) -> str:
        """Equal for equal vocabularies: weights belong to one order of tokens."""
        return hashlib.sha256("\n".join(self.tokens).encode(errors="surrogatepass")).hexdigest()

    @property
    def start(self) -> int:
        """The id that models are fed first: one beyond those that can come out."""
        return len(self)

    @property
    def not_drawn(self) -> list[int]:
        """Ids that are left out of what is drawn for people: the unknown symbol, and what the training text never has.

        Where the latter is not known, single bytes: a text that a tokenizer of subwords learnt from has characters
        alone, unless it was read from the disk.
        """
        unseen = byte_ids(self.tokens, SPECIALS) if self.unseen is None else self.unseen
        unknown = () if self.unknown is None else (self.unknown,)
        return sorted({*unseen, *unknown})

    @property
    def unknown_in_text(self) -> bool:
        """Whether the training text is known to have the unknown symbol: tokens that the vocabulary leaves out."""
        return self.unseen is not None and self.unknown is not None and self.unknown not in self.unseen

    def encode(self, tokens: Sequence[str]) -> list[int]:
        """Ids of tokens, without an end symbol; of those that are not known, the unknown symbol's."""
        unknown = self.unknown
        assert unknown is not None
        return [self._ids.get(token, unknown) for token in tokens]

    def decode(self, ids: Iterable[int]) -> list[str]:
        """Tokens of ids up to the first end symbol.

        Raises:
            ValueError: an id that no model puts out, the start symbol's for one.
        """
        tokens = []
        for number in ids:
            if number == self.end:
                break
            if not 0 < number < len(self):  # a negative one would count from the back
                raise ValueError(f"The id {number} is none of the {len(self)} symbols of this vocabulary.")
            tokens.append(UNKNOWN_TEXT if number == self.unknown else self.tokens[number - SPECIALS])
        return tokens


def fingerprint_of(vocabulary: Vocabulary, source_vocabulary: Vocabulary | None = None) -> str:
    """Of what the rows of a model's tables stand for: the vocabulary's, or that of both together.

    Args:
        vocabulary: of the sentences.
        source_vocabulary: of their sources; `vocabulary` itself where it is shared, None without sources.
    """
    own = vocabulary.fingerprint()
    if source_vocabulary is None or source_vocabulary is vocabulary:
        return own
    return hashlib.sha256(f"{own}\n{source_vocabulary.fingerprint()}".encode()).hexdigest()


class Ids(Vocabulary):
    """The numbers from 0 to `size` - 1, for sequences that are ids already, such as those of a synthetic oracle.

    Every id is an ordinary token: there is no end symbol and none for what is unknown, so that all sequences have one
    length; and models are fed 0 first, as the oracle of the SeqGAN paper is.

    Args:
        size: how many.
    """

    end = None
    unknown = None

    def __init__(self, size: int):
        super().__init__([str(number) for number in range(size)])

    def __len__(self) -> int:
        return len(self.tokens)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ids) and len(self) == len(other)

    def __hash__(self) -> int:
        return hash(len(self))

    def fingerprint(self) -> str:
        """Equal for equal sizes, and for no vocabulary of tokens."""
        return hashlib.sha256(f"{FIRST_LINE_OF_IDS}\n{len(self)}".encode()).hexdigest()

    @property
    def start(self) -> int:
        """0, an ordinary token."""
        return 0

    def encode(self, tokens: Sequence[str]) -> list[int]:
        """The numbers that the tokens spell.

        Raises:
            CorpusError: one is no number, or none of these.
        """
        for token in tokens:
            if token not in self._ids:
                raise CorpusError(
                    f"{token!r} is not one of the ids 0 to {len(self) - 1}: expected numbers with a space between "
                    "them; with larger ids, set data.max_vocabulary to how many there are."
                )
        return [int(token) for token in tokens]

    def decode(self, ids: Iterable[int]) -> list[str]:
        """The numbers as text.

        Raises:
            ValueError: one is none of these.
        """
        numbers = list(ids)
        for number in numbers:
            if not 0 <= number < len(self):
                raise ValueError(f"The id {number} is none of 0 to {len(self) - 1}.")
        return [str(number) for number in numbers]


class SymbolNumbers(NamedTuple):
    """The numbers that a pretrained model has for what is no text."""

    end: int
    """What ends a sequence."""
    unknown: int | None
    """What stands for what is not known; None where there is no such thing."""
    start: tuple[int, ...]
    """What a model reads before the first token."""
    before: tuple[int, ...] = ()
    """What stands before a text that is read whole."""
    after: tuple[int, ...] = ()
    """What stands behind it."""
    line: tuple[int, ...] = ()
    """What a line feed is: it stands between a prompt and what is written after it."""


class ModelVocabulary(Vocabulary):
    """The tokens of a pretrained model, which has numbers of its own for them: its rows stay where they are.

    Args:
        tokens: the text's tokens in the order of their ids.
        numbers: the model's number of each.
        symbols: and of what is no text.

    Raises:
        ValueError: a token or a number occurs twice.
    """

    def __init__(self, tokens: Sequence[str], numbers: Sequence[int], symbols: SymbolNumbers):
        super().__init__(tokens)
        self.text_numbers, self.symbols = tuple(numbers), symbols
        if len(set(self.text_numbers) | {symbols.end, symbols.unknown}) != len(self.tokens) + 2:
            raise ValueError("The numbers of a pretrained vocabulary are distinct, one a token, and not its symbols'.")

    @property
    def numbers(self) -> tuple[int, ...]:
        """The model's number of each id. What is unknown has that of the end where the model has none for it."""
        unknown = self.symbols.end if self.symbols.unknown is None else self.symbols.unknown
        return (self.symbols.end, unknown, *self.text_numbers)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ModelVocabulary) and self._content() == other._content()

    def __hash__(self) -> int:
        return hash(self._content())

    def fingerprint(self) -> str:
        """Equal for equal tokens with equal numbers."""
        return hashlib.sha256("\n".join(self.lines()).encode(errors="surrogatepass")).hexdigest()

    def lines(self) -> list[str]:
        """Its file, line by line: the format, the symbols, then a number and its token."""
        pairs = zip(self.text_numbers, self.tokens, strict=True)
        symbols = json.dumps(self.symbols._asdict())
        return [FIRST_LINE_OF_PRETRAINED, symbols, *(f"{number} {token}" for number, token in pairs)]

    def _content(self) -> tuple[tuple[str, ...], tuple[int, ...], SymbolNumbers]:
        return self.tokens, self.text_numbers, self.symbols
