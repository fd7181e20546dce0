"""Settings of players and the records of their kinds: which settings a kind has, and which go together."""

from collections.abc import Mapping, Sequence
from typing import Any

from seqgan.discriminators import DISCRIMINATORS, DiscriminatorKind, usual_discriminator
from seqgan.errors import ConfigError
from seqgan.generators import GENERATORS, GeneratorKind, usual_generator
from seqgan.kinds import Kind, kind_called
from seqgan.settings.data import DataConfig
from seqgan.settings.discriminator import DiscriminatorConfig
from seqgan.settings.generator import GeneratorConfig
from seqgan.settings.run import RunConfig

POOLINGS = ("mean", "first", "last")


def generator_kind(config: GeneratorConfig, *, conditional: bool = False) -> GeneratorKind:
    """The record of the kind that is named, or else of the usual one.

    Raises:
        ConfigError: there is none of that name.
    """
    return kind_called(GENERATORS, config.name or usual_generator(conditional=conditional), GeneratorKind)


def discriminator_kind(config: DiscriminatorConfig, *, conditional: bool = False) -> DiscriminatorKind:
    """The record of the kind that is named, or else of the usual one.

    Raises:
        ConfigError: there is none of that name.
    """
    return kind_called(DISCRIMINATORS, config.name or usual_discriminator(conditional=conditional), DiscriminatorKind)


def with_common_settings(kinds: Mapping[str, str]) -> dict[str, tuple[str, Sequence[str]]]:
    """Kinds by player, each with the settings that an algorithm says of it though it is not the algorithm's own kind:
    the rest of what it says are sizes of that one. Argument of `with_algorithm`."""
    common: dict[str, tuple[str, Sequence[str]]] = {}
    for player, name in kinds.items():
        known: Mapping[str, Kind] = GENERATORS if player == GeneratorKind.player else DISCRIMINATORS
        kind = known.get(name)  # whether there is one is looked at where all settings are known
        kept = ["dropout"] if kind is None or not kind.pretrained else []
        if isinstance(kind, GeneratorKind) and kind.state_noise:
            kept.append("state_noise")
        common[player] = name, kept
    return common


def of_pairs(config: RunConfig) -> bool:
    """Whether a player is of a kind that needs sources."""
    judge = config.discriminator
    kinds: list[Kind] = [generator_kind(config.generator)]
    kinds += [] if judge is None else [discriminator_kind(judge)]
    return any(kind.source == "always" for kind in kinds)


def check_kinds(config: RunConfig) -> RunConfig:
    """The same settings, when they go together with the kinds of both players; one that is not named is taken to be
    the usual one of plain text.

    Raises:
        ConfigError: says which setting, what was found and what was expected; or no player is called so.
    """
    generator, writer = config.generator, generator_kind(config.generator)
    judge, judging = config.discriminator, None
    if judge is not None:
        judging = discriminator_kind(judge)
    _check_pretrained(generator, GeneratorConfig(), writer)
    if judge is not None and judging is not None:
        _check_pretrained(judge, DiscriminatorConfig(), judging)
        if judge.pooling not in POOLINGS:
            raise ConfigError(f"discriminator.pooling is {judge.pooling!r}: choose mean, first or last.")
    _check_tokens(config.data, writer)
    _check_generator(generator, writer)
    if judge is not None and judging is not None:
        _check_discriminator(judge, judging)
    _check_heads(generator, writer)
    if judge is not None and judging is not None:
        _check_heads(judge, judging)
    return config


def _check_pretrained(section: GeneratorConfig | DiscriminatorConfig, usual: Any, kind: Kind) -> None:
    """That settings of pretrained models are given to such, and no others."""
    player = kind.player
    if kind.pretrained and section.path is None:
        raise ConfigError(
            f"--{player} is {section.name}, and no model is named: give its folder as --{player}.path, or hf:NAME."
        )
    for field in (field for field in section.__struct_fields__ if field != "name"):
        own = field in kind.of_pretrained
        if getattr(section, field) != getattr(usual, field) and own != bool(kind.pretrained):
            what = "a pretrained model's" if own else "of a model that is built here"
            raise ConfigError(
                f"{player}.{field} is {what}, and the {player} is {section.name or 'the default'}: leave it out, or "
                f"choose another --{player}."
            )


def _check_tokens(data: DataConfig, kind: GeneratorKind) -> None:
    """That what is a token is said once: by the settings of the text, or by a pretrained model."""
    if kind.pretrained and data.tokenizer not in ("words", "huggingface"):
        raise ConfigError(
            f"--generator {kind.name} reads its own tokens, and --tokenizer is {data.tokenizer}: leave it out."
        )
    if data.tokenizer_path is not None and data.tokenizer != "huggingface" and not kind.pretrained:
        raise ConfigError("data.tokenizer_path is of the tokenizer huggingface: leave it out, or choose that.")
    by_model = data.tokenizer == "huggingface" or kind.pretrained
    if by_model and (data.min_count > 1 or data.max_vocabulary or data.source_tokenizer):
        raise ConfigError(
            "data.min_count, data.max_vocabulary and data.source_tokenizer decide what is a token, and with the "
            "tokenizer huggingface the model's files do: leave them out."
        )


def _check_generator(config: GeneratorConfig, kind: GeneratorKind) -> None:
    if config.state_noise and not kind.state_noise:
        able = next(name for name, each in GENERATORS.items() if each.state_noise)
        raise ConfigError(
            f"generator.state_noise is noise in a recurrent state, which a {kind.name} has not: leave it at 0, or use "
            f"--generator {able}."
        )
    first, second = kind.tied_sizes or ("", "")
    if config.tied and first and getattr(config, first) != getattr(config, second):
        raise ConfigError(
            f"generator.tied shares one matrix, but generator.{first} is {getattr(config, first)} and "
            f"generator.{second} is {getattr(config, second)}: make them equal, or leave tied off."
        )
    if config.greedy and not config.state_noise:
        raise ConfigError(
            "generator.greedy takes the likeliest tokens given the noise in the first state, and without "
            "generator.state_noise all sentences would be alike: set it, or leave greedy off."
        )


def _check_discriminator(config: DiscriminatorConfig, kind: DiscriminatorKind) -> None:
    if not kind.views and (config.per_view or config.views):
        able = " or ".join(name for name, each in DISCRIMINATORS.items() if each.views)
        raise ConfigError(
            f"discriminator.views and per_view are of {able}, and this is a {kind.name}: leave them out, or use "
            f"--discriminator {able}."
        )
    if config.per_token and not kind.per_token:
        plain, of_dialogues = (
            " or ".join(name for name, each in DISCRIMINATORS.items() if each.per_token and each.source == source)
            for source in ("never", "always")
        )
        raise ConfigError(
            f"discriminator.per_token is a logit for each prefix, which a {kind.name} has not: use --discriminator "
            f"{plain}, for dialogues {of_dialogues}, or leave per_token off."
        )


def _check_heads(config: GeneratorConfig | DiscriminatorConfig, kind: Kind) -> None:
    size = kind.heads_divide
    if size is not None and getattr(config, size) % config.heads:
        raise ConfigError(
            f"{kind.player}.heads is {config.heads} and does not divide {kind.player}.{size}, {getattr(config, size)}: "
            "each head takes an equal part of it."
        )
