"""Which settings reach a player: a kind's constructor names what it is made from, and no other setting is given."""

import inspect
from collections.abc import Mapping
from typing import Any

from seqgan.algorithm_settings import algorithm_called
from seqgan.config import PRETRAINED, RunConfig, with_settings
from seqgan.discriminators import CONDITIONAL_DISCRIMINATORS, DISCRIMINATORS
from seqgan.errors import ConfigError
from seqgan.generators import CONDITIONAL_GENERATORS, GENERATORS, ONE_SHOT_GENERATORS
from seqgan.presets import PRESETS

KINDS: dict[str, dict[str, Any]] = {
    "generator": {**GENERATORS, **ONE_SHOT_GENERATORS, **CONDITIONAL_GENERATORS},
    "discriminator": {**DISCRIMINATORS, **CONDITIONAL_DISCRIMINATORS},
}
"""Kinds that are built here, by player and name."""
OF_PAIRS = {**CONDITIONAL_GENERATORS, **CONDITIONAL_DISCRIMINATORS}
SIZES = {
    "generator": ("embedding_size", "hidden_size", "layers", "heads", "dropout", "tied", "noise_size"),
    "discriminator": (
        *("embedding_size", "hidden_size", "layers", "heads", "dropout"),
        *("filters", "views", "per_view", "per_token"),
    ),
}
"""Settings of a player that some kinds have and others have not."""
NEUTRAL = {"dropout": 0.0}
"""Values that are true of a kind without the setting as well."""


def parameters_of(kind: Any, values: dict[str, Any]) -> dict[str, Any]:
    """Of all that could be said of a player, what a kind's constructor takes."""
    taken = inspect.signature(kind).parameters
    return {name: value for name, value in values.items() if name in taken}


def check_reached(player: str, config: RunConfig, preset: str | None = None) -> None:
    """That no setting of a player is given which its kind does not read; asked before a run is made.

    Values that nobody asked for, since they are the defaults, or of the algorithm or of the preset, are no mistake.

    Args:
        player: generator or discriminator.
        config: all settings; a kind that is not named is that of plain text or of pairs, which read the same.
        preset: the name of one.

    Raises:
        ConfigError: one is; which kinds read it.
    """
    section = getattr(config, player)
    given: list[Mapping[str, Any]] = [{}]
    given.append({} if config.algorithm is None else algorithm_called(config.algorithm["name"]).defaults)
    given.append({} if preset is None else PRESETS[preset])
    usual = [
        getattr(with_settings(RunConfig(), {player: each.get(player, {})}, preset or player), player) for each in given
    ]
    kinds = KINDS[player]

    def asked(name: str) -> bool:
        value = getattr(section, name)
        return value != NEUTRAL.get(name) and all(value != getattr(each, name) for each in usual)

    if section.name in PRETRAINED:
        if not section.lora_rank and asked("lora_alpha"):
            raise ConfigError(
                f"{player}.lora_alpha scales what adapters add, and there are none: set {player}.lora_rank, or leave "
                "it out."
            )
        return
    kind = section.name or {"generator": "lstm", "discriminator": "cnn"}[player]
    for name in SIZES[player]:
        readers = [each for each, made in kinds.items() if name in inspect.signature(made).parameters]
        if kind not in readers and asked(name):
            # Of text of the same sort: with sources or without.
            others = [each for each in readers if (each in OF_PAIRS) == (kind in OF_PAIRS)]
            instead = f", or choose --{player} {' or '.join(others)}" if others else ""
            raise ConfigError(
                f"{player}.{name} is {getattr(section, name)}, and {section.name or 'the default'} has nothing that "
                f"it would change: leave it out{instead}."
            )
