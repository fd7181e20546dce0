"""Files are written whole or not at all: to a temporary name in the same folder, synced, then renamed.

What is read is a plain file and nothing that could keep a reader waiting, or never end.
"""

import contextlib
import errno
import json
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from seqgan.errors import NoRoomError, RunError

TEMPORARY_SUFFIX = ".writing"
"""What the name of an unfinished file or folder ends with; anything so named may be deleted."""
WINDOWS = os.name == "nt"
"""Whether this is Windows, which lets nobody open a folder, nor sync what is open for reading only."""
LITTLE = 2**20
"""Bytes that are as good as none, where nobody knows how many a file needs."""


def read_file(path: Path, most: int | None = None) -> bytes:
    """The bytes of a plain file.

    Args:
        path: the file.
        most: bytes that it may have; None for no bound but its size on the disk.

    Raises:
        OSError: as `open_file`; or it is too long.
    """
    with open_file(path) as file:
        size = os.fstat(file.fileno()).st_size
        if most is not None and size > most:
            what = f"{size:,} bytes, where {most:,} are the most that make sense"
            raise OSError(errno.EFBIG, what, str(path))
        return file.read(size if most is None else most)


def open_file(path: Path) -> BinaryIO:
    """A plain file, open for reading. A pipe without a writer, or a device without an end, is not waited for.

    Raises:
        OSError: no such file, a folder, no permission; or it is a pipe, a socket or a device.
    """
    # Windows has only the second of these flags, without which it would change line ends, and no such pipes among its
    # files; the others have only the first.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return open(descriptor, "rb")
    os.close(descriptor)
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    raise OSError(errno.EINVAL, "a pipe, a socket or a device, and no plain file", str(path))


def read_json(path: Path, most: int | None = None) -> Any:
    """What a plain file of JSON holds.

    Raises:
        OSError: as `read_file`.
        ValueError: it is no JSON, or nested deeper than can be read.
    """
    try:
        return json.loads(read_file(path, most))
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def write_file(path: Path, data: bytes | str) -> None:
    """Replace `path` by `data` (a string is written as UTF-8 with its line ends as they are).

    Raises:
        RunError: the disk is full, or the folder may not be written. The old file is then still there.
    """
    content = data.encode() if isinstance(data, str) else data
    write_with(path, lambda temporary: temporary.write_bytes(content), len(content))


def write_with(
    path: Path, write: Callable[[Path], object], size: int | None = None, place: str = "choose another place"
) -> None:
    """Replace `path` by the file that `write` makes at the temporary path it is given.

    Args:
        path: the file.
        write: makes it.
        size: bytes that it will have, where that is known, for the message.
        place: what helps where nothing can be written, for the message.

    Raises:
        RunError: as `write_file`.
    """
    temporary = path.with_name(path.name + TEMPORARY_SUFFIX)
    failed: OSError | None = None
    try:
        if path.exists() and not path.is_file():
            # Such as /dev/null, which a renamed file would take the place of, for everybody.
            raise OSError(errno.EINVAL, "a device, a pipe or a folder, and no plain file")
        if temporary.is_symlink():  # it could lead anywhere
            temporary.unlink()
        write(temporary)
        sync(temporary)
        os.replace(temporary, path)
    except OSError as error:
        failed = error
    finally:
        with contextlib.suppress(OSError):  # where nothing may be written, nothing may be deleted either
            temporary.unlink(missing_ok=True)
    if failed is not None:  # how much is free is asked once the half of a file is gone
        raise cannot_write(path, failed, size, place) from failed


def replace_folder(unfinished: Path, folder: Path) -> None:
    """Put the finished folder in its place; what was there is renamed away first, and only then deleted.

    Interrupted between the two renamings, what was there comes back.
    """
    old = folder.with_name(folder.name + ".old" + TEMPORARY_SUFFIX)
    if old.exists():
        shutil.rmtree(old)
    try:
        if folder.exists():
            os.replace(folder, old)
        os.replace(unfinished, folder)
        sync(folder.parent)
    finally:
        if old.exists() and not folder.exists():
            os.replace(old, folder)
        _delete(old)


def _delete(folder: Path) -> None:
    """Delete a folder, if it is there, also where an interruption comes in its midst."""
    try:
        shutil.rmtree(folder, ignore_errors=True)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def sync(path: Path) -> None:
    """Have the system put `path` (a file, or a folder's list of names) on the disk now.

    On Windows the lists of names are left to the file system, whose journal they are part of.
    """
    if WINDOWS and path.is_dir():
        return
    descriptor = os.open(path, os.O_RDWR if WINDOWS else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def cannot_write(path: Path, error: OSError, size: int | None = None, place: str = "") -> RunError:
    """The one line that a user reads when the system refuses a write.

    Args:
        path: what was to be written; below a temporary name that which the user asked for is said.
        error: the refusal.
        size: bytes that it needs, where that is known.
        place: how another place is chosen, where that is by a flag of its own.
    """
    path = Path(*(part.removesuffix(TEMPORARY_SUFFIX) or part for part in path.parts))
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return NoRoomError(
            f"{path} could not be written: {_no_room(path, error, size)}", place or "choose another place"
        )
    where = f"{place[0].upper()}{place[1:]}" if place else "Choose a place"
    return RunError(f"{path} could not be written: {error.strerror or error}. {where} that may be written to.")


@contextlib.contextmanager
def gone_on_with(command: str) -> Iterator[None]:
    """Within the block, which trains into a run, a full disk is answered by room and by going on.

    Args:
        command: that does.
    """
    try:
        yield
    except NoRoomError as error:
        raise NoRoomError(error.found, again=f"then go on with: {command}") from error


def _no_room(path: Path, error: OSError, size: int | None) -> str:
    """Why there is none, as far as the system tells."""
    if error.errno == errno.EDQUOT:
        return "your quota of the disk is used up."
    there = next((folder for folder in path.absolute().parents if folder.is_dir()), Path("/"))
    try:
        free = shutil.disk_usage(there).free
        files = os.statvfs(there) if hasattr(os, "statvfs") else None
    except OSError:
        return "the disk is full."
    if files is not None and files.f_files and not files.f_favail:
        return "the disk has no room for another file, however small."
    if size is not None and free < size:
        return f"the disk is full, {size:,} bytes are needed and {free:,} are free."
    return f"the disk is full, {free:,} bytes are free." if free < LITTLE else "the disk is full."
