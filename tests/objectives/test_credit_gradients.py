"""The exact gradient of what each way of credit claims, by listing all sequences."""

import pytest
import torch
from exact.listed import all_sequences, sequence_log_probs, tiny_generator
from support.kinds import SAMPLED

from seqgan.objectives import (
    MALIGAN,
    REVERSE_KL,
    discounted_returns,
    policy_gradient_loss,
    token_log_probs,
)

ENDS = pytest.mark.parametrize("end", [0, None])


class World:
    """A generator q, data p over the same sequences, and every sequence there is."""

    def __init__(self, end):
        self.generator = tiny_generator(3, end=end)
        self.tokens, self.mask = all_sequences(3, 3, end)
        self.parameters = tuple(self.generator.parameters())
        self.log_q = self.log_probs().detach()
        self.p = torch.softmax(torch.linspace(-1.5, 1.5, len(self.tokens), dtype=torch.float64).flip(0), 0)

    def log_probs(self):
        return sequence_log_probs(self.generator, self.tokens, self.mask)

    def gradient(self, value):
        return torch.autograd.grad(value, self.parameters)

    def mean_update(self, advantages, mask=None):
        """The expectation over q of the policy gradient with these advantages. [S, T] -> like the parameters"""
        log_probs = token_log_probs(self.generator(self.tokens), self.tokens)
        weighted = log_probs * self.log_q.exp().unsqueeze(1) * len(self.tokens)
        return self.gradient(-policy_gradient_loss(weighted, advantages, self.mask if mask is None else mask))

    def given_prefix(self, of_sequences):
        """Sums over all sequences that begin as each does: [S] -> [S, T]"""
        same = [(self.tokens[:, None, : t + 1] == self.tokens[None, :, : t + 1]).all(-1) for t in range(3)]
        return torch.stack([agree.double() @ of_sequences for agree in same], dim=1)


@ENDS
def test_maligan_with_exact_values_of_prefixes_follows_the_likelihood_of_the_data(end):
    """Rollouts without end give log p(prefix) / q(prefix); so does a discriminator trained on prefixes."""
    world = World(end)
    ratios = (world.given_prefix(world.p) / world.given_prefix(world.log_q.exp())).log()
    # Each sequence stands for as many samples as its probability says: their number enters the weights' logarithm.
    log_weights = (ratios + world.log_q.unsqueeze(1)).unsqueeze(0)
    advantages = MALIGAN.advantages(log_weights, world.mask, 0.0)
    loss = policy_gradient_loss(token_log_probs(world.generator(world.tokens), world.tokens), advantages, world.mask)
    exact = world.gradient((world.p * world.log_probs()).sum())
    torch.testing.assert_close(world.gradient(-loss), exact, rtol=1e-9, atol=1e-12)


@ENDS
@pytest.mark.parametrize("first", [0, 1, 2])
def test_completions_of_a_real_prefix_follow_the_datas_conditional_likelihood(end, first):
    """One group: all sequences that begin with the same real token; its weights sum to one within it."""
    world = World(end)
    group = world.tokens[:, 0] == first
    tokens, mask, p = world.tokens[group], world.mask[group], world.p[group]
    conditional = p / p.sum()
    sampled = mask & (torch.arange(3) >= 1)
    # The ratio of conditional probabilities, times how often the generator draws each: its own probability cancels.
    log_weights = conditional.log().view(1, 1, -1, 1)
    advantages = MALIGAN.advantages(log_weights, sampled.unsqueeze(0), 0.0).squeeze(0)
    loss = policy_gradient_loss(token_log_probs(world.generator(tokens), tokens), advantages, sampled)
    log_probs = token_log_probs(world.generator(tokens), tokens)
    exact = world.gradient((conditional * torch.where(sampled, log_probs, 0.0).sum(1)).sum())
    torch.testing.assert_close(world.gradient(-loss), exact, rtol=1e-9, atol=1e-12)


@ENDS
def test_returns_of_token_rewards_follow_their_expected_sum(end):
    world = World(end)
    # A reward of each prefix that depends on all its tokens.
    rewards = (world.tokens * torch.tensor([1.0, 3.0, 9.0], dtype=torch.float64)).cumsum(1).sin()
    advantages = REVERSE_KL.advantages(discounted_returns(rewards, world.mask).unsqueeze(0), world.mask, 0.0)
    expected_sum = (world.log_probs().exp() * torch.where(world.mask, rewards, 0.0).sum(1)).sum()
    torch.testing.assert_close(world.mean_update(advantages), world.gradient(expected_sum), rtol=1e-9, atol=1e-12)


@ENDS
@pytest.mark.parametrize("name", ["seqgan", "reverse-kl", "non-saturating", "saturating", "bgan-reinforce"])
def test_a_baseline_of_the_prefix_alone_changes_no_mean_update(name, end):
    """What a critic gives, whatever it has learnt: any function of the tokens before."""
    world = World(end)
    rewards = SAMPLED[name].reward(world.p.log() - world.log_q).view(1, -1, 1)
    before = torch.cat([torch.zeros_like(world.tokens[:, :1]), world.tokens[:, :-1] + 1], dim=1)
    critic = (before * torch.tensor([1.0, 5.0, 25.0], dtype=torch.float64)).cumsum(1).cos()
    without = world.mean_update(SAMPLED[name].advantages(rewards, world.mask, 0.0))
    centred = world.mean_update(SAMPLED[name].advantages(rewards, world.mask, critic))
    torch.testing.assert_close(centred, without, rtol=1e-9, atol=1e-12)
