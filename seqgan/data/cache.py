"""The folder in which is kept what was found out about a text: where it is, who works in it, how its files are named.

A result's file name holds what it depends on, so that a text or a setting that changed finds no result and the work is
done anew.
"""

import contextlib
import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from seqgan.files import cannot_write
from seqgan.progress import SILENT, Progress

CACHE_VARIABLE = "SEQGAN_CACHE"
"""The environment variable that names the folder of all caches."""
ELSEWHERE = f"choose another folder with --data.cache or {CACHE_VARIABLE}"
"""What is said where it cannot be written."""
LOCK = "lock"
"""The file by which a folder is locked."""
FORMAT = "1"
"""Of what is kept: older files are not read."""


def cache_folder(cache: str | None, name: str, place: str) -> Path:
    """Where the results of a text are kept, which has a folder of its own.

    Args:
        cache: the folder of all caches; None takes that which SEQGAN_CACHE names, or ~/.cache/seqgan.
        name: of the text, with which that of its folder begins.
        place: of the text: its file or folder.
    """
    root = (
        cache
        or os.environ.get(CACHE_VARIABLE)
        or os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "seqgan")
    )
    return Path(root).absolute() / f"{name}-{key_of(os.path.abspath(place))[:8]}"


def state_of(paths: Sequence[Path]) -> str:
    """Changes when one of the files is written, replaced or touched: names, sizes, times of change, inodes; unread."""
    found = [(path.name, path.stat()) for path in paths]
    return key_of(*((name, s.st_size, s.st_mtime_ns, s.st_ctime_ns, s.st_ino) for name, s in found))


def written_state(paths: Sequence[Path]) -> str:
    """Changes when what is in one of the files does: names, sizes and times of writing. A link to a file, or other
    permissions, change nothing here, which `state_of` would take for another file."""
    return key_of(*((path.name, stat.st_size, stat.st_mtime_ns) for path in paths for stat in (path.stat(),)))


def key_of(*values: object) -> str:
    """A short name for some values, equal for equal ones; of strings, numbers, and tuples of them."""
    return hashlib.sha256(repr((FORMAT, *values)).encode(errors="surrogatepass")).hexdigest()[:16]


@contextmanager
def locked(folder: Path, progress: Progress = SILENT) -> Iterator[None]:
    """One process at a time works in a folder, which is made if need be; the others wait for its results, and say so.

    Where it leaves nothing there, the folder is deleted.

    Raises:
        RunError: the folder cannot be made.
    """
    from filelock import FileLock, Timeout

    try:
        lock = FileLock(folder / LOCK)
        seconds = 0
        while not lock.is_locked:
            folder.mkdir(parents=True, exist_ok=True)
            try:
                lock.acquire(timeout=seconds)
            except Timeout:
                progress.note(f"Another process reads this text into {folder}: waiting for it.")
                seconds = -1
            except FileNotFoundError:
                pass  # the other one has left nothing there, not even the folder
    except OSError as error:
        raise cannot_write(folder, error, place=ELSEWHERE) from error
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            if os.listdir(folder) == [LOCK]:  # nothing of use came of it; whoever waits makes it again
                (folder / LOCK).unlink()
                folder.rmdir()
        lock.release()


def forget(folder: Path, name: str) -> None:
    """Delete the results of that name, also those of some of its parts: the text was refused, and another is to come.

    Args:
        folder: of the cache, locked.
        name: as of `over_parts`.
    """
    for path in folder.glob(f"{name}*"):
        path.unlink(missing_ok=True)
