"""One process at a time writes into a run: the second is refused. The system lets go of what a dead process held."""

import contextlib
import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from seqgan.errors import RunError


@contextmanager
def locked(folder: str | Path) -> Iterator[None]:
    """Within the block no other process that asks may write into the run.

    The lock is of a hidden file beside the folder, which may not be there yet, or be replaced. Where the system or the
    file system has no such locks, or the file may not be made, nothing is locked.

    Args:
        folder: of the run.

    Raises:
        RunError: another process writes into it; nothing was changed.
    """
    folder = Path(folder).resolve()
    if not folder.name:  # the root: no run is made there
        yield
        return
    path = folder.with_name(f".{folder.name}.lock")
    made = [parent for parent in path.parents if not parent.exists()]
    descriptor = None
    try:
        with contextlib.suppress(OSError, ImportError):
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = _lock(path, folder)
        yield
    finally:
        if descriptor is not None:
            with contextlib.suppress(OSError):
                path.unlink()
            os.close(descriptor)
        for parent in made:  # where nothing came of it
            with contextlib.suppress(OSError):
                parent.rmdir()


def _lock(path: Path, folder: Path) -> int:
    """The locked file's descriptor.

    Raises:
        RunError: another process holds it.
        OSError: there are no locks here.
        ImportError: nor on this system.
    """
    import fcntl

    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # The one who held it deletes it when done: what was locked may be a file that is no longer there.
            if os.path.exists(path) and os.path.samestat(os.stat(path), os.fstat(descriptor)):
                with contextlib.suppress(OSError):  # a full disk
                    os.truncate(descriptor, 0)
                    os.pwrite(descriptor, str(os.getpid()).encode(), 0)
                return descriptor
        except OSError as error:
            holder = os.pread(descriptor, 20, 0).decode(errors="replace")
            os.close(descriptor)
            if error.errno != errno.EWOULDBLOCK:
                raise
            who = f"the process {holder}" if holder.isdecimal() else "another process"
            raise RunError(
                f"{folder} is being written by {who}: wait until it is done, end it, or choose another folder."
            ) from error
        os.close(descriptor)
