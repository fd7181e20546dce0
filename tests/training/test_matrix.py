"""Generators, discriminators, algorithms and credits in pairs: each trains, saves, resumes to the same bits, samples.

Each two of them meet, by a Latin square. All threes would be three times as many trainings, and nothing in a player or
an algorithm knows of two others.
"""

import copy
from itertools import cycle, product

import pytest
import torch
from support.kinds import PLAIN_DISCRIMINATORS, PLAIN_GENERATORS, SAMPLED
from support.tiny import ADVERSARIAL, new_run, same_weights, tiny_text

from seqgan.algorithm_settings import shared_settings
from seqgan.build import build_discriminator, build_generator
from seqgan.decoding import sample
from seqgan.runs.checkpoint import load_weights
from seqgan.settings.adversarial import AdversarialConfig
from seqgan.settings.discriminator import DiscriminatorConfig
from seqgan.settings.generator import GeneratorConfig
from seqgan.settings.pretrain import PretrainConfig
from seqgan.training.adversarial import train_adversarially
from seqgan.training.pretrain import pretrain

pytestmark = pytest.mark.slow(reason="trains three times for each of a hundred combinations")


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    return tiny_text(tmp_path_factory.mktemp("text"))


@pytest.fixture(scope="module")
def pretrained(text):
    """A generator of each kind after one epoch."""
    generators = {}
    for kind in PLAIN_GENERATORS:
        config = GeneratorConfig(name=kind, embedding_size=8, hidden_size=12, heads=2)
        generators[kind] = build_generator(config, text.vocabulary, text.max_length)
        pretrain(generators[kind], text, PretrainConfig(epochs=1, batch_size=16))
    return generators


def discriminator(text, kind, per_token=False):
    settings = DiscriminatorConfig(
        name=kind, embedding_size=6, filters=0.02, hidden_size=7, heads=2, per_token=per_token
    )
    return build_discriminator(settings, text.vocabulary, text.max_length)


def trains_and_resumes(text, folder, start, critic, name, **settings):
    """Two rounds in one go, and one round and then the other: equal weights, other than at the start."""
    base = {field: getattr(ADVERSARIAL, field) for field in ADVERSARIAL.__struct_fields__}
    base |= {
        "warmup_steps": 1,
        "discriminator_steps": 2,
        "rollouts": 2,
        "baseline": shared_settings(SAMPLED[name]).baseline,
        **settings,
    }
    if base["baseline"] == "rising":
        base["baseline"] = "constant"  # how far it has risen depends on the number of rounds, which is other here
    results = []
    for stops in ([2], [1, 2]):
        run = new_run(text, folder / f"run{len(stops)}")
        for rounds in stops:
            players = copy.deepcopy(start), copy.deepcopy(critic)
            config = AdversarialConfig(**{**base, "rounds": rounds})
            train_adversarially(*players, text, SAMPLED[name], config, run=run, resume=rounds != stops[0])
        results.append(players)
    assert same_weights(results[0][0], results[1][0])
    assert same_weights(results[0][1], results[1][1])
    assert not same_weights(results[0][0], start)
    assert not same_weights(results[0][1], critic)
    return run, results[0][0]


KINDS, JUDGES, NAMES = ("gru", "lstm", "transformer"), ("cnn", "rnn", "transformer"), sorted(SAMPLED)
CORE = [
    (kind, JUDGES[(number + row) % len(JUDGES)], name)
    for number, kind in enumerate(KINDS)
    for row, name in enumerate(NAMES)
]
OTHERS = [
    *(("lstm", judge, "seqgan") for judge in ("bidirectional", "many-view", "residual-conv")),
    ("relational", "cnn", "seqgan"),
]


def test_no_player_is_left_out():
    assert {kind for kind, _, _ in CORE + OTHERS} == set(PLAIN_GENERATORS)
    assert {judge for _, judge, _ in CORE + OTHERS} == set(PLAIN_DISCRIMINATORS)
    for places, kinds in (((0, 1), (KINDS, JUDGES)), ((0, 2), (KINDS, NAMES)), ((1, 2), (JUDGES, NAMES))):
        assert {tuple(case[place] for place in places) for case in CORE} == set(product(*kinds))


@pytest.mark.parametrize(("kind", "judge", "name"), CORE + OTHERS)
def test_all_players_and_algorithms(text, pretrained, tmp_path, kind, judge, name):
    start = pretrained[kind]
    run, trained = trains_and_resumes(text, tmp_path, start, discriminator(text, judge), name)
    saved = copy.deepcopy(start)
    load_weights(saved, run.generator_path, text.vocabulary.fingerprint())
    assert same_weights(saved, trained)
    tokens, mask = sample(saved, 5, text.max_length, rng=torch.Generator().manual_seed(0))
    assert mask[:, 0].all()
    assert (tokens < len(text.vocabulary)).all()


# What is left out is refused, see test_credit.py. With rollouts all algorithms are trained above.
CREDITS = [("cnn", "rollouts", "seqgan"), ("cnn", "rollouts", "maligan")]
CREDITS += [("cnn", credit, name) for credit in ("sequence", "prefix") for name in NAMES]
CREDITS += [("rnn-per-token", "prefix", name) for name in NAMES[::3]]
CREDITS += [("rnn-per-token", "token", name) for name in NAMES if not SAMPLED[name].weighs]


@pytest.mark.parametrize(("judge", "credit", "name"), CREDITS)
def test_all_algorithms_and_credits(text, pretrained, tmp_path, judge, credit, name):
    per_token = judge == "rnn-per-token"
    critic = discriminator(text, "rnn" if per_token else judge, per_token)
    settings = {"credit": credit, "entropy_bonus": 0.01, "teacher_forcing_steps": 1}
    trains_and_resumes(text, tmp_path, pretrained["lstm"], critic, name, **settings)


@pytest.mark.parametrize(("credit", "name"), list(zip(cycle(["rollouts", "sequence"]), NAMES, strict=False)))
def test_all_algorithms_with_real_prefixes(text, pretrained, tmp_path, credit, name):
    settings = {"credit": credit, "real_prefix": 3, "real_prefix_step": 2, "group_size": 4}
    trains_and_resumes(text, tmp_path, pretrained["gru"], discriminator(text, "cnn"), name, **settings)


@pytest.mark.parametrize("baseline", ["constant", "running-mean", "leave-one-out", "critic", "log-partition"])
@pytest.mark.parametrize("credit", ["rollouts", "sequence", "prefix"])
def test_all_baselines(text, pretrained, tmp_path, credit, baseline):
    critic = discriminator(text, "rnn")
    trains_and_resumes(text, tmp_path, pretrained["lstm"], critic, "reverse-kl", credit=credit, baseline=baseline)


@pytest.mark.parametrize("credit", ["rollouts", "prefix", "token"])
@pytest.mark.parametrize("control", ["constant", "random"])
def test_controls(text, pretrained, tmp_path, control, credit):
    critic = discriminator(text, "rnn", per_token=credit == "token")
    settings = {"credit": credit, "control": control}
    trains_and_resumes(text, tmp_path, pretrained["lstm"], critic, "seqgan", **settings)
