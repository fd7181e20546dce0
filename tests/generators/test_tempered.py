"""A generator at another temperature."""

import torch
from exact.listed import all_sequences, sequence_log_probs, tiny_generator

from seqgan.decoding import sample
from seqgan.generators.tempered import TemperedGenerator


def test_its_probabilities_are_powers_of_the_generators_normalised_at_each_token():
    generator = tiny_generator(3)
    tokens, _ = all_sequences(3, 3, 0)
    tempered = TemperedGenerator(generator, 0.5)
    probs = generator(tokens).softmax(-1)
    squares = probs.square() / probs.square().sum(-1, keepdim=True)
    torch.testing.assert_close(tempered(tokens).softmax(-1), squares)


def test_all_its_sequences_sum_to_one():
    tempered = TemperedGenerator(tiny_generator(3), 0.3)
    tokens, mask = all_sequences(3, 3, 0)
    assert abs(sequence_log_probs(tempered, tokens, mask).exp().sum().item() - 1) < 1e-12


def test_it_samples_what_the_sampler_draws_at_that_temperature():
    generator = tiny_generator(4)
    direct = sample(generator, 50, 6, rng=torch.Generator().manual_seed(1), temperature=0.5)
    wrapped = sample(TemperedGenerator(generator, 0.5), 50, 6, rng=torch.Generator().manual_seed(1))
    assert torch.equal(direct.tokens, wrapped.tokens)
