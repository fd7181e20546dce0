"""Peaks of memory, each above what its own fresh process had before the one call that is measured."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import torch

from benchmarks.rows import ROWS
from benchmarks.timing import MEBIBYTE, measured
from seqgan.data.batches import Sequences
from seqgan.decoding import sample
from seqgan.decoding.memory import within
from seqgan.discriminators import CNNDiscriminator
from seqgan.evaluation.likelihood import held_out_likelihood
from seqgan.evaluation.score import sequence_scores
from seqgan.generators import LSTMGenerator, TransformerGenerator


def row_of(name):
    """The package's call of a row of the benchmark."""
    return lambda quick: ROWS[name][0](quick).package


def likelihood(quick, vocabulary=100_000):
    """Of 200 sentences of 40 tokens."""
    vocabulary, size, count = (50, 8, 4) if quick else (vocabulary, 256, 200)
    generator = LSTMGenerator(vocabulary, size // 2, size)
    sequences = drawn(vocabulary, count, 40)
    return lambda: held_out_likelihood(generator, sequences, None)


def sampling(quick):
    """A Transformer, whose state grows with the length: 160 KiB for each of 2,048 rows in the end."""
    generator = TransformerGenerator(1000, 8 if quick else 128, 64, layers=2, end=None, max_length=80).eval()
    return lambda: sample(generator, 4 if quick else 2048, 80, rng=torch.Generator().manual_seed(0))


def scoring(quick):
    """20,000 sentences by the SeqGAN discriminator."""
    discriminator, sequences = CNNDiscriminator(1000), drawn(1000, 4 if quick else 20_000, 20)
    return lambda: sequence_scores(discriminator, sequences)


def drawn(vocabulary, count, length):
    """Sentences of one length."""
    tokens = torch.randint(vocabulary, (count, length), generator=torch.Generator().manual_seed(0))
    return Sequences(tokens, torch.ones_like(tokens, dtype=torch.bool))


CALLS = {
    **{name: row_of(name) for name in ("rollout-20", "rollout-40", "rollout-hidden-512", "rollout-pairs")},
    "likelihood-100000": likelihood,
    "likelihood-5000": lambda quick: likelihood(quick, 5000),
    "sampling": sampling,
    "scoring": scoring,
}


def extra_of(name, threads=1, memory=0, quick=False):
    """Seconds and MiB of one call in a process of its own.

    Args:
        name: one of `CALLS`.
        threads: of torch.
        memory: budget in MiB; 0 has none.
        quick: tiny sizes.
    """
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(extra, name, threads, memory, quick).result()


def extra(name, threads, memory, quick):
    """Seconds and MiB of one call in this process, which must be a fresh one. Arguments are those of `extra_of`."""
    torch.set_num_threads(threads)
    work = CALLS[name](quick)
    with within(memory * MEBIBYTE or 2**62):
        seconds, risen = measured(work)
    return seconds, risen / MEBIBYTE
