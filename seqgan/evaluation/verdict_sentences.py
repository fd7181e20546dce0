"""The answers of a verdict in plain English, with the numbers."""

import math
from collections.abc import Sequence

import numpy as np

from seqgan.evaluation.intervals import Estimate
from seqgan.evaluation.verdict_curves import (
    Facts,
    diversities_of,
    matched_temperature,
    means_at_1,
    point_1,
    quality_at,
)


def no_difference(facts: Facts) -> str:
    """Neither the curves nor their places differ."""
    ours, theirs = facts.names
    return (
        f"No difference: at temperature 1 {_at_1(facts)}, and at equal {_diversity(facts)} the {_quality(facts)} of "
        f"{ours} and {theirs} differs by {_gain(facts)}, less than the margin of {facts.quality_margin:g}."
    )


def moved_only(facts: Facts, kind: str) -> str:
    """Another temperature does the same."""
    _, theirs = facts.names
    what = "Sharper only" if kind == "sharper-only" else "Flatter only"
    return (
        f"{what}: at temperature 1 {_at_1(facts)}, but {theirs} at temperature {_matched(facts)} is as good at the "
        f"same {_diversity(facts)} (difference {_gain(facts)})."
    )


def apart(facts: Facts, kind: str) -> str:
    """One curve is above the other."""
    ours, theirs = facts.names
    of_ours = float(np.mean([quality_at(facts.place, sweep).value for sweep in facts.candidates]))
    of_theirs = quality_at(facts.place, facts.reference).value
    return (
        f"{kind.capitalize()} at equal diversity: at {_diversity(facts)} {facts.place:.3f}, {ours} has "
        f"{_quality(facts)} {of_ours:.3f} against {of_theirs:.3f} of {theirs} at temperature {_matched(facts)} "
        f"(difference {_gain(facts)})."
    )


def crossing(facts: Facts, kind: str, against: Sequence[float]) -> str:
    """One curve is above the other at temperature 1, and below it at the temperatures `against`."""
    other = "worse" if kind == "better" else "better"
    ours, theirs = facts.names
    listed = ", ".join(f"{place:g}" for place in against)
    return (
        f"Cannot tell: the curves cross; {ours} is {kind} than {theirs} at equal {_diversity(facts)} at temperature 1 "
        f"(difference {_gain(facts)}) and {other} at temperature {listed}: choose by the diversity that is "
        "wanted."
    )


def unclear_gain(facts: Facts) -> str:
    """The interval of the quality is too wide."""
    assert facts.gain is not None
    ours, theirs = facts.names
    return (
        f"Cannot tell from these samples: at equal {_diversity(facts)} the {_quality(facts)} of {ours} and {theirs} "
        f"differs by {_gain(facts)}; {_wanted(facts, facts.gain, facts.quality_margin)}."
    )


def unclear_move(facts: Facts) -> str:
    """The quality does not differ, and the interval of the diversity is too wide."""
    ours, theirs = facts.names
    return (
        f"Cannot tell whether {ours} is only sharper or flatter than {theirs}, or the same: at equal "
        f"{_diversity(facts)} it is as good (difference {_gain(facts)}), and at temperature 1 its {_diversity(facts)} "
        f"differs by {_interval(facts.move)}; {_wanted(facts, facts.move, facts.diversity_margin)}."
    )


def not_defined(facts: Facts) -> str:
    """A measure has no value at temperature 1."""
    lacking = [sweep for sweep in (*facts.candidates, facts.reference) if not point_1(sweep).defined]
    whose = facts.names[1] if lacking[0] is facts.reference else facts.names[0]
    return (
        f"Cannot tell: {_quality(facts)} and {_diversity(facts)} of {whose} are not both defined at temperature 1: in "
        "some set no sample is long enough. Sample more, or judge it by other metrics."
    )


def out_of_reach(facts: Facts, *, lower: bool) -> str:
    """The reference's temperatures give no such diversity; lower ones would, or higher ones."""
    ours, theirs = facts.names
    least, greatest = diversities_of(facts.reference)
    return (
        f"Cannot tell: {theirs} has {_diversity(facts)} from {least:.3f} to {greatest:.3f} at the temperatures of the "
        f"sweep, and {ours} {facts.place:.3f} at temperature 1: add {'lower' if lower else 'higher'} temperatures."
    )


def with_places_elsewhere(sentence: str, facts: Facts) -> str:
    """A sentence on temperature 1, with the other temperatures at which one curve is above the other."""
    better = [place for place, other in facts.elsewhere if other.low > facts.quality_margin]
    worse = [place for place, other in facts.elsewhere if other.high < -facts.quality_margin]
    for word, places in (("better", better), ("worse", worse)):
        if places:
            listed = ", ".join(f"{place:g}" for place in places)
            sentence = f"{sentence[:-1]}; at equal diversity it is {word}, however, at temperature {listed}."
    return sentence


def _wanted(facts: Facts, interval: Estimate, margin: float) -> str:
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


def _at_1(facts: Facts) -> str:
    ours, theirs = (means_at_1(facts.candidates), means_at_1([facts.reference]))
    return (
        f"{facts.names[0]} has {_quality(facts)} {ours['quality']:.3f} and {_diversity(facts)} {ours['diversity']:.3f} "
        f"against {theirs['quality']:.3f} and {theirs['diversity']:.3f} of {facts.names[1]}"
    )


def _matched(facts: Facts) -> str:
    return f"{matched_temperature(facts):.2f}"


def _gain(facts: Facts) -> str:
    assert facts.gain is not None
    return _interval(facts.gain)


def _interval(estimate: Estimate) -> str:
    if not math.isfinite(estimate.high):
        return f"{_number(estimate.value)}, interval unknown"
    return f"{_number(estimate.value)}, interval {_number(estimate.low)} to {_number(estimate.high)}"


def _number(value: float) -> str:
    return f"{round(value, 3) + 0.0:.3f}"  # no -0.000


def _quality(facts: Facts) -> str:
    return _titled(facts.reference.quality)


def _diversity(facts: Facts) -> str:
    return _titled(facts.reference.diversity)


def _titled(name: str) -> str:
    """A measure's name as it is written: bleu-4 as BLEU-4, self-bleu-4 as Self-BLEU-4."""
    return name.replace("bleu", "BLEU").replace("self", "Self")
