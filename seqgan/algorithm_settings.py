"""From an algorithm's record to settings: its own, and what it has in place of the shared defaults."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from seqgan.config import RunConfig, whole, with_settings
from seqgan.errors import ConfigError, nearest
from seqgan.objectives import ALGORITHMS, Algorithm, Relaxed
from seqgan.settings.adversarial import AdversarialConfig


def algorithm_called(name: str) -> Algorithm:
    """The record of that name.

    Raises:
        ConfigError: there is none; the nearest is suggested.
    """
    if name not in ALGORITHMS:
        known = ", ".join(sorted(ALGORITHMS))
        raise ConfigError(f"No algorithm is called {name!r}.{nearest(name, ALGORITHMS)} Known: {known}.")
    return ALGORITHMS[name]


def build_algorithm(section: Mapping[str, Any]) -> Algorithm:
    """The algorithm that a run's settings name, with its own settings as they say.

    Args:
        section: `algorithm` of a run's settings: its name, and settings of its own.

    Raises:
        ConfigError: there is none of that name, or it has no such setting, or the value is none of it.
    """
    own = {key: value for key, value in section.items() if key != "name"}
    return algorithm_called(section["name"]).with_settings(**own)


def section_of(algorithm: Algorithm) -> dict[str, Any]:
    """What stands of an algorithm in a run's settings: its name, and all settings of its own."""
    return {"name": algorithm.name, **msgspec.to_builtins(algorithm.settings)}


def shared_settings(algorithm: Algorithm, **given: Any) -> AdversarialConfig:
    """The shared settings as an algorithm has them: what is given, else its own defaults, else the general ones.

    Args:
        algorithm: the record.
        given: by name, such as ``rounds=50``.

    Raises:
        ConfigError: there is no such setting, or the value is of another type or out of range.
    """
    settings: AdversarialConfig = whole("adversarial", None, given, algorithm.defaults.get("adversarial", {}))
    return settings


def with_algorithm(
    config: RunConfig, algo: str, sections: Sequence[str], kinds: Mapping[str, tuple[str, Sequence[str]]] | None = None
) -> RunConfig:
    """The settings with an algorithm's own defaults in those of its sections that a command decides.

    Args:
        config: what holds for all others.
        algo: its name.
        sections: those that the command decides.
        kinds: of generator and discriminator, where others than the algorithm's are asked for, each with those settings
            that the algorithm says of it as well: the five layers of residual convolutions are no size for a recurrent
            network.

    Raises:
        ConfigError: there is no such algorithm.
    """
    algorithm = algorithm_called(algo)
    settings = {name: dict(values) for name, values in algorithm.defaults.items() if name in sections}
    for name, (kind, kept) in (kinds or {}).items():
        values = settings.get(name, {})
        if kind != values.get("name"):
            settings[name] = {key: value for key, value in values.items() if key in kept}
    settings = {"adversarial": {}, **settings, "algorithm": section_of(algorithm)}
    return with_settings(config, settings, f"the defaults of {algo}")


def refuse_other_rounds(begun: RunConfig, now: RunConfig, where: str) -> None:
    """That a run whose temperature falls over its rounds is not gone on with for another number of them.

    Args:
        begun: its settings so far.
        now: those it would go on with.
        where: its folder, for messages.

    Raises:
        ConfigError: it would be.
    """
    if begun.algorithm is None or begun.adversarial is None or now.adversarial is None:
        return
    algorithm, rounds = build_algorithm(begun.algorithm), begun.adversarial.rounds
    anneals = isinstance(algorithm, Relaxed) and algorithm.anneals and not algorithm.annealing_rounds
    if anneals and rounds != now.adversarial.rounds:
        raise ConfigError(
            f"{where} was begun with adversarial.rounds {rounds} and a temperature that falls over them: another "
            "number would have made other updates from the first round on. Begin another run, with "
            "algorithm.annealing_rounds if it may grow."
        )
