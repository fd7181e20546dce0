"""What does not go into an unconditional discriminator."""

from torch import Tensor, nn


def refuse_source(discriminator: nn.Module, source: Tensor | None) -> None:
    """For the `encode` of an unconditional discriminator.

    Raises:
        ValueError: a source is given.
    """
    if source is not None:
        name = type(discriminator).__name__
        raise ValueError(f"{name} judges sequences alone and cannot read a source: use a conditional one.")
