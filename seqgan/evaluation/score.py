"""How real sequences look to a discriminator: the log-odds of each."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from seqgan.data.batches import Sequences, take
from seqgan.decoding.memory import SCORED_BYTES, rows_of_budget
from seqgan.tensors.condition import context_of
from seqgan.tensors.modes import evaluating
from seqgan.tensors.rows import State, select_rows

if TYPE_CHECKING:
    from seqgan.decoding.rollout import Reward
    from seqgan.discriminators.protocol import Discriminator

ROW_BYTES = 2 * SCORED_BYTES
"""What a sequence takes where memory is bounded: its features, and what its judgement makes of them."""
ROWS = 512
"""Sequences that are scored at once, where the discriminator does not say how many are best."""


def sequence_scores(discriminator: "Discriminator", sequences: Sequences) -> Tensor:
    """The logit of each sequence, positive for real; dropout off, no gradients.

    Of a discriminator with a logit per token it is the one at the last token, which is that of the whole sequence; of
    one with a logit per view, their mean.

    Args:
        discriminator: any.
        sequences: on its device, with their conditions where it reads some.

    Returns:
        [sequences]
    """
    scores = torch.empty(len(sequences.tokens), device=sequences.tokens.device)
    for rows, logits, mask in _judged(discriminator, sequences):
        scores[rows] = _of_whole(discriminator, logits, mask).to(scores)
    return scores


def token_scores(discriminator: "Discriminator", sequences: Sequences) -> list[list[float]]:
    """The logits of a discriminator that has one per token: of each sequence, those of its prefixes, end included.

    Args:
        discriminator: one with a logit per token.
        sequences: as for `sequence_scores`.
    """
    scores: list[list[float]] = [[] for _ in sequences.tokens]
    for rows, logits, mask in _judged(discriminator, sequences):
        lengths = mask.sum(dim=1).tolist()
        for row, length, values in zip(rows.tolist(), lengths, logits.tolist(), strict=True):
            scores[row] = values[:length]
    return scores


def score_reward(discriminator: "Discriminator", context: State = None) -> "Reward":
    """`sequence_scores` as what decoding takes: of sequences that just came out of a generator.

    Args:
        discriminator: any.
        context: what its `encode` gave for the sentences that rows belong to; None without a condition.
    """

    def reward_of(tokens: Tensor, mask: Tensor, row: Tensor) -> Tensor:
        at_once = _rows_at_once(discriminator)
        parts = zip(*(each.split(at_once) for each in (tokens, mask, row)), strict=True)
        with evaluating(discriminator):
            scores = [
                _of_whole(discriminator, discriminator(part, mask, select_rows(context, index)), mask)
                for part, mask, index in parts
            ]
        return torch.cat(scores)

    return reward_of


def _judged(discriminator: "Discriminator", sequences: Sequences) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Row numbers, logits and mask of some sequences after others."""
    # Like lengths together: little of a batch is then padding.
    order = sequences.mask.sum(dim=1).argsort(stable=True)
    with evaluating(discriminator):
        for rows in order.split(_rows_at_once(discriminator)):
            batch = take(sequences, rows)
            context = context_of(discriminator, batch.condition)
            yield rows, discriminator(batch.tokens, batch.mask, context), batch.mask


def _rows_at_once(discriminator: "Discriminator") -> int:
    """As many as the discriminator says, within the budget of `seqgan.decoding.memory.within`."""
    return rows_of_budget(getattr(discriminator, "scored_rows", ROWS), ROW_BYTES)


def _of_whole(discriminator: "Discriminator", logits: Tensor, mask: Tensor) -> Tensor:
    """One logit a sequence. [R], or per token [R, T], or per view [R, S] -> [R]"""
    if getattr(discriminator, "per_token", False):
        last = (mask.sum(dim=1, keepdim=True) - 1).clamp(min=0)  # [R, 1]
        return logits.gather(1, last).squeeze(1)
    return logits.mean(dim=1) if logits.dim() == 2 else logits
