"""What it takes to draw a sentence: processor time, of models in turn, in one process.

Processor time and not the clock's: other programs on the machine take none of it. It counts all threads.
"""

import time
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

import torch

from seqgan.decoding.sampling import sample
from seqgan.evaluation.generate import ROWS

if TYPE_CHECKING:
    from seqgan.generators.protocol import GeneratorModule

TIMES = 3
"""Measurements of each model, of which the median is taken."""
LEAST_SENTENCES = 64
"""That one measurement draws at least."""
LEAST_SECONDS = 0.05
"""And what it takes at least: less is mostly the beginning."""


class Cost(NamedTuple):
    """Of a sentence, on average."""

    seconds: float
    """Of processor time."""
    tokens: float
    """Ends counted."""


def drawing_cost(generator: "GeneratorModule", max_length: int, rng: torch.Generator, rows: int = ROWS) -> Cost:
    """One measurement, of sentences as samples of a run are drawn: so many rows at once, candidates counted.

    Args:
        generator: any, on the CPU.
        max_length: of a sentence.
        rng: of the samples.
        rows: sequences that are drawn at once.
    """
    at_once = max(1, rows // getattr(generator, "candidates", 1))
    sentences = tokens = 0
    seconds, started = 0.0, time.process_time()
    while sentences < LEAST_SENTENCES or seconds < LEAST_SECONDS:
        _, mask = sample(generator, at_once, max_length, rng=rng)
        sentences, tokens = sentences + at_once, tokens + int(mask.sum())
        seconds = time.process_time() - started
    return Cost(seconds / sentences, tokens / sentences)


def cost_ratio(
    generator: "GeneratorModule",
    model: "GeneratorModule",
    max_length: int,
    *,
    tokens: float | None = None,
    seed: int = 0,
    rows: int = ROWS,
) -> float:
    """Processor time a sentence of a generator over that of a model: the median of ratios that were measured in turn.

    Args:
        generator: on the CPU; trained, or, where `tokens` is given, not.
        model: what it is compared with.
        max_length: of a sentence.
        tokens: of a sentence on average. A generator that learnt nothing ends its sentences anywhere: it then draws
            sequences of as many tokens, and its time is that of a token times these.
        seed: of the samples.
        rows: sequences that are drawn at once.
    """
    rng = torch.Generator().manual_seed(seed)
    length = max_length if tokens is None else min(max_length, max(1, round(tokens)))
    ratios = []
    for _ in range(TIMES):
        ours = drawing_cost(generator, length, rng, rows)
        theirs = drawing_cost(model, max_length, rng, rows)
        seconds = ours.seconds if tokens is None else ours.seconds / ours.tokens * tokens
        ratios.append(seconds / theirs.seconds)
    return median(ratios)
