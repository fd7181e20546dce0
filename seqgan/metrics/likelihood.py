"""From sums of log-probabilities to the numbers that are reported. Sums, so that parts of a text can be added.

The sums come from a model under teacher forcing, elsewhere: no model and no tensor is here.
"""

import math

from seqgan.errors import SeqganError


def nll_per_token(total_log_prob: float, tokens: int) -> float:
    """Negative log-likelihood per token, in nats.

    Args:
        total_log_prob: log-probability of all tokens together, in nats.
        tokens: how many, end symbols counted and padding not.

    Raises:
        SeqganError: there are no tokens.
    """
    if tokens <= 0:
        raise SeqganError(f"A likelihood of {tokens} tokens is not defined: give at least one sentence.")
    return -total_log_prob / tokens


def nll_per_sequence(total_log_prob: float, sequences: int) -> float:
    """Negative log-likelihood per sequence, in nats.

    Args:
        total_log_prob: log-probability of all sequences together, in nats.
        sequences: how many.

    Raises:
        SeqganError: there are no sequences.
    """
    if sequences <= 0:
        raise SeqganError(f"A likelihood of {sequences} sequences is not defined: give at least one sentence.")
    return -total_log_prob / sequences


def perplexity(total_log_prob: float, tokens: int) -> float:
    """exp of the negative log-likelihood per token; infinite where that is too large for a float.

    Args:
        total_log_prob: log-probability of all tokens together, in nats.
        tokens: how many, end symbols counted and padding not.

    Raises:
        SeqganError: there are no tokens.
    """
    try:
        return math.exp(nll_per_token(total_log_prob, tokens))
    except OverflowError:
        return math.inf
