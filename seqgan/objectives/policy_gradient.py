"""The score-function gradient ("REINFORCE") of sampled tokens, shared by all algorithms on sampled text."""

import torch
from torch import Tensor


def token_log_probs(logits: Tensor, tokens: Tensor) -> Tensor:
    """Log-probability of each given token. [B, T, V], [B, T] -> [B, T]"""
    chosen = logits.gather(-1, tokens.unsqueeze(-1)).squeeze(-1)
    return chosen - logits.logsumexp(dim=-1)


def discounted_returns(rewards: Tensor, mask: Tensor, discount: float = 1.0) -> Tensor:
    """Sum of the rewards from each token on, each discounted by its distance: sum_{k >= t} discount^(k - t) r_k.

    Args:
        rewards: of each token. [..., T]
        mask: True at real tokens; what follows them is worth nothing. [..., T]
        discount: from 0, each token its own reward, to 1, all that follow alike.

    Returns:
        [..., T]

    Source: Williams 1992 with discounting, as de Masson d'Autume et al. 2019 (arXiv:1905.09922), equation 4, and Caccia
    et al. 2020 (arXiv:1811.02549) use it.
    """
    rewards = torch.where(mask, rewards, 0.0)
    returns = torch.empty_like(rewards)
    later = torch.zeros_like(rewards[..., 0])
    for t in reversed(range(rewards.shape[-1])):
        later = rewards[..., t] + discount * later
        returns[..., t] = later
    return returns


def policy_gradient_loss(log_probs: Tensor, advantages: Tensor, mask: Tensor) -> Tensor:
    """The loss whose gradient is minus the mean over sequences of sum_t advantage_t * grad log p(token_t).

    The sum over time is not divided by the length: a per-sequence mean would favour long sequences of low reward.

    Args:
        log_probs: of the sampled tokens, under the generator being trained. [B, T]
        advantages: how much better each token did than expected. [B, T] or [B, 1]
        mask: True at real tokens. [B, T]

    Source: Williams 1992; Yu et al. 2017 (arXiv:1609.05473), equations 6 to 8. Their program sums over the batch
    as well, which Adam and clipping by norm make equivalent up to how often the clipping acts.
    """
    # The only detach of objectives on sampled text: advantages are data, never a path for gradients.
    weighted = log_probs * advantages.detach()
    return -torch.where(mask, weighted, 0.0).sum(dim=1).mean()


def entropy_bonus(logits: Tensor, mask: Tensor) -> Tensor:
    """Entropy of the next-token distributions, summed over a sequence's tokens, the mean over sequences.

    Summed as `policy_gradient_loss` is, so that a weight means the same whatever the lengths, and a long sequence of a
    batch takes nothing from the short ones. Its gradient takes the prefixes that were visited as given.

    Args:
        logits: of the next tokens, under the generator being trained. [B, T, V]
        mask: True at sampled tokens. [B, T]

    Returns:
        [], to be maximised.

    Source: Mnih et al. 2016 (arXiv:1602.01783), section 4, where it is added at each step of the policy gradient.
    """
    log_probs = logits.log_softmax(dim=-1)
    entropies = -(log_probs.exp() * log_probs).sum(dim=-1)
    return torch.where(mask, entropies, 0.0).sum(dim=1).mean()
