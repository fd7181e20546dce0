"""One call: the checks that are left, one after the other, for as long as there is time."""

import time
from collections.abc import Sequence
from pathlib import Path

import torch

from device import equality, oracle, rollouts, rounds, sampling
from device.check import Check, Place, Result
from device.record import Record, about
from seqgan.files import write_file
from seqgan.progress import Progress


def all_checks() -> list[Check]:
    """Every check, the cheap ones that most depends on first, the experiment in slices last."""
    return [
        *equality.checks(),
        *equality.penalty_checks(),
        *sampling.checks(),
        *rounds.checks(),
        *rollouts.precision_checks(),
        *rounds.resume_checks(),
        *rollouts.checks(),
        *oracle.checks(),
    ]


def go_on(
    out: Path,
    device: torch.device,
    *,
    limit: float = 540.0,
    quick: bool = False,
    names: Sequence[str] = (),
    again: bool = False,
    progress: Progress,
) -> int:
    """Carry out the checks that are not finished, until they are or the time is over.

    Args:
        out: folder of the record, `checks.json` and `device.md`.
        device: what is compared with the CPU.
        limit: seconds of this call.
        quick: tiny sizes.
        names: checks, or groups of such; all by default.
        again: whether failed ones are tried once more.
        progress: where each result is said.

    Returns:
        The exit code: 1 where a check has failed, in this call or before, and 2 where `limit` is too short for even the
        next one; otherwise 0, also where some are left.

    Raises:
        RunError: the folder has results of another device, torch or size.
    """
    ends = time.monotonic() + limit
    record = Record(out, about(device, quick=quick))
    if again:
        record.forget_failed()
    place = Place(device, quick, out, ends)
    left = [check for check in chosen(names) if not record.finished(check.name)]
    done = 0
    while left:
        check = left[0]
        needs = needed(check, quick=quick)
        if place.left < needs:
            break
        result, seconds = carried_out(check, place)
        record.keep(check, result, seconds)
        done += 1
        said = {True: "passed", False: "FAILED", None: "goes on"}[result.passed]
        progress.note(f"{check.name}: {said}, {seconds:.1f} s: {result.says}")
        if result.passed is None:
            break
        left.pop(0)
    write_file(out / "device.md", record.table())
    failed = record.failed()
    if left and not done:
        progress.note(f"{left[0].name} may take {needs:.0f} s, and --limit is {limit:g}: raise it.")
    elif left:
        progress.note(f"{len(left)} checks left: call again.")
    if failed:
        progress.note(f"Failed: {', '.join(failed)}.")
    return 1 if failed else 2 if left and not done else 0


def chosen(names: Sequence[str]) -> list[Check]:
    """Those of some names or groups, in their order; all where none is named."""
    return [check for check in all_checks() if not names or check.name in names or check.group in names]


def needed(check: Check, *, quick: bool) -> float:
    """Seconds that a check may take: tiny ones a small part."""
    return check.seconds / 10 if quick else check.seconds


def carried_out(check: Check, place: Place) -> tuple[Result, float]:
    """What came of a check, and its seconds; what it raises is a failure, and the others go on."""
    started = time.monotonic()
    try:
        if place.device.type == "cuda":
            torch.cuda.empty_cache()
        result = check.run(place)
    except Exception as error:
        lines = str(error).strip().splitlines() or [""]
        result = Result(False, f"{type(error).__name__}: {lines[0][:300]}")
    return result, time.monotonic() - started
