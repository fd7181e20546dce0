"""Whether a text on the disk may be trained on: the one that was expected, of enough sentences, the same to the end."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from seqgan.data.cache import written_state
from seqgan.data.lines import count, ends_hint
from seqgan.data.scan import Scan
from seqgan.errors import CorpusError


def check_known(corpus: str, expected: str, found: str) -> None:
    """That a text is the one that was expected, where one was.

    Args:
        corpus: its name.
        expected: its fingerprint; empty where any text will do.
        found: the fingerprint of what was read.

    Raises:
        CorpusError: it is not.
    """
    if expected and expected != found:
        raise CorpusError(
            f"{corpus} is not the text that the run was trained on: its sentences, or their order, changed. "
            "Restore it, or pretrain a new run."
        )


def check_enough(corpus: str, scan: Scan, held_out: Sequence[str], *, drawn: bool) -> None:
    """That a text has two sentences at least and, where some of them are held out, two different ones.

    Args:
        corpus: its name.
        scan: what is known of it.
        held_out: its held-out sentences.
        drawn: they are of the text itself, and in no file of their own.

    Raises:
        CorpusError: it has not.
    """
    total = scan.sentences + (len(held_out) if drawn else 0)
    alike = drawn and len(scan.sample) == scan.sentences and len({*scan.sample, *held_out}) < 2
    if total < 2 or alike:
        found = count(total, "sentence" if drawn else "training sentence") + (", all alike" if total > 1 else "")
        raise CorpusError(
            f"{corpus}: {found}. Give at least two different ones, a sentence a line."
            f"{ends_hint(''.join([*scan.sample, *held_out][:1]))}"
        )
    if drawn and not (held_out and scan.sentences):
        raise CorpusError(
            f"{corpus}: of {count(total, 'sentence')} none was chosen to be held out, or all were. Name a file of "
            "held-out sentences with --valid, or leave data.streaming out."
        )


def is_still(paths: Sequence[Path], written: str) -> bool:
    """Whether the files are there with what was in them when `written_state` told it."""
    try:
        return written_state(paths) == written
    except OSError:
        return False


@contextmanager
def forgetting(folder: Path) -> Iterator[None]:
    """Within the block a text is read and asked whether it is the right one. Where it is not, what this reading left of
    it goes: its sentences may be nobody's business here. What was there before is of another reading, and stays.

    Args:
        folder: of the text's cache, locked.
    """
    before = set(folder.iterdir())
    try:
        yield
    except CorpusError:
        for path in set(folder.iterdir()) - before:
            with suppress(OSError):
                path.unlink()
        raise
