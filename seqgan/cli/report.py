"""`seqgan report`: one self-contained page of one or several runs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import tyro
from msgspec import Meta

from seqgan.cli.options import CommonFlags, Switch, check_flags, check_target, parse


class ReportFlags(CommonFlags, frozen=True, kw_only=True):
    """What `seqgan report` takes."""

    runs: Annotated[tyro.conf.Positional[tuple[str, ...]], tyro.conf.arg(metavar="RUN...")] = ()
    """Folders of runs, pretrained or adversarial; several are laid over one another. Or the folder of one sweep."""
    output: Annotated[str | None, tyro.conf.arg(metavar="FILE.html")] = None
    """Where to write the page; by default report.html in the first run's folder."""
    samples: Annotated[int, Meta(ge=1)] = 10
    """Sentences that are shown of each kept checkpoint."""
    overwrite: Switch = False
    """Replace a file that is there. What the command reads, and what belongs to a run, is never replaced."""


def main(arguments: Sequence[str]) -> None:
    """Parse, read, draw, write."""
    about = "One page with pictures, numbers, samples and settings of one or several runs. Nothing is trained."
    flags = check_flags(parse("report", about, ReportFlags(), arguments))

    from seqgan.cli.sweep import write_page
    from seqgan.files import write_file
    from seqgan.reporting.figures import check_drawable
    from seqgan.reporting.read import read_runs
    from seqgan.reporting.run_page import run_page
    from seqgan.runs.directory import is_run, open_run
    from seqgan.runs.reads import read_by
    from seqgan.sweeps.record import is_sweep, read_record

    check_drawable()
    read = read_by(*(open_run(folder) for folder in flags.runs if is_run(Path(folder))))
    check_target("--output", flags.output, read, overwrite=flags.overwrite, page=True)
    if len(flags.runs) == 1 and is_sweep(Path(flags.runs[0])):
        folder = Path(flags.runs[0])
        page = Path(flags.output or folder / "report.html")
        write_page(folder, read_record(folder), page)
        flags.progress.note(f"Written: {page}")
        return
    runs = read_runs(flags.runs, flags.samples)
    target = Path(flags.runs[0]) / "report.html" if flags.output is None else Path(flags.output)
    write_file(target, run_page(runs))
    flags.progress.note(f"Written: {target}")
