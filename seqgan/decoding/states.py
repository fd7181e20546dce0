"""The state that decoding begins with: a source that many rows come to look at is in memory once."""

from typing import TYPE_CHECKING

from seqgan.tensors.rows import State

if TYPE_CHECKING:  # for the annotation alone: decoding knows the protocol, no model
    from seqgan.generators.protocol import Context, GeneratorModule


def first_state(generator: "GeneratorModule", rows: int, context: "Context") -> State:
    """`initial_state`, whose rows share their sources where the generator knows how to look at shared ones.

    Args:
        generator: any that steps.
        rows: as many as the context has.
        context: what the generator's `encode` gave; None without a source.
    """
    state = generator.initial_state(rows, context)
    share = getattr(generator, "share_source", None)
    return state if share is None else share(state)
