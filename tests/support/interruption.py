"""Ctrl-C ends the session of tests, also where the code under test takes SIGINT for itself."""

import os
import signal

import pytest


class Interruption:
    """A plugin that ends the session after a test during which SIGINT came from outside.

    The command line catches KeyboardInterrupt and gives an exit code, and a training saves a state first: the test
    then fails, and without this pytest would go on with the next one. The system's part of a handler writes each
    signal's number into a pipe, whatever the handler itself does. What a test sends to this process by `os.kill` does
    not count.
    """

    def __init__(self) -> None:
        self._sent = 0
        self._kill = os.kill
        self._read, self._write = os.pipe()
        os.set_blocking(self._read, False)
        os.set_blocking(self._write, False)
        self._before = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        os.kill = self._count_and_kill
        # A forked child has signals of its own, and this pipe is not for them.
        os.register_at_fork(after_in_child=lambda: signal.set_wakeup_fd(-1))

    def _count_and_kill(self, process: int, number: int) -> None:
        self._sent += process == os.getpid() and number == signal.SIGINT
        self._kill(process, number)

    def _came(self) -> int:
        """How often SIGINT came since the last call."""
        try:
            return os.read(self._read, 65536).count(signal.SIGINT)
        except BlockingIOError:
            return 0

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self):
        """Look at the pipe once a test and its fixtures have ended."""
        self._sent = 0
        result = yield
        if self._came() > self._sent:
            raise KeyboardInterrupt("SIGINT came during this test.")
        return result

    def pytest_unconfigure(self) -> None:
        """Leave signals and `os` as they were."""
        os.kill = self._kill
        signal.set_wakeup_fd(self._before)
        os.close(self._read)
        os.close(self._write)
