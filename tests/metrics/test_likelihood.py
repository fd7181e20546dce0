"""Likelihood from sums."""

import math

import pytest

from seqgan.errors import SeqganError
from seqgan.metrics import nll_per_sequence, nll_per_token, perplexity


def test_a_uniform_model_has_the_perplexity_of_its_vocabulary():
    # Three sequences, 10 tokens in all, each token one of 7: log-probability -10 log 7.
    total = -10 * math.log(7)
    assert nll_per_token(total, 10) == pytest.approx(math.log(7))
    assert nll_per_sequence(total, 3) == pytest.approx(10 / 3 * math.log(7))
    assert perplexity(total, 10) == pytest.approx(7)


def test_a_perplexity_too_large_for_a_float_is_infinite():
    assert perplexity(-1e6, 1) == math.inf
    assert perplexity(-math.inf, 5) == math.inf


@pytest.mark.parametrize("measure", [nll_per_token, perplexity])
def test_no_tokens_have_no_likelihood(measure):
    with pytest.raises(SeqganError, match="A likelihood of 0 tokens is not defined: give at least one sentence"):
        measure(0.0, 0)


def test_no_sequences_have_no_likelihood():
    with pytest.raises(SeqganError, match="A likelihood of 0 sequences is not defined: give at least one sentence"):
        nll_per_sequence(0.0, 0)
