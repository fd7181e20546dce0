"""`seqgan evaluate`: the metric table of a run, or of any file of sentences."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import tyro
from msgspec import Meta

from seqgan.cli.memory import Memory
from seqgan.cli.options import CommonFlags, Switch, check_flags, parse, run_or_newest, with_positional
from seqgan.settings.types import MOST, Seed


class EvaluateFlags(CommonFlags, frozen=True, kw_only=True):
    """What `seqgan evaluate` takes."""

    run: Annotated[str | None, tyro.conf.arg(metavar="DIR")] = None
    """The run to judge; by default the one under runs/ that was trained last."""
    samples: Annotated[str | None, tyro.conf.arg(metavar="FILE")] = None
    """Judge these sentences, of any system, instead of a run; needs --references."""
    references: Annotated[str | None, tyro.conf.arg(metavar="FILE")] = None
    """Held-out sentences to judge against; by default the run's test split, or else its validation split."""
    corpus: Annotated[str | None, tyro.conf.arg(metavar="NAME|FILE|FOLDER")] = None
    """Where the text of the runs is now, if it was moved. With --references it need not be there at all."""
    compare: Annotated[str | None, tyro.conf.arg(metavar="RUN")] = None
    """Another run, judged in the same way, in a column beside; and over temperatures, for the verdict."""
    temperatures: tuple[float, ...] = ()
    """Of the sweep, which is made with --compare, or if these are given; by default eight from 0.5 to 1.2."""
    sets: Annotated[int, Meta(ge=2, le=MOST)] = 4
    """Sets of --count samples that are planned at each temperature of the sweep, whose spread gives the intervals: with
    --compare fewer where the answer is clear, at most twice as many where the intervals are a little too wide."""
    equal_budget: Annotated[str, tyro.conf.arg(metavar="updates|time|none")] = "updates"
    """With --compare of the pretrained run, its training goes on for as many updates, or as long, as the adversarial
    phase took, and is judged beside."""
    seeds_of: Annotated[tuple[str, ...], tyro.conf.arg(metavar="RUN...")] = ()
    """Runs like --run with other seeds: the verdict is then of their mean, and holds for other seeds."""
    controls: Switch = False
    """Compare also with larger generators that are pretrained alone: of as many parameters as both players of --run,
    and of its cost of drawing a sentence. They are trained into --run's folder where they are not there yet."""
    table_only: Switch = False
    """Leave out the sweep and the verdict."""
    count: Annotated[int, Meta(ge=2, le=MOST)] = 1000
    """Sentences to generate. Self-BLEU and others depend on it: compare at equal counts only."""
    training: Annotated[str | None, tyro.conf.arg(metavar="FILE")] = None
    """For --samples: what the system was trained on, for copied, novelty, lm-score and the like."""
    real: Annotated[str | None, tyro.conf.arg(metavar="FILE")] = None
    """For --samples: other real sentences, judged in a column beside."""
    draws: Annotated[int, Meta(ge=0, le=MOST)] = 0
    """Draws of its noise that a noisy generator's likelihood is averaged over; 0 for 2000, or 100 of one that steps."""
    beam: Annotated[int, Meta(ge=0, le=1000)] | None = None
    """For runs of pairs: how answers are found. 1, the default, takes the likeliest token at each step, more is a beam
    search, and 0 samples."""
    metrics: tuple[str, ...] = ()
    """Only these, for example: bleu self-bleu distinct nll; or all. What trains a model to judge takes minutes."""
    features: Annotated[str, tyro.conf.arg(metavar="lm|lm-last|sentence-transformers:NAME")] = "lm"
    """What makes vectors of sentences for frechet and mauve: a small language model of the training text, or other."""
    tokenizer: Annotated[str, tyro.conf.arg(metavar="words|characters")] = "words"
    """What a token is, for --samples."""
    sacrebleu_tokenize: Annotated[str | None, tyro.conf.arg(metavar="13a|intl|char|zh|ja-mecab|ko-mecab|none")] = None
    """What sacreBLEU takes for tokens; by default char where the tokenizer is characters or fewer than half of the
    references have a space, else 13a."""
    memory: Memory = 0.0
    """GiB that a run's samples may take at once; with less there are more passes, whose random numbers are others. 0
    takes half of what is free."""
    seed: Seed = 0
    """Decides the samples."""
    json: Annotated[str | None, tyro.conf.arg(metavar="FILE|-")] = None
    """Write the numbers as JSON, - for standard output in place of the table."""
    overwrite: Switch = False
    """Replace a file that is there. What the command reads, and what belongs to a run, is never replaced."""


def main(arguments: Sequence[str]) -> None:
    """Parse, judge, print."""
    arguments = with_positional(arguments, "--run")
    flags = check_flags(
        parse("evaluate", "The metric table of a run, or of a file of sentences.", EvaluateFlags(), arguments)
    )

    from seqgan.files import write_file
    from seqgan.jobs.evaluate import judge
    from seqgan.jobs.judging import Judging, check_judging
    from seqgan.jobs.target import check_target
    from seqgan.training.engine import choose_device

    asked = Judging(**{name: getattr(flags, name) for name in Judging.__struct_fields__})
    check_judging(asked, flags.run)
    if flags.json is not None:
        check_target("--json", flags.json, what_is_read(flags), overwrite=flags.overwrite)
    run = None
    if flags.samples is None:
        choose_device(flags.device)
        run = run_or_newest(flags.run, flags.progress)
    judged = judge(asked, run, flags.progress)
    text = json.dumps(judged.to_json(), indent=2) + "\n"
    if flags.json == "-":
        print(text, end="")
    else:
        print(judged.page())
    if flags.json not in (None, "-"):
        write_file(Path(flags.json), text)
    judged.write(flags.progress)


def what_is_read(flags: EvaluateFlags) -> dict[str, str | None]:
    """Files and folders that the flags name, and those that the settings of the runs do.

    Raises:
        SeqganError: a run is not there.
    """
    from seqgan.runs.directory import open_run
    from seqgan.runs.reads import read_by

    texts = {f"--{name}": getattr(flags, name) for name in ("samples", "references", "training", "real")}
    if flags.samples is not None:
        return texts
    named = (run_or_newest(flags.run), flags.compare, *flags.seeds_of)
    return {**texts, **read_by(*(open_run(folder) for folder in named if folder is not None))}
