"""Runs that are compared, and their samples: no more of them than it takes to judge."""

from collections.abc import Sequence
from typing import NamedTuple

from seqgan.data.text import Text
from seqgan.data.tokenizers import metric_tokens
from seqgan.evaluation.evaluate import held_out
from seqgan.evaluation.temperatures import (
    Measure,
    TemperatureSweep,
    bleu_measure,
    cannot_sweep,
    first_sets,
    sweep_temperatures,
    with_more_sets,
)
from seqgan.evaluation.verdict import Verdict, reach_of
from seqgan.evaluation.verdict_looks import Looks, judge_at_once, judge_in_looks
from seqgan.generators.protocol import GeneratorModule
from seqgan.progress import Progress
from seqgan.runs.directory import Run
from seqgan.runs.load import load_model, load_text, load_text_or_none
from seqgan.training.engine import choose_device

MORE_TEMPERATURES = {-1: (0.5, 0.4, 0.3, 0.2), 1: (1.5, 1.75, 2.0)}
"""Added to the reference's one by one until its diversity reaches the run's: lower ones, and higher ones."""


class Contender(NamedTuple):
    """A run with what is needed to sweep it."""

    run: Run
    generator: GeneratorModule
    text: Text
    references: Sequence[str]
    quality: Measure
    """Of samples, against the references."""


def contender_of(run: Run, references: Sequence[str] | None, device: str) -> Contender:
    """A run, read.

    Args:
        run: the run.
        references: held-out sentences; by default the run's own.
        device: where to compute.

    Raises:
        SeqganError: the run, or its text, cannot be read.
    """
    text = load_text(run) if references is None else load_text_or_none(run)
    references = held_out(text).references if references is None else references
    generator = load_model(run).to(choose_device(device))
    quality = bleu_measure([metric_tokens(text.tokenizer, line) for line in references])
    return Contender(run, generator, text, references, quality)


def cannot_compare(contenders: Sequence[Contender]) -> str | None:
    """Why runs have no curves, or such as do not compare; None where they have."""
    for each in contenders:
        why_not = cannot_sweep(each.generator, each.text)
        if why_not is not None:
            return f"{each.run.folder}: {why_not}"
    first = contenders[0]
    for each in contenders[1:]:
        if "characters" in {first.text.tokenizer.name, each.text.tokenizer.name} and (
            first.text.tokenizer.name != each.text.tokenizer.name
        ):
            return f"{first.run.folder} and {each.run.folder} are judged by other tokens: characters and words."
        if list(first.references) != list(each.references):
            return (
                f"{first.run.folder} and {each.run.folder} have other held-out sentences: give the same to both with "
                "--references."
            )
    return None


class Samples:
    """The sets of samples that a contender has so far. Asked for more, it samples those that lack.

    Each set has random numbers of its own: however the sets come to be, the first ones are the same.

    Args:
        contender: the run.
        temperatures: of its sweep.
        sentences: in a set.
        seed: of the samples.
        likelihood: whether held-out text is scored at each temperature.
        progress: where to report.
    """

    def __init__(
        self,
        contender: Contender,
        temperatures: Sequence[float],
        sentences: int,
        seed: int,
        *,
        likelihood: bool,
        progress: Progress,
    ):
        self.contender = contender
        self._temperatures, self._sentences, self._seed = tuple(temperatures), sentences, seed
        self._likelihood, self._progress = likelihood, progress
        self._sweep: TemperatureSweep | None = None

    def all_sets(self) -> TemperatureSweep:
        """The sweep of all that was sampled."""
        assert self._sweep is not None, "nothing was sampled yet"
        return self._sweep

    def first_sets(self, sets: int) -> TemperatureSweep:
        """The sweep of so many sets at each temperature, at least 2: those that lack are sampled now."""
        if self._sweep is None:
            self._sweep = self._sampled(self._temperatures, 0, sets)
        have = len(self._sweep.points[0].quality)
        if have < sets:
            temperatures = [point.temperature for point in self._sweep.points]
            self._sweep = with_more_sets(self._sweep, self._sampled(temperatures, have, sets))
        return first_sets(self._sweep, sets)

    def add_temperature(self, temperature: float) -> None:
        """Sample at another temperature as many sets as there are at the others."""
        before = self.all_sets()
        more = self._sampled([temperature], 0, len(before.points[0].quality))
        self._sweep = before._replace(points=tuple(sorted([*before.points, *more.points])))

    def _sampled(self, temperatures: Sequence[float], first: int, end: int) -> TemperatureSweep:
        """A sweep of the sets from the first one until before the end."""
        return sweep_temperatures(
            self.contender.generator,
            self.contender.text,
            temperatures,
            self._sentences,
            sets=end - first,
            first_set=first,
            seed=self._seed,
            references=self.contender.references,
            quality=self.contender.quality,
            likelihood=self._likelihood and first == 0,
            progress=self._progress,
        )


def judge_samples(
    judged: Sequence[Samples], opponent: Samples, sets: int, names: tuple[str, str], progress: Progress
) -> Verdict:
    """The verdict on as few sets as it takes, with the temperatures that the opponent's lacks.

    Args:
        judged: the run; several that were trained alike with other seeds are looked at once.
        opponent: what it is to beat.
        sets: how many are planned.
        names: of both, for the sentence.
        progress: is told where more are sampled.
    """

    def draw(number: int) -> tuple[list[TemperatureSweep], TemperatureSweep]:
        candidates = [each.first_sets(number) for each in judged]
        for candidate in candidates:
            _reach(candidate, opponent, number)
        return candidates, opponent.first_sets(number)

    def more() -> None:
        progress.note("The intervals are a little wide: up to as many sets again.")

    if len(judged) > 1:
        return judge_at_once(*draw(sets), Looks(sets), names)
    return judge_in_looks(draw, Looks(sets), names, on_more=more)


def _reach(candidate: TemperatureSweep, opponent: Samples, sets: int) -> None:
    """Sample the opponent at further temperatures until it is as diverse as the candidate at temperature 1."""
    side = reach_of(candidate, opponent.first_sets(sets))
    for temperature in MORE_TEMPERATURES.get(side, ()):
        so_far = opponent.first_sets(sets)
        known = [point.temperature for point in so_far.points]
        if temperature not in known and reach_of(candidate, so_far) == side:
            opponent.add_temperature(temperature)
