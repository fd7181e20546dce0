"""What goes into every unconditional generator, and what does not."""

import torch
from torch import Tensor, nn


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
