"""Rewards whose average is a divergence of generator and data, when the discriminator is optimal.

With F = log p - log q (data over generator) and the mean over the generator's own samples:

* `REVERSE_KL`, reward F: minus KL(q || p), which also is what adversarial imitation learning calls its GAIL-like form.
* `NON_SATURATING`, reward log D: 2 JS(p, q) - KL(q || p) up to a constant, as in the usual GAN for images.
* `SATURATING`, reward -log(1 - D): the minimax form.

The mean update is the gradient of the mean reward with the discriminator held fixed. Rewards without a fixed sign want
a baseline: the leave-one-out mean is the default of these names.

Source: Goodfellow et al. 2014; Ghasemipour et al. 2020 (arXiv:1911.02256) for the correspondence.
"""

from collections.abc import Callable

from torch import Tensor

from seqgan.objectives.advantages import mean_advantages
from seqgan.objectives.algorithm import Sampled
from seqgan.objectives.discriminator import binary_discriminator_loss
from seqgan.objectives.rewards import log_odds, log_probability, negative_log_fake


def _of(name: str, reward: Callable[[Tensor], Tensor]) -> Sampled:
    return Sampled(
        reward,
        mean_advantages,
        binary_discriminator_loss,
        needs_log_odds=True,
        name=name,
        # Rewards without a fixed sign, or of one sign only: uncentred, they drown the signal or favour a length.
        defaults={"adversarial": {"baseline": "leave-one-out", "output_decay": 0.0}},
    )


REVERSE_KL = _of("reverse-kl", log_odds)
NON_SATURATING = _of("non-saturating", log_probability)
SATURATING = _of("saturating", negative_log_fake)
