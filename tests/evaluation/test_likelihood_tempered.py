"""The likelihood at several temperatures is that of as many passes, from one pass and in little memory."""

import pytest
import torch
from exact.listed import tiny_generator
from support.likelihoods import Largest, Whole, some_sequences

from seqgan.data.batches import Sequences
from seqgan.evaluation import likelihood
from seqgan.evaluation.likelihood import sentence_likelihoods
from seqgan.evaluation.likelihood_tempered import tempered_likelihoods
from seqgan.generators.lstm import LSTMGenerator
from seqgan.generators.masked import masked
from seqgan.generators.tempered import TemperedGenerator
from seqgan.tensors import output_nll

TEMPERATURES = (0.2, 0.7, 1.0, 2.0)
KINDS = [lambda g: g, Whole, lambda g: masked(g, [3])]


def passes_apart(generator, sequences, unknown):
    """A pass over the model for each temperature. [temperatures, sentences]"""
    tempered = [TemperedGenerator(generator, temperature).eval() for temperature in TEMPERATURES]
    return torch.stack([sentence_likelihoods(each, sequences, unknown)[0] for each in tempered])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("tokens", "logit_bytes", "logits"), [(8192, 2**22, 2**24), (12, 1, 1), (30, 100, 100)])
def test_in_double_precision_one_pass_is_as_good_as_several(kind, tokens, logit_bytes, logits, monkeypatch, rng):
    monkeypatch.setattr(likelihood, "TOKENS_AT_ONCE", tokens)
    monkeypatch.setattr(likelihood, "LOGITS_AT_ONCE", {"cpu": logits})
    monkeypatch.setattr(output_nll, "LOGIT_BYTES", logit_bytes)
    generator = kind(tiny_generator(7).double())
    sequences = some_sequences(7, 40, 6, rng)
    log_probs, counts = tempered_likelihoods(generator, sequences, 2, TEMPERATURES)
    assert log_probs.shape == (4, 40)
    torch.testing.assert_close(log_probs, passes_apart(generator, sequences, 2), rtol=1e-12, atol=1e-12)
    assert counts.tolist() == (sequences.mask & (sequences.tokens != 2)).sum(dim=1).tolist()


def test_in_single_precision_they_differ_by_rounding(rng):
    generator = LSTMGenerator(50, embedding_size=8, hidden_size=16, dropout=0.0)
    sequences = some_sequences(50, 40, 6, rng)
    log_probs, _ = tempered_likelihoods(generator, sequences, None, TEMPERATURES)
    expected = passes_apart(generator, sequences, None)
    with torch.no_grad():
        weight, bias = generator.output_layer()
        values = generator.features(sequences.tokens, None)
        sizes = (values.abs() @ weight.abs().T + bias.abs()).max()
    # A logit is a sum of D + 1 products, each rounded, and divided before or after: its error is at most (D + 3) eps of
    # the sum of their sizes. A log-softmax moves by at most twice the largest error of a logit, and is itself a sum of
    # V terms. A sentence has 6 tokens; the two ways err independently.
    eps = torch.finfo(torch.float32).eps
    for of_temperature, apart, temperature in zip(log_probs, expected, TEMPERATURES, strict=True):
        bound = 2 * 6 * (2 * (weight.shape[1] + 3) * sizes / temperature + 50) * eps
        assert (of_temperature - apart).abs().max() <= bound
    assert 2 * 6 * (2 * (16 + 3) * sizes + 50) * eps < 1e-2  # a bound that says something


def test_the_model_reads_the_text_once_for_all_temperatures(rng):
    generator, read = tiny_generator(7), []
    features = generator.features

    def counted(tokens, context):
        read.append(len(tokens))
        return features(tokens, context)

    generator.features = counted
    tempered_likelihoods(generator, some_sequences(7, 40, 6, rng), None, TEMPERATURES)
    assert sum(read) == 40


def test_the_mode_of_the_model_is_as_it_was(rng):
    generator = tiny_generator(7).train()
    tempered_likelihoods(generator, some_sequences(7, 4, 6, rng), None, (1.0,))
    assert generator.training


@pytest.mark.parametrize("kind", [lambda g: g, Whole])
def test_a_vocabulary_of_100_000_symbols_takes_little_memory(kind, rng):
    """All logits of these sentences are 200 MB, at each temperature."""
    generator = kind(LSTMGenerator(100_000, embedding_size=2, hidden_size=3))
    sequences = Sequences(*some_sequences(100_000, 50, 10, rng)[:2])
    sequences = sequences._replace(mask=torch.ones_like(sequences.mask))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the mode sees its own thread alone
    try:
        with Largest() as largest:
            log_probs, _ = tempered_likelihoods(generator, sequences, None, TEMPERATURES)
        assert log_probs.shape == (4, 50)
        assert 0 < largest.bytes <= 64 * 2**20
    finally:
        torch.set_num_threads(threads)
