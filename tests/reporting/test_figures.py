"""Pictures take the page's colours, have ids of their own, and are the same each time."""

import re

import pytest

from seqgan.errors import ConfigError
from seqgan.reporting import figures
from seqgan.reporting.figures import (
    Interval,
    Line,
    Panel,
    Path,
    Point,
    bars,
    curves,
    growth,
    histogram,
    intervals,
    plane,
    swatch,
)

PANELS = [
    Panel("pretraining", "epochs", [Line([1, 2, 3], [3.0, None, 1.0], None)]),
    Panel("warm-up", "batches", [Line([50], [2.0], 1)], narrow=True),
    Panel("adversarial", "rounds", [Line([0, 5], [1.0, 2.0], 0, spread=[0.1, None]), Line([0], [None], 1)]),
    Panel("never", "rounds", [Line([], [])]),
]
DRAWN = {
    "curves": lambda key: curves(PANELS, key, level=1.5, low=0, high=4, least=1),
    "plane": lambda key: plane(
        [Path([Point(0.5, 0.6, "T 1")]), Path([Point(0.1, 0.2)], None)], key, "x", "y", "better"
    ),
    "histogram": lambda key: histogram([Line([0, 1], [40, 60])], key, "x", "y"),
    "growth": lambda key: growth([Line([1, 10, 1e6], [1, 5, 2000])], key, "x", "y"),
    "intervals": lambda key: intervals([Interval("a", 0.1, (0.0, 0.2)), Interval("b", -0.1)], key, "x"),
    "bars": lambda key: bars(["1", "2"], [[1, 2], [2, 3]], key, "x", "y"),
}


@pytest.mark.slow(reason="draws every picture")
@pytest.mark.parametrize("name", DRAWN)
def test_pictures(name):
    svg = DRAWN[name]("here")
    assert svg == DRAWN[name]("here")
    assert svg.startswith("<svg ")
    assert svg.endswith("</svg>")
    assert "DejaVu" not in svg
    ids = re.findall(r'\bid="([^"]+)"', svg)
    assert len(ids) == len(set(ids))
    assert all(each.startswith("here-") for each in ids)
    assert set(re.findall(r'href="#([^"]+)"', svg)) | set(re.findall(r"url\(#([^)]+)\)", svg)) <= set(ids)
    # Every colour is a variable of the page: none would stay dark on dark.
    assert not re.search(r"#[0-9a-f]{6}\b", svg)
    assert "var(--series-0)" in svg
    assert "width=" not in svg.partition(">")[0]
    assert "<metadata" not in svg
    assert "<style" not in svg


def test_phases_are_named_and_empty_ones_left_out():
    svg = curves(PANELS, "x")
    words = re.findall(r">([^<>\n]+)</text>", svg)
    assert {"pretraining", "epochs", "warm-up", "50", "adversarial", "rounds"} <= set(words)
    assert "never" not in words
    assert svg.count("var(--shade)") == 2  # all but the last


def test_series_differ_by_colour_or_dashes():
    looks = {figures._look(number) for number in range(12)}
    assert len(looks) == 12
    assert len({dashes for _, dashes in map(figures._look, range(6))}) == 6
    assert len({swatch(number) for number in range(12)}) == 12


def test_without_matplotlib_the_extra_is_named(monkeypatch):
    monkeypatch.setattr(figures, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"pip install 'seqgan\[report\]'"):
        figures.check_drawable()
