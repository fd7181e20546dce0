"""Importance weights: numbers by hand, and the exact gradients that the algorithms claim, by listing all sequences."""

import math

import pytest
import torch
from exact.listed import all_sequences, sequence_log_probs, tiny_generator
from support.kinds import SAMPLED

from seqgan.objectives import (
    DIVERGENCES,
    MALIGAN,
    importance_advantages,
    policy_gradient_loss,
    token_log_probs,
)
from seqgan.objectives.diagnostics import effective_sample_size


def test_importance_advantages_weigh_samples_by_their_odds():
    # odds 1, 2, 5: weights 1/8, 2/8, 5/8, times 3 samples for mean 1
    log_odds = torch.tensor([1.0, 2.0, 5.0]).log().view(1, 3, 1)
    mask = torch.ones(3, 1, dtype=torch.bool)
    torch.testing.assert_close(importance_advantages(log_odds, mask), torch.tensor([3 / 8, 6 / 8, 15 / 8]).view(3, 1))


def test_rollouts_average_weights_and_not_their_logarithms():
    # Odds 1 and 3 of the first sample, 6 and 6 of the second: means 2 and 6, shares 1/4 and 3/4.
    log_odds = torch.tensor([[1.0, 6.0], [3.0, 6.0]]).log().unsqueeze(-1)
    advantages = importance_advantages(log_odds, torch.ones(2, 1, dtype=torch.bool))
    torch.testing.assert_close(advantages, torch.tensor([[0.5], [1.5]]))


def test_sequences_that_have_ended_keep_their_place_in_the_sums():
    log_odds = torch.tensor([[0.0, 0.0], [0.0, math.log(3)], [0.0, math.log(8)]]).unsqueeze(0)
    mask = torch.tensor([[True, True], [True, True], [True, False]])
    # At the second position 1, 3 and 8 of 12, times three.
    expected = torch.tensor([[1.0, 0.25], [1.0, 0.75], [1.0, 0.0]])
    torch.testing.assert_close(importance_advantages(log_odds, mask), expected)


def test_one_weight_a_sequence_holds_for_all_its_tokens_whatever_the_others_lengths():
    log_odds = torch.tensor([1.0, 3.0]).log().view(1, 2, 1)
    mask = torch.tensor([[True, True, True], [True, False, False]])
    expected = torch.tensor([[0.5, 0.5, 0.5], [1.5, 0.0, 0.0]])
    torch.testing.assert_close(importance_advantages(log_odds, mask), expected)


def test_groups_are_compared_within_themselves():
    log_odds = torch.tensor([[1.0, 3.0], [10.0, 10.0]]).log().view(1, 2, 2, 1)
    mask = torch.ones(2, 2, 1, dtype=torch.bool)
    expected = torch.tensor([[0.5, 1.5], [1.0, 1.0]]).unsqueeze(-1)
    torch.testing.assert_close(importance_advantages(log_odds, mask), expected)


def test_groups_are_compared_within_themselves_at_each_position():
    # Odds of two samples after two prefixes, at two positions; the last sample ends at the first position.
    odds = torch.tensor([[[1.0, 1.0], [3.0, 1.0]], [[10.0, 20.0], [30.0, 30.0]]])
    mask = torch.tensor([[[True, True], [True, True]], [[True, True], [True, False]]])
    expected = torch.tensor([[[0.5, 1.0], [1.5, 1.0]], [[0.5, 0.8], [1.5, 0.0]]])
    torch.testing.assert_close(importance_advantages(odds.log().unsqueeze(0), mask), expected)


def test_a_baseline_of_one_sums_to_zero_and_constants_do_not_matter(rng):
    log_odds = torch.randn(4, 6, 3, generator=rng, dtype=torch.float64) * 5
    mask = torch.ones(6, 3, dtype=torch.bool)
    advantages = importance_advantages(log_odds, mask, 1.0)
    torch.testing.assert_close(advantages.sum(0), torch.zeros(3, dtype=torch.float64), atol=1e-12, rtol=0)
    torch.testing.assert_close(importance_advantages(log_odds + 700, mask, 1.0), advantages)


@pytest.mark.parametrize("end", [0, None])
def test_with_the_optimal_discriminator_maligan_follows_the_likelihood_of_the_data(end):
    """Weights p_generator * exp(F) over all sequences are the data's: the update is the gradient of E_data[log q]."""
    generator = tiny_generator(3, end=end)
    tokens, mask = all_sequences(3, 3, end)
    data = torch.arange(1.0, len(tokens) + 1, dtype=torch.float64)
    data = data / data.sum()
    parameters = tuple(generator.parameters())
    log_probs = sequence_log_probs(generator, tokens, mask)
    exact = torch.autograd.grad((data * log_probs).sum(), parameters)

    # Each sequence stands for as many samples as its probability says: their number enters the weights' logarithm.
    optimal = data.log() - log_probs.detach()
    log_weights = (optimal + log_probs.detach()).view(1, -1, 1)
    advantages = MALIGAN.advantages(log_weights, mask, 0.0)
    loss = policy_gradient_loss(token_log_probs(generator(tokens), tokens), advantages, mask)
    estimate = torch.autograd.grad(-loss, parameters)
    torch.testing.assert_close(estimate, exact, rtol=1e-9, atol=1e-12)


@pytest.mark.slow(reason="draws many batches")
def test_more_samples_bring_the_self_normalised_update_nearer():
    generator = tiny_generator(3)
    tokens, mask = all_sequences(3, 3, 0)
    parameters = tuple(generator.parameters())
    log_probs = sequence_log_probs(generator, tokens, mask)
    data = torch.softmax(torch.linspace(-1, 1, len(tokens), dtype=torch.float64), 0)
    exact = torch.cat([g.flatten() for g in torch.autograd.grad((data * log_probs).sum(), parameters)])
    optimal = (data.log() - log_probs).detach()
    rng = torch.Generator().manual_seed(0)

    def mean_error(samples, repeats=400):
        total = torch.zeros_like(exact)
        for _ in range(repeats):
            rows = torch.multinomial(log_probs.detach().exp(), samples, replacement=True, generator=rng)
            advantages = MALIGAN.advantages(optimal[rows].view(1, -1, 1), mask[rows], 0.0)
            loss = policy_gradient_loss(token_log_probs(generator(tokens[rows]), tokens[rows]), advantages, mask[rows])
            total += torch.cat([g.flatten() for g in torch.autograd.grad(-loss, parameters)])
        return (total / repeats - exact).norm() / exact.norm()

    # Its bias falls as one over the number of samples.
    assert mean_error(64) < 0.5 * mean_error(4)


def kl(p, q):
    return (p * (p.log() - q.log())).sum()


def jensen_shannon(p, q):
    middle = (p + q) / 2
    return (kl(p, middle) + kl(q, middle)) / 2


@pytest.mark.parametrize(
    ("name", "objective"),
    [
        ("reverse-kl", lambda p, q: -kl(q, p)),
        ("non-saturating", lambda p, q: 2 * jensen_shannon(p, q) - kl(q, p)),
        ("saturating", lambda p, q: -2 * jensen_shannon(p, q)),
    ],
)
def test_with_the_optimal_discriminator_rewards_follow_their_divergences(name, objective):
    generator = tiny_generator(3)
    tokens, mask = all_sequences(3, 3, 0)
    data = torch.softmax(torch.linspace(-1, 1, len(tokens), dtype=torch.float64), 0)
    parameters = tuple(generator.parameters())
    exact = torch.autograd.grad(objective(data, sequence_log_probs(generator, tokens, mask).exp()), parameters)

    log_probs = sequence_log_probs(generator, tokens, mask).detach()
    reward = SAMPLED[name].reward(data.log() - log_probs).view(1, -1, 1)
    advantages = SAMPLED[name].advantages(reward, mask, 0.3)
    of_tokens = token_log_probs(generator(tokens), tokens) * log_probs.exp().unsqueeze(1) * len(tokens)
    estimate = torch.autograd.grad(-policy_gradient_loss(of_tokens, advantages, mask), parameters)
    torch.testing.assert_close(estimate, exact, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", sorted(DIVERGENCES))
def test_the_optimal_discriminator_of_each_divergence_weighs_by_the_density_ratio(name):
    """Minimised over a table of logits, the dual form gives F with w(F) = p / q."""
    p = torch.tensor([0.1, 0.3, 0.6], dtype=torch.float64)
    q = torch.tensor([0.4, 0.35, 0.25], dtype=torch.float64)
    logits = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    log_weight, loss_of, _ = DIVERGENCES[name]
    optimizer = torch.optim.LBFGS([logits], max_iter=500, tolerance_grad=1e-12, tolerance_change=0)
    # A batch in which x stands p(x) times among 20 real ones, and q(x) times among 20 generated ones.
    real = torch.repeat_interleave(torch.arange(3), torch.tensor([2, 6, 12]))
    fake = torch.repeat_interleave(torch.arange(3), torch.tensor([8, 7, 5]))

    def closure():
        optimizer.zero_grad()
        loss = loss_of(logits[real], logits[fake])
        loss.backward()
        return loss

    optimizer.step(closure)
    torch.testing.assert_close(log_weight(logits.detach()).exp(), p / q, rtol=1e-5, atol=1e-6)


def test_the_boundary_between_real_and_fake_is_a_weight_of_one():
    # The optimal logits of KL are 1 + log p / q: one of them lies above 0 where q is the greater.
    p, q = torch.tensor([0.6, 0.4]), torch.tensor([0.4, 0.6])
    logits = 1 + (p / q).log()
    assert (logits > 0).all()
    assert (DIVERGENCES["kl"].log_weight(logits) > 0).tolist() == [True, False]


def test_pearson_weights_are_never_negative():
    assert torch.isfinite(DIVERGENCES["pearson"].log_weight(torch.tensor([-100.0, -2.0, 0.0]))).all()


def test_effective_sample_size_of_equal_and_of_single_weights():
    assert effective_sample_size(torch.ones(8), dim=0).item() == pytest.approx(8)
    assert effective_sample_size(torch.tensor([0.0, 3.0, 0.0]), dim=0).item() == pytest.approx(1)
