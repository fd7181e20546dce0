"""`seqgan sample`: sentences from a run, one a line; of pairs, answers to the lines of a file."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro
from msgspec import Meta

from seqgan.cli.memory import Memory
from seqgan.cli.options import CommonFlags, Switch, check_flags, parse, run_or_newest, with_positional
from seqgan.progress import printable
from seqgan.settings.types import MOST, Seed

if TYPE_CHECKING:
    from seqgan.runs.directory import Run


class SampleFlags(CommonFlags, frozen=True, kw_only=True):
    """What `seqgan sample` takes."""

    run: Annotated[str | None, tyro.conf.arg(metavar="DIR")] = None
    """The run to sample from, pretrained or adversarial; by default the one under runs/ that was trained last."""
    count: Annotated[int, Meta(ge=1, le=MOST)] | None = None
    """How many sentences: by default 20. Of pairs there is one for each source."""
    source: Annotated[str | None, tyro.conf.arg(metavar="FILE|-")] = None
    """What to answer or translate, a source a line, - for standard input; of pairs in FILE.tsv their sources. Needed by
    runs of pairs."""
    beam: Annotated[int, Meta(ge=1, le=1000)] | None = None
    """Search for the likeliest sentences with so many hypotheses, in place of drawing them; 1 takes the likeliest token
    at each step. For pairs 5 is usual."""
    n_best: Annotated[int, Meta(ge=1, le=MOST)] = 1
    """Answers to each source, below one another: the best of the beam, or as many draws."""
    length_penalty: Annotated[float, Meta(ge=0)] | None = None
    """How much a beam of 2 or more favours length: scores are divided by ((5 + length) / 6) to this power, by default
    0.6."""
    best_of: Annotated[int, Meta(ge=1, le=100_000)] | None = None
    """Of an adversarial run: draw so many for each sentence, or for each source, and keep the one that its
    discriminator finds most real. What is kept is less diverse than samples are, the more so the greater the number."""
    resample: Annotated[int, Meta(ge=1, le=100_000)] | None = None
    """Of a run by --algo residual: draw so many for each sentence, or for each source, and take one by its odds, which
    is a sample of generator times discriminator, the more exactly the greater the number; by default as the run was
    made. 1 draws from the generator alone."""
    tau: Annotated[float, Meta(gt=0)] | None = None
    """What log-odds are divided by when one is taken by them: 1 samples that model, near 0 the most real is taken."""
    guide: Annotated[int, Meta(ge=1, le=MOST)] | None = None
    """Of a run by --algo residual with a discriminator of prefixes (--discriminator rnn --discriminator.per-token): let
    it have its say in each next token, among so many of the likeliest ones, in place of resampling. 20 to 50 are usual;
    all of the vocabulary is exact."""
    guide_weight: Annotated[float, Meta(ge=0)] | None = None
    """How much its say counts, by default 1: 0 is the generator alone, above 1 is the further from it."""
    scores: Switch = False
    """Behind each sentence a tab and its log-odds, as `seqgan score` gives them."""
    seed: Seed = 0
    """Another seed, other sentences."""
    temperature: Annotated[float, Meta(gt=0)] = 1.0
    """Below 1 sharpens, above 1 flattens; at 1 the samples are the model's own."""
    top_k: Annotated[int, Meta(ge=0)] = 0
    """Draw from this many likeliest tokens only; 0 from all."""
    top_p: Annotated[float, Meta(gt=0, le=1)] = 1.0
    """Draw from the likeliest tokens that together have this probability."""
    memory: Memory = 0.0
    """GiB that samples may take at once; with less there are more passes. 0 takes half of what is free. How the passes
    are cut decides the random numbers: the same samples come of the same seed and the same memory."""
    prefix: Annotated[str | None, tyro.conf.arg(metavar="TEXT")] = None
    """What every sentence begins with."""
    all_symbols: Switch = False
    """Draw, or search among, all symbols: also the unknown one, written <unk>, and those that the training text never
    has, such as single bytes of a tokenizer of subwords."""
    output: Annotated[str | None, tyro.conf.arg(metavar="FILE")] = None
    """Where to write; by default standard output."""
    overwrite: Switch = False
    """Replace a file that is there. What the command reads, and what belongs to a run, is never replaced."""


def main(arguments: Sequence[str]) -> None:
    """Parse, load, sample, print."""
    arguments = with_positional(arguments, "--run")
    flags = check_flags(parse("sample", "Sentences from a run, one a line.", SampleFlags(), arguments))

    from seqgan.files import write_file
    from seqgan.jobs.sample import Sampling, sample_run
    from seqgan.jobs.target import check_target
    from seqgan.runs.directory import open_run
    from seqgan.runs.reads import read_by
    from seqgan.training.engine import choose_device

    choose_device(flags.device)
    run = open_run(run_or_newest(flags.run, flags.progress))
    check_target("--output", flags.output, {"--source": flags.source, **read_by(run)}, overwrite=flags.overwrite)
    if flags.run is None:
        flags.progress.note(f"From {run.folder}, which was trained last: {how_trained(run)}.")
    asked = {name: getattr(flags, name) for name in Sampling.__struct_fields__}
    sentences = sample_run(run, progress=flags.progress, **asked)
    if flags.output is not None:
        write_file(Path(flags.output), "".join(f"{sentence}\n" for sentence in sentences))
        return
    to_terminal = sys.stdout.isatty()
    for sentence in sentences:
        # A tab stands before a score and nowhere else.
        print("\t".join(map(printable, sentence.split("\t"))) if to_terminal else sentence)


def how_trained(run: "Run") -> str:
    """By what, in words."""
    return run.config.algorithm_name or "maximum likelihood"
