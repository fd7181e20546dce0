"""Rollouts in bfloat16: matrix products are rounded, and what is made of them is nearly the same."""

import pytest
import torch
from support.kinds import CONDITIONAL_DISCRIMINATORS, CONDITIONAL_GENERATORS, PLAIN_DISCRIMINATORS, PLAIN_GENERATORS

from seqgan.decoding import Samples, sample
from seqgan.decoding.sampling import advance
from seqgan.discriminators import CNNDiscriminator
from seqgan.errors import ConfigError
from seqgan.objectives import SEQGAN
from seqgan.settings.adversarial import AdversarialConfig
from seqgan.tensors.workers import in_parallel
from seqgan.training.adversarial import check_settings
from seqgan.training.credit import token_values
from seqgan.training.rewards import discriminator_reward

VOCABULARY, LENGTH = 40, 8
REWARD_TOLERANCE = 0.02
"""Of a reward between 0 and 1: bfloat16 keeps 8 bits, and a logit's error of 1 % is a quarter of that at most."""
KL_TOLERANCE = 1e-3
"""Nats a token between the distributions that are drawn from."""
rounded = torch.autocast("cpu", dtype=torch.bfloat16)


def made(table, name, *sizes, **options):
    torch.manual_seed(0)
    return table[name](*sizes, VOCABULARY, **options).eval()


@pytest.mark.parametrize("name", PLAIN_GENERATORS)
def test_completions_follow_nearly_the_same_distribution(name):
    generator = made(PLAIN_GENERATORS, name, **({"max_length": LENGTH} if "transformer" in name else {}))
    with torch.no_grad():
        for parameter in generator.parameters():
            if parameter.dim() > 1:
                parameter.mul_(2)  # far from uniform
    tokens = sample(generator, 6, LENGTH, rng=torch.Generator().manual_seed(1)).tokens

    def log_probs():
        state, previous, steps = generator.initial_state(6), torch.full((6,), generator.start), []
        with torch.no_grad():
            for t in range(LENGTH):
                values, to_logits, state = advance(generator, previous, state)
                steps.append(to_logits(values).float().log_softmax(1))
                previous = tokens[:, t]
        return torch.stack(steps)

    exact = log_probs()
    with rounded:
        near = log_probs()
    assert not torch.equal(near, exact)
    assert (exact.exp() * (exact - near)).sum(2).max() < KL_TOLERANCE


@pytest.mark.slow(reason="products in bfloat16 where the processor has no units for them")
@pytest.mark.parametrize("name", PLAIN_DISCRIMINATORS)
@pytest.mark.parametrize("rows", [5, 60])  # by convolutions, and by tables
def test_rewards_are_nearly_the_same(name, rows):
    # By default 512 wide, which takes a processor without units for bfloat16 half a minute.
    discriminator = made(PLAIN_DISCRIMINATORS, name, **({"hidden_size": 64} if name == "residual-conv" else {}))
    reward = discriminator_reward(discriminator, SEQGAN.reward)
    tokens = torch.randint(VOCABULARY, (rows, LENGTH), generator=torch.Generator().manual_seed(1))
    arguments = tokens, torch.ones_like(tokens, dtype=torch.bool), torch.arange(rows)
    exact = reward(*arguments)
    with rounded:
        near = reward(*arguments)
    assert near.dtype == exact.dtype == torch.float32
    assert (near - exact).abs().max() < REWARD_TOLERANCE


@pytest.mark.slow(reason="products in bfloat16 where the processor has no units for them")
@pytest.mark.parametrize("capability", ["as it is", "AVX2"])
@pytest.mark.parametrize("name", CONDITIONAL_DISCRIMINATORS)
def test_rewards_of_pairs_are_nearly_the_same(name, capability, monkeypatch):
    if capability != "as it is":  # where an LSTM of bfloat16 would be refused
        monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    discriminator = made(CONDITIONAL_DISCRIMINATORS, name, VOCABULARY)
    rng = torch.Generator().manual_seed(1)
    tokens, source = (torch.randint(4, VOCABULARY, (6, LENGTH), generator=rng) for _ in range(2))
    mask = torch.ones_like(tokens, dtype=torch.bool)

    def logits():
        with torch.no_grad():
            return discriminator(tokens, mask, discriminator.encode(source, mask)).float()

    exact = logits()
    with rounded:
        near = logits()
    assert not torch.equal(near, exact)
    assert (near.sigmoid() - exact.sigmoid()).abs().max() < REWARD_TOLERANCE


@pytest.mark.parametrize("name", ["lstm", "seq2seq-lstm"])
def test_a_language_model_of_lstms_scores_in_bfloat16_on_every_processor(name, monkeypatch):
    """Without the tensors' own layer this raises on processors below AVX-512."""
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX2")
    pairs = name in CONDITIONAL_GENERATORS
    generator = made(CONDITIONAL_GENERATORS, name, VOCABULARY) if pairs else made(PLAIN_GENERATORS, name)
    tokens = torch.randint(4, VOCABULARY, (3, LENGTH), generator=torch.Generator().manual_seed(1))
    context = generator.encode(tokens, torch.ones_like(tokens, dtype=torch.bool)) if pairs else None
    with torch.no_grad():
        exact = generator(tokens, context).log_softmax(-1)
        with rounded:
            near = generator(tokens, context).float().log_softmax(-1)
    assert (exact.exp() * (exact - near)).sum(2).max() < KL_TOLERANCE


@pytest.mark.slow(reason="rollouts in bfloat16")
def test_the_setting_rounds_rollouts_and_nothing_after_them():
    generator, discriminator = made(PLAIN_GENERATORS, "lstm"), CNNDiscriminator(VOCABULARY, 8, {1: 5, 2: 5}).eval()
    samples = sample(generator, 10, LENGTH, rng=torch.Generator().manual_seed(1))
    assert isinstance(samples, Samples)

    def values(precision):
        config = AdversarialConfig(rollouts=50, rollout_precision=precision)
        reward = discriminator_reward(discriminator, SEQGAN.reward)
        rng = torch.Generator().manual_seed(2)
        return token_values(config, generator, reward, samples, None, per_token=False, rng=rng)

    exact, near = values("float32"), values("bfloat16")
    assert near.dtype == torch.float32
    assert not torch.equal(near, exact)
    assert (near.mean(0) - exact.mean(0)).abs().max() < REWARD_TOLERANCE
    assert not torch.is_autocast_enabled("cpu")


def test_threads_take_over_the_precision_and_give_it_back():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        matrices = [torch.ones(2, 2)] * 6

        def dtypes():
            return {product.dtype for product in in_parallel(lambda a: a @ a, matrices, torch.device("cpu"))}

        with rounded:
            assert dtypes() == {torch.bfloat16}
        assert dtypes() == {torch.float32}
    finally:
        torch.set_num_threads(before)


def test_other_precisions_are_refused():
    with pytest.raises(ConfigError, match="rollout_precision is 'float16': choose one of float32, bfloat16"):
        check_settings(AdversarialConfig(rollout_precision="float16"), SEQGAN)
    with pytest.raises(ConfigError, match="rollout_precision belongs to credit rollouts"):
        check_settings(AdversarialConfig(rollout_precision="bfloat16", credit="sequence"), SEQGAN)
