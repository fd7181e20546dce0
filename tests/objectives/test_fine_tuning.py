"""KL to a reference, standardised advantages, pairs, self-play: against the exact gradient, or worked out by hand."""

import math

import pytest
import torch
from exact.enumeration import VOCABULARY, make_toy
from exact.listed import sequence_log_probs, tiny_generator

from seqgan.objectives import k1_costs, k3, kl_loss, self_play_loss, standardized, token_log_probs
from seqgan.objectives.relgan import relativistic_loss


@pytest.fixture(scope="module")
def toy():
    return make_toy()


@pytest.fixture(scope="module")
def reference():
    other = tiny_generator(VOCABULARY)
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.mul_(0.5)
    return other


def gradient(generator, loss):
    gradients = torch.autograd.grad(loss, tuple(generator.parameters()))
    return torch.cat([part.flatten() for part in gradients])


def both_log_probs(toy, reference):
    with torch.no_grad():
        before = token_log_probs(reference(toy.tokens), toy.tokens)
    return token_log_probs(toy.generator(toy.tokens), toy.tokens), before


def sequence_kl(toy, reference):
    """KL(generator || reference) over all sequences there are."""
    log_probs = sequence_log_probs(toy.generator, toy.tokens, toy.mask)
    before = sequence_log_probs(reference, toy.tokens, toy.mask).detach()
    return (log_probs.exp() * (log_probs - before)).sum()


def test_the_mean_update_of_k1_is_the_gradient_of_the_kl(toy, reference):
    costs = k1_costs(*both_log_probs(toy, reference), toy.mask)
    exact = gradient(toy.generator, sequence_kl(toy, reference))
    torch.testing.assert_close(toy.expected(costs), exact)
    assert exact.norm() > 0.1


def test_the_mean_of_k3_is_the_kl_and_it_is_never_negative(toy, reference):
    values = k3(*both_log_probs(toy, reference), toy.mask).detach()
    assert (values >= 0).all()
    assert (values[~toy.mask] == 0).all()
    torch.testing.assert_close((toy.probs * values.sum(dim=1)).sum(), sequence_kl(toy, reference).detach())


def test_the_gradient_of_k3_is_that_of_the_other_kl_at_the_prefixes_that_are_visited(toy, reference):
    values = k3(*both_log_probs(toy, reference), toy.mask)
    mean = gradient(toy.generator, (toy.probs * values.sum(dim=1)).sum())
    log_probs = toy.generator(toy.tokens).log_softmax(-1)
    before = reference(toy.tokens).log_softmax(-1).detach()
    of_next = (before.exp() * (before - log_probs)).sum(-1)  # [A, T], the same for all that share a prefix
    exact = gradient(toy.generator, (toy.probs.unsqueeze(1) * torch.where(toy.mask, of_next, 0.0)).sum())
    torch.testing.assert_close(mean, exact)
    # And not that of the KL which it estimates as a number.
    assert (mean - gradient(toy.generator, sequence_kl(toy, reference))).norm() > 0.1 * mean.norm()


def test_nothing_pulls_at_the_reference_itself(toy):
    log_probs = token_log_probs(toy.generator(toy.tokens), toy.tokens)
    loss = kl_loss(log_probs, log_probs.detach(), toy.mask)
    assert loss == 0
    assert not gradient(toy.generator, loss).any()
    assert not k1_costs(log_probs, log_probs.detach(), toy.mask).any()


def test_what_follows_the_end_costs_nothing():
    log_probs = torch.tensor([[-1.0, -2.0, -300.0]], requires_grad=True)
    before = torch.tensor([[-1.5, -1.0, -1.0]])
    mask = torch.tensor([[True, True, False]])
    torch.testing.assert_close(k1_costs(log_probs, before, mask), torch.tensor([[0.5 - 1.0, -1.0, 0.0]]))
    expected = (math.exp(-0.5) + 0.5 - 1) + (math.e - 1 - 1)
    loss = kl_loss(log_probs, before, mask)
    assert loss.item() == pytest.approx(expected, rel=1e-5)
    loss.backward()
    torch.testing.assert_close(log_probs.grad, torch.tensor([[1 - math.exp(-0.5), 1 - math.e, 0.0]]))


def test_standardised_advantages_by_hand():
    values = torch.tensor([[[[1.0], [3.0]], [[5.0], [5.0]]]])  # one reward each of two groups of two
    mask = torch.tensor([[[True, True], [True, False]], [[True, True], [True, True]]])
    advantages = torch.where(mask, torch.tensor([[[-2.0], [2.0]], [[0.1], [-0.1]]]), 0.0)
    unit = 2 / (math.sqrt(2) + 1e-4)
    expected = torch.tensor([[[-unit, -unit], [unit, 0.0]], [[0.0, 0.0], [0.0, 0.0]]])
    torch.testing.assert_close(standardized(advantages, values, mask), expected)


def test_standardised_advantages_do_not_depend_on_the_scale_of_rewards(rng):
    values = torch.randn(3, 2, 5, 4, generator=rng)
    mask = torch.ones(2, 5, 4, dtype=torch.bool)
    advantages = values.mean(0) - values.mean(0).mean(1, keepdim=True)
    scaled = standardized(50 * advantages, 50 * values + 7, mask)
    torch.testing.assert_close(scaled, standardized(advantages, values, mask), rtol=1e-2, atol=1e-3)
    torch.testing.assert_close(scaled.std(1), torch.ones(2, 4), rtol=1e-2, atol=0)


def test_pairs_tell_the_ratio_of_the_densities_up_to_a_constant(toy):
    """Over all pairs there are, no logit of log p / q + c can be changed for the better."""
    logits = (toy.data.log() - toy.probs.log() + 1.7).requires_grad_()
    pairs = [(a, b) for a in range(len(toy.probs)) for b in range(len(toy.probs))]
    loss = sum(toy.data[a] * toy.probs[b] * relativistic_loss(logits[a], logits[b]) for a, b in pairs)
    loss.backward()
    assert logits.grad.abs().max() < 1e-15
    off = logits.detach().clone()
    off[0] += 0.5
    assert sum(toy.data[a] * toy.probs[b] * relativistic_loss(off[a], off[b]) for a, b in pairs) > loss


def spin_gradient(toy, data, weight):
    """Of the loss over all pairs of a real sentence and one of the iterate, which is the generator itself."""
    log_probs = sequence_log_probs(toy.generator, toy.tokens, toy.mask)
    before = log_probs.detach()
    loss = torch.zeros((), dtype=torch.float64)
    for a in range(len(data)):
        for b in range(len(data)):
            pair = self_play_loss(log_probs[a], before[a], log_probs[b], before[b], weight)
            loss = loss + data[a] * toy.probs[b] * pair
    assert loss.item() == pytest.approx(math.log(2))
    return gradient(toy.generator, loss)


def test_self_play_begins_as_maximum_likelihood(toy):
    likelihood = -(toy.data * sequence_log_probs(toy.generator, toy.tokens, toy.mask)).sum()
    expected = 0.3 / 2 * gradient(toy.generator, likelihood)
    torch.testing.assert_close(spin_gradient(toy, toy.data, 0.3), expected)


def test_self_play_rests_where_the_generator_is_the_data(toy):
    assert spin_gradient(toy, toy.probs, 0.3).abs().max() < 1e-12


def test_self_play_by_hand():
    real, real_before = torch.tensor([-3.0, -4.0]), torch.tensor([-5.0, -4.0])
    fake, fake_before = torch.tensor([-6.0, -2.0]), torch.tensor([-5.0, -3.0])
    gains = [2.0 + 1.0, 0.0 - 1.0]
    expected = sum(math.log(1 + math.exp(-0.1 * gain)) for gain in gains) / 2
    assert self_play_loss(real, real_before, fake, fake_before, weight=0.1).item() == pytest.approx(expected)


@pytest.mark.parametrize("weight", [1.0, 0.5, 0.1])
def test_self_play_tends_to_the_data_at_a_weight_of_one_and_beyond_them_below(toy, weight):
    """The expected loss over all pairs of a real sequence and one of the iterate, and where its gradient is nothing."""
    before = toy.probs.log()
    pairs = torch.cartesian_prod(torch.arange(len(before)), torch.arange(len(before)))
    chances = toy.data[pairs[:, 0]] * toy.probs[pairs[:, 1]]

    def slope(log_probs):
        logits = log_probs.clone().requires_grad_()
        now = logits.log_softmax(dim=0)
        losses = [
            self_play_loss(now[r : r + 1], before[r : r + 1], now[f : f + 1], before[f : f + 1], weight)
            for r, f in pairs.tolist()
        ]
        (gradient,) = torch.autograd.grad((chances * torch.stack(losses)).sum(), logits)
        return gradient.abs().max()

    tended = before + (toy.data.log() - before) / weight
    assert slope(tended) < 1e-12
    assert slope(before) > 1e-3
    if weight < 1:
        assert slope(toy.data.log()) > 1e-3
