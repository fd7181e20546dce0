"""Did the adversarial phase help? Two generators over temperatures, compared at equal diversity.

A generator that is sampled at a lower temperature has a higher BLEU and a higher Self-BLEU, at no cost. So the
question has two parts: is the candidate's curve of quality over diversity another one than the reference's, and if
not, has its own temperature 1 moved along it?

1. The curves. Both are taken at the diversity that the candidate has at temperature 1, and their quality is
   subtracted. This one place decides; the candidate's other temperatures are looked at beside, for curves that cross.
2. The move. The diversity of both at temperature 1 is subtracted.

Each interval has a coverage of 97.5 %, so that both hold together in 95 % of cases: two generators that are equal are
called anything but equal (or unclear) at most once in twenty. Absence of evidence is no evidence of absence: "no
difference" is said when an interval lies within a margin, not when it merely holds 0; otherwise the answer is that
these samples do not tell.

The intervals are of the choice of samples. With one training of each they say nothing of what other seeds would give;
with several candidates the spread of these decides.

Source of the comparison: Caccia et al. 2020, "Language GANs Falling Short", ICLR (arXiv:1811.02549). Two one-sided
tests for equivalence: Schuirmann 1987.
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from seqgan.errors import ConfigError
from seqgan.evaluation.intervals import Estimate, Measured, mean_of, value_at
from seqgan.evaluation.temperatures import Point, TemperatureSweep

KINDS = ("better", "sharper-only", "flatter-only", "worse", "no-difference", "cannot-tell")
"""What a verdict may be."""
QUALITY_MARGIN = 0.01
"""Differences of quality below it do not matter: BLEU is printed to a hundredth, and moves as far when a training is
repeated with another seed."""
DIVERSITY_MARGIN = 0.02
"""Differences of diversity at temperature 1 below it do not matter: as much as a change of the temperature by two
hundredths gives, finer than anybody sets it."""
COVERAGE = 0.95
"""Of the two intervals together."""

ENOUGH = 0.5
"""Half an interval's width, in margins, at which an answer is likely where there is no difference."""
HOPELESS = 1.2
"""And at which twice as many sets would not make it so."""
CLEAR = 5
"""Margins that no chance is as large as."""


class Verdict(NamedTuple):
    """An answer, and what it rests on."""

    kind: str
    """One of `KINDS`."""
    sentence: str
    """In plain English, with the numbers."""
    evidence: dict[str, Any]
    """All that was compared, as plain containers."""

    def to_json(self, compared_with: str) -> dict[str, Any]:
        """As plain containers: the content of `verdict.json`."""
        return {
            "format": 1,
            "kind": self.kind,
            "sentence": self.sentence,
            "compared_with": compared_with,
            "evidence": self.evidence,
        }


def judge_sweeps(
    candidates: Sequence[TemperatureSweep],
    reference: TemperatureSweep,
    names: tuple[str, str] = ("the run", "the reference"),
    *,
    quality_margin: float = QUALITY_MARGIN,
    diversity_margin: float = DIVERSITY_MARGIN,
) -> Verdict:
    """Compare candidates with a reference.

    Args:
        candidates: one, or several that were trained alike with different seeds, whose mean is then judged.
        reference: what they are to beat.
        names: of the candidates and of the reference, for the sentence.
        quality_margin: difference of quality that does not matter, in its unit.
        diversity_margin: difference of diversity at temperature 1 that does not matter, in its unit.

    Raises:
        ConfigError: the sweeps do not compare: other measures, counts or references, or temperature 1 is missing.
    """
    _check_comparable([*candidates, reference])
    confidence = 1 - (1 - COVERAGE) / 2  # Bonferroni: two questions
    if not all(_point_1(sweep).defined for sweep in (*candidates, reference)):
        unknown = Estimate(math.nan, -math.inf, math.inf)
        return _not_defined(_Facts(candidates, reference, names, math.nan, unknown, quality_margin, diversity_margin))
    candidates, reference = [_where_defined(sweep) for sweep in candidates], _where_defined(reference)
    places = [_place(1.0, sweep) for sweep in candidates]
    moved = _combined([(_diversity_at(1.0, sweep), _diversity_at(1.0, reference)) for sweep in candidates])
    move = moved.interval(confidence)
    facts = _Facts(candidates, reference, names, float(np.mean(places)), move, quality_margin, diversity_margin)
    least, greatest = _reach(reference)
    if not all(least <= place <= greatest for place in places):
        return _out_of_reach(facts)
    difference = _difference_at(1.0, candidates, reference)
    assert difference is not None  # the places are within reach
    gain = difference.interval(confidence)
    elsewhere = _elsewhere(candidates, reference, 1 - confidence)
    return _decide(facts._replace(gain=gain, elsewhere=elsewhere))


def reach_of(candidate: TemperatureSweep, reference: TemperatureSweep) -> int:
    """Whether the reference's temperatures reach the diversity that the candidate has at temperature 1.

    Returns:
        0 if they do, -1 if lower ones are needed, 1 if higher ones are.
    """
    if not (_point_1(candidate).defined and any(point.defined for point in reference.points)):
        return 0  # no other temperature would help
    least, greatest = _reach(_where_defined(reference))
    place = _place(1.0, candidate)
    if least <= place <= greatest:
        return 0
    return -1 if (place > greatest) == (reference.sharper > 0) else 1


def wants_more_sets(verdict: Verdict) -> bool:
    """Whether twice as many sets of samples would bring the intervals within the margins, and fewer do not.

    Decided by the widths alone, unless the difference is many margins away: to look at the answer and to go on until
    it is another one would find differences where there are none.
    """
    at = verdict.evidence.get("at_equal_diversity")
    if at is None or verdict.evidence["candidates"] > 1:
        return False
    margins = verdict.evidence["margins"]
    if abs(at["difference"]["value"]) > CLEAR * margins["quality"]:
        return False
    move = verdict.evidence["at_temperature_1"]["diversity_difference"]
    widths = [
        (Estimate.from_json(difference).high - difference["value"]) / margin
        for difference, margin in ((at["difference"], margins["quality"]), (move, margins["diversity"]))
    ]
    # An interval of half a margin leaves the estimate the other half: twice the sets narrow it by 1.4.
    return ENOUGH < max(widths) <= HOPELESS


class _Facts(NamedTuple):
    """What a verdict is made of."""

    candidates: Sequence[TemperatureSweep]
    reference: TemperatureSweep
    names: tuple[str, str]
    place: float
    """Diversity of the candidates at temperature 1."""
    move: Estimate
    """Their diversity at temperature 1 less the reference's."""
    quality_margin: float
    diversity_margin: float
    gain: Estimate | None = None
    """Their quality less the reference's, at their diversity at temperature 1; None where it cannot be had."""
    elsewhere: tuple[tuple[float, Estimate], ...] = ()
    """The same at the diversity of their other temperatures."""


def _check_comparable(sweeps: Sequence[TemperatureSweep]) -> None:
    first = sweeps[0]
    for sweep in sweeps:
        for what in ("quality", "diversity", "sharper", "sentences", "references"):
            if getattr(sweep, what) != getattr(first, what):
                raise ConfigError(
                    f"The sweeps do not compare: their {what} is {getattr(first, what)} and {getattr(sweep, what)}. "
                    "Make them in one call, of runs with the same held-out text."
                )
        if not any(point.temperature == 1.0 for point in sweep.points):
            raise ConfigError("A sweep has no point at temperature 1, where the models are themselves: add it.")


def _point_1(sweep: TemperatureSweep) -> Point:
    return next(point for point in sweep.points if point.temperature == 1.0)


def _where_defined(sweep: TemperatureSweep) -> TemperatureSweep:
    """A sweep of the temperatures at which its measures are defined."""
    return sweep._replace(points=tuple(point for point in sweep.points if point.defined))


def _reach(sweep: TemperatureSweep) -> tuple[float, float]:
    """Least and greatest diversity of a sweep's temperatures."""
    means = [mean_of(point.diversity).value for point in sweep.points]
    return min(means), max(means)


def _diversity_at(temperature: float, sweep: TemperatureSweep) -> Measured:
    groups = [([point.temperature] * len(point.diversity), point.diversity) for point in sweep.points]
    return value_at(temperature, groups)


def _place(temperature: float, sweep: TemperatureSweep) -> float:
    """Where the curves are compared: the diversity that was measured at a temperature.

    Not the fitted one: where temperatures are far apart a parabola misses the points, by the same in two sweeps, so
    that it serves for their difference alone.
    """
    return mean_of(next(p.diversity for p in sweep.points if p.temperature == temperature)).value


def _quality_at(diversity: float, sweep: TemperatureSweep) -> Measured:
    return value_at(diversity, [(point.diversity, point.quality) for point in sweep.points])


def _difference_at(
    temperature: float, candidates: Sequence[TemperatureSweep], reference: TemperatureSweep
) -> Measured | None:
    """Quality of the candidates less the reference's, at the diversity that each has at a temperature.

    None where the reference's temperatures do not reach it.
    """
    least, greatest = _reach(reference)
    pairs = []
    for sweep in candidates:
        place = _place(temperature, sweep)
        if not least <= place <= greatest:
            return None
        pairs.append((_quality_at(place, sweep), _quality_at(place, reference)))
    return _combined(pairs)


def _combined(pairs: Sequence[tuple[Measured, Measured]]) -> Measured:
    """The mean difference of candidates and reference.

    Of several candidates the spread decides, which their own errors are part of. The reference is the same for all,
    so that its error does not average out.
    """
    if len(pairs) == 1:
        candidate, reference = pairs[0]
        return candidate - reference
    mean = mean_of([candidate.value - reference.value for candidate, reference in pairs])
    shared = float(np.mean([reference.variance for _, reference in pairs]))
    return mean._replace(variance=mean.variance + shared)


def _elsewhere(
    candidates: Sequence[TemperatureSweep], reference: TemperatureSweep, error: float
) -> tuple[tuple[float, Estimate], ...]:
    """Differences at the diversity of the other temperatures, whose intervals hold together but for `error`."""
    found = []
    for point in candidates[0].points[1:-1]:  # at an end the fitted curve has support on one side only
        temperature = point.temperature
        if temperature != 1.0 and all(any(p.temperature == temperature for p in each.points) for each in candidates):
            difference = _difference_at(temperature, candidates, reference)
            if difference is not None:
                found.append((temperature, difference))
    return tuple((place, difference.interval(1 - error / len(found))) for place, difference in found)


def _decide(facts: _Facts) -> Verdict:
    """The verdict where both curves are known at one diversity."""
    gain, move, margin = facts.gain, facts.move, facts.quality_margin
    assert gain is not None
    if -margin < gain.low and gain.high < margin:
        sharper = facts.reference.sharper
        if -facts.diversity_margin < move.low and move.high < facts.diversity_margin:
            return _verdict("no-difference", _no_difference(facts), facts)
        if move.low > 0 or move.high < 0:
            kind = "sharper-only" if (move.low > 0) == (sharper > 0) else "flatter-only"
            return _verdict(kind, _moved(facts, kind), facts)
        return _verdict("cannot-tell", _unclear_move(facts), facts)
    if gain.low > 0 or gain.high < 0:
        kind = "better" if gain.low > 0 else "worse"
        against = [place for place, other in facts.elsewhere if _opposes(other, gain, margin)]
        if against:
            return _verdict("cannot-tell", _crossing(facts, kind, against), facts)
        return _verdict(kind, _apart(facts, kind), facts)
    return _verdict("cannot-tell", _unclear_gain(facts), facts)


def _opposes(other: Estimate, gain: Estimate, margin: float) -> bool:
    """Whether a difference elsewhere has the other sign, by more than the margin."""
    return other.high < -margin if gain.low > 0 else other.low > margin


def _no_difference(facts: _Facts) -> str:
    ours, theirs = facts.names
    return (
        f"No difference: at temperature 1 {_at_1(facts)}, and at equal {_diversity(facts)} the {_quality(facts)} of "
        f"{ours} and {theirs} differs by {_gain(facts)}, less than the margin of {facts.quality_margin:g}."
    )


def _moved(facts: _Facts, kind: str) -> str:
    _, theirs = facts.names
    what = "Sharper only" if kind == "sharper-only" else "Flatter only"
    return (
        f"{what}: at temperature 1 {_at_1(facts)}, but {theirs} at temperature {_matched(facts):.2f} is as good at the "
        f"same {_diversity(facts)} (difference {_gain(facts)})."
    )


def _apart(facts: _Facts, kind: str) -> str:
    ours, theirs = facts.names
    of_ours = float(np.mean([_quality_at(facts.place, sweep).value for sweep in facts.candidates]))
    of_theirs = _quality_at(facts.place, facts.reference).value
    return (
        f"{kind.capitalize()} at equal diversity: at {_diversity(facts)} {facts.place:.3f}, {ours} has "
        f"{_quality(facts)} {of_ours:.3f} against {of_theirs:.3f} of {theirs} at temperature {_matched(facts):.2f} "
        f"(difference {_gain(facts)})."
    )


def _crossing(facts: _Facts, kind: str, against: Sequence[float]) -> str:
    other = "worse" if kind == "better" else "better"
    ours, theirs = facts.names
    listed = ", ".join(f"{place:g}" for place in against)
    return (
        f"Cannot tell: the curves cross; {ours} is {kind} than {theirs} at equal {_diversity(facts)} at temperature 1 "
        f"(difference {_gain(facts)}) and {other} at temperature {listed}: choose by the diversity that is "
        "wanted."
    )


def _unclear_gain(facts: _Facts) -> str:
    assert facts.gain is not None
    ours, theirs = facts.names
    return (
        f"Cannot tell from these samples: at equal {_diversity(facts)} the {_quality(facts)} of {ours} and {theirs} "
        f"differs by {_gain(facts)}; {_wanted(facts, facts.gain, facts.quality_margin)}."
    )


def _unclear_move(facts: _Facts) -> str:
    ours, theirs = facts.names
    return (
        f"Cannot tell whether {ours} is only sharper or flatter than {theirs}, or the same: at equal "
        f"{_diversity(facts)} it is as good (difference {_gain(facts)}), and at temperature 1 its {_diversity(facts)} "
        f"differs by {_interval(facts.move)}; {_wanted(facts, facts.move, facts.diversity_margin)}."
    )


def _not_defined(facts: _Facts) -> Verdict:
    lacking = [sweep for sweep in (*facts.candidates, facts.reference) if not _point_1(sweep).defined]
    whose = facts.names[1] if lacking[0] is facts.reference else facts.names[0]
    sentence = (
        f"Cannot tell: {_quality(facts)} and {_diversity(facts)} of {whose} are not both defined at temperature 1: in "
        "some set no sample is long enough. Sample more, or judge it by other metrics."
    )
    return _verdict("cannot-tell", sentence, facts)


def _out_of_reach(facts: _Facts) -> Verdict:
    ours, theirs = facts.names
    least, greatest = _reach(facts.reference)
    # The first that is out of reach: of several candidates some may be within.
    lower = any(reach_of(sweep, facts.reference) < 0 for sweep in facts.candidates)
    sentence = (
        f"Cannot tell: {theirs} has {_diversity(facts)} from {least:.3f} to {greatest:.3f} at the temperatures of the "
        f"sweep, and {ours} {facts.place:.3f} at temperature 1: add {'lower' if lower else 'higher'} temperatures."
    )
    return _verdict("cannot-tell", sentence, facts)


def _wanted(facts: _Facts, interval: Estimate, margin: float) -> str:
    """What would settle it."""
    if not math.isfinite(interval.high):
        return "more sets of samples are needed"
    if len(facts.candidates) > 1:
        return f"for an answer within {margin:g} more seeds are needed"
    # Half the margin leaves the estimate room: errors fall with the root of the number.
    times = math.ceil(((interval.high - interval.low) / margin) ** 2)
    if times < 2:
        return "more samples would settle it"
    return f"an answer within {margin:g} takes about {times:,} times as many samples"


def _verdict(kind: str, sentence: str, facts: _Facts) -> Verdict:
    ours, theirs = facts.names
    for_better = [place for place, other in facts.elsewhere if other.low > facts.quality_margin]
    for_worse = [place for place, other in facts.elsewhere if other.high < -facts.quality_margin]
    if kind in ("no-difference", "sharper-only", "flatter-only"):
        for word, places in (("better", for_better), ("worse", for_worse)):
            if places:
                listed = ", ".join(f"{place:g}" for place in places)
                sentence = f"{sentence[:-1]}; at equal diversity it is {word}, however, at temperature {listed}."
    first = facts.reference
    evidence: dict[str, Any] = {
        "candidate": ours,
        "reference": theirs,
        "metrics": {"quality": first.quality, "diversity": first.diversity},
        "count": first.sentences,
        "sets": len(_point_1(first).quality),
        "candidates": len(facts.candidates),
        "margins": {"quality": facts.quality_margin, "diversity": facts.diversity_margin},
        "coverage": COVERAGE,
        "covers": "the choice of samples" if len(facts.candidates) == 1 else "the candidates' seeds and samples",
        "at_temperature_1": {
            "candidate": _as_json(_means_at_1(facts.candidates)),
            "reference": _as_json(_means_at_1([first])),
            "diversity_difference": facts.move.to_json(),
        },
        "nll": {"candidate": _nll(facts.candidates), "reference": _nll([first])},
    }
    if facts.gain is not None:
        evidence["at_equal_diversity"] = {
            "diversity": facts.place,
            "candidate": float(np.mean([_quality_at(facts.place, sweep).value for sweep in facts.candidates])),
            "reference": _quality_at(facts.place, first).value,
            "reference_temperature": _matched(facts),
            "difference": facts.gain.to_json(),
        }
        evidence["elsewhere"] = [
            {"temperature": place, "difference": difference.to_json()} for place, difference in facts.elsewhere
        ]
    return Verdict(kind, sentence, evidence)


def _means_at_1(sweeps: Sequence[TemperatureSweep]) -> dict[str, float]:
    """Means of both measures; NaN where one is not defined."""
    points = [_point_1(sweep) for sweep in sweeps]
    return {
        "quality": float(np.mean([mean_of(point.quality).value for point in points])),
        "diversity": float(np.mean([mean_of(point.diversity).value for point in points])),
    }


def _as_json(means: dict[str, float]) -> dict[str, float | None]:
    return {name: value if math.isfinite(value) else None for name, value in means.items()}


def _nll(sweeps: Sequence[TemperatureSweep]) -> dict[str, float] | None:
    """Held-out likelihood at temperature 1, and at the temperature where it is best: below 1 the model is too flat,
    above 1 it is too sharp."""
    curves = [[(point.temperature, point.nll.value) for point in sweep.points if point.nll] for sweep in sweeps]
    if not all(curves):
        return None
    best = [min(curve, key=lambda place: place[1]) for curve in curves]
    return {
        "temperature_1": float(np.mean([dict(curve)[1.0] for curve in curves])),
        "best": float(np.mean([value for _, value in best])),
        "best_temperature": float(np.mean([temperature for temperature, _ in best])),
    }


def _matched(facts: _Facts) -> float:
    """The temperature at which the reference has the candidates' diversity."""
    points = sorted((mean_of(point.diversity).value, point.temperature) for point in facts.reference.points)
    diversities, temperatures = zip(*points, strict=True)
    return float(np.interp(facts.place, diversities, temperatures))


def _at_1(facts: _Facts) -> str:
    ours, theirs = (_means_at_1(facts.candidates), _means_at_1([facts.reference]))
    return (
        f"{facts.names[0]} has {_quality(facts)} {ours['quality']:.3f} and {_diversity(facts)} {ours['diversity']:.3f} "
        f"against {theirs['quality']:.3f} and {theirs['diversity']:.3f} of {facts.names[1]}"
    )


def _gain(facts: _Facts) -> str:
    assert facts.gain is not None
    return _interval(facts.gain)


def _interval(estimate: Estimate) -> str:
    if not math.isfinite(estimate.high):
        return f"{_number(estimate.value)}, interval unknown"
    return f"{_number(estimate.value)}, interval {_number(estimate.low)} to {_number(estimate.high)}"


def _number(value: float) -> str:
    return f"{round(value, 3) + 0.0:.3f}"  # no -0.000


def _quality(facts: _Facts) -> str:
    return _titled(facts.reference.quality)


def _diversity(facts: _Facts) -> str:
    return _titled(facts.reference.diversity)


def _titled(name: str) -> str:
    """A measure's name as it is written: bleu-4 as BLEU-4, self-bleu-4 as Self-BLEU-4."""
    return name.replace("bleu", "BLEU").replace("self", "Self")
