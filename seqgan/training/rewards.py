"""Rewards of sequences: a discriminator's, and the controls that know nothing of the text."""

from collections.abc import Callable

import torch
from torch import Tensor

from seqgan.decoding.rollout import Reward
from seqgan.discriminators.protocol import DiscriminatorModule
from seqgan.errors import ConfigError
from seqgan.tensors.modes import evaluating

SCORED_ROWS = 512
"""Sequences that the discriminator scores at once; its feature maps are rows * filters * positions."""


def discriminator_reward(discriminator: DiscriminatorModule, reward: Callable[[Tensor], Tensor]) -> Reward:
    """The reward function that a rollout takes, made of a discriminator and what its logits are worth.

    Of a discriminator with a logit per token the rewards are [R, T], in place of [R].
    """

    def reward_of(tokens: Tensor, mask: Tensor, row: Tensor) -> Tensor:  # noqa: ARG001
        per_token = is_per_token(discriminator)
        with evaluating(discriminator):
            logits = [
                # Rewards of tokens keep all columns; those of sequences do not depend on empty ones.
                discriminator(*((part, part_mask) if per_token else trimmed(part, part_mask)))
                for part, part_mask in zip(tokens.split(SCORED_ROWS), mask.split(SCORED_ROWS), strict=True)
            ]
            return reward(torch.cat(logits))

    return reward_of


def control_reward(
    kind: str, reward: Callable[[Tensor], Tensor], rng: torch.Generator, *, per_token: bool = False
) -> Reward:
    """A reward that knows nothing of the text: what a generator gains from it was not learnt from a discriminator.

    Args:
        kind: "constant", a logit of 0 for all, or "random", standard normal logits.
        reward: what a logit is worth to the algorithm.
        rng: of the noise.
        per_token: in place of a discriminator with a logit per token.

    Raises:
        ConfigError: no such control.
    """
    if kind not in ("constant", "random"):
        raise ConfigError(f"adversarial.control is {kind!r}: choose none, constant or random.")

    def reward_of(tokens: Tensor, mask: Tensor, row: Tensor) -> Tensor:  # noqa: ARG001
        size = tokens.shape if per_token else tokens.shape[:1]
        noise = torch.randn(size, generator=rng, device=tokens.device)
        return reward(noise if kind == "random" else torch.zeros_like(noise))

    return reward_of


def is_per_token(discriminator: DiscriminatorModule) -> bool:
    """Whether it answers with a logit for each prefix and not one for the sequence."""
    return getattr(discriminator, "per_token", False)


def trimmed(tokens: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Tokens and mask without the columns in which every row has ended."""
    longest = int(mask.sum(dim=1).amax())
    return tokens[:, :longest], mask[:, :longest]
