import copy
import math

import pytest
import torch
from support.kinds import SAMPLED

from seqgan.errors import ConfigError
from seqgan.objectives import BGAN_REINFORCE, MALIGAN, SEQGAN
from seqgan.settings.adversarial import AdversarialConfig
from seqgan.training.baselines import BASELINES, FOR_WEIGHTS, Baseline, leave_one_out

# Two rollouts, three samples, two positions; the third sample has ended after one token.
VALUES = torch.tensor([[[1.0, 2.0], [3.0, 4.0], [5.0, 5.0]], [[3.0, 4.0], [5.0, 6.0], [5.0, 5.0]]])
MASK = torch.tensor([[True, True], [True, True], [True, False]])
TOKENS = torch.tensor([[2, 0], [3, 2], [0, 0]])


def test_leave_one_out_is_the_mean_of_the_others():
    # Means over rollouts: 2 3 | 4 5 | 5 5.
    expected = torch.tensor([[4.5, 5.0], [3.5, 4.0], [3.0, 4.0]])
    torch.testing.assert_close(leave_one_out(VALUES), expected)


def test_leave_one_out_does_not_depend_on_the_samples_own_value():
    changed = VALUES.clone()
    changed[:, 1] += 100
    torch.testing.assert_close(leave_one_out(changed)[1], leave_one_out(VALUES)[1])


def baseline_of(name, algorithm, **settings):
    torch.manual_seed(0)
    return Baseline(AdversarialConfig(baseline=name, **settings), algorithm, 5, torch.device("cpu"))


def test_the_rising_baseline_follows_the_training():
    baseline = baseline_of("rising", MALIGAN)
    assert [baseline(VALUES, TOKENS, MASK, progress) for progress in (0.0, 0.25, 1.0)] == [0.0, 0.25, 1.0]


def test_the_running_mean_is_of_earlier_batches_only():
    baseline = baseline_of("running-mean", SEQGAN)
    torch.testing.assert_close(baseline(VALUES, TOKENS, MASK, 0.0), leave_one_out(VALUES))
    # Means over rollouts at real tokens: 2, 3, 4, 5, 5.
    assert baseline(VALUES + 10, TOKENS, MASK, 0.0) == pytest.approx(3.8)
    assert baseline(VALUES, TOKENS, MASK, 0.0) == pytest.approx(0.9 * 3.8 + 0.1 * 13.8)
    other = baseline_of("running-mean", SEQGAN)
    other.restore(baseline.state())
    assert other(VALUES, TOKENS, MASK, 0.0) == baseline(VALUES, TOKENS, MASK, 0.0)


def test_the_log_partition_is_the_running_logarithm_of_the_mean_weight():
    baseline = baseline_of("log-partition", BGAN_REINFORCE)
    weights = torch.tensor([[[1.0], [2.0], [6.0]]])  # one rollout, three samples, one weight each: mean 3
    everyone = torch.ones(3, 1, dtype=torch.bool)
    baseline(weights.log(), TOKENS[:, :1], everyone, 0.0)
    assert baseline((2 * weights).log(), TOKENS[:, :1], everyone, 0.0) == pytest.approx(math.log(3))
    expected = 0.995 * math.log(3) + 0.005 * math.log(6)
    assert baseline(weights.log(), TOKENS[:, :1], everyone, 0.0) == pytest.approx(expected)


def test_the_log_partition_counts_real_tokens_only():
    baseline = baseline_of("log-partition", BGAN_REINFORCE)
    baseline(VALUES.log(), TOKENS, MASK, 0.0)
    # 1 2 3 4 5 and 3 4 5 6 5 at real tokens: their mean is 3.8.
    assert baseline(VALUES.log(), TOKENS, MASK, 0.0) == pytest.approx(math.log(3.8))


@pytest.mark.slow(reason="trains a model")
def test_the_critic_learns_what_a_prefix_is_worth_and_never_reads_the_token_itself():
    baseline = baseline_of("critic", SEQGAN, critic_learning_rate=0.02)
    rng = torch.Generator().manual_seed(0)
    mask = torch.ones(64, 2, dtype=torch.bool)
    for _ in range(300):
        tokens = torch.randint(0, 2, (64, 2), generator=rng)
        # The second token's value is that of the first token; nothing can be known before the first.
        values = tokens[:, :1].float().expand(64, 2).unsqueeze(0)
        predicted = baseline(values, tokens, mask, 0.0)
    assert (predicted[:, 0] - 0.5).abs().max() < 0.2
    assert (predicted[:, 1] - tokens[:, 0]).abs().max() < 0.1
    changed = tokens.clone()
    changed[:, 1] = 4
    torch.testing.assert_close(baseline.critic(changed), baseline.critic(tokens))
    assert not predicted.requires_grad


def test_the_critic_is_compared_with_before_it_sees_the_rewards():
    baseline = baseline_of("critic", SEQGAN)
    expected = baseline.critic(TOKENS).detach()
    assert torch.equal(baseline(VALUES, TOKENS, MASK, 0.0), expected)
    assert not torch.equal(baseline.critic(TOKENS), expected)


def test_a_critic_goes_on_where_it_was_saved():
    first, second = baseline_of("critic", SEQGAN), baseline_of("critic", SEQGAN)
    for _ in range(3):
        first(VALUES, TOKENS, MASK, 0.0)
    second.restore(copy.deepcopy(first.state()))
    for _ in range(2):
        torch.testing.assert_close(first(VALUES, TOKENS, MASK, 0.0), second(VALUES, TOKENS, MASK, 0.0), rtol=0, atol=0)


def test_a_critic_takes_groups_as_rows():
    together, apart = baseline_of("critic", SEQGAN), baseline_of("critic", SEQGAN)
    values = torch.cat([VALUES, VALUES + 1], dim=1)
    tokens, mask = torch.cat([TOKENS, TOKENS + 1]), torch.cat([MASK, MASK])
    grouped = together(values.unflatten(1, (2, 3)), tokens.unflatten(0, (2, 3)), mask.unflatten(0, (2, 3)), 0.0)
    torch.testing.assert_close(grouped.flatten(0, 1), apart(values, tokens, mask, 0.0))


@pytest.mark.parametrize("name", BASELINES)
@pytest.mark.parametrize("algo", sorted(SAMPLED))
def test_every_algorithm_takes_a_baseline_or_says_why_not(name, algo):
    algorithm = SAMPLED[algo]
    if algorithm.weighs and name not in FOR_WEIGHTS:
        with pytest.raises(ConfigError, match=f"baseline {name} is a mean reward, but this algorithm weighs"):
            baseline_of(name, algorithm)
    elif name == "rising" and not algorithm.weighs:
        with pytest.raises(ConfigError, match="this algorithm has rewards and no weights"):
            baseline_of(name, algorithm)
    else:
        subtracted = baseline_of(name, algorithm)(VALUES, TOKENS, MASK, 0.5)
        assert torch.isfinite(algorithm.advantages(VALUES, MASK, subtracted)).all()


def test_an_unknown_baseline_names_the_nearest():
    with pytest.raises(ConfigError, match="Did you mean 'leave-one-out'"):
        baseline_of("leave-one", SEQGAN)
