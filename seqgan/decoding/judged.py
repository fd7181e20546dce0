"""A discriminator's logit of whole sequences, as what decoding takes for a reward."""

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from seqgan.decoding.memory import SCORED_BYTES, rows_of_budget
from seqgan.tensors.modes import evaluating
from seqgan.tensors.rows import State, select_rows

if TYPE_CHECKING:  # for the annotation alone: decoding knows the protocol, no model
    from seqgan.decoding.rollout import Reward
    from seqgan.discriminators.protocol import Discriminator

ROW_BYTES = 2 * SCORED_BYTES
"""What a sequence takes where memory is bounded: its features, and what its judgement makes of them."""
ROWS = 512
"""Sequences that are scored at once, where the discriminator does not say how many are best."""


def score_reward(discriminator: "Discriminator", context: State = None) -> "Reward":
    """The logit of each sequence, positive for real; dropout off, no gradients. Of sequences that just came out of a
    generator.

    Args:
        discriminator: any.
        context: what its `encode` gave for the sentences that rows belong to; None without a condition.
    """

    def reward_of(tokens: Tensor, mask: Tensor, row: Tensor) -> Tensor:
        at_once = rows_at_once(discriminator)
        parts = zip(*(each.split(at_once) for each in (tokens, mask, row)), strict=True)
        with evaluating(discriminator):
            scores = [
                logit_of_whole(discriminator, discriminator(part, mask, select_rows(context, index)), mask)
                for part, mask, index in parts
            ]
        return torch.cat(scores)

    return reward_of


def rows_at_once(discriminator: "Discriminator") -> int:
    """As many as the discriminator says, within the budget of `seqgan.decoding.memory.within`."""
    return rows_of_budget(getattr(discriminator, "scored_rows", ROWS), ROW_BYTES)


def logit_of_whole(discriminator: "Discriminator", logits: Tensor, mask: Tensor) -> Tensor:
    """One logit a sequence. [R], or per token [R, T], or per view [R, S] -> [R]"""
    if getattr(discriminator, "per_token", False):
        last = (mask.sum(dim=1, keepdim=True) - 1).clamp(min=0)  # [R, 1]
        return logits.gather(1, last).squeeze(1)
    return logits.mean(dim=1) if logits.dim() == 2 else logits
