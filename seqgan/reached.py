"""Which settings reach a player: a kind's constructor names what it is made from, and no other setting is given."""

from collections.abc import Mapping
from typing import Any

from seqgan.algorithm_settings import algorithm_called
from seqgan.discriminators import DISCRIMINATORS
from seqgan.errors import ConfigError
from seqgan.generators import GENERATORS
from seqgan.kinds import Kind
from seqgan.model_settings import discriminator_kind, generator_kind
from seqgan.settings.presets import PRESETS
from seqgan.settings.run import RunConfig, with_settings

NEUTRAL = {"dropout": 0.0}
"""Values that are true of a kind without the setting as well."""


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
    kinds: Mapping[str, Kind] = GENERATORS if player == "generator" else DISCRIMINATORS
    kind: Kind
    if config.discriminator is not None and player == "discriminator":
        kind = discriminator_kind(config.discriminator)
    else:
        kind = generator_kind(config.generator)

    def asked(name: str) -> bool:
        value = getattr(section, name)
        return value != NEUTRAL.get(name) and all(value != getattr(each, name) for each in usual)

    if kind.pretrained:
        if not section.lora_rank and asked("lora_alpha"):
            raise ConfigError(
                f"{player}.lora_alpha scales what adapters add, and there are none: set {player}.lora_rank, or leave "
                "it out."
            )
        return
    for name in kind.sizes:
        if name not in kind.settings and asked(name):
            # Of text of the same sort: with sources or without.
            others = [each.name for each in kinds.values() if name in each.settings and each.source == kind.source]
            instead = f", or choose --{player} {' or '.join(others)}" if others else ""
            raise ConfigError(
                f"{player}.{name} is {getattr(section, name)}, and {section.name or 'the default'} has nothing that "
                f"it would change: leave it out{instead}."
            )
