"""One update at a time: against plain loops over sequences and tokens."""

import pytest
import torch
from support.tiny import DISCRIMINATOR, GENERATOR, tiny_text

from seqgan.build import build_discriminator, build_generator
from seqgan.objectives import MALIGAN, SEQGAN
from seqgan.settings.adversarial import AdversarialConfig
from seqgan.training.sampled import SampledPlayers


@pytest.fixture
def text(tmp_path):
    return tiny_text(tmp_path)


def make_players(text, algorithm, **settings):
    generator = build_generator(GENERATOR, text.vocabulary, text.max_length, seed=1)
    discriminator = build_discriminator(DISCRIMINATOR, text.vocabulary, text.max_length, seed=2)
    with torch.no_grad():
        discriminator.output.weight.mul_(20)  # judgements that differ
    rng = torch.Generator().manual_seed(3)
    return SampledPlayers(generator, discriminator, text, algorithm, AdversarialConfig(**settings), rng)


def log_probs_of(generator, tokens):
    return generator(tokens).log_softmax(-1).gather(-1, tokens.unsqueeze(-1)).squeeze(-1)


@pytest.mark.parametrize("given", [0, 2, 4])
def test_mixed_training_weighs_completions_within_their_prefix_and_learns_the_prefix(text, given):
    settings = {"batch_size": 12, "group_size": 4, "credit": "sequence", "baseline": "constant", "baseline_value": 0.3}
    players = make_players(text, MALIGAN, real_prefix=given, **settings)
    assert players.given_in(0) == given
    state = players.rng.get_state()
    tokens, mask = players._draw(12, given, completions=4).samples
    players.rng.set_state(state)
    players.discriminator.eval()
    with torch.no_grad():
        odds = players.discriminator(tokens, mask).exp()
        log_probs = log_probs_of(players.generator, tokens)
    loss = 0.0
    for i in range(3):
        rows = range(4 * i, 4 * i + 4)
        assert (tokens[rows, :given] == tokens[4 * i, :given]).all()  # one real prefix
        for j in rows:
            weight = odds[j] / sum(odds[k] for k in rows)
            for t in range(int(mask[j].sum())):
                if t >= given:
                    loss -= (weight - 0.3 / 4) * log_probs[j, t] / 3
                else:
                    loss -= log_probs[j, t] / 4 / 3
    value = players.update_generator()["generator/loss"]
    assert value == pytest.approx(loss.item(), rel=1e-4, abs=1e-5)


def test_groups_without_prefixes_are_parts_of_the_batch(text):
    settings = {"batch_size": 6, "credit": "sequence", "baseline": "none"}
    players = make_players(text, MALIGAN, group_size=3, **settings)
    state = players.rng.get_state()
    tokens, mask = players._draw(6, 0).samples
    players.rng.set_state(state)
    players.discriminator.eval()
    with torch.no_grad():
        odds = players.discriminator(tokens, mask).exp()
        sums = torch.where(mask, log_probs_of(players.generator, tokens), 0.0).sum(1)
    loss = -sum(odds[j] / odds[3 * (j // 3) : 3 * (j // 3) + 3].sum() * sums[j] for j in range(6)) / 2
    assert players.update_generator()["generator/loss"] == pytest.approx(loss.item(), rel=1e-4, abs=1e-5)


def test_when_all_is_given_training_is_maximum_likelihood(text):
    players = make_players(text, MALIGAN, batch_size=8, group_size=2, real_prefix=100)
    assert players.given_in(0) == text.max_length
    state = players.rng.get_state()
    tokens, mask = players._draw(8, text.max_length, completions=2).samples
    players.rng.set_state(state)
    real = {tuple(row.tolist()) for row in text.train.tokens}
    assert all(tuple(row.tolist()) in real for row in tokens)
    with torch.no_grad():
        expected = -torch.where(mask, log_probs_of(players.generator, tokens), 0.0).sum(1).mean()
    assert players.update_generator()["generator/loss"] == pytest.approx(expected.item(), rel=1e-5)


def test_the_real_prefix_falls_from_stage_to_stage_to_nothing(text):
    players = make_players(
        text, MALIGAN, batch_size=8, group_size=2, real_prefix=5, real_prefix_step=2, real_prefix_rounds=3
    )
    assert [players.given_in(rounds) for rounds in range(12)] == [5, 5, 5, 3, 3, 3, 1, 1, 1, 0, 0, 0]
    longer = make_players(text, MALIGAN, batch_size=8, group_size=2, real_prefix=100, real_prefix_step=2)
    assert [longer.given_in(rounds) for rounds in range(3)] == [text.max_length - 2 * stage for stage in range(3)]


def test_completions_of_ended_sentences_are_those_sentences(text):
    players = make_players(text, MALIGAN, batch_size=400, group_size=2, real_prefix=5)
    tokens, mask = players._draw(400, 5, completions=2).samples
    ended = mask.sum(1) <= 5
    assert ended.any()
    assert not ended.all()
    real = {tuple(row[:5].tolist()) for row in text.train.tokens}
    assert all(tuple(row[:5].tolist()) in real for row in tokens)
    assert (tokens[ended][:, 5:] == 0).all()


def test_the_discriminator_meets_what_the_generator_completes(text):
    """Its density ratio must be of the policy that is weighed next: real beginnings of that length, generated ends."""
    players = make_players(
        text, MALIGAN, batch_size=8, group_size=2, real_prefix=3, real_prefix_step=2, discriminator_pool=16
    )
    drawn = []
    draw = players._draw

    def spy(count, given, completions=1, **others):
        drawn.append((count, given, completions))
        return draw(count, given, completions, **others)

    players._draw = spy
    players.warm_up_discriminator()
    for _ in range(2):
        players.play_round()
    turn = 16 * players.config.discriminator_steps  # the pools of a turn are drawn at once
    warming = players.real.sentences // 8 * 8  # so many pools of 8 as no sentence begins two samples of
    assert warming < 20 * 8
    assert drawn == [(warming, 3, 1), (8, 3, 2), (turn, 1, 1), (8, 1, 2), (turn, 0, 1)]


def test_where_all_is_given_the_discriminator_learns_from_free_samples_and_no_reward_is_logged(text):
    players = make_players(text, MALIGAN, batch_size=8, group_size=2, real_prefix=100, real_prefix_rounds=5)
    given = []
    draw = players._draw

    def spy(count, prefix, completions=1, **others):
        given.append(prefix)
        return draw(count, prefix, completions, **others)

    players._draw = spy
    values = players.play_round()
    assert given == [text.max_length, 0]
    assert "generator/reward" not in values
    assert "generator/effective_sample_size" not in values


def test_one_policy_gradient_loss_by_hand(text):
    players = make_players(text, SEQGAN, batch_size=5, credit="sequence", baseline="leave-one-out")
    state = players.rng.get_state()
    tokens, mask = players._draw(5, 0).samples
    players.rng.set_state(state)
    players.discriminator.eval()
    with torch.no_grad():
        rewards = players.discriminator(tokens, mask).sigmoid()
        sums = torch.where(mask, log_probs_of(players.generator, tokens), 0.0).sum(1)
    loss = -sum((rewards[i] - (rewards.sum() - rewards[i]) / 4) * sums[i] for i in range(5)) / 5
    assert players.update_generator()["generator/loss"] == pytest.approx(loss.item(), rel=1e-4, abs=1e-5)
