"""Bias and variance of every estimator, against the exact gradient of a model all of whose sequences are listed.

`scripts/estimators` prints what is asserted here for all algorithms, credits and baselines.
"""

import pytest
import torch
from exact.enumeration import (
    CREDITS,
    Cell,
    coefficients,
    enumerated,
    every_batch,
    exact_credit,
    exact_update,
    fixed_logits,
    make_toy,
    measure,
    optimal_logits,
    rollout_credit,
    sequence_credit,
    subtracted,
)
from support.kinds import SAMPLED

from seqgan.decoding import Samples, rollout
from seqgan.objectives import MALIGAN, REVERSE_KL, SATURATING, SEQGAN, policy_gradient_loss, token_log_probs
from seqgan.settings.adversarial import AdversarialConfig
from seqgan.training.baselines import Baseline

REWARDING = sorted(name for name, algorithm in SAMPLED.items() if not algorithm.weighs)
WEIGHING = sorted(name for name, algorithm in SAMPLED.items() if algorithm.weighs)
BASELINES = [("none", 0.0), ("constant", 0.4), ("leave-one-out", 0.0), ("running-mean", 0.0)]


@pytest.fixture(scope="module")
def toy():
    return make_toy()


def rewarding_cells(toy):
    """All algorithms that average rewards with all baselines, for a discriminator that is a table."""
    return {
        f"{name} {baseline}": Cell(SAMPLED[name], fixed_logits(toy), baseline, value)
        for name in REWARDING
        for baseline, value in BASELINES
    }


@pytest.mark.parametrize("name", sorted(SAMPLED))
@pytest.mark.parametrize("credit", ["sequence", "4 rollouts"])
def test_an_update_is_what_the_loss_of_the_package_gives(toy, name, credit, rng):
    algorithm = SAMPLED[name]
    rows = torch.randint(len(toy.probs), (1, 6), generator=rng)
    values = CREDITS[credit](toy, rows, rng)(algorithm.reward(fixed_logits(toy)))
    tokens, mask = toy.tokens[rows[0]], toy.mask[rows[0]]
    advantages = algorithm.advantages(values[:, 0], mask, 0.3)
    loss = policy_gradient_loss(token_log_probs(toy.generator(tokens), tokens), advantages, mask)
    gradients = torch.autograd.grad(-loss, tuple(toy.generator.parameters()))
    contracted = coefficients(toy, rows, algorithm.advantages(values, mask.unsqueeze(0), 0.3))
    expected = torch.cat([gradient.flatten() for gradient in gradients])
    torch.testing.assert_close(contracted[0] @ toy.scores.flatten(0, 1), expected)


def test_the_score_vectors_sum_to_nothing(toy):
    total = toy.expected(torch.ones(len(toy.probs), 1, dtype=torch.float64))
    torch.testing.assert_close(total, torch.zeros_like(total), atol=1e-12, rtol=0)


def test_a_running_mean_over_many_batches_is_the_packages_one_after_the_other(toy, rng):
    rows = torch.randint(len(toy.probs), (5, 4), generator=rng)
    values, mask = CREDITS["4 rollouts"](toy, rows, rng)(fixed_logits(toy)), toy.mask[rows]
    at_once = subtracted("running-mean", 0.0, SEQGAN, values, toy.tokens[rows], mask)
    baseline = Baseline(AdversarialConfig(baseline="running-mean"), SEQGAN, 3, values.device)
    for d in range(5):
        one = torch.as_tensor(baseline(values[:, d], toy.tokens[rows[d]], mask[d], 0.0), dtype=torch.float64)
        torch.testing.assert_close(at_once[d], one.expand(4, 3))


# Bias of averaged rewards: none.


@pytest.mark.parametrize("samples", [2, 3])
@pytest.mark.parametrize("credit", [sequence_credit, exact_credit])
def test_averaged_rewards_are_unbiased_over_all_batches_there_are(toy, samples, credit):
    for name, cell in rewarding_cells(toy).items():
        if cell.baseline != "running-mean":
            assert enumerated(toy, cell, samples, credit).bias < 1e-12, name


@pytest.mark.parametrize("credit", ["sequence", "1 rollout", "4 rollouts"])
def test_averaged_rewards_are_unbiased_in_what_is_drawn(toy, credit):
    for name, result in measure(toy, rewarding_cells(toy), CREDITS[credit], samples=8, draws=6_000).items():
        assert result.standard_error < 0.1, name
        assert result.bias < 4 * result.standard_error, name


def test_a_baseline_that_holds_the_sample_itself_takes_its_share_of_the_gradient(toy):
    """The mistake that leave-one-out avoids: the update is (S - 1) / S of what it should be."""
    rows, probs = every_batch(toy, 3)
    values, mask = sequence_credit(toy, rows, torch.Generator())(fixed_logits(toy)), toy.mask[rows]
    update = probs @ coefficients(toy, rows, SEQGAN.advantages(values, mask, values.mean(dim=(0, 2), keepdim=True)[0]))
    exact = exact_update(toy, REVERSE_KL, fixed_logits(toy))
    torch.testing.assert_close(update @ toy.scores.flatten(0, 1), 2 / 3 * exact)


def test_the_packages_rollouts_give_the_exact_gradient(toy):
    """Real completions of every sequence there is, each as often as it is probable."""
    table = fixed_logits(toy)
    number = {tuple(row): place for place, row in enumerate(toy.tokens.tolist())}

    def reward(tokens, mask, row):
        ended = torch.nn.functional.pad(tokens, (0, 3 - tokens.shape[1]))  # behind the end, the end again
        return table[[number[tuple(row)] for row in ended.tolist()]].sigmoid()

    n = 2000
    rng = torch.Generator().manual_seed(0)
    values = rollout(toy.generator, reward, Samples(toy.tokens, toy.mask), n, rng=rng)
    exact = toy.prefix_values(table.sigmoid())
    deviation = values.std(dim=0) / n**0.5
    assert ((values.mean(dim=0) - exact).abs() <= 4 * deviation + 1e-12)[toy.mask].all()
    # The noise of the mean update is that of its terms, which are drawn apart from one another.
    noise = (toy.probs.unsqueeze(1) * deviation * toy.scores.norm(dim=-1)).square().sum().sqrt()
    error = toy.expected(SEQGAN.advantages(values, toy.mask)) - exact_update(toy, SEQGAN, table)
    assert error.norm() < 4 * noise
    assert noise < 0.05 * exact_update(toy, SEQGAN, table).norm()


# Bias of weights that are normalised over the batch: falls as one over the samples.


def first_order_bias(toy, algorithm, logits):
    """S times the bias, for many samples: of a mean of w s over a mean of w. [P]"""
    weights = algorithm.reward(logits).exp()
    mean = (toy.probs * weights).sum()
    weights = weights / mean
    variance = (toy.probs * (weights - 1).square()).sum()
    exact = toy.expected(weights.unsqueeze(1))
    # E[X / Y] - E[X] is -cov(X, Y) + E[X] var(Y) to the first order, where E[Y] = 1.
    return -(toy.expected((weights * (weights - 1)).unsqueeze(1))) + exact * variance


@pytest.mark.parametrize("name", WEIGHING)
def test_with_optimal_discriminators_all_divergences_weigh_alike(toy, name):
    rows, _ = every_batch(toy, 2)
    cells = [Cell(SAMPLED[one], optimal_logits(toy, one)) for one in ("maligan", name)]
    maligan, other = (cell.updates(toy, rows, sequence_credit(toy, rows, torch.Generator())) for cell in cells)
    torch.testing.assert_close(other, maligan)
    # The target is the gradient of the data's likelihood.
    likelihood = torch.einsum("a,atp->p", toy.data, toy.scores)
    torch.testing.assert_close(cells[1].target(toy), likelihood)


@pytest.mark.parametrize("name", WEIGHING)
def test_the_bias_of_weights_falls_as_more_samples_are_compared(toy, name):
    """Over all batches there are, whatever the discriminator."""
    for logits in (optimal_logits(toy, name), fixed_logits(toy)):
        cell = Cell(SAMPLED[name], logits)
        two, three = (enumerated(toy, cell, samples).bias for samples in (2, 3))
        assert 0.1 < three < two


@pytest.mark.parametrize("baseline", ["none", "rising"])
def test_the_bias_of_weights_is_one_over_the_samples(toy, baseline):
    cell = Cell(MALIGAN, optimal_logits(toy, "maligan"), baseline)
    exact = cell.target(toy)
    first_order = first_order_bias(toy, cell.algorithm, cell.logits)
    biases = []
    for samples in (4, 16, 64):
        result = measure(toy, {"": cell}, sequence_credit, samples, draws=12_000)[""]
        biases.append(result.bias)
        # Beside the first order are terms in 1 / S^2, and the draws' noise.
        rest = (result.mean - exact - first_order / samples).norm() / exact.norm()
        assert rest < 4 / samples**2 + 3 * result.standard_error
    # Four times the samples, which are two doublings: a quarter, near enough.
    assert biases[1] < 0.45 * biases[0]
    assert biases[2] < 0.45 * biases[1]


@pytest.mark.parametrize("credit", ["1 rollout", "4 rollouts", "prefix"])
@pytest.mark.parametrize("end", [0, None])
def test_no_credit_leaves_a_bias_of_weights_but_that_of_the_batch(credit, end):
    """Also where lengths differ: the weights of a position are compared with those of sequences that have ended."""
    toy = make_toy(end)
    cell = {"": Cell(MALIGAN, optimal_logits(toy, "maligan"), "rising")}
    few, many = (measure(toy, cell, CREDITS[credit], samples, draws=4_000)[""] for samples in (4, 64))
    assert few.bias > 0.2
    assert many.bias < 0.2 * few.bias + 2 * many.standard_error


# Variance.


def variance_with_exact_values(toy, rewards):
    """E|g - E[g]|^2 of one sequence's update with exact prefix values, and what one rollout adds to it."""
    given = toy.given_prefix()
    values = given @ rewards
    spread = given @ rewards.square() - values.square()  # [A, T], of one completion
    update = torch.einsum("at,atp->ap", values, toy.scores)
    mean = toy.probs @ update
    exact_part = toy.probs @ update.square().sum(dim=1) - mean.square().sum()
    # Completions of different prefixes are drawn apart from one another: their variances add.
    added = toy.probs @ (spread * toy.scores.square().sum(dim=-1)).sum(dim=1)
    return exact_part.item(), added.item()


@pytest.mark.parametrize("rollouts", [1, 4, 16])
def test_the_variance_with_rollouts_is_that_of_exact_values_and_a_share_of_one_rollouts(toy, rollouts):
    # Of mean 0: else the reward's size, which rollouts do not touch, would be nearly all of the variance.
    rewards = fixed_logits(toy) - toy.probs @ fixed_logits(toy)
    cell = Cell(REVERSE_KL, rewards)
    at_best, added = variance_with_exact_values(toy, rewards)
    expected = (at_best + added / rollouts) / 8 / cell.target(toy).square().sum().item()
    drawn = measure(toy, {"": cell}, rollout_credit(rollouts), samples=8, draws=8_000)[""]
    assert drawn.variance == pytest.approx(expected, rel=0.1)
    assert added > 0.1 * at_best


def test_at_each_position_a_rollout_is_worth_the_sequence_and_more_of_them_are_worth_more(toy):
    """Rao-Blackwell: the exact value is the mean of the reward given the prefix, which varies less."""
    rewards = fixed_logits(toy).sigmoid()
    given = toy.given_prefix()
    values = given @ rewards
    norms = toy.probs.unsqueeze(1) * toy.scores.square().sum(dim=-1)  # [A, T]
    sequence = (norms * rewards.square().unsqueeze(1)).sum(dim=0)
    at_best = (norms * values.square()).sum(dim=0)
    with_rollouts = [at_best + (norms * (given @ rewards.square() - values.square())).sum(dim=0) / n for n in (1, 4)]
    torch.testing.assert_close(with_rollouts[0], sequence)
    assert (with_rollouts[0] > with_rollouts[1])[:-1].all()
    assert (with_rollouts[1] > at_best)[:-1].all()
    torch.testing.assert_close(sequence[-1], at_best[-1])  # nothing is left to complete


@pytest.mark.parametrize("samples", [2, 3, 8])
def test_the_variance_with_leave_one_out_is_that_of_its_pairs(toy, samples):
    """The update is the mean over pairs of h = (R - R') (s - s') / 2, a U-statistic, with Hoeffding's variance."""
    cell = Cell(SATURATING, fixed_logits(toy), "leave-one-out")
    rewards, score = SATURATING.reward(cell.logits), toy.scores.sum(dim=1)  # [A], [A, P]
    difference = rewards.unsqueeze(1) - rewards
    pairs = difference.unsqueeze(-1) * (score.unsqueeze(1) - score) / 2  # [A, A, P]
    exact = cell.target(toy)
    given_one = torch.einsum("b,abp->ap", toy.probs, pairs)
    of_one = toy.probs @ given_one.square().sum(dim=1) - exact.square().sum()
    of_both = toy.probs @ pairs.square().sum(dim=-1) @ toy.probs - exact.square().sum()
    expected = (4 * (samples - 2) * of_one + 2 * of_both) / (samples * (samples - 1)) / exact.square().sum()
    if samples < 4:
        assert enumerated(toy, cell, samples).variance == pytest.approx(expected.item(), rel=1e-9)
    else:
        drawn = measure(toy, {"": cell}, sequence_credit, samples, draws=8_000)[""]
        assert drawn.variance == pytest.approx(expected.item(), rel=0.1)


def test_a_baseline_lowers_the_variance_of_rewards_of_one_sign(toy):
    for credit in ("sequence", "4 rollouts"):
        cells = {name: Cell(SATURATING, fixed_logits(toy), name) for name, _ in BASELINES}
        results = measure(toy, cells, CREDITS[credit], samples=8, draws=4_000)
        for name in ("leave-one-out", "running-mean"):
            assert results[name].variance < 0.7 * results["none"].variance


def test_the_baseline_of_maligan_lowers_its_variance(toy):
    for credit in ("sequence", "4 rollouts"):
        cells = {name: Cell(MALIGAN, optimal_logits(toy, "maligan"), name) for name in ("none", "rising")}
        results = measure(toy, cells, CREDITS[credit], samples=8, draws=4_000)
        assert results["rising"].variance < 0.7 * results["none"].variance
