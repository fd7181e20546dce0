"""Work on rows in several threads, each of which computes alone.

A part of the work then stays in the caches of one core through all its operations. torch's own threads share each
single operation and wait for one another after it: for the short operations of decoding, and on a machine with other
work to do, that waiting costs many times the operations themselves.
"""

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import TypeVar

import torch

Part = TypeVar("Part")
Result = TypeVar("Result")

KEPT_BYTES = 2**25 - 2**16
"""Just under the largest block that glibc learns from."""

_crew = threading.local()


def in_parallel(work: Callable[[Part], Result], parts: Iterable[Part], device: torch.device) -> list[Result]:
    """`work` of each part, without gradients, in the order of the parts; the same whatever the number of threads.

    Within `torch.autocast` the parts are worked on in its precision, whose state torch keeps for each thread apart.

    Args:
        work: independent of the other parts, and without random numbers.
        parts: on a CPU as many as there are threads, or several times as many, so that none is idle for long.
        device: where the work is done; on a GPU one part is done after the other.
    """

    autocast, dtype = torch.is_autocast_enabled(device.type), torch.get_autocast_dtype(device.type)

    def without_gradients(part: Part) -> Result:
        before = torch.is_autocast_enabled(device.type), torch.get_autocast_dtype(device.type)
        _set_autocast(device, autocast, dtype)
        try:
            with torch.no_grad():
                return work(part)
        finally:
            _set_autocast(device, *before)

    if device.type == "cpu":
        keep_freed_memory()
    parts = list(parts)
    threads = crew_size()
    if device.type != "cpu" or threads == 1 or len(parts) == 1:
        return [without_gradients(part) for part in parts]
    return list(_pool(threads, os.getpid()).map(without_gradients, parts))


@cache
def keep_freed_memory() -> None:
    """Have the C library keep blocks that are freed, for the next of their size, where it would give them back.

    glibc gives a block of some MiB back to the system until it has seen a larger one freed, up to 32 MiB
    (mallopt(3), M_MMAP_THRESHOLD). Fetched anew, a page at a time, such a block can take longer than the product
    that is written into it. The block here is never touched and costs nothing. It has its effect on the whole
    process: what is freed in smaller blocks stays with it for whoever asks next, by glibc's rules up to 64 MiB in each
    thread. Who has set MALLOC_MMAP_THRESHOLD_ or the like keeps what he has set.
    """
    torch.empty(KEPT_BYTES, dtype=torch.uint8)


def _set_autocast(device: torch.device, enabled: bool, dtype: torch.dtype) -> None:
    """As entering `torch.autocast` does, but leaving it again does not drop the weights that were rounded for all."""
    torch.set_autocast_enabled(device.type, enabled)
    torch.set_autocast_dtype(device.type, dtype)


def crew_size() -> int:
    """Threads that `in_parallel` has here."""
    return getattr(_crew, "size", 0) or torch.get_num_threads()


@contextmanager
def alone() -> Iterator[None]:
    """Within the block what is not done by `in_parallel` is done by this thread alone."""
    before, outer = torch.get_num_threads(), getattr(_crew, "size", 0)
    _crew.size = outer or before
    torch.set_num_threads(1)
    try:
        yield
    finally:
        _crew.size = outer
        torch.set_num_threads(before)


@cache
def _pool(threads: int, process: int) -> ThreadPoolExecutor:  # noqa: ARG001
    """Threads that each compute alone. A forked process has none of its parent's, and makes its own."""
    before = torch.get_num_threads()
    all_there = threading.Barrier(threads)

    def begin() -> None:
        torch.get_num_threads()  # in each thread the first call takes over the number of the whole program
        torch.set_num_threads(1)
        all_there.wait()

    pool = ThreadPoolExecutor(threads, thread_name_prefix="seqgan", initializer=begin)
    list(pool.map(lambda _: None, range(threads)))
    torch.set_num_threads(before)  # which threads that begin later take over
    return pool
