"""What a discriminator's logit F = log(D / (1 - D)) is worth as a reward, elementwise. Real is above 0.

With an optimal discriminator F is the logarithm of p over q (data over generator), which tells what a generator that
is averaged over these rewards minimises:

====================  =============================  ===========================================================
reward                of the logit                   minimises
====================  =============================  ===========================================================
`probability`         D = sigmoid(F)                 no divergence, but monotone in F and bounded (SeqGAN)
`log_odds`            F                              reverse KL, KL(q || p); unbounded
`log_probability`     log D = logsigmoid(F)          KL(q || p) - 2 JS, the non-saturating form; never positive
`negative_log_fake`   -log(1 - D) = softplus(F)      JS, the saturating form; never negative
====================  =============================  ===========================================================

For sequences that end, the sign is a bias: rewards that are never negative favour long, and such that are never
positive favour short sequences. A baseline removes it.
"""

from torch import Tensor
from torch.nn import functional


def probability(logits: Tensor) -> Tensor:
    """D itself, between 0 and 1: the reward of SeqGAN."""
    return logits.sigmoid()


def log_odds(logits: Tensor) -> Tensor:
    """The logit itself: the logarithm of the density ratio, for reverse KL, and the weight's for MaliGAN and BGAN."""
    return logits


def log_probability(logits: Tensor) -> Tensor:
    """log D, at most 0."""
    return functional.logsigmoid(logits)


def negative_log_fake(logits: Tensor) -> Tensor:
    """-log(1 - D), at least 0."""
    return functional.softplus(logits)
