"""Losses through relaxed text: numbers worked out by hand, and what holds for every algorithm in the registry."""

import math

import pytest
import torch
from support.kinds import RELAXED
from torch import nn
from torch.nn import functional

from seqgan.decoding import relaxed_sample, sample
from seqgan.discriminators import CNNDiscriminator, ResidualConvDiscriminator, RNNDiscriminator
from seqgan.generators import ResidualConvGenerator
from seqgan.objectives import WGAN, WGAN_GP, clamp_, gradient_penalty, relativistic_loss
from seqgan.objectives.gsgan import GSGAN
from seqgan.objectives.relgan import RELGAN, SCHEDULES

B, T, V = 5, 4, 3


@pytest.fixture
def real(rng):
    return functional.one_hot(torch.randint(V, (B, T), generator=rng), V).double()


@pytest.fixture
def fake(rng):
    return torch.randn(B, T, V, generator=rng, dtype=torch.float64).softmax(2)


TRUE = torch.ones(B, T, dtype=torch.bool)


def linear(weight):
    return lambda values, mask: (values * weight * mask.unsqueeze(2)).sum((1, 2))


@pytest.mark.parametrize("size", [0.3, 1.0, 7.0])
def test_the_penalty_of_a_linear_critic_is_known_for_every_batch(real, fake, rng, size):
    weight = torch.randn(T, V, generator=rng, dtype=torch.float64)
    weight = (weight * size / weight.norm()).requires_grad_()
    penalty = gradient_penalty(linear(weight), real, fake, TRUE, rng)
    torch.testing.assert_close(penalty.item(), (size - 1) ** 2)  # two-sided: a slope below 1 costs as well
    penalty.backward()
    torch.testing.assert_close(weight.grad, 2 * (size - 1) * weight.detach() / size)


def test_the_norm_is_taken_over_positions_and_symbols_together(real, fake, rng):
    ones = torch.ones(T, V, dtype=torch.float64)
    mask = torch.tensor([[True] * 4, [True, True, True, False], [True] * 4, [True] * 4, [True] * 4])
    penalty = gradient_penalty(linear(ones), real, fake, mask, rng)
    # The gradient of four sequences has 12 ones, that of the shorter one 9.
    expected = (4 * (math.sqrt(12) - 1) ** 2 + (3 - 1) ** 2) / 5
    assert penalty.item() == pytest.approx(expected)


def test_the_penalty_of_a_curved_critic_is_differentiated_through_the_slope(real, rng):
    # f = a / 2 * |x|^2 has the slope a * |x|; where real and fake are equal, x is both.
    a = torch.tensor(3.0, dtype=torch.float64, requires_grad=True)
    penalty = gradient_penalty(lambda values, mask: a / 2 * values.square().sum((1, 2)), real, real, TRUE, rng)
    norm = math.sqrt(T)  # of T one-hot vectors
    assert penalty.item() == pytest.approx((3 * norm - 1) ** 2)
    penalty.backward()
    assert a.grad.item() == pytest.approx(2 * (3 * norm - 1) * norm)


def test_each_sequence_is_interpolated_by_one_number_of_its_own(real, fake, rng):
    seen = []

    def critic(values, mask):
        seen.append(values.detach())
        return values.sum((1, 2))

    gradient_penalty(critic, real, fake, TRUE, rng)
    shares = ((seen[0] - real) / (fake - real)).flatten(1)
    assert ((shares > 0) & (shares < 1)).all()
    torch.testing.assert_close(shares, shares[:, :1].expand_as(shares))
    assert len(shares[:, 0].unique()) == B


def test_a_critic_without_a_slope_costs_one_and_gives_no_nan(real, fake, rng):
    weight = torch.zeros(T, V, dtype=torch.float64, requires_grad=True)
    penalty = gradient_penalty(linear(weight), real, fake, TRUE, rng)
    assert penalty.item() == 1.0
    penalty.backward()
    assert (weight.grad == 0).all()


def test_the_penalty_has_no_path_into_the_samples(real, fake, rng):
    fake.requires_grad_()
    weight = torch.ones(T, V, dtype=torch.float64, requires_grad=True)
    gradient_penalty(linear(weight), real, fake, TRUE, rng).backward()
    assert fake.grad is None


def test_the_penalty_is_computed_in_32_bits_under_autocast():
    torch.manual_seed(0)
    critic = CNNDiscriminator(V, filters={1: 4, 2: 4}).eval()
    real, fake = torch.eye(V)[torch.tensor([[0, 1], [2, 2]])], torch.full((2, 2, V), 1 / V)
    mask = torch.ones(2, 2, dtype=torch.bool)
    expected = gradient_penalty(critic, real, fake, mask, torch.Generator().manual_seed(1))
    with torch.autocast("cpu", torch.bfloat16):
        assert critic(fake, mask).dtype == torch.bfloat16
        penalty = gradient_penalty(critic, real.bfloat16(), fake, mask, torch.Generator().manual_seed(1))
    assert penalty.dtype == torch.float32
    torch.testing.assert_close(penalty, expected)


class Watching(nn.Module):
    def __init__(self, critic):
        super().__init__()
        self.critic, self.allowed = critic, []

    def forward(self, values, mask):
        self.allowed.append(torch.backends.cudnn.enabled)
        return self.critic(values, mask)


@pytest.mark.parametrize(("kind", "in_penalty"), [(CNNDiscriminator, True), (RNNDiscriminator, False)])
def test_cudnn_is_off_for_recurrent_critics_in_the_penalty_alone(real, fake, rng, kind, in_penalty):
    critic = Watching(kind(V).double())
    before = torch.backends.cudnn.enabled
    WGAN_GP.discriminator_loss(critic, real, fake, TRUE, TRUE, rng)
    assert critic.allowed == [before, before and in_penalty]
    assert torch.backends.cudnn.enabled == before
    # What is hidden in a function may be recurrent.
    WGAN_GP.discriminator_loss(lambda values, mask: critic(values, mask), real, fake, TRUE, TRUE, rng)
    assert critic.allowed[2:] == [before, False]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_recurrent_critic_is_penalised_on_a_gpu(real, fake):
    critic = RNNDiscriminator(V).cuda().eval()
    rng = torch.Generator("cuda").manual_seed(0)
    loss = WGAN_GP.discriminator_loss(critic, real.float().cuda(), fake.float().cuda(), TRUE.cuda(), TRUE.cuda(), rng)
    loss.backward()
    assert all(parameter.grad.isfinite().all() for parameter in critic.parameters())


def test_the_critics_loss_by_hand(real, fake, rng):
    weight = torch.full((T, V), 0.5, dtype=torch.float64)
    # Every sequence of distributions gets 4 * 0.5 = 2: no difference. The slope is 0.5 * sqrt(12).
    penalty = (0.5 * math.sqrt(12) - 1) ** 2
    other = WGAN_GP.with_settings(penalty_weight=2.5)
    for algorithm, expected in ((WGAN_GP, 10 * penalty), (other, 2.5 * penalty), (WGAN, 0.0)):
        loss = algorithm.discriminator_loss(linear(weight), real, fake, TRUE, TRUE, rng)
        assert loss.item() == pytest.approx(expected)
    # Logits 1 and 3 of real, -2 of generated sequences.
    logits = iter([torch.tensor([1.0, 3.0, -2.0, -2.0])])
    loss = WGAN.discriminator_loss(lambda values, mask: next(logits), real[:2], fake[:2], TRUE[:2], TRUE[:2], rng)
    assert loss.item() == -2.0 - 2.0
    assert WGAN_GP.generator_loss(torch.tensor([9.0]), torch.tensor([1.0, 3.0])).item() == -2.0


def test_the_penalty_is_a_pass_of_its_own(real, fake, rng):
    rows = []

    def critic(values, mask):
        rows.append(len(values))
        return values.sum((1, 2))

    WGAN_GP.discriminator_loss(critic, real, fake, TRUE, TRUE, rng)
    assert rows == [2 * B, B]


def test_the_penalty_looks_wherever_either_sequence_has_symbols(real, fake, rng):
    masks = []

    def critic(values, mask):
        masks.append(mask)
        return values.sum((1, 2))

    mask_real, mask_fake = torch.arange(T) < torch.tensor([[1], [4]]), torch.arange(T) < torch.tensor([[3], [2]])
    WGAN_GP.discriminator_loss(critic, real[:2], fake[:2], mask_real, mask_fake, rng)
    assert masks[0].sum(1).tolist() == [1, 4, 3, 2]
    assert masks[1].sum(1).tolist() == [3, 4]


def test_parameters_are_clamped_where_they_are():
    model = nn.Linear(4, 3)
    with torch.no_grad():
        model.weight.copy_(torch.linspace(-0.05, 0.05, 12).view(3, 4))
        model.bias.copy_(torch.tensor([0.005, -1.0, 1.0]))
    before = model.weight.detach().clone()
    clamp_(model.parameters(), WGAN.defaults["adversarial"]["weight_clamp"])
    assert model.bias.tolist() == pytest.approx([0.005, -0.01, 0.01])
    assert max(parameter.abs().max().item() for parameter in model.parameters()) == pytest.approx(0.01)
    assert torch.equal(model.weight, before.clamp(-0.01, 0.01))


def test_relativistic_losses_are_log_two_at_equality_and_swap():
    real, fake = torch.tensor([0.3, -2.0, 5.0]), torch.tensor([1.0, 1.0, -4.0])
    assert relativistic_loss(real, real).item() == pytest.approx(math.log(2))
    critic_view = [relativistic_loss(real, fake), RELGAN.generator_loss(fake, real)]
    assert critic_view[0] == critic_view[1]
    # Differences -0.7, -3, 9 of pairs by place.
    expected = sum(math.log(1 + math.exp(-d)) for d in (-0.7, -3.0, 9.0)) / 3
    assert critic_view[0].item() == pytest.approx(expected)


def test_relativistic_losses_are_a_mean_over_pairs_and_views():
    real, fake = torch.tensor([[0.0, 1.0], [2.0, 3.0]]), torch.zeros(2, 2)
    expected = sum(math.log(1 + math.exp(-d)) for d in (0, 1, 2, 3)) / 4
    assert relativistic_loss(real, fake).item() == pytest.approx(expected)
    # One logit a sequence, the mean over its views, would give less: the loss is convex.
    assert relativistic_loss(real.mean(1), fake.mean(1)) < expected


@pytest.mark.parametrize("schedule", sorted(set(SCHEDULES) - {"constant"}))
def test_inverse_temperatures_rise_from_one_to_their_maximum(schedule):
    values = [SCHEDULES[schedule](100.0, step / 10) for step in range(11)]
    assert values[0] == 1.0
    assert values[-1] == 100.0
    assert values == sorted(values)
    temperatures = [RELGAN.with_settings(annealing=schedule).temperature(step / 10) for step in range(11)]
    assert temperatures == [1 / value for value in values]


def test_schedules_halfway():
    halfway = {name: schedule(81.0, 0.5) for name, schedule in SCHEDULES.items()}
    assert halfway == {
        "constant": 81.0,
        "linear": 41.0,
        "exponential": 9.0,
        "quadratic": 21.0,
        "square-root": pytest.approx(1 + 80 * math.sqrt(0.5)),
    }


def test_a_run_cut_short_ends_at_a_lower_maximum():
    # 3,000 of 5,000 steps to 100 are a whole run to 100 ** 0.6.
    lower = RELGAN.with_settings(inverse_temperature=100**0.6)
    assert RELGAN.temperature(1500 / 5000) == pytest.approx(lower.temperature(1500 / 3000))


def test_gsgan_by_hand(real, fake, rng):
    logits = iter([torch.tensor([0.0, math.log(3), -math.log(3), 0.0])])
    loss = GSGAN.discriminator_loss(lambda values, mask: next(logits), real[:2], fake[:2], TRUE[:2], TRUE[:2], rng)
    # D(real) = 1/2, 3/4; 1 - D(fake) = 3/4, 1/2
    assert loss.item() == pytest.approx(-math.log(1 / 2) - math.log(3 / 4))
    assert GSGAN.generator_loss(torch.zeros(1), torch.tensor([math.log(3)])).item() == pytest.approx(-math.log(3 / 4))
    assert [GSGAN.temperature(share) for share in (0.0, 0.25, 1.0)] == [5.0, 4.0, 1.0]


@pytest.mark.parametrize("name", sorted(RELAXED))
class TestEveryAlgorithm:
    def test_the_discriminators_loss_has_no_path_into_the_samples(self, name, real, fake, rng):
        fake.requires_grad_()
        weight = torch.ones(T, V, dtype=torch.float64, requires_grad=True)
        mask = torch.rand(B, T, generator=rng) > 0.3
        RELAXED[name].discriminator_loss(linear(weight), real, fake, mask, TRUE, rng).backward()
        assert fake.grad is None
        assert weight.grad.abs().sum() > 0

    def test_the_generators_loss_raises_the_logits_of_its_samples(self, name):
        fake = torch.tensor([0.5, -1.0], requires_grad=True)
        RELAXED[name].generator_loss(torch.tensor([1.0, 0.0]), fake).backward()
        assert (fake.grad < 0).all()

    def test_a_certain_discriminator_gives_finite_losses_and_gradients(self, name, real, fake, rng):
        for sign in (100.0, -100.0):
            logits = torch.tensor([sign] * B).requires_grad_()
            assert RELAXED[name].generator_loss(-logits.detach(), logits).isfinite()
            weight = torch.full((T, V), sign, dtype=torch.float64, requires_grad=True)
            loss = RELAXED[name].discriminator_loss(linear(weight), real, fake, TRUE, TRUE, rng)
            loss.backward()
            assert loss.isfinite()
            assert weight.grad.isfinite().all()

    def test_arguments_are_not_changed(self, name, real, fake, rng):
        before = real.clone(), fake.clone()
        RELAXED[name].discriminator_loss(linear(torch.ones(T, V, dtype=torch.float64)), real, fake, TRUE, TRUE, rng)
        assert torch.equal(real, before[0])
        assert torch.equal(fake, before[1])
        assert not real.requires_grad

    def test_temperatures_are_positive_throughout(self, name):
        assert all(RELAXED[name].temperature(step / 20) > 0 for step in range(21))


@pytest.mark.slow(reason="trains a model")
def test_wgan_gp_learns_from_nothing_to_write_every_one_of_four_strings():
    strings = torch.tensor([[1, 2, 1, 2, 0], [2, 1, 2, 0, 0], [3, 4, 0, 0, 0], [4, 4, 4, 4, 4]])
    torch.manual_seed(0)
    generator = ResidualConvGenerator(5, hidden_size=32, layers=1, noise_size=8, max_length=5)
    critic = ResidualConvDiscriminator(5, hidden_size=32, layers=1, max_length=5)
    players = [torch.optim.Adam(model.parameters(), 2e-3, betas=(0.5, 0.9)) for model in (generator, critic)]
    rng = torch.Generator().manual_seed(0)

    def draw():
        return relaxed_sample(generator, 32, 5, rng=rng, gumbel=WGAN_GP.gumbel, ends=WGAN_GP.ends)

    def update(player, loss):
        player.zero_grad()
        loss.backward()
        player.step()

    for _ in range(70):
        for _ in range(3):
            fake = draw()
            real = functional.one_hot(strings[torch.randint(4, (32,), generator=rng)], 5).float()
            mask = torch.ones_like(fake.mask)
            update(players[1], WGAN_GP.discriminator_loss(critic, real, fake.probs, mask, fake.mask, rng))
        fake = draw()
        update(players[0], WGAN_GP.generator_loss(torch.zeros(32), critic(fake.probs, fake.mask)))

    tokens, _ = sample(generator, 400, 5, rng=rng)
    shares = (tokens.unsqueeze(1) == strings).all(2).double().mean(0)
    # Untrained, a string has a share of about 5 ** -5, or 5 ** -3 where it ends after two symbols.
    assert shares.sum() > 0.4
    assert (shares > 0.05).sum() >= 3


def test_what_a_mask_hides_changes_no_penalty():
    torch.manual_seed(0)
    critic = RNNDiscriminator(4, 5, 6, dropout=0.0)
    real, fake = torch.rand(3, 4, 4), torch.rand(3, 4, 4)
    mask_real = torch.arange(4) < torch.tensor([[1], [2], [4]])
    mask_fake = torch.arange(4) < torch.tensor([[3], [2], [1]])

    def loss(real, fake):
        return WGAN_GP.discriminator_loss(critic, real, fake, mask_real, mask_fake, torch.Generator().manual_seed(0))

    hidden_real = torch.where(mask_real.unsqueeze(2), real, 7.0)
    hidden_fake = torch.where(mask_fake.unsqueeze(2), fake, -3.0)
    torch.testing.assert_close(loss(hidden_real, hidden_fake), loss(real, fake))
