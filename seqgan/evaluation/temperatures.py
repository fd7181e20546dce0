"""Quality against diversity over temperatures: a generator is a curve, and one temperature is a point of it.

Sampling at a lower temperature raises quality and takes diversity away, at no cost. Two generators are compared by
their curves: one that has only become sharper has moved along the curve that it came from.

Source: Caccia et al. 2020, "Language GANs Falling Short", ICLR (arXiv:1811.02549), section 3.
"""

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import torch

from seqgan import __version__
from seqgan.data.text import Text
from seqgan.data.tokenizers import metric_tokens
from seqgan.decoding.states import makes_all_at_once
from seqgan.errors import ConfigError
from seqgan.evaluation.evaluate import held_out, text_id
from seqgan.evaluation.generate import generate_sentences
from seqgan.evaluation.intervals import Estimate, mean_of
from seqgan.evaluation.temperatures_nll import tempered_nlls
from seqgan.metrics import bleu_against_corpus, distinct, ngram_entropy, self_bleu
from seqgan.metrics.bleu import prepare_references
from seqgan.metrics.entries import bleu_note
from seqgan.progress import SILENT, Progress

if TYPE_CHECKING:
    from seqgan.generators.protocol import GeneratorModule

TEMPERATURES = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2)
"""From much sharper to clearly flatter than the model: adversarial training sharpens."""
SETS = 4
"""Sets of samples at each temperature, whose spread gives the intervals."""
CONFIDENCE = 0.95
"""Of the intervals of single points."""

Tokens = Sequence[str]


class Measure(NamedTuple):
    """A number that a set of sentences has."""

    name: str
    """Lower case, hyphens, the order last."""
    value: Callable[[Sequence[Tokens]], float]
    """Token lists to the number; NaN where it is not defined."""
    sharper: int = 1
    """Of a measure of diversity: 1 if it rises as samples grow alike, -1 if it falls."""


class Point(NamedTuple):
    """A generator at a temperature."""

    temperature: float
    """Logits are divided by it."""
    quality: tuple[float, ...]
    """Of each set of samples; NaN where it is not defined, as where no sample is long enough."""
    diversity: tuple[float, ...]
    """Of the same sets, in their order; NaN likewise."""
    nll: Estimate | None = None
    """Of held-out text under the model at this temperature, nats a token; None where it was not asked for."""

    @property
    def defined(self) -> bool:
        """Whether both measures are, of all sets."""
        return all(map(math.isfinite, (*self.quality, *self.diversity)))


class TemperatureSweep(NamedTuple):
    """A generator over temperatures."""

    quality: str
    """Name of the measure."""
    diversity: str
    """Name of the measure."""
    sharper: int
    """See `Measure`."""
    sentences: int
    """How many are in a set."""
    seed: int
    """Of the samples."""
    references: str
    """What the sentences were judged against: equal ones are needed to compare."""
    points: tuple[Point, ...]
    """By temperature, ascending."""

    def to_json(self) -> dict[str, Any]:
        """As plain containers: the content of `sweep.json`. Each interval is of the mean of the sets."""
        return {
            "format": 1,
            "metrics": {"quality": self.quality, "diversity": self.diversity, "sharper": self.sharper},
            "count": self.sentences,
            "seed": self.seed,
            "interval": f"{CONFIDENCE:.0%} of the mean of independent sets of samples; the weights are held fixed",
            "references": self.references,
            "points": [_point_to_json(point) for point in self.points],
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "TemperatureSweep":
        """What `to_json` gave, as a sweep again.

        Raises:
            ConfigError: it is of another format, or lacks something.
        """
        try:
            if content["format"] != 1:
                raise ConfigError(f"A sweep of format {content['format']!r} cannot be read here: expected 1.")
            metrics = content["metrics"]
            points = tuple(_point_from_json(point) for point in content["points"])
            names = (metrics["quality"], metrics["diversity"], metrics["sharper"])
            return cls(*names, content["count"], content["seed"], content["references"], points)
        except KeyError as error:
            raise ConfigError(f"A sweep lacks {error}: expected what TemperatureSweep.to_json writes.") from error


def _point_to_json(point: Point) -> dict[str, Any]:
    content: dict[str, Any] = {"temperature": point.temperature}
    for name, values in (("quality", point.quality), ("diversity", point.diversity)):
        content[name] = {**mean_of(values).interval(CONFIDENCE).to_json(), "sets": [_or_none(v) for v in values]}
    return content if point.nll is None else {**content, "nll": point.nll.to_json()}


def _point_from_json(content: Mapping[str, Any]) -> Point:
    nll = content.get("nll")
    return Point(
        content["temperature"],
        tuple(_or_nan(value) for value in content["quality"]["sets"]),
        tuple(_or_nan(value) for value in content["diversity"]["sets"]),
        None if nll is None else Estimate.from_json(nll),
    )


def _or_none(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value


def bleu_measure(references: Sequence[Tokens], order: int = 4) -> Measure:
    """Mean sentence BLEU against all of these; they are prepared once."""
    prepared = prepare_references(references, order)

    def value(samples: Sequence[Tokens]) -> float:
        return bleu_note(bleu_against_corpus(samples, prepared, order).values[order], order, samples)[0]

    return Measure(f"bleu-{order}", value)


def self_bleu_measure(order: int = 4) -> Measure:
    """Self-BLEU: rises as samples grow alike."""

    def value(samples: Sequence[Tokens]) -> float:
        return bleu_note(self_bleu(samples, order).values[order], order, samples)[0]

    return Measure(f"self-bleu-{order}", value)


def distinct_measure(order: int = 2) -> Measure:
    """The share of distinct n-grams: falls as samples grow alike."""
    return Measure(f"distinct-{order}", lambda samples: distinct(samples, order), sharper=-1)


def entropy_measure(order: int = 2) -> Measure:
    """The entropy of n-gram frequencies: falls as samples grow alike."""
    return Measure(f"entropy-{order}", lambda samples: ngram_entropy(samples, order), sharper=-1)


def cannot_sweep(generator: "GeneratorModule", text: Text) -> str | None:
    """Why a generator has no curve over temperatures, as a sentence; None where it has one."""
    if getattr(text, "source_vocabulary", None) is not None:
        return "a text with sources is not swept over temperatures; seqgan evaluate --compare compares the answers."
    if makes_all_at_once(generator):
        return "a generator that makes all positions at once has no next token, and so no temperature."
    if getattr(generator, "state_noise", 0.0) > 0 or getattr(generator, "greedy", False):
        return "a generator whose chance is in its first state has no temperature that only sharpens it."
    return None


def sweep_temperatures(
    generator: "GeneratorModule",
    text: Text,
    temperatures: Sequence[float] = TEMPERATURES,
    count: int = 1000,
    *,
    sets: int = SETS,
    first_set: int = 0,
    seed: int = 0,
    references: Sequence[str] | None = None,
    quality: Measure | None = None,
    diversity: Measure | None = None,
    likelihood: bool = True,
    progress: Progress = SILENT,
) -> TemperatureSweep:
    """Sample several sets of sentences at each temperature and measure each set.

    Self-BLEU is no mean of independent values: each sentence is a reference of all others. Its interval, and for
    likeness that of the quality, therefore comes from the spread of independent sets. It covers the choice of samples,
    and neither that of references nor what another training would give.

    A set's random numbers are decided by the seed, the temperature and the set's number: two generators are given the
    same ones, which makes their difference smaller than that of independent sets, if anything.

    Args:
        generator: any that steps, without noise in its state; on its device.
        text: what it was trained on.
        temperatures: above 0; each once.
        count: sentences in a set. Self-BLEU depends on it: compare at equal counts only.
        sets: at each temperature, at least 2, those before the first one counted.
        first_set: number of the first one: as many as were sampled before, to add others with `with_more_sets`.
        seed: of the samples.
        references: held-out sentences; those of the text's test (or else validation) split by default.
        quality: higher is better; BLEU-4 against the references by default.
        diversity: Self-BLEU-4 by default.
        likelihood: add the negative log-likelihood of the first `NLL_SENTENCES` references at each temperature.
        progress: where to report.

    Raises:
        ConfigError: no such sweep of this generator or text; or numbers that make no sense.
    """
    why_not = cannot_sweep(generator, text)
    if why_not is not None:
        raise ConfigError(f"No sweep: {why_not}")
    check_sweep(temperatures, count, sets and first_set + sets)
    references = held_out(text).references if references is None else references
    if quality is None:
        quality = bleu_measure([metric_tokens(text.tokenizer, line) for line in references])
    diversity = diversity or self_bleu_measure()
    device = next(generator.parameters()).device
    values = []
    with progress.bar("Temperatures: sets of samples", len(temperatures) * sets) as advance:
        for temperature in sorted(temperatures):
            measured = []
            for number in range(first_set, first_set + sets):
                rng = torch.Generator(device).manual_seed(_set_seed(seed, temperature, number))
                sentences = generate_sentences(
                    generator, count, text.max_length, text.tokenizer, text.vocabulary, rng=rng, temperature=temperature
                )
                tokens = [metric_tokens(text.tokenizer, line) for line in sentences]
                measured.append((quality.value(tokens), diversity.value(tokens)))
                advance(1)
            values.append(tuple(zip(*measured, strict=True)))
    ascending = sorted(temperatures)
    nlls = tempered_nlls(generator, text, references, ascending) if likelihood else [None] * len(ascending)
    points = [
        Point(float(temperature), of_quality, of_diversity, nll)
        for temperature, (of_quality, of_diversity), nll in zip(ascending, values, nlls, strict=True)
    ]
    what = "characters" if text.tokenizer.name == "characters" else "words"
    signature = f"refs:all {len(references)}|refs-id:{text_id(references)}|tok:{what}|seqgan {__version__}"
    return TemperatureSweep(quality.name, diversity.name, diversity.sharper, count, seed, signature, tuple(points))


def with_more_sets(sweep: TemperatureSweep, more: TemperatureSweep) -> TemperatureSweep:
    """A sweep with the sets of another one of the same generator at the same temperatures."""
    points = [
        point._replace(quality=point.quality + other.quality, diversity=point.diversity + other.diversity)
        for point, other in zip(sweep.points, more.points, strict=True)
    ]
    return sweep._replace(points=tuple(points))


def first_sets(sweep: TemperatureSweep, sets: int) -> TemperatureSweep:
    """The sweep as it was when there were so many sets at each temperature."""
    points = [point._replace(quality=point.quality[:sets], diversity=point.diversity[:sets]) for point in sweep.points]
    return sweep._replace(points=tuple(points))


def check_sweep(temperatures: Sequence[float], count: int, sets: int) -> None:
    """That these numbers make a sweep.

    Raises:
        ConfigError: names the one that does not.
    """
    for temperature in temperatures:
        if not (math.isfinite(temperature) and temperature > 0):
            raise ConfigError(
                f"A temperature of the sweep is {temperature}: logits are divided by it, give one above 0."
            )
    if len(set(temperatures)) < len(temperatures) or not temperatures:
        raise ConfigError(f"The temperatures of the sweep are {list(temperatures)}: give at least one, and each once.")
    if sets < 2:
        raise ConfigError(f"The sweep has {sets} sets of samples at each temperature: an interval needs at least 2.")
    if count < 2:
        raise ConfigError(f"The sets of the sweep have {count} sentences: Self-BLEU needs at least 2.")


def _set_seed(seed: int, temperature: float, number: int) -> int:
    """A seed of its own for each set, the same on every machine."""
    digest = hashlib.sha256(f"{seed} {temperature:.6f} {number}".encode()).digest()
    return int.from_bytes(digest[:7], "little")
