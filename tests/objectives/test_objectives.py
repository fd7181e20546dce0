"""Formulas with numbers worked out by hand, and identities that hold for every algorithm in the registry."""

import math

import pytest
import torch
from exact.listed import all_sequences, sequence_log_probs, tiny_generator
from support.kinds import SAMPLED

from seqgan.objectives import (
    binary_discriminator_loss,
    entropy_bonus,
    mean_advantages,
    mle_loss,
    policy_gradient_loss,
    token_log_probs,
    token_nll,
)
from seqgan.objectives.diagnostics import accuracy, logit_gap, policy_entropy, reward_spread

TRUE = torch.ones(2, 2, dtype=torch.bool)


def test_mle_loss_is_of_real_tokens_over_the_same_number_for_all_batches():
    probs = torch.tensor([[[0.5, 0.25, 0.25], [0.1, 0.8, 0.1]], [[0.2, 0.2, 0.6], [0.4, 0.3, 0.3]]])
    tokens = torch.tensor([[0, 1], [2, 0]])
    mask = torch.tensor([[True, True], [True, False]])
    expected = -(math.log(0.5) + math.log(0.8) + math.log(0.6)) / 4
    assert mle_loss(probs.log(), tokens, mask, 4).item() == pytest.approx(expected)
    assert token_nll(probs.log(), tokens, mask)[1, 1] == 0


def test_token_log_probs_choose_the_target_token():
    logits = torch.tensor([[[1.0, 2.0, 3.0]]])
    normaliser = math.log(math.e + math.e**2 + math.e**3)
    assert token_log_probs(logits, torch.tensor([[1]])).item() == pytest.approx(2 - normaliser)


def test_policy_gradient_loss_sums_over_time_and_averages_over_sequences():
    log_probs = torch.tensor([[-1.0, -2.0], [-3.0, -4.0]])
    advantages = torch.tensor([[1.0, 0.5], [2.0, 9.0]])
    mask = torch.tensor([[True, True], [True, False]])
    # -(1 * -1 + 0.5 * -2 + 2 * -3) / 2
    assert policy_gradient_loss(log_probs, advantages, mask).item() == pytest.approx(4.0)


def test_policy_gradient_loss_has_no_path_into_the_advantages():
    advantages = torch.ones(2, 2, requires_grad=True)
    log_probs = torch.zeros(2, 2, requires_grad=True)
    policy_gradient_loss(log_probs, advantages, TRUE).backward()
    assert advantages.grad is None
    assert log_probs.grad is not None


def test_discriminator_loss_is_cross_entropy():
    real, fake = torch.tensor([0.0, math.log(3)]), torch.tensor([-math.log(3)])
    # D(real) = 1/2, 3/4; D(fake) = 1/4
    expected = -(math.log(1 / 2) + math.log(3 / 4)) / 2 - math.log(3 / 4)
    assert binary_discriminator_loss(real, fake).item() == pytest.approx(expected)


def test_discriminator_loss_is_finite_when_certain():
    certain = torch.tensor([1e4])
    assert binary_discriminator_loss(certain, -certain).item() == 0
    assert binary_discriminator_loss(-certain, certain).item() == pytest.approx(2e4)


@pytest.mark.parametrize("name", sorted(SAMPLED))
def test_rewards_do_not_go_through_rounded_probabilities(name):
    """D is 1 to the last digit from a logit of 40 on, and its logarithm and odds are not."""
    certain = torch.tensor([-2000.0, -500.0, -60.0, 60.0, 500.0, 2000.0])
    rewards = SAMPLED[name].reward(certain)
    assert rewards.isfinite().all()
    if name in ("seqgan", "csgan-nmt", "dialogue"):
        expected = [0.0, 0.0, 0.0, 1.0, 1.0, 1.0]
    elif name == "non-saturating":
        expected = [-2000.0, -500.0, -60.0, 0.0, 0.0, 0.0]
    elif name == "saturating":
        expected = [0.0, 0.0, 0.0, 60.0, 500.0, 2000.0]
    elif name == "bgan-pearson":
        tiny = torch.finfo(torch.float32).tiny
        expected = [math.log(tiny)] * 3 + [math.log(31), math.log(251), math.log(1001)]
    else:
        scale, shift = {"bgan-hellinger": (2, 0), "bgan-kl": (1, -1)}.get(name, (1, 0))
        expected = (scale * certain + shift).tolist()
    torch.testing.assert_close(rewards, torch.tensor(expected))


def test_mean_advantages_average_rollouts():
    values = torch.tensor([[[1.0, 2.0]], [[3.0, 6.0]]])  # two rollouts, one sample, two positions
    mask = torch.tensor([[True, True]])
    torch.testing.assert_close(mean_advantages(values, mask, baseline=1.0), torch.tensor([[1.0, 3.0]]))


@pytest.mark.parametrize("name", sorted(SAMPLED))
class TestEveryAlgorithm:
    def values(self, name, rng):
        return SAMPLED[name].reward(torch.randn(3, 5, 4, generator=rng, dtype=torch.float64))

    def test_padding_gets_no_advantage(self, name, rng):
        mask = torch.rand(5, 4, generator=rng) > 0.4
        for baseline in (0.0, 1.0):
            advantages = SAMPLED[name].advantages(self.values(name, rng), mask, baseline)
            assert (advantages[~mask] == 0).all()

    def test_finite_when_the_discriminator_is_certain(self, name, rng):
        logits = torch.tensor([-100.0, 100.0]).repeat(3, 10)[:, :, None].requires_grad_()
        advantages = SAMPLED[name].advantages(SAMPLED[name].reward(logits), torch.ones(20, 1, dtype=torch.bool))
        assert advantages.isfinite().all()

    def test_order_of_samples_does_not_matter(self, name, rng):
        values, mask = self.values(name, rng), torch.rand(5, 4, generator=rng) > 0.3
        order = torch.tensor([3, 1, 4, 0, 2])
        advantages = SAMPLED[name].advantages
        torch.testing.assert_close(advantages(values[:, order], mask[order]), advantages(values, mask)[order])

    def test_arguments_are_not_changed(self, name, rng):
        values, mask = self.values(name, rng), torch.rand(5, 4, generator=rng) > 0.3
        before = values.clone(), mask.clone()
        SAMPLED[name].advantages(values, mask, 0.0)
        assert torch.equal(values, before[0])
        assert torch.equal(mask, before[1])


@pytest.mark.parametrize("end", [0, None])
def test_the_mean_seqgan_update_is_the_exact_gradient_of_the_expected_reward(end):
    """E[sum_t Q_t grad log p(y_t)] over all sequences equals grad E[D(y)], with Q_t the exact prefix values."""
    generator = tiny_generator(3, end=end)
    tokens, mask = all_sequences(3, 3, end)
    reward = torch.linspace(0.05, 0.95, len(tokens), dtype=torch.float64).flip(0)

    exact = torch.autograd.grad(
        (sequence_log_probs(generator, tokens, mask).exp() * reward).sum(), tuple(generator.parameters())
    )

    probs = sequence_log_probs(generator, tokens, mask).exp().detach()
    values = torch.stack(
        [
            torch.stack([(probs * reward)[(tokens[:, : t + 1] == row[: t + 1]).all(1)].sum() for row in tokens])
            / torch.stack([probs[(tokens[:, : t + 1] == row[: t + 1]).all(1)].sum() for row in tokens])
            for t in range(3)
        ],
        dim=1,
    )  # [S, T]
    advantages = SAMPLED["seqgan"].advantages(values.unsqueeze(0), mask)
    log_probs = token_log_probs(generator(tokens), tokens)
    # The loss averages over sequences alike: multiply by their number and probability for the expectation.
    loss = policy_gradient_loss(log_probs * probs.unsqueeze(1) * len(tokens), advantages, mask)
    estimate = torch.autograd.grad(-loss, tuple(generator.parameters()))
    torch.testing.assert_close(estimate, exact, rtol=1e-9, atol=1e-12)


def test_a_constant_reward_has_no_expected_gradient():
    generator = tiny_generator(3)
    tokens, mask = all_sequences(3, 3, 0)
    probs = sequence_log_probs(generator, tokens, mask).exp().detach()
    log_probs = token_log_probs(generator(tokens), tokens)
    loss = policy_gradient_loss(log_probs * probs.unsqueeze(1), torch.full_like(log_probs, 0.7), mask)
    for gradient in torch.autograd.grad(loss, tuple(generator.parameters())):
        torch.testing.assert_close(gradient, torch.zeros_like(gradient), atol=1e-12, rtol=0)


def test_entropy_of_uniform_predictions_is_the_logarithm_of_their_number():
    logits = torch.zeros(2, 2, 8)
    assert policy_entropy(logits, torch.tensor([[True, False], [True, True]])).item() == pytest.approx(math.log(8))


def test_the_entropy_bonus_is_a_sum_over_each_sequence_whatever_else_is_in_the_batch():
    logits = torch.randn(3, 3, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64, requires_grad=True)
    mask = torch.tensor([[True, False, False], [True, True, True], [True, True, False]])
    assert entropy_bonus(torch.zeros(3, 3, 8), mask).item() == pytest.approx((1 + 3 + 2) / 3 * math.log(8))
    (gradient,) = torch.autograd.grad(entropy_bonus(logits, mask), logits)
    # The update of a batch is the mean of its sentences' own: none takes anything from another.
    for row in range(3):
        (alone,) = torch.autograd.grad(entropy_bonus(logits[row : row + 1], mask[row : row + 1]), logits)
        torch.testing.assert_close(gradient[row], alone[row] / 3)


def test_reward_spread_is_taken_over_real_tokens():
    values = torch.tensor([[[0.0, 100.0], [1.0, 1.0]], [[2.0, 100.0], [3.0, 3.0]]])  # means 1, _, 2, 2
    mask = torch.tensor([[True, False], [True, True]])
    # mean 5/3, deviations -2/3, 1/3, 1/3: variance (4 + 1 + 1) / 27
    assert reward_spread(values, mask).item() == pytest.approx((6 / 27) ** 0.5)


def test_accuracy_and_gap():
    real, fake = torch.tensor([1.0, -1.0]), torch.tensor([-2.0, -4.0])
    assert accuracy(real, fake).item() == pytest.approx(3 / 4)
    assert logit_gap(real, fake).item() == pytest.approx(3.0)
