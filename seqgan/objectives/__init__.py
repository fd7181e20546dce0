"""Objectives: pure functions of tensors, without models, data or settings, for this package's loop or any other."""

from seqgan.objectives.advantages import importance_advantages, mean_advantages, standardized
from seqgan.objectives.algorithm import Critic, Relaxed, Sampled
from seqgan.objectives.bgan import BGAN, BGAN_REINFORCE, DIVERGENCES, Divergence, boundary_seeking
from seqgan.objectives.csgan_nmt import CSGAN_NMT
from seqgan.objectives.dialogue import DIALOGUE
from seqgan.objectives.discriminator import binary_discriminator_loss, judge_both
from seqgan.objectives.divergences import NON_SATURATING, REVERSE_KL, SATURATING
from seqgan.objectives.gad import GAD
from seqgan.objectives.gsgan import GSGAN
from seqgan.objectives.kl import k1_costs, k3, kl_loss
from seqgan.objectives.maligan import MALIGAN
from seqgan.objectives.mle import mle_loss, token_nll
from seqgan.objectives.policy_gradient import (
    discounted_returns,
    entropy_bonus,
    policy_gradient_loss,
    token_log_probs,
)
from seqgan.objectives.relgan import RELGAN, relativistic_loss, relgan
from seqgan.objectives.rewards import log_odds, log_probability, negative_log_fake, probability
from seqgan.objectives.sentence_bleu import sentence_bleu
from seqgan.objectives.seqgan import SEQGAN
from seqgan.objectives.spin import SPIN, SelfPlay, self_play_loss
from seqgan.objectives.wgan_gp import WGAN, WGAN_GP, clamp_, gradient_penalty, wgan_gp

SAMPLED = {
    "seqgan": SEQGAN,
    "maligan": MALIGAN,
    "bgan": BGAN,
    **{f"bgan-{name}": boundary_seeking(name) for name in DIVERGENCES if name != "gan"},
    "bgan-reinforce": BGAN_REINFORCE,
    "csgan-nmt": CSGAN_NMT,
    "dialogue": DIALOGUE,
    "reverse-kl": REVERSE_KL,
    "non-saturating": NON_SATURATING,
    "saturating": SATURATING,
    "gad": GAD,
}
"""Algorithms whose generator learns from rewards of what it sampled."""

RELAXED = {"wgan-gp": WGAN_GP, "wgan": WGAN, "gsgan": GSGAN, "relgan": RELGAN}
"""Algorithms whose generator learns through what the discriminator reads."""

SELF_PLAY = {"spin": SPIN}
"""Algorithms whose generator plays against its own past, without a discriminator."""

ALGORITHMS: dict[str, Sampled | Relaxed | SelfPlay] = {**SAMPLED, **RELAXED, **SELF_PLAY}
"""Adversarial algorithms by the name that `--algo` takes."""

__all__ = [
    "ALGORITHMS",
    "BGAN",
    "BGAN_REINFORCE",
    "CSGAN_NMT",
    "DIALOGUE",
    "DIVERGENCES",
    "GAD",
    "GSGAN",
    "MALIGAN",
    "NON_SATURATING",
    "RELAXED",
    "RELGAN",
    "REVERSE_KL",
    "SAMPLED",
    "SATURATING",
    "SELF_PLAY",
    "SEQGAN",
    "SPIN",
    "WGAN",
    "WGAN_GP",
    "Critic",
    "Divergence",
    "Relaxed",
    "Sampled",
    "SelfPlay",
    "binary_discriminator_loss",
    "boundary_seeking",
    "clamp_",
    "discounted_returns",
    "entropy_bonus",
    "gradient_penalty",
    "importance_advantages",
    "judge_both",
    "k1_costs",
    "k3",
    "kl_loss",
    "log_odds",
    "log_probability",
    "mean_advantages",
    "mle_loss",
    "negative_log_fake",
    "policy_gradient_loss",
    "probability",
    "relativistic_loss",
    "relgan",
    "self_play_loss",
    "sentence_bleu",
    "standardized",
    "token_log_probs",
    "token_nll",
    "wgan_gp",
]
