"""Did the adversarial phase help? Two generators over temperatures, compared at equal diversity.

A generator that is sampled at a lower temperature has a higher BLEU and a higher Self-BLEU, at no cost. So the
question has two parts: is the candidate's curve of quality over diversity another one than the reference's, and if
not, has its own temperature 1 moved along it?

1. The curves. Both are taken at the diversity that the candidate has at temperature 1, and their quality is
   subtracted. This one place decides; the candidate's other temperatures are looked at beside, for curves that cross.
2. The move. The diversity of both at temperature 1 is subtracted.

Each interval has a coverage of 97.5 %, so that both hold together in 95 % of cases: two generators that are equal are
called anything but equal (or unclear) at most once in twenty. That is of sweeps that are looked at once; of those that
are looked at as they grow, see `verdict_looks`. Absence of evidence is no evidence of absence: "no difference" is said
when an interval lies within a margin, not when it merely holds 0; otherwise the answer is that these samples do not
tell.

The intervals are of the choice of samples. With one training of each they say nothing of what other seeds would give;
with several candidates the spread of these decides.

Source of the comparison: Caccia et al. 2020, "Language GANs Falling Short", ICLR (arXiv:1811.02549). Two one-sided
tests for equivalence: Schuirmann 1987.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from seqgan.errors import ConfigError
from seqgan.evaluation.intervals import Estimate
from seqgan.evaluation.temperatures import TemperatureSweep
from seqgan.evaluation.verdict_curves import (
    Facts,
    combined,
    difference_at,
    differences_elsewhere,
    diversities_of,
    diversity_at,
    place_of,
    point_1,
    where_defined,
)
from seqgan.evaluation.verdict_evidence import evidence_of
from seqgan.evaluation.verdict_sentences import (
    apart,
    crossing,
    moved_only,
    no_difference,
    not_defined,
    out_of_reach,
    unclear_gain,
    unclear_move,
    with_places_elsewhere,
)

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
    controls: Sequence[Mapping[str, Any]] = ()
    """With controls: each opponent, what came of it, and what was left out, as plain containers."""
    controls_sentence: str = ""
    """And all of them in a sentence."""

    def to_json(self, compared_with: str) -> dict[str, Any]:
        """As plain containers: the content of `verdict.json`."""
        content = {
            "format": 1,
            "kind": self.kind,
            "sentence": self.sentence,
            "compared_with": compared_with,
            "evidence": self.evidence,
        }
        if self.controls:
            content |= {"controls": list(self.controls), "controls_sentence": self.controls_sentence}
        return content


def judge_sweeps(
    candidates: Sequence[TemperatureSweep],
    reference: TemperatureSweep,
    names: tuple[str, str] = ("the run", "the reference"),
    *,
    quality_margin: float = QUALITY_MARGIN,
    diversity_margin: float = DIVERSITY_MARGIN,
    coverage: float = COVERAGE,
) -> Verdict:
    """Compare candidates with a reference.

    Args:
        candidates: one, or several that were trained alike with different seeds, whose mean is then judged.
        reference: what they are to beat.
        names: of the candidates and of the reference, for the sentence.
        quality_margin: difference of quality that does not matter, in its unit.
        diversity_margin: difference of diversity at temperature 1 that does not matter, in its unit.
        coverage: of the two intervals together; where sweeps are looked at again as they grow, `verdict_looks` says it.

    Raises:
        ConfigError: the sweeps do not compare: other measures, counts or references, or temperature 1 is missing.
    """
    _check_comparable([*candidates, reference])
    confidence = interval_level(coverage)
    if not all(point_1(sweep).defined for sweep in (*candidates, reference)):
        unknown = Estimate(math.nan, -math.inf, math.inf)
        facts = Facts(candidates, reference, names, math.nan, unknown, quality_margin, diversity_margin, coverage)
        return _verdict("cannot-tell", not_defined(facts), facts)
    candidates, reference = [where_defined(sweep) for sweep in candidates], where_defined(reference)
    places = [place_of(1.0, sweep) for sweep in candidates]
    moved = combined([(diversity_at(1.0, sweep), diversity_at(1.0, reference)) for sweep in candidates])
    move = moved.interval(confidence)
    place = float(np.mean(places))
    facts = Facts(candidates, reference, names, place, move, quality_margin, diversity_margin, coverage)
    least, greatest = diversities_of(reference)
    if not all(least <= place <= greatest for place in places):
        lower = any(reach_of(sweep, reference) < 0 for sweep in candidates)
        return _verdict("cannot-tell", out_of_reach(facts, lower=lower), facts)
    difference = difference_at(1.0, candidates, reference)
    assert difference is not None  # the places are within reach
    gain = difference.interval(confidence)
    elsewhere = differences_elsewhere(candidates, reference, 1 - confidence)
    return _decide(facts._replace(gain=gain, elsewhere=elsewhere))


def interval_level(coverage: float) -> float:
    """Of each of the two intervals, which hold together with this coverage."""
    return 1 - (1 - coverage) / 2  # Bonferroni: two questions


def reach_of(candidate: TemperatureSweep, reference: TemperatureSweep) -> int:
    """Whether the reference's temperatures reach the diversity that the candidate has at temperature 1.

    Returns:
        0 if they do, -1 if lower ones are needed, 1 if higher ones are.
    """
    if not (point_1(candidate).defined and any(point.defined for point in reference.points)):
        return 0  # no other temperature would help
    least, greatest = diversities_of(where_defined(reference))
    place = place_of(1.0, candidate)
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


def _decide(facts: Facts) -> Verdict:
    """The verdict where both curves are known at one diversity."""
    gain, move, margin = facts.gain, facts.move, facts.quality_margin
    assert gain is not None
    if -margin < gain.low and gain.high < margin:
        sharper = facts.reference.sharper
        if -facts.diversity_margin < move.low and move.high < facts.diversity_margin:
            return _verdict("no-difference", no_difference(facts), facts)
        if move.low > 0 or move.high < 0:
            kind = "sharper-only" if (move.low > 0) == (sharper > 0) else "flatter-only"
            return _verdict(kind, moved_only(facts, kind), facts)
        return _verdict("cannot-tell", unclear_move(facts), facts)
    if gain.low > 0 or gain.high < 0:
        kind = "better" if gain.low > 0 else "worse"
        against = [place for place, other in facts.elsewhere if _opposes(other, gain, margin)]
        if against:
            return _verdict("cannot-tell", crossing(facts, kind, against), facts)
        return _verdict(kind, apart(facts, kind), facts)
    return _verdict("cannot-tell", unclear_gain(facts), facts)


def _opposes(other: Estimate, gain: Estimate, margin: float) -> bool:
    """Whether a difference elsewhere has the other sign, by more than the margin."""
    return other.high < -margin if gain.low > 0 else other.low > margin


def _verdict(kind: str, sentence: str, facts: Facts) -> Verdict:
    if kind in ("no-difference", "sharper-only", "flatter-only"):
        sentence = with_places_elsewhere(sentence, facts)
    return Verdict(kind, sentence, evidence_of(facts))
