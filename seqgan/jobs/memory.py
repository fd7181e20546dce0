"""How much memory samples, likelihoods and scores may take at once: a budget as the adversarial phase has one for its
completions."""

import logging
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext

from seqgan.decoding.memory import FIXED_BYTES, within
from seqgan.errors import ConfigError
from seqgan.model_settings import generator_kind
from seqgan.runs.directory import Run


def holding_to(memory: float) -> AbstractContextManager[None]:
    """Within the block samples, likelihoods and scores take no more than so many GiB at once; with 0 samples hold to
    half of what is free, as without. Less than is possible is told in a line."""
    least = 2 * FIXED_BYTES / 2**30
    if 0 < memory < least:
        logging.getLogger(__name__).warning(
            "--memory %g is less than can be held to: about %.2g GiB are the least that a pass may need.", memory, least
        )
    return within(max(1, int(memory * 2**30))) if memory else nullcontext()


def check_memory(memory: float, runs: Iterable[Run]) -> None:
    """That a budget has a meaning for the generators of these runs.

    Raises:
        ConfigError: one makes all positions at once.
    """
    for run in runs if memory else ():
        if generator_kind(run.config.generator).at_once:
            raise ConfigError(
                f"--memory is of generators that go from token to token, and that of {run.folder} "
                f"({run.config.generator.name}) makes all positions at once: leave it out."
            )
