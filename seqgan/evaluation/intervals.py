"""Intervals of few repeated measurements: means, and the value of a curve at a place."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from seqgan.metrics.significance import student_quantile

WINDOW = 5
"""Groups of measurements, one for each temperature, that a curve is fitted to: the nearest ones."""


class Estimate(NamedTuple):
    """A number and the interval that it may be in."""

    value: float
    low: float
    high: float

    def to_json(self) -> dict[str, float | None]:
        """As plain containers; an end that is not finite is null."""
        return {name: end if math.isfinite(end) else None for name, end in self._asdict().items()}

    @classmethod
    def from_json(cls, content: Mapping[str, float | None]) -> "Estimate":
        """What `to_json` gave."""
        low, high = content["low"], content["high"]
        value = content["value"]
        return cls(
            math.nan if value is None else value, -math.inf if low is None else low, math.inf if high is None else high
        )


class Measured(NamedTuple):
    """A number with the variance of its error, and of how many degrees of freedom that variance is known."""

    value: float
    variance: float
    freedom: float

    def interval(self, confidence: float) -> Estimate:
        """The value within its interval; without a degree of freedom it is endless."""
        if self.freedom < 1:
            return Estimate(self.value, -math.inf, math.inf)
        half = student_quantile(0.5 + confidence / 2, int(self.freedom)) * math.sqrt(self.variance)
        return Estimate(self.value, self.value - half, self.value + half)

    def __sub__(self, other: "Measured") -> "Measured":
        """The difference of two independent ones, with the degrees of freedom of Welch and Satterthwaite."""
        variance = self.variance + other.variance
        if min(self.freedom, other.freedom) < 1 or variance == 0:
            return Measured(self.value - other.value, variance, min(self.freedom, other.freedom))
        freedom = variance**2 / (self.variance**2 / self.freedom + other.variance**2 / other.freedom)
        return Measured(self.value - other.value, variance, freedom)


def mean_of(values: Sequence[float]) -> Measured:
    """The mean of independent measurements; of a single one nothing is known of its error."""
    count = len(values)
    variance = float(np.var(values, ddof=1)) / count if count > 1 else math.inf
    return Measured(float(np.mean(values)), variance, count - 1)


def value_at(place: float, groups: Sequence[tuple[Sequence[float], Sequence[float]]]) -> Measured:
    """A curve through measurements, at a place: a parabola fitted to the nearest groups of them.

    Its error comes from the scatter about the parabola, so that a curve which is none widens the interval. Errors of
    the places themselves are part of that scatter: they are small beside the distances of the groups.

    Args:
        place: where.
        groups: places and values of the measurements of each group. With three groups or two a straight line is
            fitted, with one the mean is taken.
    """
    near = sorted(groups, key=lambda group: abs(float(np.mean(group[0])) - place))[:WINDOW]
    degree = 2 if len(near) > 3 else 1 if len(near) > 1 else 0
    x = np.concatenate([group[0] for group in near]) - place
    y = np.concatenate([group[1] for group in near])
    scale = float(np.abs(x).max()) or 1.0  # a well-conditioned fit, whatever the unit
    design = np.vander(x / scale, degree + 1, increasing=True)  # [measurements, 1 + degree]
    # The pseudo-inverse gives the shortest solution where the places are all alike.
    solve = np.linalg.pinv(design)
    coefficients = solve @ y
    freedom = len(y) - design.shape[1]
    residuals = y - design @ coefficients
    scatter = float(residuals @ residuals) / freedom if freedom > 0 else math.inf
    return Measured(float(coefficients[0]), scatter * float(solve[0] @ solve[0]), freedom)
