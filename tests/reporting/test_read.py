"""What a run left is read as it is; what is damaged is said in a line."""

import json

import pytest
from support.hand_made_runs import (
    METRICS,
    adversarial_log,
    adversarial_run,
    beside_controls,
    evaluated,
    pretrain_log,
    pretrained_run,
    swept,
)

from seqgan.errors import CheckpointError, ConfigError, RunError
from seqgan.reporting.metric_table import metric_table
from seqgan.reporting.read import (
    read_controls,
    read_evaluation,
    read_run,
    read_runs,
    read_samples,
    read_sweep,
    read_verdict,
)
from seqgan.runs import read_metrics


@pytest.fixture
def parent(tmp_path):
    return pretrained_run(tmp_path / "mine")


@pytest.fixture
def child(parent):
    return adversarial_run(parent / "seqgan")


def test_a_child_has_its_parents_first_phase(parent, child):
    record = read_run(child, 5)
    assert record.pretraining == pretrain_log()
    assert record.origin == str(parent)
    assert record.parent is not None
    assert record.parent.children == ["seqgan"]
    assert [line["step"] for line in record.rounds] == list(range(7))
    assert [line["step"] for line in record.warmup] == [40]
    assert "name: seqgan" in record.settings


def test_a_pretrained_run_has_no_parent_wherever_it_lies(parent):
    inner = pretrained_run(parent / "inner")
    assert read_run(inner, 5).parent is None
    assert read_run(inner, 5).origin == str(inner)


def test_a_run_from_nothing_has_no_first_phase(tmp_path):
    record = read_run(adversarial_run(tmp_path / "alone", algo="wgan-gp"), 5)
    assert record.parent is None
    assert (record.pretraining, record.origin) == ([], "")


def test_a_folder_named_from_inside_has_the_same_parent(parent, child, monkeypatch):
    monkeypatch.chdir(child)
    record = read_run(".", 5)
    assert record.parent is not None
    assert record.parent.config == read_run(parent, 5).config


def test_samples_are_read_in_the_order_of_rounds(tmp_path):
    for name, content in (
        ("round-000010.txt", "c\u2028d\ne\nf\n"),
        ("round-000002.txt", "\n\n"),
        ("round-x.txt", "no\n"),
        ("other.txt", "no\n"),
        ("round-000011.txt", ""),
    ):
        (tmp_path / name).write_text(content, encoding="utf-8")
    (tmp_path / "round-000012.txt").write_bytes(b"bad \xff\nhalf a li")
    read = read_samples(tmp_path, 2)
    assert [(each.round, each.size, each.sentences) for each in read] == [
        (2, 2, ["", ""]),
        (10, 3, ["c\u2028d", "e"]),
        (11, 0, []),
        (12, 1, ["bad \ufffd"]),
    ]
    assert read_samples(tmp_path / "nowhere", 2) == []


def test_samples_of_pairs_are_read_with_their_sources(tmp_path):
    (tmp_path / "round-000003.tsv").write_text("a b\tx y\nc\t\nno tab\n", encoding="utf-8")
    (tmp_path / "round-000001.tsv").write_text("a\tb\tc\n", encoding="utf-8")
    read = read_samples(tmp_path, 3)
    assert [(each.round, each.sources, each.sentences) for each in read] == [
        (1, ["a"], ["b\tc"]),
        (3, ["a b", "c", "no tab"], ["x y", "", ""]),
    ]


def test_an_evaluation_is_read_with_its_intervals(parent):
    assert read_evaluation(parent / "report.json") is None
    evaluated(parent, compared={"real text": {"bleu-4": METRICS["bleu-4"]}})
    evaluation = read_evaluation(parent / "report.json")
    assert evaluation.report["bleu-4"].low == 0.59
    assert evaluation.report["nll"].high is None
    assert evaluation.compared["real text"]["bleu-4"].value == 0.61


def test_a_sweep_is_ordered_by_temperature_and_tolerates_more_keys(parent):
    swept(parent)
    sweep = read_sweep(parent / "sweep.json")
    assert [point.temperature for point in sweep.points] == [0.8, 1.0, 1.2]
    assert sweep[:3] == ("bleu-4", "self-bleu-4", 1)
    assert sweep.points[0].quality == pytest.approx((0.8, 0.7, 0.9))
    assert sweep.points[0].diversity == (pytest.approx(0.7), None, None)
    assert read_sweep(parent / "nothing.json") is None


def test_a_sweep_may_name_its_metrics_in_the_points(tmp_path):
    points = [
        {"temperature": t, "bleu-2": {"value": t}, "self-bleu-2": {"value": 2 * t}, "self-bleu-4": {"value": 0}}
        for t in (1, 0.5)
    ]
    (tmp_path / "sweep.json").write_text(json.dumps({"temperatures": [1, 0.5], "points": points}))
    sweep = read_sweep(tmp_path / "sweep.json")
    assert sweep[:3] == ("bleu-2", "self-bleu-2", 1)
    assert [(point.quality.value, point.diversity.value) for point in sweep.points] == [(0.5, 1.0), (1.0, 2.0)]


def test_a_verdict_has_evidence_as_a_list_or_by_name(tmp_path):
    path = tmp_path / "verdict.json"
    path.write_text(json.dumps({"sentence": "No.", "evidence": ["one", "two"], "more": 1}))
    assert read_verdict(path) == ("No.", [("", "one"), ("", "two")])
    difference = {"value": -0.01234567, "low": None, "high": 0.5}
    evidence = {"count": 9, "at_temperature_1": {"difference": difference, "who": "x"}, "elsewhere": [1]}
    path.write_text(json.dumps({"sentence": "No.", "evidence": evidence}))
    assert read_verdict(path) == (
        "No.",
        [
            ("count", "9"),
            ("at temperature 1: difference", "-0.01235 [–, 0.5]"),
            ("at temperature 1: who", "x"),
        ],
    )


def test_opponents_are_read_from_a_verdict(tmp_path):
    path = tmp_path / "verdict.json"
    assert read_controls(path) is None
    path.write_text(json.dumps({"sentence": "No.", "evidence": {}}))
    assert read_controls(path) is None
    beside_controls(tmp_path)
    controls = read_controls(path)
    assert (controls.quality, controls.diversity) == ("bleu-4", "self-bleu-4")
    assert (controls.own.nll, controls.own.nll_of) == (1.25, "generator times discriminator")
    parent, budget, parameters, unknown = controls.opponents
    assert (parent.title, parent.answer, parent.nll) == ("MLE as it began", "better", 1.5)
    assert parent.difference == (0.02, 0.01, 0.031)
    assert (budget.answer, budget.left_out) == ("", "none was <asked> for")
    assert (parameters.nll, parameters.difference) == (None, None)
    assert (unknown.title, unknown.difference) == ("another", (-0.01, None, None))


@pytest.mark.parametrize(
    "controls",
    [
        3,
        [3],
        [{"kind": "better"}],
        [{"opponent": "cost", "kind": "better", "nll": "<b>"}],
        [{"opponent": [], "kind": 1}],
    ],
)
def test_damaged_opponents_are_one_line(tmp_path, controls):
    path = tmp_path / "verdict.json"
    path.write_text(json.dumps({"sentence": "No.", "evidence": {}, "controls": controls, "controls_sentence": ""}))
    with pytest.raises(CheckpointError, match=r"verdict\.json cannot be read"):
        read_controls(path)


@pytest.mark.parametrize(
    "content",
    [
        *("", "{", "[]", "null", "\x00", '{"metrics": 3}', '{"metrics": {"x": 1}}', '{"metrics": {"x": {"value": 1}}}'),
        *('{"metrics": {"x": {"value": "<b>", "signature": ""}}}', '{"compared": [], "metrics": {}}'),
    ],
)
def test_damaged_reports_are_one_line(parent, content):
    (parent / "report.json").write_text(content)
    with pytest.raises(CheckpointError, match=r"report\.json cannot be read .* run seqgan evaluate again"):
        read_run(parent, 5)


@pytest.mark.parametrize(
    "content",
    ["{}", '{"points": 3}', '{"points": [{"bleu-4": 1}]}', '{"points": [[]]}', '{"metrics": {}, "points": []}'],
)
def test_damaged_sweeps_are_one_line(parent, content):
    (parent / "sweep.json").write_text(content)
    with pytest.raises(CheckpointError, match=r"sweep\.json cannot be read"):
        read_run(parent, 5)


@pytest.mark.parametrize("content", ["{}", '{"sentence": 3}', '{"sentence": "x", "evidence": "y"}'])
def test_damaged_verdicts_are_one_line(parent, content):
    (parent / "verdict.json").write_text(content)
    with pytest.raises(CheckpointError, match=r"verdict\.json cannot be read"):
        read_run(parent, 5)


def test_a_log_that_was_cut_is_read_up_to_there(child):
    path = child / "metrics.jsonl"
    path.write_bytes(path.read_bytes()[:-9])
    assert read_metrics(path) == adversarial_log()[:-1]
    path.write_bytes(b"")
    assert read_run(child, 5).log == []
    path.unlink()
    assert read_run(child, 5).log == []


@pytest.mark.parametrize(
    "line", [b"{", b"3", b"{}", b'{"phase": 1, "step": 2}', b'{"phase": "x", "step": "y"}', b"\xff"]
)
def test_a_damaged_line_of_a_log_is_named(child, line):
    path = child / "metrics.jsonl"
    path.write_bytes(b'{"phase": "warmup", "step": 1}\n' + line + b"\n")
    with pytest.raises(CheckpointError, match=r"metrics\.jsonl, line 2: found"):
        read_metrics(path)


def test_what_is_no_run_or_named_twice(tmp_path, parent, monkeypatch):
    with pytest.raises(ConfigError, match="needs the folder of a run"):
        read_runs([], 5)
    with pytest.raises(RunError, match="does not exist"):
        read_runs([str(tmp_path / "none")], 5)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"\./mine is named twice"):
        read_runs(["mine", "./mine"], 5)


def test_what_is_not_defined_is_read_as_such(parent):
    points = [
        {"temperature": t, "quality": {"value": q, "low": None, "high": None}, "diversity": {"value": 0.4}}
        for t, q in ((0.5, None), (1.0, 0.3))
    ]
    content = {"metrics": {"quality": "bleu-4", "diversity": "self-bleu-4", "sharper": 1}, "points": points}
    (parent / "sweep.json").write_text(json.dumps(content))
    sweep = read_sweep(parent / "sweep.json")
    assert [point.temperature for point in sweep.points] == [1.0]
    assert sweep.undefined == [0.5]
    note = "not defined: no sample has 2 tokens"
    metrics = {"js-2": {"value": None, "signature": "how", "note": note}, "nll": {"value": 2.0, "signature": "so"}}
    (parent / "report.json").write_text(json.dumps({"metrics": metrics}))
    report = read_evaluation(parent / "report.json").report
    assert (report["js-2"].value, report["js-2"].note) == (None, note)
    page = metric_table({"mine": report})
    assert "n/a<sup>1</sup>" in page
    assert f"js-2 of mine: {note}." in page
