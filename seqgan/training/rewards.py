"""Rewards of sequences: a discriminator's, and the controls that know nothing of the text."""

from collections.abc import Callable

import torch
from torch import Tensor

from seqgan.data.batches import Batch
from seqgan.decoding.given import checked_rewards
from seqgan.decoding.rollout import Reward
from seqgan.discriminators.protocol import Discriminator
from seqgan.errors import ConfigError
from seqgan.objectives.sentence_bleu import sentence_bleu
from seqgan.tensors.modes import evaluating
from seqgan.tensors.rows import State, select_rows

OwnReward = Callable[[Tensor, Tensor, Batch | None], Tensor]
"""A user's: completed sequences [R, T], their mask [R, T], and the real sentences, with their conditions, that they
stand for, R rows (None where they stand for none in particular), to rewards [R]."""
SCORED_ROWS = 512
"""Sequences that the discriminator scores at once; its feature maps are rows * filters * positions."""


def discriminator_reward(
    discriminator: Discriminator, reward: Callable[[Tensor], Tensor], context: State = None
) -> Reward:
    """The reward function that a rollout takes, made of a discriminator and what its logits are worth.

    Of a discriminator with a logit per token the rewards are [R, T], in place of [R].

    Args:
        discriminator: scores with dropout off and without gradients.
        reward: what a logit is worth.
        context: what the discriminator's `encode` gave for the sentences that completions belong to; None without a
            condition.
    """

    def reward_of(tokens: Tensor, mask: Tensor, row: Tensor) -> Tensor:
        per_token = is_per_token(discriminator)
        at_once = getattr(discriminator, "scored_rows", SCORED_ROWS)
        parts = zip(*(each.split(at_once) for each in (tokens, mask, row)), strict=True)
        logits = []
        with evaluating(discriminator):
            for part, part_mask, part_row in parts:
                # Rewards of tokens keep all columns; those of sequences do not depend on empty ones.
                part, part_mask = (part, part_mask) if per_token else trimmed(part, part_mask)
                logits.append(discriminator(part, part_mask, select_rows(context, part_row)))
            together = torch.cat(logits)
            return reward(together.to(torch.promote_types(together.dtype, torch.float32)))

    return reward_of


def bleu_of(tokens: Tensor, mask: Tensor, real: Batch | None, *, end: int | None) -> Tensor:
    """Smoothed sentence BLEU of sequences against the real sentences that they stand for. [R, T], [R, T] -> [R]

    Args:
        tokens: ids.
        mask: True at real ones.
        real: their references, R rows.
        end: id of the end symbol, which is no word.
    """
    assert real is not None
    return sentence_bleu(tokens, mask & (tokens != end), real.tokens, real.mask & (real.tokens != end))


def own_reward(reward: OwnReward) -> OwnReward:
    """A user's reward, whose numbers are looked at each time, in 32 bits and without a graph. A batch with one that is
    not finite is left out and counted, as any such batch is.

    Raises:
        PlayerError: from the result: it gives something else than a number for each row.
    """

    def reward_of(tokens: Tensor, mask: Tensor, real: Batch | None) -> Tensor:
        return checked_rewards(reward(tokens, mask, real), reward, tokens).detach().float()

    return reward_of


def mixed_reward(reward: Reward | None, share: float, other: OwnReward, real: Batch | None) -> Reward:
    """`share` of one reward, and the rest of another.

    Args:
        reward: a discriminator's; None where `share` is 0.
        share: from 0 to 1.
        other: the second one.
        real: the real sentences that it is given, B rows; completions name theirs by row.

    Source: Yang et al. 2018 (arXiv:1703.04887), section 3.3, for BLEU as the second.
    """

    def reward_of(tokens: Tensor, mask: Tensor, row: Tensor) -> Tensor:
        second = other(tokens, mask, None if real is None else real.select(row))
        return second if reward is None else share * reward(tokens, mask, row) + (1 - share) * second

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


def is_per_token(discriminator: Discriminator) -> bool:
    """Whether it answers with a logit for each prefix and not one for the sequence."""
    return getattr(discriminator, "per_token", False)


def trimmed(tokens: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Tokens and mask without the columns in which every row has ended."""
    longest = int(mask.sum(dim=1).amax())
    return tokens[:, :longest], mask[:, :longest]
