"""Tokens to ids and back, and the vocabulary's text file.

Two symbols are special, and they are positions and not strings: `end` is id 0 and `unknown` is id 1. Tokens of the
text have the ids from 2 on, so that a token that happens to be spelt "<unk>" is a token like any other. The start
symbol cannot come out of a model and so has no place among the outputs: its id is the number of outputs. There is no
padding symbol: after a sentence's end the end symbol is repeated, and a mask says what is real.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from seqgan.data.unseen import byte_ids
from seqgan.errors import CheckpointError, CorpusError
from seqgan.files import read_file, write_file

UNKNOWN_TEXT = "<unk>"
"""How the unknown symbol is written in decoded text."""
FIRST_LINE = "seqgan vocabulary 1"
FIRST_LINE_OF_IDS = "seqgan ids 1"
FIRST_LINE_OF_PRETRAINED = "seqgan pretrained vocabulary 1"
SPECIALS = 2
MOST_IDS = 1_000_000
"""Ids that there may be."""


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


class PretrainedVocabulary(Vocabulary):
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
        return isinstance(other, PretrainedVocabulary) and self._content() == other._content()

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


def build_ids(
    sentences: Sequence[Sequence[str]],
    size: int | None = None,
    place: Callable[[int], str] = "Training sequence {}".format,
) -> Ids:
    """The ids up to the largest in some sequences.

    Args:
        sentences: of the training text.
        size: how many ids there are, where the text may not show the last ones.
        place: where the sequence of a number, from 1, stands, for messages.

    Raises:
        CorpusError: not numbers, or of several lengths.
    """
    for number, tokens in enumerate(sentences, start=1):
        wrong = next((token for token in tokens if not re.fullmatch("0|[1-9][0-9]{0,8}", token)), None)
        if wrong is not None:
            raise CorpusError(
                f"{place(number)}: {wrong!r} is no id. Give numbers from 0 on with a space between them, or "
                "use --tokenizer words."
            )
        if len(tokens) != len(sentences[0]):
            raise CorpusError(
                f"{place(number)} has {len(tokens)} ids and {place(1)} has {len(sentences[0])}: ids have no "
                "end symbol, so that all sequences need one length. Use --tokenizer words for others."
            )
    largest = max((int(token) for tokens in sentences for token in tokens), default=0)
    if size is None and largest >= MOST_IDS:
        raise CorpusError(
            f"The largest id is {largest:,}, and a model with a row for each up to it would not fit: number them "
            "from 0 on, or use --tokenizer words."
        )
    if size is not None and size > MOST_IDS:
        raise CorpusError(f"data.max_vocabulary asks for {size:,} ids, and there may be {MOST_IDS:,}: give fewer.")
    return Ids(size or max(2, largest + 1))


def build_vocabulary(sentences: Iterable[Sequence[str]], min_count: int = 1, max_size: int | None = None) -> Vocabulary:
    """The tokens of some sentences, the most frequent first, ties in alphabetical order.

    Args:
        sentences: of the training text only.
        min_count: rarer tokens are left out.
        max_size: tokens that are kept at most; None keeps all.

    Raises:
        CorpusError: fewer than two tokens remain: there is nothing to learn.
    """
    counts = Counter(token for sentence in sentences for token in sentence)
    return vocabulary_of_counts(counts, min_count=min_count, max_size=max_size)


def vocabulary_of_counts(counts: Mapping[str, int], min_count: int = 1, max_size: int | None = None) -> Vocabulary:
    """`build_vocabulary` where the tokens have been counted.

    Raises:
        CorpusError: fewer than two tokens remain: there is nothing to learn.
    """
    frequent = sorted((-count, token) for token, count in counts.items() if count >= min_count)
    tokens = [token for _, token in frequent[:max_size]]
    if len(tokens) < 2:
        kept = f"the only token kept is {tokens[0]!r}" if tokens else "no token is kept"
        raise CorpusError(
            f"Nothing to learn: of {len(counts):,} distinct tokens, {kept}. Check the text, the tokenizer, "
            "data.min_count and data.max_vocabulary."
        )
    return Vocabulary(tokens)


def write_vocabulary(vocabulary: Vocabulary, path: Path) -> None:
    """Write a token a line, after a line that names the format. UTF-8; tokens may hold anything but a line feed.

    Raises:
        CorpusError: a token holds a line feed, or half of a surrogate pair, which UTF-8 cannot write.
    """
    for token in vocabulary.tokens:
        if "\n" in token:
            raise CorpusError(
                f"The token {token!r} holds a line feed, but a vocabulary file has a token a line. Split the text at "
                "line feeds first."
            )
    try:
        lines = [FIRST_LINE, *vocabulary.tokens]
        if isinstance(vocabulary, Ids):
            lines = [FIRST_LINE_OF_IDS, str(len(vocabulary))]
        elif isinstance(vocabulary, PretrainedVocabulary):
            lines = vocabulary.lines()
        content = "".join(f"{line}\n" for line in lines).encode()
    except UnicodeEncodeError as error:
        found = error.object[error.start]
        raise CorpusError(
            f"A token holds {found!r}, half of a surrogate pair and no character. Decode the text as UTF-8."
        ) from error
    write_file(path, content)


def read_vocabulary(path: Path) -> Vocabulary:
    """Read what `write_vocabulary` wrote.

    Raises:
        CheckpointError: no such file, or damaged; says the line.
    """
    try:
        text = read_file(path).decode()
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}. Restore it from a copy.") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise CheckpointError(f"{path}, line {line}: not UTF-8. Restore the vocabulary from a copy.") from error
    first, *tokens = text.split("\n")  # not splitlines(): a token may be a line separator of another kind
    if first == FIRST_LINE_OF_IDS and len(tokens) == 2 and re.fullmatch("[0-9]{1,9}", tokens[0]):
        if 1 < int(tokens[0]) <= MOST_IDS:
            return Ids(int(tokens[0]))
        raise CheckpointError(f"{path}, line 2: {tokens[0]} ids, expected 2 to {MOST_IDS:,}. Restore it from a copy.")
    if first == FIRST_LINE_OF_PRETRAINED:
        return _read_pretrained(path, tokens)
    newer = re.fullmatch(r"seqgan (?:ids|vocabulary|pretrained vocabulary) ([0-9]{1,9})", first)
    if newer is not None and int(newer[1]) > 1:
        raise CheckpointError(
            f"{path} is of format {newer[1]}, and this version of seqgan reads format 1: use the newer version that "
            "wrote it."
        )
    if first != FIRST_LINE:
        raise CheckpointError(f"{path}, line 1: found {first[:40]!r}, expected {FIRST_LINE!r}: this is no vocabulary.")
    if not tokens or tokens.pop() != "":
        raise CheckpointError(f"{path}: the last line has no end, so the file was cut. Restore it from a copy.")
    seen: dict[str, int] = {}
    for number, token in enumerate(tokens, start=2):
        if token in seen:
            raise CheckpointError(f"{path}, line {number}: {token!r} stands in line {seen[token]} already.")
        seen[token] = number
    return Vocabulary(tokens)


def _read_pretrained(path: Path, lines: list[str]) -> PretrainedVocabulary:
    """What stands behind the first line of a pretrained vocabulary's file."""
    try:
        if not lines or lines.pop() != "":
            raise ValueError("the last line has no end, so the file was cut")
        given = json.loads(lines[0])
        pairs = [line.partition(" ") for line in lines[1:]]
        lists = {name: tuple(given[name]) for name in ("start", "before", "after", "line")}
        symbols = SymbolNumbers(end=given["end"], unknown=given["unknown"], **lists)
        return PretrainedVocabulary([token for _, _, token in pairs], [int(number) for number, _, _ in pairs], symbols)
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise CheckpointError(f"{path} is damaged ({error}): restore the vocabulary from a copy.") from error
