"""`seqgan report`: one self-contained page of one or several runs."""

from collections.abc import Sequence
from typing import Annotated

import tyro
from msgspec import Meta

from seqgan.cli.options import CommonFlags, Switch, check_flags, parse


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

    from seqgan.jobs.report import report

    page = report(flags.runs, flags.output, samples=flags.samples, overwrite=flags.overwrite)
    flags.progress.note(f"Written: {page}")
