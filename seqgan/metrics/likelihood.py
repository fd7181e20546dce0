"""From sums of log-probabilities to the numbers that are reported. Sums, so that parts of a text can be added."""

import math

from seqgan.errors import SeqganError


def nll_per_token(log_prob: float, tokens: int) -> float:
    """Negative log-likelihood per token, in nats.

    Args:
        log_prob: log-probability of all tokens together, in nats.
        tokens: how many, end symbols counted.

    Raises:
        SeqganError: there are no tokens.
    """
    if tokens <= 0:
        raise SeqganError(f"A likelihood of {tokens} tokens is not defined: give at least one sentence.")
    return -log_prob / tokens


def perplexity(log_prob: float, tokens: int) -> float:
    """exp of the negative log-likelihood per token; infinite where that is too large a number."""
    try:
        return math.exp(nll_per_token(log_prob, tokens))
    except OverflowError:
        return math.inf
