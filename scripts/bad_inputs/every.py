"""All cases, kind after kind."""

from collections.abc import Iterator
from importlib.util import find_spec

from bad_inputs import (
    algorithms,
    commands,
    exports,
    metric_inputs,
    model_folders,
    run_folders,
    scoring,
    sentence_models,
    settings,
    streamed,
    sweeps,
    texts,
)
from bad_inputs.cases import Case

SOURCES = (
    *(texts, streamed, settings, algorithms, run_folders, model_folders, exports, scoring, sweeps),
    *(sentence_models, metric_inputs, commands),
)
NEEDED = {
    "model folder": ("transformers", "peft"),
    "sweep": ("optuna", "submitit"),
    "export": ("onnx", "onnxscript"),
}
"""By kind, packages without which its cases could only say that they are missing."""


def missing(kind: str) -> list[str]:
    """Those that are not installed."""
    return [package for package in NEEDED.get(kind, ()) if find_spec(package) is None]


def every_case() -> Iterator[Case]:
    """Of all sources."""
    for source in SOURCES:
        yield from source.cases()
