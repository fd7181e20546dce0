"""Whether a model fits into memory, asked before any of it is taken."""

from collections.abc import Callable

import torch

from seqgan.decoding.memory import free_bytes
from seqgan.errors import ConfigError
from seqgan.tensors.module import Module

TRAINED_TIMES = 5
"""What training takes, in units of the weights: themselves, gradients, two moments, and the best weights so far."""


def refuse_giant(make: Callable[[], Module], what: str, *, trained: bool) -> None:
    """That a model fits into the memory that is free; asked before any of it is taken.

    Args:
        make: the model, which is made without any of its numbers here.
        what: for the message.
        trained: whether gradients, the moments of Adam and a copy of the best weights will stand beside its own.

    Raises:
        ConfigError: it does not; what it would take.
    """
    with torch.random.fork_rng(devices=[]), torch.device("meta"):
        model = make()
    needed = sum(part.numel() * part.element_size() for part in (*model.parameters(), *model.buffers()))
    needed *= TRAINED_TIMES if trained else 1
    free = free_bytes(torch.device("cpu"))
    if needed > free:
        how = "to be trained, " if trained else ""
        raise ConfigError(
            f"{what} would take {needed / 2**30:,.1f} GiB {how}and {free / 2**30:,.1f} GiB are free: choose smaller "
            "sizes or fewer layers, or keep fewer tokens with data.max_vocabulary."
        )
