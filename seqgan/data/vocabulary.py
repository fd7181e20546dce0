"""The vocabulary of a text: built from its training sentences, and kept in a text file. `token_ids` has the kinds."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from seqgan.data.token_ids import (
    FIRST_LINE_OF_IDS,
    FIRST_LINE_OF_PRETRAINED,
    SPECIALS,
    UNKNOWN_TEXT,
    Ids,
    ModelVocabulary,
    SymbolNumbers,
    Vocabulary,
    fingerprint_of,
)
from seqgan.errors import CheckpointError, CorpusError
from seqgan.files import read_file, write_file

# What the rest of the package takes from here, wherever it is.
__all__ = [
    "SPECIALS",
    "UNKNOWN_TEXT",
    "Ids",
    "ModelVocabulary",
    "SymbolNumbers",
    "Vocabulary",
    "build_ids",
    "build_vocabulary",
    "fingerprint_of",
    "read_vocabulary",
    "vocabulary_of_counts",
    "write_vocabulary",
]

FIRST_LINE = "seqgan vocabulary 1"
MOST_IDS = 1_000_000
"""Ids that there may be."""


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
        elif isinstance(vocabulary, ModelVocabulary):
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


def _read_pretrained(path: Path, lines: list[str]) -> ModelVocabulary:
    """What stands behind the first line of a pretrained vocabulary's file."""
    try:
        if not lines or lines.pop() != "":
            raise ValueError("the last line has no end, so the file was cut")
        given = json.loads(lines[0])
        pairs = [line.partition(" ") for line in lines[1:]]
        lists = {name: tuple(given[name]) for name in ("start", "before", "after", "line")}
        symbols = SymbolNumbers(end=given["end"], unknown=given["unknown"], **lists)
        return ModelVocabulary([token for _, _, token in pairs], [int(number) for number, _, _ in pairs], symbols)
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise CheckpointError(f"{path} is damaged ({error}): restore the vocabulary from a copy.") from error
