"""What a case is, and what makes it survive."""

import contextlib
import io
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from seqgan.cli.main import main
from seqgan.errors import SeqganError

MOST_SECONDS = 120.0
"""Processor time that a case may take, unless it says otherwise."""
HANGS = 600
"""Seconds on the wall after which a case hangs, whatever else the machine does."""
MOST_MEMORY = 600 * 2**20
"""Bytes that a case may take beyond what the process held before, unless it says otherwise."""
MENDABLE = (2,)
EITHER = (0, 2)
FINE = (0,)


class Case(NamedTuple):
    """One bad input."""

    kind: str
    name: str
    make: Callable[[Path], object]
    """Makes the files, in an empty folder that is the working folder as well, beside `runs`."""
    command: list[str] | Callable[[], object]
    """A command line; or a call of the library."""
    codes: tuple[int, ...] = MENDABLE
    """Exit codes that make sense. Of a call: 2 is a SeqganError, 0 a result."""
    says: str = ""
    """What must be said: a part of the error, or of what is said besides a result."""
    seconds: float = MOST_SECONDS
    memory: int = MOST_MEMORY
    check: Callable[[Path], str] | None = None
    """What is wrong with the folder afterwards; empty where nothing is."""
    stdin: bytes = b""
    """What standard input holds."""


class Outcome(NamedTuple):
    """What came of it."""

    case: Case
    code: int
    lost: str
    """Why the case is lost; empty where it survived."""
    line: str
    """The last line that was said."""
    seconds: float
    memory: int


def attempt(case: Case, folder: Path) -> Outcome:
    """Make a case's files in an empty folder, call it, and judge what came of it."""
    before = os.getcwd()
    os.chdir(folder)
    try:
        case.make(folder)
        held = reset_peak()
        out, err = io.StringIO(), io.StringIO()
        started = time.process_time()
        signal.signal(signal.SIGALRM, _hangs)
        signal.alarm(HANGS)
        raised = ""
        usual_input, sys.stdin = sys.stdin, io.TextIOWrapper(io.BytesIO(case.stdin))
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                code = _call(case.command)
        except BaseException as error:
            code, raised = 1, f"{type(error).__name__}: {error}"
        finally:
            signal.alarm(0)
            sys.stdin = usual_input
        seconds, memory = time.process_time() - started, max(0, peak() - held)
        lost = raised or _judge(case, code, out.getvalue(), err.getvalue(), folder)
        if not lost and seconds > case.seconds:
            lost = f"took {seconds:.0f} s of processor time"
        if not lost and memory > case.memory:
            lost = f"took {memory / 2**20:.0f} MiB"
        line = (err.getvalue().strip() or out.getvalue().strip()).split("\n")[-1]
        return Outcome(case, code, lost, line, seconds, memory)
    finally:
        os.chdir(before)


def _hangs(*_: object) -> None:
    # Not an Exception, which a command would make its own fault of.
    raise KeyboardInterrupt("it hangs")


def _call(command: list[str] | Callable[[], object]) -> int:
    if not callable(command):
        return main(command)
    try:
        print(command())
    except SeqganError as error:
        print(f"seqgan: error: {error}", file=sys.stderr)
        return 2
    return 0


def _judge(case: Case, code: int, out: str, err: str, folder: Path) -> str:
    if "Traceback" in out + err:
        return "a traceback"
    if code not in case.codes:
        return f"exit code {code}: {err.strip()[-300:] or out.strip()[-300:]}"
    if code == 2:
        errors = [line for line in err.split("\n") if line.startswith("seqgan: error: ")]
        if len(errors) != 1 or err.rstrip("\n").split("\n")[-1] != errors[0]:
            return f"not one line of error: {err[-300:]!r}"
        if len(errors[0]) > 1500:
            return f"a line of {len(errors[0])} characters"
        if out:
            return f"results beside an error: {out[:100]!r}"
    if any(not (character.isprintable() or character == "\n") for character in err):
        return f"control characters: {err[-200:]!r}"
    if case.says not in err + out:
        return f"does not say {case.says!r}: {err[-300:]!r}"
    unfinished = [str(path) for path in folder.rglob("*.writing") if not path.is_symlink()]
    if unfinished:
        return f"left behind: {unfinished}"
    if CANARY.exists():
        CANARY.unlink()
        return "code in a file was run"
    return "" if case.check is None else case.check(folder)


CANARY = Path("/tmp") / f"seqgan-canary-{os.getpid()}"
"""Made by the canaries' code, if anything runs it."""


class Canary:
    """What, unpickled, makes the file."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, (str(CANARY),))


def reset_peak() -> int:
    """Begin to measure the greatest memory anew; what is held now."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def peak() -> int:
    """The greatest memory since then, in bytes."""
    return _status("VmHWM")


def _status(name: str) -> int:
    try:
        lines = Path("/proc/self/status").read_text().split("\n")
    except OSError:
        return 0
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))
