"""Vectors of positions that no sequence is too long for."""

import torch
from torch import Tensor


def sinusoids(length: int, size: int) -> Tensor:
    """Sines and cosines of each position, at wavelengths from 2 pi to 10,000 * 2 pi. [T, E]

    Source: Vaswani et al. 2017, section 3.5. Sines come first and cosines after them, where the paper alternates: an
    order of columns, to which the first matrix is indifferent.
    """
    frequencies = 10_000.0 ** (-torch.arange(0, size, 2, dtype=torch.float64) / size)
    angles = torch.arange(length, dtype=torch.float64).unsqueeze(1) * frequencies  # [T, ceil(E / 2)]
    return torch.cat([angles.sin(), angles.cos()], dim=1)[:, :size]
