"""`seqgan score`: how real each line of a text looks to a run's discriminator."""

import contextlib
import itertools
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, NamedTuple, TextIO

import tyro

from seqgan.cli.options import CommonFlags, Switch, check_flags, check_target, parse, with_positional
from seqgan.errors import ConfigError, CorpusError
from seqgan.progress import SILENT, printable

if TYPE_CHECKING:
    from seqgan.data.reading import Read
    from seqgan.discriminators.protocol import Discriminator
    from seqgan.generators.protocol import Generator
    from seqgan.runs.directory import Run

BLOCK = 4096
"""Lines that are in memory at once."""
DESCRIPTION = """\
How real each line of a text looks to a run's discriminator: the line, a tab, and the log-odds that the discriminator
gives it. 0 is undecided, above 0 leans to real text; of algorithms that compare, such as wgan-gp, relgan and gad, only
the order means something. They are this discriminator's, which learnt to tell its training
text from its own generator's samples: compare lines with one another under one run, not numbers across runs, and take
them for no probability that a person wrote a line."""


class ScoreFlags(CommonFlags, frozen=True, kw_only=True):
    """What `seqgan score` takes."""

    run: Annotated[str | None, tyro.conf.arg(metavar="DIR")] = None
    """The adversarial run whose discriminator judges."""
    input: Annotated[str, tyro.conf.arg(metavar="FILE|-")] = "-"
    """What to judge, a sentence a line, - for standard input. For runs of pairs source TAB target; or targets alone,
    with --source. There is a line out for each line in: a blank one is judged as an empty sentence, one that is too
    long by its first tokens, and standard error says how many."""
    source: Annotated[str | None, tyro.conf.arg(metavar="FILE")] = None
    """What the lines answer or translate, line by line."""
    likelihood: Switch = False
    """One column more: the mean log-probability of a line's known tokens under the run's generator, in nats."""
    per_token: Switch = False
    """One column more, the last: the log-odds of each prefix of the line, the end symbol's behind the others. For
    discriminators that have been trained with a logit per token."""
    output: Annotated[str | None, tyro.conf.arg(metavar="FILE")] = None
    """Where to write; by default standard output."""
    overwrite: Switch = False
    """Replace a file that is there. What the command reads, and what belongs to a run, is never replaced."""


class Judges(NamedTuple):
    """Who judges."""

    discriminator: "Discriminator"
    generator: "Generator | None"
    """For likelihoods; None where none are wanted."""
    per_token: bool
    """Whether the log-odds of prefixes are wanted."""


def main(arguments: Sequence[str]) -> None:
    """Parse, load, judge line by line."""
    arguments = with_positional(arguments, "--run")
    flags = check_flags(parse("score", DESCRIPTION, ScoreFlags(), arguments))
    if flags.run is None:
        raise ConfigError("Which discriminator judges? Name an adversarial run with --run DIR.")

    from seqgan.files import write_with
    from seqgan.objectives import ALGORITHMS
    from seqgan.objectives.algorithm import only_compares
    from seqgan.runs.directory import open_run
    from seqgan.runs.reads import read_by

    run = open_run(flags.run)
    read = {"--input": flags.input, "--source": flags.source, **read_by(run)}
    check_target("--output", flags.output, read, overwrite=flags.overwrite)
    if flags.source is not None and run.source_vocabulary is None:
        raise ConfigError(f"{run.folder} was trained on plain text and reads no sources: leave out --source.")
    if flags.input == flags.source == "-":
        raise ConfigError("--input and --source are both standard input: give one of them as a file.")
    judges = load_judges(flags, run)
    algorithm = run.config.algorithm_name
    if only_compares(ALGORITHMS.get(algorithm or "")):
        flags.progress.note(
            f"The critic of {algorithm} has no zero: of two lines, the one with the greater number looks more real."
        )
    with contextlib.ExitStack() as stack:
        lines = judged_lines(flags, run, judges, stack)
        if flags.output is not None:
            write_with(Path(flags.output), lambda temporary: write_lines(temporary, lines))
            return
        to_terminal = sys.stdout.isatty()
        for line in lines:
            print("\t".join(printable(part) for part in line.split("\t")) if to_terminal else line)


def load_judges(flags: ScoreFlags, run: "Run") -> Judges:
    """The run's players that the flags ask for, on the device.

    Raises:
        RunError: the run has no discriminator.
        ConfigError: it has not what the flags ask for.
    """
    from seqgan.decoding.states import makes_all_at_once
    from seqgan.runs.load import load_discriminator, load_generator
    from seqgan.training.engine import choose_device
    from seqgan.training.rewards import is_per_token

    device = choose_device(flags.device)
    discriminator = load_discriminator(run).to(device)
    if flags.per_token and not is_per_token(discriminator):
        raise ConfigError(
            f"The discriminator of {run.folder} has one logit a sentence: leave out --per-token, or train one with "
            "--discriminator rnn --discriminator.per-token."
        )
    generator = load_generator(run).to(device) if flags.likelihood else None
    if generator is not None and makes_all_at_once(generator):
        raise ConfigError("This generator makes all positions at once and has no likelihood: leave out --likelihood.")
    return Judges(discriminator, generator, flags.per_token)


def judged_lines(flags: ScoreFlags, run: "Run", judges: Judges, stack: contextlib.ExitStack) -> Iterator[str]:
    """Each line with its columns behind it, in order; at the end what was met is said.

    Args:
        flags: of the command.
        run: whose text it is.
        judges: the run's.
        stack: closes the files.
    """
    from seqgan.data.reading import Read

    reading, of_pairs = run.reading, run.source_vocabulary is not None
    named = flags.source or flags.input  # what is wrong with a pair that is read is its source
    name = "standard input" if named == "-" else named
    met = Read()
    first = 1
    # Lines that appear on the terminal are progress enough, and a bar would be among them.
    shown = flags.progress if flags.output is not None or not sys.stdout.isatty() else SILENT
    advance = stack.enter_context(shown.bar("Lines judged", lines_of(flags.input)))
    for block in blocks(pairs_of(flags, stack) if of_pairs else plain(flags, stack)):
        columns, read = judge(block, run, judges, name, first)
        yield from columns
        met, first = met.plus(read), first + len(block)
        advance(len(block))
    for note in met.notes(reading.max_length, reading.max_source_length):
        flags.progress.note(note)


def judge(
    block: list[tuple[str, str | None, str]], run: "Run", judges: Judges, name: str, first: int
) -> tuple[list[str], "Read"]:
    """Some lines with their columns, and what was met in them.

    Args:
        block: of each line the sentence, its source, and how the line is written out.
        run: whose text it is.
        judges: the run's.
        name: of the file; of pairs in two files, of that of the sources.
        first: the number of the block's first line there.
    """
    from seqgan.data.reading import read_text
    from seqgan.evaluation.likelihood import sentence_likelihoods
    from seqgan.evaluation.score import sequence_scores, token_scores
    from seqgan.training.engine import device_of

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


def plain(flags: ScoreFlags, stack: contextlib.ExitStack) -> Iterator[tuple[str, str | None, str]]:
    """Of each line the sentence, no source, and the line."""
    for line in opened(flags.input, stack):
        yield line, None, line


def pairs_of(flags: ScoreFlags, stack: contextlib.ExitStack) -> Iterator[tuple[str, str | None, str]]:
    """Of each line the target, the source, and both as they are written out.

    Raises:
        CorpusError: a line is no pair, or the two files have not as many lines.
    """
    name = "standard input" if flags.input == "-" else flags.input
    if flags.source is not None:
        targets, sources = opened(flags.input, stack), opened(flags.source, stack)
        for number, (source, target) in enumerate(itertools.zip_longest(sources, targets), start=1):
            if source is None or target is None:
                short = flags.source if source is None else name
                raise CorpusError(f"{short} ends before line {number}, and the other file goes on: align the two.")
            yield target, source, f"{source}\t{target}"
        return
    for number, line in enumerate(opened(flags.input, stack, "\0"), start=1):
        source, *rest = line.split("\t")
        if len(rest) != 1:
            raise CorpusError(
                f"{name}, line {number}: {len(rest)} tabs, but source TAB target was expected. Or give the sources in "
                "a file of their own, with --source."
            )
        yield rest[0], source, line


def lines_of(name: str) -> int | None:
    """How many a file has; None of standard input, or where there is none to read, which is said when it is opened."""
    from seqgan.files import open_file

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


def opened(name: str, stack: contextlib.ExitStack, refused: str = "\0\t") -> Iterator[str]:
    """The lines of a file, or of standard input.

    Raises:
        CorpusError: it cannot be opened.
    """
    from seqgan.data.stream import stream_lines
    from seqgan.files import open_file

    file: BinaryIO = sys.stdin.buffer
    if name != "-":
        try:
            file = stack.enter_context(open_file(Path(name)))
        except OSError as error:
            raise CorpusError(
                f"{name} cannot be read: {error.strerror}. Give a text file with a line each, or - for standard input."
            ) from error
    return stream_lines(file, "standard input" if name == "-" else name, refused)


def blocks(lines: Iterable[tuple[str, str | None, str]]) -> Iterator[list[tuple[str, str | None, str]]]:
    """`BLOCK` of them after the others."""
    iterator = iter(lines)
    while block := list(itertools.islice(iterator, BLOCK)):
        yield block


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """One after the other into a file."""
    file: TextIO
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        for line in lines:
            file.write(f"{line}\n")
