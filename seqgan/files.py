"""Writing files whole or not at all: to a temporary name in the same folder, synced, then renamed."""

import contextlib
import errno
import os
from collections.abc import Callable
from pathlib import Path

from seqgan.errors import RunError

TEMPORARY_SUFFIX = ".writing"
"""What the name of an unfinished file or folder ends with; anything so named may be deleted."""


def write_file(path: Path, data: bytes | str) -> None:
    """Replace `path` by `data` (a string is written as UTF-8 with its line ends as they are).

    Raises:
        RunError: the disk is full, or the folder may not be written. The old file is then still there.
    """
    content = data.encode() if isinstance(data, str) else data
    write_with(path, lambda temporary: temporary.write_bytes(content))


def write_with(path: Path, write: Callable[[Path], object]) -> None:
    """Replace `path` by the file that `write` makes at the temporary path it is given.

    Raises:
        RunError: as `write_file`.
    """
    temporary = path.with_name(path.name + TEMPORARY_SUFFIX)
    try:
        write(temporary)
        sync(temporary)
        os.replace(temporary, path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        with contextlib.suppress(OSError):  # where nothing may be written, nothing may be deleted either
            temporary.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Have the system put `path` (a file, or a folder's list of names) on the disk now."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def cannot_write(path: Path, error: OSError) -> RunError:
    """The one line that a user reads when the system refuses a write."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return RunError(
            f"{path} could not be written: the disk is full. Free some space, then call the command again, a training "
            "with --resume."
        )
    return RunError(f"{path} could not be written: {error.strerror or error}. Choose a place that may be written to.")
