"""What goes into every generator, and what does not go into some."""

import torch
from torch import Tensor, nn

from seqgan.errors import ConfigError
from seqgan.tensors.rows import State


def previous_tokens(tokens: Tensor, start: int) -> Tensor:
    """What is read before each token: the start symbol, then the tokens but the last. [B, T] -> [B, T]"""
    first = torch.full_like(tokens[:, :1], start)
    return torch.cat([first, tokens[:, :-1]], dim=1)


def refuse_source(generator: nn.Module, source: Tensor | None) -> None:
    """For the `encode` of an unconditional generator.

    Raises:
        ValueError: a source is given.
    """
    if source is not None:
        name = type(generator).__name__
        raise ValueError(f"{name} generates from nothing and cannot read a source: use a conditional one.")


def require_source(generator: nn.Module, source: Tensor | None, source_mask: Tensor | None) -> tuple[Tensor, Tensor]:
    """For the `encode` of a conditional generator: source and mask, which are there.

    Raises:
        ConfigError: one of them is None.
    """
    if source is None or source_mask is None:
        name = type(generator).__name__
        raise ConfigError(
            f"{name} generates from a source, and none is given: use a corpus of pairs, or an unconditional generator."
        )
    return source, source_mask


def require_context(generator: nn.Module, rows: int, context: State) -> State:
    """For the `initial_state` of a conditional generator: the context, whose last tensor is a mask of the source.

    Raises:
        ConfigError: there is none.
        ValueError: it is of another number of rows.
    """
    name = type(generator).__name__
    if context is None:
        raise ConfigError(f"{name} generates from a source: give it the context that its `encode` makes of one.")
    given = context[-1].shape[0]  # not len(), which would fix the number of rows where this is traced for export
    if given != rows:
        raise ValueError(f"{name} is asked for {rows} rows, and the context has {given}: repeat its rows.")
    return context
