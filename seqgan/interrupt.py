"""Leaving on a signal: a training saves a state at its next safe place, which is seconds away, or leaves without."""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

GRACE_SECONDS = 5.0
"""Time for reaching a safe place, once a signal came; what is not finished by then is done again after --resume."""

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""From the keyboard, from a scheduler, from a terminal that went away."""


class Interrupted(KeyboardInterrupt):
    """A signal ended the work.

    Args:
        number: of the signal.
        message: what was saved, and how to go on.
    """

    def __init__(self, number: int = signal.SIGINT, message: str = ""):
        super().__init__(message)
        self.number = number

    @property
    def exit_code(self) -> int:
        """As shells count: 130 for SIGINT, 143 for SIGTERM, 129 for SIGHUP."""
        return 128 + self.number


class Stop:
    """What a training asks at each safe place. This one stays False: nobody but `interruptible` sets it.

    Attributes:
        number: of the signal that came; None before.
        go_on: how the training is gone on with, for the message.
    """

    def __init__(self, go_on: str = ""):
        self.number: int | None = None
        self.go_on = go_on

    def asked(self) -> bool:
        """Whether to save and leave. Once it has said so, saving takes the time that it takes."""
        if self.number is None:
            return False
        _set_timer(0)
        return True

    def leave(self, where: str) -> NoReturn:
        """Leave, and say `where` the training stands."""
        raise Interrupted(self.number or signal.SIGINT, f"{where} {self.go_on}".strip())


@contextmanager
def interruptible(go_on: str = "") -> Iterator[Stop]:
    """Within the block the first signal is a wish, which the training fulfils at its next safe place.

    Is none reached within `GRACE_SECONDS`, `Interrupted` is raised wherever the work is: the states on the disk are
    whole at any moment. A second signal ends the process at once, as if nothing handled it. Signals that were ignored
    stay so (`nohup`), and in another thread than the main one nothing is handled.

    Args:
        go_on: how the training is gone on with, for the message.
    """
    stop = Stop(go_on)
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def ask(number: int, _frame: FrameType | None) -> None:
        stop.number = number
        for each in before:
            signal.signal(each, signal.SIG_DFL)
        _set_timer(GRACE_SECONDS)
        if sys.stderr is not None and sys.stderr.isatty():
            with contextlib.suppress(OSError):
                # Not print, in whose midst the signal may have come.
                os.write(2, b"\nInterrupted: saving a state, then leaving. A second time leaves at once.\n")

    def give_up(_number: int, _frame: FrameType | None) -> None:
        stop.leave("What was not finished since the last training state is done again.")

    before = {
        number: handler for number in SIGNALS if (handler := signal.getsignal(number)) not in (signal.SIG_IGN, None)
    }
    for number in before:
        signal.signal(number, ask)
    alarm = signal.signal(signal.SIGALRM, give_up) if hasattr(signal, "SIGALRM") else None
    try:
        yield stop
    finally:
        if stop.number is not None:
            _set_timer(0)
        if hasattr(signal, "SIGALRM"):
            signal.signal(signal.SIGALRM, alarm)
        for number, handler in before.items():
            signal.signal(number, handler)
    if stop.asked():
        stop.leave("The training had come to its end.")


def raise_interrupted(number: int, _frame: FrameType | None) -> NoReturn:
    """A handler: leave at once, as Python does on SIGINT."""
    raise Interrupted(number)


def _set_timer(seconds: float) -> None:
    """Have SIGALRM come, then each second: what it raises in a destructor is swallowed, and the next one counts."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, seconds, 1.0 if seconds else 0)
