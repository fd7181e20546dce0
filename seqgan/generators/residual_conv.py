"""The generator of the WGAN-GP character model: noise to the distributions of all positions at once."""

import torch
from torch import Tensor, nn

from seqgan.tensors.products import Linear
from seqgan.tensors.residual import ResidualBlock, convolution


class ResidualConvGenerator(nn.Module):
    """Residual convolutions over positions, from noise. No symbol reads another: only the noise ties them.

    Args:
        vocabulary_size: V, symbols that can come out, the end symbol included.
        hidden_size: C, channels of every layer.
        layers: residual blocks.
        noise_size: Z, standard normal numbers that a sequence is made of.
        max_length: T, positions of every sequence.
        end: id that ends a sequence, or None for sequences of one fixed length.
        drawn: its tokens are drawn from the distributions, as Gumbel noise does in training. Without, they are the
            likeliest, and the noise at the input decides all.

    Source: Gulrajani et al. 2017 (arXiv:1704.00028), section 5.5, and the program that its authors published.
    """

    def __init__(
        self,
        vocabulary_size: int,
        hidden_size: int = 512,
        layers: int = 5,
        noise_size: int = 128,
        max_length: int = 32,
        end: int | None = 0,
        drawn: bool = False,
    ):
        super().__init__()
        self.vocabulary_size = vocabulary_size
        self.max_length = max_length
        self.end = end
        self.drawn = drawn
        self.noise_size = noise_size
        self.input = Linear(noise_size, hidden_size * max_length)
        self.blocks = nn.Sequential(*(ResidualBlock(hidden_size) for _ in range(layers)))
        self.output = convolution(hidden_size, vocabulary_size, width=1)
        nn.init.xavier_uniform_(self.input.weight)
        nn.init.zeros_(self.input.bias)

    def distributions(self, rows: int, rng: torch.Generator) -> Tensor:
        """Fresh sequences, as logits of each position's symbols.

        Args:
            rows: R, how many.
            rng: of the noise, on the generator's device.

        Returns:
            Logits [R, T, V], with a graph where gradients are on.
        """
        weight = self.input.weight
        noise = torch.randn(rows, self.noise_size, generator=rng, device=weight.device, dtype=weight.dtype)
        return self(noise)

    def forward(self, noise: Tensor) -> Tensor:
        """[R, Z] -> logits [R, T, V]"""
        values = self.input(noise).unflatten(1, (-1, self.max_length))  # [R, C, T]
        return self.output(self.blocks(values)).transpose(1, 2)
