"""What came of a sweep, as it stands in its ``results.json``; read without the packages that made it."""

import json
import math
from pathlib import Path
from typing import Any

import msgspec

from seqgan.errors import CheckpointError

RESULTS = "results.json"


class Mean(msgspec.Struct, frozen=True, kw_only=True):
    """A mean over seeds and its 95 % interval; without ends where one seed says nothing of others."""

    value: float
    low: float | None = None
    high: float | None = None


class TrialRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A trial."""

    number: int
    state: str
    """complete, pruned, failed, running or interrupted."""
    settings: dict[str, Any]
    """By dotted names."""
    seeds: dict[str, list[float]] = {}
    """Of each seed that it was trained with, the objectives in their order, on validation text."""
    means: list[Mean] = []
    """Of a complete trial, by objective."""
    against_best: list[Mean] = []
    """By objective: the mean over seeds of its difference to the best trial's, seed by seed; the interval allows for
    the best having been chosen by these numbers. One objective only."""
    runs: dict[str, str] = {}
    """Folder of the run with each seed, within the sweep's."""
    weights: dict[str, dict[str, Any]] = {}
    """Of each seed, the weights that its values were measured of, as `runs.weights.said_of` says them."""
    outdated: dict[str, str] = {}
    """Of seeds whose run has other weights since, what is said of it."""
    reason: str = ""
    """Why it failed or was pruned."""


class Tested(msgspec.Struct, frozen=True, kw_only=True):
    """What the best trial's runs are worth on text that played no part in the search."""

    trial: int
    split: str
    """test; or valid, where the corpus has no other: then it did play a part."""
    count: int
    """Sentences generated for each run."""
    means: dict[str, Mean]
    """By metric."""
    undefined: list[str] = []
    """Metrics that are not defined for some of the runs, and have no mean."""
    weights: dict[str, str] = {}
    """Of each seed, the SHA-256 of the weights that were judged."""


class SweepRecord(msgspec.Struct, frozen=True, kw_only=True):
    """All that a page or a table shows of a sweep."""

    name: str
    command: str
    objectives: list[str]
    signs: list[int]
    """1 where higher is better, -1 where lower is."""
    planned: int
    left: int
    """Trials that are not begun yet."""
    seeds: list[int]
    sampler: str
    pruner: str
    space: dict[str, Any]
    """Of each setting its choices, or its ends; as in the file."""
    log: list[str] = []
    """Settings whose range is one of factors."""
    trials: list[TrialRecord] = []
    best: list[int] = []
    """Numbers of the trials that no other one beats in all objectives: of one objective, the best."""
    test: list[Tested] = []
    """Of the best."""
    format: int = 1

    @property
    def complete(self) -> list[TrialRecord]:
        """Trials that came to their end, the best first by the first objective."""
        found = [trial for trial in self.trials if trial.state == "complete"]
        return sorted(found, key=lambda trial: (-self.signs[0] * trial.means[0].value, trial.number))


def to_json(record: SweepRecord) -> str:
    """The record as JSON."""
    return json.dumps(msgspec.to_builtins(record), indent=2) + "\n"


def is_sweep(folder: Path) -> bool:
    """Whether a folder is that of a sweep with results."""
    return (folder / RESULTS).is_file()


def read_record(folder: Path) -> SweepRecord:
    """The results of the sweep in a folder.

    Raises:
        CheckpointError: they are damaged.
    """
    path = folder / RESULTS
    try:
        record = msgspec.json.decode(path.read_bytes(), type=SweepRecord)
        if record.format != 1:
            raise ValueError(f"format is {record.format}, and this version of seqgan reads format 1")
        if not record.objectives or len(record.signs) != len(record.objectives):
            raise ValueError("objectives and signs do not agree")
        for trial in record.trials:
            if trial.state == "complete" and len(trial.means) != len(record.objectives):
                raise ValueError(f"trial {trial.number} has not a mean for each objective")
            if not all(math.isfinite(mean.value) for mean in trial.means):
                raise ValueError(f"trial {trial.number} is worth no number")
        if not set(record.best) <= {trial.number for trial in record.complete}:
            raise ValueError("the best is no complete trial")
    except (OSError, ValueError, msgspec.MsgspecError) as error:
        what = " ".join(str(error).split())[:160]
        raise CheckpointError(
            f"{path} cannot be read ({what}): run seqgan sweep with --report to make it again, or delete it."
        ) from error
    return record
