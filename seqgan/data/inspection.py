"""What the data doctor finds out about a corpus: numbers only. See `inspect` for how, and `advice` for the words.

A share is between 0 and 1. A sentence is a line; its length is in tokens of the chosen tokenizer, without the end
symbol that models count.
"""

from dataclasses import asdict, dataclass
from typing import Any

from seqgan.data.odd_characters import Odd


@dataclass(frozen=True)
class Lengths:
    """Tokens of sentences."""

    shortest: int
    mean: float
    longest: int
    percentiles: dict[str, int]
    """By percent: ``"99": 31``."""
    counts: dict[str, int]
    """Sentences of each length."""


@dataclass(frozen=True)
class Split:
    """The sentences of one split."""

    sentences: int
    tokens: int
    distinct_tokens: int
    characters: int
    lengths: Lengths
    copies: int
    """Sentences that occurred before in the same split; of pairs, pairs."""
    near_copies: int
    """Further ones that differ from an earlier one in upper case and white space only."""
    most_repeated: tuple[tuple[str, int], ...]
    """Sentences that occur more than once, with how often, the most frequent first."""


@dataclass(frozen=True)
class Unknown:
    """What of a held-out split the training text does not know."""

    tokens: float
    """Share of its tokens."""
    distinct_tokens: float
    """Share of its distinct tokens."""
    sentences: float
    """Share of its sentences with an unknown token at least."""
    most_frequent: tuple[tuple[str, int], ...]
    """Unknown tokens with how often they occur."""


@dataclass(frozen=True)
class Threshold:
    """What `data.min_count` would keep."""

    min_count: int
    vocabulary: int
    """Distinct tokens that are frequent enough."""
    unknown: dict[str, float]
    """Share of the tokens of each split that would be unknown."""


@dataclass(frozen=True)
class Growth:
    """How the vocabulary grows with the text: after n tokens about ``scale * n ** exponent`` distinct ones (Heaps).

    An exponent near 1 means that new tokens never stop to come; near 0, that all were seen early.
    """

    tokens: tuple[int, ...]
    distinct: tuple[int, ...]
    exponent: float
    scale: float


@dataclass(frozen=True)
class Leak:
    """Sentences of one split that stand in another; of texts of pairs, pairs."""

    split: str
    of: str
    """The split that they are also in."""
    sentences: int
    share: float
    """Of the first split's sentences."""
    near: int
    """Further ones that differ in upper case and white space only."""
    examples: tuple[str, ...]


@dataclass(frozen=True)
class Alike:
    """Two splits that are one."""

    first: str
    second: str
    byte_for_byte: bool
    """Whether the files are known to be the same; else the same sentences in the same order."""
    files: tuple[str, ...]


@dataclass(frozen=True)
class Punctuation:
    """Marks that stick to words, so that ``dog`` and ``dog,`` are two tokens. For words alone."""

    tokens: int
    share: float
    """Of the training text's tokens."""
    both: int
    """Distinct words that occur with a mark and without."""
    examples: tuple[str, ...]


@dataclass(frozen=True)
class Pairs:
    """Sources beside their targets, for texts of pairs."""

    splits: dict[str, Lengths]
    """Lengths of the sources."""
    length_ratio: float
    """Tokens of the training targets over those of their sources."""
    identical: dict[str, int]
    """Pairs of each split whose source is their target."""
    distinct_tokens: dict[str, int]
    """Of the sources of each split."""
    unknown: dict[str, float]
    """Share of the tokens of each held-out split's sources that the training sources do not know."""
    known: dict[str, int]
    """Sources of each held-out split that are also training sources, whatever their targets are."""
    targets: dict[str, int]
    """Targets of each held-out split that are also training targets, whatever their sources are."""
    conversations: bool = False
    """Whether training sources have turns: too long ones then lose their oldest turns, and others their beginning."""


@dataclass(frozen=True)
class Inspection:
    """All that was found."""

    name: str
    tokenizer: str
    notes: tuple[str, ...]
    """How the text was read."""
    splits: dict[str, Split]
    vocabulary: int
    """Distinct tokens of the training text."""
    once: int
    """Of them, those that occur once."""
    frequent: tuple[tuple[str, int], ...]
    """The most frequent ones."""
    words_in_a_sentence: float
    """Mean number of what white space separates, whatever the tokenizer is."""
    why_characters: str
    """Why characters suit the text better than words do; empty where they do not."""
    numbers_alone: bool
    """Whether every training token is a number, and all sentences have one length."""
    growth: Growth
    thresholds: tuple[Threshold, ...]
    unknown: dict[str, Unknown]
    leaks: tuple[Leak, ...]
    alike: tuple[Alike, ...]
    odd: tuple[Odd, ...]
    mixed_scripts: tuple[str, ...]
    """Distinct tokens with letters of scripts that look alike."""
    mixed_scripts_count: int
    punctuation: Punctuation
    pairs: Pairs | None
    split_off: bool = False
    """Whether the validation text was split off the training text."""

    def to_json(self) -> dict[str, Any]:
        """As plain containers."""
        return asdict(self)
