"""The table of metrics names all of them, and each with what it promises."""

import re
from pathlib import Path

from seqgan.metrics import SPECIFICATION, Entry, Report, table
from seqgan.metrics.metric import every_metric

README = (Path(__file__).parents[2] / "seqgan" / "metrics" / "README.md").read_text(encoding="utf-8")
ROWS = [line.strip("|").split("|") for line in README.split("\n") if line.startswith("| `")]
ARROWS = {"up": "↑", "down": "↓", "none": ""}


def test_every_metric_has_one_row():
    assert sorted(row[0].strip(" `") for row in ROWS) == sorted(every_metric())


def test_rows_are_whole_and_directions_are_those_of_the_table():
    for row in ROWS:
        name, _, _, direction, reads, *rest = (cell.strip() for cell in row)
        assert len(rest) == 2
        assert all(cell.strip() for cell in row)
        name = name.strip("`")
        assert reads == (", ".join(every_metric()[name].needs) or "samples alone")
        named = {"length": "length-mean"}.get(name, name)
        line = table({"x": Report([Entry(named, 1.0, "how")])}).split("\n")[1]
        assert line.startswith(f"{named} {ARROWS[direction]}".rstrip()), name
        assert ARROWS[direction] or "↑" not in line


def test_the_version_is_that_of_the_numbers():
    assert re.search(r"^Specification (\w+)\.", README, re.M)[1] == SPECIFICATION
    assert f"`spec:{SPECIFICATION}`" in README
