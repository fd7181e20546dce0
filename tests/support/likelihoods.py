"""What likelihoods are tested on: random sentences, a generator in one piece, and the size of what is made."""

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from seqgan.data.batches import Sequences
from seqgan.tensors.masking import mask_from_tokens


class Whole(nn.Module):
    """A generator whose output layer does not stand apart, as of a model made elsewhere."""

    def __init__(self, generator):
        super().__init__()
        self.generator, self.vocabulary_size = generator, generator.vocabulary_size
        self.start, self.end = generator.start, generator.end

    def encode(self, source, source_mask):
        return None

    def initial_state(self, rows, context=None):
        return self.generator.initial_state(rows)

    def step(self, tokens, state):
        return self.generator.step(tokens, state)

    def forward(self, tokens, context=None):
        return self.generator(tokens)


class Largest(TorchDispatchMode):
    """Counts the bytes of the largest tensor that an operation makes; views have those of what they show."""

    bytes = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        made = func(*args, **(kwargs or {}))
        given = {part.untyped_storage().data_ptr() for part in tree_leaves(args) if isinstance(part, torch.Tensor)}
        for part in tree_leaves(made):
            if isinstance(part, torch.Tensor) and part.untyped_storage().data_ptr() not in given:
                self.bytes = max(self.bytes, part.untyped_storage().nbytes())
        return made


def some_sequences(vocabulary_size, rows, length, rng):
    tokens = torch.randint(1, vocabulary_size, (rows, length), generator=rng)
    ends = torch.randint(1, length + 1, (rows, 1), generator=rng)
    tokens = tokens.masked_fill(torch.arange(length) >= ends, 0)
    return Sequences(tokens, mask_from_tokens(tokens, 0))
