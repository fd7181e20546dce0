"""Work over the parts of a text that is done once: in parallel, with progress, by `datasets`, kept as Arrow files.

A result's file name holds what it depends on, so that a text or a setting that changed finds no result and the work is
done anew. What belonged to an older state of the same text is deleted then.
"""

import contextlib
import hashlib
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from seqgan.data.parts import Part
from seqgan.data.quiet import quiet
from seqgan.errors import RunError, SeqganError
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
MOST_PROCESSES = 16
"""Unless more are asked for: each takes some hundred megabytes."""
POLL_SECONDS = 0.2
"""Between two looks at how far the processes are."""

Work = Callable[..., Any]
"""A part and what else it needs, to an Arrow table."""


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


def over_parts(
    work: Work,
    parts: Sequence[Part],
    folder: Path,
    name: str,
    *,
    workers: int = 0,
    progress: Progress,
    describe: str,
    **given: Any,
) -> Any:
    """The tables that `work` makes of all parts, one behind the other: a memory-mapped `datasets.Dataset`.

    They are made only where `folder` does not have them, and do not depend on the number of processes.

    Args:
        work: called with a path, a start, a stop, the part's number, and `given`.
        parts: of the text.
        folder: of the cache, locked.
        name: of the results: their kind, the state of the text, and what else they depend on, with hyphens between
            them. Results of the same kind of another state are deleted.
        workers: processes; 0 for one each processor, at most `MOST_PROCESSES`.
        progress: where to report.
        describe: what is being done.
        given: further arguments.

    Raises:
        CorpusError: what `work` raises.
        RunError: the cache cannot be written, or is damaged.
    """
    import datasets
    import pyarrow

    kind, state, _ = name.split("-")
    _delete_unfinished(folder)  # of a process that was killed
    for path in folder.glob(f"{kind}-*"):
        if not path.name.startswith(f"{kind}-{state}-"):
            path.unlink(missing_ok=True)
    target = folder / f"{name}.arrow"
    count = min(workers or min(MOST_PROCESSES, available_processors()), len(parts))
    columns = {
        "path": [part.path for part in parts],
        "start": [part.start for part in parts],
        "stop": [part.stop for part in parts],
        "number": list(range(len(parts))),
    }
    table = datasets.Dataset.from_dict(columns)
    done = folder / f"done-{os.getpid()}"
    try:
        with quiet(), _counted(progress, describe, len(parts), done), _interruption_first(), _ended_by_the_first():
            return table.map(
                _table_of,
                batched=True,
                batch_size=1,
                remove_columns=table.column_names,
                cache_file_name=str(target),
                load_from_cache_file=True,
                # A table of a part is written in one piece: random access looks for the piece, then for the row.
                writer_batch_size=2**31,
                num_proc=count if count > 1 else None,
                fn_kwargs={"work": work, "done": str(done), "first": os.getpid(), "given": given},
                new_fingerprint=key_of(name),
            )
    except SeqganError:
        forget(folder, name)
        raise
    except pyarrow.ArrowException as error:
        raise RunError(
            f"{target.with_suffix('')}* cannot be read ({' '.join(str(error).split())[:200]}): delete {folder}, which "
            "is made anew."
        ) from error
    except OSError as error:
        raise cannot_write(target, error, place=ELSEWHERE) from error
    except RuntimeError as error:
        if "abruptly died" not in str(error):
            raise
        raise RunError(
            "A process that reads the text was ended from outside, most often for lack of memory: call the command "
            "again, with fewer --data.workers."
        ) from error
    finally:
        # What the processes had begun when one of them failed. Parts that were finished stay, and are not done again.
        _delete_unfinished(folder)


def _delete_unfinished(folder: Path) -> None:
    """Delete what the library has not renamed to a result."""
    for path in folder.glob("tmp*"):
        path.unlink(missing_ok=True)


@contextmanager
def _interruption_first() -> Iterator[None]:
    """Lets an interruption through that another exception hides: tidying up, the library times out behind it."""
    try:
        yield
    except Exception as error:
        behind = error.__context__
        while behind is not None and not isinstance(behind, KeyboardInterrupt):
            behind = behind.__context__
        if behind is not None:
            raise behind from None
        raise


def _table_of(batch: dict[str, list[Any]], work: Work, done: str, first: int, given: dict[str, Any]) -> Any:
    """What `work` makes of the one part in a batch; `first` is the process that started the others."""
    if os.getpid() != first:
        _end_when_told()  # one that was not forked has not heard of it yet
    table = work(Part(batch["path"][0], batch["start"][0], batch["stop"][0]), batch["number"][0], **given)
    with open(done, "ab") as file:
        file.write(b".")  # a byte a part, which the first process counts
    return table


def _end_when_told() -> None:
    """Of a process that was started by another one: handlers are inherited. A key that is pressed is for the first
    process, which then ends the others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


_pools = 0
"""Pools of processes that this one has at work."""


def _after_fork() -> None:
    if _pools:
        _end_when_told()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


@contextmanager
def _ended_by_the_first() -> Iterator[None]:
    """Processes that are forked within the block end when they are told to, also before they have any work: one that
    takes the place of a killed one may wait for ever for what that one held."""
    global _pools
    _pools += 1
    try:
        yield
    finally:
        _pools -= 1


def available_processors() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def _counted(progress: Progress, describe: str, total: int, done: Path) -> Iterator[None]:
    """Within the block a bar shows how many bytes `done`, which other processes write, has of `total`."""
    finished = threading.Event()
    with progress.bar(describe, total) as advance:

        def watch() -> None:
            seen = 0
            while not finished.wait(POLL_SECONDS):
                size = done.stat().st_size if done.exists() else 0
                if size > seen:
                    advance(size - seen)
                    seen = size

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            finished.set()
            watcher.join()
            done.unlink(missing_ok=True)
