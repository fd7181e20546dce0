"""How far a generator has moved from a reference, usually from itself as maximum likelihood left it.

Two estimators from samples of the generator, with d = log p_reference - log p at each token:

==========  ==========================================  ==============================================================
estimator   of a token                                  its mean update is the gradient of
==========  ==========================================  ==============================================================
`k1`        a cost, -d summed from the token on         KL(generator || reference) of whole sequences, exactly
`k3`        a loss, exp(d) - d - 1                      KL(reference || generator) of the next token, summed over the
                                                        prefixes that the generator visits, which are taken as given
==========  ==========================================  ==============================================================

As numbers, the means of -d and of k3 are both the KL of generator to reference at each token; k3 is never negative and
varies less, so that it is what is logged. As a loss it pulls towards the reference, but is not that number's gradient.

Source: Schulman 2020, "Approximating KL divergence" (joschu.net/blog/kl-approx.html); k3 as a loss in Shao et al. 2024
(arXiv:2402.03300), equation 4. What its gradient is, is worked out here and checked by enumeration.
"""

import torch
from torch import Tensor

ESTIMATORS = ("k1", "k3")
"""The names that `adversarial.kl_estimator` takes."""


def k1_costs(log_probs: Tensor, reference_log_probs: Tensor, mask: Tensor) -> Tensor:
    """What each sampled token costs: log p - log p_reference of it and of all that follow. Data, without a gradient.

    Args:
        log_probs: of sampled tokens, under the generator. [B, T]
        reference_log_probs: the same under the reference. [B, T]
        mask: True at sampled tokens. [B, T]

    Returns:
        To be subtracted from the tokens' advantages. [B, T]
    """
    ratios = torch.where(mask, (log_probs - reference_log_probs).detach(), 0.0)
    return ratios.flip(1).cumsum(dim=1).flip(1)


def k3(log_probs: Tensor, reference_log_probs: Tensor, mask: Tensor) -> Tensor:
    """exp(d) - d - 1 of each sampled token, at least 0, with the gradient of `log_probs`; 0 where masked.

    Shapes as of `k1_costs`.
    """
    # Masked first: behind an end the two may differ by so much that the exponential overflows.
    difference = torch.where(mask, reference_log_probs.detach() - log_probs, 0.0)
    return difference.expm1() - difference


def kl_loss(log_probs: Tensor, reference_log_probs: Tensor, mask: Tensor) -> Tensor:
    """`k3` summed over a sequence's tokens, the mean over sequences, as the policy gradient is. Result []."""
    return k3(log_probs, reference_log_probs, mask).sum(dim=1).mean()
