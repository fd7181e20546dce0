"""The oracle experiment at the paper's size, in slices: each call goes on with it for the time that is left."""

import json
import signal
import subprocess
import sys
from pathlib import Path

from device.check import Check, Place, Result
from seqgan.files import write_file
from seqgan.runs import read_metrics

SCRIPT = Path(__file__).parent.parent / "oracle"
LEAST = 60.0
"""Seconds that a slice is worth beginning with."""
LEAVES = 30.0
"""Seconds in which the experiment leaves, once it was told to: kept out of each slice."""
PLAYER = "seqgan"


def checks() -> list[Check]:
    return [
        Check(
            "oracle/paper",
            "The synthetic experiment at the paper's size comes to its end, and its likelihoods are numbers.",
            LEAST,
            slice_of_oracle,
        )
    ]


def slice_of_oracle(place: Place) -> Result:
    """Go on with `scripts/oracle` until it ends, or until the call does."""
    out = place.folder / "oracle"
    size = "tiny" if place.quick else "paper"
    command = [sys.executable, str(SCRIPT), "--out", str(out), "--size", size, "--device", str(place.device)]
    command += ["--players", PLAYER, *(["--samples", "64"] if place.quick else [])]
    (place.folder / "oracle").mkdir(parents=True, exist_ok=True)
    with (place.folder / "oracle" / "said.txt").open("ab") as said:
        child = subprocess.Popen(command, stdout=said, stderr=said)
        try:
            code = ended(child, place.left - LEAVES)
        finally:
            if child.poll() is None:
                child.kill()
                child.wait()
    if code is None:
        return Result(None, so_far(out))
    if code:
        last = (out / "said.txt").read_text(encoding="utf-8", errors="replace").strip().splitlines() or [""]
        return Result(False, f"scripts/oracle ended with exit code {code}: {last[-1][:300]}")
    write_file(place.folder / "oracle.tsv", (out / "curve.tsv").read_text(encoding="utf-8"))
    return finished(out)


def ended(child: subprocess.Popen, seconds: float) -> int | None:
    """Its exit code; None where it was told to leave when the time was over."""
    try:
        return child.wait(max(1.0, seconds))
    except subprocess.TimeoutExpired:
        child.send_signal(signal.SIGTERM)  # it saves a state, where it is in the midst of a training
    try:
        child.wait(LEAVES)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    return None


def so_far(out: Path) -> str:
    """The last step that each training has logged."""
    lines = [
        f"{path.parent.relative_to(out)}: {line['phase']} {line['step']}"
        for path in sorted(out.rglob("metrics.jsonl"))
        for line in read_metrics(path)[-1:]
    ]
    return f"so far {'; '.join(lines) or 'nothing'}"


def finished(out: Path) -> Result:
    """What the oracle says of both generators."""
    scores = json.loads((out / "scores.json").read_text(encoding="utf-8"))
    values = {name: scores[name]["0"]["nll_oracle"] for name in ("oracle", "MLE, last epoch", PLAYER)}
    says = ", ".join(f"{name} {value:.3f}" for name, value in values.items())
    numbers = [value for seeds in scores.values() for each in seeds.values() for value in each.values()]
    return Result(
        all(abs(value) < float("inf") for value in numbers), f"nll_oracle: {says}; the curve is in oracle.tsv"
    )
