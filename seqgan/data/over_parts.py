"""Work over the parts of a text that is done once: in parallel, with progress, kept as Arrow files in a folder.

What belonged to an older state of the same text is deleted when the work is done anew.
"""

import contextlib
import multiprocessing
import os
import pickle
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import connection
from pathlib import Path
from typing import Any

from seqgan.data.cache import ELSEWHERE, forget
from seqgan.data.parts import Part
from seqgan.errors import RunError
from seqgan.files import cannot_write
from seqgan.progress import Progress

MOST_PROCESSES = 16
"""Unless more are asked for: each takes some hundred megabytes."""
MOST_FILES = 64
"""Of one result: all are held open."""
NAMED = re.compile(r"\.\d\d\.arrow$")
"""How the name of a result's file ends; earlier versions had others."""
WRITING = ".writing"
"""How the name of a file ends that is not yet whole."""

Work = Callable[..., Any]
"""A part, its number and what else it needs, to an Arrow table."""


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
        work: called with a part, its number, and `given`.
        parts: of the text.
        folder: of the cache, locked.
        name: of the results: their kind, the state of the text, and what else they depend on, with hyphens between
            them. Results of the same kind of another state are deleted.
        workers: processes; 0 for one each processor, at most `MOST_PROCESSES`.
        progress: where to report.
        describe: what is being done.
        given: further arguments.

    Raises:
        CorpusError: what `work` raises; of several parts, that of the first.
        RunError: the cache cannot be written, or is damaged.
    """
    import datasets
    import pyarrow

    kind, state, _ = name.split("-")
    _delete_unfinished(folder)  # of a process that was killed
    for path in folder.glob(f"{kind}-*"):
        former = path.suffix == ".arrow" and not NAMED.search(path.name)
        if former or not path.name.startswith(f"{kind}-{state}-"):
            path.unlink(missing_ok=True)
    groups = _grouped(parts, folder, name)
    missing = [group for group in groups if not group[0].exists()]
    count = min(workers or min(MOST_PROCESSES, available_processors()), len(missing))
    try:
        with progress.bar(describe, sum(len(group[1]) for group in missing)) as advance:
            for done in _made(work, given, missing, count):
                advance(done)
    except BrokenProcessPool as error:
        raise RunError(
            "A process that reads the text was ended from outside, most often for lack of memory: call the command "
            "again, with fewer --data.workers."
        ) from error
    except RunError:
        raise  # of the cache, as where the disk is full: what is in it is right
    except Exception:
        forget(folder, name)  # of a text that is refused, or by work that will be mended
        raise
    finally:
        # What the processes had begun when one of them failed. Files that were finished stay, and are not made again.
        _delete_unfinished(folder)
    try:
        return datasets.concatenate_datasets([datasets.Dataset.from_file(str(file)) for file, _ in groups])
    except (pyarrow.ArrowException, OSError) as error:
        raise RunError(
            f"{folder / name}* cannot be read ({' '.join(str(error).split())[:200]}): delete {folder}, which is made "
            "anew."
        ) from error


def available_processors() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


Group = tuple[Path, list[tuple[int, Part]]]
"""A file, and the parts whose tables it has, with their numbers."""


def _grouped(parts: Sequence[Part], folder: Path, name: str) -> list[Group]:
    """Neighbouring parts in so few files that all can be open, whatever the number of processes."""
    size = -(-len(parts) // MOST_FILES)
    numbered = list(enumerate(parts))
    return [
        (folder / f"{name}.{first // size:02d}.arrow", numbered[first : first + size])
        for first in range(0, len(parts), size)
    ]


def _delete_unfinished(folder: Path) -> None:
    for pattern in (f"*{WRITING}", "tmp*"):  # the latter of earlier versions
        for path in folder.glob(pattern):
            path.unlink(missing_ok=True)


def _made(work: Work, given: dict[str, Any], groups: list[Group], count: int) -> Iterator[int]:
    """Make the files of some groups; how many parts each had, as they are finished, in order.

    Args:
        work: as of `over_parts`.
        given: its further arguments.
        groups: that have no file yet.
        count: of processes; with fewer than two this one works.

    Raises:
        BrokenProcessPool: a process was ended from outside.
    """
    forks = sys.platform == "linux"
    if count < 2 or not (forks or _can_be_sent((work, given))):
        for group in groups:
            yield _make(work, given, group)
        return
    # A fork knows the work and its arguments without that they are sent, and begins at once.
    context = multiprocessing.get_context("fork" if forks else None)
    heard, told = context.Pipe(duplex=False)
    with (
        heard,
        told,
        ProcessPoolExecutor(count, context, initializer=_begin, initargs=(work, given, heard)) as pool,
    ):
        try:
            with _signals_wait():
                futures = [pool.submit(_make_given, group) for group in groups]
            for future in futures:
                yield future.result()
        except BaseException:
            told.send(None)  # all end at once, also within a part
            pool.shutdown(cancel_futures=True)
            raise


@contextmanager
def _signals_wait() -> Iterator[None]:
    """A process that is forked within the block hears of no signal before it has its own handlers: those of a training
    go on where it has to end."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_own: tuple[Work, dict[str, Any]] | None = None
"""Of a process that was begun for it: the work, and its further arguments."""


def _begin(work: Work, given: dict[str, Any], heard: connection.Connection) -> None:
    """A process begins. A key that is pressed is for the first process, which then ends the others."""
    global _own
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})
    _own = work, given
    threading.Thread(target=_end_with_the_first, args=(heard,), daemon=True).start()


def _end_with_the_first(heard: connection.Connection) -> None:
    """Wait until the first process says so, or is no more."""
    first = multiprocessing.parent_process()
    assert first is not None
    connection.wait([first.sentinel, heard])
    os._exit(1)


def _make_given(group: Group) -> int:
    assert _own is not None
    try:
        return _make(*_own, group)
    except Exception as error:
        if _can_be_sent(error):
            raise
        raise RuntimeError(f"{type(error).__name__}: {error}") from None


def _can_be_sent(value: object) -> bool:
    """Whether another process can be given it: a class of one's own may not be known there, or not be made anew. It is
    this process's own object that is packed and unpacked; nothing is read."""
    try:
        pickle.loads(pickle.dumps(value))
    except Exception:
        return False
    return True


def _make(work: Work, given: dict[str, Any], group: Group) -> int:
    """Write the tables of a group to its file, and say how many they are."""
    import pyarrow

    file, parts = group
    unfinished = file.with_name(file.name + WRITING)
    writer = None
    with contextlib.ExitStack() as stack:
        for number, part in parts:
            table = work(part, number, **given).combine_chunks()
            with _told_of(file):
                if writer is None:
                    opened = stack.enter_context(pyarrow.OSFile(str(unfinished), "wb"))
                    writer = stack.enter_context(pyarrow.ipc.new_stream(opened, table.schema))
                # In one piece: random access looks for the piece, then for the row.
                writer.write_table(table)
    with _told_of(file):
        os.replace(unfinished, file)
    return len(parts)


@contextmanager
def _told_of(file: Path) -> Iterator[None]:
    """What cannot be written is the cache."""
    try:
        yield
    except OSError as error:
        raise cannot_write(file, error, place=ELSEWHERE) from error
