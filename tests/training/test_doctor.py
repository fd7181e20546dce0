"""Each sickness provoked by a real training, and what the doctor says of it while it trains.

Processors round differently, and small trainings go other ways by that: what is asserted of one was seen of all of ten
beginnings. What holds for some beginnings alone is asserted of made-up logs, further down."""

import copy

import pytest
import torch
from support.kinds import SAMPLED
from support.tiny import DISCRIMINATOR, GENERATOR, PRETRAIN, new_run, tiny_text

from seqgan.build import build_discriminator, build_generator
from seqgan.evaluation.evaluate import judge_while_training
from seqgan.objectives import SEQGAN
from seqgan.progress import Progress
from seqgan.runs import read_metrics
from seqgan.settings.adversarial import AdversarialConfig
from seqgan.settings.pretrain import PretrainConfig
from seqgan.training.adversarial import train_adversarially
from seqgan.training.doctor import Doctor
from seqgan.training.pretrain import pretrain

STILL = 1e-12
"""A learning rate at which nothing moves."""


class Notes(Progress):
    """What the doctor says, by the name of the diagnosis."""

    def __init__(self):
        super().__init__()
        self.said = {}

    def note(self, text):
        parts = text.split(": ")
        if parts[0].split()[0] in ("Round", "Epoch", "Warm-up"):
            self.said.setdefault(parts[2].split(".")[0] if parts[1] != "over" else text, text)


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    return tiny_text(tmp_path_factory.mktemp("text"))


@pytest.fixture(scope="module")
def untrained(text):
    return build_generator(GENERATOR, text.vocabulary, text.max_length)


@pytest.fixture(scope="module")
def pretrained(text, untrained):
    generator = copy.deepcopy(untrained)
    pretrain(generator, text, PretrainConfig(epochs=12, batch_size=16, learning_rate=0.02))
    return generator


def said_of(text, generator, algorithm=SEQGAN, change=None, run=None, **settings):
    """What is said of a training of some rounds."""
    generator = copy.deepcopy(generator)
    discriminator = build_discriminator(DISCRIMINATOR, text.vocabulary, text.max_length)
    if change is not None:
        with torch.no_grad():
            change(discriminator)
    small = {"rounds": 10, "batch_size": 32, "rollouts": 2, "discriminator_pool": 32, "discriminator_steps": 1}
    config = AdversarialConfig(**{**small, "warmup_steps": 5, "evaluate_every": 5, **settings})
    notes = Notes()
    judge = judge_while_training(generator, text, 50, 0)
    train_adversarially(generator, discriminator, text, algorithm, config, progress=notes, judge=judge, run=run)
    return notes.said


@pytest.mark.slow(reason="trains for long")
def test_a_healthy_training_is_not_disturbed(text, untrained):
    pretrained = copy.deepcopy(untrained)  # for some epochs alone: of a better one a discriminator can tell nothing
    pretrain(pretrained, text, PretrainConfig(epochs=5, batch_size=16, learning_rate=0.02))
    config = {"rounds": 20, "warmup_steps": 40, "discriminator_learning_rate": 3e-3}
    assert said_of(text, pretrained, **config) == {}
    assert said_of(text, pretrained, SAMPLED["maligan"], **config) == {}


@pytest.mark.slow(reason="trains a model")
def test_a_discriminator_that_has_won(text, untrained):
    """Of a generator that never learnt it tells everything, at a learning rate that is much too high."""
    found = said_of(text, untrained, warmup_steps=60, discriminator_learning_rate=0.05, generator_learning_rate=STILL)
    assert "discriminator certain" in found
    assert "Train it less" in found["discriminator certain"]


@pytest.mark.slow(reason="trains a model")
def test_a_discriminator_that_takes_all_for_real_and_does_not_learn(text, pretrained):
    found = said_of(
        text, pretrained, change=lambda model: model.output.bias.fill_(5.0), discriminator_learning_rate=STILL
    )
    assert found["discriminator blind"].startswith("Round 5: warning: discriminator blind. Its accuracy is 0.500")


def test_a_reward_that_is_constant(text, pretrained):
    assert "no reward signal" in said_of(text, pretrained, control="constant")


def test_weights_of_a_discriminator_that_is_much_too_sharp(text, untrained):
    found = said_of(
        text,
        untrained,  # which makes no sentence twice, so that one alone is the best
        SAMPLED["maligan"],
        change=lambda model: model.output.weight.mul_(1e4),
        discriminator_learning_rate=STILL,
    )
    assert "few effective samples" in found


@pytest.mark.slow(reason="trains a model")
def test_a_generator_that_learns_much_too_fast(text, pretrained, tmp_path):
    """Entropy, bigrams and held-out likelihood all go; each is said once."""
    run = new_run(text, tmp_path / "run")
    found = said_of(text, pretrained, generator_learning_rate=0.5, rounds=30, run=run)
    assert {"collapse", "diversity collapsed", "likelihood exploded"} <= found.keys()
    judged = [line["eval/nll"] for line in read_metrics(run.metrics_path) if "eval/nll" in line]
    assert f"from {judged[0]:.3f} to {judged[1]:.3f}" in found["likelihood exploded"]


def test_rewards_that_are_not_finite_now_and_then(text, pretrained, tmp_path):
    batches = iter(range(1000))

    def reward(logits):
        return logits.sigmoid() + (torch.nan if next(batches) == 3 else 0.0)

    run = new_run(text, tmp_path / "run")
    found = said_of(text, pretrained, SEQGAN._replace(reward=reward), run=run, credit="sequence")
    lines = read_metrics(run.metrics_path)
    (counted,) = [line for line in lines if "generator/skipped" in line]
    (tensor,) = [name for name in counted if name.startswith("generator/skipped/")]
    assert (counted["step"], counted["generator/skipped"], counted[tensor]) == (4, 1.0, 1.0)
    assert tensor.removeprefix("generator/skipped/") in dict(pretrained.named_parameters())
    assert f"1 by {tensor.removeprefix('generator/skipped/')} of the generator" in found["batches left out"]


def test_pretraining_that_explodes(text, untrained):
    notes = Notes()
    config = PretrainConfig(epochs=8, batch_size=16, learning_rate=10.0, patience=0)
    pretrain(copy.deepcopy(untrained), text, config, progress=notes)
    assert "likelihood exploded" in notes.said
    notes = Notes()
    pretrain(copy.deepcopy(untrained), text, PRETRAIN, progress=notes)
    assert notes.said == {}


def rounds_of(name, values):
    return [{"phase": "adversarial", "step": n, name: value} for n, value in enumerate(values, start=1)]


def test_what_begins_and_ends_is_said_once_each():
    notes = []
    doctor = Doctor(notes.append)
    for line in rounds_of("discriminator/accuracy", [1.0] * 20 + [0.7] * 30):
        doctor.hear(line)
    begun, ended = notes
    assert begun.startswith("Round 5: warning: discriminator certain. Its accuracy is 1.000 over the last 5 rounds")
    # The tenth round after the last whose mean was above 0.98.
    assert ended == "Round 30: over: discriminator certain."


def test_what_comes_and_goes_is_said_once():
    notes = []
    doctor = Doctor(notes.append)
    # Every ninth round two of the last ten are low, and their mean is below 0.98; with one of them it is above.
    for line in rounds_of("discriminator/accuracy", [1.0] * 10 + [0.85, *[1.0] * 8] * 10):
        doctor.hear(line)
    assert len(notes) == 1


def test_what_worsens_is_said_and_what_eases_is_not():
    notes = []
    doctor = Doctor(notes.append)
    for line in rounds_of("generator/entropy", [2.0] * 10 + [1.2] * 15 + [0.5] * 15 + [1.2] * 15):
        doctor.hear(line)
    first, second = notes
    # The means of seven rounds at either end: 2 * 2 + 5 * 1.2 over 7 is 1.43, the first below 1.5.
    assert first.startswith("Round 15: warning: entropy falling. Entropy fell from 2.00 to 1.43 nats")
    assert ": problem: collapse. " in second
    assert doctor.collapse is None


def test_a_likelihood_that_is_lost_is_warned_of_before_it_explodes():
    notes = []
    doctor = Doctor(notes.append)
    # Above 0.05 nats a token it is lost, above log 2 (the perplexity has doubled) it has exploded.
    for line in rounds_of("eval/nll", [2.0, 2.04, 2.06, 2.69, 2.7]):
        doctor.hear(line)
    lost, exploded = notes
    assert lost.startswith("Round 3: warning: likelihood lost. Held-out NLL rose from 2.000 to 2.060 nats a token.")
    assert exploded.startswith("Round 5: problem: likelihood exploded. Held-out NLL rose from 2.000 to 2.700 nats")


def test_lengths_that_drift():
    notes = []
    doctor = Doctor(notes.append)
    # Between the means of ten rounds at either end: up to 30 % is as it may be, more is said.
    for line in rounds_of("generator/length", [10.0] * 10 + [13.0] * 10 + [13.2] * 10):
        doctor.hear(line)
    (drifts,) = notes
    assert drifts.startswith("Round 21: warning: length drifting. The mean length went from 10.0 to 13.0 tokens.")


def test_the_memory_goes_through_a_checkpoint():
    lines = rounds_of("discriminator/accuracy", [1.0] * 20 + [0.7] * 30)
    whole, broken = [], []
    doctor = Doctor(whole.append)
    for line in lines:
        doctor.hear(line)
    doctor = Doctor(broken.append)
    for line in lines:
        state = doctor.state()
        doctor = Doctor(broken.append)
        doctor.restore(state)
        doctor.hear(line)
    assert broken == whole


def test_a_training_state_without_a_memory_is_read():
    doctor = Doctor(print)
    doctor.restore(None)
    assert doctor.collapse is None
    assert doctor.healthy()
