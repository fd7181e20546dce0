"""Models for use elsewhere: folders that travel, rewards for other trainers, graphs for other programs."""

import warnings
from typing import Any

from seqgan.exporting.players import ExportedDiscriminator, ExportedGenerator
from seqgan.exporting.reward import DiscriminatorReward, discriminator_reward_function

__all__ = [
    "DiscriminatorReward",
    "ExportedDiscriminator",
    "ExportedGenerator",
    "discriminator_reward_function",
]

_FORMER = {"PretrainedGenerator": ExportedGenerator, "PretrainedDiscriminator": ExportedDiscriminator}
"""Names of before, for one version more."""


def __getattr__(name: str) -> Any:
    if name not in _FORMER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    warnings.warn(
        f"seqgan.exporting.{name} is seqgan.exporting.{_FORMER[name].__name__} now.", DeprecationWarning, stacklevel=2
    )
    return _FORMER[name]
