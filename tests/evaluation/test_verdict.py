"""The verdict: what it answers for curves that are known, how often it errs, and what it says of real generators."""

import copy
import json
import math

import numpy as np
import pytest
import torch
from intervals.looks import drawn

from seqgan.data import load_corpus
from seqgan.data.text import encode_corpus
from seqgan.errors import ConfigError
from seqgan.evaluation.intervals import Estimate, student_quantile, value_at
from seqgan.evaluation.temperatures import TEMPERATURES, TemperatureSweep, sweep_temperatures
from seqgan.evaluation.verdict import COVERAGE, KINDS, judge_sweeps, reach_of, wants_more_sets
from seqgan.generators import LSTMGenerator
from seqgan.settings.pretrain import PretrainConfig
from seqgan.training import pretrain


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize("sharper", [1, -1])
@pytest.mark.parametrize(
    ("how", "kind"),
    [
        ({}, "no-difference"),
        ({"scale": 0.85}, "sharper-only"),
        ({"scale": 1.15}, "flatter-only"),
        ({"lift": 0.03}, "better"),
        ({"lift": 0.03, "scale": 0.85}, "better"),
        ({"lift": 0.03, "scale": 1.15}, "better"),
        ({"lift": -0.03}, "worse"),
        ({"lift": -0.03, "scale": 0.85}, "worse"),
    ],
)
def test_curves_that_are_known(rng, how, kind, sharper):
    verdict = judge_sweeps([drawn(rng, 0.004, sharper=sharper, **how)], drawn(rng, 0.004, sharper=sharper))
    assert verdict.kind == kind
    gain = verdict.evidence["at_equal_diversity"]["difference"]
    assert gain["value"] == pytest.approx(how.get("lift", 0), abs=0.005)  # four standard deviations
    assert gain["low"] < gain["value"] < gain["high"]


def test_without_noise_the_numbers_are_those_of_the_curves(rng):
    verdict = judge_sweeps([drawn(rng, 0, scale=0.9, lift=0.05)], drawn(rng, 0))
    at = verdict.evidence["at_equal_diversity"]
    assert at["reference_temperature"] == pytest.approx(0.9, abs=1e-3)
    assert at["diversity"] == pytest.approx(1 / (1 + math.exp(0.2)), abs=2e-3)
    assert at["difference"]["value"] == pytest.approx(0.05, abs=1e-3)
    assert verdict.sentence.startswith("Better at equal diversity: at Self-BLEU-4 0.45")
    assert "at temperature 0.90" in verdict.sentence


def test_the_curves_are_compared_at_the_measured_diversity_however_coarse_the_temperatures(rng):
    # A parabola through these five points of a sigmoid misses the one at temperature 1.
    coarse = (0.4, 0.6, 0.8, 1.0, 1.6)
    verdict = judge_sweeps(
        [drawn(rng, 0, scale=0.95, temperatures=coarse)],
        drawn(rng, 0, temperatures=(0.4, 0.6, 0.8, 0.9, 1.0, 1.1, 1.6)),
    )
    at = verdict.evidence["at_equal_diversity"]
    assert at["diversity"] == pytest.approx(1 / (1 + math.exp(4 * (0.95 - 1) + 0.6)), abs=1e-12)
    assert at["diversity"] == verdict.evidence["at_temperature_1"]["candidate"]["diversity"]
    assert at["reference_temperature"] == pytest.approx(0.95, abs=0.01)


def test_the_sentences_hold_the_numbers(rng):
    verdict = judge_sweeps([drawn(rng, 0.002, scale=0.8)], drawn(rng, 0.002), ("seqgan", "MLE"))
    at_1 = verdict.evidence["at_temperature_1"]
    ours, theirs = at_1["candidate"], at_1["reference"]
    gain = Estimate(**verdict.evidence["at_equal_diversity"]["difference"])
    assert verdict.sentence == (
        f"Sharper only: at temperature 1 seqgan has BLEU-4 {ours['quality']:.3f} and Self-BLEU-4 "
        f"{ours['diversity']:.3f} against {theirs['quality']:.3f} and {theirs['diversity']:.3f} of MLE, but MLE at "
        "temperature 0.80 is as good at the same Self-BLEU-4 (difference "
        f"{gain.value:.3f}, interval {gain.low:.3f} to {gain.high:.3f}).".replace("-0.000", "0.000")
    )
    content = json.loads(json.dumps(verdict.to_json("runs/mine"), allow_nan=False))
    assert content["format"] == 1
    assert content["kind"] == "sharper-only"
    assert content["compared_with"] == "runs/mine"


@pytest.mark.slow(reason="many verdicts")
@pytest.mark.parametrize("noise", [0.008, 0.02])
def test_the_same_model_twice_is_seldom_called_anything_else(rng, noise):
    kinds = [judge_sweeps([drawn(rng, noise)], drawn(rng, noise)).kind for _ in range(150)]
    # Two intervals of 97.5 %: at most one in twenty, and three standard deviations of that many draws.
    allowed = 7.5 + 3 * math.sqrt(150 * 0.05 * 0.95)
    assert sum(kind not in ("no-difference", "cannot-tell") for kind in kinds) <= allowed
    assert kinds.count("no-difference") > 110 or noise > 0.01
    assert kinds.count("cannot-tell") > 110 or noise < 0.01  # it does not claim what it cannot see


def test_several_seeds_are_judged_by_their_spread(rng):
    lifts = (0.06, 0.01, -0.02)
    seeds = [drawn(rng, 0.002, lift=lift) for lift in lifts]
    reference = drawn(rng, 0.002)
    assert judge_sweeps(seeds[:1], reference).kind == "better"
    verdict = judge_sweeps(seeds, reference)
    assert verdict.kind == "cannot-tell"
    assert "more seeds are needed" in verdict.sentence
    assert verdict.evidence["candidates"] == 3
    gain = verdict.evidence["at_equal_diversity"]["difference"]
    assert gain["value"] == pytest.approx(np.mean(lifts), abs=0.005)
    # Student's 98.75 % quantile of two degrees of freedom is 6.205; the reference's own error adds a little.
    assert gain["high"] - gain["value"] == pytest.approx(6.205 * np.std(lifts, ddof=1) / math.sqrt(3), rel=0.1)
    alike = [drawn(rng, 0.002, lift=lift) for lift in (0.05, 0.051, 0.049, 0.05)]
    assert judge_sweeps(alike, reference).kind == "better"


def test_curves_that_cross(rng):
    verdict = judge_sweeps([drawn(rng, 0.002, lift=0.03, tilt=-0.3)], drawn(rng, 0.002))
    assert verdict.kind == "cannot-tell"
    assert "the curves cross" in verdict.sentence
    assert "worse at temperature 0.6" in verdict.sentence


def test_equal_where_it_counts_and_better_elsewhere_is_said(rng):
    verdict = judge_sweeps([drawn(rng, 0.001, tilt=0.3)], drawn(rng, 0.001))
    assert verdict.kind == "no-difference"
    assert "at equal diversity it is better, however, at temperature 0.6" in verdict.sentence
    assert "it is worse, however, at temperature" in verdict.sentence


def test_a_diversity_that_the_reference_does_not_reach(rng):
    low, high = (drawn(rng, 0.002, temperatures=places) for places in ((0.9, 1.0, 1.1, 1.2), (0.8, 0.9, 1.0, 1.05)))
    collapsed, flat = drawn(rng, 0.002, scale=0.5), drawn(rng, 0.002, scale=1.4)
    assert [reach_of(collapsed, low), reach_of(flat, high), reach_of(drawn(rng, 0), low)] == [-1, 1, 0]
    for candidate, reference, word in ((collapsed, low, "lower"), (flat, high, "higher")):
        verdict = judge_sweeps([candidate], reference)
        assert verdict.kind == "cannot-tell"
        assert f"add {word} temperatures" in verdict.sentence
        assert "at_equal_diversity" not in verdict.evidence
    turned = [drawn(rng, 0.002, scale=scale, sharper=-1) for scale in (0.5, 1.4)]
    narrow = drawn(rng, 0.002, temperatures=(0.9, 1.0, 1.1, 1.2), sharper=-1)
    assert reach_of(turned[0], narrow) == -1


def test_few_samples_tell_nothing(rng):
    for sets, noise in ((2, 0.03), (3, 0.1)):
        verdict = judge_sweeps([drawn(rng, noise, sets=sets)], drawn(rng, noise, sets=sets))
        assert verdict.kind == "cannot-tell"
        assert "times as many samples" in verdict.sentence
    one = drawn(rng, 0, temperatures=(1.0,))
    verdict = judge_sweeps([one], one._replace(points=(one.points[0],)))
    assert verdict.kind in KINDS


def test_more_sets_are_wanted_where_twice_as_many_are_enough(rng):
    def wants(noise, **how):
        return wants_more_sets(judge_sweeps([drawn(rng, noise, **how)], drawn(rng, noise)))

    assert [wants(noise) for noise in (0.002, 0.009, 0.05)] == [False, True, False]
    assert not wants(0.009, lift=0.1)  # clear as it is
    narrow = drawn(rng, 0.002, temperatures=(1.0, 1.1, 1.2))
    assert not wants_more_sets(judge_sweeps([drawn(rng, 0.009, scale=0.5)], narrow))


def test_what_does_not_compare(rng):
    sweep = drawn(rng, 0)
    for change in ({"sentences": 5}, {"references": "refs:all 8"}, {"quality": "bleu-2"}):
        with pytest.raises(ConfigError, match="do not compare"):
            judge_sweeps([sweep._replace(**change)], sweep)
    with pytest.raises(ConfigError, match="no point at temperature 1"):
        judge_sweeps([sweep._replace(points=sweep.points[:3])], sweep)


def test_the_likelihood_is_the_second_axis(rng):
    def with_nll(sweep, best):
        points = [p._replace(nll=Estimate(2 + (p.temperature - best) ** 2, 1, 3)) for p in sweep.points]
        return sweep._replace(points=tuple(points))

    sharp, plain = with_nll(drawn(rng, 0.001, scale=0.8), 1.2), with_nll(drawn(rng, 0.001), 1.0)
    nll = judge_sweeps([sharp], plain).evidence["nll"]
    assert nll["candidate"] == pytest.approx({"temperature_1": 2.04, "best": 2.0, "best_temperature": 1.2})
    assert nll["reference"] == pytest.approx({"temperature_1": 2.0, "best": 2.0, "best_temperature": 1.0})
    assert judge_sweeps([sharp], drawn(rng, 0.001)).evidence["nll"]["reference"] is None


# Real generators, on the embedded captions.


@pytest.fixture(scope="module")
def text():
    return encode_corpus(load_corpus("captions"))


@pytest.fixture(scope="module")
def trained(text):
    """After one pass over the text, and after three."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        generator = LSTMGenerator(len(text.vocabulary), embedding_size=32, hidden_size=48, dropout=0.0)
        config = PretrainConfig(epochs=1, learning_rate=5e-3)
        pretrain(generator, text, config)
        once = copy.deepcopy(generator)
        pretrain(generator, text, config, seed=1)
    return once.eval(), generator.eval()


def swept(generator, text, count, seed=0, sets=3, temperatures=(0.7, 0.85, 1.0, 1.15, 1.35)):
    return sweep_temperatures(generator, text, temperatures, count, sets=sets, seed=seed, likelihood=False)


@pytest.mark.slow(reason="many sweeps of a real generator")
def test_real_generators_that_only_differ_in_temperature(text, trained):
    _, generator = trained
    sharp = copy.deepcopy(generator)
    with torch.no_grad():
        sharp.output_weight /= 0.85
        sharp.output_bias /= 0.85
    # That the same weights twice are no difference is a test of the command, in test_commands.py.
    reference = swept(generator, text, 1000, sets=5, temperatures=(0.75, 0.85, 0.95, 1.0))
    candidate = swept(sharp, text, 1000, seed=1, sets=5, temperatures=(0.9, 1.0, 1.1))
    verdict = judge_sweeps([candidate], reference, ("sharpened", "MLE"))
    assert verdict.kind == "sharper-only", verdict.sentence
    assert verdict.evidence["at_equal_diversity"]["reference_temperature"] == pytest.approx(0.85, abs=0.02)


@pytest.mark.slow(reason="several sweeps of real generators")
def test_real_generators_of_which_one_is_better(text, trained):
    once, longer = (swept(generator, text, 200) for generator in trained)
    assert judge_sweeps([longer], once).kind == "better"
    assert judge_sweeps([once], longer).kind == "worse"


@pytest.mark.slow(reason="trains a generator")
def test_few_samples_of_a_real_generator_tell_nothing(text, trained):
    few = [swept(trained[1], text, 20, seed, sets=2) for seed in (0, 1)]
    assert judge_sweeps(few[:1], few[1]).kind == "cannot-tell"


def test_candidates_that_agree_are_as_uncertain_as_the_reference_that_they_share(rng):
    alike, reference = drawn(rng, 0.0, lift=0.05), drawn(rng, 0.01)
    evidence = judge_sweeps([alike, alike], reference).evidence["at_equal_diversity"]
    curve = value_at(evidence["diversity"], [(point.diversity, point.quality) for point in reference.points])
    # Two intervals share the error of 5 %; two candidates, whose spread is 0, have one degree of freedom.
    half = student_quantile(0.5 + (1 - (1 - COVERAGE) / 2) / 2, 1) * math.sqrt(curve.variance)
    difference = evidence["difference"]
    assert difference["high"] - difference["value"] == pytest.approx(half)
    assert difference["value"] - difference["low"] == pytest.approx(half)
    assert half > 0.01


def undefined_at(sweep, *temperatures):
    """The same without values at some temperatures, as where no sample is long enough."""
    points = [
        point._replace(quality=(math.nan,) * len(point.quality)) if point.temperature in temperatures else point
        for point in sweep.points
    ]
    return sweep._replace(points=tuple(points))


def test_temperatures_without_a_value_are_no_points(rng):
    ours, theirs = drawn(rng, 0.002, lift=0.03), drawn(rng, 0.002)
    verdict = judge_sweeps([undefined_at(ours, 0.5)], undefined_at(theirs, 1.2))
    assert verdict.kind == "better"
    without = theirs._replace(points=theirs.points[:-1])
    assert (
        verdict.evidence["at_equal_diversity"]
        == (judge_sweeps([ours._replace(points=ours.points[1:])], without).evidence["at_equal_diversity"])
    )


@pytest.mark.parametrize("whose", [0, 1])
def test_without_a_value_at_temperature_1_there_is_no_verdict(rng, whose):
    sweeps = [drawn(rng, 0.002), drawn(rng, 0.002)]
    sweeps[whose] = undefined_at(sweeps[whose], 1.0)
    verdict = judge_sweeps(sweeps[:1], sweeps[1], ("ours", "theirs"))
    assert verdict.kind == "cannot-tell"
    assert f"of {('ours', 'theirs')[whose]} are not both defined at temperature 1" in verdict.sentence
    json.dumps(verdict.to_json("theirs"), allow_nan=False)
    assert not wants_more_sets(verdict)
    assert reach_of(sweeps[0], undefined_at(sweeps[1], *TEMPERATURES)) == 0


def test_a_sweep_without_values_is_json_and_comes_back(rng):
    sweep = undefined_at(drawn(rng, 0.002), 0.5)
    content = json.loads(json.dumps(sweep.to_json(), allow_nan=False))
    assert content["points"][0]["quality"] == {"value": None, "low": None, "high": None, "sets": [None] * 4}
    again = TemperatureSweep.from_json(content)
    assert [point.defined for point in again.points] == [False] + [True] * 7
    assert again.points[1:] == sweep.points[1:]
