"""Dropout from fewer random numbers."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from seqgan.tensors.modes import seen_by_transformations

STEPS = 2**16
"""Values that a random number of 16 bits has: shares are rounded to multiples of 1 / STEPS."""
NUMBERS = 4
"""Random numbers of 16 bits in one of 64, as torch draws them."""

_single: ContextVar[bool] = ContextVar("single", default=False)


@contextmanager
def drawing(draws: str) -> Iterator[None]:
    """Within the block dropout draws as `dropout` says ("shared"), or as torch does ("single"), in runs made before."""
    token = _single.set(draws == "single")
    try:
        yield
    finally:
        _single.reset(token)


def shared_draws(values: Tensor) -> bool:
    """Whether `dropout` of these is other than torch's own."""
    return (
        # Asked first: of what is traced, sizes would become conditions.
        not seen_by_transformations()
        and not _single.get()
        and values.device.type == "cpu"
        and type(values) in (Tensor, nn.Parameter)
        and values.dtype in (torch.float32, torch.float64)
        and not torch.is_autocast_enabled("cpu")
    )


def dropout(values: Tensor, share: float) -> Tensor:
    """`torch.nn.functional.dropout` in training, from a quarter of the random numbers on a CPU.

    torch draws a number of its generator for each value, which of a small model takes as long as its products; of each
    here four decisions are made. The share is then a multiple of 1 / 65,536, and what is kept is scaled by that: the
    mean is exactly the values. On other devices, in other types, within autocast, where a program is traced and in runs
    made before (`drawing`) it is torch's own.

    Args:
        values: [...]
        share: of them that become 0, from 0 to 1.

    Returns:
        [...]
    """
    dropped = round(share * STEPS)
    if not 0 < dropped < STEPS or not shared_draws(values):
        return functional.dropout(values, share)
    drawn = torch.empty(-(-values.numel() // NUMBERS), dtype=torch.int64).random_(-(2**63), None)
    numbers = drawn.view(torch.int16)[: values.numel()].view(values.shape)
    # In place, and as numbers of the values' own type: no passes over memory but these.
    factors = numbers.to(values.dtype).ge_(dropped - STEPS // 2).mul_(STEPS / (STEPS - dropped))
    return values * factors


class Dropout(nn.Dropout):
    """`torch.nn.Dropout` by `dropout`."""

    def forward(self, values: Tensor) -> Tensor:
        """[...] -> [...]"""
        return dropout(values, self.p) if self.training else values
