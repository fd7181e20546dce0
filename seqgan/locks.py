"""Locks of the system on files: gone with the last process that has the file open, however it ended."""

import contextlib
import os
from pathlib import Path

from filelock import lock_descriptor

MOST_BYTES = 4096
"""Of what a holder writes about itself."""


def take(path: Path, holder: str, *, wait: bool = False) -> int | None:
    """Lock a file, which is made if need be, and write into it who holds it.

    Args:
        path: the file.
        holder: what others may read of it.
        wait: until it is free.

    Returns:
        Its descriptor, which holds the lock until it is closed; None where another process holds it.

    Raises:
        OSError: the file cannot be made, or the file system has no locks.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        taken = lock_descriptor(descriptor, blocking=wait)
        if taken:
            with contextlib.suppress(OSError):  # a full disk: it is held all the same
                os.ftruncate(descriptor, 0)
                os.write(descriptor, holder.encode())
    except BaseException:
        os.close(descriptor)
        raise
    if taken:
        return descriptor
    os.close(descriptor)
    return None


def holder_of(path: Path) -> str | None:
    """What the holder of a lock wrote into its file, as far as it may be read; None where nobody holds it.

    On Windows nobody else may read the first byte of a locked file.

    Raises:
        OSError: the file cannot be opened, or the file system has no locks.
    """
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return None
    try:
        if lock_descriptor(descriptor, blocking=False):
            return None
        with contextlib.suppress(OSError):
            return os.read(descriptor, MOST_BYTES).decode(errors="replace")
        return ""
    finally:
        os.close(descriptor)
