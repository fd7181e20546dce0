"""What a run keeps of its evaluations: the numbers, what was compared, and the flags that make them again."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from seqgan.files import read_json
from seqgan.jobs.judging import Judging
from seqgan.metrics import SPECIFICATION, Report
from seqgan.progress import Progress
from seqgan.reporting.read import REAL

OF_COMPARISON = ("compare", "temperatures", "sets", "equal-budget", "seeds-of", "controls", "table-only")
"""Flags that say nothing of a run that was only compared with."""


def kept_report(
    name: str,
    columns: Mapping[str, Report],
    asked: Mapping[str, Any],
    lines: Sequence[str] = (),
    weights: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """What a run's report.json holds: as the JSON of the command, without what sweep.json and verdict.json have.

    Args:
        name: of the run.
        columns: all that were judged with it, the run that was asked for last. To that one all others are written;
            to a run that it was compared with, real text alone.
        asked: see `asked_for`.
        lines: what was said below the table.
        weights: what `runs.weights.said_of` says.
    """
    is_main = name == list(columns)[-1]
    others = [other for other in columns if other != name and (is_main or other in REAL)]
    compared = {other: columns[other].to_json() for other in others}
    flags = {flag: value for flag, value in asked.items() if is_main or flag not in OF_COMPARISON}
    further = {"compared": compared, "comparisons": list(lines) if is_main else [], "flags": flags}
    return {
        "run": name,
        "checkpoint": "generator.safetensors",
        **(weights or {}),
        "specification": SPECIFICATION,
        "metrics": columns[name].to_json(),
        **{key: value for key, value in further.items() if value},
    }


def with_those_before(content: dict[str, Any], path: Path, progress: Progress) -> dict[str, Any]:
    """The content of a run's report.json, and of the one before what was measured of the same weights and not now.

    Args:
        content: to be written.
        path: of the file; what cannot be read of it is as good as not there.
        progress: is told what was kept.
    """
    try:
        before = read_json(path)
        same = all(before.get(key) == content.get(key) for key in ("weights", "specification", "checkpoint"))
        if "weights" not in content or not same:
            return content
        kept = [name for name in before["metrics"] if name not in content["metrics"]]
        now_of, before_of = content.get("weights_of", {}), before.get("weights_of", {})
        changed = any(now_of[place] != weights for place, weights in before_of.items() if place in now_of)
        beside = {name: report for name, report in before.get("compared", {}).items() if name in REAL or not changed}
        compared = {**beside, **content.get("compared", {})}
        compared |= {name: {**report, **compared[name]} for name, report in beside.items()}
        asked, now = before.get("flags", {}), content.get("flags", {})
        flags = {**{flag: value for flag, value in asked.items() if flag in OF_COMPARISON}, **now}
        if kept and "metrics" in asked and "metrics" in now:
            flags["metrics"] = list(dict.fromkeys([*asked["metrics"], *now["metrics"]]))
        elif kept:
            flags.pop("metrics", None)
        merged = {
            **content,
            "metrics": {**before["metrics"], **content["metrics"]},
            "compared": compared,
            "comparisons": content.get("comparisons") or ([] if changed else before.get("comparisons", [])),
            "flags": flags,
            "weights_of": {**before_of, **now_of},
        }
    except (OSError, ValueError, AttributeError, KeyError, TypeError):
        return content
    if kept:
        progress.note(f"{path} keeps what was measured before of the same weights: {', '.join(kept)}.")
    return {name: value for name, value in merged.items() if value or name in content}


def asked_for(asked: Judging) -> dict[str, Any]:
    """What was asked for and decides the numbers, by the flags' names: what it takes to make them again."""
    usual = Judging()
    names = (name for name in asked.__struct_fields__ if name not in ("device", "samples"))
    given = {
        name.replace("_", "-"): getattr(asked, name) for name in names if getattr(asked, name) != getattr(usual, name)
    }
    return {name: list(value) if isinstance(value, tuple) else value for name, value in given.items()}
