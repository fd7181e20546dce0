"""In which order the sentences of a text too large for memory are taken.

Up to `EXACT_SENTENCES` the order is that of a text in memory, row for row. Beyond, a permutation of all rows would be
large itself, and reading rows at random from a disk slow: blocks of consecutive sentences are permuted, and sentences
within pools of many such blocks, from all over the text. Two sentences of a block then always come within one pool.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import overload

import torch
from torch import Tensor

from seqgan.data.sequences import AnySequences

EXACT_SENTENCES = 2**22
"""Up to so many the rows are permuted as one; some 200 MB."""
BLOCK_SENTENCES = 1024
"""At least so many consecutive sentences are read together."""
POOL_BLOCKS = 256
"""Blocks whose sentences are shuffled together: a quarter of a million sentences and more."""
POOL_BATCHES = 50
"""Batches whose sentences are sorted by length together, where they are."""


def epoch_rng(seed: int, epoch: int, pool: int | None = None) -> torch.Generator:
    """The random numbers of an epoch's order, or of one pool in it."""
    number = seed * 1_000_003 + epoch
    return torch.Generator().manual_seed((number if pool is None else number * 1_000_003 + pool + 1) % 2**63)


def ordered(
    rows: Tensor, lengths: Tensor, batch_size: int, rng: torch.Generator, condition_lengths: Tensor | None = None
) -> list[Tensor]:
    """Shuffled rows as batches: sorted by length within pools of batches, and the batches shuffled.

    It saves padding, and steers: an optimiser that scales its steps goes after each batch's own lengths, and the
    incomplete batch at the end is always of the longest sentences.

    Args:
        rows: in random order. [R]
        lengths: of these rows. [R]
        batch_size: rows of a batch; one batch may have fewer.
        rng: decides the order of batches.
        condition_lengths: of these rows' conditions, by which equally long ones are sorted. [R]
    """
    # One sort, by pool and then by length, is several times faster than one for each pool.
    pool = torch.arange(len(rows)) // (batch_size * POOL_BATCHES)
    order_key = pool * (int(lengths.max()) + 1 if len(rows) else 1) + lengths
    if condition_lengths is not None:
        order_key = order_key * (int(condition_lengths.max()) + 1 if len(rows) else 1) + condition_lengths
    rows = rows[order_key.argsort(stable=True)]
    batches = rows.split(batch_size) if len(rows) else ()
    return [batches[number] for number in torch.randperm(len(batches), generator=rng).tolist()]


class Batches(Sequence[Tensor], ABC):
    """The rows of each batch of an epoch, of which any can be asked for; a subclass has a length and makes one."""

    @overload
    def __getitem__(self, index: int) -> Tensor: ...
    @overload
    def __getitem__(self, index: slice) -> list[Tensor]: ...
    def __getitem__(self, index: int | slice) -> Tensor | list[Tensor]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        return self._batch(index % len(self))

    @abstractmethod
    def _batch(self, index: int) -> Tensor:
        """The rows of a batch, the first being 0."""


class BlockedBatches(Batches):
    """The rows of each batch of an epoch, made pool by pool.

    Args:
        sequences: the text.
        batch_size: rows of a batch; one of all batches may have fewer.
        seed: of the run.
        epoch: which one.
        drop_last: leave out as many rows as would make a batch of fewer than `batch_size`.
        by_length: see `ordered`.
    """

    def __init__(
        self,
        sequences: AnySequences,
        batch_size: int,
        *,
        seed: int,
        epoch: int,
        drop_last: bool = False,
        by_length: bool = False,
    ):
        self._sequences, self._batch_size = sequences, batch_size
        self._seed, self._epoch, self._drop_last, self._by_length = seed, epoch, drop_last, by_length
        # Whole batches in a block, so that no pool but that of the last, incomplete block ends in a small batch.
        self._block = batch_size * -(-BLOCK_SENTENCES // batch_size)
        blocks = -(-sequences.sentences // self._block)
        order = torch.randperm(blocks, generator=epoch_rng(seed, epoch))
        self._pools = order.split(POOL_BLOCKS)
        missing = blocks * self._block - sequences.sentences
        self._firsts = [0]
        for pool in self._pools:
            rows = len(pool) * self._block - (missing if bool((pool == blocks - 1).any()) else 0)
            made = rows // batch_size if drop_last else -(-rows // batch_size)
            self._firsts.append(self._firsts[-1] + made)
        self._made: tuple[int, list[Tensor]] = (-1, [])

    def __len__(self) -> int:
        return self._firsts[-1]

    def _batch(self, index: int) -> Tensor:
        pool = int(torch.searchsorted(torch.tensor(self._firsts), index, right=True)) - 1
        if self._made[0] != pool:
            self._made = (pool, self._batches_of(pool))
        return self._made[1][index - self._firsts[pool]]

    def _batches_of(self, number: int) -> list[Tensor]:
        """The batches of a pool: as those of a text that has its sentences alone."""
        rng = epoch_rng(self._seed, self._epoch, number)
        # Blocks in ascending order are read as they stand on the disk.
        starts = self._pools[number].sort().values * self._block
        rows = (starts.unsqueeze(1) + torch.arange(self._block)).flatten()
        rows = rows[rows < self._sequences.sentences]
        rows = rows[torch.randperm(len(rows), generator=rng)]
        if self._drop_last:
            rows = rows[: len(rows) // self._batch_size * self._batch_size]
        if not self._by_length:
            return list(rows.split(self._batch_size)) if len(rows) else []
        return ordered(rows, self._sequences.lengths(rows), self._batch_size, rng)


class Window(Batches):
    """The batches of an epoch that has another length than a pass over the text: each goes on where the last one ended.

    Args:
        batches_of: the batches of a pass, whose numbers begin with 1; all passes have as many.
        updates: batches of an epoch.
        epoch: which one, from 1 on.
    """

    def __init__(self, batches_of: Callable[[int], Sequence[Tensor]], updates: int, epoch: int):
        self._batches_of, self._updates = batches_of, updates
        self._first = (epoch - 1) * updates
        self._made = (1, batches_of(1))
        self._per_pass = len(self._made[1])

    def __len__(self) -> int:
        return self._updates

    def _batch(self, index: int) -> Tensor:
        earlier, place = divmod(self._first + index, self._per_pass)
        if self._made[0] != earlier + 1:
            self._made = (earlier + 1, self._batches_of(earlier + 1))
        return self._made[1][place]


class Shard(Batches):
    """The part of each batch that one of several processes takes: all have as many batches, each row is in one.

    The order does not depend on how many processes there are, so that a run may be resumed with another number. A
    batch of fewer rows than there are processes, as the last one may be, is no row of some of them.

    Args:
        batches: the rows of each batch, those of all processes together.
        rank: which process, from 0 on.
        world: how many there are.
    """

    def __init__(self, batches: Sequence[Tensor], rank: int, world: int):
        if not 0 <= rank < world:
            raise ValueError(f"The rank is {rank}, but of {world} processes it is one of 0 to {world - 1}.")
        self._batches, self._rank, self._world = batches, rank, world

    def __len__(self) -> int:
        return len(self._batches)

    def _batch(self, index: int) -> Tensor:
        return self._batches[index][self._rank :: self._world]


def distinct_rows(count: int, size: int, rng: torch.Generator, *, in_memory: bool = False) -> Tensor:
    """Random rows of `count`: distinct ones where there are enough, else with repetition. [size]

    Of more than `EXACT_SENTENCES` on the disk they are drawn one by one until they are distinct, since a permutation of
    all would be larger than what is wanted of it.
    """
    if size > count:
        return torch.randint(count, (size,), generator=rng, device=rng.device)
    if in_memory or count <= EXACT_SENTENCES or 2 * size > count:
        return torch.randperm(count, generator=rng, device=rng.device)[:size]
    rows: dict[int, None] = {}
    while len(rows) < size:
        drawn = torch.randint(count, (size - len(rows),), generator=rng, device=rng.device)
        rows |= dict.fromkeys(drawn.tolist())
    return torch.tensor(list(rows), device=rng.device)
