"""`seqgan sweep`: a search for good settings, by workers that share it, and what came of it."""

from collections.abc import Sequence
from typing import Annotated, Any

import tyro

from seqgan.cli.options import CommonFlags, Switch, check_flags, parse, refuse_together
from seqgan.errors import ConfigError
from seqgan.settings.types import Positive


class SweepFlags(CommonFlags, frozen=True, kw_only=True):
    """What `seqgan sweep` takes."""

    file: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="FILE.yaml|FILE.toml")] = ""
    """What is searched: command, config, space, objective, trials, seeds and more; see scripts/guides/sweeps.md."""
    folder: Annotated[str | None, tyro.conf.arg(metavar="DIR")] = None
    """The sweep's folder; by default sweeps/ and the file's name. A sweep that was begun there goes on."""
    workers: Annotated[Positive | None, tyro.conf.arg(metavar="N")] = None
    """Trials at a time, in place of the file's."""
    worker: Switch = False
    """Be one worker, here, until no trial is left to begin; start as many as you like, on any host."""
    detach: Switch = False
    """Start the workers and leave them to themselves."""
    retry: Switch = False
    """Replace trials that failed by others."""
    report: Switch = False
    """Train nothing; say what came of the trials so far, and write the page."""


def main(arguments: Sequence[str]) -> None:
    """Parse, check everything, search, compare."""
    about = (
        "Search settings: trials are trained by several workers at once, each with several seeds, and compared. The "
        "same command goes on with a sweep that was interrupted."
    )
    flags = check_flags(parse("sweep", about, SweepFlags(), arguments))
    for first, second in (("worker", "detach"), ("worker", "report"), ("detach", "report"), ("retry", "report")):
        refuse_together(flags, first, second)
    if not flags.file:
        raise ConfigError(
            "seqgan sweep needs a file that says what is searched: seqgan sweep FILE.yaml; scripts/guides/sweeps.md "
            "says what is in it."
        )

    from seqgan.jobs.sweep import start_sweep, sweep_settings, sweep_so_far, work_on_sweep

    names = ("folder", "workers", "retry", "device", "progress")
    how: dict[str, Any] = {name: getattr(flags, name) for name in names}
    if flags.worker:
        work_on_sweep(flags.file, **how)
        return
    if flags.detach:
        start_sweep(flags.file, **how)
        return
    swept = sweep_so_far(flags.file, flags.folder) if flags.report else sweep_settings(flags.file, **how)
    print(swept.table())
    swept.write_page(flags.progress)
