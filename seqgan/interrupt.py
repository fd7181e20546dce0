"""Leaving on a signal: a training saves a state at its next safe place, which is seconds away, or leaves without."""

import contextlib
import os
import selectors
import signal
import sys
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from seqgan.errors import LostProcessError
from seqgan.launched import launched, speaks

GRACE_SECONDS = 5.0
"""Time for reaching a safe place, once a signal came; what is not finished by then is done again after --resume."""
GUARD_SECONDS = 3.0
"""More, after which one of several processes is ended that hears no signal."""
AT_ONCE_SECONDS = 0.5
"""Signals that come together are one: a launcher and a terminal may each send theirs."""
UNFINISHED = "What was not finished since the last training state is done again."

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


class OutOfTime(Interrupted):
    """The time that a training was given is over; a state is saved."""


class Stop:
    """What a training asks at each safe place. This one stays False: nobody but `interruptible` sets it.

    Attributes:
        number: of the signal that came; None before.
        go_on: how the training is gone on with, for the message.
        until: the time by the monotonic clock after which it is over; None where it has no end.
        saving: whether a safe place is reached.
    """

    def __init__(self, go_on: str = "", until: float | None = None):
        self.number: int | None = None
        self.go_on = go_on
        self.until = until
        self.saving = False

    def asked(self) -> bool:
        """Whether to save and leave. Of one process, once it has said so, saving takes the time that it takes."""
        if self.number is None:
            return self.until is not None and time.monotonic() >= self.until
        if launched() == 1:
            self.take_time()
        return True

    def take_time(self) -> None:
        """A safe place is reached, of several processes by all: from here on saving takes the time that it takes."""
        self.saving = True
        if self.number is not None:
            _set_timer(0)

    def leave(self, where: str) -> NoReturn:
        """Leave, and say `where` the training stands."""
        if self.number is None and self.until is not None:
            raise OutOfTime(message=where)
        raise Interrupted(self.number or signal.SIGINT, f"{where} {self.go_on}".strip())


@contextmanager
def interruptible(go_on: str = "", minutes: float = 0.0) -> Iterator[Stop]:
    """Within the block the first signal is a wish, which the training fulfils at its next safe place.

    Is none reached within `GRACE_SECONDS`, `Interrupted` is raised wherever the work is: the states on the disk are
    whole at any moment. A second signal ends the process at once, as if nothing handled it. Signals that were ignored
    stay so (`nohup`), and in another thread than the main one nothing is handled.

    Of several processes, one that another one does not answer to hears no signal; it is ended a little later. One that
    loses another after a signal came to both has been interrupted, too.

    Args:
        go_on: how the training is gone on with, for the message.
        minutes: after which it leaves at the next safe place, by `OutOfTime`; 0 has no end.
    """
    stop = Stop(go_on, time.monotonic() + 60 * minutes if minutes else None)
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def ask(number: int, _frame: FrameType | None) -> None:
        stop.number = number
        for each in before:
            signal.signal(each, signal.SIG_DFL)
        if not stop.saving:
            _set_timer(GRACE_SECONDS)
        if sys.stderr is not None and sys.stderr.isatty():
            with contextlib.suppress(OSError):
                # Not print, in whose midst the signal may have come.
                os.write(2, b"\nInterrupted: saving a state, then leaving. A second time leaves at once.\n")

    def give_up(_number: int, _frame: FrameType | None) -> None:
        stop.leave(UNFINISHED)

    before = {
        number: handler for number in SIGNALS if (handler := signal.getsignal(number)) not in (signal.SIG_IGN, None)
    }
    for number in before:
        signal.signal(number, ask)
    alarm = signal.signal(signal.SIGALRM, give_up) if hasattr(signal, "SIGALRM") else None
    guard = _Guard(stop, before) if launched() > 1 and os.name == "posix" else None
    try:
        yield stop
    except LostProcessError:
        if stop.number is None:
            raise
        stop.leave(UNFINISHED)
    finally:
        if guard is not None:
            guard.close()
        if stop.number is not None:
            _set_timer(0)
        if hasattr(signal, "SIGALRM"):
            signal.signal(signal.SIGALRM, alarm)
        for number, handler in before.items():
            signal.signal(number, handler)
    if stop.number is not None and stop.asked():
        stop.leave("The training had come to its end.")


class _Guard:
    """Ends this process where its handlers are not called in time.

    Python calls them between two of its own steps, and waiting for another process is one step, which may take minutes.
    The system's part of a handler writes the signal's number into a pipe at once; a thread reads it there.

    Args:
        stop: says whether a safe place is reached.
        numbers: of the signals.
    """

    def __init__(self, stop: Stop, numbers: Collection[int]):
        self._stop, self._numbers = stop, frozenset(numbers)
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)
        self._before = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """From here on nothing is guarded."""
        signal.set_wakeup_fd(self._before)
        os.write(self._write, b"\0")
        self._thread.join()
        os.close(self._read)
        os.close(self._write)

    def _watch(self) -> None:
        number, since = 0, 0.0
        with selectors.DefaultSelector() as selector:
            selector.register(self._read, selectors.EVENT_READ)
            while True:
                waiting = number and not self._stop.saving
                left = max(0.0, since + GRACE_SECONDS + GUARD_SECONDS - time.monotonic()) if waiting else None
                if not selector.select(left):
                    if not self._stop.saving:
                        self._end(number)
                    continue
                for byte in os.read(self._read, 256):
                    if not byte:
                        return
                    if byte not in self._numbers:
                        continue
                    if not number:
                        number, since = byte, time.monotonic()
                    elif time.monotonic() - since > AT_ONCE_SECONDS:
                        self._end(byte)  # a second time leaves at once

    def _end(self, number: int) -> NoReturn:
        if speaks():
            line = f"\nseqgan: interrupted. {UNFINISHED} {self._stop.go_on}".rstrip()
            with contextlib.suppress(OSError):
                os.write(2, f"{line}\n".encode())
        os._exit(Interrupted(number).exit_code)


def raise_interrupted(number: int, _frame: FrameType | None) -> NoReturn:
    """A handler: leave at once, as Python does on SIGINT."""
    raise Interrupted(number)


def _set_timer(seconds: float) -> None:
    """Have SIGALRM come, then each second: what it raises in a destructor is swallowed, and the next one counts."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, seconds, 1.0 if seconds else 0)
