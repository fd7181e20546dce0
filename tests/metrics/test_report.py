"""Reports as JSON and as a table."""

import json

import pytest

from seqgan.errors import SeqganError
from seqgan.metrics import Entry, Metric, Report, Texts, table
from seqgan.metrics.metric import direction, every_metric
from seqgan.metrics.report import ARROWS
from seqgan.metrics.significance import wilson_interval


def test_a_report_goes_to_json_and_back():
    report = Report([Entry("bleu-2", 0.5, "how", 0.4, 0.6), Entry("nll", 2.0, "so")])
    content = report.to_json()
    assert content == {
        "bleu-2": {"value": 0.5, "low": 0.4, "high": 0.6, "signature": "how"},
        "nll": {"value": 2.0, "signature": "so"},
    }
    assert list(Report.from_json(json.loads(json.dumps(content)))) == list(report)


def test_a_report_is_asked_by_name_and_keeps_its_order():
    report = Report([Entry("nll", 2.0, "so"), Entry("bleu-2", 0.5, "how")])
    assert [entry.name for entry in report] == ["nll", "bleu-2"]
    assert len(report) == 2
    assert report["nll"].value == 2.0
    assert "bleu-2" in report
    assert "bleu-3" not in report
    assert report.get("bleu-3") is None


def test_two_numbers_of_one_name_are_refused():
    entry = Entry("nll", 2.0, "so")
    assert len(Report([entry, entry])) == 1
    with pytest.raises(SeqganError, match="one number for each name, and 'nll' came with two"):
        Report([entry, Entry("nll", 2.0, "otherwise")])


def test_json_without_a_recipe_is_refused():
    with pytest.raises(SeqganError, match=r"The metric 'nll' lacks signature: expected what Report.to_json writes"):
        Report.from_json({"nll": {"value": 2.0}})


def test_the_table_shows_every_number_with_its_recipe():
    a = Report([Entry("bleu-2", 0.5, "recipe A", 0.46, 0.54), Entry("copied", 0.1, "recipe B")])
    b = Report([Entry("nll", 2.0, "recipe C"), Entry("bleu-2", 0.25, "recipe A"), Entry("length-mean", 1234.5, "D")])
    lines = table({"one": a, "two": b}).split("\n")
    assert lines[0].split() == ["one", "two", "recipe"]
    assert [line.split() for line in lines[1:5]] == [
        ["nll", "↓", "2.0000", "1"],
        ["bleu-2", "↑", "0.5000", "±0.0400", "0.2500", "2"],  # half of 0.54 - 0.46
        ["length-mean", "1234", "3"],
        ["copied", "↓", "0.1000", "4"],
    ]
    assert lines[5:7] == ["", "± half of a 95 % interval; how it was computed is in the recipe."]
    assert lines[7:] == ["", "1  recipe C", "2  recipe A", "3  D", "4  recipe B"]


def test_recipes_that_differ_between_columns_are_listed_in_their_order():
    columns = {
        "a": Report([Entry("bleu-2", 0.5, "of 10")]),
        "b": Report([Entry("nll", 2.0, "other")]),
        "c": Report([Entry("bleu-2", 0.6, "of 20")]),
        "d": Report([Entry("bleu-2", 0.7, "of 10")]),
    }
    lines = table(columns).split("\n")
    assert lines[1].split() == ["bleu-2", "↑", "0.5000", "0.6000", "0.7000", "1,-,2,1"]
    assert lines[-3:] == ["1  of 10", "2  of 20", "3  other"]


@pytest.mark.parametrize(
    ("value", "low", "high", "shown"),
    [
        (0.5, 0.46, 0.54, "0.5000 ±0.0400"),
        (0.5, 0.46, 0.55, "0.5000 ±0.0450"),  # 0.005 from the middle, a ninth of the half
        (0.5, 0.46, 0.57, "0.5000 [0.4600, 0.5700]"),
        # Wilson's of 49 of 50, of which the half leads to 1.03; and of 50 of 50, and of 0.
        (0.98, *wilson_interval(49, 50), "0.9800 [0.8950, 0.9965]"),
        (1.0, *wilson_interval(50, 50), "1.0000 [0.9287, 1.0000]"),
        (0.0, *wilson_interval(0, 50), "0.0000 [0.0000, 0.0713]"),
        # Cut off at a bound, by little.
        (0.96, 0.91, 1.0, "0.9600 [0.9100, 1.0000]"),
        (0.04, 0.0, 0.09, "0.0400 [0.0000, 0.0900]"),
        (99.5, 98.9, 100.0, "99.5000 [98.9000, 100.0000]"),
        (2.0, 1.5, 2.5, "2.0000 ±0.5000"),
    ],
)
def test_an_interval_is_shown_as_it_is(value, low, high, shown):
    lines = table({"x": Report([Entry("any", value, "A", low, high)])}).split("\n")
    assert lines[1] == f"any  {shown}       1"
    mark = "±" if "±" in shown else "["
    assert lines[3].startswith(mark)
    assert ("±" in lines[3]) == (mark == "±")


def test_columns_of_the_table_are_aligned():
    report = Report([Entry("self-bleu-2", 0.5, "A"), Entry("unique", 0.25, "B", 0.2, 0.3)])
    lines = table({"name": report, "a longer name": report}).split("\n")
    assert lines[:3] == [
        "                         name   a longer name  recipe",
        "self-bleu-2 ↓          0.5000          0.5000       1",
        "unique ↑       0.2500 ±0.0500  0.2500 ±0.0500       2",
    ]


@pytest.mark.parametrize(
    ("name", "arrow"),
    [
        ("bleu-4", "↑"),
        ("self-bleu-4", "↓"),
        ("backward-bleu-4", "↑"),
        ("ms-jaccard-3", "↑"),
        ("js-1", "↓"),
        ("perplexity", "↓"),
        ("distinct-2", "↑"),
        ("length-mean", None),
    ],
)
def test_an_arrow_shows_which_way_is_better(name, arrow):
    assert ARROWS[direction(name)] == (arrow or "")
    row = table({"x": Report([Entry(name, 0.5, "how")])}).split("\n")[1].split()
    assert row == [name, *([arrow] if arrow else []), "0.5000", "1"]


def test_no_number_belongs_to_two_metrics():
    names = [name for metric in every_metric().values() for name in metric.directions]
    assert len(names) == len(set(names))


def test_a_record_that_makes_no_sense_is_refused():
    with pytest.raises(SeqganError, match=r"'mine' needs 'refs'. Known needs: references, training"):
        Metric("mine", needs=("refs",))
    with pytest.raises(SeqganError, match=r"'mine' needs sources, which no function of texts is given"):
        Metric("mine", len, needs=("sources",))
    with pytest.raises(SeqganError, match=r"direction of 'mine' is 2, expected 1, -1 or 0"):
        Metric("mine", direction=2)
    with pytest.raises(SeqganError, match=r"direction of 'mine-std' is 'up'"):
        Metric("mine", others={"mine-std": "up"})


def test_a_number_without_a_direction_is_refused():
    metric = Metric("mine", lambda texts: [Entry(name, 1.0, "how") for name in texts.samples])
    assert [entry.name for entry in metric(Texts(["mine", "mine-3"]))] == ["mine", "mine-3"]
    with pytest.raises(SeqganError, match=r"gave a number called 'yours': call it mine, with its order"):
        metric(Texts(["mine", "yours"]))


def test_a_metric_is_given_what_it_needs_alone():
    def texts_of(*needs):
        found = []
        Metric("mine", lambda texts: found.append(texts) or [], needs)(Texts(["a"], ["b"], ["c"]))
        return found[0]

    assert texts_of() == Texts(["a"], None, None)
    assert texts_of("references") == Texts(["a"], ["b"], None)
    assert texts_of("training") == Texts(["a"], None, ["c"])
    assert texts_of("training", "references") == texts_of("real") == Texts(["a"], ["b"], ["c"])
