"""How likely a generator finds held-out text: the same in pieces, and in little memory whatever the vocabulary."""

import pytest
import torch
from exact.listed import sequence_log_probs as plain_log_probs
from exact.listed import tiny_generator
from support.likelihoods import Largest, Whole, some_sequences

from seqgan.data.batches import Sequences
from seqgan.evaluation import likelihood as module
from seqgan.evaluation.averaging import averaged_likelihood
from seqgan.evaluation.likelihood import held_out_likelihood, sequence_log_probs
from seqgan.generators.lstm import LSTMGenerator
from seqgan.generators.masked import masked
from seqgan.generators.tempered import TemperedGenerator
from seqgan.tensors import output_nll


@pytest.mark.parametrize("kind", [lambda g: g, Whole, lambda g: TemperedGenerator(g, 0.5), lambda g: masked(g, [3])])
@pytest.mark.parametrize(("tokens", "logit_bytes", "logits"), [(8192, 2**22, 2**24), (12, 1, 1), (30, 100, 100)])
def test_pieces_change_nothing(kind, tokens, logit_bytes, logits, monkeypatch, rng):
    monkeypatch.setattr(module, "TOKENS_AT_ONCE", tokens)
    monkeypatch.setattr(module, "LOGITS_AT_ONCE", {"cpu": logits})
    monkeypatch.setattr(output_nll, "LOGIT_BYTES", logit_bytes)
    generator = kind(tiny_generator(7))
    sequences = some_sequences(7, 40, 6, rng)
    with torch.no_grad():
        expected = plain_log_probs(generator, sequences.tokens, sequences.mask)
    torch.testing.assert_close(sequence_log_probs(generator, sequences), expected)


@pytest.mark.parametrize("kind", [lambda g: g, Whole, lambda g: TemperedGenerator(g, 0.5)])
def test_a_vocabulary_of_100_000_symbols_takes_little_memory(kind, rng):
    """All logits of these sentences are 200 MB, each time that they are in memory."""
    generator = kind(LSTMGenerator(100_000, embedding_size=2, hidden_size=3))
    sequences = Sequences(*some_sequences(100_000, 50, 10, rng)[:2])
    sequences = sequences._replace(mask=torch.ones_like(sequences.mask))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the mode sees its own thread alone
    try:
        with Largest() as largest:
            likelihood = held_out_likelihood(generator, sequences, None)
        assert likelihood.tokens == 500
        assert 0 < largest.bytes <= 64 * 2**20
        with Largest() as largest:
            averaged_likelihood(generator, sequences, None, rng=rng, draws=1)
        assert 0 < largest.bytes <= 64 * 2**20
    finally:
        torch.set_num_threads(threads)


def test_of_a_generator_in_one_piece_a_sentence_is_the_least():
    assert module.rows_at_once(20, 20 * 10**9, torch.device("cpu")) == 1
    assert module.rows_at_once(20, 1, torch.device("cpu")) == 409  # of 8,192 tokens
    assert module.rows_at_once(10, 10 * 2**20, torch.device("cpu")) == 1
    assert module.rows_at_once(2, 2 * 2**20, torch.device("cpu")) == 8
    assert module.rows_at_once(2, 2 * 2**20, torch.device("cuda")) == 16
