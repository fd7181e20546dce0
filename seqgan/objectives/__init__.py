"""Objectives: pure functions of tensors, without models, data or settings, for this package's loop or any other."""

from seqgan.objectives.advantages import importance_advantages, mean_advantages, standardized
from seqgan.objectives.algorithm import Algorithm, Critic, FixedGenerator, OwnSettings, Relaxed, Sampled, SelfPlay
from seqgan.objectives.bgan import BGAN, BGAN_REINFORCE, DIVERGENCES, Divergence, boundary_seeking
from seqgan.objectives.csgan_nmt import CSGAN_NMT
from seqgan.objectives.density_ratio import (
    calibration,
    divergence_terms,
    effective_share,
    lower_log_partition,
    resampling_log_weights,
    upper_log_partition,
)
from seqgan.objectives.dialogue import DIALOGUE
from seqgan.objectives.discriminator import binary_discriminator_loss, judge_both
from seqgan.objectives.divergences import NON_SATURATING, REVERSE_KL, SATURATING
from seqgan.objectives.gad import GAD
from seqgan.objectives.gsgan import GSGAN, GsganSettings, gsgan
from seqgan.objectives.kl import k1_costs, k3, kl_loss
from seqgan.objectives.maligan import MALIGAN
from seqgan.objectives.mle import mle_loss, token_nll
from seqgan.objectives.policy_gradient import (
    discounted_returns,
    entropy_bonus,
    policy_gradient_loss,
    token_log_probs,
)
from seqgan.objectives.relgan import RELGAN, RelganSettings, relativistic_loss, relgan
from seqgan.objectives.residual import RESIDUAL, ResidualSettings, residual
from seqgan.objectives.rewards import log_odds, log_probability, negative_log_fake, probability
from seqgan.objectives.sentence_bleu import sentence_bleu
from seqgan.objectives.seqgan import SEQGAN
from seqgan.objectives.spin import SPIN, SpinSettings, self_play_loss, spin
from seqgan.objectives.wgan_gp import WGAN, WGAN_GP, WganGpSettings, clamp_, gradient_penalty, wgan_gp

_ALL: tuple[Algorithm, ...] = (
    SEQGAN,
    MALIGAN,
    *(boundary_seeking(divergence) for divergence in DIVERGENCES),
    BGAN_REINFORCE,
    CSGAN_NMT,
    DIALOGUE,
    REVERSE_KL,
    NON_SATURATING,
    SATURATING,
    GAD,
    WGAN_GP,
    WGAN,
    GSGAN,
    RELGAN,
    SPIN,
    RESIDUAL,
)
ALGORITHMS: dict[str, Algorithm] = {algorithm.name: algorithm for algorithm in _ALL}
"""Algorithms by the name that `--algo` takes; ``ALGORITHMS["mine"] = Sampled(..., name="mine")`` adds one."""

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
    "RELGAN",
    "RESIDUAL",
    "REVERSE_KL",
    "SATURATING",
    "SEQGAN",
    "SPIN",
    "WGAN",
    "WGAN_GP",
    "Algorithm",
    "Critic",
    "Divergence",
    "FixedGenerator",
    "GsganSettings",
    "OwnSettings",
    "Relaxed",
    "RelganSettings",
    "ResidualSettings",
    "Sampled",
    "SelfPlay",
    "SpinSettings",
    "WganGpSettings",
    "binary_discriminator_loss",
    "boundary_seeking",
    "calibration",
    "clamp_",
    "discounted_returns",
    "divergence_terms",
    "effective_share",
    "entropy_bonus",
    "gradient_penalty",
    "gsgan",
    "importance_advantages",
    "judge_both",
    "k1_costs",
    "k3",
    "kl_loss",
    "log_odds",
    "log_probability",
    "lower_log_partition",
    "mean_advantages",
    "mle_loss",
    "negative_log_fake",
    "policy_gradient_loss",
    "probability",
    "relativistic_loss",
    "relgan",
    "resampling_log_weights",
    "residual",
    "self_play_loss",
    "sentence_bleu",
    "spin",
    "standardized",
    "token_log_probs",
    "token_nll",
    "upper_log_partition",
    "wgan_gp",
]
