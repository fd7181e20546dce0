"""The embedded corpora by name: plain text from grammars, and sentence pairs from rules."""

from collections.abc import Callable
from typing import NamedTuple

from seqgan.data.answers import draw_answers, fits
from seqgan.data.folders import Splits
from seqgan.data.grammar import draw_splits, load_grammar
from seqgan.data.grammar import embedded_corpora as embedded_grammars
from seqgan.data.numbers import draw_numbers, is_correct
from seqgan.data.pairs import Pair

EMBEDDED_SIZES = {"train": 10_000, "valid": 1_000, "test": 1_000}
"""What is drawn of each, always with the same seed: everybody has the same corpus."""


class PairRules(NamedTuple):
    """An embedded corpus of pairs."""

    draw: Callable[[dict[str, int], int], dict[str, list[Pair]]]
    """Sizes by split and a seed to pairs by split."""
    check: Callable[[str, str], bool]
    """Whether a target is right for a source: a fact, since the rules are known."""


PAIR_CORPORA = {"answers": PairRules(draw_answers, fits), "numbers": PairRules(draw_numbers, is_correct)}
"""Dialogue, and translation."""


def embedded_corpora() -> list[str]:
    """Names of all corpora that come with the package, sorted."""
    return sorted([*embedded_grammars(), *PAIR_CORPORA])


def draw_embedded(name: str) -> Splits:
    """The sentences, or the pairs, of an embedded corpus.

    Raises:
        CorpusError: no embedded corpus has this name.
    """
    if name in PAIR_CORPORA:
        return PAIR_CORPORA[name].draw(EMBEDDED_SIZES, 0)
    drawn = draw_splits(load_grammar(name), EMBEDDED_SIZES, seed=0)
    return {split: [" ".join(tokens) for tokens in sentences] for split, sentences in drawn.items()}


def pair_check(name: str) -> Callable[[str, str], bool] | None:
    """What tells whether a target is right for a source, of an embedded corpus of pairs; None for other corpora.

    Args:
        name: of a `Corpus`, which no other text has.
    """
    return PAIR_CORPORA[name].check if name in PAIR_CORPORA else None
