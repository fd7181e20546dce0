"""The flags of `seqgan evaluate` that are of the sweep over temperatures and the verdict."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from seqgan.errors import ConfigError

if TYPE_CHECKING:
    from seqgan.cli.evaluate import EvaluateFlags
    from seqgan.jobs.compare import Compared


def check_comparison(flags: "EvaluateFlags") -> None:
    """That the flags of sweep and verdict go together, and that the runs are there; asked before the work.

    Raises:
        ConfigError: they do not, and why.
        RunError: a run is not there.
    """
    if flags.samples is not None and flags.temperatures:
        raise ConfigError("--temperatures is of runs, and --samples judges a file, whose sentences are as they are.")
    if flags.seeds_of and flags.compare is None:
        raise ConfigError("--seeds-of adds runs to a verdict: name the run to beat with --compare.")
    if flags.table_only and (flags.temperatures or flags.seeds_of):
        raise ConfigError("--table-only leaves out what --temperatures and --seeds-of are of: give one or the other.")
    if compares(flags) or flags.equal_budget != "updates":  # the default, which needs no look
        from seqgan.jobs.compare import check_equal_budget

        check_equal_budget(flags.equal_budget, "--equal-budget")
    if compares(flags):
        from seqgan.evaluation.sweep import check_sweep
        from seqgan.runs.directory import open_run

        check_sweep(flags.temperatures or (1.0,), flags.count, flags.sets)
        folders = [open_run(folder).folder.resolve() for folder in (*flags.seeds_of, flags.run) if folder is not None]
        if len(set(folders)) < len(folders):
            raise ConfigError("--seeds-of names a run twice, or the one of --run: give each once.")


def compares(flags: "EvaluateFlags") -> bool:
    """Whether a sweep is asked for."""
    return flags.samples is None and not flags.table_only and bool(flags.compare or flags.temperatures)


def compare_as_asked(run: str, flags: "EvaluateFlags", references: Sequence[str] | None) -> "Compared":
    """The sweep of a run, and the verdict on it if there is another to compare with."""
    from seqgan.cli.evaluate import at_place
    from seqgan.evaluation.sweep import TEMPERATURES
    from seqgan.jobs.compare import Comparison, compare_runs
    from seqgan.runs.directory import open_run

    reference = None if flags.compare is None else open_run(flags.compare)
    judged = open_run(run)
    seeds_of = [open_run(folder) for folder in flags.seeds_of]
    at_place([*seeds_of, *([reference] if reference is not None else []), judged], flags.corpus)
    settings = Comparison(
        sentences=flags.count,
        temperatures=flags.temperatures or TEMPERATURES,
        sets=flags.sets,
        seed=flags.seed,
        device=flags.device,
        references=references,
        equal_budget=flags.equal_budget,
        seeds_of=seeds_of,
    )
    return compare_runs(judged, reference, settings, flags.progress)
