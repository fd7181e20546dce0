"""A sweep over temperatures: the points are what sampling and measuring by hand gives."""

import copy
import json
import math

import pytest
import torch
from support.tiny import players, tiny_text

from seqgan.data.batches import encode_sentences
from seqgan.errors import ConfigError
from seqgan.evaluation.generate import generate_sentences
from seqgan.evaluation.likelihood import held_out_likelihood, sentence_likelihoods
from seqgan.evaluation.temperatures import (
    TemperatureSweep,
    bleu_measure,
    distinct_measure,
    entropy_measure,
    self_bleu_measure,
    sweep_temperatures,
    with_more_sets,
)
from seqgan.evaluation.temperatures_nll import tempered_nlls
from seqgan.generators.tempered import TemperedGenerator
from seqgan.metrics import bleu_against_corpus, distinct, self_bleu


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    return tiny_text(tmp_path_factory.mktemp("text"))


@pytest.fixture(scope="module")
def generator(text):
    return players(text)[0].eval()


def test_a_point_is_what_its_own_samples_measure(text, generator):
    seen = []

    def measure(samples):
        seen.append([list(tokens) for tokens in samples])
        return float(len(seen))

    counted = distinct_measure()._replace(name="number-of-call", value=measure)
    sweep = sweep_temperatures(generator, text, (1.5, 0.5), 20, sets=2, quality=counted)
    assert [point.temperature for point in sweep.points] == [0.5, 1.5]
    assert [point.quality for point in sweep.points] == [(1.0, 2.0), (3.0, 4.0)]
    assert len({str(samples) for samples in seen}) == 4  # each set has random numbers of its own
    assert all(len(samples) == 20 for samples in seen)
    flat = [self_bleu(samples, 4).values[4] for samples in seen]
    assert [value for point in sweep.points for value in point.diversity] == flat
    again = sweep_temperatures(generator, text, (0.5,), 20, sets=2)
    references = [line.split() for line in text.corpus.valid]
    expected = [bleu_against_corpus(samples, references, 4).values[4] for samples in seen[:2]]
    assert again.points[0].quality == tuple(expected)  # and the same ones in any sweep
    assert (again.quality, again.diversity, again.sharper) == ("bleu-4", "self-bleu-4", 1)
    assert again.references.startswith("refs:all 2|refs-id:")


def test_sets_are_added_to_those_that_were_sampled(text, generator):
    four = sweep_temperatures(generator, text, (0.5, 1.0), 10, sets=4)
    first = sweep_temperatures(generator, text, (0.5, 1.0), 10, sets=2)
    rest = sweep_temperatures(generator, text, (0.5, 1.0), 10, sets=2, first_set=2, likelihood=False)
    assert with_more_sets(first, rest) == four


def test_a_sharpened_model_is_the_model_at_a_lower_temperature(text, generator):
    sharp = copy.deepcopy(generator)
    with torch.no_grad():
        sharp.output_weight /= 0.5
        sharp.output_bias /= 0.5
    rng = [torch.Generator().manual_seed(4) for _ in range(2)]
    options = (text.max_length, text.tokenizer, text.vocabulary)
    plain = generate_sentences(sharp, 30, *options, rng=rng[0])
    tempered = generate_sentences(generator, 30, *options, rng=rng[1], temperature=0.5)
    assert plain == tempered
    ours, theirs = (
        tempered_nlls(model, text, text.corpus.train, [temperature])[0]
        for model, temperature in ((sharp, 1.0), (generator, 0.5))
    )
    assert ours.value == pytest.approx(theirs.value, rel=1e-5)


def test_the_likelihood_is_of_the_tempered_model(text, generator):
    lines = ["a dog runs .", "the zebra sleeps here .", "two birds eats well in town ."]
    sequences, _ = encode_sentences([line.split() for line in lines], text.vocabulary, text.max_length, "cut")
    unknown = text.vocabulary.unknown
    expected = held_out_likelihood(TemperedGenerator(generator, 0.7).eval(), sequences, unknown)
    assert expected.unknown == 1
    _, estimate = tempered_nlls(generator, text, lines, (1.0, 0.7))
    assert estimate.value == pytest.approx(expected.nll_per_token)
    # The variance of a ratio, sum by sum.
    log_probs, tokens = sentence_likelihoods(TemperedGenerator(generator, 0.7).eval(), sequences, unknown)
    assert tokens.tolist() == [5, 5, 8]
    squares = sum(float((-p - estimate.value * n) ** 2) for p, n in zip(log_probs, tokens, strict=True))
    half = 4.303 * math.sqrt(3 / 2 * squares) / 18
    assert estimate.high - estimate.value == pytest.approx(half, rel=1e-3)
    assert not generator.training
    assert tempered_nlls(generator, text, ["zebra"], [0.7])[0].value > 0  # the end is known
    assert tempered_nlls(generator, text, lines[:1], [0.7])[0].low == -math.inf


def test_as_json_and_back(text, generator):
    sweep = sweep_temperatures(generator, text, (0.8, 1.0), 10, sets=2)
    content = json.loads(json.dumps(sweep.to_json(), allow_nan=False))
    assert TemperatureSweep.from_json(content) == sweep
    assert content["format"] == 1
    assert content["count"] == 10
    assert content["metrics"]["quality"] == "bleu-4"
    point = content["points"][1]
    assert point["temperature"] == 1.0
    for name in ("quality", "diversity", "nll"):
        assert point[name]["low"] <= point[name]["value"] <= point[name]["high"]
    with pytest.raises(ConfigError, match="format 2"):
        TemperatureSweep.from_json({**content, "format": 2})
    with pytest.raises(ConfigError, match="lacks 'points'"):
        TemperatureSweep.from_json({key: value for key, value in content.items() if key != "points"})


def test_measures_by_name():
    samples = [["a", "b", "c"], ["a", "b"], ["c", "b", "a", "c"]]
    assert bleu_measure(samples[:1], 3).value(samples) == bleu_against_corpus(samples, samples[:1], 3).values[3]
    assert self_bleu_measure(2).value(samples) == self_bleu(samples, 2).values[2]
    assert distinct_measure(2).value(samples) == distinct(samples, 2)
    assert [measure.name for measure in (self_bleu_measure(2), distinct_measure(3), entropy_measure(1))] == [
        "self-bleu-2",
        "distinct-3",
        "entropy-1",
    ]
    assert (self_bleu_measure().sharper, distinct_measure().sharper, entropy_measure().sharper) == (1, -1, -1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperatures": (0.0, 1.0)}, "logits are divided by it"),
        ({"temperatures": (1.0, 1.0)}, "each once"),
        ({"temperatures": ()}, "at least one"),
        ({"sets": 1}, "at least 2"),
        ({"count": 1}, "Self-BLEU needs at least 2"),
    ],
)
def test_numbers_that_make_no_sweep(text, generator, options, message):
    with pytest.raises(ConfigError, match=message):
        sweep_temperatures(generator, text, **{"count": 5, **options})


def test_what_has_no_temperature(text, generator):
    class Noisy(torch.nn.Module):
        state_noise = 1.0
        step = None

    class OneShot(torch.nn.Module):
        distributions = None

    for model, message in ((Noisy(), "first state"), (OneShot(), "all positions at once")):
        with pytest.raises(ConfigError, match=message):
            sweep_temperatures(model, text)

    class Pairs:
        source_vocabulary = text.vocabulary

    with pytest.raises(ConfigError, match="text with sources"):
        sweep_temperatures(generator, Pairs())


def test_each_set_has_random_numbers_of_its_own_also_at_another_temperature(text, generator):
    # All symbols are equally likely at every temperature: sets that shared random numbers would be the same sentences.
    flat = copy.deepcopy(generator)
    with torch.no_grad():
        flat.output_weight.zero_()
        flat.output_bias.zero_()
    seen = []

    def measure(samples):
        seen.append([tuple(tokens) for tokens in samples])
        return 0.0

    measured = distinct_measure()._replace(value=measure)

    def sampled(**options):
        seen.clear()
        sweep_temperatures(flat, text, (0.5, 1.0, 1.2), 8, quality=measured, likelihood=False, **options)
        return list(seen)

    sets = [*sampled(sets=3), *sampled(sets=2, first_set=3), *sampled(sets=2, seed=1)]
    assert len(sets) == 3 * 3 + 3 * 2 + 3 * 2
    assert len({tuple(sentences) for sentences in sets}) == len(sets)
    assert sampled(sets=3) == sets[:9]  # and the same ones for whatever is swept


def test_measures_of_samples_that_are_too_short_are_not_defined():
    short = [["a", "b"], ["b"], ["a"]]
    for measure in (bleu_measure([["a", "b", "c", "d"]]), self_bleu_measure(), distinct_measure(3), entropy_measure(3)):
        assert math.isnan(measure.value(short)), measure.name
        assert math.isfinite(measure.value([*short, ["a", "b", "c", "d"]])), measure.name
