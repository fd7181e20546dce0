"""The discriminator's training before the first round: what it looks at, when it ends; and how its pools are made."""

import copy
import itertools

import msgspec
import pytest
import torch
from support.tiny import ADVERSARIAL, DISCRIMINATOR, GENERATOR, same_weights

from seqgan.build import build_discriminator, build_generator, build_text
from seqgan.objectives import SEQGAN, diagnostics
from seqgan.settings.data import DataConfig
from seqgan.training import sampled as sampled_module
from seqgan.training import train_adversarially
from seqgan.training.players import LEAST_HELD_OUT, MOST_HELD_OUT, RISE
from seqgan.training.sampled import SampledPlayers

WARMING = msgspec.structs.replace(ADVERSARIAL, warmup_steps=400, batch_size=16, discriminator_learning_rate=0.01)
STILL = msgspec.structs.replace(WARMING, warmup_steps=45, discriminator_learning_rate=1e-12)


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    """Enough held-out sentences for a look."""
    folder = tmp_path_factory.mktemp("text")
    words = ["dog", "cat", "bird", "cow", "pig"], ["runs", "sleeps", "eats", "sings"], ["here", "there", "now"]
    lines = [f"the {' '.join(three)} ." for three in itertools.product(*words)]
    (folder / "text.txt").write_text("\n".join(lines[::2] * 8) + "\n")
    (folder / "valid.txt").write_text("\n".join(lines[1::2] * 4) + "\n")  # no sentence is in both
    return build_text(DataConfig(corpus=str(folder / "text.txt"), valid=str(folder / "valid.txt")))


def made(text, config=WARMING):
    torch.manual_seed(0)
    generator = build_generator(GENERATOR, text.vocabulary, text.max_length)
    discriminator = build_discriminator(DISCRIMINATOR, text.vocabulary, text.max_length)
    return SampledPlayers(generator, discriminator, text, SEQGAN, config, torch.Generator().manual_seed(1))


def warm_up(players):
    lines = []
    while not players.warmed_up:
        lines.append(players.warm_up_discriminator())
    return lines


def slow_accuracy(real, fake):
    """As many as are real are taken for real, the highest logits first."""
    order = sorted([*((-logit, True) for logit in real), *((-logit, False) for logit in fake)])
    return sum(is_real for _, is_real in order[: len(real)]) / len(real)


def test_accuracy_at_equal_errors():
    rng = torch.Generator().manual_seed(0)
    for size in (1, 2, 7, 50):
        real, fake = (torch.randn(size, generator=rng) + shift for shift in (0.5, 0.0))
        found = diagnostics.accuracy_at_equal_errors(real, fake).item()
        assert found == pytest.approx(slow_accuracy(real.tolist(), fake.tolist()), abs=1e-6)
        # Neither the logits' zero nor their scale matters.
        moved = diagnostics.accuracy_at_equal_errors(3 * real + 5, 3 * fake + 5).item()
        assert moved == pytest.approx(found, abs=1e-6)
    same = torch.zeros(4)
    assert diagnostics.accuracy_at_equal_errors(same, same).item() == 0.5
    # Two above the threshold, and one place for two of either kind at it: half of one is real.
    real, fake = torch.tensor([2.0, 1.0, 0.0]), torch.tensor([3.0, 1.0, -1.0])
    assert diagnostics.accuracy_at_equal_errors(real, fake).item() == pytest.approx((1 + 0.5) / 3)


def test_it_ends_once_held_out_sentences_are_told_apart(text):
    players = made(text)
    assert players.looks_at_held_out
    lines = warm_up(players)
    assert players.warmup_steps == len(lines) == players.pools_between_looks * len(players.looks) < WARMING.warmup_steps
    assert all(look < WARMING.warmup_accuracy for look in players.looks[:-1])
    assert players.looks[-1] >= WARMING.warmup_accuracy
    shown = [line["discriminator/held_out_accuracy"] for line in lines if "discriminator/held_out_accuracy" in line]
    assert shown == players.looks


def test_a_look_is_at_sentences_that_nobody_learns_from(text):
    players = made(text)
    players.told_apart()
    tokens, mask, condition = players.held_out
    assert condition is None
    assert tokens.shape[:2] == (2, min(MOST_HELD_OUT, text.valid.sentences))
    held_out = {tuple(row[keep].tolist()) for row, keep in zip(text.valid.tokens, text.valid.mask, strict=True)}
    assert {tuple(row[keep].tolist()) for row, keep in zip(tokens[0], mask[0], strict=True)} <= held_out
    before = [parameter.clone() for parameter in players.discriminator.parameters()]
    assert players.told_apart() == players.told_apart()
    assert all(map(torch.equal, before, players.discriminator.parameters()))
    assert not any(parameter.grad is not None for parameter in players.discriminator.parameters())


@pytest.mark.slow(reason="trains a discriminator")
def test_it_ends_where_nothing_more_is_learnt(text):
    """A discriminator that stands still does so as one whose generator is as good as the text."""
    config = msgspec.structs.replace(STILL, warmup_steps=400, warmup_patience=40)
    players = made(text, config)
    warm_up(players)
    # The first look is a rise from nothing; the two after it are none.
    assert players.warmup_steps == 3 * players.pools_between_looks == 60
    assert max(players.looks) < players.looks[0] + RISE
    endless = made(text, msgspec.structs.replace(config, warmup_patience=0, warmup_steps=80))
    warm_up(endless)
    assert endless.warmup_steps == 80


@pytest.mark.parametrize("change", [{"pools": "apart"}, {}])
def test_few_held_out_sentences_and_runs_of_before_end_by_what_is_learnt_from(text, change):
    few = text._replace(valid=text.valid._replace(tokens=text.valid.tokens[:9], mask=text.valid.mask[:9]))
    assert text.valid.sentences > LEAST_HELD_OUT > 9
    players = made(text if change else few, msgspec.structs.replace(WARMING, **change))
    assert not players.looks_at_held_out
    lines = warm_up(players)
    assert players.looks == []
    assert lines[-1]["discriminator/accuracy"] >= WARMING.warmup_accuracy


def calls_of_sample(monkeypatch):
    """How many sentences each call draws."""
    drawn = []

    def counted(generator, count, *arguments, **options):
        drawn.append(count)
        return sample(generator, count, *arguments, **options)

    sample = sampled_module.sample
    monkeypatch.setattr(sampled_module, "sample", counted)
    return drawn


def test_the_samples_of_all_pools_between_two_changes_of_the_generator_are_drawn_at_once(text, monkeypatch):
    config = msgspec.structs.replace(STILL, warmup_steps=30, discriminator_steps=3)
    players, drawn = made(text, config), calls_of_sample(monkeypatch)
    warm_up(players)
    count = min(MOST_HELD_OUT, text.valid.sentences)
    assert drawn == [20 * 16, count, 10 * 16]  # twenty pools to a look; the look's own; what is left
    drawn.clear()
    players.play_round()
    assert drawn == [16, 3 * 16]  # the generator's batch, and three pools
    assert players.pools == []
    drawn.clear()
    stopping = msgspec.structs.replace(config, discriminator_stop=0.5)
    made(text, stopping).play_round()
    assert set(drawn) == {16}  # where the turn may be over after any of them, none is drawn in vain
    drawn.clear()
    apart = made(text, msgspec.structs.replace(config, pools="apart"))
    apart.warm_up_discriminator()
    apart.play_round()
    assert drawn == [16] * 5


def test_samples_that_were_drawn_ahead_are_the_generators_as_it_is(text):
    players = made(text, msgspec.structs.replace(WARMING, discriminator_steps=2))
    players.warm_up_discriminator()
    assert len(players.pools) == 19
    players.play_round()  # before the warm-up is over, so that some are left
    assert players.pools == []


@pytest.mark.slow(reason="trains three times")
@pytest.mark.parametrize("pools", [1, 7, 20, 27])
def test_a_warm_up_goes_on_as_if_it_had_not_been_interrupted(text, pools):
    config = msgspec.structs.replace(WARMING, warmup_accuracy=1.0, warmup_steps=45, discriminator_learning_rate=1e-4)
    whole = made(text, config)
    warm_up(whole)
    first = made(text, config)
    for _ in range(pools):
        first.warm_up_discriminator()
    state = copy.deepcopy(first.state())
    second = made(text, config)
    second.restore(state)
    warm_up(second)
    assert second.warmup_steps == 45
    assert second.looks == whole.looks
    assert same_weights(second.discriminator, whole.discriminator)
    assert second.state()["held_out"] is None


def test_the_log_has_the_warm_up_while_it_runs(text):
    players = made(text)
    config = msgspec.structs.replace(STILL, warmup_steps=50, rounds=1)
    heard = []
    trained = train_adversarially(players.generator, players.discriminator, text, SEQGAN, config, on_log=heard.append)
    warmup = [line for line in trained.log if line["phase"] == "warmup"]
    assert [line["step"] for line in warmup] == [20, 40, 50]
    assert [line for line in heard if line["phase"] == "warmup"] == warmup


def test_looks_at_prefixes_are_at_the_same_ones(text):
    players = made(text, msgspec.structs.replace(STILL, credit="prefix"))
    before = players.rng.get_state()
    first = players.told_apart()
    after = players.rng.get_state()
    assert not torch.equal(before, after)  # the held-out samples are drawn once
    assert [players.told_apart() for _ in range(3)] == [first] * 3
    assert torch.equal(players.rng.get_state(), after)
