"""The metric log of a run: a JSON line a log step, a short line for the reader, and TensorBoard's events if wanted."""

import json
import math
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from seqgan.errors import CheckpointError
from seqgan.files import cannot_write, read_file
from seqgan.runs.tensorboard import Writer, event_writer

OnLog = Callable[[dict[str, Any]], None]
"""What is given a line of the log: its phase, its step, and the values by name."""
TAIL = 8192
"""Bytes of the log's end that a checkpoint holds."""


class MetricLog:
    """Appends lines to `metrics.jsonl`.

    Args:
        path: the file; None writes none.
        note: is given a readable line for each.
        on_log: is given each line as well.
        state: what `state` gave when the checkpoint of a resumed run was written. What was written after it goes,
            since the same steps are done again; the last lines before it are written again, should they be cut.

    Raises:
        RunError: the file cannot be written.
        ConfigError: the run's folder asks for TensorBoard's events, and the package is not installed.
    """

    def __init__(
        self,
        path: Path | None,
        note: Callable[[str], None],
        state: Mapping[str, Any] | None = None,
        on_log: OnLog | None = None,
    ):
        self._path = path
        self._note = note
        self._on_log = on_log
        self._second: Writer | None = None
        self.lines: list[dict[str, Any]] = []
        """All lines, those of a run that is gone on with among them."""
        if path is not None:
            _go_back(path, state or {"log_size": 0}, note)
            self.lines = read_metrics(path)
            # The last one of a phase wins.
            last_steps = {line["phase"]: line["step"] for line in self.lines}
            self._second = event_writer(path.parent, last_steps)

    def state(self) -> dict[str, Any]:
        """How far the log goes, for the checkpoint: `log_size` in bytes, and `log_tail`, the last of them."""
        if self._path is None:
            return {"log_size": 0, "log_tail": ""}
        with self._path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - TAIL))
            return {"log_size": size, "log_tail": file.read().decode("latin-1")}

    def log(self, phase: str, step: int, values: Mapping[str, float], *, shown: bool = True) -> dict[str, Any]:
        """Append a line, and return it.

        Args:
            phase: which part of the training.
            step: epoch, update or round of that phase.
            values: names, as the table of scripts/guides/health.md defines them, to numbers. What is not finite is
                written as null.
            shown: whether the reader is told, too.
        """
        line: dict[str, Any] = {"phase": phase, "step": step}
        line |= {name: (round(value, 6) if math.isfinite(value) else None) for name, value in values.items()}
        if self._path is not None:
            try:
                with self._path.open("a", encoding="utf-8", newline="\n") as file:
                    file.write(json.dumps(line) + "\n")
                    file.flush()
                    os.fsync(file.fileno())
            except OSError as error:
                raise cannot_write(self._path, error) from error
        self.lines.append(line)
        if self._second is not None:
            self._second(phase, step, values)
        if shown:
            readable = "  ".join(f"{name} {value:.4g}" for name, value in values.items())
            self._note(f"{phase} {step}:  {readable}")
        if self._on_log is not None:
            self._on_log(dict(line))
        return line


def _go_back(path: Path, state: Mapping[str, Any], note: Callable[[str], None]) -> None:
    """Make the log what it was when `MetricLog.state` was called, as far as it is still there."""
    tail = str(state.get("log_tail", "")).encode("latin-1")
    start = state["log_size"] - len(tail)
    try:
        with path.open("ab") as file:
            there = path.stat().st_size
            if there < start:  # whole lines of what is left, and of the end
                kept = path.read_bytes().rfind(b"\n") + 1
                tail = tail[tail.find(b"\n") + 1 :]
                note(f"{path} was cut: {state['log_size'] - kept - len(tail)} bytes of lines in it are lost.")
                start = kept
            file.truncate(start)
            file.write(tail)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise cannot_write(path, error) from error


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """All whole lines of a metric log; none where there is no log yet.

    Raises:
        CheckpointError: it cannot be read, or a line in it is none of ours.
    """
    # A line without its end was being written when the power went; it is not there.
    try:
        lines = read_file(path).split(b"\n")[:-1]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}. Restore the log from a copy.") from error
    return [_read_line(line, number, path) for number, line in enumerate(lines, start=1)]


def _read_line(line: bytes, number: int, path: Path) -> dict[str, Any]:
    try:
        values = json.loads(line)
        if not isinstance(values["phase"], str) or not isinstance(values["step"], int):
            raise TypeError("no phase and step")
        for name, value in values.items():
            if name != "phase" and not isinstance(value, int | float | None):
                raise TypeError(f"{name} is no number")
        float(values["step"])  # a whole number may be longer than any step
    except (ValueError, KeyError, TypeError, RecursionError, OverflowError) as error:
        raise CheckpointError(
            f"{path}, line {number}: found {line[:40].decode(errors='replace')!r}, expected a JSON object with phase "
            "and step: restore the log from a copy, or take the line out."
        ) from error
    return values
