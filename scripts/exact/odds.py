"""Discriminators that are tables: log-odds of a toy's data over its generator, whole or by prefixes."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from exact.enumeration import Toy


class TableDiscriminator(nn.Module):
    """Of each sequence of a toy the logit that a table has.

    Args:
        toy: whose sequences they are.
        logits: of each. [A]
    """

    def __init__(self, toy: Toy, logits: Tensor):
        super().__init__()
        self.toy, self.logits = toy, logits

    def encode(self, source, source_mask):
        """None: it reads no source."""

    def forward(self, tokens: Tensor, mask: Tensor, context=None) -> Tensor:
        """[R, T], [R, T] -> [R]"""
        return self.logits[number_of(self.toy, tokens)]


class PrefixDiscriminator(nn.Module):
    """log p(y_1..t) - log q(y_1..t), with p the toy's data and q its generator, by looking the prefixes up.

    A state is the tokens so far and how many they are.
    """

    per_token = True

    def __init__(self, toy: Toy):
        super().__init__()
        self.toy = toy

    def encode(self, source, source_mask):
        """None: it reads no source."""

    def initial_state(self, rows: int, context=None) -> tuple[Tensor, Tensor]:
        """[R, T], [R]"""
        return torch.zeros(rows, self.toy.tokens.shape[1], dtype=torch.long), torch.zeros(rows, dtype=torch.long)

    def step(self, tokens: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """[R] -> [R]"""
        read, count = state
        read = read.scatter(1, count.unsqueeze(1), tokens.unsqueeze(1))
        return self._odds(read, count), (read, count + 1)

    def forward(self, tokens: Tensor, mask: Tensor, context=None) -> Tensor:
        """[R, T], [R, T] -> [R, T]"""
        each = [self._odds(tokens, torch.full_like(tokens[:, 0], t)) for t in range(tokens.shape[1])]
        return torch.stack(each, dim=1)

    def _odds(self, tokens: Tensor, last: Tensor) -> Tensor:
        """Of the prefixes up to and including position `last`. [R, T], [R] -> [R]"""
        tokens = functional.pad(tokens, (0, self.toy.tokens.shape[1] - tokens.shape[1]))
        read = torch.arange(tokens.shape[1]) <= last.unsqueeze(1)  # [R, T]
        same = ((tokens.unsqueeze(1) == self.toy.tokens) | ~read.unsqueeze(1)).all(dim=2)  # [R, A]
        # What no sequence begins with, such as more after an end, is as likely here as there.
        data, probs = same.double() @ self.toy.data, same.double() @ self.toy.probs
        return torch.where(probs > 0, data.log() - probs.log(), 0.0)


def number_of(toy: Toy, tokens: Tensor) -> Tensor:
    """Which of the toy's sequences each is; columns of ends that all have may be missing. [R, T] -> [R]"""
    tokens = functional.pad(tokens, (0, toy.tokens.shape[1] - tokens.shape[1]))
    same = (tokens.unsqueeze(1) == toy.tokens).all(dim=2)
    assert bool(same.any(dim=1).all())
    return same.int().argmax(dim=1)


def counts(toy: Toy, tokens: Tensor) -> Tensor:
    """How often each of the toy's sequences is among some. [R, T] -> [A]"""
    return torch.bincount(number_of(toy, tokens), minlength=len(toy.probs))
