"""How many rows decoding has in memory at once: from a budget, and fewer where the memory ends all the same."""

import logging
import os
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import torch

from seqgan.decoding.states import first_state
from seqgan.fitting import ROWS, check_rows, tried, try_step, untouched_numbers
from seqgan.tensors.rows import select_rows, state_size

if TYPE_CHECKING:  # for the annotation alone: decoding knows the protocol, no model
    from seqgan.generators.protocol import Context, Generator

Result = TypeVar("Result")

SHARE = 0.5
"""Of the free memory, where no budget is given: others may want some as well."""
STATES = 3
"""How often a state is in memory while rows are selected from it: the old one, a step's and the next."""
TOKEN_BYTES = 40
"""Of each token of a row: ids, their copies in order of length, masks."""
LOGITS = 3
"""How often a row's logits are in memory, where the output layer is no part of its own: made, chosen from, summed."""
SCORED_BYTES = 8192
"""What a reward may need of each row: the features of a discriminator."""

FIXED_BYTES = 80 * 2**20
"""What a pass takes however few its rows are, as measured with one thread: logits, a discriminator's tables, buffers of
the libraries that multiply. A budget is held to from twice this on; of a smaller one rows have half."""

_budget: ContextVar[int | None] = ContextVar("budget", default=None)


@contextmanager
def within(memory: int) -> Iterator[None]:
    """Within the block decoding that is given no budget of its own holds to this one.

    Where it splits rows, each part draws random numbers after the one before, so that samples are others than without:
    of the same distribution, and the same ones with the same seed and budget. Where all rows fit, or nothing is left
    to chance (`top_k` of 1), they are the same. One row at a time is the least: less than that is not refused.

    Args:
        memory: bytes.
    """
    token = _budget.set(memory)
    try:
        yield
    finally:
        _budget.reset(token)


def rows_within(
    memory: int | None, generator: "Generator", length: int, context: "Context", device: torch.device
) -> int:
    """Rows whose states, tokens and scores stay within a budget; at least one.

    Args:
        memory: bytes; None takes those of `within`, and outside of it half of what is free on the device.
        generator: any that steps.
        length: T, of each row.
        context: of the generator; None without a source.
        device: where the rows are.

    Raises:
        PlayerError: the generator's first steps fail, or give other shapes than they should.
    """
    memory = _budget.get() if memory is None else memory
    budget = for_rows(int(free_bytes(device) * SHARE) if memory is None else memory)
    row = STATES * state_bytes(generator, length, context, device) + TOKEN_BYTES * length + SCORED_BYTES
    if not hasattr(generator, "advance"):  # logits of all rows, as the model makes them and as they are drawn from
        row += LOGITS * 4 * generator.vocabulary_size
    return max(1, budget // row)


def for_rows(memory: int) -> int:
    """Bytes of a budget that rows may take, beside what does not depend on their number; one at least."""
    return max(memory - FIXED_BYTES, memory // 2, 1)


def rows_of_budget(most: int, row_bytes: int) -> int:
    """Rows at once of what is not decoded, such as likelihoods and scores: within the budget of `within`, where there
    is one.

    Args:
        most: without a budget.
        row_bytes: what a row takes.

    Returns:
        From 1 to `most`.
    """
    memory = _budget.get()
    return most if memory is None else max(1, min(most, for_rows(memory) // row_bytes))


def state_bytes(generator: "Generator", length: int, context: "Context", device: torch.device) -> int:
    """Of one row's state at the end of a sequence: of constant size, or of one that grows with each token.

    Raises:
        PlayerError: the generator's first steps fail, or give other shapes than they should.
    """
    first = torch.zeros(ROWS, dtype=torch.long, device=device)
    source = select_rows(context, first)
    method = "advance" if hasattr(generator, "advance") else "step"
    tokens = torch.full_like(first, generator.start)
    sizes = []
    with untouched_numbers(device):
        begin = partial(first_state, generator, ROWS, source)
        state = tried(generator, "generator", "initial_state", f"{ROWS} rows", begin)
        check_rows(generator, "initial_state", state, ROWS)
        for _ in range(min(2, length)):
            _, state = try_step(generator, method, tokens, state)
            sizes.append(state_size(state) // ROWS)
            tokens = torch.full_like(first, generator.vocabulary_size - 1)
    return sizes[-1] + (sizes[-1] - sizes[0]) * (length - 2) if length > 1 else sum(sizes)


def free_bytes(device: torch.device) -> int:
    """Memory that is free on a device: on a GPU torch's own reserve included, else that of machine and container."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return int(free) + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    limits = [_meminfo_available()]
    try:
        folder = Path("/sys/fs/cgroup")
        limits.append(int((folder / "memory.max").read_text()) - int((folder / "memory.current").read_text()))
    except (OSError, ValueError):
        pass  # no container, or one without a limit
    return max(0, min(limits))


def in_groups(
    rows: int, at_once: int, work: Callable[[int, int], Result], sizes: Sequence[int] | None = None
) -> list[Result]:
    """`work(first, behind)` of all rows in order, so many at once; after an out-of-memory error half as many.

    Args:
        rows: how many there are.
        at_once: how many together, at first; one is the least.
        work: what is done with the rows from `first` up to, and not with, `behind`; may be called again for them.
        sizes: for how many each row counts; by default for one.

    Raises:
        torch.OutOfMemoryError: a single row is too much.
    """
    ends = list(accumulate(sizes, initial=0)) if sizes is not None else list(range(rows + 1))
    results: list[Result] = []
    first = 0
    while first < rows or not results:
        behind = min(rows, max(first + 1, bisect_right(ends, ends[first] + at_once) - 1))
        try:
            results.append(work(first, behind))
            first = behind
            continue
        except torch.OutOfMemoryError:
            if behind - first <= 1:
                raise
        # Behind the except block, whose error still holds what `work` had in memory.
        counted = ends[behind] - ends[first]
        at_once = counted // 2
        logging.getLogger(__name__).warning(
            "The memory ended with %d rows at once: going on with %d.", counted, at_once
        )
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
    return results


def evened(at_once: int, sizes: Sequence[int]) -> int:
    """`at_once` for `in_groups`, and less where as many groups are then about as large as one another."""
    groups = max(1, -(-sum(sizes) // at_once))
    return min(at_once, sum(sizes) // groups + max(sizes, default=0))


def _meminfo_available() -> int:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration):
        pages = os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 2**20
        return pages * (os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096) // 2
