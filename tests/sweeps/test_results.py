"""What came of a sweep: means and intervals, the best, what cannot be told apart, and the page."""

import itertools
import math
import random

import msgspec
import pytest
from support.tiny_sweeps import SPACE
from support.well_formed import well_formed

from seqgan.cli.main import main
from seqgan.errors import CheckpointError
from seqgan.reporting.sweep_page import sweep_page
from seqgan.sweeps.choice import allowance
from seqgan.sweeps.record import RESULTS, Mean, SweepRecord, TrialRecord, is_sweep, read_record, to_json
from seqgan.sweeps.results import _with_difference, best_of, caveats, figures_of, mean_over, text_table, told_apart

NAMES = list(SPACE)


def trial_of(number, *by_seed, state="complete", reason="", rate=1e-3):
    """A trial from the objectives of each of its seeds."""
    means = [mean_over(values) for values in zip(*by_seed, strict=True)] if state == "complete" else []
    return TrialRecord(
        number=number,
        state=state,
        settings=dict(zip(NAMES, (rate, 4), strict=True)),
        seeds={str(seed): list(values) for seed, values in enumerate(by_seed)},
        means=means,
        runs={"0": f"trial-{number:04}-seed-0"},
        reason=reason,
    )


def record_of(*trials, objectives=("bleu-4",), signs=(1,), name="mine", **more):
    return SweepRecord(
        name=name,
        command="both",
        objectives=list(objectives),
        signs=list(signs),
        planned=9,
        left=9 - len(trials),
        seeds=[0, 1, 2],
        sampler="tpe",
        pruner="none",
        space=SPACE,
        log=NAMES[:1],
        trials=list(trials),
        best=best_of(trials, signs),
        **more,
    )


def test_the_mean_has_students_interval():
    # Of 1, 2, 3: standard error 1 / sqrt 3; the 97.5 % quantile with two degrees of freedom is 4.302653.
    mean = mean_over([1.0, 2.0, 3.0])
    assert mean.value == 2
    assert [mean.high - 2, 2 - mean.low] == pytest.approx([4.302653 / math.sqrt(3)] * 2, rel=1e-6)
    assert mean_over([1.5]) == Mean(value=1.5)


def test_the_best_by_one_objective_and_by_several():
    trials = [trial_of(0, [0.2]), trial_of(1, [0.7]), trial_of(2, [0.7]), trial_of(3, [0.9], state="failed")]
    assert best_of(trials, [1]) == [1]
    assert best_of(trials, [-1]) == [0]
    assert best_of(trials[3:], [1]) == []
    # Two objectives, against the definition spelt out.
    draw = random.Random(0)
    trials = [trial_of(n, [draw.randrange(5), draw.randrange(5)]) for n in range(20)]
    points = [(t.means[0].value, -t.means[1].value) for t in trials]
    beaten = {
        a
        for a, b in itertools.permutations(range(20), 2)
        if points[b][0] >= points[a][0] and points[b][1] >= points[a][1] and points[b] != points[a]
    }
    assert best_of(trials, [1, -1]) == [n for n in range(20) if n not in beaten]
    assert 0 < len(beaten) < 20


def test_differences_are_taken_seed_by_seed():
    best = trial_of(0, [0.5], [0.7], [0.9])
    # Seeds differ much, and the two trials by the same at each: they can be told apart.
    steady = _with_difference(trial_of(1, [0.40], [0.61], [0.79]), best, 3)
    assert steady.against_best[0].value == pytest.approx(-0.1)
    assert told_apart(steady) is True
    uneven = _with_difference(trial_of(2, [0.6], [0.3], [0.9]), best, 3)
    assert told_apart(uneven) is False
    assert told_apart(_with_difference(best, best, 3)) is None
    single = _with_difference(trial_of(3, [0.1]), trial_of(0, [0.5]), 2)
    assert single.against_best == [Mean(value=-0.4)]
    assert told_apart(single) is None
    said = " ".join(caveats(record_of(best, steady, uneven)))
    assert "too good" in said
    assert "1 trial cannot be told apart from the best by these seeds: 2." in said


@pytest.mark.slow(reason="draws many sweeps")
def test_the_best_of_many_is_compared_with_an_allowance():
    # Of two trials the choice decides the sign alone: Student's quantile with two degrees of freedom.
    assert allowance(2, 3) == pytest.approx(4.30265, rel=1e-5)
    widths = [allowance(trials, 3) for trials in (2, 3, 10, 30)]
    assert widths == sorted(widths)
    # Between what one comparison takes and what all pairs take by Bonferroni, 45 of ten: with two degrees of freedom
    # the quantile of p is (2p - 1) / root(2 p (1 - p)).
    p = 1 - 0.025 / 45
    assert 4.30265 < allowance(10, 3) < (2 * p - 1) / math.sqrt(2 * p * (1 - p))
    # Many seeds: nearly the greatest of normal differences.
    assert 2.5 < allowance(10, 200) < 3.5
    best, other = trial_of(0, [0.5], [0.7], [0.9]), trial_of(1, [0.47], [0.67], [0.85])
    alone, of_ten = (_with_difference(other, best, compared) for compared in (2, 10))
    assert told_apart(alone) is True
    assert told_apart(of_ten) is False
    assert "allow for the choice among 2" in " ".join(caveats(record_of(best, of_ten)))
    with pytest.raises(ValueError, match="both are at least 2"):
        allowance(1, 3)


def test_the_table_has_the_best_first_and_says_why_others_ended():
    record = record_of(
        trial_of(0, [0.25], [0.26], [0.27]),
        trial_of(1, [0.5], [0.6], [0.7], rate=2e-4),
        trial_of(2, state="failed", reason="It diverged."),
    )
    lines = text_table(record).split("\n")
    assert lines[0] == "mine: 2 complete, 1 failed, 6 to begin; 9 in all."
    assert lines[3].split()[:3] == ["1", "*", "0.6000"]
    assert "0.0002" in lines[3]
    assert lines[4].split()[:2] == ["0", "0.2600"]
    assert lines[5].split()[:2] == ["2", "failed"]
    assert lines[6] == "Trial 2 failed: It diverged."


def test_test_figures_are_means_over_seeds():
    reports = [{"bleu-4": {"value": 0.2}, "nll": {"value": 2.0}}, {"bleu-4": {"value": 0.4}, "nll": {"value": None}}]
    test = figures_of(trial_of(5, [0.3]), reports, "test", 200)
    assert set(test.means) == {"bleu-4"}
    assert test.undefined == ["nll"]
    assert test.means["bleu-4"].value == pytest.approx(0.3)
    record = record_of(trial_of(5, [0.3]), test=[test])
    assert "Trial 5 on test text, 200 sentences of each run: bleu-4 0.3000" in text_table(record)
    assert "Not defined for each run of trial 5: nll." in text_table(record)
    validation = msgspec.structs.replace(test, split="valid")
    assert "no test text" in " ".join(caveats(msgspec.structs.replace(record, test=[validation])))


def test_results_are_read_as_they_were_written_and_damage_is_said(tmp_path):
    record = record_of(trial_of(0, [0.5], [0.6]), trial_of(1, state="pruned", reason="worse"))
    assert not is_sweep(tmp_path)
    (tmp_path / RESULTS).write_text(to_json(record))
    assert is_sweep(tmp_path)
    assert read_record(tmp_path) == record
    for broken in ("{", "[]", to_json(msgspec.structs.replace(record, best=[7])), to_json(record)[:90]):
        (tmp_path / RESULTS).write_text(broken)
        with pytest.raises(CheckpointError, match=r"results\.json cannot be read"):
            read_record(tmp_path)


HOSTILE = "<script>x</script>\x07\u202e&"


@pytest.mark.parametrize("objectives", [("bleu-4",), ("bleu-4", "self-bleu-4")])
def test_the_page_shows_everything_and_obeys_nothing(tmp_path, objectives):
    pytest.importorskip("matplotlib", reason="matplotlib is not installed: pip install 'seqgan[report]'")
    count = len(objectives)
    trials = [trial_of(n, *([0.1 * n + 0.01 * s] * count for s in range(3)), rate=10 ** -(n + 1)) for n in range(4)]
    if count == 1:
        trials = [_with_difference(trial, trials[-1], 4) for trial in trials]
    trials.append(trial_of(4, state="failed", reason=HOSTILE))
    trials[0].settings[NAMES[1]] = HOSTILE
    test = figures_of(trials[3], [{"nll": {"value": 2.0}}, {"nll": {"value": 3.0}}], "test", 50)
    record = record_of(*trials, objectives=objectives, signs=(1, -1)[:count], name=HOSTILE, test=[test])
    page = sweep_page(record, kept=f"run: {HOSTILE}\n")
    well_formed(page)
    assert "<script" not in page
    assert "\x07" not in page
    assert "\u202e" not in page
    assert page.count("<svg") == count  # the learning rate, and with two objectives their plane
    assert "log10 of adversarial.generator_learning_rate" in page
    assert well_formed(sweep_page(record_of()))

    (tmp_path / RESULTS).write_text(to_json(record))
    assert main(["report", str(tmp_path), "--quiet"]) == 0
    assert (tmp_path / "report.html").read_text().startswith("<!DOCTYPE html>")
