"""Objectives: pure functions of tensors, without models, data or settings, for this package's loop or any other."""

from seqgan.objectives.advantages import mean_advantages
from seqgan.objectives.algorithm import Sampled
from seqgan.objectives.discriminator import binary_discriminator_loss
from seqgan.objectives.mle import mle_loss, token_nll
from seqgan.objectives.policy_gradient import policy_gradient_loss, token_log_probs
from seqgan.objectives.rewards import probability
from seqgan.objectives.seqgan import SEQGAN

ALGORITHMS = {"seqgan": SEQGAN}
"""Adversarial algorithms by the name that `--algo` takes."""

__all__ = [
    "ALGORITHMS",
    "SEQGAN",
    "Sampled",
    "binary_discriminator_loss",
    "mean_advantages",
    "mle_loss",
    "policy_gradient_loss",
    "probability",
    "token_log_probs",
    "token_nll",
]
