"""Masks of token sequences. One polarity in the whole package: True at real tokens, the end symbol included."""

import torch
from torch import Tensor


def mask_from_tokens(tokens: Tensor, end: int | None) -> Tensor:
    """True up to and including the first end symbol of each row; everywhere when there is no end symbol.

    Args:
        tokens: ids. [..., T]
        end: id of the end symbol, or None where sequences do not end (the synthetic oracle).

    Returns:
        bool. [..., T]
    """
    if end is None:
        return torch.ones_like(tokens, dtype=torch.bool)
    ended = (tokens == end).cumsum(dim=-1)
    # A position counts as long as no end symbol stands before it: shift the count right by one.
    return torch.cat([torch.zeros_like(ended[..., :1]), ended[..., :-1]], dim=-1) == 0


def take_rows(tokens: Tensor, mask: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
    """Some rows of padded sequences, without the columns in which all of them have ended. [N, T] -> [B, T'], both"""
    mask = mask[rows]
    longest = int(mask.sum(dim=1).max())
    return tokens[rows, :longest], mask[:, :longest]


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """Mean of `values` where `mask` is True; 0 when it is True nowhere. Both [...], result []."""
    return torch.where(mask, values, 0.0).sum() / mask.sum().clamp(min=1)
