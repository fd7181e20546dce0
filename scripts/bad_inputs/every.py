"""All cases, kind after kind."""

from collections.abc import Iterator

from bad_inputs import (
    algorithms,
    commands,
    exports,
    metric_inputs,
    model_folders,
    run_folders,
    scoring,
    settings,
    streamed,
    sweeps,
    texts,
)
from bad_inputs.cases import Case

SOURCES = (
    *(texts, streamed, settings, algorithms, run_folders, model_folders, exports, scoring, sweeps),
    *(metric_inputs, commands),
)


def every_case() -> Iterator[Case]:
    """Of all sources."""
    for source in SOURCES:
        yield from source.cases()
