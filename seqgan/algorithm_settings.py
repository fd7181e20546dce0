"""From an algorithm's record to settings: its own, and what it has in place of the shared defaults."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from seqgan.errors import ConfigError, nearest
from seqgan.objectives import ALGORITHMS, Algorithm, Relaxed
from seqgan.objectives.algorithm import check_record, remade
from seqgan.settings.adversarial import AdversarialConfig
from seqgan.settings.run import RunConfig, whole, with_settings


def algorithm_called(name: str) -> Algorithm:
    """The record of that name.

    Raises:
        ConfigError: there is none; the nearest is suggested.
        PlayerError: what is there is no record, or has another name.
    """
    if name not in ALGORITHMS:
        known = ", ".join(sorted(ALGORITHMS))
        raise ConfigError(f"No algorithm is called {name!r}.{nearest(name, ALGORITHMS)} Known: {known}.")
    check_record(ALGORITHMS[name], name)
    return ALGORITHMS[name]


def build_algorithm(section: Mapping[str, Any], where: str = "") -> Algorithm:
    """The algorithm that a run's settings name, with its own settings as they say.

    Args:
        section: `algorithm` of a run's settings: its name, and settings of its own.
        where: it stands, for messages.

    Raises:
        ConfigError: there is none of that name, or it has no such setting, or the value is none of it.
    """
    own = {key: value for key, value in section.items() if key != "name"}
    algorithm: Algorithm = remade(algorithm_called(section["name"]), own, where)
    return algorithm


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
    usual = algorithm.defaults.get("adversarial", {})
    settings: AdversarialConfig = whole("adversarial", None, given, usual, of=f"the defaults of {algorithm.name}")
    return settings


def with_own_settings(config: RunConfig, where: str) -> RunConfig:
    """The settings with all of the algorithm's own, those among them that the file did not have; of an algorithm that
    this process does not know, as they are.

    Raises:
        ConfigError: there is no such setting, or its value is of another type or out of range.
    """
    if config.algorithm is None or config.algorithm["name"] not in ALGORITHMS:
        return config
    section = section_of(build_algorithm(config.algorithm, where))
    return msgspec.structs.replace(config, algorithm=section)


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
