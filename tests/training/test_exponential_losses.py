"""Discriminators whose loss holds exponentials learn something with the package's sizes and defaults."""

import math

import pytest
import torch
from support.kinds import SAMPLED

from seqgan.algorithm_settings import shared_settings
from seqgan.data import load_corpus
from seqgan.data.text import encode_corpus
from seqgan.discriminators import CNNDiscriminator
from seqgan.generators import LSTMGenerator
from seqgan.objectives import DIVERGENCES
from seqgan.training.sampled import SampledPlayers

POOLS = 12


@pytest.fixture(scope="module")
def text():
    return encode_corpus(load_corpus("captions"))


def losses(text, name):
    torch.manual_seed(0)
    generator = LSTMGenerator(len(text.vocabulary), embedding_size=32, hidden_size=32)
    discriminator = CNNDiscriminator(len(text.vocabulary))
    config = shared_settings(SAMPLED[name])
    players = SampledPlayers(*(generator, discriminator, text, SAMPLED[name], config), torch.Generator().manual_seed(0))
    return [players.warm_up_discriminator()["discriminator/loss"] for _ in range(POOLS)]


@pytest.mark.slow(reason="discriminators of full size")
@pytest.mark.parametrize("name", [f"bgan-{name}" for name, divergence in DIVERGENCES.items() if divergence.exponential])
def test_the_loss_falls_and_does_not_overflow(text, name):
    found = losses(text, name)
    assert all(map(math.isfinite, found))
    assert min(found[-6:]) < found[0]
