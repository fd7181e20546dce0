"""How real sequences look to a discriminator: the log-odds of each."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from seqgan.data.batches import Sequences, take
from seqgan.decoding.judged import logit_of_whole, rows_at_once
from seqgan.tensors.condition import context_of
from seqgan.tensors.modes import evaluating

if TYPE_CHECKING:
    from seqgan.discriminators.protocol import Discriminator


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
        scores[rows] = logit_of_whole(discriminator, logits, mask).to(scores)
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


def _judged(discriminator: "Discriminator", sequences: Sequences) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Row numbers, logits and mask of some sequences after others."""
    # Like lengths together: little of a batch is then padding.
    order = sequences.mask.sum(dim=1).argsort(stable=True)
    with evaluating(discriminator):
        for rows in order.split(rows_at_once(discriminator)):
            batch = take(sequences, rows)
            context = context_of(discriminator, batch.condition)
            yield rows, discriminator(batch.tokens, batch.mask, context), batch.mask
