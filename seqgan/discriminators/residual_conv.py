"""The critic of the WGAN-GP character model: residual convolutions over positions, without batch statistics."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from seqgan.discriminators.inputs import refuse_source
from seqgan.tensors.embedding import embed
from seqgan.tensors.residual import ResidualBlock, initialise_convolution


class ResidualConvDiscriminator(nn.Module):
    """Is a sequence real? Judged from a linear map of all positions after residual convolutions; it has no dropout.

    Each position has weights of its own at the end, so that there is a greatest length. Shorter sequences, and what
    follows a sequence's end, read as zeros; where the mask is True everywhere this is the paper's network exactly.

    Args:
        vocabulary_size: V.
        hidden_size: C, channels of every layer.
        layers: residual blocks.
        max_length: T, the greatest length.

    Source: Gulrajani et al. 2017 (arXiv:1704.00028), section 5.5, and the program that its authors published.
    """

    def __init__(self, vocabulary_size: int, hidden_size: int = 512, layers: int = 5, max_length: int = 32):
        super().__init__()
        self.max_length = max_length
        # A convolution of width 1 is a table of vectors, so that ids need not become one-hot vectors.
        self.embedding = nn.Embedding(vocabulary_size, hidden_size)
        self.embedding_bias = nn.Parameter(torch.zeros(hidden_size))
        self.blocks = nn.Sequential(*(ResidualBlock(hidden_size) for _ in range(layers)))
        self.output = nn.Linear(hidden_size * max_length, 1)
        initialise_convolution(self.embedding.weight)
        nn.init.xavier_uniform_(self.output.weight)
        nn.init.zeros_(self.output.bias)

    def encode(self, source: Tensor | None, source_mask: Tensor | None) -> None:  # noqa: ARG002
        """None: this discriminator is unconditional.

        Raises:
            ValueError: a source is given.
        """
        refuse_source(self, source)

    def forward(self, tokens: Tensor, mask: Tensor, context: None = None) -> Tensor:  # noqa: ARG002
        """Ids [R, T] or distributions [R, T, V], mask [R, T] -> logits [R], positive for real.

        Raises:
            ValueError: T exceeds `max_length`.
        """
        length = tokens.shape[1]
        if length > self.max_length:
            raise ValueError(
                f"This discriminator has {self.max_length} positions, and sequences of {length} are given: build it "
                f"with max_length={length} or more, or give shorter sequences."
            )
        values = embed(tokens, self.embedding.weight) * mask.unsqueeze(-1)  # [R, T, C]
        values = functional.pad(values, (0, 0, 0, self.max_length - length)) + self.embedding_bias
        values = self.blocks(values.transpose(1, 2))  # [R, C, T]
        return self.output(torch.flatten(values, 1)).squeeze(1)
