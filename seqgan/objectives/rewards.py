"""What a discriminator's logit is worth as a reward, elementwise. The logit is log(D / (1 - D)), real above 0."""

from torch import Tensor


def probability(logits: Tensor) -> Tensor:
    """D itself, between 0 and 1: the reward of SeqGAN. Not the gradient of a divergence, but bounded."""
    return logits.sigmoid()
