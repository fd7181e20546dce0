"""What follows from log-odds of data over a generator, where all sequences can be listed."""

import itertools
import math

import pytest
import torch
from torch.nn import functional

from seqgan.objectives import (
    calibration,
    divergence_terms,
    effective_share,
    lower_log_partition,
    resampling_log_weights,
    upper_log_partition,
)

SYMBOLS = 4
rng = torch.Generator().manual_seed(3)
Q = torch.rand(SYMBOLS, generator=rng, dtype=torch.float64).softmax(0)
P = (3 * torch.rand(SYMBOLS, generator=rng, dtype=torch.float64)).softmax(0)
EXACT = (P / Q).log()


def listed(size):
    """All draws of so many symbols from Q, and their probabilities. [A, size], [A]"""
    draws = torch.tensor(list(itertools.product(range(SYMBOLS), repeat=size)))
    return draws, Q[draws].prod(dim=1)


def law(size, tau=1.0, logits=EXACT):
    """What resampling of so many samples gives, exactly. [SYMBOLS]"""
    draws, probability = listed(size)
    weights = resampling_log_weights(logits[draws], tau).exp() * probability.unsqueeze(1)
    return torch.zeros(SYMBOLS, dtype=torch.float64).index_add_(0, draws.flatten(), weights.flatten())


def distance(one, other):
    return (one - other).abs().sum().item() / 2


def test_one_sample_is_the_generators():
    assert distance(law(1), Q) < 1e-15


def test_more_samples_come_nearer_to_the_data_and_never_further():
    distances = [distance(law(size), P) for size in range(1, 7)]
    assert distances == sorted(distances, reverse=True)
    # By 1 / n, as of every self-normalised mean: twice the samples, half of the distance.
    assert distances[5] / distances[2] == pytest.approx(0.5, abs=0.06)


def test_as_tau_falls_the_most_real_is_taken():
    draws, probability = listed(3)
    best = draws.gather(1, EXACT[draws].argmax(dim=1, keepdim=True)).squeeze(1)
    greatest = torch.zeros(SYMBOLS, dtype=torch.float64).index_add_(0, best, probability)
    assert distance(law(3, tau=1e-3), greatest) < 1e-12


def test_a_tau_that_is_none_is_told():
    with pytest.raises(ValueError, match="tau is 0"):
        resampling_log_weights(EXACT, 0.0)


@pytest.mark.parametrize("size", [4, 5, 6])
def test_the_partition_function_lies_between_its_estimates_in_expectation(size):
    logits = EXACT + 0.7  # log Z is 0.7 then
    draws, probability = listed(size)
    low = (probability * lower_log_partition(logits[draws])).sum().item()
    assert low < 0.7
    # With a draw of P itself in the place of a sample the mean is above it, exactly.
    kept, of_kept = listed(size - 1)
    with_a_draw = torch.logaddexp(logits[kept].logsumexp(1, keepdim=True), logits) - math.log(size)
    assert (of_kept.unsqueeze(1) * P * with_a_draw).sum().item() > 0.7


def test_the_upper_estimate_is_that_of_a_draw_from_the_other_half():
    logits = torch.randn(9, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    halves = logits[:4], logits[4:]
    expected = 0.0
    for kept, other in (halves, halves[::-1]):
        for chance, drawn in zip(other.softmax(0), other, strict=True):
            replaced = torch.cat([drawn.unsqueeze(0), kept[1:]])
            expected += chance * replaced.exp().mean().log() / 2
    assert upper_log_partition(logits).item() == pytest.approx(expected.item(), abs=1e-12)


def test_estimates_do_not_overflow():
    logits = torch.full((8,), 300.0)
    assert lower_log_partition(logits).item() == pytest.approx(300)
    assert upper_log_partition(logits).item() == pytest.approx(300)


def test_few_samples_have_no_upper_estimate():
    with pytest.raises(ValueError, match="3 samples are given"):
        upper_log_partition(torch.zeros(3))


def test_effective_share_is_kongs():
    weights = torch.tensor([1.0, 2.0, 3.0, 6.0], dtype=torch.float64)
    expected = weights.sum() ** 2 / weights.square().sum() / 4
    assert effective_share(weights.log() + 500).item() == pytest.approx(expected.item(), rel=1e-12)


def test_the_optimal_discriminator_reaches_the_divergence_and_others_stay_below():
    mean = (P + Q) / 2
    exact = ((P * (P / mean).log()).sum() + (Q * (Q / mean).log()).sum()) / 2

    def bound(logits):
        real, fake = divergence_terms(logits, logits)
        return (P * real).sum() + (Q * fake).sum()

    assert bound(EXACT).item() == pytest.approx(exact.item(), abs=1e-12)
    for change in (0.5, -0.3):
        assert bound(EXACT + change) < exact
        assert bound(EXACT * (1 + change)) < exact


def test_the_residual_model_of_the_exact_log_odds_is_the_data():
    log_model = Q.log() + EXACT - torch.logsumexp(Q.log() + EXACT, 0)
    assert (log_model - P.log()).abs().max() < 1e-12


def test_calibration_has_the_least_cross_entropy():
    rng = torch.Generator().manual_seed(0)
    real = 3 * torch.randn(400, generator=rng, dtype=torch.float64) + 2
    fake = 3 * torch.randn(300, generator=rng, dtype=torch.float64) - 1

    def loss(scale, shift):
        on_real, on_fake = scale * real + shift, scale * fake + shift
        return functional.softplus(-on_real).mean().item() + functional.softplus(on_fake).mean().item()

    scale, shift = calibration(real, fake)
    # Of two normals with one variance the log-odds are linear: (3 / 9) x - (4 - 1) / 18.
    assert scale == pytest.approx(3 / 9, abs=0.05)
    assert shift == pytest.approx(-3 / 18, abs=0.15)
    for other in ((0.01, 0), (-0.01, 0), (0, 0.01), (0, -0.01)):
        assert loss(scale, shift) <= loss(scale + other[0], shift + other[1])


def test_logits_that_say_nothing_or_the_opposite_are_scaled_to_nothing():
    rising = torch.linspace(-1, 1, 50)
    assert calibration(rising - 1, rising + 1) == (0.0, 0.0)
    assert calibration(torch.ones(5), torch.ones(5)) == (0.0, 0.0)


def test_logits_that_tell_all_apart_have_a_finite_scale():
    scale, shift = calibration(torch.linspace(1, 2, 20), torch.linspace(-2, -1, 20))
    assert math.isfinite(scale)
    assert scale > 5
    assert abs(shift) < scale
