"""`seqgan score`: how real each line of a text looks to a run's discriminator."""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, TextIO

import tyro

from seqgan.cli.options import CommonFlags, Switch, check_flags, parse, with_positional
from seqgan.errors import ConfigError
from seqgan.progress import printable

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


def main(arguments: Sequence[str]) -> None:
    """Parse, load, judge line by line."""
    arguments = with_positional(arguments, "--run")
    flags = check_flags(parse("score", DESCRIPTION, ScoreFlags(), arguments))
    if flags.run is None:
        raise ConfigError("Which discriminator judges? Name an adversarial run with --run DIR.")

    from seqgan.files import write_with
    from seqgan.jobs.score import score_run
    from seqgan.jobs.target import check_target
    from seqgan.runs.directory import open_run
    from seqgan.runs.reads import read_by

    run = open_run(flags.run)
    read = {"--input": flags.input, "--source": flags.source, **read_by(run)}
    check_target("--output", flags.output, read, overwrite=flags.overwrite)
    to_terminal = sys.stdout.isatty()
    lines = score_run(
        run,
        flags.input,
        source=flags.source,
        likelihood=flags.likelihood,
        per_token=flags.per_token,
        device=flags.device,
        progress=flags.progress,
        # Lines that appear on the terminal are progress enough, and a bar would be among them.
        bar=flags.output is not None or not to_terminal,
    )
    if flags.output is not None:
        write_with(Path(flags.output), lambda temporary: write_lines(temporary, lines))
        return
    for line in lines:
        print("\t".join(printable(part) for part in line.split("\t")) if to_terminal else line)


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """One after the other into a file."""
    file: TextIO
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        for line in lines:
            file.write(f"{line}\n")
