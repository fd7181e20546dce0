"""Generators over temperatures, compared at equal diversity: what a verdict is made of."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from seqgan.evaluation.intervals import Estimate, Measured, mean_of, value_at
from seqgan.evaluation.temperatures import Point, TemperatureSweep


class Facts(NamedTuple):
    """Candidates and a reference, and their differences."""

    candidates: Sequence[TemperatureSweep]
    reference: TemperatureSweep
    names: tuple[str, str]
    place: float
    """Diversity of the candidates at temperature 1."""
    move: Estimate
    """Their diversity at temperature 1 less the reference's."""
    quality_margin: float
    """Difference of quality that does not matter."""
    diversity_margin: float
    """Difference of diversity that does not matter."""
    coverage: float
    """Of the intervals of gain and move together."""
    gain: Estimate | None = None
    """Their quality less the reference's, at their diversity at temperature 1; None where it cannot be had."""
    elsewhere: tuple[tuple[float, Estimate], ...] = ()
    """The same at the diversity of their other temperatures."""


def point_1(sweep: TemperatureSweep) -> Point:
    """A sweep's point at temperature 1, which it has."""
    return next(point for point in sweep.points if point.temperature == 1.0)


def where_defined(sweep: TemperatureSweep) -> TemperatureSweep:
    """A sweep of the temperatures at which its measures are defined."""
    return sweep._replace(points=tuple(point for point in sweep.points if point.defined))


def diversities_of(sweep: TemperatureSweep) -> tuple[float, float]:
    """The least and greatest diversity of a sweep's temperatures."""
    means = [mean_of(point.diversity).value for point in sweep.points]
    return min(means), max(means)


def diversity_at(temperature: float, sweep: TemperatureSweep) -> Measured:
    """Diversity on the curve over temperatures."""
    groups = [([point.temperature] * len(point.diversity), point.diversity) for point in sweep.points]
    return value_at(temperature, groups)


def place_of(temperature: float, sweep: TemperatureSweep) -> float:
    """Where the curves are compared: the diversity that was measured at a temperature.

    Not the fitted one: where temperatures are far apart a parabola misses the points, by the same in two sweeps, so
    that it serves for their difference alone.
    """
    return mean_of(next(p.diversity for p in sweep.points if p.temperature == temperature)).value


def quality_at(diversity: float, sweep: TemperatureSweep) -> Measured:
    """Quality on the curve over diversities."""
    return value_at(diversity, [(point.diversity, point.quality) for point in sweep.points])


def difference_at(
    temperature: float, candidates: Sequence[TemperatureSweep], reference: TemperatureSweep
) -> Measured | None:
    """Quality of the candidates less the reference's, at the diversity that each has at a temperature.

    None where the reference's temperatures do not reach it.
    """
    least, greatest = diversities_of(reference)
    pairs = []
    for sweep in candidates:
        place = place_of(temperature, sweep)
        if not least <= place <= greatest:
            return None
        pairs.append((quality_at(place, sweep), quality_at(place, reference)))
    return combined(pairs)


def combined(pairs: Sequence[tuple[Measured, Measured]]) -> Measured:
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


def differences_elsewhere(
    candidates: Sequence[TemperatureSweep], reference: TemperatureSweep, error: float
) -> tuple[tuple[float, Estimate], ...]:
    """Differences at the diversity of the other temperatures, whose intervals hold together but for `error`."""
    found = []
    for point in candidates[0].points[1:-1]:  # at an end the fitted curve has support on one side only
        temperature = point.temperature
        if temperature != 1.0 and all(any(p.temperature == temperature for p in each.points) for each in candidates):
            difference = difference_at(temperature, candidates, reference)
            if difference is not None:
                found.append((temperature, difference))
    return tuple((place, difference.interval(1 - error / len(found))) for place, difference in found)


def means_at_1(sweeps: Sequence[TemperatureSweep]) -> dict[str, float]:
    """Means of both measures; NaN where one is not defined."""
    points = [point_1(sweep) for sweep in sweeps]
    return {
        "quality": float(np.mean([mean_of(point.quality).value for point in points])),
        "diversity": float(np.mean([mean_of(point.diversity).value for point in points])),
    }


def matched_temperature(facts: Facts) -> float:
    """The temperature at which the reference has the candidates' diversity."""
    points = sorted((mean_of(point.diversity).value, point.temperature) for point in facts.reference.points)
    diversities, temperatures = zip(*points, strict=True)
    return float(np.interp(facts.place, diversities, temperatures))
