"""Each update of the two players against the same worked out by hand, from what was sampled and what was real."""

import pytest
import torch
from exact.listed import tiny_generator
from support.kinds import SAMPLED
from torch import nn

from seqgan.data.corpus import Corpus
from seqgan.data.text import encode_corpus
from seqgan.decoding import sample
from seqgan.objectives import SEQGAN
from seqgan.settings.adversarial import AdversarialConfig
from seqgan.tensors.masking import mask_from_tokens
from seqgan.training import credit as credit_module
from seqgan.training import players as players_module
from seqgan.training import sampled as sampled_module
from seqgan.training.rewards import discriminator_reward
from seqgan.training.sampled import SampledPlayers

ROWS = 8
LINES = ["a a a b", "a", "b b", "a b a", "b", "a a", "b a b b", "b a"] * 2
START = torch.Generator().manual_seed(3).get_state()


class Reader(nn.Module):
    """A discriminator whose logit is a weighted sum of the real tokens, dropout over the positions included."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([0.7, -0.4, 0.9, -1.3], dtype=torch.float64))
        self.dropout = nn.Dropout(0.5)
        self.output = nn.Linear(1, 1)
        self.seen = []

    def encode(self, source, source_mask):
        assert source is None

    def forward(self, tokens, mask, context=None):
        self.seen.append((tokens, mask))
        positions = torch.arange(1.0, tokens.shape[1] + 1, dtype=torch.float64)
        return (self.dropout(self.weight[tokens] * mask) * positions).sum(1)


@pytest.fixture
def gradients(monkeypatch):
    """The gradients of all updates, in order, none of which changes anything."""
    collected = []

    def collect(model, optimizer, loss, clip_norm=None, skips=None):
        parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
        collected.append(torch.autograd.grad(loss, parameters, allow_unused=True))
        return loss.item()

    for module in (players_module, sampled_module):
        monkeypatch.setattr(module, "update", collect)
    return collected


def players(algorithm=SEQGAN, **settings):
    text = encode_corpus(Corpus("letters", LINES, LINES[:2], [], []), max_length=6)
    rng = torch.Generator()
    rng.set_state(START)
    config = AdversarialConfig(**{"batch_size": ROWS, "credit": "sequence", "discriminator_steps": 0, **settings})
    return SampledPlayers(tiny_generator(dropout=0.5).train(), Reader(), text, algorithm, config, rng)


def drawn_by(made):
    """The samples of the first update."""
    rng = torch.Generator()
    rng.set_state(START)
    return sample(made.generator, ROWS, made.max_length, rng=rng)


def logits_by_hand(made, tokens, mask):
    """Of one sequence after the other, dropout off."""
    weight = made.discriminator.weight.detach()
    return torch.stack(
        [
            sum((t + 1) * weight[token] for t, token in enumerate(row[row_mask].tolist()))
            for row, row_mask in zip(tokens, mask, strict=True)
        ]
    )


def log_probs_by_hand(made, tokens):
    """Of each token, dropout off."""
    return made.generator.eval()(tokens).log_softmax(-1).gather(-1, tokens.unsqueeze(-1)).squeeze(-1)


def assert_gradient_of(objective, gradient, made):
    """That an update ascends `objective`."""
    expected = torch.autograd.grad(-objective, tuple(made.generator.parameters()))
    torch.testing.assert_close(gradient, expected)


def test_without_rollouts_each_sequence_gets_its_own_reward(gradients):
    made = players()
    fake = drawn_by(made)
    made.play_round()
    rewards = logits_by_hand(made, *fake).sigmoid()
    log_prob = torch.where(fake.mask, log_probs_by_hand(made, fake.tokens), 0.0).sum(1)
    assert_gradient_of((rewards * log_prob).mean(), gradients[0], made)


def test_without_rollouts_each_sequence_gets_its_own_weight(gradients):
    made = players(SAMPLED["maligan"], baseline="constant", baseline_value=1.0)
    fake = drawn_by(made)
    made.play_round()
    odds = logits_by_hand(made, *fake).exp()
    log_prob = torch.where(fake.mask, log_probs_by_hand(made, fake.tokens), 0.0).sum(1)
    # A baseline of 1 is the mean weight.
    assert_gradient_of(((odds / odds.sum() - 1 / ROWS) * log_prob).sum(), gradients[0], made)


def test_with_rollouts_each_token_gets_the_mean_of_its_own_values(gradients, monkeypatch):
    values = torch.rand(3, ROWS, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    monkeypatch.setattr(credit_module, "rollout", lambda *arguments, **options: values)
    made = players(credit="rollouts", rollouts=3)
    fake = drawn_by(made)
    made.play_round()
    weighted = (values[0] + values[1] + values[2]) / 3 * log_probs_by_hand(made, fake.tokens)
    total = sum(row[row_mask].sum() for row, row_mask in zip(weighted, fake.mask, strict=True))
    assert_gradient_of(total / ROWS, gradients[0], made)


@pytest.mark.parametrize("over", ["sentences", "tokens"])
def test_the_entropy_bonus_is_maximised(gradients, over):
    """Per sentence, as its reward is; in runs made before, per token of the batch."""
    made = players(entropy_bonus=0.25, control="constant", entropy_over=over)
    fake = drawn_by(made)
    made.play_round()
    probs = made.generator.eval()(fake.tokens).softmax(-1)
    count = ROWS if over == "sentences" else fake.mask.sum()
    entropy = -(probs * probs.log()).sum(-1)[fake.mask].sum() / count
    log_prob = torch.where(fake.mask, log_probs_by_hand(made, fake.tokens), 0.0).sum(1)
    assert_gradient_of((0.5 * log_prob).mean() + 0.25 * entropy, gradients[0], made)


def test_teacher_forcing_follows_the_real_tokens_alone(gradients, monkeypatch):
    drawn = []
    draw = players_module.draw_batch
    monkeypatch.setattr(players_module, "draw_batch", lambda *arguments: drawn.append(draw(*arguments)) or drawn[-1])
    made = players(teacher_forcing_steps=1)
    made.play_round()
    (real,) = drawn
    log_probs = log_probs_by_hand(made, real.tokens)
    total = sum(row[row_mask].sum() for row, row_mask in zip(log_probs, real.mask, strict=True))
    assert not real.mask.all()
    assert_gradient_of(total / ROWS, gradients[1], made)


def test_the_discriminator_learns_real_from_generated(gradients):
    made = players()
    made.discriminator.dropout.p = 0.0
    values = made.warm_up_discriminator()
    ((tokens, mask),) = made.discriminator.seen
    real, fake = logits_by_hand(made, tokens, mask).split(ROWS)
    expected = -(real.sigmoid().log().mean() + (1 - fake.sigmoid()).log().mean())
    assert values["discriminator/loss"] == pytest.approx(expected.item())
    assert values["discriminator/logit_gap"] == pytest.approx((real.mean() - fake.mean()).item())
    # The real half are the text's sentences, and both halves look alike behind their ends.
    lines = {tuple(row[row_mask].tolist()) for row, row_mask in zip(made.real.tokens, made.real.mask, strict=True)}
    assert {tuple(row[row_mask].tolist()) for row, row_mask in zip(tokens[:ROWS], mask[:ROWS], strict=True)} <= lines
    assert torch.equal(mask, mask_from_tokens(tokens, 0))
    assert (tokens[~mask] == 0).all()


def test_the_discriminator_learns_with_dropout_on_and_scores_with_it_off(gradients):
    made = players()
    fake = drawn_by(made)
    made.discriminator.train()
    score = discriminator_reward(made.discriminator, SEQGAN.reward)
    rewards = score(*fake, torch.arange(ROWS))
    torch.testing.assert_close(rewards, logits_by_hand(made, *fake).sigmoid())
    assert not rewards.requires_grad
    assert made.discriminator.training
    values = made.warm_up_discriminator()
    tokens, mask = made.discriminator.seen[-1]
    real, fake_logits = logits_by_hand(made, tokens, mask).split(ROWS)
    assert values["discriminator/logit_gap"] != pytest.approx((real.mean() - fake_logits.mean()).item())


def test_the_lagging_policy_completes_and_keeps_its_share(gradients, monkeypatch):
    completed_by = []

    def spied(generator, reward, samples, rollouts, context, **options):
        completed_by.append(generator)
        return torch.zeros(rollouts, *samples.tokens.shape, dtype=torch.float64)

    monkeypatch.setattr(credit_module, "rollout", spied)
    made = players(credit="rollouts", rollouts=1, rollout_update_rate=0.8)
    before = [parameter.detach().clone() for parameter in made.rollout_policy.parameters()]
    with torch.no_grad():
        for parameter in made.generator.parameters():
            parameter.add_(1.0)
    made.play_round()
    (policy,) = completed_by
    assert policy is made.rollout_policy is not made.generator
    for old, lagging, live in zip(before, policy.parameters(), made.generator.parameters(), strict=True):
        torch.testing.assert_close(lagging.detach(), 0.8 * old + 0.2 * live.detach())
        torch.testing.assert_close(live.detach(), old + 1.0)


def test_without_a_lag_the_generator_itself_completes():
    made = players(credit="rollouts", rollouts=1)
    assert made.rollout_policy is made.generator
