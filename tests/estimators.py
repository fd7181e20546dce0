"""Bias and variance of every algorithm, credit and baseline, as a table. `scripts/estimators` runs it."""

import argparse
import sys
import time

from enumeration import CREDITS, SAMPLED, Cell, fixed_logits, make_toy, measure, optimal_logits

from seqgan.training.baselines import FOR_WEIGHTS

FOR_REWARDS = ("none", "constant", "running-mean", "leave-one-out")
"""Baselines that are measured; those that learn over a whole training are not."""
VALUE = 0.5
"""Of the constant baseline, as the settings have it."""


def rows_of_table(samples: int, draws: int, seed: int, end: int | None) -> list[str]:
    """The table, a row an estimator."""
    toy = make_toy(end)
    cells = {}
    for name, algorithm in SAMPLED.items():
        # SeqGAN's reward is no divergence's, so that any discriminator serves; of the others, the optimal one.
        logits = fixed_logits(toy) if name == "seqgan" else optimal_logits(toy, name)
        for baseline in FOR_WEIGHTS if algorithm.weighs else FOR_REWARDS:
            cells[name, baseline] = Cell(algorithm, logits, baseline, VALUE)
    results = {credit: measure(toy, cells, CREDITS[credit], samples, draws, seed) for credit in CREDITS}
    lines = [
        f"| algorithm | baseline | {' | '.join(f'{credit}: bias | variance' for credit in CREDITS)} |",
        "| --- | --- |" + " --- | ---: |" * len(CREDITS),
    ]
    for name, baseline in cells:
        row = [results[credit][name, baseline] for credit in CREDITS]
        figures = " | ".join(f"{one.bias:.3f} ({one.standard_error:.3f}) | {one.variance:.2f}" for one in row)
        lines.append(f"| {name} | {baseline} | {figures} |")
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
        lines = rows_of_table(options.samples, options.draws, options.seed, end)
        print(f"\n{title} ({time.monotonic() - started:.0f} s)\n", *lines, sep="\n", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
