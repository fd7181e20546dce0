"""When a training state is saved: where the loop says so, when a minute has passed, and before leaving on a signal.

Several processes save and leave together. What each has heard, and the first one's clock, are exchanged about twice a
second: not after every step, since those of a pretraining may be much shorter than that.
"""

import time
from collections.abc import Callable

from seqgan.interrupt import Stop
from seqgan.training.processes import count, is_first, summed

KEEP_SECONDS = 60.0
"""Time between two states, at the next safe place: the most that a power cut costs."""
SHARE = 20
"""Saving takes no more than one part in so many of the time."""
AGREE_SECONDS, MOST_STEPS = 0.5, 1000
"""Time between two exchanges of several processes, well below what is left after a signal; and most steps."""


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
        self._agreed, self._steps, self._waiting = time.monotonic(), 1, 1  # of several processes: steps to the exchange

    def rest(self, where: str, *, save: bool = False) -> None:
        """A safe place, reached after each step: all that the rest depends on is in the state.

        Args:
            where: what is done, in a few words.
            save: also where nothing else asks for it; alike on all processes.

        Raises:
            Interrupted: a signal came, to any of them; a state is saved.
        """
        leaving, due = self._asked(save=save)
        started = time.monotonic()
        if leaving:
            self._stop.take_time()
        if save or leaving or due:
            self._write()
            now = time.monotonic()
            self._next = now + max(KEEP_SECONDS, SHARE * (now - started))
        if leaving:
            self._stop.leave(f"A training state is saved after {where}.")

    def _asked(self, *, save: bool) -> tuple[bool, bool]:
        """Whether to leave, and whether it is time to save: the same on all processes."""
        if count() == 1:
            return self._stop.asked(), time.monotonic() >= self._next
        self._waiting -= 1
        if self._waiting > 0 and not save:
            return False, False
        now = time.monotonic()
        # The first one's clock counts: so many steps fit into the time between two exchanges.
        each = max(1e-9, now - self._agreed) / max(1, self._steps - self._waiting)
        steps = max(1, min(MOST_STEPS, int(AGREE_SECONDS / each)))
        clock = [float(now >= self._next), float(steps)] if is_first() else [0.0, 0.0]
        leaving, due, steps_of_all = summed(float(self._stop.asked()), *clock)
        self._agreed, self._steps = now, int(steps_of_all)
        self._waiting = self._steps
        return leaving > 0, due > 0
