"""What is judged, how, and against what: the questions that `seqgan evaluate` answers, and which of them make sense."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from seqgan.data.lines import count, read_lines
from seqgan.errors import ConfigError
from seqgan.evaluation.evaluate import ALL
from seqgan.evaluation.temperatures import check_sweep
from seqgan.evaluation.trained import LEAST
from seqgan.jobs.compare import check_equal_budget
from seqgan.metrics.translation import check_tokenization
from seqgan.progress import Progress
from seqgan.runs.directory import Run, open_run
from seqgan.runs.moved import moved_to
from seqgan.settings.types import MOST, Seed


class Judging(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of sentences, by the names that the command's flags have."""

    device: str = "auto"
    """Where to compute."""
    samples: str | None = None
    """A file of sentences to judge, in the place of a run."""
    references: str | Sequence[str] | None = None
    """Held-out sentences, or a file of them; by default the run's own."""
    corpus: str | None = None
    """Where the text of the runs is now, if it was moved."""
    compare: str | None = None
    """The folder of another run, which is judged in the same way."""
    temperatures: tuple[float, ...] = ()
    """Of the sweep; by default eight."""
    sets: Annotated[int, Meta(ge=2, le=MOST)] = 4
    """Of samples that are planned at each temperature of the sweep."""
    equal_budget: str = "updates"
    """What maximum likelihood is given as much of as the adversarial phase had."""
    seeds_of: tuple[str, ...] = ()
    """Folders of runs like the judged one, with other seeds."""
    controls: bool = False
    """Whether larger generators that are pretrained alone are compared with, too."""
    table_only: bool = False
    """Whether sweep and verdict are left out."""
    count: Annotated[int, Meta(ge=2, le=MOST)] = 1000
    """Sentences to generate."""
    training: str | None = None
    """Of a file of samples: the file of what the system was trained on."""
    real: str | None = None
    """Of a file of samples: a file of other real sentences."""
    draws: Annotated[int, Meta(ge=0, le=MOST)] = 0
    """Draws of its noise that a noisy generator's likelihood is averaged over; 0 for the usual number."""
    beam: Annotated[int, Meta(ge=0, le=1000)] | None = None
    """Of runs of pairs: how answers are found; see `answers_of`."""
    metrics: tuple[str, ...] = ()
    """Only these; or all."""
    features: str = "lm"
    """What makes vectors of sentences."""
    tokenizer: str = "words"
    """Of a file of samples: what a token is."""
    sacrebleu_tokenize: str | None = None
    """What sacreBLEU takes for tokens."""
    memory: Annotated[float, Meta(ge=0, le=2**20)] = 0.0
    """GiB that a run's samples may take at once; 0 takes half of what is free."""
    seed: Seed = 0
    """Of the samples."""

    def compares(self) -> bool:
        """Whether a sweep over temperatures is asked for."""
        return self.samples is None and not self.table_only and bool(self.compare or self.temperatures or self.controls)


def check_judging(asked: Judging, run: str | Path | None = None) -> None:
    """That what is asked goes together, and that the runs to compare are there; asked before the work.

    Args:
        asked: ranges are checked already.
        run: the run to judge, where one is named.

    Raises:
        ConfigError: it does not, and why.
        RunError: a run is not there.
    """
    if asked.samples is not None and (run is not None or asked.compare is not None):
        raise ConfigError("--samples judges a file and --run and --compare judge runs: give one or the other.")
    if asked.samples is not None and asked.corpus is not None:
        raise ConfigError("--corpus is of runs; for --samples the training text is --training FILE.")
    if asked.samples is not None and asked.references is None:
        raise ConfigError("--samples needs --references FILE: held-out sentences to judge against.")
    for name in ("training", "real"):
        if asked.samples is None and getattr(asked, name) is not None:
            raise ConfigError(f"--{name} is for --samples; a run knows its own text.")
    if asked.samples is None and asked.tokenizer != "words":
        raise ConfigError("--tokenizer is for --samples; a run is judged with its own.")
    if asked.samples is not None and asked.memory:
        raise ConfigError("--memory is of runs, whose samples are drawn; --samples has them: leave it out.")
    if asked.sacrebleu_tokenize is not None:
        check_tokenization(asked.sacrebleu_tokenize, "--sacrebleu-tokenize")
    _check_comparison(asked, run)


def _check_comparison(asked: Judging, run: str | Path | None) -> None:
    """That what is asked of sweep and verdict goes together."""
    if asked.samples is not None and asked.temperatures:
        raise ConfigError("--temperatures is of runs, and --samples judges a file, whose sentences are as they are.")
    if asked.samples is not None and asked.controls:
        raise ConfigError("--controls is of runs, and --samples judges a file: leave it out, or name a run with --run.")
    if asked.table_only and asked.controls:
        raise ConfigError("--table-only leaves out the verdict, which --controls is of: give one or the other.")
    if asked.seeds_of and asked.compare is None and not asked.controls:
        raise ConfigError("--seeds-of adds runs to a verdict: name the run to beat with --compare.")
    if asked.table_only and (asked.temperatures or asked.seeds_of):
        raise ConfigError("--table-only leaves out what --temperatures and --seeds-of are of: give one or the other.")
    if asked.compares() or asked.equal_budget != "updates":  # the default, which needs no look
        check_equal_budget(asked.equal_budget, "--equal-budget")
    if asked.compares():
        check_sweep(asked.temperatures or (1.0,), asked.count, asked.sets)
        folders = [open_run(folder).folder.resolve() for folder in (*asked.seeds_of, run) if folder is not None]
        if len(set(folders)) < len(folders):
            raise ConfigError("--seeds-of names a run twice, or the one of --run: give each once.")


def without_those_of_more(
    metrics: Sequence[str], families: tuple[str, ...], there: int, progress: Progress
) -> tuple[str, ...]:
    """Of the metrics that "all" stands for, those that so few samples or references suffice for; the others are told.
    One that is named stays, and is refused where it is computed.

    Args:
        metrics: as they were asked for.
        families: what they stand for.
        there: samples or references, whichever are fewer.
        progress: is told which are left out.
    """
    if ALL not in metrics:
        return families
    left_out = [name for name in families if LEAST.get(name, 0) > there and name not in metrics]
    for name in left_out:
        progress.note(f"{name} is left out: it needs {LEAST[name]} samples and references, and has {there}.")
    return tuple(name for name in families if name not in left_out)


def note_unequal(real: int, samples: int, progress: Progress, *, drawn: bool) -> None:
    """Say that the real sentences are fewer than the samples, where they are.

    Args:
        real: how many there are of them.
        samples: how many there are of these.
        progress: where to say it.
        drawn: whether the samples are drawn, so that there may be fewer of them.
    """
    if real < samples:
        mend = f"--count {real}" if drawn else f"the first {real:,} lines of each"
        verb = "is" if real == 1 else "are"
        progress.note(
            f"There {verb} only {count(real, 'real sentence')} beside {samples:,} samples. Most metrics depend on the "
            f"number: judge {mend} to compare."
        )


def read_references(asked: Judging, progress: Progress) -> Sequence[str]:
    """The held-out sentences that were given, or those of the file that was named; what was skipped is said."""
    assert asked.references is not None
    return lines_of(asked.references, progress) if isinstance(asked.references, str) else asked.references


def lines_of(name: str, progress: Progress) -> list[str]:
    """The sentences of a file; what was skipped is said."""
    notes: list[str] = []
    lines = read_lines(Path(name), notes)
    for note in notes:
        progress.note(note)
    return lines


def at_place(runs: Sequence[Run], corpus: str | None) -> None:
    """Have runs read their text from another place, where one is named; of others, those of the same text as the last
    one."""
    for run in runs if corpus is not None else ():
        if run.config.data.fingerprint == runs[-1].config.data.fingerprint:
            run.config = msgspec.structs.replace(run.config, data=moved_to(run.config.data, str(corpus)))
