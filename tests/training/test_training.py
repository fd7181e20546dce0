"""Training: that it learns, stops, resumes bit for bit, and touches nothing that it should not."""

import copy
import json

import pytest
import torch
from support.tiny import ADVERSARIAL, GENERATOR, PRETRAIN, new_run, players, same_weights, tiny_text

from seqgan.build import build_discriminator, build_generator
from seqgan.decoding import sample
from seqgan.errors import CheckpointError, ConfigError, SeqganError
from seqgan.evaluation.evaluate import judge_while_training
from seqgan.evaluation.likelihood import held_out_likelihood
from seqgan.objectives import SEQGAN
from seqgan.runs import load_state, open_run, read_metrics
from seqgan.settings.adversarial import AdversarialConfig
from seqgan.settings.discriminator import DiscriminatorConfig
from seqgan.settings.pretrain import PretrainConfig
from seqgan.training.adversarial import train_adversarially
from seqgan.training.optimizers import adam, update
from seqgan.training.pretrain import pretrain
from seqgan.training.rewards import control_reward, discriminator_reward


@pytest.fixture
def text(tmp_path):
    return tiny_text(tmp_path)


class Stop(Exception):
    """Ends a training from outside, as a kill would."""


def log_without_times(run):
    timed = ("tokens_per_second", "seconds")
    return [{k: v for k, v in line.items() if k not in timed} for line in read_metrics(run.metrics_path)]


def interrupting(run, after_lines):
    """A progress whose note raises once the log has so many lines: at any point between two checkpoints."""
    from seqgan.progress import Progress

    class Interrupting(Progress):
        def note(self, text):
            if len(read_metrics(run.metrics_path)) >= after_lines:
                raise Stop

    return Interrupting()


@pytest.mark.slow(reason="trains a model")
def test_pretraining_learns_and_ends_with_the_best_weights(text, tmp_path):
    generator = build_generator(GENERATOR, text.vocabulary, text.max_length)
    before = held_out_likelihood(generator, text.valid, 1).nll_per_token
    run = new_run(text, tmp_path / "run")
    result = pretrain(generator, text, PretrainConfig(epochs=30, batch_size=16, patience=2), run=run)
    losses = [line["eval/nll"] for line in read_metrics(run.metrics_path)]
    assert result.best_nll == pytest.approx(min(losses), abs=1e-6)
    assert result.best_nll < before - 0.5
    assert held_out_likelihood(generator, text.valid, 1).nll_per_token == pytest.approx(result.best_nll, abs=1e-6)


def test_pretraining_stops_when_it_no_longer_improves(text):
    result = pretrain(
        build_generator(GENERATOR, text.vocabulary, text.max_length),
        text,
        PretrainConfig(epochs=500, learning_rate=0.05, patience=2),
    )
    assert result.epochs == result.best_epoch + 2 < 500


@pytest.mark.parametrize("after_lines", [1, 3])
def test_resumed_pretraining_equals_the_unbroken_one(text, tmp_path, after_lines):
    whole, broken = (
        build_generator(GENERATOR, text.vocabulary, text.max_length),
        build_generator(GENERATOR, text.vocabulary, text.max_length),
    )
    run_whole, run_broken = new_run(text, tmp_path / "whole"), new_run(text, tmp_path / "broken")
    expected = pretrain(whole, text, PRETRAIN, seed=5, run=run_whole)
    with pytest.raises(Stop):
        pretrain(broken, text, PRETRAIN, seed=5, run=run_broken, progress=interrupting(run_broken, after_lines))
    fresh = build_generator(GENERATOR, text.vocabulary, text.max_length)  # nothing of the interrupted process is left
    torch.randn(17)
    assert pretrain(fresh, text, PRETRAIN, seed=5, run=run_broken, resume=True)[:3] == expected[:3]
    assert same_weights(fresh, whole)
    assert log_without_times(run_broken) == log_without_times(run_whole)
    assert run_broken.generator_path.read_bytes() == run_whole.generator_path.read_bytes()


@pytest.mark.slow(reason="trains three times")
@pytest.mark.parametrize("after_lines", [1, 3, 5])
def test_resumed_adversarial_training_equals_the_unbroken_one(text, tmp_path, after_lines):
    start, critic = players(text)

    def train(run, generator, discriminator, **options):
        judge = judge_while_training(generator, text, 10, 5, samples_folder=run.samples_folder)
        config = ADVERSARIAL
        train_adversarially(generator, discriminator, text, SEQGAN, config, seed=5, run=run, judge=judge, **options)

    whole, whole_critic = copy.deepcopy(start), copy.deepcopy(critic)
    run_whole, run_broken = new_run(text, tmp_path / "whole"), new_run(text, tmp_path / "broken")
    train(run_whole, whole, whole_critic)
    with pytest.raises(Stop):
        train(run_broken, copy.deepcopy(start), copy.deepcopy(critic), progress=interrupting(run_broken, after_lines))
    fresh, fresh_critic = copy.deepcopy(start), copy.deepcopy(critic)
    torch.randn(17)
    train(run_broken, fresh, fresh_critic, resume=True)
    assert same_weights(fresh, whole)
    assert same_weights(fresh_critic, whole_critic)
    assert not same_weights(whole, start)
    assert log_without_times(run_broken) == log_without_times(run_whole)
    for path in run_whole.samples_folder.iterdir():
        assert (run_broken.samples_folder / path.name).read_bytes() == path.read_bytes()


def test_training_leaves_the_callers_random_numbers_alone(text):
    torch.manual_seed(3)
    expected = torch.randn(4)
    torch.manual_seed(3)
    generator, discriminator = players(text)
    train_adversarially(generator, discriminator, text, SEQGAN, ADVERSARIAL)
    assert torch.equal(torch.randn(4), expected)


def test_without_rollouts_all_tokens_share_the_sequences_reward(text):
    generator, discriminator = players(text)
    before = copy.deepcopy(generator)
    config = AdversarialConfig(rounds=1, credit="sequence", warmup_steps=1, batch_size=8, discriminator_steps=0)
    train_adversarially(generator, discriminator, text, SEQGAN, config)
    assert not same_weights(generator, before)


@pytest.mark.slow(reason="trains a model")
def test_adversarial_training_raises_the_reward_of_a_fixed_judge(text):
    """With a discriminator that is not trained further, the policy gradient must find what it likes."""
    generator, _ = players(text)
    likes = text.vocabulary.encode(["sleeps"])[0]

    class LikesAWord(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.output = torch.nn.Linear(1, 1)

        def forward(self, tokens, mask, context=None):
            return 8.0 * ((tokens == likes) & mask).any(1) - 4.0 + 0.0 * self.output.weight.sum()

    def share():
        tokens, mask = sample(generator, 500, text.max_length, rng=torch.Generator().manual_seed(0))
        return ((tokens == likes) & mask).any(1).float().mean().item()

    before = share()
    config = AdversarialConfig(
        rounds=40, batch_size=32, rollouts=4, warmup_steps=0, discriminator_steps=0, generator_learning_rate=0.01
    )
    train_adversarially(generator, LikesAWord(), text, SEQGAN, config)
    assert before < 0.5
    assert share() > 0.9


@pytest.mark.slow(reason="trains a model")
def test_warm_up_ends_at_the_asked_accuracy(text, tmp_path):
    # A generator that never learnt is told apart at once.
    generator = build_generator(GENERATOR, text.vocabulary, text.max_length)
    discriminator = build_discriminator(DiscriminatorConfig(filters=0.1), text.vocabulary, text.max_length)
    run = new_run(text, tmp_path / "run")
    config = AdversarialConfig(
        rounds=1, batch_size=16, rollouts=1, warmup_accuracy=0.7, discriminator_learning_rate=0.01
    )
    train_adversarially(generator, discriminator, text, SEQGAN, config, run=run)
    warmup = [line for line in read_metrics(run.metrics_path) if line["phase"] == "warmup"]
    assert len(warmup) == 1
    assert warmup[0]["step"] < config.warmup_steps
    assert warmup[0]["discriminator/accuracy"] >= 0.7


def test_rewards_are_scored_with_dropout_off_and_each_row_alone(text):
    _, discriminator = players(text)
    discriminator.train()
    tokens, mask = text.train.tokens[:20], text.train.mask[:20]
    reward = discriminator_reward(discriminator, SEQGAN.reward)
    rows = torch.arange(20)
    together = reward(tokens, mask, rows)
    assert torch.equal(reward(tokens, mask, rows), together)
    one_by_one = torch.cat([reward(tokens[i : i + 1], mask[i : i + 1], rows[i : i + 1]) for i in range(20)])
    torch.testing.assert_close(one_by_one, together)
    assert discriminator.training


def test_a_run_of_another_text_is_not_resumed(text, tmp_path):
    run = new_run(text, tmp_path / "run")
    pretrain(build_generator(GENERATOR, text.vocabulary, text.max_length), text, PretrainConfig(epochs=1), run=run)
    other = text._replace(corpus=text.corpus._replace(train=text.corpus.train[1:]))
    with pytest.raises(CheckpointError, match="is not the one that this run was begun with"):
        pretrain(build_generator(GENERATOR, text.vocabulary, text.max_length), other, PRETRAIN, run=run, resume=True)


def test_a_loss_that_is_not_finite_changes_nothing_and_says_the_mend():
    model = torch.nn.Linear(2, 1)
    before = copy.deepcopy(model)
    with pytest.raises(SeqganError, match=r"Linear's loss is nan, .* the gradient of weight\. .* Lower its"):
        update(model, adam(model, 0.1), model(torch.tensor([[float("nan"), 1.0]])).sum())
    assert same_weights(model, before)


def test_the_output_layer_alone_is_decayed():
    # With a zero loss gradient Adam moves only what is decayed.
    model = torch.nn.ModuleDict({"output": torch.nn.Linear(2, 1), "other": torch.nn.Linear(2, 1)})
    before = copy.deepcopy(model)
    loss = 0.0 * sum(parameter.sum() for parameter in model.parameters())
    update(model, adam(model, 0.1, output_decay=0.2), loss)
    assert same_weights(model["other"], before["other"])
    assert (model["output"].weight.abs() < before["output"].weight.abs()).all()


def test_a_run_tells_everything_that_is_needed_to_sample(text, tmp_path):
    run = new_run(text, tmp_path / "run")
    generator = build_generator(GENERATOR, text.vocabulary, text.max_length)
    pretrain(generator, text, PretrainConfig(epochs=1), run=run)
    opened = open_run(tmp_path / "run")
    assert opened.vocabulary == text.vocabulary
    assert opened.config == run.config
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == [
        "checkpoints",
        "config.yaml",
        "generator.safetensors",
        "metrics.jsonl",
        "unseen.txt",
        "vocabulary.txt",
    ]
    for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines():
        json.loads(line)


def test_a_finished_run_made_longer_forgets_nothing_of_its_baseline(text, tmp_path):
    generator, discriminator = players(text)
    run = new_run(text, tmp_path / "run")
    config = AdversarialConfig(rounds=1, batch_size=8, rollouts=1, warmup_steps=1, baseline="running-mean")
    train_adversarially(generator, discriminator, text, SEQGAN, config, run=run)
    assert load_state(run.checkpoints_folder, print)["baseline"]["running"] is not None


@pytest.mark.slow(reason="trains three times")
def test_a_lagging_rollout_policy_follows_the_generator_and_is_resumed(text, tmp_path):
    start, critic = players(text)
    base = {field: getattr(ADVERSARIAL, field) for field in ADVERSARIAL.__struct_fields__}
    results = []
    for stops in ([3], [1, 3]):
        run = new_run(text, tmp_path / f"run{len(stops)}")
        for rounds in stops:
            generator, discriminator = copy.deepcopy(start), copy.deepcopy(critic)
            config = AdversarialConfig(**{**base, "rounds": rounds, "rollout_update_rate": 0.8})
            train_adversarially(generator, discriminator, text, SEQGAN, config, run=run, resume=rounds != stops[0])
        results.append(load_state(run.checkpoints_folder, print))
    for name, weight in results[0]["rollout_policy"].items():
        assert torch.equal(weight, results[1]["rollout_policy"][name])
        # It has moved away from the start and not arrived at the generator.
        assert not torch.equal(weight, results[0]["generator"][name])
        assert not torch.equal(weight, start.state_dict()[name])


def test_controls_know_nothing_of_the_text(text, rng):
    tokens, mask, rows = text.train.tokens[:6], text.train.mask[:6], torch.arange(6)
    constant = control_reward("constant", SEQGAN.reward, rng)(tokens, mask, rows)
    assert (constant == 0.5).all()
    noise = control_reward("random", SEQGAN.reward, rng)
    assert not torch.equal(noise(tokens, mask, rows), noise(tokens, mask, rows))
    with pytest.raises(ConfigError, match="choose none, constant or random"):
        control_reward("nothing", SEQGAN.reward, rng)
