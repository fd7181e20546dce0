"""What each token of a sample is worth: four answers, chosen independently of the algorithm where they make sense.

=========== ============================================================================== ============ =============
credit      value of a token                                                               discriminator values
=========== ============================================================================== ============ =============
`rollouts`  rewards of N sampled completions of the prefix that includes it (SeqGAN)       of sequences [N, B, T]
`sequence`  the reward of its whole sequence (REINFORCE in its plain form)                 of sequences [1, B, 1]
`prefix`    the reward of the prefix that includes it (adversarial dialogue's REGS)        of prefixes  [1, B, T]
`token`     the rewards of the tokens from it on, discounted (ScratchGAN and others)       per token    [1, B, T]
=========== ============================================================================== ============ =============

The first two are unbiased for the expected reward of a sequence. A prefix's own reward is no estimate of it, but a
discriminator that was trained on prefixes tells their density ratio, which is right for importance weights.
"""

import torch
from torch import Tensor

from seqgan.decoding.rollout import Reward, rollout
from seqgan.decoding.sampling import Samples
from seqgan.errors import ConfigError, nearest
from seqgan.generators.protocol import Generator
from seqgan.objectives.algorithm import Sampled
from seqgan.objectives.policy_gradient import discounted_returns
from seqgan.settings.adversarial import AdversarialConfig
from seqgan.tensors.rows import State

CREDITS = ("rollouts", "sequence", "prefix", "token")
"""The names that `adversarial.credit` takes."""
PRECISIONS = ("float32", "bfloat16")
"""The names that `adversarial.rollout_precision` takes."""


def check_credit(config: AdversarialConfig, algorithm: Sampled, per_token: bool) -> None:
    """That algorithm, discriminator and credit go together.

    Args:
        config: with the credit's settings.
        algorithm: that the values are for.
        per_token: whether the discriminator has a logit for each prefix.

    Raises:
        ConfigError: they do not, and why.
    """
    credit = config.credit
    if credit not in CREDITS:
        raise ConfigError(f"No credit is called {credit!r}.{nearest(credit, CREDITS)} Known: {', '.join(CREDITS)}.")
    if config.rollout_precision not in PRECISIONS:
        raise ConfigError(
            f"adversarial.rollout_precision is {config.rollout_precision!r}: choose one of {', '.join(PRECISIONS)}."
        )
    if credit == "token" and algorithm.weighs:
        raise ConfigError(
            "adversarial.credit token adds up the rewards of tokens, but this algorithm's are logarithms of weights, "
            "each of a whole prefix: choose rollouts, sequence or prefix."
        )
    if credit == "token" and not per_token:
        raise ConfigError(
            "adversarial.credit token needs a discriminator with a reward for each token: use --discriminator rnn "
            "with --discriminator.per-token, or another credit."
        )
    if credit in ("rollouts", "sequence") and per_token:
        raise ConfigError(
            f"adversarial.credit {credit} needs one logit a sentence, and a discriminator with per_token has one for "
            "each prefix: leave per_token off, or choose prefix or token."
        )
    if config.discount != 1.0 and credit != "token":
        raise ConfigError(
            f"adversarial.discount is {config.discount}, but credit {credit} has one reward and nothing to discount: "
            "leave it at 1, or choose credit token."
        )
    if config.rollout_update_rate and credit != "rollouts":
        raise ConfigError(
            f"adversarial.rollout_update_rate is of the policy that completes prefixes, and credit {credit} completes "
            "none: leave it at 0."
        )


def token_values(
    config: AdversarialConfig,
    policy: Generator,
    reward: Reward,
    samples: Samples,
    context: State = None,
    *,
    per_token: bool,
    rng: torch.Generator,
    given: int = 0,
) -> Tensor:
    """The values of sampled tokens.

    Args:
        config: which credit, and its settings.
        policy: what completes prefixes.
        reward: of sequences, or of each of their tokens where `per_token`.
        samples: [B, T]
        context: what the policy makes of their sources, B rows; None without sources.
        per_token: what kind of reward it is.
        rng: of the completions.
        given: tokens at the start that were not sampled, whose values nobody reads.

    Returns:
        [N, B, T or 1], see above. Behind a sequence's end its final value, but 0 for credit `token`, where nothing
        more is to be had.
    """
    tokens, mask = samples
    rows = torch.arange(len(tokens), device=tokens.device)
    if config.credit == "rollouts":
        memory = max(1, int(config.memory * 2**30)) if config.memory else None
        rounded = config.rollout_precision == "bfloat16"
        # Matrix products alone are rounded: probabilities and rewards are made of their results in full precision.
        with torch.autocast(tokens.device.type, dtype=torch.bfloat16, enabled=rounded):
            return rollout(policy, reward, samples, config.rollouts, context, rng=rng, memory=memory, given=given)
    if config.credit == "sequence":
        return reward(tokens, mask, rows).reshape(1, -1, 1)
    if config.credit == "token":
        return discounted_returns(reward(tokens, mask, rows), mask, config.discount).unsqueeze(0)
    values = reward(tokens, mask, rows) if per_token else prefix_rewards(reward, samples, policy.end)
    return behind_the_end(values, mask).unsqueeze(0)


def prefix_rewards(reward: Reward, samples: Samples, end: int | None) -> Tensor:
    """The reward of each prefix as a sequence of its own. [B, T] -> [B, T], 0 where the mask is False.

    Args:
        reward: of sequences.
        samples: [B, T]
        end: what is written behind a prefix, where nobody may look; any token where sequences have no end.
    """
    tokens, mask = samples
    row, position = mask.nonzero(as_tuple=True)  # [K], [K]
    cut = cut_after(tokens[row], mask[row], position + 1, end)
    values = torch.zeros(tokens.shape, device=tokens.device)
    values[row, position] = reward(*cut, row).to(values.dtype)
    return values


def cut_after(tokens: Tensor, mask: Tensor, lengths: Tensor, end: int | None) -> tuple[Tensor, Tensor]:
    """Each row's first `lengths` [R] tokens as a sequence: tokens [R, T] and mask [R, T]."""
    within = torch.arange(tokens.shape[1], device=tokens.device) < lengths.unsqueeze(1)
    return tokens.masked_fill(~within, end or 0), mask & within


def random_prefixes(tokens: Tensor, mask: Tensor, end: int | None, rng: torch.Generator) -> tuple[Tensor, Tensor]:
    """One prefix of each sequence, of a length drawn uniformly from 1 to T; a shorter sequence is then whole.

    One of each and not all: prefixes of one sequence are so alike that a discriminator learns them by heart. Up to T
    and not to its own length: a prefix would else count the less the longer its sentence goes on, and the
    discriminator would not tell the ratio of the prefixes' densities.

    Returns:
        Tokens and mask, shapes as given. [R, T], [R, T]

    Source: Li et al. 2017 (arXiv:1701.06547), section 3.2, for one of each.
    """
    lengths = torch.randint(1, tokens.shape[1] + 1, (len(tokens),), generator=rng, device=tokens.device)
    return cut_after(tokens, mask, lengths, end)


def behind_the_end(values: Tensor, mask: Tensor) -> Tensor:
    """Values of prefixes, those of a whole sequence also at all positions behind its end. [R, T], [R, T] -> [R, T]"""
    last = mask.sum(dim=1, keepdim=True) - 1  # [R, 1]
    positions = torch.arange(mask.shape[1], device=mask.device)
    return values.gather(1, torch.minimum(positions, last))
