"""Scoring as a job: how real each line of a text looks to a run's discriminator."""

import contextlib
import itertools
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from seqgan.data.reading import Read, read_text
from seqgan.data.stream import stream_lines
from seqgan.decoding.states import makes_all_at_once
from seqgan.discriminators.protocol import Discriminator
from seqgan.errors import ConfigError, CorpusError
from seqgan.evaluation.likelihood import sentence_likelihoods
from seqgan.evaluation.score import sequence_scores, token_scores
from seqgan.files import open_file
from seqgan.generators.protocol import Generator
from seqgan.objectives import ALGORITHMS
from seqgan.objectives.algorithm import only_compares
from seqgan.progress import SILENT, Progress
from seqgan.runs.directory import Run, open_run
from seqgan.runs.load import fixed_algorithm, load_discriminator, load_generator
from seqgan.training.engine import choose_device, device_of
from seqgan.training.rewards import is_per_token

BLOCK = 4096
"""Lines that are in memory at once."""


class Scorers(NamedTuple):
    """Who judges."""

    discriminator: Discriminator
    generator: Generator | None
    """For likelihoods; None where none are wanted."""
    per_token: bool
    """Whether the log-odds of prefixes are wanted."""


def score_run(
    run: Run | str | Path,
    file: str = "-",
    *,
    source: str | None = None,
    likelihood: bool = False,
    per_token: bool = False,
    device: str = "auto",
    progress: Progress = SILENT,
    bar: bool = True,
) -> Iterator[str]:
    """Each line of a text with its log-odds behind a tab, as `seqgan score` prints them, judged as they are asked for.

    Args:
        run: the run whose discriminator judges, or its folder.
        file: what to judge, a sentence a line, - for standard input; of runs of pairs source TAB target, or targets
            alone.
        source: a file of what the lines answer or translate, line by line.
        likelihood: one column more: the mean log-probability of a line's known tokens under the generator, in nats.
        per_token: one column more, the last: the log-odds of each prefix of the line.
        device: where to compute: auto, cpu, cuda, cuda:1, mps.
        progress: is told, at the end, what was met in the lines.
        bar: whether a bar shows how many lines are judged.

    Raises:
        RunError: the run has no discriminator.
        ConfigError: the run has not what is asked for.
        CorpusError: while lines are asked for: a file cannot be read, or a line is no pair.
    """
    opened_run = run if isinstance(run, Run) else open_run(run)
    if source is not None and opened_run.source_vocabulary is None:
        raise ConfigError(f"{opened_run.folder} was trained on plain text and reads no sources: leave out --source.")
    if file == source == "-":
        raise ConfigError("--input and --source are both standard input: give one of them as a file.")
    judges = _load_judges(opened_run, device, likelihood=likelihood, per_token=per_token)
    algorithm = opened_run.config.algorithm_name
    if only_compares(ALGORITHMS.get(algorithm or "")):
        progress.note(
            f"The critic of {algorithm} has no zero: of two lines, the one with the greater number looks more real."
        )
    if likelihood and fixed_algorithm(opened_run) is not None:
        progress.note(
            "Log-probabilities are those of the generator alone; under generator times discriminator they are greater "
            "by the log-odds beside them, less one number for all lines (of pairs: for all lines of a source)."
        )
    return _judged_lines(opened_run, judges, file, source, progress, progress if bar else SILENT)


def _load_judges(run: Run, device: str, *, likelihood: bool, per_token: bool) -> Scorers:
    """The run's players that are asked for, on the device."""
    place = choose_device(device)
    discriminator = load_discriminator(run).to(place)
    if per_token and not is_per_token(discriminator):
        raise ConfigError(
            f"The discriminator of {run.folder} has one logit a sentence: leave out --per-token, or train one with "
            "--discriminator rnn --discriminator.per-token."
        )
    generator = load_generator(run).to(place) if likelihood else None
    if generator is not None and makes_all_at_once(generator):
        raise ConfigError("This generator makes all positions at once and has no likelihood: leave out --likelihood.")
    return Scorers(discriminator, generator, per_token)


def _judged_lines(
    run: Run, judges: Scorers, file: str, source: str | None, progress: Progress, shown: Progress
) -> Iterator[str]:
    """Each line with its columns behind it, in order; at the end what was met is said."""
    reading, of_pairs = run.reading, run.source_vocabulary is not None
    named = source or file  # what is wrong with a pair that is read is its source
    name = "standard input" if named == "-" else named
    met = Read()
    first = 1
    with contextlib.ExitStack() as stack:
        advance = stack.enter_context(shown.bar("Lines judged", _lines_of(file)))
        for block in _blocks(_pairs_of(file, source, stack) if of_pairs else _plain(file, stack)):
            columns, read = _judge(block, run, judges, name, first)
            yield from columns
            met, first = met.plus(read), first + len(block)
            advance(len(block))
        for note in met.notes(reading.max_length, reading.max_source_length):
            progress.note(note)


def _judge(
    block: list[tuple[str, str | None, str]], run: Run, judges: Scorers, name: str, first: int
) -> tuple[list[str], Read]:
    """Some lines with their columns, and what was met in them.

    Args:
        block: of each line the sentence, its source, and how the line is written out.
        run: whose text it is.
        judges: the run's.
        name: of the file; of pairs in two files, of that of the sources.
        first: the number of the block's first line there.
    """
    sentences = [sentence for sentence, _, _ in block]
    sources = None if run.source_vocabulary is None else [source or "" for _, source, _ in block]
    sequences, read = read_text(run.reading, sentences, sources, name=name, first=first)
    sequences = sequences.to(device_of(judges.discriminator))
    columns = [[shown] for _, _, shown in block]
    for column, score in zip(columns, sequence_scores(judges.discriminator, sequences).tolist(), strict=True):
        column.append(f"{score:.4f}")
    if judges.generator is not None:
        log_probs, tokens = sentence_likelihoods(judges.generator, sequences, run.vocabulary.unknown)
        for column, value in zip(columns, (log_probs / tokens).tolist(), strict=True):
            column.append(f"{value:.4f}")  # nan where no token is known
    if judges.per_token:
        for column, values in zip(columns, token_scores(judges.discriminator, sequences), strict=True):
            column.append(" ".join(f"{value:.4f}" for value in values))
    return ["\t".join(column) for column in columns], read


def _plain(file: str, stack: contextlib.ExitStack) -> Iterator[tuple[str, str | None, str]]:
    """Of each line the sentence, no source, and the line."""
    for line in _opened(file, stack):
        yield line, None, line


def _pairs_of(
    file: str, file_of_sources: str | None, stack: contextlib.ExitStack
) -> Iterator[tuple[str, str | None, str]]:
    """Of each line the target, the source, and both as they are written out.

    Raises:
        CorpusError: a line is no pair, or the two files have not as many lines.
    """
    name = "standard input" if file == "-" else file
    if file_of_sources is not None:
        targets, sources = _opened(file, stack), _opened(file_of_sources, stack)
        for number, (source, target) in enumerate(itertools.zip_longest(sources, targets), start=1):
            if source is None or target is None:
                short = file_of_sources if source is None else name
                raise CorpusError(f"{short} ends before line {number}, and the other file goes on: align the two.")
            yield target, source, f"{source}\t{target}"
        return
    for number, line in enumerate(_opened(file, stack, "\0"), start=1):
        source, *rest = line.split("\t")
        if len(rest) != 1:
            raise CorpusError(
                f"{name}, line {number}: {len(rest)} tabs, but source TAB target was expected. Or give the sources in "
                "a file of their own, with --source."
            )
        yield rest[0], source, line


def _lines_of(name: str) -> int | None:
    """How many a file has; None of standard input, or where there is none to read, which is said when it is opened."""
    if name == "-":
        return None
    try:
        with open_file(Path(name)) as file:
            ends, last = 0, b""
            while part := file.read(2**20):
                ends, last = ends + part.count(b"\n"), part
    except OSError:
        return None
    return ends + (not last.endswith(b"\n"))


def _opened(name: str, stack: contextlib.ExitStack, refused: str = "\0\t") -> Iterator[str]:
    """The lines of a file, or of standard input.

    Raises:
        CorpusError: it cannot be opened.
    """
    file: BinaryIO = sys.stdin.buffer
    if name != "-":
        try:
            file = stack.enter_context(open_file(Path(name)))
        except OSError as error:
            raise CorpusError(
                f"{name} cannot be read: {error.strerror}. Give a text file with a line each, or - for standard input."
            ) from error
    return stream_lines(file, "standard input" if name == "-" else name, refused)


def _blocks(lines: Iterable[tuple[str, str | None, str]]) -> Iterator[list[tuple[str, str | None, str]]]:
    """`BLOCK` of them after the others."""
    iterator = iter(lines)
    while block := list(itertools.islice(iterator, BLOCK)):
        yield block
