"""What came of the checks, kept in a file after each one, and the table of it."""

import json
from pathlib import Path
from typing import Any

import torch
from benchmarks.timing import machine

from device.check import Check, Result
from seqgan.errors import RunError
from seqgan.files import read_json, write_file

SAME = ("device", "torch", "sizes")
"""What must be alike where a record is gone on with; the host may be another one."""


class Record:
    """The results in a folder.

    Args:
        folder: made where it is missing.
        about: machine, device, torch and sizes. Those in SAME all results have in common.

    Raises:
        RunError: what is there already is of another device, torch or size.
    """

    def __init__(self, folder: Path, about: dict[str, Any]):
        self.path, self.about = folder / "checks.json", about
        self.results: dict[str, dict[str, Any]] = {}
        folder.mkdir(parents=True, exist_ok=True)
        if self.path.exists():
            kept = read_json(self.path)
            other = next((name for name in SAME if kept["about"].get(name) != about[name]), None)
            if other is not None:
                raise RunError(
                    f"{self.path} has results with {other} {kept['about'].get(other)!r}, and here it is "
                    f"{about[other]!r}: give another folder with --out."
                )
            self.results = kept["checks"]

    def finished(self, name: str) -> bool:
        """Whether a check has come to its end, passed or failed."""
        return self.results.get(name, {}).get("passed") is not None

    def keep(self, check: Check, result: Result, seconds: float) -> None:
        """Write down what came of a check; of one that goes on, how long it has taken so far."""
        before = self.results.get(check.name, {}).get("seconds", 0.0)
        entry = {"shows": check.shows, **result._asdict(), "seconds": round(before + seconds, 2)}
        self.results[check.name] = entry
        content = {"about": self.about, "checks": self.results}
        write_file(self.path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")

    def forget_failed(self) -> None:
        """Have the failed ones tried again."""
        self.results = {name: each for name, each in self.results.items() if each["passed"] is not False}

    def failed(self) -> list[str]:
        return [name for name, each in self.results.items() if each["passed"] is False]

    def table(self) -> str:
        """All results as Markdown, under the machine."""
        named = {True: "yes", False: "**no**", None: "goes on"}
        heading = ", ".join(f"{name} {value}" for name, value in self.about.items())
        lines = ["`scripts/device_check`", "", f"{heading}.", "", "| check | result | passed | seconds |"]
        lines.append("| --- | --- | --- | ---: |")
        for name, each in self.results.items():
            says = " ".join(each["says"].replace("|", "\\|").split())
            lines.append(f"| {name} | {says} | {named[each['passed']]} | {each['seconds']:.1f} |")
        shown = {name.partition("/")[0]: each["shows"] for name, each in self.results.items()}
        return "\n".join(
            [*lines, "", "What they show:", "", *(f"* {name}: {each}" for name, each in shown.items()), ""]
        )


def about(device: torch.device, *, quick: bool) -> dict[str, Any]:
    """What results were measured on."""
    here = machine()
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    return {
        "processor": here["processor"],
        "cores": here["cores"],
        "threads": here["threads"],
        "torch": here["torch"],
        "device": name,
        "sizes": "quick" if quick else "whole",
    }
