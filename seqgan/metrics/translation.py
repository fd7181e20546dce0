"""Metrics of translations: a reference for each hypothesis. sacreBLEU's numbers, with its own signatures.

The lines go in as they are, detokenized where they were tokenized: sacreBLEU has its own tokens. Intervals resample
the statistics of the sentences, which are taken once.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from seqgan.errors import SeqganError
from seqgan.metrics.entries import entry_of, forced, undefined
from seqgan.metrics.report import Entry
from seqgan.metrics.significance import Ends, all_same, percentiles, unanimous_interval
from seqgan.metrics.specification import SIGNATURE_END

RESAMPLES = 1000
"""Of the sentences, for an interval."""
ORDER = 4
"""Of BLEU."""
BOUNDS = (0.0, 100.0)
"""Of either metric."""
TOKENIZATIONS = ("13a", "intl", "char", "zh", "ja-mecab", "ko-mecab", "none")
"""Of sacreBLEU, without those that it fetches a model for."""
SPACED = 0.5
"""Share of the references with a space from which on words are what spaces separate. Where most references are one word
to sacreBLEU they have hardly a 4-gram, and its score would be of the few others."""


def sacrebleu_tokenization(references: Sequence[str], *, characters: bool = False) -> str:
    """What sacreBLEU is to take for tokens, by the references alone: no system chooses how it is judged.

    Args:
        references: lines.
        characters: the texts are judged by characters everywhere.

    Returns:
        "char" for characters, or where fewer than half of the references have a space, as in Chinese or of single
        words; else "13a", sacreBLEU's own default.
    """
    spaced = sum(len(line.split()) > 1 for line in references)
    return "char" if characters or spaced < SPACED * len(references) else "13a"


def sacrebleu_entry(
    hypotheses: Sequence[str], references: Sequence[str], *, tokenize: str | None = None, intervals: bool = True
) -> Entry:
    """Corpus BLEU-4 as sacreBLEU computes it by default (exponential smoothing), from 0 to 100.

    Not defined where no hypothesis has four tokens: there is then no precision of 4-grams, which sacreBLEU itself
    calls 0.

    Args:
        hypotheses: lines.
        references: the reference of each, in the same place.
        tokenize: one of `TOKENIZATIONS`; by default what `sacrebleu_tokenization` chooses.
        intervals: add the 95 % bootstrap interval over pairs.

    Raises:
        SeqganError: unequal numbers of lines, or none; or no such tokenization, or its library is not installed.

    Source: Post 2018 (arXiv:1804.08771); intervals: Koehn 2004.
    """
    check_aligned(hypotheses, references)
    metric = _bleu(sacrebleu_tokenization(references) if tokenize is None else tokenize)
    statistics = _statistics(metric, hypotheses, references)
    if not _has_ngrams(statistics):
        return entry_of("sacrebleu", math.nan, _signature("sacrebleu", metric, statistics), note=_too_short(metric))
    return _entry("sacrebleu", metric, statistics, intervals)


def chrf_entry(hypotheses: Sequence[str], references: Sequence[str], *, intervals: bool = True) -> Entry:
    """Corpus chrF2 as sacreBLEU computes it by default, from 0 to 100. Arguments and errors are `sacrebleu_entry`'s.

    Source: Popovic 2015.
    """
    from sacrebleu.metrics import CHRF

    check_aligned(hypotheses, references)
    metric = CHRF()
    empty = [
        f"all {what} are empty"
        for what, lines in (("hypotheses", hypotheses), ("references", references))
        if not any(line.split() for line in lines)
    ]
    statistics = _statistics(metric, hypotheses, references)
    if len(empty) > 1:
        return entry_of("chrf", math.nan, _signature("chrf", metric, statistics), note=undefined(*empty))
    entry = _entry("chrf", metric, statistics, intervals)
    return entry._replace(note=forced(0, *empty)) if empty else entry


def sacrebleu_difference(
    hypotheses: Sequence[str], others: Sequence[str], references: Sequence[str], *, tokenize: str | None = None
) -> tuple[float, float, float]:
    """How much higher the first hypotheses score than the second, and the ends of the 95 % interval.

    A paired bootstrap: the same pairs are drawn for both. It tells of the choice of pairs, and of no other training.
    NaN where the score of either is not defined.

    Args:
        hypotheses: lines.
        others: of another system, in the same order.
        references: as of `sacrebleu_entry`.
        tokenize: as there.

    Raises:
        SeqganError: as there.

    Source: Koehn 2004, section 4.
    """
    check_aligned(hypotheses, references)
    check_aligned(others, references)
    metric = _bleu(sacrebleu_tokenization(references) if tokenize is None else tokenize)
    both = [_statistics(metric, lines, references) for lines in (hypotheses, others)]
    if not all(map(_has_ngrams, both)):
        return math.nan, math.nan, math.nan

    def difference(drawn: np.ndarray) -> float:
        first, second = (metric._compute_score_from_stats(_whole(drawn @ each)).score for each in both)
        return float(first - second)

    count = len(references)
    low, high = percentiles(np.array([difference(each) for each in _draws(count)]), drawn=count)
    return difference(np.ones(count)), low, high


def check_tokenization(tokenize: str, name: str = "sacreBLEU's tokenize") -> None:
    """That sacreBLEU has these tokens, here.

    Args:
        tokenize: what was asked for.
        name: of the setting, for the message.

    Raises:
        SeqganError: it has not, or what they need is not installed.
    """
    _bleu(tokenize, name)


def _bleu(tokenize: str, name: str = "sacreBLEU's tokenize") -> Any:
    from sacrebleu.metrics import BLEU

    if tokenize not in TOKENIZATIONS:
        raise SeqganError(f"{name} is {tokenize!r}: choose {', '.join(TOKENIZATIONS)}.")
    try:
        return BLEU(force=True, tokenize=tokenize)  # what looks tokenized is not asked about
    except (ImportError, RuntimeError) as error:
        language = tokenize.partition("-")[0]
        raise SeqganError(
            f"sacreBLEU's tokens {tokenize} need a library that is not installed: pip install 'sacrebleu[{language}]', "
            "or choose char."
        ) from error


def _too_short(metric: Any) -> str:
    tokens = metric.get_signature().info["tok"]
    mend = "" if tokens == "char" else "; seqgan evaluate --sacrebleu-tokenize char counts characters"
    return undefined(f"no hypothesis has {ORDER} tokens of sacreBLEU's {tokens}{mend}")


def _has_ngrams(statistics: np.ndarray) -> bool:
    """Whether some hypothesis has an n-gram of the greatest order: the last of BLEU's statistics counts them."""
    return bool(statistics[:, -1].any())


def _statistics(metric: Any, hypotheses: Sequence[str], references: Sequence[str]) -> np.ndarray:
    # The library's own public way to the statistics ends at the score; these are the two steps it is made of.
    found = metric._extract_corpus_statistics(list(hypotheses), [list(references)])
    return np.array(found, dtype=np.float64)  # [sentences, statistics]


def _draws(count: int) -> list[np.ndarray]:
    """How often each pair is drawn, for each of the resamples. [pairs] each"""
    rng = np.random.default_rng(0)
    return [np.bincount(rng.integers(count, size=count), minlength=count) for _ in range(RESAMPLES)]


def _signature(name: str, metric: Any, statistics: np.ndarray, interval: str = "") -> str:
    count = len(statistics)
    return f"{name}|refs:aligned {count}|hyps:{count}|{metric.get_signature()}{interval}|{SIGNATURE_END}"


def _entry(name: str, metric: Any, statistics: np.ndarray, intervals: bool) -> Entry:
    score = float(metric._compute_score_from_stats(_whole(statistics.sum(axis=0))).score)
    ends: Ends | None = None
    if intervals:
        count = len(statistics)
        scores = [metric._compute_score_from_stats(_whole(drawn @ statistics)).score for drawn in _draws(count)]
        ends = (
            unanimous_interval(score, count, BOUNDS) if all_same(scores) else percentiles(np.array(scores), drawn=count)
        )
    interval = "|interval:bootstrap 95% over pairs" if intervals else ""
    return entry_of(name, score, _signature(name, metric, statistics, interval), ends)


def _whole(sums: np.ndarray) -> list[int]:
    return [round(value) for value in sums.tolist()]


def check_aligned(hypotheses: Sequence[str], references: Sequence[str]) -> None:
    """That there is a reference for each hypothesis.

    Raises:
        SeqganError: unequal numbers of lines, none, or token lists in place of lines.
    """
    if len(hypotheses) != len(references) or not hypotheses:
        raise SeqganError(
            f"There are {len(hypotheses)} hypotheses and {len(references)} references: an aligned metric takes one "
            "reference for each hypothesis, in the same line."
        )
    for lines, what in ((hypotheses, "hypotheses"), (references, "references")):
        if not all(isinstance(line, str) for line in lines):
            raise SeqganError(f"The {what} are not all strings: sacreBLEU takes lines and makes its own tokens.")
