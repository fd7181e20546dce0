"""What is kept of very many steps, so that the log, the samples and the messages of a million of them stay small.

Each is a function of the step alone, or of the step and the settings: a resumed run keeps what the unbroken one keeps.
"""

import re
from pathlib import Path

LOGGED_ALL = 10_000
"""Up to this step each has its line; then one in ten, after ten times as many one in a hundred, and so on."""
SHOWN = 200
"""Lines of one phase that the reader is shown, about."""
SAMPLES = 100
"""Of an evaluation's files of samples as many of the newest are kept, and between one and two times as many others."""


def is_logged(step: int) -> bool:
    """Whether a round without an evaluation has a line in the log. Ten million of them have 37,000."""
    every, bound = 1, LOGGED_ALL
    while step > bound:
        every, bound = every * 10, bound * 10
    return step % every == 0


def is_shown(step: int, steps: int, every: int = 1) -> bool:
    """Whether a line, of which there is one each `every` of `steps`, is for the reader: the first, some, the last."""
    number, total = step // every, steps // every
    return number <= 10 or step == steps or number % (1 + total // SHOWN) == 0


def thin_samples(folder: Path, step: int, every: int) -> None:
    """Delete files of samples that are too many.

    Kept are the newest, and of those before one in two, in four, in eight, ...: what a later step keeps was kept by
    all before it.

    Args:
        folder: holds `round-N.txt`, or `.tsv`.
        step: the round that was last evaluated.
        every: rounds between two evaluations.
    """
    newest = step // every - SAMPLES
    if newest <= 0 or not folder.is_dir():
        return
    stride = 1
    while step // every > 2 * SAMPLES * stride:
        stride *= 2
    for path in folder.iterdir():
        found = re.fullmatch(r"round-(\d+)\.(txt|tsv)", path.name)
        if found and int(found[1]) <= newest * every and int(found[1]) % (every * stride):
            path.unlink(missing_ok=True)
