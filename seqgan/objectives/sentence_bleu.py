"""Smoothed BLEU of single sentences, on ids and all at once: fast enough to reward every completion of a rollout."""

import torch
from torch import Tensor

MAX_ORDER = 4
"""Longest n-grams that are counted."""
MULTIPLIER = 6_364_136_223_846_793_005
"""Odd, so that multiplying by it loses nothing modulo 2^64."""


def sentence_bleu(tokens: Tensor, mask: Tensor, references: Tensor, references_mask: Tensor) -> Tensor:
    """BLEU-4 of each sequence against its own reference, one added to all counts above single tokens.

    The end symbol is no word: leave it out of both masks. Real tokens stand in front.

    Args:
        tokens: ids. [R, T]
        mask: True at words. [R, T]
        references: ids. [R, L]
        references_mask: True at words. [R, L]

    Returns:
        From 0 to 1; 0 for a sequence without words. [R]

    Source: Papineni et al. 2002; the smoothing is Lin and Och 2004, section 4 ("ORANGE").
    """
    lengths, reference_lengths = mask.sum(dim=1), references_mask.sum(dim=1)
    log_precisions = torch.zeros(len(tokens), device=tokens.device)
    for order in range(1, MAX_ORDER + 1):
        grams, there = _ngrams(tokens, mask, order)
        reference_grams, reference_there = _ngrams(references, references_mask, order)
        matches = _clipped_matches(grams, there, reference_grams, reference_there)
        added = 0 if order == 1 else 1
        total = (lengths - order + 1).clamp(min=0)
        # Without any word in common the precision is 0, its logarithm -inf, and BLEU 0.
        log_precisions = log_precisions + ((matches + added) / (total + added).clamp(min=1)).log()
    brevity = (1 - reference_lengths / lengths.clamp(min=1)).clamp(max=0)
    return torch.where(lengths > 0, (log_precisions / MAX_ORDER + brevity).exp(), 0.0)


def _ngrams(tokens: Tensor, mask: Tensor, order: int) -> tuple[Tensor, Tensor]:
    """A number for each n-gram by the place of its first token, and whether all of it is there. [R, T - order + 1]"""
    width = max(0, tokens.shape[1] - order + 1)
    grams = torch.zeros_like(tokens[:, :width])
    there = torch.ones_like(mask[:, :width])
    for place in range(order):
        # Integers wrap around: a hash of 64 bits, in which different n-grams are as good as never equal.
        grams = (grams + tokens[:, place : place + width] + 1) * MULTIPLIER
        grams = grams ^ (grams >> 29)
        there = there & mask[:, place : place + width]
    return grams, there


def _clipped_matches(grams: Tensor, there: Tensor, reference_grams: Tensor, reference_there: Tensor) -> Tensor:
    """How many n-grams of each row its reference has, each at most as often as it occurs there. [R]"""
    alike = (grams.unsqueeze(2) == grams.unsqueeze(1)) & there.unsqueeze(1)  # [R, T, T]
    # The k-th occurrence counts if the reference has k of them.
    occurrence = alike.tril().sum(dim=2)  # [R, T]
    in_reference = ((grams.unsqueeze(2) == reference_grams.unsqueeze(1)) & reference_there.unsqueeze(1)).sum(dim=2)
    return ((occurrence <= in_reference) & there).sum(dim=1)
