"""Rows from a budget, and fewer of them where the memory ends."""

import logging
import subprocess
import sys

import pytest
import torch

from seqgan.decoding import Samples, rollout, sample
from seqgan.decoding.memory import (
    FIXED_BYTES,
    evened,
    free_bytes,
    in_groups,
    rows_of_budget,
    rows_within,
    state_bytes,
    within,
)
from seqgan.generators import LSTMGenerator, TransformerGenerator

CPU = torch.device("cpu")


def test_groups_are_of_consecutive_rows():
    assert in_groups(7, 3, lambda first, behind: (first, behind)) == [(0, 3), (3, 6), (6, 7)]
    assert in_groups(0, 3, lambda first, behind: (first, behind)) == [(0, 0)]


def test_where_the_memory_ends_half_as_many_go_on(caplog):
    tried = []

    def work(first, behind):
        tried.append((first, behind))
        if behind - first > 3:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return list(range(first, behind))

    with caplog.at_level(logging.WARNING):
        assert [row for group in in_groups(10, 8, work) for row in group] == list(range(10))
    assert tried == [(0, 8), (0, 4), (0, 2), (2, 4), (4, 6), (6, 8), (8, 10)]
    assert [record.getMessage() for record in caplog.records] == [
        "The memory ended with 8 rows at once: going on with 4.",
        "The memory ended with 4 rows at once: going on with 2.",
    ]


def test_a_single_row_that_does_not_fit_is_an_error():
    def work(first, behind):
        raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(torch.OutOfMemoryError):
        in_groups(4, 4, work)


@pytest.mark.parametrize("length", [1, 2, 9])
def test_bytes_of_a_state_at_its_end(length):
    lstm = LSTMGenerator(7, 4, 5, layers=2)
    assert state_bytes(lstm, length, None, CPU) == 2 * 2 * 5 * 4  # layers, hidden and cell, floats
    transformer = TransformerGenerator(7, 8, 5, layers=3, heads=2, max_length=length)
    assert state_bytes(transformer, length, None, CPU) == 3 * 2 * 8 * 4 * length  # blocks, keys and values


def test_rows_grow_with_the_budget_and_fall_with_the_length():
    generator = TransformerGenerator(7, 64, 5, max_length=80)
    assert rows_within(1, generator, 20, None, CPU) == 1
    few, many = (rows_within(size * 2**20, generator, 20, None, CPU) for size in (10, 20))
    assert many in (2 * few, 2 * few + 1)
    assert rows_within(10 * 2**20, generator, 80, None, CPU) < few / 2
    assert 0 < free_bytes(CPU) < 2**50


def test_groups_by_what_rows_count_for():
    sizes = [5, 1, 1, 1, 9, 2, 2]
    assert in_groups(7, 4, lambda first, behind: (first, behind), sizes) == [(0, 1), (1, 4), (4, 5), (5, 7)]


def test_groups_are_about_as_large_as_one_another():
    # 64 sentences of 304 forks: three groups are needed within 8,192, of 6,486 and a sentence's more.
    at_once = evened(8192, [304] * 64)
    assert [behind - first for first, behind in in_groups(64, at_once, lambda *ends: ends, [304] * 64)] == [22, 22, 20]
    assert evened(8192, [10_000]) == 8192
    assert evened(8192, []) == 0


def test_what_is_not_decoded_holds_to_the_budget_around():
    assert rows_of_budget(512, 1000) == 512
    with within(FIXED_BYTES + 100_000_000):
        assert rows_of_budget(512, 1_000_000) == 100
        assert rows_of_budget(50, 1_000_000) == 50
    with within(1):
        assert rows_of_budget(512, 1_000_000) == 1


def test_a_budget_splits_rows_and_changes_no_law(generator):
    for memory in (1, None):
        tokens, mask = sample(generator, 30, 4, rng=torch.Generator().manual_seed(0), memory=memory)
        assert tokens.shape == mask.shape == (30, 4)
    samples = Samples(tokens, mask)
    seen = []

    def reward(tokens, mask, row):
        seen.append(len(row))
        return row.double()

    values = rollout(generator, reward, samples, 3, rng=torch.Generator().manual_seed(0), memory=1)
    assert (values == torch.arange(30.0, dtype=torch.float64).view(1, 30, 1)).all()
    assert max(seen) <= 4  # one sentence and one rollout at a time: as many prefixes as it has tokens


def test_an_error_of_memory_in_a_reward_halves_the_work(generator, rng):
    samples = sample(generator, 8, 5, rng=rng)

    def reward(tokens, mask, row):
        if len(row) > 12:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return row.double()

    values = rollout(generator, reward, samples, 4, rng=rng)
    assert (values == torch.arange(8.0, dtype=torch.float64).view(1, 8, 1)).all()


@pytest.mark.slow(reason="processes of their own")
@pytest.mark.skipif(sys.platform != "linux", reason="no /proc")
@pytest.mark.parametrize("name", ["sampling", "scoring", "likelihood-5000"])
def test_measured_peaks_hold_to_a_budget(name):
    """A tenth above it, and another for the coarse blocks of the C library."""
    from benchmarks.extra import extra_of

    assert 0 < extra_of(name, memory=192)[1] <= 1.2 * 192


PEAK = """
import torch
from pathlib import Path
from seqgan.decoding import rollout, sample
from seqgan.generators import TransformerGenerator

def peak():  # of this program alone; ru_maxrss begins with that of the program that started it
    return next(int(line.split()[1]) for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line)

generator = TransformerGenerator(20, 128, 64, layers=2, end=None, max_length=24).eval()
rng = torch.Generator().manual_seed(0)
samples = sample(generator, 8, 24, rng=rng)
reward = lambda tokens, mask, row: tokens.double().mean(1)
rollout(generator, reward, samples, 1, rng=rng, memory=2**20)
before = peak()
for rollouts, memory in ((4, 40), (12, 40), (12, 4000)):
    rollout(generator, reward, samples, rollouts, rng=rng, memory=memory * 2**20)
    print((peak() - before) // 1024)
"""


@pytest.mark.slow(reason="a process of its own")
@pytest.mark.skipif(sys.platform != "linux", reason="no /proc")
def test_peak_memory_follows_the_budget_and_not_the_number_of_rollouts():
    result = subprocess.run([sys.executable, "-c", PEAK], capture_output=True, text=True, check=True)
    # The greatest until then. 184 prefixes of 48 KiB of state each: some 25 MiB for each rollout.
    small, same, large = map(int, result.stdout.split())
    assert small <= same <= 60
    assert large > same + 30
