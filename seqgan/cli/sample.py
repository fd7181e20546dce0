"""`seqgan sample`: sentences from a run, one a line."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import tyro
from msgspec import Meta

from seqgan.cli.options import CommonFlags, check_flags, check_target, parse
from seqgan.config import Seed
from seqgan.progress import printable


class SampleFlags(CommonFlags, frozen=True, kw_only=True):
    """What `seqgan sample` takes."""

    run: Annotated[str | None, tyro.conf.arg(metavar="DIR")] = None
    """The run to sample from, pretrained or adversarial; by default the newest pretrained one under runs/."""
    count: Annotated[int, Meta(ge=1)] = 20
    """How many sentences."""
    seed: Seed = 0
    """Another seed, other sentences."""
    temperature: Annotated[float, Meta(gt=0)] = 1.0
    """Below 1 sharpens, above 1 flattens; at 1 the samples are the model's own."""
    top_k: Annotated[int, Meta(ge=0)] = 0
    """Draw from this many likeliest tokens only; 0 from all."""
    top_p: Annotated[float, Meta(gt=0, le=1)] = 1.0
    """Draw from the likeliest tokens that together have this probability."""
    prefix: Annotated[str | None, tyro.conf.arg(metavar="TEXT")] = None
    """What every sentence begins with."""
    output: Annotated[str | None, tyro.conf.arg(metavar="FILE")] = None
    """Where to write; by default standard output."""


def main(arguments: Sequence[str]) -> None:
    """Parse, load, sample, print."""
    flags = check_flags(parse("sample", "Sentences from a run, one a line.", SampleFlags(), arguments))

    check_target("--output", flags.output)

    import torch

    from seqgan.evaluation.generate import encode_prefix, generate_sentences
    from seqgan.files import write_file
    from seqgan.runs.directory import newest_run, open_run
    from seqgan.runs.load import load_generator
    from seqgan.training.engine import choose_device

    device = choose_device(flags.device)
    run = open_run(flags.run or newest_run(Path("runs")))
    generator = load_generator(run).to(device)
    if flags.run is None:
        flags.progress.note(f"From {run.folder}.")
    prefix = None if flags.prefix is None else encode_prefix(flags.prefix, run.tokenizer, run.vocabulary)
    sentences = generate_sentences(
        generator,
        flags.count,
        run.config.data.max_length,
        run.tokenizer,
        run.vocabulary,
        rng=torch.Generator(device).manual_seed(flags.seed),
        progress=flags.progress,
        temperature=flags.temperature,
        top_k=flags.top_k,
        top_p=flags.top_p,
        prefix=prefix,
    )
    if flags.output is not None:
        write_file(Path(flags.output), "".join(f"{sentence}\n" for sentence in sentences))
        return
    to_terminal = sys.stdout.isatty()
    for sentence in sentences:
        print(printable(sentence) if to_terminal else sentence)
