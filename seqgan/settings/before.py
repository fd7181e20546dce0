"""Files of settings as earlier versions wrote them, turned into what they are now.

Format 1 had the algorithm's name, and the settings that are one algorithm's own, among those of both players.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from seqgan.errors import ConfigError
from seqgan.settings_file import read_settings

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


def read_run_settings(path: Path, algo: str | None = None) -> dict[str, Any]:
    """The settings in a YAML or TOML file, some of them or all, in the present format.

    Args:
        path: of the file.
        algo: the algorithm that is meant where the file names none.

    Raises:
        ConfigError: no such file, or none of settings; or it has a setting of another algorithm.
    """
    return in_present_format(read_settings(path), str(path), algo)


def in_present_format(settings: Mapping[str, Any], where: str, algo: str | None = None) -> dict[str, Any]:
    """The same settings with the algorithm's name and its own settings in a section of their own.

    Args:
        settings: sections, as a file of any format has them.
        where: they came from, for messages.
        algo: the algorithm that is meant where they name none.

    Raises:
        ConfigError: a setting belongs to another algorithm than the one that is named.
    """
    present = dict(settings)
    if present.get("format") == 1:
        present["format"] = FORMAT
    both = present.get("adversarial")
    if not isinstance(both, Mapping) or not (both.keys() & {"algo", *MOVED}):
        return present
    shared = {key: value for key, value in both.items() if key != "algo" and key not in MOVED}
    section = present.get("algorithm")
    section = dict(section) if isinstance(section, Mapping) else {}
    if "algo" in both:
        if not isinstance(both["algo"], str):
            raise ConfigError(f"In {where}: adversarial.algo is {both['algo']!r}, expected the name of an algorithm.")
        section.setdefault("name", both["algo"])
    name = section.get("name", algo)
    for key in MOVED.keys() & both.keys():
        moved, value = MOVED[key], both[key]
        if name in moved.owners or (name is None and value not in moved.usual):
            section.setdefault(moved.name, value)
        elif value not in moved.usual:
            raise ConfigError(
                f"In {where}: adversarial.{key} belongs to {' and '.join(moved.owners)} and would change nothing here: "
                "leave it out."
            )
    if name == "wgan" and settings.get("format") == 1 and shared.get("weight_clamp", 0) is None:
        shared["weight_clamp"] = WGAN_CLAMP
    return {**present, "adversarial": shared, **({"algorithm": section} if section else {})}
