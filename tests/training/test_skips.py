"""Batches whose loss or gradients are not finite: they change nothing, are counted, and end a training that has no
others."""

import copy
import importlib

import pytest
import torch
from support.kinds import RELAXED
from support.tiny import ADVERSARIAL, GENERATOR, PRETRAIN, new_run, players, same_weights, tiny_text
from torch import nn

from seqgan.build import build_generator
from seqgan.errors import TrainingError
from seqgan.objectives import SEQGAN
from seqgan.runs import load_state, read_metrics
from seqgan.settings.adversarial import AdversarialConfig
from seqgan.settings.pretrain import PretrainConfig
from seqgan.training.adversarial import train_adversarially
from seqgan.training.equal_budget import train_on
from seqgan.training.optimizers import adam, update
from seqgan.training.pretrain import pretrain
from seqgan.training.skips import MOST, Skips, check_weights, first_not_finite


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    return tiny_text(tmp_path_factory.mktemp("text"))


class TwoWeights(nn.Module):
    """Gradients that are asked for: of `first` 2 * first * a, of `second` b."""

    def __init__(self):
        super().__init__()
        self.first = nn.Parameter(torch.tensor([1.0, 2.0]))
        self.second = nn.Parameter(torch.tensor([3.0]))

    def forward(self, a=1.0, b=1.0):
        return (self.first.square() * a).sum() + (self.second * b).sum()


def everything(model, optimizer):
    return copy.deepcopy((model.state_dict(), optimizer.state_dict()["state"]))


@pytest.mark.parametrize(
    ("arguments", "loss", "tensor"),
    [
        ({"b": torch.inf}, 0.0, "second"),
        ({"a": torch.inf, "b": torch.nan}, 0.0, "first"),
        ({}, torch.nan, "loss"),  # the gradients are finite
        ({"b": 1e30}, 0.0, "norm"),  # finite as well, but not their squares
    ],
)
@pytest.mark.parametrize("clip_norm", [0.0, 1.0])
def test_nothing_is_changed_and_the_tensor_is_named(arguments, loss, tensor, clip_norm):
    model, skips = TwoWeights(), Skips("generator")
    optimizer = adam(model, 0.1)
    update(model, optimizer, model(), clip_norm, skips)
    before = everything(model, optimizer)
    update(model, optimizer, model(**arguments) + loss, clip_norm, skips)
    assert repr(everything(model, optimizer)) == repr(before)
    assert all(parameter.grad is None for parameter in model.parameters())
    assert skips.in_a_row == 1
    assert skips.take() == {"generator/skipped": 1.0, f"generator/skipped/{tensor}": 1.0}
    assert skips.take() == {}


def test_steps_are_those_of_the_plain_optimiser():
    for clip_norm in (0.0, 0.5):
        model = TwoWeights()
        by_hand = copy.deepcopy(model)
        optimizer, other = adam(model, 0.1), adam(by_hand, 0.1)
        for _ in range(3):
            value = update(model, optimizer, model(), clip_norm, Skips("x"))
            other.zero_grad()
            loss = by_hand()
            loss.backward()
            if clip_norm:
                nn.utils.clip_grad_norm_(by_hand.parameters(), clip_norm)
            other.step()
            assert value == loss.item()
        assert same_weights(model, by_hand)


def test_ten_in_a_row_are_the_end_and_nine_are_not():
    model, skips = TwoWeights(), Skips("critic", "--a-setting")
    optimizer = adam(model, 0.1)
    for _ in range(3):
        for _ in range(MOST - 1):
            update(model, optimizer, model(b=torch.nan), skips=skips)
        update(model, optimizer, model(), skips=skips)
    for _ in range(MOST - 1):
        update(model, optimizer, model(b=torch.nan), skips=skips)
    # It goes through a checkpoint.
    resumed = Skips("critic", "--a-setting")
    resumed.restore(skips.state())
    message = r"the critic's loss is nan, .* the gradient of second, in 10 batches in a row\. .* Lower --a-setting"
    with pytest.raises(TrainingError, match=message):
        update(model, optimizer, model(b=torch.nan), skips=resumed)
    assert resumed.take()["critic/skipped"] == 4 * (MOST - 1) + 1


def test_a_weight_that_is_not_finite_is_the_end_at_once():
    model = TwoWeights()
    optimizer = adam(model, 0.1)
    with torch.no_grad():
        model.second.fill_(torch.inf)
    with pytest.raises(TrainingError, match="the weight second of the generator is not finite"):
        update(model, optimizer, model(), skips=Skips("generator"))
    with pytest.raises(TrainingError, match="the weight second of the other"):
        check_weights(model, "other")
    with torch.no_grad():
        model.second.fill_(1e30)  # its square is not finite, and it is
    check_weights(model, "other")


def test_the_first_that_is_not_finite():
    good, bad = torch.zeros(3), torch.tensor([0.0, torch.nan])
    assert first_not_finite([("a", good), ("b", None), ("c", bad), ("d", bad)]) == "c"
    assert first_not_finite([("a", good), ("b", None)]) == ""


@pytest.mark.parametrize("value", [torch.inf, torch.nan])
@pytest.mark.parametrize("player", ["generator", "discriminator"])
def test_a_training_with_such_a_weight_names_it(text, player, value):
    both = dict(zip(("generator", "discriminator"), players(text), strict=True))
    name, weight = list(both[player].named_parameters())[1]
    with torch.no_grad():
        weight.view(-1)[0] = value
    with pytest.raises(TrainingError, match=f"the weight {name} of the {player} is not finite"):
        train_adversarially(both["generator"], both["discriminator"], text, SEQGAN, ADVERSARIAL)


def test_rewards_that_are_never_finite_end_the_training_and_leave_the_generator_as_it_was(text):
    generator, discriminator = players(text)
    before = copy.deepcopy(generator)
    config = AdversarialConfig(rounds=20, batch_size=8, credit="sequence", warmup_steps=1, discriminator_steps=0)
    algorithm = SEQGAN._replace(reward=lambda logits: logits * torch.nan)
    with pytest.raises(TrainingError, match=r"the generator's loss is nan, .* Lower --adversarial.generator-learning"):
        train_adversarially(generator, discriminator, text, algorithm, config)
    assert same_weights(generator, before)


@pytest.mark.slow(reason="trains a model")
def test_a_critics_and_a_relaxed_players_are_counted_as_well(text):
    generator, discriminator = players(text)
    config = AdversarialConfig(
        rounds=20, batch_size=8, credit="sequence", warmup_steps=1, discriminator_steps=0, baseline="critic"
    )
    algorithm = SEQGAN._replace(reward=lambda logits: logits * torch.nan)
    with pytest.raises(TrainingError, match="the critic's loss is nan"):
        train_adversarially(generator, discriminator, text, algorithm, config)
    relaxed = RELAXED["gsgan"]._replace(generator_loss=lambda real, fake: fake.sum() * torch.nan)
    config = AdversarialConfig(rounds=20, batch_size=8, warmup_steps=1, discriminator_steps=1)
    with pytest.raises(TrainingError, match="the generator's loss is nan"):
        train_adversarially(generator, discriminator, text, relaxed, config)


def test_a_discriminators_warm_up_is_watched(text):
    generator, discriminator = players(text)
    algorithm = SEQGAN._replace(discriminator_loss=lambda real, fake: (real.sum() + fake.sum()) * torch.nan)
    with pytest.raises(TrainingError, match="the discriminator's loss is nan"):
        train_adversarially(generator, discriminator, text, algorithm, AdversarialConfig(batch_size=8))


def test_pretraining_leaves_batches_out_and_its_means(text, tmp_path, monkeypatch):
    """The third batch of an epoch: the mean that is logged is that of the others."""
    pretrain_module = importlib.import_module("seqgan.training.pretrain")  # and not the function of that name
    batch_nll, seen = pretrain_module.batch_nll, []

    def faulty(generator, batch, *, whole=False):
        loss = batch_nll(generator, batch)
        seen.append((loss.item(), int(batch.mask.sum())))
        return loss * (torch.nan if len(seen) == 3 else 1.0)

    monkeypatch.setattr(pretrain_module, "batch_nll", faulty)
    generator, run = build_generator(GENERATOR, text.vocabulary, text.max_length), new_run(text, tmp_path / "run")
    pretrain(generator, text, PretrainConfig(epochs=1, batch_size=16), run=run)
    (line,) = read_metrics(run.metrics_path)
    kept = seen[:2] + seen[3:]
    expected = sum(nll for nll, _ in kept) / sum(tokens for _, tokens in kept)
    assert line["generator/loss"] == pytest.approx(expected, abs=1e-5)
    assert line["generator/skipped"] == 1.0
    assert load_state(run.checkpoints_folder, print)["skips"] == {"in_a_row": 0, "counts": {}}


def test_pretraining_and_its_equal_budget_stop_where_no_batch_is_finite(text):
    generator = build_generator(GENERATOR, text.vocabulary, text.max_length)
    with torch.no_grad():
        generator.embedding.weight[3] = torch.nan
    with pytest.raises(TrainingError, match=r"the weight embedding\.weight of the generator is not finite"):
        pretrain(generator, text, PRETRAIN)
    with pytest.raises(TrainingError, match=r"the weight embedding\.weight of the generator is not finite"):
        train_on(generator, text, PRETRAIN, updates=3)
