"""How often 95 % intervals hold what they are of: drawn texts whose law is known, each metric many times over.

What an interval is of is the number that other texts of the same size would have on average: the mean over all draws.
Run as a program it prints the table of scripts/results/coverage.md.
"""

import argparse
import random
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from seqgan.data.grammar import load_grammar
from seqgan.evaluation.intervals import mean_of
from seqgan.evaluation.language_models import Budget
from seqgan.evaluation.trained import TRAINED_METRICS, Judges, Lines
from seqgan.metrics import METRICS, Entry, Texts, chrf_entry, sacrebleu_entry
from seqgan.metrics.entries import share_entry
from seqgan.sweeps.choice import allowance

SENTENCES = 3000
"""That the laws draw from."""
TRAINING = 300
"""Training sentences."""
SHARES = (0.003, 0.1, 0.5)
"""Probabilities of what checks look for."""
SMALL = Budget(embedding_size=8, hidden_size=12, epochs=1, max_length=32)
"""Of the language model that judges: its training is not what is looked at."""


class Draw(NamedTuple):
    """Texts of one size."""

    samples: list[list[str]]
    others: list[list[str]]
    """Others of the same law: aligned references, or real text."""


class Law:
    """A pool of sentences of the captions' grammar, of which some come more often than others.

    Args:
        exponent: sentence number n comes in proportion to n to the power of minus this: with 0 all alike.
        words: of each sentence at most; 1 makes lines of one or two words, of which many are alike.
    """

    def __init__(self, exponent: float, words: int = 1000) -> None:
        grammar, rng = load_grammar("captions"), random.Random(0)
        self.pool = [grammar.draw(rng)[:words] for _ in range(SENTENCES)]
        weights = np.arange(1, SENTENCES + 1) ** -exponent
        self._weights = weights / weights.sum()
        fixed = np.random.default_rng(1)
        self.training, self.fixed = self._draw(TRAINING, fixed), self._draw(TRAINING, fixed)

    def _draw(self, count: int, rng: np.random.Generator) -> list[list[str]]:
        return [self.pool[place] for place in rng.choice(SENTENCES, count, p=self._weights)]

    def draws(self, count: int, sets: int, seed: int = 0) -> Iterable[Draw]:
        """So many texts of `count` sentences each."""
        for number in range(sets):
            rng = np.random.default_rng((seed, count, number))
            yield Draw(self._draw(count, rng), self._draw(count, rng))


Measure = Callable[[Draw], Sequence[Entry]]


def measures(law: Law) -> dict[str, Measure]:
    """What is drawn anew for each metric's interval, as its definition says, and what is held fixed."""

    def of_family(family: str) -> Measure:
        def measure(draw: Draw) -> Sequence[Entry]:
            if family in ("backward-bleu", "reverse-ngram-lm-score"):
                return METRICS[family](Texts(law.fixed, draw.samples, law.training), "words")
            references = draw.others if family == "bleu-f1" else law.fixed
            return METRICS[family](Texts(draw.samples, references, law.training), "words")

        return measure

    found = {family: of_family(family) for family in METRICS}
    judges = Judges(budget=SMALL)

    def lm_score(draw: Draw) -> Sequence[Entry]:
        lines = [" ".join(tokens) for tokens in draw.samples]
        return TRAINED_METRICS["lm-score"](
            Lines(lines, lines, draw.samples, draw.samples, law.training, "words"), judges, True
        )

    found["lm-score"] = lm_score
    for entry in (sacrebleu_entry, chrf_entry):
        found[entry.__name__.partition("_")[0]] = lambda draw, entry=entry: [entry(*aligned(draw))]
    return found


def aligned(draw: Draw) -> tuple[list[str], list[str]]:
    """Hypotheses that share a part with their references: the first half of each reference before its own words."""
    pairs = [(other[: 1 + len(other) // 2] + own, other) for own, other in zip(*draw, strict=True)]
    return [" ".join(own) for own, _ in pairs], [" ".join(other) for _, other in pairs]


def coverage(measure: Measure, draws: Iterable[Draw]) -> dict[str, float]:
    """By name, the share of intervals that hold the mean of all values; a number without one is not covered."""
    found: dict[str, list[Entry]] = {}
    for draw in draws:
        for entry in measure(draw):
            found.setdefault(entry.name, []).append(entry)
    return {name: held(entries) for name, entries in found.items() if any(entry.low is not None for entry in entries)}


def held(entries: Sequence[Entry]) -> float:
    """The share of intervals that hold the mean of all values."""
    truth = np.mean([entry.value for entry in entries])
    slack = 1e-9  # of rounding, where all values are alike
    return float(
        np.mean(
            [
                entry.low is not None and entry.high is not None and entry.low - slack <= truth <= entry.high + slack
                for entry in entries
            ]
        )
    )


def coverage_of_shares(probability: float, count: int, sets: int) -> float:
    """Of the shares of checks: Wilson's interval of independent yes and no."""
    rng = np.random.default_rng(count)
    entries = [share_entry("share", rng.random(count) < probability, "how") for _ in range(sets)]
    return float(np.mean([entry.low <= probability <= entry.high for entry in entries]))


def told_apart_by_chance(trials: int, seeds: int, sweeps: int, *, allowed: bool) -> float:
    """The share of sweeps over settings that make no difference in which some trial is called worse than the best."""
    rng = np.random.default_rng(1)
    wrong = 0
    for _ in range(sweeps):
        values = rng.standard_normal((trials, seeds)) + rng.standard_normal(seeds)  # seeds have much in common
        best = int(values.mean(axis=1).argmax())
        for trial in range(trials):
            if trial == best:
                continue
            difference = mean_of((values[trial] - values[best]).tolist())
            estimate = difference.interval(0.95)
            half = estimate.high - estimate.value
            if allowed:
                half = allowance(trials, seeds) * difference.variance**0.5
            if abs(estimate.value) > half:
                wrong += 1
                break
    return wrong / sweeps


def table(law: Law, sizes: Sequence[int], sets: int) -> Iterable[str]:
    """Lines of a Markdown table as they are found: a row for each number, a column for each size."""
    yield f"| number | {' | '.join(f'{size} sentences' for size in sizes)} |"
    yield f"| --- |{' ---: |' * len(sizes)}"
    for measure in measures(law).values():
        of_size = [coverage(measure, law.draws(size, sets)) for size in sizes]
        for name in dict.fromkeys(name for found in of_size for name in found):
            cells = (f"{found[name]:.3f}" if name in found else "" for found in of_size)
            yield f"| `{name}` | {' | '.join(cells)} |"


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/coverage", description="Coverage of all 95 % intervals, as tables.")
    parser.add_argument("--sets", type=int, default=200, help="texts of each size (default: 200)")
    parser.add_argument("--sizes", type=int, nargs="+", default=[20, 100], help="sentences of a text")
    options = parser.parse_args()
    error = (0.95 * 0.05 / options.sets) ** 0.5
    print(f"{options.sets} texts of each size: a coverage of 0.950 is measured to {error:.3f} (one standard error).")
    laws = {"Captions, few of them twice": Law(0.0), "Some captions come often": Law(0.8)}
    laws["Two words a line at most, many lines alike"] = Law(0.3, 2)
    for title, law in laws.items():
        print(f"\n## {title}\n", flush=True)
        for line in table(law, options.sizes, options.sets):
            print(line, flush=True)
    sizes = options.sizes
    print("\n## Shares: `copied`, `grammatical`, `fits`, checks, accuracies of evaluators\n")
    print(f"| probability | {' | '.join(f'{size} sentences' for size in sizes)} |\n| --- |{' ---: |' * len(sizes)}")
    for probability in SHARES:
        shares = [coverage_of_shares(probability, size, 5000) for size in sizes]
        print(f"| {probability:g} | {' | '.join(f'{share:.3f}' for share in shares)} |")
    print("\n## Sweeps of settings that make no difference: some trial called worse than the best\n")
    print("| trials | seeds | each compared alone | with the allowance |\n| ---: | ---: | ---: | ---: |")
    for trials, seeds in ((3, 3), (10, 3), (30, 3), (10, 5)):
        both = [told_apart_by_chance(trials, seeds, 2000, allowed=allowed) for allowed in (False, True)]
        print(f"| {trials} | {seeds} | {both[0]:.3f} | {both[1]:.3f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
