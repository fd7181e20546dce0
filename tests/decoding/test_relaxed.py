"""Relaxed samples: their law, their values and their gradients."""

import math

import pytest
import torch
from exact.listed import all_sequences, sequence_log_probs, tiny_generator
from support.kinds import PLAIN_GENERATORS
from torch.nn import functional

from seqgan.decoding import relaxed_sample, sample
from seqgan.decoding.relaxed import gumbel_noise, relax
from seqgan.generators import LSTMGenerator, ResidualConvGenerator, TransformerGenerator
from seqgan.tensors.masking import mask_from_tokens
from seqgan.tensors.modes import evaluating

MODES = [
    pytest.param({}, id="soft"),
    pytest.param({"hard": True}, id="straight-through"),
    pytest.param({"feed_tokens": True, "temperature": 0.5}, id="relgan"),
    pytest.param({"gumbel": False}, id="softmax"),
]


def seeded(seed=3):
    return torch.Generator().manual_seed(seed)


def within(counts, expected):
    """Whether counts are within five deviations of what chi-square expects of them."""
    freedom = len(counts) - 1
    chi_square = ((counts - expected).square() / expected).sum() / freedom
    return chi_square < 1 + 5 * (2 / freedom) ** 0.5


@pytest.mark.parametrize("temperature", [0.1, 1.0, 5.0])
def test_the_largest_share_is_a_sample_of_the_softmax_at_every_temperature(rng, temperature):
    logits = torch.randn(7, generator=rng, dtype=torch.float64) * 2
    draws = 100_000
    probs, chosen = relax(logits.expand(draws, -1), rng, temperature=temperature)
    assert (probs.argmax(1) == chosen).all()
    assert within(torch.bincount(chosen, minlength=7), logits.softmax(0) * draws)


def test_shares_become_one_hot_as_the_temperature_falls():
    logits = torch.tensor([[1.0, 0.5, -1.0]], dtype=torch.float64).expand(200, -1)
    # The two largest noisy logits of a row are rarely nearer than 0.001.
    sharp, chosen = relax(logits, seeded(), temperature=1e-5)
    torch.testing.assert_close(sharp, functional.one_hot(chosen, 3).double())
    flat, _ = relax(logits, seeded(), temperature=1e6)
    torch.testing.assert_close(flat, torch.full_like(flat, 1 / 3), atol=1e-4, rtol=0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_noise_is_finite_at_both_ends_of_the_uniform_numbers(monkeypatch, dtype):
    last = 1 - torch.finfo(dtype).eps / 2  # the largest number below 1
    monkeypatch.setattr(torch, "rand", lambda *shape, **options: torch.tensor([0.0, 0.5, last], dtype=dtype))
    noise = gumbel_noise(torch.empty(3, dtype=dtype), seeded())
    assert noise.isfinite().all()
    assert noise[1].item() == pytest.approx(0.36651292)  # -log(log 2)
    assert (noise.diff() > 0).all()


def test_noise_has_the_gumbel_distributions_mean_and_variance(rng):
    noise = gumbel_noise(torch.empty(200_000, dtype=torch.float64), rng)
    assert noise.mean().item() == pytest.approx(0.57721566, abs=0.015)  # Euler's constant
    assert noise.var().item() == pytest.approx(torch.pi**2 / 6, abs=0.04)


def test_half_precision_logits_get_noise_in_32_bits():
    probs, _ = relax(torch.zeros(4, 3, dtype=torch.bfloat16), seeded())
    assert probs.dtype == torch.float32


def test_straight_through_values_are_one_hot_and_gradients_those_of_the_soft_ones(rng):
    logits = torch.randn(50, 6, generator=rng, requires_grad=True)
    weight = torch.randn(50, 6, generator=rng)
    results = []
    for hard in (False, True):
        probs, chosen = relax(logits, seeded(), temperature=0.7, hard=hard)
        results.append((probs.detach(), chosen, torch.autograd.grad((probs * weight).sum(), logits)[0]))
    (soft, chosen, soft_gradient), (hard, hard_chosen, hard_gradient) = results
    assert torch.equal(hard, functional.one_hot(chosen, 6).float())
    assert torch.equal(chosen, hard_chosen)
    assert not torch.allclose(soft, hard)
    assert torch.equal(soft_gradient, hard_gradient)


@pytest.mark.parametrize("options", MODES)
@pytest.mark.parametrize("name", sorted(PLAIN_GENERATORS))
def test_a_gradient_reaches_every_generator(name, options, rng):
    torch.manual_seed(0)
    generator = PLAIN_GENERATORS[name](5, embedding_size=4, hidden_size=6).double().eval()
    probs, tokens, mask = relaxed_sample(generator, 8, 4, rng=rng, **options)
    assert probs.shape == (8, 4, 5)
    assert tokens.shape == mask.shape == (8, 4)
    torch.testing.assert_close(probs.sum(2), torch.ones(8, 4, dtype=torch.float64))
    assert torch.equal(probs.argmax(2), tokens)
    assert torch.equal(mask, mask_from_tokens(tokens, 0))
    (probs * torch.randn(probs.shape, generator=rng, dtype=torch.float64)).sum().backward()
    gradients = [parameter.grad for parameter in generator.parameters()]
    assert all(gradient is not None and gradient.isfinite().all() for gradient in gradients)
    assert all(gradient.abs().sum() > 0 for gradient in gradients)
    assert not generator.training


@pytest.mark.parametrize("options", MODES)
def test_what_follows_the_end_is_the_end_without_a_gradient(generator, options, rng):
    probs, tokens, mask = relaxed_sample(generator, 40, 6, rng=rng, **options, state_noise=2.0)
    assert 0 < (~mask).sum() < mask.numel()
    assert (tokens[~mask] == 0).all()
    assert (probs[~mask] == torch.tensor([1.0, 0.0, 0.0, 0.0])).all()
    gradients = torch.autograd.grad(probs[~mask].square().sum(), tuple(generator.parameters()))
    assert all((gradient == 0).all() for gradient in gradients)


def test_ends_that_are_not_looked_for_are_symbols_like_any_other(generator):
    probs, tokens, mask = relaxed_sample(generator, 40, 6, rng=seeded(), ends=False)
    assert mask.all()
    _, cut, cut_mask = relaxed_sample(generator, 40, 6, rng=seeded())
    assert torch.equal(tokens[cut_mask], cut[cut_mask])
    assert ((tokens != 0) & ~cut_mask).any()
    assert torch.equal(probs.argmax(2), tokens)
    fixed = tiny_generator(end=None)
    assert relaxed_sample(fixed, 3, 6, rng=seeded()).mask.all()


def test_fed_symbols_are_samples_of_the_generator(generator):
    """RelGAN's samples follow the exact probabilities of whole sequences, at any temperature."""
    listed, mask = all_sequences(4, 3, 0)
    draws = 20_000
    with evaluating(generator):
        tokens = relaxed_sample(generator, draws, 3, rng=seeded(), feed_tokens=True, temperature=0.1).tokens
    powers = torch.tensor([16, 4, 1])
    counts = torch.bincount((tokens * powers).sum(1), minlength=64)[(listed * powers).sum(1)]
    expected = sequence_log_probs(generator, listed, mask).exp().detach() * draws
    assert counts.sum() == draws
    assert expected.min() > 5  # enough for chi-square
    assert within(counts, expected)


@pytest.mark.parametrize("temperature", [1.0, 0.3])
def test_fed_symbols_give_the_distributions_of_forward(generator, temperature):
    options = {"gumbel": False, "feed_tokens": True, "ends": False, "temperature": temperature}
    probs, tokens, _ = relaxed_sample(generator, 2, 5, rng=seeded(), **options)
    torch.testing.assert_close(probs, (generator(tokens) / temperature).softmax(2))
    assert torch.equal(tokens, generator(tokens).argmax(2))


def test_soft_vectors_are_fed_back(generator):
    probs = relaxed_sample(generator, 1, 3, rng=seeded(), gumbel=False, ends=False).probs
    state = generator.initial_state(1)
    previous = torch.tensor([generator.start])
    for t in range(3):
        logits, state = generator.step(previous, state)
        previous = logits.softmax(1)
        torch.testing.assert_close(probs[:, t], previous)


def test_hard_vectors_and_fed_symbols_have_equal_values_and_other_gradients(generator):
    weight = torch.arange(60.0, dtype=torch.float64).view(3, 5, 4)
    results = []
    for feed_tokens in (False, True):
        probs = relaxed_sample(generator, 3, 5, rng=seeded(), hard=True, feed_tokens=feed_tokens, ends=False).probs
        (probs * weight).sum().backward()
        results.append((probs.detach(), generator.embedding.weight.grad.clone()))
        generator.zero_grad()
    torch.testing.assert_close(results[0][0], results[1][0])
    assert not torch.allclose(results[0][1], results[1][1])


def test_gradients_of_soft_samples_are_those_of_finite_differences(generator):
    def relaxed(*_):
        return relaxed_sample(generator, 2, 3, rng=seeded(), temperature=0.8, ends=False, state_noise=0.5).probs

    assert torch.autograd.gradcheck(relaxed, tuple(generator.parameters()), fast_mode=True)


def test_noise_in_the_first_state_makes_sequences_differ():
    generator = tiny_generator()
    alike = relaxed_sample(generator, 4, 3, rng=seeded(), gumbel=False).probs
    assert torch.equal(alike, alike[:1].expand_as(alike))
    differing = relaxed_sample(generator, 4, 3, rng=seeded(), gumbel=False, state_noise=1.0).probs
    assert len(differing[:, 0].unique(dim=0)) == 4
    # The state is the noise, hidden and cell state in this order: the first state is zero.
    rng = seeded()
    hidden = torch.randn(4, 5, generator=rng, dtype=torch.float64)
    cell = torch.randn(4, 5, generator=rng, dtype=torch.float64)
    logits, _ = generator.step(torch.full((4,), 4), ((2 * hidden, 2 * cell),))
    doubled = relaxed_sample(generator, 4, 3, rng=seeded(), gumbel=False, state_noise=2.0).probs
    torch.testing.assert_close(doubled[:, 0], logits.softmax(1))


def test_noise_for_a_state_that_holds_nothing_is_refused(rng):
    generator = TransformerGenerator(5, embedding_size=4, hidden_size=6)
    with pytest.raises(ValueError, match="holds nothing before the first token"):
        relaxed_sample(generator, 2, 3, rng=rng, state_noise=1.0)


def test_all_positions_at_once():
    torch.manual_seed(0)
    generator = ResidualConvGenerator(5, hidden_size=6, layers=1, noise_size=3, max_length=6).double()
    logits = generator.distributions(4, seeded())
    probs, tokens, mask = relaxed_sample(generator, 4, 6, rng=seeded(), gumbel=False, ends=False)
    torch.testing.assert_close(probs, logits.softmax(2))
    assert torch.equal(tokens, logits.argmax(2))
    assert mask.all()
    shorter = relaxed_sample(generator, 4, 5, rng=seeded(), gumbel=False, ends=False)
    assert torch.equal(shorter.probs, probs[:, :5])
    hard = relaxed_sample(generator, 4, 6, rng=seeded(), hard=True, ends=False).probs
    assert set(hard.detach().unique().tolist()) == {0.0, 1.0}
    hard.square().sum().backward()
    assert generator.input.weight.grad.abs().sum() > 0


def test_plain_samples_of_all_positions_at_once_are_the_likeliest_symbols():
    torch.manual_seed(0)
    generator = ResidualConvGenerator(3, hidden_size=6, layers=1, noise_size=3, max_length=8).double()
    tokens, mask = sample(generator, 20, 8, rng=seeded())
    likeliest = generator.distributions(20, seeded()).argmax(2)
    assert torch.equal(mask, mask_from_tokens(likeliest, 0))
    assert torch.equal(tokens, likeliest.masked_fill(~mask, 0))
    assert not tokens.requires_grad
    with pytest.raises(ValueError, match="has no next symbol to choose: leave out"):
        sample(generator, 2, 8, rng=seeded(), temperature=0.5)
    with pytest.raises(ValueError, match="has no next symbol to choose: leave out"):
        sample(generator, 2, 8, rng=seeded(), prefix=torch.tensor([1, 2]))
    with pytest.raises(ValueError, match=r"makes 8 positions at once, and 9 are asked for: .* max_length=9"):
        sample(generator, 2, 9, rng=seeded())


def test_dropout_is_as_the_generators_mode_says():
    generator = LSTMGenerator(5, 4, 6, dropout=0.5)
    modes = []
    for training in (True, False):
        generator.train(training)
        modes.append([relaxed_sample(generator, 3, 4, rng=seeded()).probs for _ in range(2)])
    assert not torch.equal(*modes[0])
    assert torch.equal(*modes[1])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_noise_is_the_formula_of_its_uniform_numbers_into_both_tails(monkeypatch, dtype):
    uniform = [1e-37, 1e-30, 1e-12, 1e-6, 1e-3, 0.01, 0.5, 0.99, 1 - 2**-20]
    monkeypatch.setattr(torch, "rand", lambda *shape, **options: torch.tensor(uniform, dtype=dtype))
    noise = gumbel_noise(torch.empty(len(uniform), dtype=dtype), seeded())
    assert noise.tolist() == pytest.approx([-math.log(-math.log(u)) for u in uniform], rel=1e-5)


def test_noise_falls_below_and_above_as_often_as_the_gumbel_law_says(rng):
    draws = 1_000_000
    noise = gumbel_noise(torch.empty(draws), rng)
    for share in (1e-4, 1e-3, 0.01, 0.1):
        low, high = -math.log(-math.log(share)), -math.log(-math.log1p(-share))
        for beyond in (noise < low, noise > high):
            # Five standard deviations of a count of independent draws.
            assert beyond.sum().item() == pytest.approx(share * draws, abs=5 * (share * draws) ** 0.5)
