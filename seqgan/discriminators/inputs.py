"""What goes into a conditional discriminator, and what does not go into the others."""

from torch import Tensor, nn

from seqgan.errors import ConfigError
from seqgan.tensors.rows import State


def refuse_source(discriminator: nn.Module, source: Tensor | None) -> None:
    """For the `encode` of an unconditional discriminator.

    Raises:
        ValueError: a source is given.
    """
    if source is not None:
        name = type(discriminator).__name__
        raise ValueError(f"{name} judges sequences alone and cannot read a source: use a conditional one.")


def require_source(
    discriminator: nn.Module, source: Tensor | None, source_mask: Tensor | None
) -> tuple[Tensor, Tensor]:
    """For the `encode` of a conditional discriminator: source and mask, which are there.

    Raises:
        ConfigError: one of them is None.
    """
    if source is None or source_mask is None:
        name = type(discriminator).__name__
        raise ConfigError(
            f"{name} judges how a sequence fits a source, and none is given: use a corpus of pairs, or an "
            "unconditional discriminator."
        )
    return source, source_mask


def require_context(discriminator: nn.Module, rows: int, context: State) -> State:
    """For the `forward` of a conditional discriminator: the context, a tensor or a tuple of some.

    Raises:
        ConfigError: there is none.
        ValueError: it is of another number of rows.
    """
    name = type(discriminator).__name__
    if context is None:
        raise ConfigError(f"{name} judges how a sequence fits a source: give it the context that its `encode` makes.")
    given = len(context) if isinstance(context, Tensor) else len(context[0])
    if given != rows:
        raise ValueError(f"{name} is given {rows} sequences and a context of {given} rows: select its rows.")
    return context
