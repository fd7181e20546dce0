"""What `scripts/growth` sweeps: how each work is made of one size, how it should grow, and fits."""

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from benchmarks.rows import cnn, fixed_length_lstm
from benchmarks.timing import measured
from seqgan.build import build_text
from seqgan.data.batches import Sequences
from seqgan.data.tokenizers import Words
from seqgan.decoding import sample
from seqgan.evaluation.evaluate import judge_sentences
from seqgan.evaluation.likelihood import held_out_likelihood
from seqgan.generators import LSTMGenerator
from seqgan.metrics import bleu_against_corpus, self_bleu
from seqgan.objectives import SEQGAN
from seqgan.settings.adversarial import AdversarialConfig
from seqgan.settings.data import DataConfig
from seqgan.training.optimizers import adam, update
from seqgan.training.sampled import SampledPlayers

REPETITIONS = 3
LONG_SECONDS = 8.0
"""A first call that takes longer is itself counted, and followed by one more."""
RESAMPLES = 2000
"""Of the repetitions, for an exponent's interval."""
EMBEDDING = 32
LENGTH, BATCH, ROLLOUTS, VOCABULARY, HIDDEN = 20, 16, 4, 500, 32
"""Of a round and of likelihoods, where they are not what grows."""

Work = Callable[[], Any]


class Axis(NamedTuple):
    """Something that grows, and how."""

    make: Callable[[int], Work]
    """The work of a size, ready to be called."""
    sizes: tuple[int, ...]
    """Two decades, where memory and time allow."""
    count: Callable[[int], float]
    """Operations of a size, up to a factor: their exponent over the same sizes is the expected one of time."""
    why: str
    """What is counted."""
    memory: str
    """What memory should do, and why."""


class Point(NamedTuple):
    """A size, measured in a process of its own."""

    seconds: list[float]
    """Of the processor, of each repetition."""
    bytes: int
    """By which memory rose at most, in the first call."""


def whole_round(
    length: int = LENGTH,
    batch: int = BATCH,
    rollouts: int = ROLLOUTS,
    vocabulary: int = VOCABULARY,
    hidden: int = HIDDEN,
) -> Work:
    """A round of SeqGAN: samples, rewards of all their prefixes by rollouts, an update of each player."""
    with tempfile.TemporaryDirectory() as folder:
        rng = np.random.default_rng(1)
        for split, count in (("train", max(16, 2 * batch)), ("valid", 16)):
            rows = rng.integers(vocabulary, size=(count, length)).tolist()
            Path(folder, f"{split}.txt").write_text("".join(" ".join(map(str, row)) + "\n" for row in rows))
        text = build_text(DataConfig(corpus=folder, tokenizer="ids", max_vocabulary=vocabulary))
    config = AdversarialConfig(
        batch_size=batch,
        rollouts=rollouts,
        discriminator_steps=1,
        discriminator_pool=batch,
        discriminator_epochs=1,
        discriminator_batch_size=max(1, batch // 2),
    )
    players = fixed_length_lstm(vocabulary, EMBEDDING, hidden), cnn(vocabulary, min(length, 8), 0.2)
    return SampledPlayers(*players, text, SEQGAN, config, torch.Generator().manual_seed(3)).play_round


def round_operations(
    length: int = LENGTH,
    batch: int = BATCH,
    rollouts: int = ROLLOUTS,
    vocabulary: int = VOCABULARY,
    hidden: int = HIDDEN,
) -> float:
    """Tokens that are drawn or learnt from, times the generator's multiplications for each."""
    drawn = batch * (rollouts * length * (length - 1) / 2 + 3 * length)
    return drawn * (vocabulary * hidden + 4 * hidden * (hidden + EMBEDDING))


def sampling(rows: int) -> Work:
    """Sequences of 16 tokens."""
    generator = fixed_length_lstm(1000, EMBEDDING, HIDDEN)
    return lambda: sample(generator, rows, 16, rng=torch.Generator().manual_seed(1))


def discriminating(batch: int) -> Work:
    """An update of the SeqGAN discriminator."""
    model = cnn(1000, 16, 1.0).train()
    optimizer, mask = adam(model, 1e-4), torch.ones(batch, 16, dtype=torch.bool)
    tokens = torch.randint(1000, (batch, 16), generator=torch.Generator().manual_seed(0))
    return lambda: update(model, optimizer, SEQGAN.discriminator_loss(*model(tokens, mask).chunk(2)))


def likelihood(sentences: int = 200, length: int = 20, vocabulary: int = VOCABULARY, hidden: int = HIDDEN) -> Work:
    """Of held-out sentences."""
    torch.manual_seed(0)
    generator = LSTMGenerator(vocabulary, EMBEDDING, hidden)
    tokens = torch.randint(vocabulary, (sentences, length), generator=torch.Generator().manual_seed(0))
    sequences = Sequences(tokens, torch.ones_like(tokens, dtype=torch.bool))
    return lambda: held_out_likelihood(generator, sequences, None)


def likelihood_operations(
    sentences: int = 200, length: int = 20, vocabulary: int = VOCABULARY, hidden: int = HIDDEN
) -> float:
    """Tokens, times the generator's multiplications for each."""
    return sentences * length * (vocabulary * hidden + 4 * hidden * (hidden + EMBEDDING))


def texts(number: int, count: int, length: int = 12) -> list[list[list[str]]]:
    """So many texts of random words, of which a few are frequent and most are rare."""
    draws = np.random.default_rng(0).zipf(1.3, (number, count, length)).clip(max=5000)
    words = np.array([f"w{i}" for i in range(5001)])
    return words[draws].tolist()


def scoring(count: int, of_itself: bool) -> Work:
    """BLEU-2 to 5 of random sentences."""
    both = texts(1 if of_itself else 2, count)
    return lambda: self_bleu(both[0]) if of_itself else bleu_against_corpus(*both)


def evaluating(count: int = 1000, length: int = 12) -> Work:
    """All usual metrics of sentences, with intervals, against as many references and as many training sentences."""
    lines = [[" ".join(line) for line in text] for text in texts(3, count, length)]
    return lambda: judge_sentences(*lines, Words())


def sorting(sentences: int = 1000, length: int = 12) -> float:
    """n log n of as many tokens."""
    return sentences * length * np.log(sentences * length)


BUDGETED = "bounded: as many completions at once as the budget of memory has room for"
AXES = {
    "round over length": Axis(
        lambda n: whole_round(length=n),
        (4, 13, 40, 126, 400),
        lambda n: round_operations(length=n),
        "each prefix is completed: half the square",
        "at most 2: a state for each prefix, and the rest of each sentence; " + BUDGETED,
    ),
    "round over vocabulary": Axis(
        lambda n: whole_round(vocabulary=n),
        (1000, 3162, 10_000, 31_623, 100_000),
        lambda n: round_operations(vocabulary=n),
        "logits of each drawn token, beside the gates",
        "1: weights, gradients and moments of the embedding and the output layer",
    ),
    "round over rollouts": Axis(
        lambda n: whole_round(rollouts=n, vocabulary=1000),
        (2, 6, 20, 63, 200),
        lambda n: round_operations(rollouts=n, vocabulary=1000),
        "completions, beside the updates",
        "at most 1; " + BUDGETED,
    ),
    "round over hidden size": Axis(
        lambda n: whole_round(hidden=n),
        (8, 25, 80, 253, 800),
        lambda n: round_operations(hidden=n),
        "gates are square in it, logits linear",
        "at most 2: weights and moments; states are linear",
    ),
    "round over batch": Axis(
        lambda n: whole_round(batch=n),
        (4, 13, 40, 126, 400),
        lambda n: round_operations(batch=n),
        "completions of each sentence",
        "at most 1; " + BUDGETED,
    ),
    "sampling over rows": Axis(
        sampling, (164, 518, 1638, 5180, 16_384), float, "rows", "at most 1: the samples; states of a block of rows"
    ),
    "discriminator over batch": Axis(
        discriminating, (16, 50, 160, 506, 1600), float, "rows, beside a constant part of Adam's", "1: vectors of a row"
    ),
    "likelihood over sentences": Axis(
        lambda n: likelihood(sentences=n),
        (100, 316, 1000, 3162, 10_000),
        lambda n: likelihood_operations(sentences=n),
        "tokens",
        "0 from some thousand tokens on: sentences are read in blocks",
    ),
    "likelihood over length": Axis(
        lambda n: likelihood(length=n),
        (8, 25, 80, 253, 800),
        lambda n: likelihood_operations(length=n),
        "tokens",
        "0 from some thousand tokens on: sentences are read in blocks",
    ),
    "likelihood over vocabulary": Axis(
        lambda n: likelihood(vocabulary=n),
        (1000, 3162, 10_000, 31_623, 100_000),
        lambda n: likelihood_operations(vocabulary=n),
        "logits of each token, beside the gates",
        "at most 1: logits of some rows at once",
    ),
    "likelihood over hidden size": Axis(
        lambda n: likelihood(hidden=n),
        (8, 25, 80, 253, 800),
        lambda n: likelihood_operations(hidden=n),
        "gates are square in it, logits linear",
        "1: vectors and gates of a block of tokens",
    ),
    "evaluation over sentences": Axis(
        evaluating,
        (1000, 3162, 10_000, 31_623, 100_000),
        sorting,
        "n log n by sorting",
        "1: n-grams of all sentences",
    ),
    "evaluation over length": Axis(
        lambda n: evaluating(length=n),
        (5, 16, 50, 158, 500),
        lambda n: sorting(length=n),
        "n-grams, which are sorted",
        "1: n-grams of all sentences",
    ),
    "BLEU over sentences": Axis(
        lambda n: scoring(n, False),
        (2000, 6325, 20_000, 63_246, 200_000),
        sorting,
        "n log n by sorting",
        "1: n-grams of all sentences",
    ),
    "Self-BLEU over sentences": Axis(
        lambda n: scoring(n, True),
        (2000, 6325, 20_000, 63_246, 200_000),
        sorting,
        "n log n by sorting",
        "1: n-grams of all sentences",
    ),
}


def point(name: str, size: int, repetitions: int = REPETITIONS) -> Point:
    """An axis at a size, in this process, on one thread.

    The first call tells the memory and is not timed, unless it is long.
    """
    torch.set_num_threads(1)
    work = AXES[name].make(size)
    seconds, risen = measured(work, clock=time.process_time)
    if repetitions == 0:
        return Point([seconds], risen)
    taken = [seconds] if seconds > LONG_SECONDS else []
    for _ in range(1 if taken else repetitions):
        taken.append(measured(work, afresh=False, clock=time.process_time)[0])
    return Point(taken, risen)


def exponent(sizes: Sequence[int], values: Sequence[float]) -> float:
    """The slope of the logarithm of values over that of sizes, by least squares."""
    return float(np.polyfit(np.log(sizes), np.log(values), 1)[0])


def fitted(sizes: Sequence[int], seconds: Sequence[Sequence[float]], seed: int = 0) -> dict[str, Any]:
    """The exponent of the median times, and its 95 % interval: of what it is with repetitions drawn anew.

    Args:
        sizes: two at least.
        seconds: of each size, of each repetition.
        seed: of what is drawn.
    """
    rng = np.random.default_rng(seed)
    drawn = [np.median(rng.choice(each, (RESAMPLES, len(each))), axis=1) for each in seconds]
    slopes = np.polyfit(np.log(sizes), np.log(drawn), 1)[0]
    low, high = np.quantile(slopes, [0.025, 0.975])
    medians = [float(np.median(each)) for each in seconds]
    return {"exponent": exponent(sizes, medians), "interval": [float(low), float(high)]}


def last_decade(sizes: Sequence[int]) -> int:
    """How many of the largest sizes lie within a factor of about ten of the largest, two at least."""
    return max(2, sum(size >= 0.95 * sizes[-1] / 10 for size in sizes))


def result_of(name: str, sizes: Sequence[int], points: Sequence[Point]) -> dict[str, Any]:
    """What is reported of an axis: its points, their exponents over all sizes and over the last decade, the expected.

    Memory below a MiB is taken for one: pages and blocks of the C library are counted then, and not the work.
    """
    axis, last = AXES[name], last_decade(sizes)
    seconds = [each.seconds for each in points]
    mebibytes = [max(1.0, each.bytes / 2**20) for each in points]
    counts = [axis.count(size) for size in sizes]
    return {
        "sizes": list(sizes),
        "seconds": seconds,
        "mebibytes": [each.bytes / 2**20 for each in points],
        "time": {
            "all": fitted(sizes, seconds),
            "last_decade": fitted(sizes[-last:], seconds[-last:]),
            "expected": exponent(sizes, counts),
            "expected_of_last_decade": exponent(sizes[-last:], counts[-last:]),
            "why": axis.why,
        },
        "memory": {
            "all": exponent(sizes, mebibytes),
            "last_decade": exponent(sizes[-last:], mebibytes[-last:]),
            "expected": axis.memory,
        },
    }
