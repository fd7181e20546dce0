"""Bias and variance of every algorithm, credit and baseline, as a table. `scripts/estimators` runs it."""

import argparse
import sys
import time

from exact.bent_odds import bent_table
from exact.enumeration import (
    CREDITS,
    FOR_RATIOS,
    Cell,
    Toy,
    enumerated,
    exact_credit,
    fixed_logits,
    make_toy,
    measure,
    optimal_logits,
    sequence_credit,
)
from seqgan.objectives import ALGORITHMS, Sampled
from seqgan.training.baselines import FOR_WEIGHTS

FOR_REWARDS = ("none", "constant", "running-mean", "leave-one-out")
"""Baselines that are measured; those that learn over a whole training are not."""
VALUE = 0.5
"""Of the constant baseline, as the settings have it."""


def cells_of(toy: Toy) -> dict[tuple[str, str], Cell]:
    """Every algorithm with every baseline that it takes."""
    cells = {}
    for name, algorithm in ALGORITHMS.items():
        if not isinstance(algorithm, Sampled):
            continue
        # SeqGAN's reward is no divergence's, so that any discriminator serves; of the others, the optimal one.
        logits = fixed_logits(toy) if name == "seqgan" else optimal_logits(toy, name)
        for baseline in FOR_WEIGHTS if algorithm.weighs else FOR_REWARDS:
            cells[name, baseline] = Cell(algorithm, logits, baseline, VALUE)
    return cells


def drawn_table(toy: Toy, samples: int, draws: int, seed: int) -> list[str]:
    """A row an estimator, a pair of columns a credit."""
    cells = cells_of(toy)
    results = {}
    for credit, draw in CREDITS.items():
        suited = {key: cell for key, cell in cells.items() if cell.algorithm.weighs or credit not in FOR_RATIOS}
        results[credit] = measure(toy, suited, draw, samples, draws, seed)
    lines = [
        f"| algorithm | baseline | {' | '.join(f'{credit}: bias | variance' for credit in CREDITS)} |",
        "| --- | --- |" + " --- | ---: |" * len(CREDITS),
    ]
    for key in cells:
        row = [results[credit].get(key) for credit in CREDITS]
        figures = [f"{one.bias:.3f} ({one.standard_error:.3f}) | {one.variance:.2f}" if one else " | " for one in row]
        lines.append(f"| {' | '.join([*key, *figures])} |")
    return lines


def enumerated_table(toy: Toy) -> list[str]:
    """A row an estimator, whose batches are all listed: no number in it is drawn."""
    credits = {"sequence": sequence_credit, "exact values": exact_credit, "prefix": CREDITS["prefix"]}
    columns = [(credit, samples) for credit in credits for samples in (2, 3)]
    titles = " | ".join(f"{credit}, {samples}: bias | variance" for credit, samples in columns)
    lines = [
        f"| algorithm | baseline | {titles} |",
        "| --- | --- |" + " ---: | ---: |" * len(columns),
    ]
    for key, cell in cells_of(toy).items():
        figures = []
        for credit, samples in columns:
            # Averaged odds are no prefix's exact value, and a ratio of prefixes is no reward.
            suited = credit == "sequence" or (credit == "prefix") == cell.algorithm.weighs
            if suited and cell.baseline != "running-mean":
                one = enumerated(toy, cell, samples, credits[credit])
                bias = f"{one.bias:.0e}" if one.bias < 1e-9 else f"{one.bias:.3f}"
                figures.append(f"{bias} | {one.variance:.2f}")
            else:
                figures.append(" | ")
        lines.append(f"| {' | '.join([*key, *figures])} |")
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/estimators", description="Bias and variance of every estimator against the exact gradient."
    )
    parser.add_argument("--samples", type=int, default=16, help="sequences of a batch (default: 16)")
    parser.add_argument("--draws", type=int, default=20_000, help="batches (default: 20000)")
    parser.add_argument("--seed", type=int, default=0, help="of the draws (default: 0)")
    options = parser.parse_args()
    print(
        "Mean and variance of one update, beside the exact gradient of a tiny LSTM over three symbols and at most\n"
        f"three tokens: {options.draws:,} batches of {options.samples} sequences, seed {options.seed}; the constant "
        f"baseline is {VALUE}, the rising one at 1.\n"
        "Bias: |mean - exact| / |exact|, and in brackets what the draws alone would give an unbiased estimator.\n"
        "Variance: E|update - mean|^2 / |exact|^2. Discriminator: optimal for the data; for seqgan, a table of noise."
    )
    for title, end in (("Sequences of one to three tokens", 0), ("Sequences of three tokens", None)):
        started = time.monotonic()
        toy = make_toy(end)
        lines = drawn_table(toy, options.samples, options.draws, options.seed)
        print(f"\n{title} ({time.monotonic() - started:.0f} s)\n", *lines, sep="\n", flush=True)
    started = time.monotonic()
    lines = bent_table(make_toy())
    title = (
        "Logits F of a discriminator of sequences of one to three tokens, beside the log-odds of data over generator"
    )
    print(f"\n{title} ({time.monotonic() - started:.0f} s)\n", *lines, sep="\n", flush=True)
    started = time.monotonic()
    lines = enumerated_table(make_toy())
    title = "Sequences of one to three tokens, over all batches of S that there are"
    print(f"\n{title} ({time.monotonic() - started:.0f} s)\n", *lines, sep="\n", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
