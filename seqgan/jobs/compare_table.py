"""Sweeps over temperatures and their likelihoods, as lines for the reader."""

import math
from typing import Any

from seqgan.evaluation.intervals import mean_of
from seqgan.evaluation.temperatures import CONFIDENCE, TemperatureSweep
from seqgan.progress import printable


def sweep_table(sweeps: dict[str, TemperatureSweep]) -> list[str]:
    """Sweeps one below the other: a row for each temperature, half the interval's width behind each number."""
    lines = []
    for name, sweep in sweeps.items():
        lines.append(
            f"{'temperature':12}{sweep.quality + ' ↑':>18}{sweep.diversity:>18}{'nll ↓':>18}  {printable(name)}"
        )
        for point in sweep.points:
            cells = [mean_of(values).interval(CONFIDENCE) for values in (point.quality, point.diversity)]
            shown = "".join(f"{_cell(cell):>18}" for cell in [*cells, *([point.nll] if point.nll else [])])
            lines.append(f"{point.temperature:<12g}{shown}")
    first = next(iter(sweeps.values()))
    numbers = [len(sweep.points[0].quality) for sweep in sweeps.values()]
    least, most = min(numbers), max(numbers)
    sets = str(least) if least == most else f"{least} to {most}"
    how = f"{sets} sets of {first.sentences:,} samples at each temperature, ± half the interval of {CONFIDENCE:.0%}"
    return [*lines, "", f"{how}; {first.references}"]


def _cell(estimate: Any) -> str:
    if not math.isfinite(estimate.value):
        return "n/a"
    half = (estimate.high - estimate.low) / 2
    return f"{estimate.value:.4f} ±{half:.4f}" if math.isfinite(half) else f"{estimate.value:.4f}"


def likelihood_line(evidence: dict[str, Any]) -> str:
    """Held-out likelihood of both: a second opinion, which no sharpening improves for a model that was calibrated."""
    parts = [
        f"{values['temperature_1']:.3f} for {evidence[which]} (best {values['best']:.3f}, at temperature "
        f"{values['best_temperature']:g})"
        for which in ("candidate", "reference")
        if (values := evidence["nll"][which])
    ]
    return f"Held-out nats a token at temperature 1: {' and '.join(parts)}."
