"""Where settings stood before: for one version more, with a warning. They are in `seqgan.settings`."""

import warnings
from importlib import import_module
from typing import Any

_PLACES = {
    "adversarial": ("AdversarialConfig",),
    "data": ("DataConfig",),
    "discriminator": ("DiscriminatorConfig",),
    "generator": ("GeneratorConfig",),
    "pretrain": ("PretrainConfig",),
    "run": ("RunConfig", "settings_text", "with_settings"),
    "check": ("check",),
    "resume": ("check_resumable",),
}
_MODULE_OF = {name: f"seqgan.settings.{place}" for place, names in _PLACES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    place = _MODULE_OF[name]
    warnings.warn(f"seqgan.config.{name} is {place}.{name} now.", DeprecationWarning, stacklevel=2)
    return getattr(import_module(place), name)
