"""A verdict from no more sets of samples than it takes: looks at two sweeps as they grow.

After each look the answer is given if it is clear, and another set is sampled if not. Who looks often, and stops when
an interval happens to miss, errs more often than each interval says. So the looks share one error: all but the last
spend a small part of it, in equal shares, and the last one has the rest, so that its intervals are nearly those of a
single look. Were the last look fixed beforehand, the intervals of all would hold together as often as those of a single
look do (Bonferroni). Whether it is at the planned sets or at twice as many the widths decide, which are estimates: the
narrow ones miss a little more often than they say, as they did when there was one look. How often the answer is wrong
is what `scripts/looks` counts.

An early look ends the sampling only where more sets would find the same: the difference lies beyond the margin, and not
merely on one side of 0, or it lies within the margins; and at no other temperature the curves seem to differ without
being shown to.

As before there were looks, the widths of the intervals decide whether twice the planned sets may be sampled, and not
the answer: see `wants_more_sets`. Of several candidates the spread over their seeds decides, which more sets do not
narrow: there is one look, at all sets that are planned.

Source: repeated confidence intervals, Jennison and Turnbull 1989, Journal of the Royal Statistical Society B 51(3);
spending an error over looks, Lan and DeMets 1983, Biometrika 70(3).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from seqgan.evaluation.intervals import Estimate
from seqgan.evaluation.temperatures import TemperatureSweep
from seqgan.evaluation.verdict import COVERAGE, Verdict, interval_level, judge_sweeps, wants_more_sets

FEWEST = 2
"""Sets of the first look: a single one has no spread."""
EARLY = 0.2
"""Share of the error for all looks but the last, whose intervals it makes 4 % wider than those of a single look. A half
would spare few samples more, and make them 12 % wider."""

Draw = Callable[[int], tuple[Sequence[TemperatureSweep], TemperatureSweep]]
"""A number of sets to the sweeps of candidates and reference that have so many, the first ones, at each temperature."""


class Looks(NamedTuple):
    """When sweeps are looked at, and what error that may be."""

    sets: int
    """Planned, at least `FEWEST`."""
    coverage: float = COVERAGE
    """Of the intervals of all looks together."""

    @property
    def most(self) -> int:
        """Sets of the last look, where more are wanted than planned."""
        return 2 * self.sets

    @property
    def early_error(self) -> float:
        """Of each look that is not the last."""
        return EARLY * (1 - self.coverage) / (self.most - FEWEST)

    def coverage_at(self, sets: int, *, is_last: bool) -> float:
        """Of the intervals of the look at so many sets: as the last one it has all that those before it left."""
        if not is_last:
            return 1 - self.early_error
        return self.coverage + (sets - FEWEST) * self.early_error


def judge_in_looks(
    draw: Draw,
    looks: Looks,
    names: tuple[str, str] = ("the run", "the reference"),
    *,
    on_more: Callable[[], None] = lambda: None,
) -> Verdict:
    """Compare a candidate with a reference on as few sets of samples as give a clear answer.

    Args:
        draw: is asked for ever more sets; those that it gave before are the first of them.
        looks: how many sets at most, and the coverage.
        names: of the candidate and of the reference, for the sentence.
        on_more: called where more sets are wanted than planned.

    Returns:
        The verdict of the last look. Its evidence says under `looks` how many there were.

    Raises:
        ConfigError: the sweeps do not compare.
    """
    for sets in range(FEWEST, looks.most + 1):
        candidates, reference = draw(sets)
        if sets in (looks.sets, looks.most):
            coverage = looks.coverage_at(sets, is_last=True)
            verdict = judge_sweeps(candidates, reference, names, coverage=coverage)
            if sets == looks.most or not wants_more_sets(verdict):
                return _noted(verdict, looks, sets)
        coverage = looks.coverage_at(sets, is_last=False)
        verdict = judge_sweeps(candidates, reference, names, coverage=coverage)
        if is_settled(verdict):
            return _noted(verdict, looks, sets)
        if sets == looks.sets:
            on_more()
    raise AssertionError("the last look returns")


def judge_at_once(
    candidates: Sequence[TemperatureSweep],
    reference: TemperatureSweep,
    looks: Looks,
    names: tuple[str, str] = ("the run", "the reference"),
) -> Verdict:
    """The verdict of a single look, at the sets that are planned, as of several candidates.

    Raises:
        ConfigError: the sweeps do not compare.
    """
    verdict = judge_sweeps(candidates, reference, names, coverage=looks.coverage)
    verdict.evidence["looks"] = _said(looks, 1, 1, looks.coverage)
    return verdict


def is_settled(verdict: Verdict) -> bool:
    """Whether more sets would find the same, so far as the intervals hold."""
    at = verdict.evidence.get("at_equal_diversity")
    if at is None:
        return False
    margin = verdict.evidence["margins"]["quality"]
    gain = Estimate.from_json(at["difference"])
    elsewhere = [Estimate.from_json(other["difference"]) for other in verdict.evidence["elsewhere"]]
    above = any(_seems_above(other, margin) for other in elsewhere)
    below = any(_seems_above(_turned(other), margin) for other in elsewhere)
    if verdict.kind in ("no-difference", "sharper-only", "flatter-only"):
        return not (above or below)
    return (gain.low > margin and not below) or (gain.high < -margin and not above)


def looks_line(evidence: Mapping[str, Any]) -> str:
    """What a verdict took, for the reader.

    Args:
        evidence: of a verdict in looks.
    """
    said = evidence["looks"]
    taken, sets = said["taken"], evidence["sets"]
    what = "one look" if taken == 1 else f"{taken} looks"
    line = f"This took {sets} sets of samples at each temperature, {said['planned']} were planned, and {what}"
    each = f"each interval has a level of {said['interval_level']:.2%}"
    whose = "all looks" if said["possible"] > 1 else "both"
    return f"{line}; {each}, as {whose} share an error of {1 - said['coverage']:.0%}."


def _noted(verdict: Verdict, looks: Looks, sets: int) -> Verdict:
    """The verdict of the look at so many sets, with what the looks were."""
    verdict.evidence["looks"] = _said(looks, sets - FEWEST + 1, looks.most - FEWEST + 1, verdict.evidence["coverage"])
    return verdict


def _said(looks: Looks, taken: int, possible: int, coverage: float) -> dict[str, Any]:
    """What the evidence says of looks.

    Args:
        looks: what was planned.
        taken: how many there were.
        possible: how many there might have been.
        coverage: of the two intervals of the last one.
    """
    return {
        "taken": taken,
        "possible": possible,
        "planned": looks.sets,
        "coverage": looks.coverage,
        "interval_level": interval_level(coverage),
    }


def _seems_above(difference: Estimate, margin: float) -> bool:
    """Whether a difference is estimated beyond the margin, and its interval is not."""
    return difference.low <= margin < difference.value


def _turned(difference: Estimate) -> Estimate:
    """The same of the other curve less the one."""
    return Estimate(-difference.value, -difference.high, -difference.low)
