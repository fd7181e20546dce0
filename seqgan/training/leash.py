"""What keeps a generator near to what maximum likelihood made of it, and tells whether it samples what is trained."""

import math

import torch
from torch import Tensor

from seqgan.decoding.sampling import Samples
from seqgan.errors import ConfigError, SeqganError
from seqgan.generators.protocol import Generator
from seqgan.objectives.kl import ESTIMATORS
from seqgan.objectives.policy_gradient import token_log_probs
from seqgan.settings.adversarial import AdversarialConfig
from seqgan.tensors.devices import widest
from seqgan.tensors.masking import masked_mean
from seqgan.tensors.modes import evaluating
from seqgan.tensors.rows import State

TOLERANCE = 0.01
"""Most that the mean ratio of scored to sampled probability may differ from 1."""


def check_leash(config: AdversarialConfig) -> None:
    """That the estimator exists.

    Raises:
        ConfigError: not.
    """
    if config.kl_estimator not in ESTIMATORS:
        raise ConfigError(f"adversarial.kl_estimator is {config.kl_estimator!r}: choose {' or '.join(ESTIMATORS)}.")


def sampling_ratio(generator: Generator, samples: Samples, context: State = None) -> float:
    """Mean over sampled tokens of their probability as they are trained over that with which they were drawn.

    Raises:
        SeqganError: it is not 1: the policy that samples would not be the one that is updated.
    """
    tokens, mask = samples
    with evaluating(generator):
        scored = token_log_probs(generator(tokens, context), tokens)
        state = generator.initial_state(len(tokens), context)
        previous = torch.full_like(tokens[:, 0], generator.start)
        drawn = []
        for t in range(tokens.shape[1]):
            logits, state = generator.step(previous, state)
            drawn.append(token_log_probs(logits.unsqueeze(1), tokens[:, t : t + 1]))
            previous = tokens[:, t]
    ratio = masked_mean((scored - torch.cat(drawn, dim=1)).exp(), mask).item()
    if not math.isfinite(ratio) or abs(ratio - 1) > TOLERANCE:
        raise SeqganError(
            f"Tokens are {ratio:.3f} times as likely when they are trained as when they were drawn, and expected is 1: "
            "this model's steps with kept keys and values are not what it computes at once; use another model or "
            "version of transformers."
        )
    return ratio


def length_correlation(values: Tensor, mask: Tensor) -> float:
    """Correlation of a sequence's mean reward with its length; 0 where either is the same for all.

    Args:
        values: [N, B, T or 1]
        mask: [B, T]
    """
    wide = widest(mask.device)
    lengths = mask.sum(dim=1).to(wide)
    rewards = torch.where(mask, values.mean(dim=0).expand(mask.shape), 0.0).sum(dim=1).to(wide) / lengths.clamp(min=1)
    lengths, rewards = lengths - lengths.mean(), rewards - rewards.mean()
    scale = (lengths.square().sum() * rewards.square().sum()).sqrt()
    return ((lengths * rewards).sum() / scale).item() if scale > 0 else 0.0
