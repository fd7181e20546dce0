"""All that a verdict compared, as plain containers."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from seqgan.evaluation.temperatures import TemperatureSweep
from seqgan.evaluation.verdict_curves import Facts, matched_temperature, means_at_1, point_1, quality_at


def evidence_of(facts: Facts) -> dict[str, Any]:
    """The content of `evidence` in a run's verdict.json."""
    ours, theirs = facts.names
    first = facts.reference
    evidence: dict[str, Any] = {
        "candidate": ours,
        "reference": theirs,
        "metrics": {"quality": first.quality, "diversity": first.diversity},
        "count": first.sentences,
        "sets": len(point_1(first).quality),
        "candidates": len(facts.candidates),
        "margins": {"quality": facts.quality_margin, "diversity": facts.diversity_margin},
        "coverage": facts.coverage,
        "covers": "the choice of samples" if len(facts.candidates) == 1 else "the candidates' seeds and samples",
        "at_temperature_1": {
            "candidate": _as_json(means_at_1(facts.candidates)),
            "reference": _as_json(means_at_1([first])),
            "diversity_difference": facts.move.to_json(),
        },
        "nll": {"candidate": _nll(facts.candidates), "reference": _nll([first])},
    }
    if facts.gain is not None:
        evidence["at_equal_diversity"] = {
            "diversity": facts.place,
            "candidate": float(np.mean([quality_at(facts.place, sweep).value for sweep in facts.candidates])),
            "reference": quality_at(facts.place, first).value,
            "reference_temperature": matched_temperature(facts),
            "difference": facts.gain.to_json(),
        }
        evidence["elsewhere"] = [
            {"temperature": place, "difference": difference.to_json()} for place, difference in facts.elsewhere
        ]
    return evidence


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
