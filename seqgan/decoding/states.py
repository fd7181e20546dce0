"""Which of two protocols a generator has, and the state that decoding begins with: a source that many rows come to look
at is in memory once."""

from typing import TYPE_CHECKING

from seqgan.errors import PlayerError
from seqgan.fitting import name_of
from seqgan.tensors.rows import State

if TYPE_CHECKING:  # for the annotation alone: decoding knows the protocol, no model
    from typing import TypeGuard

    from typing_extensions import TypeIs

    from seqgan.generators.protocol import Context, DrawsItself, Generator, GeneratorModule, OneShotGenerator


def makes_all_at_once(generator: "GeneratorModule") -> "TypeIs[OneShotGenerator]":
    """Whether a generator makes all positions at once, from noise, and does not go from token to token."""
    return hasattr(generator, "distributions")


def draws_itself(generator: "GeneratorModule") -> "TypeGuard[DrawsItself]":
    """Whether a generator has a way of its own to draw whole sequences, so that its steps alone do not say what comes
    out of it."""
    return hasattr(generator, "draw_sequences")


def first_state(generator: "Generator", rows: int, context: "Context") -> State:
    """`initial_state`, whose rows share their sources where the generator knows how to look at shared ones.

    Args:
        generator: any that steps.
        rows: as many as the context has.
        context: what the generator's `encode` gave; None without a source.
    """
    state = generator.initial_state(rows, context)
    share = getattr(generator, "share_source", None)
    return state if share is None else share(state)


def stepping(generator: "GeneratorModule") -> "Generator":
    """The same generator, which makes a token at a time.

    Raises:
        PlayerError: it makes all positions at once.
    """
    if makes_all_at_once(generator):
        raise PlayerError(
            f"The generator {name_of(generator)} makes all positions at once, expected one that makes a token at a "
            "time: choose another."
        )
    return generator
