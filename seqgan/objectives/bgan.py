"""Boundary-seeking GAN for discrete data: importance weights for any f-divergence.

A discriminator F that maximises the dual form of an f-divergence tells the density ratio of data to generator:
w(x) = f*'(nu(F(x))), with the activation nu and the conjugate f* of the divergence. Samples are weighed by it,
normalised over the samples that share their noise, or, for a sequence model without noise, over the batch.

Source: Hjelm, Jacob, Che, Trischler, Cho, Bengio 2018, "Boundary-Seeking Generative Adversarial Networks"
(arXiv:1702.08431), and the program that its authors published.

Implementation details, with their source:

1. Weights are normalised in logarithms; none overflows.
2. No baseline (paper). Subtracting the mean weight leaves the expected update as it is and lowers its variance:
   `baseline: constant` with `baseline_value: 1`.
3. With the usual GAN divergence and one sample group, the algorithm is MaliGAN's basic form without a baseline.
4. Pearson's weight F / 2 + 1 may be negative, and is then as good as 0: the least positive number, so that samples
   which all are so are weighed alike.
5. The weights of M samples are normalised among themselves (`group_size`). The paper's samples of a group share their
   noise; a sequence model has none, and its groups are parts of a batch, or share a real prefix.
6. In the REINFORCE form the logarithm of the mean weight is a running mean over updates (baseline `log-partition`,
   decay 0.995 as in the program). A further constant in the program's reward changes no expected update.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from seqgan.objectives.advantages import importance_advantages, mean_advantages
from seqgan.objectives.algorithm import Sampled
from seqgan.objectives.discriminator import binary_discriminator_loss
from seqgan.objectives.rewards import log_odds


class Divergence(NamedTuple):
    """What boundary seeking needs of an f-divergence of data p and generator q."""

    log_weight: Callable[[Tensor], Tensor]
    """Logits F to logarithms of the density ratio p / q, elementwise."""
    discriminator_loss: Callable[[Tensor, Tensor], Tensor]
    """Minus the dual form: real logits [B] and fake logits [B] to a loss []."""
    exponential: bool = False
    """Whether the loss grows with the exponential of a logit."""


def _identity(logits: Tensor) -> Tensor:
    return logits


def _pearson_log_weight(logits: Tensor) -> Tensor:
    return (logits / 2 + 1).clamp(min=torch.finfo(logits.dtype).tiny).log()


def _jensen_shannon_loss(real: Tensor, fake: Tensor) -> Tensor:
    # nu = log 2 - softplus(-F) and f*(nu) = softplus(F) - log 2: cross-entropy less a constant.
    return binary_discriminator_loss(real, fake) - 2 * math.log(2)


def _kl_loss(real: Tensor, fake: Tensor) -> Tensor:
    return (fake - 1).exp().mean() - real.mean()  # nu = F, f*(t) = exp(t - 1)


def _reverse_kl_loss(real: Tensor, fake: Tensor) -> Tensor:
    return (-real).exp().mean() + fake.mean() - 1  # nu = -exp(-F), f*(t) = -1 - log(-t)


def _pearson_loss(real: Tensor, fake: Tensor) -> Tensor:
    return (fake.square() / 4 + fake).mean() - real.mean()  # nu = F, f*(t) = t^2 / 4 + t


def _hellinger_loss(real: Tensor, fake: Tensor) -> Tensor:
    return torch.expm1(-real).mean() + torch.expm1(fake).mean()  # nu = 1 - exp(-F), f*(t) = t / (1 - t)


DIVERGENCES = {
    "gan": Divergence(_identity, binary_discriminator_loss),
    "jensen-shannon": Divergence(_identity, _jensen_shannon_loss),
    "kl": Divergence(lambda logits: logits - 1, _kl_loss, exponential=True),
    "reverse-kl": Divergence(_identity, _reverse_kl_loss, exponential=True),
    "pearson": Divergence(_pearson_log_weight, _pearson_loss),
    "hellinger": Divergence(lambda logits: 2 * logits, _hellinger_loss, exponential=True),
}
"""By name. "kl" is KL(p || q)."""


def boundary_seeking(divergence: str) -> Sampled:
    """The algorithm for one of `DIVERGENCES`."""
    of = DIVERGENCES[divergence]
    # At the usual rate the first updates move logits by tens, of which the exponential overflows.
    slower = {"discriminator_learning_rate": 1e-4, "discriminator_clip_norm": 1.0} if of.exponential else {}
    return Sampled(
        of.log_weight,
        importance_advantages,
        of.discriminator_loss,
        weighs=True,
        needs_log_odds=True,
        name="bgan" if divergence == "gan" else f"bgan-{divergence}",
        # A penalty on the output layer bends the log-odds that it learns from.
        defaults={"adversarial": {"output_decay": 0.0, **slower}},
    )


BGAN = boundary_seeking("gan")

BGAN_REINFORCE = Sampled(
    log_odds,
    mean_advantages,
    binary_discriminator_loss,
    needs_log_odds=True,
    name="bgan-reinforce",
    defaults={"adversarial": {"baseline": "log-partition", "output_decay": 0.0}},
)
"""Its REINFORCE form: the logarithm of a sample's weight, less that of the mean weight, is its reward. It minimises the
reverse divergence, KL(q || p), and its variance is higher."""
