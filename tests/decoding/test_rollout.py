import pytest
import torch
from exact.listed import all_sequences, sequence_log_probs, tiny_generator

from seqgan.decoding import Samples, rollout, sample
from seqgan.tensors.masking import mask_from_tokens

T = 4


def remembering_generator(end=0):
    """What follows a token depends much on the tokens before it; with the tiny generator's own weights, hardly."""
    generator = tiny_generator(end=end)
    with torch.no_grad():
        for name, parameter in generator.named_parameters():
            if name != "output_bias":
                parameter.mul_(3)
    return generator


def value_of(tokens, mask, row=None):
    """A reward that differs between sequences: its real tokens read as digits, order and length included."""
    weights = 7.0 ** torch.arange(tokens.shape[1], dtype=torch.float64)
    return (torch.where(mask, tokens + 1, 0) * weights).sum(1) / 1000


def exact_values(generator, samples):
    """Expected reward given each prefix, over all sequences there are. [B, T]"""
    tokens, mask = all_sequences(4, T, end=generator.end)
    probs = sequence_log_probs(generator, tokens, mask).exp().detach()
    rewards = value_of(tokens, mask)
    exact = torch.zeros(samples.tokens.shape, dtype=torch.float64)
    for b, row in enumerate(samples.tokens):
        for t in range(T):
            same = (tokens[:, : t + 1] == row[: t + 1]).all(1)
            exact[b, t] = (probs * rewards)[same].sum() / probs[same].sum()
    return exact


@pytest.mark.parametrize("end", [0, None])
@pytest.mark.parametrize("max_rows", [65_536, 7_000])
def test_values_are_the_expected_rewards_of_their_prefixes(end, max_rows, rng):
    generator = tiny_generator(end=end)
    samples = sample(generator, 6, T, rng=rng)
    n = 4000
    values = rollout(generator, value_of, samples, n, rng=rng, max_rows=max_rows)
    assert values.shape == (n, 6, T)
    error = (values.mean(0) - exact_values(generator, samples)).abs()
    deviation = values.std(0) / n**0.5
    assert (error <= 5 * deviation + 1e-12)[samples.mask].all()


@pytest.mark.parametrize("end", [0, None])
def test_forks_go_on_from_their_own_prefixes(end, rng):
    """Few forks of many sentences: a fork that took the state of a neighbour would go on from another prefix."""
    generator = remembering_generator(end)
    kinds = sample(generator, 5, T, rng=rng)
    copies = 1500
    samples = Samples(kinds.tokens.repeat(copies, 1), kinds.mask.repeat(copies, 1))  # a, b, c, a, b, c, ...
    values = rollout(generator, value_of, samples, 2, rng=rng).unflatten(1, (copies, 5)).flatten(0, 1)
    error = (values.mean(0) - exact_values(generator, kinds)).abs()
    deviation = values.std(0) / len(values) ** 0.5
    assert (error <= 5 * deviation + 1e-12)[kinds.mask].all()


def test_completions_have_dropout_off():
    generator = tiny_generator(dropout=0.9).train()
    samples = sample(generator, 8, 6, rng=torch.Generator().manual_seed(1))
    a, b = (rollout(generator, value_of, samples, 3, rng=torch.Generator().manual_seed(1)) for _ in range(2))
    assert torch.equal(a, b)
    assert generator.training


def test_value_belongs_to_its_own_sentence(generator, rng):
    samples = sample(generator, 5, 6, rng=rng)
    values = rollout(generator, lambda tokens, mask, row: row.double(), samples, 3, rng=rng)
    for b in range(5):
        assert (values[:, b] == b).all()


def test_the_last_token_is_worth_the_whole_sequence(generator, rng):
    samples = sample(generator, 30, T, rng=rng)
    values = rollout(generator, value_of, samples, 2, rng=rng)
    whole = value_of(*samples)
    for b, length in enumerate(samples.mask.sum(1).tolist()):
        # From its last real token on a sentence is its own completion.
        assert (values[:, b, length - 1 :] == whole[b]).all()


def test_completions_keep_their_prefix_and_end_once(generator, rng):
    samples = sample(generator, 8, 6, rng=rng)
    seen = []

    def reward(tokens, mask, row):
        assert (mask == mask_from_tokens(tokens, generator.end)).all()
        assert mask.any(0).all()  # no column in which every row has ended
        assert (tokens[~mask] == generator.end).all()
        seen.extend((int(r), tuple(t[m].tolist())) for t, m, r in zip(tokens, mask, row, strict=True))
        return row.double()

    n = 3
    rollout(generator, reward, samples, n, rng=rng)
    for b in range(8):
        sentence = samples.tokens[b][samples.mask[b]].tolist()
        completions = [tokens for row, tokens in seen if row == b]
        # The sentence itself, then n for each prefix that is shorter than it.
        assert len(completions) == 1 + n * (len(sentence) - 1)
        for length in range(1, len(sentence)):
            assert sum(list(tokens[:length]) == sentence[:length] for tokens in completions) >= 1 + n * (
                len(sentence) - length
            )


def test_one_pass_equals_the_double_loop_for_a_generator_without_choice(rng):
    generator = remembering_generator()
    with torch.no_grad():
        generator.output_weight.mul_(1e4)  # one token has all the probability, given any prefix
    tokens = torch.tensor([[1, 2, 3, 1, 2], [3, 3, 0, 0, 0], [2, 1, 2, 1, 0], [0, 0, 0, 0, 0]])
    samples = Samples(tokens, mask_from_tokens(tokens, 0))
    fast = rollout(generator, value_of, samples, 2, rng=rng)
    for b in range(len(tokens)):
        for t in range(int(samples.mask[b].sum()) - 1):
            completed = sample(generator, 1, 5, rng=rng, prefix=tokens[b, : t + 1])
            assert (fast[:, b, t] == value_of(*completed)).all()


def test_calls_of_step_grow_with_the_length_alone(generator, rng):
    samples = sample(generator, 10, 8, rng=rng)
    calls = 0
    step = generator.advance

    def counted(*arguments):
        nonlocal calls
        calls += 1
        return step(*arguments)

    generator.advance = counted
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        rollout(generator, value_of, samples, 16, rng=rng)
    finally:
        torch.set_num_threads(threads)
    assert calls <= 8 + 2  # two show how the state grows


def test_sequences_of_one_token_have_nothing_to_complete(generator, rng):
    samples = Samples(torch.tensor([[2], [0]]), torch.tensor([[True], [True]]))
    values = rollout(generator, value_of, samples, 3, rng=rng)
    assert (values == value_of(*samples).view(1, 2, 1)).all()


@pytest.mark.parametrize("end", [0, None])
@pytest.mark.parametrize("given", [1, 2, 3, 4])
def test_given_tokens_are_not_rolled_out_and_the_others_are_as_ever(end, given, rng):
    generator = tiny_generator(end=end)
    tokens = torch.tensor([[1, 2, 3, 1], [3, 1, 2, 2], [2, 3, 1, 3]])
    if end is not None:
        tokens = torch.cat([tokens, torch.tensor([[3, 0, 0, 0], [1, 2, 3, 0]])])
    samples = Samples(tokens, mask_from_tokens(tokens, end))
    completed = 0

    def reward(tokens, mask, row):
        nonlocal completed
        completed += len(row)
        return value_of(tokens, mask)

    n = 4000
    values = rollout(generator, reward, samples, n, rng=rng, given=given)
    whole = value_of(*samples)
    assert (values[:, :, :given] == whole.view(1, -1, 1)).all()
    error = (values.mean(0) - exact_values(generator, samples)).abs()[:, given:]
    deviation = values.std(0)[:, given:] / n**0.5
    assert (error <= 5 * deviation + 1e-12)[samples.mask[:, given:]].all()
    to_complete = int(samples.mask[:, given + 1 :].sum())
    assert completed == len(tokens) + n * to_complete
