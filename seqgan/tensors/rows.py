"""Rows of a generator's state: nested tuples of tensors whose axis 0 is the row. None stays None.

Sampling, rollouts and contexts select, repeat, join and disturb rows through these functions alone, so that they need
not know what a model keeps.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

import torch
from torch import Tensor

State: TypeAlias = Any
"""A nested tuple of tensors with rows in axis 0, or None."""


def select_rows(state: State, index: Tensor) -> State:
    """The rows of `state` that `index` [R] names, in its order; a row may be named several times."""
    if state is None:
        return None
    if isinstance(state, Tensor):
        return state.index_select(0, index)
    return tuple(select_rows(part, index) for part in state)


def repeat_rows(state: State, times: int) -> State:
    """Each row `times` times in a row: a, a, b, b, ..."""
    if state is None:
        return None
    if isinstance(state, Tensor):
        return state.repeat_interleave(times, dim=0)
    return tuple(repeat_rows(part, times) for part in state)


def split_rows(state: State, sizes: Sequence[int]) -> list[State]:
    """Parts of so many rows each, one after the other; no copies."""
    if state is None:
        return [None] * len(sizes)
    if isinstance(state, Tensor):
        return list(state.split(list(sizes)))
    parts = [split_rows(part, sizes) for part in state]
    return [tuple(part[i] for part in parts) for i in range(len(sizes))]


def join_rows(*states: State) -> State:
    """The rows of the first, then those of the second, and so on."""
    if states[0] is None:
        return None
    if isinstance(states[0], Tensor):
        return torch.cat(states, dim=0)
    return tuple(join_rows(*parts) for parts in zip(*states, strict=True))


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
    if isinstance(state, Tensor):
        if not state.is_floating_point():
            return state
        noise = torch.randn(state.shape, generator=rng, device=state.device, dtype=state.dtype)
        return state + scale * noise
    return tuple(disturb_rows(part, scale, rng) for part in state)
