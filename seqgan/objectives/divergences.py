"""Rewards whose average is a divergence of generator and data, when the discriminator is optimal.

With F = log p - log q (data over generator) and the mean over the generator's own samples:

* `REVERSE_KL`, reward F: minus KL(q || p), which also is what adversarial imitation learning calls its GAIL-like form.
* `NON_SATURATING`, reward log D: 2 JS(p, q) - KL(q || p) up to a constant, as in the usual GAN for images.
* `SATURATING`, reward -log(1 - D): the minimax form.

The mean update is the gradient of the mean reward with the discriminator held fixed. Rewards without a fixed sign want
a baseline: the leave-one-out mean is the default of these names.

Source: Goodfellow et al. 2014; Ghasemipour et al. 2020 (arXiv:1911.02256) for the correspondence.
"""

from seqgan.objectives.advantages import mean_advantages
from seqgan.objectives.algorithm import Sampled
from seqgan.objectives.discriminator import binary_discriminator_loss
from seqgan.objectives.rewards import log_odds, log_probability, negative_log_fake

REVERSE_KL = Sampled(log_odds, mean_advantages, binary_discriminator_loss, needs_log_odds=True)
NON_SATURATING = Sampled(log_probability, mean_advantages, binary_discriminator_loss, needs_log_odds=True)
SATURATING = Sampled(negative_log_fake, mean_advantages, binary_discriminator_loss, needs_log_odds=True)
