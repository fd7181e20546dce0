"""`seqgan headroom`: what a perfect use of a discriminator could gain, before an adversarial training begins."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro
from msgspec import Meta

from seqgan.cli.memory import Memory
from seqgan.cli.options import CommonFlags, Switch, check_flags, parse, run_or_newest, with_positional
from seqgan.settings.types import MOST, Count, Seed

if TYPE_CHECKING:
    from seqgan.evaluation.headroom import Headroom

DESCRIPTION = """\
What a discriminator knows that a run's generator does not, and what a perfect use of it would gain: the generator
stands still, a discriminator is trained against it to the end, and held-out text says how much likelier it is under
generator times discriminator. It is a lower estimate, for this discriminator: another one may know more. Minutes, where
an adversarial training takes hours."""


class HeadroomFlags(CommonFlags, frozen=True, kw_only=True):
    """What `seqgan headroom` takes."""

    run: Annotated[str | None, tyro.conf.arg(metavar="DIR")] = None
    """The run whose generator is looked at; by default the one under runs/ that was trained last. Of a run by
    --algo residual its own discriminator is used."""
    name: Annotated[str | None, tyro.conf.arg(metavar="NAME")] = None
    """The child run that has the discriminator, a folder in the run's; by default residual. It is made if it is not
    there, and gone on with if it is not at its end."""
    samples: Annotated[int, Meta(ge=100, le=MOST)] = 4000
    """Fresh samples of the generator; of a run of pairs 16 for each source, and as many sources as they suffice for."""
    discriminator: Annotated[str | None, tyro.conf.arg(metavar="NAME")] = None
    """The kind of the discriminator, where one is trained: cnn, bidirectional, transformer, ..."""
    rounds: Count = 0
    """Most rounds of its training; 0 for 200. It ends before, where held-out text says that it learns no more."""
    minutes: Annotated[float, Meta(ge=0), tyro.conf.arg(metavar="M")] = 0.0
    """After which its training leaves with the best discriminator so far; 0 lets it end by itself."""
    corpus: Annotated[str | None, tyro.conf.arg(metavar="NAME|FILE|FOLDER")] = None
    """Where the text of the run is now, if it was moved."""
    memory: Memory = 0.0
    """GiB that samples may take at once; 0 takes half of what is free."""
    seed: Seed = 0
    """Decides the samples."""
    json: Annotated[str | None, tyro.conf.arg(metavar="FILE|-")] = None
    """Write the numbers as JSON, - for standard output in place of the table."""
    overwrite: Switch = False
    """Replace a file that is there. What the command reads, and what belongs to a run, is never replaced."""


def main(arguments: Sequence[str]) -> None:
    """Parse, measure, answer with a table and a sentence."""
    arguments = with_positional(arguments, "--run")
    flags = check_flags(parse("headroom", DESCRIPTION, HeadroomFlags(), arguments))

    from seqgan.files import write_file
    from seqgan.jobs.headroom import headroom
    from seqgan.jobs.target import check_target
    from seqgan.runs.directory import open_run
    from seqgan.runs.reads import read_by
    from seqgan.training.engine import choose_device

    choose_device(flags.device)
    run = open_run(run_or_newest(flags.run, flags.progress))
    check_target("--json", flags.json, read_by(run), overwrite=flags.overwrite)
    if flags.run is None:
        flags.progress.note(f"Of {run.folder}, which was trained last.")
    found = headroom(
        run,
        name=flags.name,
        samples=flags.samples,
        discriminator=flags.discriminator,
        rounds=flags.rounds,
        minutes=flags.minutes,
        corpus=flags.corpus,
        device=flags.device,
        memory=flags.memory,
        seed=flags.seed,
        progress=flags.progress,
    )
    text = json.dumps(found.to_json(), indent=2) + "\n"
    if flags.json == "-":
        print(text, end="")
    else:
        print("\n".join(lines_of(found)))
    if flags.json not in (None, "-"):
        write_file(Path(flags.json), text)


def lines_of(found: "Headroom") -> list[str]:
    """The table, and the sentence below it."""
    rows = [
        ("told apart", "{:.1%}", found.told_apart),
        ("total variation, at least", "{:.4f}", found.total_variation),
        ("Jensen-Shannon, at least, nats", "{:.4f}", found.jensen_shannon),
        ("gain, nats a token", "{:.4f}", found.gain),
        ("perplexity, times", "{:.4f}", found.perplexity),
    ]
    lines = [f"{'held-out text':<32} {'value':>9}  95 % interval"]
    for what, form, (value, low, high) in rows:
        lines.append(f"{what:<32} {form.format(value):>9}  {form.format(low)} to {form.format(high)}")
    low, high = found.log_partition
    lines.append(f"{'log of the partition function':<32} {(low + high) / 2:>9.4f}  estimates {low:.4f} and {high:.4f}")
    lines.append(f"{'effective share of samples':<32} {found.effective:>9.3f}")
    return [*lines, "", found.sentence]
