"""How likely a generator finds held-out text."""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, cast

import torch
from torch import Tensor

from seqgan.data.batches import Batch, Sequences, take
from seqgan.decoding.memory import rows_of_budget
from seqgan.metrics.likelihood import nll_per_token, perplexity
from seqgan.objectives.mle import token_nll
from seqgan.tensors.condition import context_of
from seqgan.tensors.devices import widest
from seqgan.tensors.modes import evaluating
from seqgan.tensors.output_nll import output_token_nll

if TYPE_CHECKING:
    from seqgan.generators.protocol import Generator, LinearOutput

TOKENS_AT_ONCE = 8192
"""So many tokens are read at once."""
TOKEN_BYTES = 16_384
"""What is made on the way of each of them, where memory is bounded: vectors, gates and features of some layers."""
LOGIT_BYTES = 12
"""Of each logit: itself, its logarithm, and what comes between."""
LOGITS_AT_ONCE = {"cpu": 2**24, "cuda": 2**25}
"""Most logits in memory at once, where the output layer is no part of its own: fewer tokens are then read at once. One
sequence is the least. Where the layer stands apart, `output_token_nll` keeps them far below it."""


def rows_at_once(length: int, logits: int, device: torch.device) -> int:
    """Sequences that are read at once, within the budget of `seqgan.decoding.memory.within`; one at least.

    Args:
        length: tokens of each.
        logits: of each, how many are in memory at once.
        device: where.
    """
    most = LOGITS_AT_ONCE.get(device.type, LOGITS_AT_ONCE["cpu"])
    tokens, most = rows_of_budget(TOKENS_AT_ONCE, TOKEN_BYTES), rows_of_budget(most, LOGIT_BYTES)
    return max(1, min(tokens // length, most // logits))


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


def held_out_likelihood(generator: "Generator", sequences: Sequences, unknown: int | None) -> Likelihood:
    """Log-probability of sequences under teacher forcing, dropout off, at temperature 1.

    Tokens outside the vocabulary are read and not scored. Where the training text has none of them, as with a
    vocabulary of all its words, what their symbol is given says nothing but how long one has trained.

    Args:
        generator: any generator that steps.
        sequences: on the generator's device.
        unknown: id of the unknown symbol; None where all ids are ordinary tokens.
    """
    with evaluating(generator):
        return total_likelihood(_teacher_forced(generator), sequences, unknown, rows_of(generator, sequences))


def total_likelihood(
    log_probs_of: Callable[[Batch], Tensor], sequences: Sequences, unknown: int | None, rows: int
) -> Likelihood:
    """Sums over a text of what a model says of its batches.

    Args:
        log_probs_of: a batch to the log-probability of each of its tokens; those of padding are not read. [B, T]
        sequences: the text.
        unknown: id of the unknown symbol, which is not scored; None where all ids are ordinary tokens.
        rows: sequences of a batch.
    """
    scored = sequences.mask if unknown is None else sequences.mask & (sequences.tokens != unknown)
    log_prob = sentence_sums(log_probs_of, sequences, scored, rows).sum().item()
    tokens = int(scored.sum())
    return Likelihood(log_prob, tokens, int(sequences.mask.sum()) - tokens, len(sequences.tokens))


def sequence_log_probs(generator: "Generator", sequences: Sequences) -> Tensor:
    """Log-probability of each sequence under teacher forcing, dropout off, in nats and double precision.

    Args:
        generator: any generator that steps.
        sequences: on the generator's device.

    Returns:
        [sentences]
    """
    with evaluating(generator):
        return sentence_sums(_teacher_forced(generator), sequences, sequences.mask, rows_of(generator, sequences))


def sentence_likelihoods(generator: "Generator", sequences: Sequences, unknown: int | None) -> tuple[Tensor, Tensor]:
    """What `held_out_likelihood` sums: the log-probability of each sequence's known tokens, and how many they are.

    Args:
        generator: any generator that steps.
        sequences: on the generator's device.
        unknown: id of the unknown symbol, which is not scored; None where all ids are ordinary tokens.

    Returns:
        [sentences], [sentences]
    """
    scored = sequences.mask if unknown is None else sequences.mask & (sequences.tokens != unknown)
    with evaluating(generator):
        rows = rows_of(generator, sequences)
        return sentence_sums(_teacher_forced(generator), sequences, scored, rows), scored.sum(dim=1)


def rows_of(generator: "Generator", sequences: Sequences) -> int:
    """Sequences that are read at once."""
    length = sequences.tokens.shape[1]
    logits = 1 if hasattr(generator, "features") else length * generator.vocabulary_size
    return rows_at_once(length, logits, sequences.tokens.device)


def _teacher_forced(generator: "Generator") -> Callable[[Batch], Tensor]:
    def log_probs(batch: Batch) -> Tensor:
        context = context_of(generator, batch.condition)
        if not hasattr(generator, "features"):
            return -token_nll(generator.forward(batch.tokens, context), batch.tokens, batch.mask)
        features = generator.features(batch.tokens, context)[batch.mask]
        weight, bias = cast("LinearOutput", generator).output_layer()
        nll = output_token_nll(features, weight, bias, batch.tokens[batch.mask])
        return torch.zeros(batch.mask.shape, dtype=nll.dtype, device=nll.device).masked_scatter(batch.mask, -nll)

    return log_probs


def sentence_sums(
    log_probs_of: Callable[[Batch], Tensor],
    sequences: Sequences,
    scored: Tensor,
    rows: int,
    several: tuple[int, ...] = (),
) -> Tensor:
    """Sums over the tokens of each sequence that are scored, in the device's highest precision.

    Args:
        log_probs_of: a batch to the log-probability of each of its tokens. [*several, B, T]
        sequences: the text.
        scored: True at the tokens that count. [sentences, T]
        rows: sequences of a batch.
        several: leading axes, where the model says several things of each token.

    Returns:
        [*several, sentences]
    """
    wide = widest(sequences.tokens.device)
    log_probs = torch.zeros((*several, len(sequences.tokens)), dtype=wide, device=sequences.tokens.device)
    # Like lengths together: little of a batch is then padding.
    order = sequences.mask.sum(dim=1).argsort(stable=True)
    for chosen in order.split(rows):
        batch = take(sequences, chosen)
        known = scored[chosen, : batch.tokens.shape[1]]
        log_probs[..., chosen] = torch.where(known, log_probs_of(batch), 0.0).sum(dim=-1, dtype=wide)
    return log_probs
