"""Some of the catalogue of bad inputs; `scripts/catalogue` makes all of it."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "scripts"))

from bad_inputs import commands, metric_inputs, run_folders, settings, texts
from bad_inputs.cases import attempt

CASES = [case for source in (texts, settings, run_folders, metric_inputs, commands) for case in source.cases()]
QUICK = [case for case in CASES if "sentencepiece" not in case.name and "200,000" not in case.name][::14]


def test_there_are_enough_and_each_has_its_name():
    assert len(CASES) > 1000
    assert len({(case.kind, case.name) for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", QUICK, ids=lambda case: f"{case.kind}: {case.name}")
def test_a_bad_input_is_told_or_read_whole(case, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    assert attempt(case, tmp_path).lost == ""
