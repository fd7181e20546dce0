"""How the rewards of samples become the advantages of their tokens."""

import torch
from torch import Tensor


def mean_advantages(values: Tensor, mask: Tensor, baseline: Tensor | float = 0.0) -> Tensor:
    """Mean reward over rollouts, less a baseline.

    Args:
        values: rewards of completed sequences. [N, ..., S, T]; N rollouts per position, S samples. T may be 1: then
            all tokens of a sequence share its reward.
        mask: True at real tokens. [..., S, T]
        baseline: what a reward is compared with; broadcast against the mean.

    Returns:
        Advantages, 0 where `mask` is False. [..., S, T]

    Source: Yu et al. 2017 (arXiv:1609.05473), equation 4.
    """
    return torch.where(mask, (values.mean(dim=0) - baseline).expand(mask.shape), 0.0)
