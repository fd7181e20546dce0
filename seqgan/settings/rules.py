"""Rules that changed: what a run that was made before goes on by."""

from collections.abc import Mapping
from typing import Any

from seqgan.settings.presets import Settings

BEFORE: Settings = {
    "data": {"split": "distinct", "source_cut": "end-of-turns"},
    "pretrain": {"weighting": "batch", "draws": "single"},
    "adversarial": {"places": "own", "decayed": "named", "entropy_over": "tokens", "pools": "apart", "draws": "single"},
}
"""Rules that changed, and what held before: for a run whose file does not name them it goes on to hold."""


RULES = {
    "places": ("all", "own"),
    "decayed": ("layer", "named"),
    "entropy_over": ("sentences", "tokens"),
    "pools": ("together", "apart"),
    "draws": ("shared", "single"),
}
"""Those of both players, with the present one first."""


def with_rules_of_before(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings in a run's file, and the earlier rule for each that it does not name."""
    return {
        name: {**BEFORE.get(name, {}), **section} if isinstance(section, dict) else section
        for name, section in settings.items()
    }


def without_rules_of_before(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings in a file that another run is made with: rules that changed since are not taken over from it."""
    return {
        name: {key: value for key, value in section.items() if BEFORE.get(name, {}).get(key, ...) != value}
        if isinstance(section, dict)
        else section
        for name, section in settings.items()
    }
