"""How the rewards of samples become the advantages of their tokens."""

import math

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


def standardized(advantages: Tensor, values: Tensor, mask: Tensor, least: float = 1e-3) -> Tensor:
    """Advantages in units of the deviation of the mean rewards that were compared, at each position.

    Args:
        advantages: [..., S, T]
        values: the rewards that they are of, one of whose axes is the samples compared. [N, ..., S, T or 1]
        mask: True at real tokens. [..., S, T]
        least: below this deviation all samples are alike, and the advantages 0: divided, they would be noise.

    Returns:
        [..., S, T]

    Source: Shao et al. 2024 (arXiv:2402.03300), section 4.1.2; the deviation with S - 1 under it, and 1e-4 added, as in
    common programs.
    """
    deviation = values.mean(dim=0).std(dim=-2, keepdim=True)
    scale = torch.where(deviation < least, 0.0, 1 / (deviation + 1e-4))
    return torch.where(mask, advantages * scale, 0.0)


def importance_advantages(log_weights: Tensor, mask: Tensor, baseline: Tensor | float = 0.0) -> Tensor:
    """Self-normalised importance weights, less a baseline: MaliGAN and discrete boundary seeking.

    A sample weighs D / (1 - D), whose logarithm is the logit, over the sum of the samples it is compared with. Weights
    are scaled to mean 1 at each position, so that a learning rate means the same here as with `mean_advantages`.

    Args:
        log_weights: logarithms of the weights of completed sequences. [N, ..., S, T]; N rollouts per position, S
            samples compared with one another. Behind a sequence's end its own weight. T may be 1: then all tokens of
            a sequence share its weight.
        mask: True at real tokens. [..., S, T]
        baseline: subtracted from the weights, in units of their mean; at 1 the advantages of a position sum to 0 where
            no sequence has ended.

    Returns:
        Advantages, 0 where `mask` is False. [..., S, T]

    Source: Che et al. 2017 (arXiv:1702.07983), section 3; Hjelm et al. 2018 (arXiv:1702.08431), section 3. Differs in
    the scale, which the learning rate absorbs.
    """
    # Over rollouts the weights are averaged, not their logarithms: log-sum-exp, less the logarithm of N.
    log_weights = log_weights.logsumexp(dim=0) - math.log(log_weights.shape[0])
    # At each position over all samples, those that have ended among them: the mean weight, an estimate of 1, is of all
    # sequences there are. Without the ended ones, long sequences would gain what short ones lose.
    weights = log_weights.shape[-2] * log_weights.softmax(dim=-2)
    return torch.where(mask, weights - baseline, 0.0)
