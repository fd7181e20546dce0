"""One process at a time writes into a run: the second is refused. The system lets go of what a dead process held."""

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from seqgan.errors import RunError
from seqgan.launched import speaks
from seqgan.locks import holder_of, take


@contextmanager
def locked(folder: str | Path) -> Iterator[None]:
    """Within the block no other process that asks may write into the run.

    Of several processes that were started together the one that writes holds it.

    The lock is of a hidden file beside the folder, which may not be there yet, or be replaced. Where the system or the
    file system has no such locks, or the file may not be made, nothing is locked.

    Args:
        folder: of the run.

    Raises:
        RunError: another process writes into it; nothing was changed.
    """
    if not speaks():
        yield
        return
    folder = Path(folder).resolve()
    if not folder.name:  # the root: no run is made there
        yield
        return
    path = folder.with_name(f".{folder.name}.lock")
    made = [parent for parent in path.parents if not parent.exists()]
    descriptor = None
    try:
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = _lock(path, folder)
        yield
    finally:
        if descriptor is not None:
            _let_go(path, descriptor)
        for parent in made:  # where nothing came of it
            with contextlib.suppress(OSError):
                parent.rmdir()


def _lock(path: Path, folder: Path) -> int:
    """The locked file's descriptor.

    Raises:
        RunError: another process holds it.
        OSError: there are no locks here.
    """
    while True:
        descriptor = take(path, str(os.getpid()))
        if descriptor is None:
            holder = holder_of(path) or ""
            who = f"the process {holder}" if holder.isdecimal() else "another process"
            raise RunError(
                f"{folder} is being written by {who}: wait until it is done, end it, or choose another folder."
            )
        # The one who held it deletes it when done: what was locked may be a file that is no longer there.
        if os.path.exists(path) and os.path.samestat(os.stat(path), os.fstat(descriptor)):
            return descriptor
        os.close(descriptor)


def _let_go(path: Path, descriptor: int) -> None:
    """Delete the file while it is locked; Windows deletes no open file, also not one that another has opened since."""
    try:
        path.unlink()
    except PermissionError:
        os.close(descriptor)
        with contextlib.suppress(OSError):
            path.unlink()
        return
    except OSError:
        pass
    os.close(descriptor)
