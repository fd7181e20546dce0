"""Whether a model fits into memory, asked before any of it is taken."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from seqgan.decoding.memory import free_bytes
from seqgan.errors import ConfigError
from seqgan.tensors.module import Module

TRAINED_TIMES = 5
"""What training takes, in units of the weights: themselves, gradients, two moments, and the best weights so far."""

DRAWS = frozenset({Tensor.normal_, Tensor.uniform_, nn.init.normal_, nn.init.uniform_, nn.init.trunc_normal_})


class _Undrawn(TorchFunctionMode):
    """Leaves out draws of weights: for tensors without numbers torch takes its compiler, which is seconds to load."""

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if function in DRAWS:
            return args[0] if args else kwargs["tensor"]
        return function(*args, **kwargs)


def refuse_giant(make: Callable[[], Module], what: str, *, trained: bool) -> None:
    """That a model fits into the memory that is free; asked before any of it is taken.

    Args:
        make: the model, which is made without any of its numbers here.
        what: for the message.
        trained: whether gradients, the moments of Adam and a copy of the best weights will stand beside its own.

    Raises:
        ConfigError: it does not; what it would take.
    """
    model = _without_numbers(make)
    needed = sum(part.numel() * part.element_size() for part in (*model.parameters(), *model.buffers()))
    needed *= TRAINED_TIMES if trained else 1
    free = free_bytes(torch.device("cpu"))
    if needed > free:
        how = "to be trained, " if trained else ""
        raise ConfigError(
            f"{what} would take {needed / 2**30:,.1f} GiB {how}and {free / 2**30:,.1f} GiB are free: choose smaller "
            "sizes or fewer layers, or keep fewer tokens with data.max_vocabulary."
        )


def count_parameters(make: Callable[[], Module]) -> int:
    """How many weights a model has, those that two of its parts share counted once; none of them is made.

    Args:
        make: the model.
    """
    return sum(parameter.numel() for parameter in _without_numbers(make).parameters())


def _without_numbers(make: Callable[[], Module]) -> Module:
    """The model with the shapes of its weights alone."""
    with torch.random.fork_rng(devices=[]), torch.device("meta"), _Undrawn():
        return make()
