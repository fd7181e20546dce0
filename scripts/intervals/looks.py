"""How often a verdict errs that looks at its samples as they grow, and what the looks spare: curves that are known.

Two made-up generators are swept, of which one is the other, or lifted, or sharpened. The verdict in looks is beside
that of a single look: all planned sets, and twice as many where the intervals are a little wide. Run as a program it
prints the table of scripts/results/looks.md.
"""

import argparse
import math
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from seqgan.evaluation.temperatures import SETS, TEMPERATURES, Point, TemperatureSweep, first_sets
from seqgan.evaluation.verdict import judge_sweeps, wants_more_sets
from seqgan.evaluation.verdict_looks import Looks, judge_in_looks
from seqgan.jobs.compare import QUICK_SETS, QUICK_TEMPERATURES

CORRELATION = [[1.0, 0.8], [0.8, 1.0]]
"""Sets of typical sentences have a high BLEU and a high Self-BLEU: about as of real samples."""
PLANS = {"evaluate": (TEMPERATURES, SETS), "after a training": (QUICK_TEMPERATURES, QUICK_SETS)}
"""Temperatures and planned sets of the command, and of the verdict at the end of a training."""
NOISES = (0.004, 0.008, 0.02)
"""Standard deviations of a set's BLEU and Self-BLEU. Of 1,000 captions the first is about 0.006: of
2,000 an interval of ±0.008 is recorded."""


NULL = 15
"""Times as many pairs where there is no difference: the share of errors is what is looked at."""


class Truth(NamedTuple):
    """How one curve differs from the other, and what the verdict should be."""

    name: str
    kind: str
    how: dict[str, float]


TRUTHS = (
    Truth("no difference", "no-difference", {}),
    Truth("lifted by 0.02", "better", {"lift": 0.02}),
    Truth("lifted by 0.03", "better", {"lift": 0.03}),
    Truth("lowered by 0.06", "worse", {"lift": -0.06}),
    Truth("logits over 0.85", "sharper-only", {"scale": 0.85}),
)


class Found(NamedTuple):
    """Verdicts on sweeps of one truth."""

    kinds: Counter[str]
    sets: float
    """Sampled at each temperature, the mean."""

    def share(self, *kinds: str) -> float:
        """Of verdicts that are one of these."""
        return sum(self.kinds[kind] for kind in kinds) / self.kinds.total()

    def wrong(self, kind: str) -> float:
        """The share of answers that are neither this one nor that the samples do not tell."""
        return 1 - self.share(kind, "cannot-tell")


def drawn(
    rng: np.random.Generator,
    noise: float,
    *,
    scale: float = 1.0,
    lift: float = 0.0,
    tilt: float = 0.0,
    temperatures: Sequence[float] = TEMPERATURES,
    sharper: int = 1,
    sets: int = 4,
) -> TemperatureSweep:
    """A made-up sweep: diversity falls along a sigmoid of the temperature, quality is a power of it.

    Args:
        rng: of the noise.
        noise: standard deviation of both measures of a set, which are correlated.
        scale: all logits are divided by it, which moves the points along the curve.
        lift: moves the curve.
        tilt: turns it.
        temperatures: of the sweep.
        sharper: -1 for a measure of diversity that falls as samples grow alike.
        sets: at each temperature.
    """
    points = []
    for temperature in temperatures:
        alike = 1 / (1 + math.exp(4 * (temperature * scale - 1) + 0.6))
        quality = 0.9 * alike**0.9 + lift + tilt * (alike - 0.35)
        errors = (
            rng.multivariate_normal([0, 0], noise**2 * np.array(CORRELATION), size=sets) if noise else [[0, 0]] * sets
        )
        points.append(
            Point(
                temperature,
                tuple(quality + error[0] for error in errors),
                tuple(sharper * (alike + error[1]) for error in errors),
            )
        )
    names = ("bleu-4", "self-bleu-4") if sharper == 1 else ("bleu-4", "distinct-2")
    return TemperatureSweep(*names, sharper, 1000, 0, "refs:all 9", tuple(points))


def at_once(ours: TemperatureSweep, theirs: TemperatureSweep, sets: int) -> tuple[str, int]:
    """The verdict of a single look, and how many sets it took."""
    verdict = judge_sweeps([first_sets(ours, sets)], first_sets(theirs, sets))
    if wants_more_sets(verdict):
        return judge_sweeps([ours], theirs).kind, 2 * sets
    return verdict.kind, sets


def in_looks(ours: TemperatureSweep, theirs: TemperatureSweep, sets: int) -> tuple[str, int]:
    """The verdict in looks, and how many sets it took."""
    verdict = judge_in_looks(lambda number: ([first_sets(ours, number)], first_sets(theirs, number)), Looks(sets))
    return verdict.kind, verdict.evidence["sets"]


def compared(
    truth: dict[str, float], noise: float, temperatures: Sequence[float], sets: int, pairs: int, seed: int = 0
) -> tuple[Found, Found, float]:
    """Both verdicts on the same pairs of sweeps: of a single look, of looks, and the share of pairs with equal ones."""
    rng = np.random.default_rng(seed)
    how: dict[str, Any] = {"temperatures": temperatures, "sets": 2 * sets}
    verdicts = []
    for _ in range(pairs):
        ours, theirs = drawn(rng, noise, **truth, **how), drawn(rng, noise, **how)
        verdicts.append((at_once(ours, theirs, sets), in_looks(ours, theirs, sets)))
    once, looks = (
        Found(Counter(kind for kind, _ in each), float(np.mean([taken for _, taken in each])))
        for each in zip(*verdicts, strict=True)
    )
    return once, looks, float(np.mean([one[0] == other[0] for one, other in verdicts]))


def table(temperatures: Sequence[float], sets: int, pairs: int) -> Iterable[str]:
    """Lines of a Markdown table as they are found."""
    yield "| truth | noise | found | | wrong | | sets | | ratio | equal |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    for truth in TRUTHS:
        for noise in NOISES:
            once, looks, equal = compared(truth.how, noise, temperatures, sets, pairs if truth.how else NULL * pairs)
            cells = [f"{each.share(truth.kind):.3f}" for each in (once, looks)]
            cells += [f"{each.wrong(truth.kind):.3f}" for each in (once, looks)]
            cells += [f"{each.sets:.2f}" for each in (once, looks)]
            yield f"| {truth.name} | {noise} | {' | '.join(cells)} | {looks.sets / once.sets:.2f} | {equal:.3f} |"


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/looks", description="Errors and savings of a verdict in looks.")
    parser.add_argument("--pairs", type=int, default=200, help="pairs of sweeps in each row (default: 200)")
    options = parser.parse_args()
    error = (0.95 * 0.05 / (NULL * options.pairs)) ** 0.5
    print(
        f"{options.pairs} pairs a row, {NULL} times as many where there is no difference: a share of 0.050 is there "
        f"measured to {error:.3f} (one standard error)."
    )
    for name, (temperatures, sets) in PLANS.items():
        print(f"\n## {name.capitalize()}: {len(temperatures)} temperatures, {sets} sets planned\n", flush=True)
        for line in table(temperatures, sets, options.pairs):
            print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
