"""From sums of log-probabilities to the numbers that are reported. Sums, so that parts of a text can be added.

The sums come from a model under teacher forcing, elsewhere: no model and no tensor is here.
"""

import math

import numpy as np
from numpy.typing import ArrayLike

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


def known_divergences(of_data: ArrayLike, of_samples: ArrayLike) -> dict[str, float]:
    """Divergences of two distributions p (data) and q (a model) that both tell their densities, from draws of each.

    Args:
        of_data: log p(x) - log q(x) of sequences x drawn from p. [any number]
        of_samples: the same difference of sequences drawn from q. [any number]

    Returns:
        In nats a sequence: `kl`, KL(p || q); `reverse-kl`, KL(q || p); `js`, Jensen-Shannon, at most log 2;
        `bhattacharyya`, the distance -log sum sqrt(p q), as the mean of its two estimates.

    Raises:
        SeqganError: there are no draws of one.

    Source: each is the mean over its own draws of the divergence's integrand; Lin 1991 for Jensen-Shannon.
    """
    data, samples = np.asarray(of_data, dtype=np.float64), np.asarray(of_samples, dtype=np.float64)
    if not data.size or not samples.size:
        raise SeqganError("A divergence needs draws of both distributions: give at least one sequence of each.")
    js = math.log(2) - (np.logaddexp(0.0, -data).mean() + np.logaddexp(0.0, samples).mean()) / 2
    affinities = _log_mean_exp(-data / 2) + _log_mean_exp(samples / 2)
    return {
        "kl": float(data.mean()),
        "reverse-kl": float(-samples.mean()),
        "js": float(js),
        "bhattacharyya": float(-affinities / 2),
    }


def _log_mean_exp(values: np.ndarray) -> float:
    return float(np.logaddexp.reduce(values) - math.log(values.size))
