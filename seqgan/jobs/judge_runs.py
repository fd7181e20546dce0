"""The metric table of a run, beside real text and another run's."""

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from seqgan.data.lines import count
from seqgan.data.text import Text
from seqgan.errors import ConfigError
from seqgan.evaluation.evaluate import (
    ALL,
    Held,
    chosen_families,
    evaluate_generator,
    grammar_of,
    held_out,
    judge_real,
    needing,
    usual_families,
)
from seqgan.evaluation.trained import Judges
from seqgan.jobs.judge_pairs import judge_pair_runs
from seqgan.jobs.judging import Judging, at_place, note_unequal, read_references, without_those_of_more
from seqgan.jobs.load import LoadedRun
from seqgan.jobs.memory import check_memory
from seqgan.metrics import Report
from seqgan.progress import Progress
from seqgan.runs.directory import Run, open_run
from seqgan.runs.load import fixed_algorithm, load_text, load_text_or_none
from seqgan.runs.weights import said_of
from seqgan.training.engine import choose_device


class OfRuns(NamedTuple):
    """What came of it."""

    run: Run
    """The one that was asked for."""
    columns: Mapping[str, Report]
    """By what was judged; the run that was asked for last."""
    lines: Sequence[str]
    """What is said below the table of runs of pairs."""
    reports: Mapping[str, Path]
    """The files that keep the runs' reports, by their folders."""
    weights: Mapping[str, Mapping[str, Any]]
    """By the runs' folders, what `runs.weights.said_of` said before they were read."""


def judge_runs(asked: Judging, run: LoadedRun | Run | str | Path, progress: Progress) -> OfRuns:
    """The reports of real text, the run to compare with, and the run.

    Args:
        asked: checked.
        run: the run to judge.
        progress: where to report.

    Raises:
        ConfigError: what is asked has no meaning for these runs.
        SeqganError: a run or its text cannot be read.
    """
    choose_device(asked.device)
    players = [_loaded(run, asked)]
    if asked.compare is not None:
        players.insert(0, _loaded(asked.compare, asked))
    runs = [each.run for each in players]
    at_place(runs, asked.corpus)
    # Before they are read: what changes them in the meantime is then told.
    weights = {str(each.folder): said_of(each, runs[:-1] if each is runs[-1] else ()) for each in runs}
    if len({str(each.folder.resolve()) for each in runs}) < len(runs):
        raise ConfigError(f"--compare names the run itself, {runs[-1].folder}: name another.")
    check_memory(asked.memory, runs)
    for each in players:
        _ = each.generator  # before the work: they may be damaged
    paired = [each.source_vocabulary is not None for each in runs]
    if any(paired):
        if not all(paired):
            raise ConfigError(
                "One of --run and --compare is a run of pairs, and the other one of plain text: name two alike."
            )
        columns, lines = judge_pair_runs(asked, players, progress)
    else:
        columns, lines = _judge_plain_runs(asked, players, progress), []
    return OfRuns(runs[-1], columns, lines, {str(each.folder): each.report_path for each in runs}, weights)


def _loaded(run: LoadedRun | Run | str | Path, asked: Judging) -> LoadedRun:
    """The run with its players. One that was opened before is left as it is, wherever its text is looked for."""
    if isinstance(run, LoadedRun):
        return run if asked.corpus is None else LoadedRun(copy.copy(run.run), str(run.device))
    return LoadedRun(copy.copy(run) if isinstance(run, Run) else open_run(run), asked.device)


def _judge_plain_runs(asked: Judging, players: Sequence[LoadedRun], progress: Progress) -> dict[str, Report]:
    if asked.beam is not None:
        raise ConfigError("--beam is of runs of pairs; of plain text, samples are judged.")
    if asked.sacrebleu_tokenize is not None:
        raise ConfigError("--sacrebleu-tokenize is of runs of pairs and of --samples; this run has no references each.")
    judges = Judges(asked.features, progress=progress)
    for family in needing("aligned", asked.metrics):
        raise ConfigError(f"{family} takes a reference for each sample, which only --samples can have.")
    columns: dict[str, Report] = {}
    for each in players:
        text = _text_of(each, asked, progress)
        held = held_out(text)
        there = bool(text.corpus.train)
        if not there and ALL in asked.metrics:
            raise ConfigError(
                "--metrics all takes the training sentences, which are not there: name metrics, or give --corpus."
            )
        references = held.references if asked.references is None else read_references(asked, progress)
        known = {"model": True, "references": True, "training": there, "grammar": grammar_of(text) is not None}
        families = chosen_families(asked.metrics, **known) or usual_families(model=True)
        families = without_those_of_more(asked.metrics, families, min(asked.count, len(references)), progress)
        if not columns:
            _say_what_is_compared_with(asked, players, text, held, families, progress)
        if not columns and there:
            _note_real(asked, text, held, references, progress)
            real = judge_real(text, references, asked.count, families, asked.seed, judges=judges)
            if len(real):  # a likelihood is a generator's alone
                columns["real text"] = real
        folder = each.run.folder
        progress.note(f"Judging {asked.count:,} samples of {folder} against {count(len(references), 'sentence')}.")
        columns[str(folder)] = evaluate_generator(
            each.generator,
            text,
            asked.count,
            seed=asked.seed,
            references=references,
            families=families,
            draws=asked.draws,
            progress=progress,
            judges=judges,
        )
    return columns


def _text_of(player: LoadedRun, asked: Judging, progress: Progress) -> Text:
    """The run's text; where references were given, without sentences if it is gone."""
    if "text" in vars(player):  # read before
        return player.text
    return load_text(player.run, progress) if asked.references is None else load_text_or_none(player.run, progress)


def _say_what_is_compared_with(
    asked: Judging,
    players: Sequence[LoadedRun],
    text: Text,
    held: Held,
    families: Sequence[str],
    progress: Progress,
) -> None:
    """Where the usual text to compare with is not there, or not all of it."""
    if held.split == "valid" and asked.references is None:
        progress.note("The corpus has no test text: judged against its validation text, which decided when to stop.")
        if any(fixed_algorithm(each.run) is not None for each in players):
            progress.note("Half of it stopped and scaled the discriminator, too: seqgan headroom leaves that half out.")
    sampled = len(text.corpus.train)
    if sampled < text.train.sentences and needing("training", families):
        progress.note(
            f"The training text is on the disk: a sample of {sampled:,} of its {text.train.sentences:,} sentences "
            "stands for it in what is compared with it."
        )


def _note_real(asked: Judging, text: Text, held: Held, references: Sequence[str], progress: Progress) -> None:
    """Which real sentences are judged."""
    wanted = min(asked.count, len(held.real) + len(text.corpus.train))
    drawn = max(0, wanted - len(held.real))
    among = f", {drawn:,} of them training sentences," if drawn else ""
    note_unequal(wanted, asked.count, progress, drawn=True)
    progress.note(f"Judging {wanted:,} real sentences{among} against {count(len(references), 'other')}.")
