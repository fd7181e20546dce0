"""What a discriminator of real and generated sequences minimises."""

from torch import Tensor
from torch.nn import functional


def binary_discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Cross-entropy of telling real from fake: -mean log D(real) - mean log(1 - D(fake)). [B], [B] -> []

    Source: Goodfellow et al. 2014; Yu et al. 2017 (arXiv:1609.05473), equation 5. In logits, so that a certain
    discriminator gives large finite losses and not logarithms of zero.
    """
    return functional.softplus(-real_logits).mean() + functional.softplus(fake_logits).mean()
