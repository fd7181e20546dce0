"""Rows of a generator's state: nested tuples of tensors whose axis 0 is the row. None stays None.

Sampling, rollouts and contexts select, repeat, join and disturb rows through these functions alone, so that they need
not know what a model keeps.
"""

from collections.abc import Sequence
from typing import Any, Self, TypeAlias

import torch
from torch import Tensor
from torch.nn import functional

State: TypeAlias = Any
"""A nested tuple of tensors with rows in axis 0, or None; some of the tuples may be `SharedRows`. While several
threads advance it, it may be `SplitRows` as a whole, which `select_rows` and `split_rows` alone take."""


class SharedRows:
    """A part of a state that no step changes and that many rows have alike: selecting rows copies no more than numbers.

    Args:
        table: a nested tuple of tensors with B rows.
        index: of which row of the table each of the R rows is; by default each of its own. [R]
    """

    def __init__(self, table: State, index: Tensor | None = None):
        self.table = table
        first = _first_tensor(table)
        self.index = torch.arange(len(first), device=first.device) if index is None else index

    def rows(self) -> State:
        """The rows as any other state has them, each a copy."""
        return select_rows(self.table, self.index)

    def row_bytes(self) -> int:
        """Of such a copy of one row."""
        return state_size(self.table) // max(1, len(_first_tensor(self.table)))

    def select(self, index: Tensor) -> Self:
        """As `select_rows`."""
        return type(self)(self.table, self.index.index_select(0, index))

    def split(self, sizes: int | Sequence[int]) -> list[Self]:
        """Parts of so many rows each, one after the other."""
        return [type(self)(self.table, part) for part in self.index.split(sizes)]


class SplitRows:
    """A whole state in parts, as several threads left them: copied into one only where somebody asks for it as one.

    Args:
        parts: states, the rows of one following those of another.
        sizes: rows of each.
    """

    def __init__(self, parts: Sequence[State], sizes: Sequence[int]):
        self.parts = list(parts)
        self.sizes = list(sizes)

    def rows(self) -> State:
        """All rows in one."""
        return join_rows(*self.parts)

    def select(self, index: Tensor) -> State:
        """As `select_rows`; in parts again where the rows' order is kept."""
        if not bool((index.diff() > 0).all()):
            return _join_and_select(self.parts, index)
        starts = torch.tensor([0, *self.sizes], device=index.device).cumsum(0)
        of_part = index.tensor_split(torch.searchsorted(index, starts[1:-1]).cpu())
        return type(self)(
            [select_rows(part, some - start) for part, some, start in zip(self.parts, of_part, starts, strict=False)],
            [len(some) for some in of_part],
        )


def slice_rows(state: State, first: int, behind: int) -> State:
    """The rows from `first` to the one before `behind`; no copies."""
    if state is None:
        return None
    if isinstance(state, Tensor):
        return state[first:behind]
    if isinstance(state, SharedRows):
        return SharedRows(state.table, state.index[first:behind])
    return tuple(slice_rows(part, first, behind) for part in state)


def select_rows(state: State, index: Tensor) -> State:
    """The rows of `state` that `index` [R] names, in its order; a row may be named several times."""
    if state is None:
        return None
    if isinstance(state, Tensor):
        return state.index_select(0, index)
    if isinstance(state, SharedRows | SplitRows):
        return state.select(index)
    return tuple(select_rows(part, index) for part in state)


def repeat_rows(state: State, times: int) -> State:
    """Each row `times` times in a row: a, a, b, b, ..."""
    if state is None:
        return None
    if isinstance(state, Tensor):
        return state.repeat_interleave(times, dim=0)
    if isinstance(state, SharedRows):
        return SharedRows(state.table, state.index.repeat_interleave(times))
    return tuple(repeat_rows(part, times) for part in state)


def split_rows(state: State, sizes: Sequence[int]) -> list[State]:
    """Parts of so many rows each, one after the other; no copies."""
    if state is None:
        return [None] * len(sizes)
    if isinstance(state, Tensor):
        return list(state.split(list(sizes)))
    if isinstance(state, SharedRows):
        return state.split(list(sizes))
    if isinstance(state, SplitRows):
        return state.parts if list(sizes) == state.sizes else split_rows(state.rows(), sizes)
    parts = [split_rows(part, sizes) for part in state]
    return [tuple(part[i] for part in parts) for i in range(len(sizes))]


def join_rows(*states: State) -> State:
    """The rows of the first, then those of the second, and so on."""
    if states[0] is None:
        return None
    if isinstance(states[0], Tensor):
        return torch.cat(states, dim=0)
    if isinstance(states[0], SharedRows):
        return _join_shared(states)
    return tuple(join_rows(*parts) for parts in zip(*states, strict=True))


def join_filled(first: Tensor, second: Tensor) -> Tensor:
    """Rows of the first, then of the second; the narrower one is filled up with 0.

    Args:
        first: [A, ..., T]
        second: [B, ..., T'], its other axes as those of the first.

    Returns:
        [A + B, ..., the larger of T and T']
    """
    width = max(first.shape[-1], second.shape[-1])
    return torch.cat([functional.pad(part, (0, width - part.shape[-1])) for part in (first, second)])


def disturb_rows(state: State, scale: float, rng: torch.Generator) -> State:
    """`state` with normal noise of standard deviation `scale` on every number but masks; itself where that is 0.

    Raises:
        ValueError: there is no number to disturb.
    """
    if scale == 0:
        return state
    if state is None or (isinstance(state, Tensor) and state[:1].numel() == 0 and len(state) > 0):
        raise ValueError(
            "Noise was asked for on a state that holds nothing before the first token, as a Transformer's: without it "
            "all sequences would be alike. Use a recurrent generator, or Gumbel noise and no noise on the state."
        )
    if isinstance(state, SharedRows):
        return disturb_rows(state.rows(), scale, rng)  # each row has noise of its own
    if isinstance(state, Tensor):
        if not state.is_floating_point():
            return state
        noise = torch.randn(state.shape, generator=rng, device=state.device, dtype=state.dtype)
        return state + scale * noise
    return tuple(disturb_rows(part, scale, rng) for part in state)


def state_size(state: State) -> int:
    """Bytes of a state's tensors; of shared rows, of their numbers alone."""
    if state is None:
        return 0
    if isinstance(state, Tensor):
        return state.numel() * state.element_size()
    if isinstance(state, SharedRows):
        return state_size(state.index)
    return sum(state_size(part) for part in state)


def _join_and_select(states: Sequence[State], index: Tensor) -> State:
    """Rows of several states, numbered as if these were one, which is made of no more than a tensor at a time."""
    if states[0] is None or isinstance(states[0], Tensor | SharedRows):
        return select_rows(join_rows(*states), index)
    return tuple(_join_and_select(parts, index) for parts in zip(*states, strict=True))


def _join_shared(states: Sequence[SharedRows]) -> SharedRows:
    """Of one table, with no copy of it; of several, with one behind the other."""
    table, index = states[0].table, states[0].index
    if all(state.table is table for state in states):
        return SharedRows(table, torch.cat([state.index for state in states]))
    for state in states[1:]:
        index = torch.cat([index, state.index + len(_first_tensor(table))])
        table = join_rows(table, state.table)
    return SharedRows(table, index)


def _first_tensor(state: State) -> Tensor:
    while not isinstance(state, Tensor):
        state = state[0]
    return state
