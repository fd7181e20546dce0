"""All settings of a run, as its `config.yaml` has them: made of mappings, and written out."""

import math
from collections.abc import Mapping
from typing import Any

import msgspec

from seqgan.errors import ConfigError, nearest, shown
from seqgan.settings.adversarial import AdversarialConfig
from seqgan.settings.before import FORMAT
from seqgan.settings.data import DataConfig
from seqgan.settings.discriminator import DiscriminatorConfig
from seqgan.settings.generator import GeneratorConfig
from seqgan.settings.pretrain import PretrainConfig
from seqgan.settings.types import Section, Seed


class RunConfig(Section, frozen=True, kw_only=True):
    """All settings of a run, as they stand in its `config.yaml`."""

    format: int = FORMAT
    """Version of this file's layout."""
    seed: Seed = 0
    """Decides every random choice."""
    data: DataConfig = DataConfig()
    """The text to learn."""
    generator: GeneratorConfig = GeneratorConfig()
    """The generator."""
    pretrain: PretrainConfig = PretrainConfig()
    """Maximum likelihood."""
    discriminator: DiscriminatorConfig | None = None
    """The discriminator, in adversarial runs."""
    algorithm: dict[str, Any] | None = None
    """The algorithm's name and the settings that are its own, in adversarial runs."""
    adversarial: AdversarialConfig | None = None
    """How both players are trained, in adversarial runs."""

    @property
    def algorithm_name(self) -> str | None:
        """The name of the algorithm; None in a pretrained run."""
        return None if self.algorithm is None else str(self.algorithm["name"])


NOTHING: Mapping[str, Any] = {}


def with_settings(config: RunConfig, settings: Mapping[str, Any], where: str) -> RunConfig:
    """`config` with some settings replaced.

    Args:
        config: what holds for all others.
        settings: sections with the keys to replace, as `read_settings` gives.
        where: the file they came from, for messages.

    Raises:
        ConfigError: unknown keys (the nearest is named) and values of another type or out of range; or the place of a
            cache, which is for who calls a command to say and not for a file that may come from anywhere.
    """
    data = settings.get("data")
    if isinstance(data, dict) and data.get("cache") is not None:
        raise ConfigError(
            f"In {where}: data.cache is {data['cache']!r}, and where texts are kept is said by the flag --data.cache "
            "or the variable SEQGAN_CACHE alone: take it out of there."
        )
    merged: dict[str, Any] = msgspec.to_builtins(config)
    for key, value in settings.items():
        if not isinstance(key, str):
            raise ConfigError(f"In {where}: the key {key!r} is no name of a section such as 'adversarial'.")
        if value is None and key in ("data", "generator", "pretrain"):
            raise ConfigError(f"In {where}: the section {key!r} is empty: leave it out, or put settings under it.")
        old = merged.get(key)
        if value is None and isinstance(old, dict):
            continue  # a pretrained run's settings say nothing of the two players
        if key == "algorithm" and isinstance(old, dict) and isinstance(value, dict):
            old = old if value.get("name", old["name"]) == old["name"] else {}  # those of another are no settings of it
        merged[key] = {**old, **value} if isinstance(old, dict) and isinstance(value, dict) else value
    return convert(merged, where)


def whole(
    section: str,
    config: Any,
    settings: Mapping[str, Any],
    usual: Mapping[str, Any] = NOTHING,
    *,
    of: str = "the defaults",
) -> Any:
    """All settings of a section, out of what a caller gave from Python: all of them, or some by their names.

    Args:
        section: its name, such as pretrain.
        config: all of them; None where they are not given so.
        settings: some of them.
        usual: what holds in place of the general defaults.
        of: where `usual` stands, for messages.

    Raises:
        ConfigError: both are given; or a setting that does not exist, or its value is out of range.
    """
    kind = {"pretrain": PretrainConfig, "adversarial": AdversarialConfig}[section]
    if config is None:
        base = with_settings(RunConfig(), {section: dict(usual)}, of)
        return getattr(with_settings(base, {section: dict(settings)}, "the arguments"), section)
    if settings:
        raise ConfigError(
            f"Both config and {next(iter(settings))} are given, and config says all settings: leave one of them out."
        )
    if not isinstance(config, kind):
        raise ConfigError(
            f"config is {shown(config)}, expected a {kind.__name__}: give settings by their names instead, such as "
            f"{kind.__struct_fields__[0]}=..."
        )
    return getattr(with_settings(RunConfig(), {section: msgspec.to_builtins(config)}, "config"), section)


def without_players(config: RunConfig) -> RunConfig:
    """The settings of a run without what they say of an adversarial training: the usual discriminator, no algorithm."""
    return msgspec.structs.replace(config, discriminator=DiscriminatorConfig(), algorithm=None, adversarial=None)


def settings_text(config: RunConfig) -> str:
    """All settings as YAML, every default spelt out; not where a cache was, which is no setting of a run."""
    import yaml

    config = msgspec.structs.replace(config, data=msgspec.structs.replace(config.data, cache=None))
    return yaml.safe_dump(msgspec.to_builtins(config), sort_keys=False, allow_unicode=True)


def flat(settings: Any, prefix: str = "") -> dict[str, Any]:
    """Nested settings as one mapping, keys joined by dots."""
    if not isinstance(settings, dict):
        return {prefix.rstrip("."): settings}
    return {key: value for name, part in settings.items() for key, value in flat(part, f"{prefix}{name}.").items()}


def convert(settings: Any, where: str) -> RunConfig:
    """All settings, types and ranges checked.

    Args:
        settings: sections, all of them.
        where: they came from, for messages.

    Raises:
        ConfigError: a key is unknown, or a value is of another type, out of range or not finite.
    """
    try:
        # Not strict: YAML reads 1e-3 as a string.
        config = msgspec.convert(settings, RunConfig, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(f"In {where}: {_explain(str(error), settings)}") from error
    if config.format != FORMAT:
        raise ConfigError(
            f"In {where}: format is {config.format}, and this version of seqgan reads formats 1 and {FORMAT}: use a "
            "newer seqgan."
        )
    if config.algorithm is not None and not isinstance(config.algorithm.get("name"), str):
        raise ConfigError(
            f"In {where}: algorithm.name is {config.algorithm.get('name')!r}, expected the name of an algorithm."
        )
    for name, value in flat(msgspec.to_builtins(config)).items():
        if isinstance(value, float) and not math.isfinite(value):
            raise ConfigError(f"In {where}: {name} is {value}, expected a finite number.")
    return config


def _explain(message: str, settings: Any) -> str:
    """The library's message with the value that was found, and the nearest key for an unknown one."""
    what, _, place = message.partition(" - at `$")
    path = [part for part in place.rstrip("`").split(".") if part]
    if what.startswith("Object contains unknown field"):
        key = what.split("`")[1]
        kind = RunConfig if not path else {f.name: f.type for f in msgspec.structs.fields(RunConfig)}[path[0]]
        known = [field.name for field in _fields(kind)]
        return f"unknown key '{'.'.join([*path, key])}'.{nearest(key, known)} Known keys: {', '.join(known)}."
    found = settings
    for part in path:
        found = found.get(part) if isinstance(found, dict) else None
    expected = what.replace("`", "").removeprefix("Expected ")
    return f"{'.'.join(path) or 'the file'} is {shown(found)}, expected {expected}."


def _fields(kind: Any) -> tuple[Any, ...]:
    """The fields of a section, also of one that may be None."""
    section = next(part for part in (kind, *getattr(kind, "__args__", ())) if isinstance(part, type(Section)))
    return msgspec.structs.fields(section)
