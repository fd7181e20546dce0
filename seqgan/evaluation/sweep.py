"""Where the sweep of temperatures stood before: for one version more, with a warning."""

import warnings
from typing import Any

from seqgan.evaluation import temperatures

_FORMER = {"Sweep": "TemperatureSweep"}


def __getattr__(name: str) -> Any:
    new = _FORMER.get(name, name)
    if name.startswith("_") or not hasattr(temperatures, new):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    warnings.warn(
        f"seqgan.evaluation.sweep.{name} is seqgan.evaluation.temperatures.{new} now.", DeprecationWarning, stacklevel=2
    )
    return getattr(temperatures, new)
