"""What follows from a discriminator that knows the log-odds of data over a generator that stands still.

A discriminator that minimises the cross-entropy of telling data p from samples of q tends to F = log p - log q. The
model P = q exp(F) / Z, with Z = E_q[exp F], is then a better one than q: a residual energy model, whose energy is -F.

Source: Deng, Bakhtin, Ott, Szlam, Ranzato 2020, "Residual Energy-Based Models for Text Generation" (arXiv:2004.11714),
equations 2 to 6; Bakhtin et al. 2021, "Residual Energy-Based Models for Text" (JMLR 22).

Implementation details:

1. Nothing is formed from probabilities: exp(F) of logits beyond 88 is no number of 32 bits.
2. The lower estimate of log Z is the logarithm of a mean, which is below log Z in expectation (Jensen). The upper one
   takes a draw of P for one of the samples of q: the mean's law is then tilted by itself, and E[m log m] / Z is above
   log Z, as x log x is convex. A log-likelihood lies between those that both give.
"""

import math

import torch
from torch import Tensor

NEWTON_STEPS = 50
"""At most, of a calibration, whose loss is convex: it takes a few."""


def resampling_log_weights(logits: Tensor, tau: float = 1.0) -> Tensor:
    """Logarithms of the probabilities by which one of some samples of q is taken. [..., N] -> [..., N]

    Args:
        logits: of the samples.
        tau: at 1 what is taken comes from P, the better the more samples there are; towards 0 it is the sample with
            the greatest logit.

    Raises:
        ValueError: tau is not above 0.
    """
    if not tau > 0:
        raise ValueError(f"tau is {tau}: logits are divided by it, give a number above 0.")
    return (logits / tau).log_softmax(dim=-1)


def lower_log_partition(logits: Tensor) -> Tensor:
    """log Z from logits of samples of q; in expectation not above it. [..., K] -> [...]"""
    return logits.logsumexp(dim=-1) - math.log(logits.shape[-1])


def upper_log_partition(logits: Tensor) -> Tensor:
    """log Z from logits of samples of q; in expectation not below it, but for the error of drawing from P.

    Each half of the samples is the mean in which one sample is replaced by a draw of P, which is resampled from the
    other half; over that draw is averaged and not drawn.

    Args:
        logits: independent, in any order. [..., K]

    Returns:
        [...]

    Raises:
        ValueError: there are fewer than 4 samples.
    """
    size = logits.shape[-1]
    if size < 4:
        raise ValueError(f"{size} samples are given: an upper estimate takes 4 or more.")
    halves = logits[..., : size // 2], logits[..., size // 2 :]
    return torch.stack([_with_a_draw(*halves), _with_a_draw(*reversed(halves))]).mean(dim=0)


def _with_a_draw(kept: Tensor, other: Tensor) -> Tensor:
    """[..., K], [..., M] -> [...]"""
    rest = kept[..., 1:].logsumexp(dim=-1, keepdim=True)  # the first one makes room
    means = torch.logaddexp(rest, other) - math.log(kept.shape[-1])  # [..., M]
    return (other.softmax(dim=-1) * means).sum(dim=-1)


def effective_share(logits: Tensor) -> Tensor:
    """Of samples of q the share that would carry as much if all weighed alike. [..., K] -> [...]

    Where it is near 1 / K, one sample decides what resampling takes: more samples are needed, or the discriminator is
    surer than it may be.

    Source: Kong 1992.
    """
    doubled = 2 * logits.logsumexp(dim=-1) - (2 * logits).logsumexp(dim=-1)
    return doubled.exp() / logits.shape[-1]


def divergence_terms(real_logits: Tensor, fake_logits: Tensor) -> tuple[Tensor, Tensor]:
    """What sums to a lower bound of the Jensen-Shannon divergence of p and q, in nats. [B], [B] -> [B], [B]

    JS >= log 2 + 1/2 E_p[log sigmoid(F)] + 1/2 E_q[log sigmoid(-F)], with equality for the optimal discriminator: the
    means of both terms add up to it. On text that neither F nor its stopping has seen.

    Source: Goodfellow et al. 2014 (arXiv:1406.2661), theorem 1, read as a bound.
    """
    real = (math.log(2) + torch.nn.functional.logsigmoid(real_logits)) / 2
    fake = (math.log(2) + torch.nn.functional.logsigmoid(-fake_logits)) / 2
    return real, fake


def calibration(real_logits: Tensor, fake_logits: Tensor) -> tuple[float, float]:
    """Scale a and shift b with which logits a F + b have the least cross-entropy on real and generated sequences.

    A discriminator that was trained for long is surer than it may be, and P is then far from the data however well it
    ranks. Where its logits say nothing, or the opposite, the scale is 0: P is then q.

    Args:
        real_logits: of sequences that it was not trained on. [B]
        fake_logits: of samples that it was not trained on; both kinds weigh alike, whatever their numbers. [C]

    Returns:
        Scale, 0 or above, and shift.

    Source: Platt 1999; Guo et al. 2017 (arXiv:1706.04599) for the scale alone.
    """
    logits = torch.cat([real_logits, fake_logits]).double()
    label = torch.cat([torch.ones_like(real_logits), torch.zeros_like(fake_logits)]).double()
    weight = torch.cat(
        [torch.full_like(each, 0.5 / len(each), dtype=torch.double) for each in (real_logits, fake_logits)]
    )
    spread = logits.std(unbiased=False)
    if not spread > 0:
        return 0.0, 0.0
    centre = logits.mean()
    design = torch.stack([(logits - centre) / spread, torch.ones_like(logits)], dim=1)  # [B + C, 2]
    found = torch.zeros(2, dtype=torch.double, device=logits.device)
    ridge = 1e-9 * torch.eye(2, dtype=torch.double, device=logits.device)  # where both kinds lie apart

    def loss(parameters: Tensor) -> Tensor:
        values = design @ parameters
        return (
            weight * (torch.nn.functional.softplus(values) - label * values)
        ).sum() + parameters @ ridge @ parameters

    for _ in range(NEWTON_STEPS):
        probability = (design @ found).sigmoid()
        gradient = design.T @ (weight * (probability - label)) + 2 * ridge @ found
        curvature = design.T @ (design * (weight * probability * (1 - probability)).unsqueeze(1)) + 2 * ridge
        step = torch.linalg.solve(curvature, gradient)
        size = 1.0
        while size > 1e-6 and loss(found - size * step) > loss(found):  # far from the minimum a whole step overshoots
            size /= 2
        found = found - size * step
        if gradient.abs().max() < 1e-10:
            break
    scale = float(found[0] / spread)
    if scale <= 0:
        return 0.0, 0.0
    return scale, float(found[1] - found[0] * centre / spread)
