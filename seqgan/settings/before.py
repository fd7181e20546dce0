"""Files of settings as earlier versions wrote them, turned into what they are now.

Format 1 had the algorithm's name, and the settings that are one algorithm's own, among those of both players.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from seqgan.errors import ConfigError, shown
from seqgan.settings.file import read_settings

FORMAT = 2
"""Version of the layout of `config.yaml`."""


class Moved(NamedTuple):
    """A setting that stood under `adversarial`, and is an algorithm's own."""

    name: str
    """Under `algorithm`."""
    owners: tuple[str, ...]
    """The algorithms that had it."""
    usual: tuple[Any, ...]
    """Its defaults, which the files of all runs spelt out, whatever their algorithm."""


MOVED = {
    "penalty_weight": Moved("penalty_weight", ("wgan-gp",), (10.0,)),
    "straight_through": Moved("straight_through", ("gsgan",), (False,)),
    "inverse_temperature": Moved("inverse_temperature", ("relgan",), (100.0,)),
    "annealing": Moved("annealing", ("relgan",), ("exponential",)),
    "annealing_rounds": Moved("annealing_rounds", ("gsgan", "relgan"), (0,)),
    "spin_weight": Moved("weight", ("spin",), (1.0, 0.1)),
    "iteration_rounds": Moved("iteration_rounds", ("spin",), (50,)),
}
"""By the name in format 1."""
WGAN_CLAMP = 0.01
"""What wgan's weights were clamped to where its settings said nothing."""


def read_run_settings(path: Path, algo: str | None = None, *, of_run: bool = False) -> dict[str, Any]:
    """The settings in a YAML or TOML file, some of them or all, in the present format.

    Args:
        path: of the file.
        algo: the algorithm that is meant where the file names none.
        of_run: whether it is the file of a run: settings of other algorithms, which nothing read, are then left out.

    Raises:
        ConfigError: no such file, or none of settings; or it has a setting of another algorithm.
    """
    return in_present_format(read_settings(path), str(path), algo, of_run=of_run)


def in_present_format(
    settings: Mapping[str, Any], where: str, algo: str | None = None, *, of_run: bool = False
) -> dict[str, Any]:
    """The same settings with the algorithm's name and its own settings in a section of their own.

    Args:
        settings: sections, as a file of any format has them.
        where: they came from, for messages.
        algo: the algorithm that is meant where they name none.
        of_run: whether they are a run's, made by an earlier version.

    Raises:
        ConfigError: a setting belongs to another algorithm than the one that is named, or is given by both its names;
            or the section `algorithm` is no section.
    """
    present = dict(settings)
    if present.get("format") == 1:
        present["format"] = FORMAT
    section = present.get("algorithm")
    if isinstance(section, Mapping):
        for key in section:
            if not isinstance(key, str):
                raise ConfigError(f"In {where}: algorithm has the key {key!r}, expected names of settings.")
        if not isinstance(section.get("name", ""), str):
            raise ConfigError(f"In {where}: algorithm.name is {shown(section['name'])}, expected a name.")
    both = present.get("adversarial")
    if not isinstance(both, Mapping):
        return present
    shared = {key: value for key, value in both.items() if key != "algo" and key not in MOVED}
    own = dict(section) if isinstance(section, Mapping) else {}
    if "algo" in both:
        if not isinstance(both["algo"], str):
            raise ConfigError(f"In {where}: adversarial.algo is {shown(both['algo'])}, expected a name.")
        _put(own, "name", both["algo"], "adversarial.algo", where)
    name = own.get("name", algo)
    for key in [key for key in MOVED if key in both]:
        moved, value = MOVED[key], both[key]
        if name in moved.owners or (name is None and value not in moved.usual):
            _put(own, moved.name, value, f"adversarial.{key}", where)
        elif value not in moved.usual and not of_run:
            raise ConfigError(
                f"In {where}: adversarial.{key} belongs to {' and '.join(moved.owners)} and would change nothing here: "
                "leave it out."
            )
    if name == "wgan" and settings.get("format") == 1 and shared.get("weight_clamp") is None:
        shared["weight_clamp"] = WGAN_CLAMP
    present["adversarial"] = shared
    if own:
        present["algorithm"] = own
    return present


def _put(section: dict[str, Any], name: str, value: Any, before: str, where: str) -> None:
    if name in section and section[name] != value:
        raise ConfigError(
            f"In {where}: algorithm.{name} is {shown(section[name])} and {before}, its name before, is {shown(value)}: "
            f"leave out {before}."
        )
    section[name] = value


def present_name(dotted: str) -> str:
    """The name of a setting, ``section.setting``, where earlier versions called it otherwise."""
    section, _, name = dotted.partition(".")
    if section != "adversarial" or name not in {"algo", *MOVED}:
        return dotted
    return "algorithm.name" if name == "algo" else f"algorithm.{MOVED[name].name}"
