"""A verdict in looks: when it ends, what its intervals hold, and how often it errs."""

import json
import math

import numpy as np
import pytest
from intervals.looks import PLANS, compared, drawn

from seqgan.evaluation.intervals import Estimate, student_quantile
from seqgan.evaluation.temperatures import first_sets
from seqgan.evaluation.verdict import Verdict, interval_level, judge_sweeps
from seqgan.evaluation.verdict_looks import EARLY, FEWEST, Looks, is_settled, judge_at_once, judge_in_looks, looks_line


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def judged(ours, theirs, sets, **options):
    """The verdict, and the numbers of sets that it asked for."""
    asked = []

    def draw(number):
        asked.append(number)
        return [first_sets(ours, number)], first_sets(theirs, number)

    return judge_in_looks(draw, Looks(sets, **options)), asked


@pytest.mark.parametrize(("sets", "coverage"), [(2, 0.95), (3, 0.95), (4, 0.9), (9, 0.99)])
def test_the_errors_of_all_looks_are_together_the_one_that_is_stated(sets, coverage):
    looks = Looks(sets, coverage)
    early = [1 - looks.coverage_at(number, is_last=False) for number in range(FEWEST, 2 * sets)]
    for last in (sets, 2 * sets):
        before = early[: last - FEWEST]
        assert sum(before) + 1 - looks.coverage_at(last, is_last=True) == pytest.approx(1 - coverage)
    assert sum(early) == pytest.approx(EARLY * (1 - coverage))
    assert min(early) > 0


@pytest.mark.parametrize("sets", [3, 4])
def test_the_intervals_of_all_looks_hold_together(sets):
    # Means of independent sets, at each look the first ones: the two questions have half of the error each.
    looks, means = Looks(sets), 20_000
    values = np.random.default_rng(1).standard_normal((means, 2 * sets))
    missed = np.zeros(means, dtype=bool)
    for number in range(FEWEST, 2 * sets + 1):
        level = interval_level(looks.coverage_at(number, is_last=number == 2 * sets))
        half = student_quantile(0.5 + level / 2, number - 1) * values[:, :number].std(axis=1, ddof=1) / number**0.5
        missed |= np.abs(values[:, :number].mean(axis=1)) > half
    assert missed.mean() <= 0.025 + 3 * math.sqrt(0.025 * 0.975 / means)


@pytest.mark.parametrize(
    ("how", "kind"),
    [({}, "no-difference"), ({"lift": 0.05}, "better"), ({"lift": -0.05}, "worse"), ({"scale": 0.8}, "sharper-only")],
)
def test_a_clear_answer_ends_with_the_first_look(rng, how, kind):
    verdict, asked = judged(drawn(rng, 0.001, sets=8, **how), drawn(rng, 0.001, sets=8), 4)
    assert (verdict.kind, asked) == (kind, [2])
    assert verdict.evidence["sets"] == 2
    # Looks at 2 to 8 sets: six of them share a fifth of 5 %, and half of it is for each question.
    level = 1 - 0.05 / 5 / 6 / 2
    expected = {"taken": 1, "possible": 7, "planned": 4, "coverage": 0.95, "interval_level": pytest.approx(level)}
    assert verdict.evidence["looks"] == expected
    assert json.loads(json.dumps(verdict.to_json("x"), allow_nan=False))["evidence"]["looks"]["taken"] == 1
    assert looks_line(verdict.evidence) == (
        "This took 2 sets of samples at each temperature, 4 were planned, and one look; each interval has a level of "
        "99.92%, as all looks share an error of 5%."
    )


def test_the_last_look_is_that_of_all_planned_sets_at_nearly_the_whole_error(rng):
    ours, theirs = drawn(rng, 0.1, sets=8), drawn(rng, 0.1, sets=8)
    verdict, asked = judged(ours, theirs, 4)
    assert (verdict.kind, asked) == ("cannot-tell", [2, 3, 4])
    # Two looks before it had a sixth each of a fifth of 5 %.
    coverage = 0.95 + 2 * 0.05 / 5 / 6
    alone = judge_sweeps([first_sets(ours, 4)], first_sets(theirs, 4), coverage=coverage)
    assert verdict.sentence == alone.sentence
    assert verdict.evidence["looks"]["interval_level"] == pytest.approx(0.5 + coverage / 2)
    assert "and 3 looks; each interval has a level of 97.67%" in looks_line(verdict.evidence)


def test_where_intervals_are_a_little_wide_there_are_looks_at_up_to_twice_the_sets(rng):
    noted = []
    taken = []
    for lift in (0.005, -0.005, 0.06):  # half a margin is neither within nor beyond it for long
        ours, theirs = drawn(rng, 0.01, lift=lift, sets=8), drawn(rng, 0.01, sets=8)
        verdict = judge_in_looks(
            lambda number, ours=ours, theirs=theirs: ([first_sets(ours, number)], first_sets(theirs, number)),
            Looks(4),
            on_more=lambda: noted.append("more"),
        )
        taken.append(verdict.evidence["sets"])
    assert taken[0] > 4
    assert taken[1] > 4
    assert taken[2] == 2  # clear as it is
    assert noted == ["more", "more"]


def test_each_look_holds_the_sets_of_those_before_it(rng):
    # The answer of the looks at 2 and 3 sets depends on the first ones alone.
    ours, theirs = drawn(rng, 0.006, sets=8), drawn(rng, 0.006, sets=8)
    others = drawn(rng, 0.006, sets=8, lift=0.2)
    verdict, asked = judged(ours, theirs, 4)
    used = asked[-1]
    changed = ours._replace(
        points=tuple(
            mine._replace(quality=mine.quality[:used] + other.quality[used:])
            for mine, other in zip(ours.points, others.points, strict=True)
        )
    )
    assert judged(changed, theirs, 4) == (verdict, asked)


def test_several_candidates_are_looked_at_once(rng):
    candidates, reference = [drawn(rng, 0.002, lift=lift) for lift in (0.05, 0.06)], drawn(rng, 0.002)
    verdict = judge_at_once(candidates, reference, Looks(4))
    alone = judge_sweeps(candidates, reference)
    assert verdict._replace(evidence={**verdict.evidence, "looks": None}) == alone._replace(
        evidence={**alone.evidence, "looks": None}
    )
    assert looks_line(verdict.evidence) == (
        "This took 4 sets of samples at each temperature, 4 were planned, and one look; each interval has a level of "
        "97.50%, as both share an error of 5%."
    )


WIDE = Estimate(0.0, -0.2, 0.2)


@pytest.mark.parametrize(
    ("kind", "gain", "elsewhere", "settled"),
    [
        ("better", (0.03, 0.012, 0.048), [], True),
        ("better", (0.03, 0.008, 0.052), [], False),  # above 0, and not beyond the margin
        ("worse", (-0.03, -0.048, -0.012), [], True),
        ("worse", (-0.03, -0.052, -0.008), [], False),
        ("better", (0.03, 0.012, 0.048), [WIDE], True),
        ("better", (0.03, 0.012, 0.048), [Estimate(-0.02, -0.1, 0.06)], False),  # the curves may cross
        ("better", (0.03, 0.012, 0.048), [Estimate(0.02, -0.06, 0.1)], True),
        ("worse", (-0.03, -0.048, -0.012), [Estimate(0.02, -0.06, 0.1)], False),
        ("worse", (-0.03, -0.048, -0.012), [Estimate(-0.02, -0.1, 0.06)], True),
        ("cannot-tell", (0.03, 0.012, 0.048), [Estimate(-0.05, -0.06, -0.04)], True),  # they do cross
        ("cannot-tell", (0.0, -0.02, 0.02), [], False),
        ("no-difference", (0.0, -0.008, 0.008), [], True),
        ("no-difference", (0.0, -0.008, 0.008), [WIDE], True),
        ("no-difference", (0.0, -0.008, 0.008), [Estimate(0.02, -0.06, 0.1)], False),
        ("sharper-only", (0.0, -0.008, 0.008), [Estimate(-0.02, -0.1, 0.06)], False),
        ("flatter-only", (0.0, -0.008, 0.008), [Estimate(-0.05, -0.06, -0.04)], True),
    ],
)
def test_a_look_settles_what_more_sets_would_find_as_well(kind, gain, elsewhere, settled):
    evidence = {
        "margins": {"quality": 0.01},
        "at_equal_diversity": {"difference": Estimate(*gain).to_json()},
        "elsewhere": [{"difference": each.to_json()} for each in elsewhere],
    }
    assert is_settled(Verdict(kind, "", evidence)) == settled


def test_what_cannot_be_compared_is_not_settled():
    assert not is_settled(Verdict("cannot-tell", "", {"margins": {"quality": 0.01}}))


# Quick forms of scripts/looks, on curves that are known.


@pytest.mark.slow(reason="many verdicts")
@pytest.mark.parametrize("noise", [0.004, 0.01])
@pytest.mark.parametrize("plan", PLANS)
def test_equal_curves_are_seldom_called_anything_else(plan, noise):
    pairs = 120
    _, looks, _ = compared({}, noise, *PLANS[plan], pairs=pairs)
    assert looks.wrong("no-difference") <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / pairs)


@pytest.mark.slow(reason="many verdicts")
@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize(("how", "kind"), [({"lift": 0.03}, "better"), ({"lift": -0.06}, "worse")])
def test_true_differences_are_found_as_often_from_fewer_samples(plan, how, kind):
    once, looks, equal = compared(how, 0.004, *PLANS[plan], pairs=40)
    assert once.share(kind) == looks.share(kind) == equal == 1
    assert looks.sets <= 0.7 * once.sets
