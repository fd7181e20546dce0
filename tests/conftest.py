"""What tests of several layers share: models small enough to list every sequence they can make."""

import itertools
import signal

import pytest
import torch
from torch import Tensor, nn

from seqgan.discriminators import CNNDiscriminator
from seqgan.generators import LSTMGenerator
from seqgan.tensors.masking import mask_from_tokens


@pytest.fixture(scope="session", autouse=True)
def signals_as_from_a_terminal() -> None:
    """Tests send them, to themselves and to commands: `nohup` and background jobs have some ignored, as they stay."""
    for number in (signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)


@pytest.fixture
def rng() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.fixture
def generator() -> nn.Module:
    """Four symbols, 0 the end, in double precision and with clearly unequal probabilities."""
    return tiny_generator()


@pytest.fixture
def discriminator() -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(2)
        model = CNNDiscriminator(4, embedding_size=5, filters={1: 3, 2: 4, 3: 2}, dropout=0.5).double()
    return model.eval()


def tiny_generator(vocabulary_size: int = 4, **options) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(1)
        model = LSTMGenerator(vocabulary_size, embedding_size=3, hidden_size=5, **options).double()
        for parameter in model.parameters():
            nn.init.normal_(parameter, std=0.8)
    return model.eval()


def all_sequences(vocabulary_size: int, length: int, end: int | None) -> tuple[Tensor, Tensor]:
    """Every sequence a generator can make, each once, and its mask. [S, T], [S, T]"""
    listed = torch.tensor(list(itertools.product(range(vocabulary_size), repeat=length)))
    mask = mask_from_tokens(listed, end)
    if end is not None:
        listed = listed.masked_fill(~mask, end)
    unique = torch.unique(listed, dim=0)
    return unique, mask_from_tokens(unique, end)


def sequence_log_probs(generator: nn.Module, tokens: Tensor, mask: Tensor) -> Tensor:
    """Log-probability of whole sequences, with its gradient. [S]"""
    log_probs = generator(tokens).log_softmax(-1).gather(-1, tokens.unsqueeze(-1)).squeeze(-1)
    return torch.where(mask, log_probs, 0.0).sum(1)
