"""Progress on standard error: a bar with rate and remaining time on a terminal, a plain line now and then elsewhere.

Standard output carries results only. The functions of this package take a `Progress` and are silent without one.
"""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from seqgan.errors import ConfigError
from seqgan.launched import speaks

Advance = Callable[[int], None]

SHORT_SECONDS = 2.0
"""What is over by then shows no progress line where the output is no terminal."""
LINE_SECONDS, LINE_SHARE = 15.0, 20
"""Seconds between two lines where the output is no terminal; of a long work, that part of the time it has taken."""


class Progress:
    """Where messages and bars go.

    Args:
        stream: usually standard error; None for silence.
    """

    def __init__(self, stream: TextIO | None = None):
        self._stream = stream
        self._console = None
        if stream is not None and stream.isatty():
            from rich.console import Console

            self._console = Console(file=stream, highlight=False)

    def note(self, text: str) -> None:
        """One line for the reader, above any bar. Control characters in it are shown, not obeyed."""
        if self._stream is None:
            return
        line = printable(text)
        if self._console is not None:
            self._console.print(line, markup=False, soft_wrap=True)
        else:
            print(line, file=self._stream, flush=True)

    @contextmanager
    def bar(self, description: str, total: int | None, done: int = 0) -> Iterator[Advance]:
        """Gives a function to call with the number of units just done.

        Args:
            description: what is being done; the unit in it, if it needs one.
            total: units in all; None where nobody knows.
            done: units that were done before, in a resumed phase.
        """
        if self._console is not None:
            with self._terminal_bar(description, total, done) as advance:
                yield advance
        elif self._stream is not None:
            yield self._lines(description, total, done)
        else:
            yield lambda _: None

    @contextmanager
    def _terminal_bar(self, description: str, total: int | None, done: int) -> Iterator[Advance]:
        from rich import progress as bars

        columns = [
            bars.TextColumn("{task.description}"),
            bars.BarColumn(),
            bars.MofNCompleteColumn(),
            bars.TimeElapsedColumn(),
            bars.TextColumn("left"),
            bars.TimeRemainingColumn(),
            bars.TextColumn("{task.fields[rate]}"),
        ]
        started = time.monotonic()
        with bars.Progress(*columns, console=self._console, transient=True) as display:
            task = display.add_task(description, total=total, completed=done, rate="")
            completed = 0

            def advance(units: int) -> None:
                nonlocal completed
                completed += units
                rate = completed / max(time.monotonic() - started, 1e-9)
                display.update(task, advance=units, rate=_rate(rate))

            yield advance

    def _lines(self, description: str, total: int | None, done: int) -> Advance:
        started = time.monotonic()
        next_line = started + SHORT_SECONDS
        completed = done

        def advance(units: int) -> None:
            nonlocal completed, next_line
            completed += units
            now = time.monotonic()
            if now < next_line:
                return
            next_line = now + max(LINE_SECONDS, (now - started) / LINE_SHARE)
            rate = (completed - done) / (now - started)
            if total is None:
                self.note(f"{description}: {completed}, {_rate(rate)}")
                return
            left_seconds = (total - completed) / rate if rate else float("inf")
            self.note(f"{description}: {completed} of {total}, {_rate(rate)}, {_duration(left_seconds)} left")

        return advance


def printable(text: str) -> str:
    """The text with control characters shown as escapes, so that a terminal does not obey them."""
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)


SILENT = Progress()
"""Says nothing: the default of most functions."""

Shown = Progress | bool | None
"""Where a function that is called from Python reports: there; nowhere where False; on standard error where True; or,
None, on standard error if that is a terminal or this is a notebook."""


def progress_of(shown: Shown) -> Progress:
    """Where to report, as a caller from Python asks for it."""
    if isinstance(shown, Progress):
        return shown
    if not isinstance(shown, bool | None):
        raise ConfigError(f"progress is {shown!r}, expected True, False, or a seqgan.progress.Progress.")
    if shown is None:
        shown = sys.stderr.isatty() or "ipykernel" in sys.modules
    return to_standard_error() if shown else SILENT


def to_standard_error() -> Progress:
    """What the commands use; of several processes one speaks."""
    return Progress(sys.stderr) if speaks() else SILENT


def _rate(per_second: float) -> str:
    return f"{per_second:,.0f}/s" if per_second >= 10 else f"{per_second:.2f}/s"


def _duration(seconds: float) -> str:
    if seconds == float("inf"):
        return "unknown time"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"
