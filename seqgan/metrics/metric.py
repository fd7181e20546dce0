"""What a metric is: a record that says all that is its own. Signatures, arrows, tables and lists of names follow from
records, so that a metric of one's own is its record and one line: ``METRICS["mine"] = Metric("mine", ...)``.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

from seqgan.errors import SeqganError

if TYPE_CHECKING:
    from seqgan.metrics.report import Entry

Need = Literal["references", "training", "real", "characters", "aligned", "grammar", "sources", "generator", "judge"]
"""What a metric reads beside the samples.

- references: the held-out sentences.
- training: the training sentences.
- real: the training sentences where they are known, else the references.
- characters: lines as they are written, and not as tokens.
- aligned: a reference for each sample, in the same line.
- judge: a model that is trained on real text, as above, to judge.
- grammar: the one that the corpus was drawn from.
- sources: what the judged sentences answer.
- generator: what the judged sentences come from.

The last three are of this package's own metrics, which the evaluation layer computes.
"""
OF_LINES: frozenset[Need] = frozenset({"real", "characters", "aligned", "judge"})
"""Needs of metrics that are given lines and judges, and not tokens alone."""


@dataclass(frozen=True)
class Use:
    """What part a metric has in the judging of one kind of text."""

    usual: bool = False
    """Computed unless others are asked for."""
    watched: tuple[str, ...] = ()
    """Numbers of it that are logged in training, and that a sweep can search for: ("bleu-4",)."""


@dataclass(frozen=True)
class Metric:
    """A metric by name, and what follows from it. Calling the record computes its numbers.

    It is given those texts alone that it needs: what it reads, its signature names.

    Raises:
        SeqganError: when it is made: a need that does not exist, or that no function of texts is given; or a direction
            that is none of 1, 0 and -1.
    """

    name: str
    """What ``--metrics`` takes. Its numbers are called so, with the order behind it where they have one: bleu-4."""
    compute: "Callable[..., list[Entry]] | None" = None
    """Named numbers: of `Texts`, what their tokens are, and intervals=True or False; with needs of lines, of `Lines`,
    `Judges` and whether intervals are wanted, see `seqgan.evaluation.trained`. None where the evaluation layer has it.
    """
    needs: tuple[Need, ...] = ()
    """What it reads beside the samples."""
    direction: int = 0
    """1 where higher is better, -1 where lower is, 0 where neither is."""
    others: Mapping[str, int] = field(default_factory=dict)
    """Names of numbers that it gives beside, without their order, each with its direction."""
    cut: bool = False
    """Of texts that a model makes of at most so many tokens, both sides are cut to that: longer text is out of its
    reach."""
    of_real: bool = True
    """Whether other real text is judged by it, for comparison."""
    sentences: Use | None = field(default_factory=Use)
    """Its part in judging sentences; None of answers alone."""
    characters: Use | None = None
    """Its part in watching texts of characters, against as much of the training text, beside that."""
    answers: Use | None = None
    """Its part in judging answers to sources; None of those for which it says nothing."""
    least: int = 0
    """Answers that it takes."""

    def __post_init__(self) -> None:
        for need in self.needs:
            if need not in get_args(Need):
                raise SeqganError(f"The metric {self.name!r} needs {need!r}. Known needs: {', '.join(get_args(Need))}.")
        apart = sorted({"grammar", "sources", "generator"}.intersection(self.needs))
        if apart and self.compute is not None:
            raise SeqganError(
                f"The metric {self.name!r} needs {' and '.join(apart)}, which no function of texts is given: a check "
                "of one's own (`checks` of judge_sentences or judge_answers) is told each sentence, or its source too."
            )
        for name, way in self.directions.items():
            if way not in (-1, 0, 1):
                raise SeqganError(f"The direction of {name!r} is {way!r}, expected 1, -1 or 0: higher, lower, neither.")

    @property
    def directions(self) -> dict[str, int]:
        """Which way each of its numbers is better, by their names without orders."""
        return {self.name: self.direction, **self.others}

    @property
    def of_lines(self) -> bool:
        """Whether it is given lines and judges, and not tokens alone."""
        return bool(OF_LINES.intersection(self.needs))

    @property
    def reads_references(self) -> bool:
        """Whether it is given the references, and signatures name them."""
        return self.of_lines or "references" in self.needs

    @property
    def reads_training(self) -> bool:
        """Whether it is given the training sentences, where they are known, and signatures name them."""
        return not {"training", "real", "judge"}.isdisjoint(self.needs)

    def computed_by(self, compute: "Callable[..., list[Entry]]") -> "Metric":
        """The same record with what computes it."""
        return replace(self, compute=compute)

    def __call__(self, texts: Any, *how: Any, **more: Any) -> "list[Entry]":
        """Its numbers. Arguments as of `compute`.

        Raises:
            SeqganError: a number has a name that the record does not know, and hence no direction; or as `compute`.
        """
        if self.compute is None:
            raise SeqganError(
                f"The metric {self.name!r} needs {' and '.join(self.needs)}: ask seqgan.evaluation for it."
            )
        withheld = [] if self.reads_references else ["references"]
        withheld += [] if self.reads_training else ["training", "training_tokens"]
        entries = self.compute(texts._replace(**dict.fromkeys({*withheld} & {*texts._fields})), *how, **more)
        for entry in entries:
            if {entry.name, without_order(entry.name)}.isdisjoint(self.directions):
                raise SeqganError(
                    f"The metric {self.name!r} gave a number called {entry.name!r}: call it {self.name}, with its order"
                    " behind it where it has one, or name it in `others` of the record with its direction."
                )
        return entries


METRICS: dict[str, Metric] = {}
"""Records of metrics by name, filled by `seqgan.metrics.families`. Metrics of one's own are put here."""
OF_MODELS: dict[str, Metric] = {}
"""Records of metrics that the evaluation layer computes, filled by `seqgan.metrics.of_models`."""


def every_metric() -> dict[str, Metric]:
    """All records by name: those of this package and one's own.

    Raises:
        SeqganError: what was put into `METRICS` is no record, or has the name of another.
    """
    for name, metric in METRICS.items():
        if not isinstance(metric, Metric):
            raise SeqganError(
                f"METRICS[{name!r}] is a {type(metric).__name__}, expected a record: METRICS[{name!r}] = "
                f"Metric({name!r}, compute, direction=1)."
            )
        if metric.name != name or name in OF_MODELS:
            other = f"the name of the record is {metric.name!r}" if metric.name != name else "the package has one"
            raise SeqganError(f"METRICS[{name!r}] stands under a wrong name, as {other}: choose one name of its own.")
    return {**METRICS, **OF_MODELS}


def without_order(name: str) -> str:
    """A number's name without its order: bleu of bleu-4."""
    return re.sub(r"-\d+$", "", name)


def direction(name: str) -> int:
    """Which way a metric is better: 1 for up, -1 for down, 0 for neither.

    Args:
        name: with its order or without: ``bleu-4``, ``copied``.
    """
    known = {number: way for metric in every_metric().values() for number, way in metric.directions.items()}
    return known.get(name, known.get(without_order(name), 0))


def sentence_metrics() -> dict[str, Metric]:
    """Those of sentences: all that ``--metrics`` may name for a run of plain text or a file."""
    return {name: metric for name, metric in every_metric().items() if metric.sentences is not None}


def answer_metrics() -> dict[str, Metric]:
    """Those of answers to sources."""
    return {name: metric for name, metric in every_metric().items() if metric.answers is not None}


def watched(kind: Literal["sentences", "characters", "answers"]) -> dict[str, tuple[str, ...]]:
    """Of each metric that is watched in training the names of its numbers that are logged."""
    uses = {name: getattr(metric, kind) for name, metric in every_metric().items()}
    return {name: use.watched for name, use in uses.items() if use is not None and use.watched}
