"""Numbers that show a sick run before any BLEU moves. They sit beside the objectives, never inside them."""

import torch
from torch import Tensor

from seqgan.tensors.masking import masked_mean


def policy_entropy(logits: Tensor, mask: Tensor) -> Tensor:
    """Mean entropy of the generator's next-token distributions, in nats. [B, T, V], [B, T] -> []

    Falling towards 0, the generator collapses onto few sentences.
    """
    log_probs = logits.log_softmax(dim=-1)
    return masked_mean(-(log_probs.exp() * log_probs).sum(dim=-1), mask)


def relaxed_entropy(probs: Tensor, mask: Tensor) -> Tensor:
    """Mean entropy of relaxed tokens, in nats: near 0 they are as good as one-hot vectors. [B, T, V], [B, T] -> []"""
    return masked_mean(torch.special.entr(probs).sum(dim=-1), mask)


def reward_spread(values: Tensor, mask: Tensor) -> Tensor:
    """Standard deviation over tokens of the rollouts' mean reward. [N, B, T], [B, T] -> []

    Near 0, all samples are worth the same to the discriminator and the generator learns nothing.
    """
    mean_values = values.mean(dim=0).expand(mask.shape)
    centred = mean_values - masked_mean(mean_values, mask)
    return masked_mean(centred.square(), mask).sqrt()


def accuracy(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Share of sequences that the discriminator puts on the right side of 0. [B], [B] -> []"""
    right = torch.cat([real_logits > 0, fake_logits < 0])
    return right.float().mean()


def accuracy_at_equal_errors(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Share that is told apart at the threshold where as many real as generated sequences are on the wrong side: it
    does not depend on where the logits' zero is. Sequences of equal logits are on either side in equal shares. [B], [B]
    -> []
    """
    size = len(real_logits)
    both = torch.cat([real_logits, fake_logits])
    threshold = both.sort(descending=True).values[size - 1]
    above, at = both > threshold, both == threshold
    # So many of those at the threshold are taken for real that as many as are real are.
    share = (size - above.sum()) / at.sum()
    return (above[:size].sum() + share * at[:size].sum()) / size


def logit_gap(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Mean logit of real less that of generated sequences: how far ahead the discriminator is. [B], [B] -> []"""
    return real_logits.mean() - fake_logits.mean()


def effective_sample_size(weights: Tensor, dim: int = -2) -> Tensor:
    """How many equally weighted samples carry the same information, from 1 to the number of samples.

    Near 1, one sample drives the update: the discriminator is too far ahead.

    Source: Kong 1992; reported for the same purpose by the authors' program of BGAN.
    """
    return weights.sum(dim).square() / weights.square().sum(dim).clamp(min=torch.finfo(weights.dtype).tiny)
