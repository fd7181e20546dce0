"""Objectives: pure functions of tensors, without models, data or settings, for this package's loop or any other."""

from seqgan.objectives.advantages import importance_advantages, mean_advantages
from seqgan.objectives.algorithm import Sampled
from seqgan.objectives.bgan import BGAN, BGAN_REINFORCE, DIVERGENCES, Divergence, boundary_seeking
from seqgan.objectives.discriminator import binary_discriminator_loss
from seqgan.objectives.divergences import NON_SATURATING, REVERSE_KL, SATURATING
from seqgan.objectives.maligan import MALIGAN
from seqgan.objectives.mle import mle_loss, token_nll
from seqgan.objectives.policy_gradient import discounted_returns, policy_gradient_loss, token_log_probs
from seqgan.objectives.rewards import log_odds, log_probability, negative_log_fake, probability
from seqgan.objectives.seqgan import SEQGAN

ALGORITHMS = {
    "seqgan": SEQGAN,
    "maligan": MALIGAN,
    "bgan": BGAN,
    **{f"bgan-{name}": boundary_seeking(name) for name in DIVERGENCES if name != "gan"},
    "bgan-reinforce": BGAN_REINFORCE,
    "reverse-kl": REVERSE_KL,
    "non-saturating": NON_SATURATING,
    "saturating": SATURATING,
}
"""Adversarial algorithms by the name that `--algo` takes."""

__all__ = [
    "ALGORITHMS",
    "BGAN",
    "BGAN_REINFORCE",
    "DIVERGENCES",
    "MALIGAN",
    "NON_SATURATING",
    "REVERSE_KL",
    "SATURATING",
    "SEQGAN",
    "Divergence",
    "Sampled",
    "binary_discriminator_loss",
    "boundary_seeking",
    "discounted_returns",
    "importance_advantages",
    "log_odds",
    "log_probability",
    "mean_advantages",
    "mle_loss",
    "negative_log_fake",
    "policy_gradient_loss",
    "probability",
    "token_log_probs",
    "token_nll",
]
