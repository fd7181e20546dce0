"""How likely a generator finds held-out text."""

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from seqgan.data.batches import Sequences, take
from seqgan.metrics.likelihood import nll_per_token, perplexity
from seqgan.objectives.mle import token_nll
from seqgan.tensors.modes import evaluating

if TYPE_CHECKING:
    from seqgan.generators.protocol import GeneratorModule

TOKENS_AT_ONCE = 8192
"""Logits of so many tokens are in memory at once; times the vocabulary they are what is large."""


class Likelihood(NamedTuple):
    """Sums over a text, so that those of several processes or parts can be added."""

    log_prob: float
    """Log-probability of all these tokens together, in nats."""
    tokens: int
    """Known tokens, end symbols counted."""
    unknown: int
    """Tokens that were left out since they are not in the vocabulary."""
    sentences: int
    """Sentences."""

    @property
    def nll_per_token(self) -> float:
        """Negative log-likelihood per token, in nats."""
        return nll_per_token(self.log_prob, self.tokens)

    @property
    def perplexity(self) -> float:
        """exp of it."""
        return perplexity(self.log_prob, self.tokens)


def held_out_likelihood(generator: "GeneratorModule", sequences: Sequences, unknown: int | None) -> Likelihood:
    """Log-probability of sequences under teacher forcing, dropout off, at temperature 1.

    Tokens outside the vocabulary are read and not scored. Where the training text has none of them, as with a
    vocabulary of all its words, what their symbol is given says nothing but how long one has trained.

    Args:
        generator: any generator.
        sequences: on the generator's device.
        unknown: id of the unknown symbol; None where all ids are ordinary tokens.
    """
    scored = sequences.mask if unknown is None else sequences.mask & (sequences.tokens != unknown)
    log_prob = sequence_log_probs(generator, sequences, scored).sum().item()
    tokens = int(scored.sum())
    return Likelihood(log_prob, tokens, int(sequences.mask.sum()) - tokens, len(sequences.tokens))


def sequence_log_probs(generator: "GeneratorModule", sequences: Sequences, scored: Tensor | None = None) -> Tensor:
    """Log-probability of each sequence under teacher forcing, dropout off, in nats and double precision.

    Args:
        generator: any generator.
        sequences: on the generator's device.
        scored: True at the tokens that count; all real ones by default. [sentences, T]

    Returns:
        [sentences]
    """
    scored = sequences.mask if scored is None else scored
    log_probs = torch.zeros(len(sequences.tokens), dtype=torch.float64, device=sequences.tokens.device)
    # Like lengths together: little of a batch is then padding.
    order = sequences.mask.sum(dim=1).argsort(stable=True)
    rows_at_once = max(1, TOKENS_AT_ONCE // sequences.tokens.shape[1])
    with evaluating(generator):
        for rows in order.split(rows_at_once):
            batch = take(sequences, rows)
            logits = generator.forward(batch.tokens)
            known = scored[rows, : batch.tokens.shape[1]]
            log_probs[rows] = -token_nll(logits, batch.tokens, known).sum(dim=1, dtype=torch.float64)
    return log_probs
