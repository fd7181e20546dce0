"""How tensors lie in memory, where that matters."""

import torch
from torch import Tensor


def laid_out_as(values: Tensor, other: Tensor) -> Tensor:
    """The same numbers, in memory as another tensor of their shape lies.

    Fused optimisers on a CPU go through a parameter, its gradient and its moments number by number as these lie in
    memory, and update the wrong weights, without a word, where they lie differently (torch 2.13).
    """
    if values.stride() == other.stride():
        return values
    return torch.empty_like(other, dtype=values.dtype).copy_(values)
