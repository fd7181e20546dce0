"""`--memory` of the commands that draw samples: the same budget as the adversarial phase has for its completions."""

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Annotated

import tyro
from msgspec import Meta

from seqgan.errors import ConfigError

if TYPE_CHECKING:
    from seqgan.runs.directory import Run

Memory = Annotated[float, Meta(ge=0, le=2**20), tyro.conf.arg(metavar="GIB")]


def holding_to(memory: float) -> AbstractContextManager[None]:
    """Within the block samples take no more than so many GiB at once; with 0 half of what is free, as without."""
    if memory == 0:
        return nullcontext()

    from seqgan.decoding.memory import within

    return within(max(1, int(memory * 2**30)))


def check_memory(memory: float, runs: "Iterable[Run]") -> None:
    """That a budget has a meaning for the generators of these runs.

    Raises:
        ConfigError: one makes all positions at once.
    """
    if memory == 0:
        return

    from seqgan.model_settings import generator_kind

    for run in runs:
        if generator_kind(run.config.generator).at_once:
            raise ConfigError(
                f"--memory is of generators that go from token to token, and that of {run.folder} "
                f"({run.config.generator.name}) makes all positions at once: leave it out."
            )
