"""Some of the catalogue of bad inputs; `scripts/catalogue` makes all of it."""

import pytest
from bad_inputs.cases import attempt
from bad_inputs.every import every_case, missing

CASES = list(every_case())
SLOW = ("sentencepiece", "200,000", "onnx", "a line without an end")
QUICK = [case for case in CASES if not any(word in case.name for word in SLOW)][::17]


FOUND = {
    "export": ("output with NUL",),
    "exported folder": (
        "generator: no section of the text",
        "generator: a setting of the text missing",
        "discriminator: no length",
    ),
    "run folder": ("config, sample: no length", "config, report: cut", "state: an epoch that is a text"),
    "sweep": (
        "a journal that is a pipe",
        "another sweep's folder",
        "kept settings that are cut",
        "the file: a key that is a number",
    ),
    "streamed": (
        "a part that is cut before scan_text",
        "a validation text that is a link to nothing",
        "in memory: two validation texts",
        "a missing part",
        "a folder among the parts",
    ),
    "model folder": (
        "generator: NaN",
        "discriminator: infinity",
        "generator: whole numbers",
        "generator: weights that are pickled",
        "sizes: a width that is a text",
        "sizes: a million layers beside its weights",
        "sizes: terabytes beside its weights",
        "a smaller vocabulary",
        "plain text for a translator",
    ),
    "algorithm": (
        "spin: a pool",
        "spin: a discriminator's learning rate",
        "spin: another discriminator",
        "spin: from nothing",
        "seqgan: an unknown optimiser",
    ),
    "score": ("pairs: a blank source apart", "CR alone ends lines"),
}
"""By kind, cases that ended in a traceback, a hang, or a result that was none."""
KEPT = [case for case in CASES if case.name in FOUND.get(case.kind, ())]


def test_there_are_enough_and_each_has_its_name():
    assert len(CASES) > 2000
    assert len({(case.kind, case.name) for case in CASES}) == len(CASES)


@pytest.mark.slow(reason="a hundred commands on damaged input")
@pytest.mark.parametrize("case", QUICK, ids=lambda case: f"{case.kind}: {case.name}")
def test_a_bad_input_is_told_or_read_whole(case, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    if missing(case.kind):
        pytest.skip(f"not installed: {', '.join(missing(case.kind))}")
    assert attempt(case, tmp_path).lost == ""


def test_all_that_were_found_are_kept():
    assert len(KEPT) == sum(map(len, FOUND.values()))


@pytest.mark.parametrize("case", KEPT, ids=lambda case: f"{case.kind}: {case.name}")
def test_what_was_once_lost_is_told(case, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    if missing(case.kind):
        pytest.skip(f"not installed: {', '.join(missing(case.kind))}")
    assert attempt(case, tmp_path).lost == ""
