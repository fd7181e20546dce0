"""Metrics of translations: a reference for each hypothesis. sacreBLEU's numbers, with its own signatures.

The lines go in as they are, detokenized where they were tokenized: sacreBLEU has its own tokens. Intervals resample
the statistics of the sentences, which are taken once.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from seqgan.errors import SeqganError
from seqgan.metrics.report import Entry
from seqgan.metrics.significance import percentiles
from seqgan.metrics.specification import SIGNATURE_END

RESAMPLES = 1000
"""Of the sentences, for an interval."""


def sacrebleu_entry(hypotheses: Sequence[str], references: Sequence[str], *, intervals: bool = True) -> Entry:
    """Corpus BLEU-4 as sacreBLEU computes it by default (13a tokens, exponential smoothing), from 0 to 100.

    Args:
        hypotheses: lines.
        references: the reference of each, in the same place.
        intervals: add the 95 % bootstrap interval over pairs.

    Raises:
        SeqganError: unequal numbers of lines, or none.

    Source: Post 2018 (arXiv:1804.08771); intervals: Koehn 2004.
    """
    from sacrebleu.metrics import BLEU

    return _entry("sacrebleu", BLEU(force=True), hypotheses, references, intervals)


def chrf_entry(hypotheses: Sequence[str], references: Sequence[str], *, intervals: bool = True) -> Entry:
    """Corpus chrF2 as sacreBLEU computes it by default, from 0 to 100. Arguments and errors are `sacrebleu_entry`'s.

    Source: Popovic 2015.
    """
    from sacrebleu.metrics import CHRF

    return _entry("chrf", CHRF(), hypotheses, references, intervals)


def sacrebleu_difference(
    hypotheses: Sequence[str], others: Sequence[str], references: Sequence[str]
) -> tuple[float, float, float]:
    """How much higher the first hypotheses score than the second, and the ends of the 95 % interval.

    A paired bootstrap: the same pairs are drawn for both. It tells of the choice of pairs, and of no other training.

    Raises:
        SeqganError: unequal numbers of lines, or none.

    Source: Koehn 2004, section 4.
    """
    from sacrebleu.metrics import BLEU

    check_aligned(hypotheses, references)
    check_aligned(others, references)
    metric = BLEU(force=True)  # what looks tokenized is not asked about
    both = [_statistics(metric, lines, references) for lines in (hypotheses, others)]

    def difference(drawn: np.ndarray) -> float:
        first, second = (metric._compute_score_from_stats(_whole(drawn @ each)).score for each in both)
        return float(first - second)

    count = len(references)
    rng = np.random.default_rng(0)
    drawn = [np.bincount(rng.integers(count, size=count), minlength=count) for _ in range(RESAMPLES)]
    low, high = percentiles(np.array([difference(each) for each in drawn]))
    return difference(np.ones(count)), low, high


def _statistics(metric: Any, hypotheses: Sequence[str], references: Sequence[str]) -> np.ndarray:
    # The library's own public way to the statistics ends at the score; these are the two steps it is made of.
    found = metric._extract_corpus_statistics(list(hypotheses), [list(references)])
    return np.array(found, dtype=np.float64)  # [sentences, statistics]


def _entry(name: str, metric: Any, hypotheses: Sequence[str], references: Sequence[str], intervals: bool) -> Entry:
    check_aligned(hypotheses, references)
    statistics = _statistics(metric, hypotheses, references)
    score = metric._compute_score_from_stats(_whole(statistics.sum(axis=0))).score
    ends: tuple[float, ...] = ()
    if intervals:
        rng = np.random.default_rng(0)
        count = len(statistics)
        scores = []
        for _ in range(RESAMPLES):
            drawn = np.bincount(rng.integers(count, size=count), minlength=count)
            scores.append(metric._compute_score_from_stats(_whole(drawn @ statistics)).score)
        ends = percentiles(np.array(scores))
    how = "|interval:bootstrap 95% over pairs" if intervals else ""
    signature = f"{name}|refs:aligned {len(references)}|hyps:{len(hypotheses)}|{metric.get_signature()}{how}"
    return Entry(name, float(score), f"{signature}|{SIGNATURE_END}", *ends)


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
