"""Reporting as a job: one self-contained page of one or several runs, or of a sweep."""

from collections.abc import Sequence
from pathlib import Path

from seqgan.files import write_file
from seqgan.jobs.target import check_target
from seqgan.reporting.figures import check_drawable
from seqgan.reporting.read import read_runs
from seqgan.reporting.run_page import run_page
from seqgan.reporting.sweep_page import sweep_page
from seqgan.runs.directory import is_run, open_run
from seqgan.runs.reads import read_by
from seqgan.sweeps.file import KEPT_NAME
from seqgan.sweeps.record import SweepRecord, is_sweep, read_record


def report(
    runs: Sequence[str | Path], output: str | Path | None = None, *, samples: int = 10, overwrite: bool = False
) -> Path:
    """Write one page with pictures, numbers, samples and settings, as `seqgan report` does. Nothing is trained.

    Args:
        runs: folders of runs, pretrained or adversarial, which are laid over one another; or the folder of one sweep.
        output: where to write the page; by default report.html in the first run's folder, or in the sweep's.
        samples: sentences that are shown of each kept checkpoint.
        overwrite: replace a file that is there.

    Returns:
        The page's file.

    Raises:
        ConfigError: matplotlib, which draws the pictures, is not installed; or the page may not be written there.
        SeqganError: a run or the sweep cannot be read.
    """
    check_drawable()
    read = read_by(*(open_run(folder) for folder in runs if is_run(Path(folder))))
    check_target("--output", None if output is None else str(output), read, overwrite=overwrite, page=True)
    if len(runs) == 1 and is_sweep(Path(runs[0])):
        folder = Path(runs[0])
        page = Path(output or folder / "report.html")
        write_sweep_page(folder, read_record(folder), page)
        return page
    content = run_page(read_runs([str(folder) for folder in runs], samples))
    page = Path(runs[0]) / "report.html" if output is None else Path(output)
    write_file(page, content)
    return page


def write_sweep_page(folder: Path, record: SweepRecord, target: Path) -> None:
    """The page of a sweep.

    Args:
        folder: of the sweep.
        record: what came of its trials.
        target: where to write it.
    """
    kept = (folder / KEPT_NAME).read_text(encoding="utf-8") if (folder / KEPT_NAME).is_file() else ""
    write_file(target, sweep_page(record, kept))
