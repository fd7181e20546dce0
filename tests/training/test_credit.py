"""What a token is worth, four ways; and what does not go together."""

import pytest
import torch
from exact.listed import tiny_generator
from support.kinds import PLAIN_DISCRIMINATORS, RELAXED, SAMPLED
from support.tiny import GENERATOR, tiny_text

from seqgan.build import build_discriminator, build_generator
from seqgan.decoding import Samples
from seqgan.discriminators import RNNDiscriminator
from seqgan.errors import ConfigError
from seqgan.objectives import MALIGAN, RELGAN, SEQGAN, SPIN, discounted_returns
from seqgan.settings.adversarial import AdversarialConfig
from seqgan.settings.discriminator import DiscriminatorConfig
from seqgan.training.adversarial import check_settings
from seqgan.training.credit import (
    behind_the_end,
    prefix_rewards,
    random_prefixes,
    token_values,
)
from seqgan.training.processes import OwnRows
from seqgan.training.rewards import discriminator_reward
from seqgan.training.sampled import SampledPlayers

TOKENS = torch.tensor([[3, 2, 0, 0], [2, 0, 0, 0], [1, 2, 3, 1]])  # 0 ends
MASK = torch.tensor([[True, True, True, False], [True, True, False, False], [True, True, True, True]])
SAMPLES = Samples(TOKENS, MASK)


def sum_reward(tokens, mask, row):
    """Sum of the real tokens, and a hundred for each row's number: prefixes and owners are told apart."""
    return ((tokens * mask).sum(1) + 100 * row).double()


def values_of(credit, reward, per_token=False, **settings):
    config = AdversarialConfig(credit=credit, **settings)
    rng = torch.Generator().manual_seed(0)
    return token_values(config, tiny_generator(4), reward, SAMPLES, per_token=per_token, rng=rng)


def test_a_sequences_reward_is_one_value():
    assert values_of("sequence", sum_reward).tolist() == [[[5], [102], [207]]]


def test_each_prefix_is_rewarded_as_a_sequence_and_the_end_goes_on():
    expected = [[[3, 5, 5, 5], [102, 102, 102, 102], [201, 203, 206, 207]]]
    assert values_of("prefix", sum_reward).tolist() == expected


def test_prefixes_show_the_discriminator_nothing_of_what_follows():
    seen = []

    def reward(tokens, mask, row):
        seen.append((tokens.clone(), mask.clone(), row.clone()))
        return row.float()

    prefix_rewards(reward, SAMPLES, 0)
    ((tokens, mask, row),) = seen
    assert len(row) == int(MASK.sum())
    assert (tokens[~mask] == 0).all()
    assert row.tolist() == [0, 0, 0, 1, 1, 2, 2, 2, 2]
    assert mask.sum(1).tolist() == [1, 2, 3, 1, 2, 1, 2, 3, 4]


def test_a_discriminator_with_a_logit_a_token_values_prefixes_as_one_that_reads_each_of_them():
    torch.manual_seed(1)
    per_token = RNNDiscriminator(4, 5, 6, per_token=True).double().eval()
    whole = RNNDiscriminator(4, 5, 6).double().eval()
    whole.load_state_dict(per_token.state_dict())
    at_once = values_of("prefix", discriminator_reward(per_token, SEQGAN.reward), per_token=True)
    one_by_one = values_of("prefix", discriminator_reward(whole, SEQGAN.reward))
    torch.testing.assert_close(at_once.double(), one_by_one.double(), rtol=1e-6, atol=1e-6)


def test_discounted_returns_by_hand():
    rewards = torch.tensor([[1.0, 2.0, 4.0, 50.0], [8.0, 50.0, 50.0, 50.0]])
    mask = torch.tensor([[True, True, True, False], [True, False, False, False]])
    expected = torch.tensor([[1 + 0.5 * (2 + 0.5 * 4), 2 + 0.5 * 4, 4.0, 0.0], [8.0, 0.0, 0.0, 0.0]])
    torch.testing.assert_close(discounted_returns(rewards, mask, 0.5), expected)
    torch.testing.assert_close(discounted_returns(rewards, mask, 0.0), torch.where(mask, rewards, 0.0))
    assert discounted_returns(rewards, mask)[0].tolist() == [7, 6, 4, 0]


def test_rewards_of_tokens_are_summed_from_each_on():
    def reward(tokens, mask, row):
        return tokens.float()

    expected = [[[5, 2, 0, 0], [2, 0, 0, 0], [7, 6, 4, 1]]]
    assert values_of("token", reward, per_token=True).tolist() == expected


def test_random_prefixes_are_cut_at_every_length_alike_and_shorter_ones_are_whole():
    rows = torch.arange(3).repeat(4000)
    rng = torch.Generator().manual_seed(0)
    tokens, mask = random_prefixes(TOKENS[rows], MASK[rows], 0, rng)
    lengths = mask.sum(1)
    for row, own in ((0, 3), (1, 2), (2, 4)):
        counts = torch.bincount(lengths[rows == row], minlength=5)
        assert counts[0] == 0
        assert counts[own + 1 :].sum() == 0
        # Cut at 1 to 4, each a quarter; what is longer than the sequence is all of it. Five standard deviations.
        expected = torch.tensor([1000.0] * (own - 1) + [1000.0 * (5 - own)])
        deviation = (expected * (1 - expected / 4000)).sqrt()
        assert ((counts[1 : own + 1] - expected).abs() <= 5 * deviation).all()
    assert (tokens[mask] == TOKENS[rows][mask]).all()
    assert (tokens[~mask] == 0).all()


@pytest.mark.parametrize(
    ("settings", "algorithm", "per_token", "message"),
    [
        ({"credit": "rollout"}, SEQGAN, False, "No credit is called 'rollout'. Did you mean 'rollouts'"),
        ({"credit": "token"}, MALIGAN, True, "this algorithm's are logarithms of weights"),
        ({"credit": "token"}, SEQGAN, False, "use --discriminator rnn with --discriminator.per-token"),
        ({"credit": "rollouts"}, SEQGAN, True, "credit rollouts needs one logit a sentence"),
        ({"credit": "sequence"}, SEQGAN, True, "credit sequence needs one logit a sentence"),
        ({"credit": "sequence", "discount": 0.9}, SEQGAN, False, "nothing to discount"),
        ({"credit": "prefix", "rollout_update_rate": 0.8}, SEQGAN, False, "completes none"),
        ({"group_size": 1}, MALIGAN, False, "groups are of two samples or more"),
        ({"group_size": 10, "batch_size": 64}, MALIGAN, False, "choose a divisor of it"),
        ({"real_prefix": 5}, MALIGAN, False, "set adversarial.group_size"),
        ({"group_size": 8}, SEQGAN, False, "compares no samples"),
        ({"control": "nothing"}, SEQGAN, False, "choose none, constant or random"),
    ],
)
def test_settings_that_do_not_go_together_say_why(settings, algorithm, per_token, message):
    with pytest.raises(ConfigError, match=message):
        check_settings(AdversarialConfig(**settings), algorithm, per_token=per_token)


@pytest.mark.parametrize("name", sorted(SAMPLED))
def test_every_algorithm_takes_the_credits_that_make_sense(name):
    for credit, per_token in (("rollouts", False), ("sequence", False), ("prefix", False), ("prefix", True)):
        check_settings(AdversarialConfig(credit=credit), SAMPLED[name], per_token=per_token)


@pytest.mark.parametrize("name", sorted(PLAIN_DISCRIMINATORS))
def test_every_discriminator_values_prefixes(name):
    torch.manual_seed(0)
    filters = {"filters": {1: 3, 2: 3}, "embedding_size": 4}
    options = {"cnn": filters, "many-view": {**filters, "views": 2}}.get(name, {"hidden_size": 8})
    discriminator = PLAIN_DISCRIMINATORS[name](4, **options)
    values = values_of("prefix", discriminator_reward(discriminator, SEQGAN.reward))
    assert values.shape == (1, 3, 4)
    alone = discriminator_reward(discriminator, SEQGAN.reward)(TOKENS[2:, :2], MASK[2:, :2], torch.arange(1))
    torch.testing.assert_close(values[0, 2, 1], alone[0])


def test_a_discriminator_of_prefixes_learns_the_ratio_of_their_densities():
    """Data are (1, end), samples (1, 2, 2, 2, end): the prefix (1) is as frequent in both."""
    rng = torch.Generator().manual_seed(0)
    data, fakes = torch.tensor([[1, 0, 0, 0, 0]]), torch.tensor([[1, 2, 2, 2, 0]])
    counts = []
    for tokens, length in ((data, 2), (fakes, 5)):
        rows = tokens.expand(20_000, -1)
        mask = (torch.arange(5) < length).expand(20_000, -1)
        _, cut = random_prefixes(rows, mask, 0, rng)
        counts.append(int((cut.sum(1) == 1).sum()))
    # The best discriminator's odds are the ratio of these: 1, within five deviations of two binomials of a fifth.
    assert counts[0] / counts[1] == pytest.approx(1, abs=5 * (2 * 4 / 20_000) ** 0.5)


@pytest.mark.parametrize("per_token", [False, True])
def test_prefixes_go_up_to_the_full_length_whatever_a_batch_holds(monkeypatch, tmp_path, per_token):
    """Up to its batch's longest row a prefix counted the more the shorter that is: 2 of 2 places, here 2 of 4."""
    text = tiny_text(tmp_path)
    judge = DiscriminatorConfig(name="rnn", embedding_size=4, hidden_size=5, per_token=per_token)
    generator = build_generator(GENERATOR, text.vocabulary, text.max_length)
    critic = build_discriminator(judge, text.vocabulary, text.max_length)
    config = AdversarialConfig(batch_size=4, credit="prefix")
    made = SampledPlayers(generator, critic, text, SEQGAN, config, torch.Generator().manual_seed(0))
    short = torch.zeros(2, 3, text.max_length, dtype=torch.long)
    mask = torch.arange(text.max_length).expand(2, 3, -1) < 2
    widths = []
    monkeypatch.setattr(
        "seqgan.training.sampled.random_prefixes",
        lambda tokens, mask, *_: widths.append(tokens.shape[1]) or (tokens, mask),
    )
    real, fake = made._judge_both(short, mask, None, OwnRows(slice(0, 3), 1))
    assert widths == ([] if per_token else [text.max_length])
    assert len(real) == len(fake) == (3 * text.max_length if per_token else 3)


def test_places_of_an_earlier_version_are_not_gone_on_with():
    old = {"places": "own"}
    for settings, algorithm, per_token in (
        ({"teacher_helping": True}, RELAXED["gsgan"], False),
        ({"credit": "prefix"}, SEQGAN, False),
        ({"credit": "token"}, SEQGAN, True),
    ):
        check_settings(AdversarialConfig(**settings), algorithm, per_token=per_token)
        with pytest.raises(ConfigError, match="begun by an earlier version, and has"):
            check_settings(AdversarialConfig(**settings, **old), algorithm, per_token=per_token)
    check_settings(AdversarialConfig(**old), SEQGAN)


def test_behind_the_end_a_sequence_keeps_its_last_value():
    values = torch.tensor([[1.0, 2.0, 9.0], [3.0, 9.0, 9.0], [4.0, 5.0, 6.0]])
    mask = torch.tensor([[True, True, False], [True, False, False], [True, True, True]])
    assert behind_the_end(values, mask).tolist() == [[1, 2, 2], [3, 3, 3], [4, 5, 6]]


@pytest.mark.parametrize(
    ("settings", "algorithm", "message"),
    [
        ({"credit": "sequence", "rollouts": 4}, SEQGAN, "adversarial.rollouts belongs to credit rollouts"),
        ({"baseline_value": 0.3}, SEQGAN, "adversarial.baseline_value belongs to baseline constant"),
        ({"critic_learning_rate": 0.1}, SEQGAN, "belongs to baseline critic"),
        ({"real_prefix_step": 2}, MALIGAN, "belongs to real_prefix"),
        ({"teacher_helping": True}, SEQGAN, "belongs to algorithms on relaxed samples"),
        ({"discriminator_surge": 3}, SPIN, "belongs to algorithms on relaxed samples"),
        ({"rollouts": 3}, RELGAN, "belongs to algorithms that reward samples"),
        ({"warmup_steps": 3}, SPIN, "belongs to algorithms with a discriminator"),
        ({"optimizer": "rmsprop", "beta1": 0.5}, SEQGAN, "belongs to optimizer adam"),
    ],
)
def test_settings_that_would_change_nothing_are_refused(settings, algorithm, message):
    with pytest.raises(ConfigError, match=f"{message}.*would change nothing here"):
        check_settings(AdversarialConfig(**settings), algorithm)
