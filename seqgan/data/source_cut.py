"""Sources that are longer than a model reads: which part of them it is given.

Of a conversation the newest turns are kept, since what is asked stands there. Each source is cut as text, turn by turn,
and tokenized again, so that what is left is what a shorter source would have been.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from seqgan.data.pairs import TURN_SEPARATOR
from seqgan.data.tokenizers import Tokenizer
from seqgan.errors import ConfigError

ENDS = ("auto", "beginning", "end", "end-of-turns")
"""What the rule may be called; see `SourceCut`."""


class SourceCut(NamedTuple):
    """What a source loses that has more tokens than it may.

    One with turns loses its oldest turns, whole ones, as many as it takes. Where its last turn alone is too long, it
    loses the beginning of that: its newest tokens are kept. One without turns loses the end that is named.
    """

    loses: str = "end"
    """Of a source without turns: its end, or its beginning. Or end-of-turns, the rule of runs made before: the end, of
    any source, turns or not."""
    separator: str = TURN_SEPARATOR
    """The token between turns."""


class Lost(NamedTuple):
    """How many sources lost what; those that fit are not among them."""

    turns: int = 0
    """Their oldest turns, whole ones."""
    beginning: int = 0
    """Their beginning, that of their last turn if they had several."""
    end: int = 0
    """Their end."""

    @property
    def sources(self) -> int:
        """How many lost something."""
        return sum(self)

    def note(self, of: int, noun: str, max_length: int) -> list[str]:
        """What is said of it; nothing where no source was cut.

        Args:
            of: sources in all.
            noun: what they are.
            max_length: that was exceeded.
        """
        what = ("their oldest turns are left out", "their beginning is cut", "their end is cut")
        kinds = [(each, number) for each, number in zip(what, self, strict=True) if number]
        if not kinds:
            return []
        said = kinds[0][0] if len(kinds) == 1 else ", ".join(f"{each} ({number:,})" for each, number in kinds)
        return [f"{self.sources:,} of {of:,} {noun} exceed {max_length} tokens: {said}."]


def decided(loses: str, sources: Sequence[str], separator: str = TURN_SEPARATOR) -> str:
    """What sources without turns lose, where it is left to the text: of a corpus of conversations, in which a source
    without a separator is a single turn, their beginning; of others, such as sentences to translate, their end.

    Args:
        loses: one of `ENDS`; all but "auto" are returned as they are.
        sources: of the training text.
        separator: the token between turns.

    Raises:
        ConfigError: none of `ENDS`.
    """
    if loses not in ENDS:
        raise ConfigError(f"data.source_cut is {loses!r}: choose auto, beginning or end.")
    if loses != "auto":
        return loses
    # A separator alone is a source that says nothing, in a text of any kind.
    spoken = any(separator in source and source != separator and _separators(source, separator) for source in sources)
    return "beginning" if spoken else "end"


def fit_sources(
    sources: Sequence[str],
    tokenizer: Tokenizer,
    max_length: int,
    cut: SourceCut,
    tokens: Sequence[list[str]] | None = None,
) -> tuple[list[list[str]], Lost]:
    """The tokens of sources, at most `max_length` of each, and what was lost.

    Args:
        sources: as text.
        tokenizer: of them.
        max_length: most tokens that are kept.
        cut: how.
        tokens: of the whole sources, where they are there already.
    """
    fitted, lost = [], [0, 0, 0]
    for number, source in enumerate(sources):
        whole = tokenizer.tokenize(source) if tokens is None else tokens[number]
        if len(whole) > max_length > 0:  # `encode_sources` refuses a limit of 0
            kept, kind = _fit(source, whole, tokenizer, max_length, cut)
            lost[kind] += 1
            fitted.append(kept)
        else:
            fitted.append(whole)
    return fitted, Lost(*lost)


def _fit(
    source: str, tokens: list[str], tokenizer: Tokenizer, max_length: int, cut: SourceCut
) -> tuple[list[str], int]:
    """What is kept of a source that is too long, and the place in `Lost` where it is counted."""
    separators = [] if cut.loses == "end-of-turns" else _separators(source, cut.separator)
    if not separators:
        return (tokens[-max_length:], 1) if cut.loses == "beginning" else (tokens[:max_length], 2)
    kept: list[str] = []
    starts = _turn_starts(source, separators)
    for start in reversed(starts):
        newer = tokenizer.tokenize(source[start:])
        if len(newer) > max_length:
            break
        kept = newer
    if kept:
        return kept, 0
    newest = tokenizer.tokenize(source[starts[-1] :]) if starts else tokens
    return newest[-max_length:], 1


def _turn_starts(source: str, separators: Sequence[re.Match[str]]) -> list[int]:
    """Where the first word of each turn is; what has no word between two separators is no turn."""
    starts = [0, *(found.end() for found in separators)]
    stops = [*(found.start() for found in separators), len(source)]
    turns = [(start, source[start:stop]) for start, stop in zip(starts, stops, strict=True)]
    return [start + len(turn) - len(turn.lstrip()) for start, turn in turns if turn.strip()]


def _separators(source: str, separator: str) -> list[re.Match[str]]:
    return list(re.finditer(rf"(?<!\S){re.escape(separator)}(?!\S)", source))
