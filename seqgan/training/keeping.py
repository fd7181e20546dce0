"""When a training state is saved: where the loop says so, when a minute has passed, and before leaving on a signal."""

import time
from collections.abc import Callable

from seqgan.interrupt import Stop

KEEP_SECONDS = 60.0
"""Time between two states, at the next safe place: the most that a power cut costs."""
SHARE = 20
"""Saving takes no more than one part in so many of the time."""


class Keeper:
    """Saves states.

    Args:
        write: writes one; does nothing where there is no run.
        stop: whether to leave.
    """

    def __init__(self, write: Callable[[], None], stop: Stop):
        self._write = write
        self._stop = stop
        self._next = time.monotonic() + KEEP_SECONDS

    def rest(self, where: str, *, save: bool = False) -> None:
        """A safe place, reached after each step: all that the rest depends on is in the state.

        Args:
            where: what is done, in a few words.
            save: also where nothing else asks for it.

        Raises:
            Interrupted: a signal came; a state is saved.
        """
        leaving = self._stop.asked()
        started = time.monotonic()
        if save or leaving or started >= self._next:
            self._write()
            now = time.monotonic()
            self._next = now + max(KEEP_SECONDS, SHARE * (now - started))
        if leaving:
            self._stop.leave(f"A training state is saved after {where}.")
