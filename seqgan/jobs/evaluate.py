"""Evaluating as a job: the numbers of a run, or of a file of sentences, and the verdict on a run beside another."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from seqgan.errors import ConfigError, RunError
from seqgan.evaluation.temperatures import TEMPERATURES
from seqgan.files import write_file
from seqgan.jobs.compare import Compared, Comparison, check_has_controls, check_references, compare_runs
from seqgan.jobs.controls import parent_of
from seqgan.jobs.judge_file import judge_file
from seqgan.jobs.judge_runs import judge_runs
from seqgan.jobs.judging import Judging, at_place, check_judging, read_references
from seqgan.jobs.kept_report import asked_for, kept_report, with_those_before
from seqgan.jobs.load import LoadedRun
from seqgan.jobs.memory import holding_to
from seqgan.jobs.ranges import in_range
from seqgan.metrics import SPECIFICATION, Report, table
from seqgan.progress import SILENT, Progress, Shown, printable, progress_of
from seqgan.runs.directory import Run, open_run


class Judged(NamedTuple):
    """What came of it."""

    columns: Mapping[str, Report]
    """By what was judged: real text, the run that is compared with, and what was asked for, which is the last."""
    about: Mapping[str, Any]
    """What the JSON says of what was asked for."""
    lines: Sequence[str] = ()
    """What is said below the table of runs of pairs."""
    compared: Compared | None = None
    """The sweep over temperatures, and the verdict."""
    reports: Mapping[str, Path] = {}
    """The files that keep the runs' reports, by the runs' folders."""
    weights: Mapping[str, Mapping[str, Any]] = {}
    """By the runs' folders, what `runs.weights.said_of` said before they were read."""
    flags: Mapping[str, Any] = {}
    """What was asked for and decides the numbers."""

    @property
    def report(self) -> Report:
        """Of what was asked for."""
        return list(self.columns.values())[-1]

    def to_json(self) -> dict[str, Any]:
        """What `evaluate --json` says of it."""
        *others, main = self.columns
        content = {
            **self.about,
            **self.weights.get(main, {}),
            "specification": SPECIFICATION,
            "metrics": self.report.to_json(),
        }
        if others:
            content["compared"] = {name: self.columns[name].to_json() for name in others}
        if self.lines:
            content["comparisons"] = list(self.lines)
        return content if self.compared is None else content | self.compared.to_json()

    def page(self) -> str:
        """The table, and below it what else is said, with the sweep."""
        parts = [table({printable(name): report for name, report in self.columns.items()})]
        parts += map(printable, self.lines)
        return "\n\n".join([*parts, *([] if self.compared is None else [self.compared.page()])])

    def write(self, progress: Progress) -> None:
        """Keep it in the runs' folders; one that may not be written is only said."""
        for name, path in self.reports.items():
            content = kept_report(name, self.columns, self.flags, self.lines, self.weights[name])
            content = with_those_before(content, path, progress)
            try:
                write_file(path, json.dumps(content, indent=2) + "\n")
            except RunError as error:
                progress.note(f"{error} The numbers above are not kept in the run.")
        if self.compared is not None:
            self.compared.write(progress)


def evaluate(
    run: LoadedRun | Run | str | Path,
    *,
    references: Sequence[str] | None = None,
    corpus: str | None = None,
    count: int = 1000,
    draws: int = 0,
    beam: int | None = None,
    metrics: Sequence[str] = (),
    features: str = "lm",
    sacrebleu_tokenize: str | None = None,
    memory: float = 0.0,
    seed: int = 0,
    device: str = "auto",
    progress: Shown = None,
) -> Report:
    """The metric table of a run, as `seqgan evaluate --run RUN` prints it.

    Args:
        run: the run, its folder, or what `load` gave, whose players and text are then not read again.
        references: held-out sentences; by default the run's test split, or else its validation split.
        corpus: where the run's text is now, if it was moved. With references it need not be there at all.
        count: sentences to generate. Self-BLEU and others depend on it: compare at equal counts only.
        draws: of its noise, that a noisy generator's likelihood is averaged over; 0 for 2000, or 100 of one that steps.
        beam: of runs of pairs, how answers are found: 1, the default, takes the likeliest token at each step, more is a
            beam search, and 0 samples.
        metrics: only these, by their names in `METRICS` and others that `seqgan evaluate` knows; or ["all"].
        features: what makes vectors of sentences for frechet and mauve: "lm", "lm-last", "sentence-transformers:NAME".
        sacrebleu_tokenize: what sacreBLEU takes for tokens, of runs of pairs.
        memory: GiB that samples may take at once; 0 takes half of what is free.
        seed: of the samples.
        device: where to compute: auto, cpu, cuda, cuda:1, mps. A loaded run computes where it was loaded to.
        progress: where to report: False for nowhere; by default on a terminal and in a notebook.

    Returns:
        The report of the run; `report["bleu-4"].value` is a number. Nothing is written into the run.

    Raises:
        ConfigError: a number out of range, or something that this run has no part in.
        SeqganError: the run, or its text, cannot be read.
    """
    check_references(references)
    if isinstance(metrics, str):
        raise ConfigError(f"metrics is {metrics!r}, expected names in a list: [{metrics!r}].")
    asked = Judging(
        references=references,
        corpus=corpus,
        count=count,
        draws=draws,
        beam=beam,
        metrics=tuple(metrics),
        features=features,
        sacrebleu_tokenize=sacrebleu_tokenize,
        memory=memory,
        seed=seed,
        device=device,
    )
    return judge(in_range(asked), run, progress_of(progress)).report


def judge(asked: Judging, run: LoadedRun | Run | str | Path | None = None, progress: Progress = SILENT) -> Judged:
    """All that `seqgan evaluate` computes, of a run or of a file of samples.

    Args:
        asked: what, and how; ranges are checked already.
        run: the run to judge; None where a file of samples is judged.
        progress: where to report.

    Raises:
        ConfigError: what is asked does not go together, or has no meaning for this run.
        SeqganError: a run, a text or a file cannot be read.
    """
    if asked.samples is not None:
        check_judging(asked, None if run is None else _folder_of(run))
        return Judged(judge_file(asked, progress), {"samples": asked.samples})
    if run is None:
        raise ConfigError("There is nothing to judge: name a run, or a file of samples.")
    check_judging(asked, _folder_of(run))
    if asked.controls:
        asked = _with_parent(asked, run)
    with holding_to(asked.memory):
        of_runs = judge_runs(asked, run, progress)
        about = {"run": str(of_runs.run.folder), "checkpoint": of_runs.run.generator_path.name}
        wants_sweep = asked.compares() and of_runs.run.source_vocabulary is None
        compared = _compare_as_asked(of_runs.run.folder, asked, progress) if wants_sweep else None
    return Judged(of_runs.columns, about, of_runs.lines, compared, of_runs.reports, of_runs.weights, asked_for(asked))


def _folder_of(run: LoadedRun | Run | str | Path) -> str | Path:
    if isinstance(run, LoadedRun):
        run = run.run
    return run.folder if isinstance(run, Run) else run


def _with_parent(asked: Judging, run: LoadedRun | Run | str | Path) -> Judging:
    """The same, compared with the run that the judged one began with, where none is named; looked at before any work.

    Raises:
        ConfigError: it has no controls, and why.
        RunError: a run is not there.
    """
    judged = open_run(_folder_of(run))
    reference = parent_of(judged) if asked.compare is None else open_run(asked.compare)
    check_has_controls(judged, reference, [open_run(each) for each in asked.seeds_of])
    return msgspec.structs.replace(asked, compare=str(reference.folder))


def _compare_as_asked(folder: Path, asked: Judging, progress: Progress) -> Compared:
    """The sweep of a run, and the verdict on it if there is another to compare with."""
    references = None if asked.references is None else read_references(asked, progress)
    reference = None if asked.compare is None else open_run(asked.compare)
    judged = open_run(folder)
    seeds_of = [open_run(each) for each in asked.seeds_of]
    at_place([*seeds_of, *([reference] if reference is not None else []), judged], asked.corpus)
    settings = Comparison(
        sentences=asked.count,
        temperatures=asked.temperatures or TEMPERATURES,
        sets=asked.sets,
        seed=asked.seed,
        device=asked.device,
        references=references,
        equal_budget=asked.equal_budget,
        seeds_of=seeds_of,
        controls=asked.controls,
    )
    return compare_runs(judged, reference, settings, progress)
