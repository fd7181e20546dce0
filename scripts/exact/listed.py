"""Models small enough to list every sequence that they can make."""

import itertools

import torch
from torch import Tensor, nn

from seqgan.generators import LSTMGenerator
from seqgan.tensors.masking import mask_from_tokens


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
