"""What a discriminator of real and generated sequences minimises."""

import torch
from torch import Tensor
from torch.nn import functional

from seqgan.objectives.algorithm import Critic


def binary_discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Cross-entropy of telling real from fake: -mean log D(real) - mean log(1 - D(fake)). [B], [B] -> []

    Source: Goodfellow et al. 2014; Yu et al. 2017 (arXiv:1609.05473), equation 5. In logits, so that a certain
    discriminator gives large finite losses and not logarithms of zero.
    """
    return functional.softplus(-real_logits).mean() + functional.softplus(fake_logits).mean()


def judge_both(
    critic: Critic, real: Tensor, fake: Tensor, mask_real: Tensor, mask_fake: Tensor
) -> tuple[Tensor, Tensor]:
    """Logits of real and of generated sequences, in one pass, which takes less time than two.

    Args:
        critic: judges rows independently of one another.
        real: one-hot vectors. [B, T, V]
        fake: distributions; no gradient goes into them. [B, T, V]
        mask_real: True at real tokens. [B, T]
        mask_fake: the same of the generated ones. [B, T]

    Returns:
        Real logits [B] and fake logits [B].
    """
    # The discriminator's losses teach the discriminator alone: their gradient would worsen the generator.
    both = critic(torch.cat([real, fake.detach()]), torch.cat([mask_real, mask_fake]))
    return both[: len(real)], both[len(real) :]
