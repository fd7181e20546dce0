"""The residual block of the WGAN-GP character model, which both of its players are made of."""

from torch import Tensor, nn

SHARE = 0.3
"""What a block's branch is multiplied by before it is added."""


class ResidualBlock(nn.Module):
    """x + 0.3 * conv(relu(conv(relu(x)))), without any normalisation: statistics of a batch would tie rows together.

    Args:
        channels: of input and output.
        width: of both convolutions, odd.

    Source: Gulrajani et al. 2017 (arXiv:1704.00028), appendix, and the program that its authors published.
    """

    def __init__(self, channels: int, width: int = 5):
        super().__init__()
        self.first = convolution(channels, channels, width)
        self.second = convolution(channels, channels, width)

    def forward(self, values: Tensor) -> Tensor:
        """[R, C, T] -> [R, C, T]"""
        return values + SHARE * self.second(self.first(values.relu()).relu())


def convolution(inputs: int, outputs: int, width: int) -> nn.Conv1d:
    """A convolution over time that keeps the length."""
    layer = nn.Conv1d(inputs, outputs, width, padding="same")
    assert layer.bias is not None  # by default it has one
    initialise_convolution(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


def initialise_convolution(weight: Tensor) -> None:
    """Draw a convolution's weights uniformly, with variance 4 / (fan in + fan out), as the authors' program does."""
    nn.init.xavier_uniform_(weight, gain=2**0.5)
