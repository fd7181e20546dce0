"""Resampling by odds: the law of what is taken against an exact mixture over all candidates, and against its draws."""

import itertools

import pytest
import torch
from exact.enumeration import make_toy, optimal_logits
from exact.listed import tiny_generator
from exact.odds import PrefixDiscriminator, TableDiscriminator, counts, number_of

from seqgan.decoding import ResampledGenerator, best_of, resample, sample
from seqgan.decoding.best_of import candidates
from seqgan.discriminators import RNNDiscriminator, TwoTowerRNNDiscriminator
from seqgan.generators import Seq2SeqGRU
from seqgan.generators.masked import MaskedGenerator, masked
from seqgan.objectives import resampling_log_weights
from seqgan.tensors.rows import repeat_rows

TOY = make_toy()
EXACT = optimal_logits(TOY, "residual")  # log p - log q of each sequence
JUDGE = TableDiscriminator(TOY, EXACT)


def exact_odds(tokens, mask, row):
    """The reward that a discriminator tends to: log p - log q."""
    return EXACT[number_of(TOY, tokens)]


def taken(probs, logits, n, tau=1.0):
    """The law of what is taken from n independent draws, by a sum over all of them. [A]"""
    draws = torch.tensor(list(itertools.product(range(len(probs)), repeat=n)))
    weights = probs[draws].prod(dim=1, keepdim=True) * (logits[draws] / tau).softmax(dim=1)
    return torch.zeros_like(probs).index_add_(0, draws.flatten(), weights.flatten())


def follows(drawn, expected):
    """Whether counts are those of a law, by chi-square over the sequences that it has."""
    there = expected > 0
    assert (drawn[~there] == 0).all()
    expected, freedom = expected[there] * drawn.sum(), int(there.sum()) - 1
    # The mean of chi-square over its degrees of freedom is 1, its deviation sqrt(2 / df): five of them.
    return ((drawn[there] - expected).square() / expected).sum() / freedom < 1 + 5 * (2 / freedom) ** 0.5


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("tau", [1.0, 0.3])
def test_what_is_taken_follows_the_mixture_over_all_candidates(n, tau, rng):
    found = resample(TOY.generator, exact_odds, 20_000, n, 3, rng=rng, tau=tau)
    drawn = counts(TOY, found.samples.tokens)
    assert follows(drawn, taken(TOY.probs, EXACT, n, tau))
    assert torch.equal(found.rewards, exact_odds(*found.samples, None))
    assert found.candidate_rewards.shape == (20_000, n)


def test_two_candidates_differ_from_one_and_from_many(rng):
    drawn = counts(TOY, resample(TOY.generator, exact_odds, 20_000, 2, 3, rng=rng).samples.tokens)
    assert not follows(drawn, TOY.probs)
    assert not follows(drawn, TOY.data)
    many = counts(TOY, resample(TOY.generator, exact_odds, 1_500, 100, 3, rng=rng).samples.tokens)
    assert follows(many, TOY.data)


def test_one_candidate_is_the_generators_sample_bit_for_bit():
    found = resample(TOY.generator, exact_odds, 50, 1, 3, rng=torch.Generator().manual_seed(2))
    plain = sample(TOY.generator, 50, 3, rng=torch.Generator().manual_seed(2))
    assert torch.equal(found.samples.tokens, plain.tokens)
    assert torch.equal(found.samples.mask, plain.mask)
    whole = sample(ResampledGenerator(TOY.generator, JUDGE, 1), 50, 3, rng=torch.Generator().manual_seed(2))
    assert torch.equal(whole.tokens, plain.tokens)


def test_as_tau_falls_the_most_real_of_the_same_candidates_is_taken():
    cold = resample(TOY.generator, exact_odds, 200, 5, 3, rng=torch.Generator().manual_seed(1), tau=1e-6)
    best, rewards = best_of(TOY.generator, exact_odds, 200, 5, 3, rng=torch.Generator().manual_seed(1))
    assert torch.equal(cold.samples.tokens, best.tokens)
    assert torch.equal(cold.rewards, rewards)


def test_what_a_row_takes_is_one_of_its_own_candidates():
    """Candidates are worth the number of their row: what is taken by another row's would be worth another number."""

    def number(tokens, mask, row):
        return row.double() + 0.01 * tokens[:, 0]

    rng = torch.Generator().manual_seed(3)
    found = resample(TOY.generator, number, 7, 4, 3, rng=rng)
    assert torch.equal(found.rewards.floor().long(), torch.arange(7))
    drawn, rewards = candidates(TOY.generator, number, 7, 4, 3, rng=torch.Generator().manual_seed(3))
    assert torch.equal(found.candidate_rewards, rewards)
    for row in range(7):
        own = drawn.tokens[row * 4 : (row + 1) * 4]
        assert (own == found.samples.tokens[row]).all(dim=1).any()


def test_rows_are_independent(rng):
    """Two rows that are drawn together have the product of their laws."""
    pairs = number_of(TOY, resample(TOY.generator, exact_odds, 40_000, 2, 3, rng=rng).samples.tokens).view(-1, 2)
    size = len(TOY.probs)
    law = taken(TOY.probs, EXACT, 2)
    likely = law.topk(4).indices  # with others the expected numbers are too small for a test by chi-square
    both = torch.bincount(pairs[:, 0] * size + pairs[:, 1], minlength=size * size).view(size, size)[likely][:, likely]
    expected = 20_000 * law[likely].unsqueeze(1) * law[likely]
    chi_square = ((both - expected).square() / expected).sum() / 16
    assert chi_square < 1 + 5 * (2 / 16) ** 0.5


def test_candidates_begin_with_the_prefix(rng):
    begins = TOY.tokens[:, 0] == 2
    given = torch.where(begins, TOY.probs, 0.0) / TOY.probs[begins].sum()
    found = resample(TOY.generator, exact_odds, 20_000, 2, 3, rng=rng, prefix=torch.tensor([2]))
    assert follows(counts(TOY, found.samples.tokens), taken(given, EXACT, 2))


def test_candidates_have_no_excluded_symbol(rng):
    model = masked(ResampledGenerator(TOY.generator, JUDGE, 2), [1])
    assert isinstance(model, ResampledGenerator)
    assert isinstance(model.generator, MaskedGenerator)
    # The generator's law given, position by position, that 1 does not come: exact for each sequence without it.
    log_q = TOY.generator(TOY.tokens).detach().index_fill(2, torch.tensor([1]), -torch.inf).log_softmax(2)
    log_q = log_q.gather(2, TOY.tokens.unsqueeze(2)).squeeze(2)
    probs = torch.where(TOY.mask, log_q, 0.0).sum(1).exp()
    assert probs.sum().item() == pytest.approx(1, abs=1e-12)
    assert follows(counts(TOY, sample(model, 20_000, 3, rng=rng).tokens), taken(probs, EXACT, 2))


def test_the_models_own_tau_and_number_are_used(rng):
    model = ResampledGenerator(TOY.generator, JUDGE, 2, tau=0.4)
    assert follows(counts(TOY, sample(model, 20_000, 3, rng=rng).tokens), taken(TOY.probs, EXACT, 2, 0.4))
    same = masked(model, [])
    assert (same.candidates, same.tau) == (2, 0.4)
    without = masked(model, [1])
    assert (without.candidates, without.tau) == (2, 0.4)


def test_temperature_is_that_of_the_candidates(rng):
    log_q = (TOY.generator(TOY.tokens).detach() / 0.5).log_softmax(2).gather(2, TOY.tokens.unsqueeze(2)).squeeze(2)
    cold = torch.where(TOY.mask, log_q, 0.0).sum(1).exp()
    model = ResampledGenerator(TOY.generator, JUDGE, 2)
    assert follows(counts(TOY, sample(model, 20_000, 3, rng=rng, temperature=0.5).tokens), taken(cold, EXACT, 2))


def test_a_discriminator_of_prefixes_weighs_by_its_last_logit(rng):
    """The exact odds of a whole sequence are those of its longest prefix: the same law, though sequences end."""
    assert not TOY.mask.all()
    model = ResampledGenerator(TOY.generator, PrefixDiscriminator(TOY), 2)
    assert follows(counts(TOY, sample(model, 20_000, 3, rng=rng).tokens), taken(TOY.probs, EXACT, 2))


def test_candidates_are_judged_with_their_rows_own_source():
    torch.manual_seed(0)
    generator, judge = Seq2SeqGRU(6, 5, 4, 4), TwoTowerRNNDiscriminator(6, 5, 4, 4, joint_size=4)
    source = torch.randint(2, 6, (3, 2))
    model = ResampledGenerator(generator, judge, 4).eval()
    context = model.encode(source, torch.ones_like(source, dtype=torch.bool))
    seen = []
    model = model.telling(seen.append).eval()
    tokens, _ = sample(model, 3, 4, context, rng=torch.Generator().manual_seed(5))
    drawn = sample(generator, 12, 4, repeat_rows(context[0], 4), rng=torch.Generator().manual_seed(5))
    with torch.no_grad():
        logits = torch.stack(
            [
                judge(drawn.tokens[i : i + 1], drawn.mask[i : i + 1], context[1][i // 4 : i // 4 + 1])[0]
                for i in range(12)
            ]
        )
    torch.testing.assert_close(seen[0], logits.view(3, 4))
    for row in range(3):
        assert (drawn.tokens[row * 4 : row * 4 + 4] == tokens[row]).all(dim=1).any()


def test_dropout_is_off_and_modes_are_kept(rng):
    judge = RNNDiscriminator(4, embedding_size=3, hidden_size=4, dropout=0.9).double()
    model = ResampledGenerator(tiny_generator(), judge, 3)
    seen = []
    for _ in range(2):
        sample(model.telling(seen.append), 20, 4, rng=torch.Generator().manual_seed(1))
    assert torch.equal(*seen)
    assert judge.training


def test_weights_are_those_of_the_objective():
    assert torch.allclose(taken(TOY.probs, EXACT, 1), TOY.probs)
    rows = torch.tensor([[0, 3], [5, 1]])
    assert torch.allclose(resampling_log_weights(EXACT[rows], 0.5).exp(), (EXACT[rows] / 0.5).softmax(1))


@pytest.mark.parametrize("tau", [0.0, -1.0, float("nan")])
def test_a_tau_that_is_none_is_told(tau, rng):
    with pytest.raises(ValueError, match=r"tau is .*: rewards are divided by it, give a number above 0"):
        resample(TOY.generator, exact_odds, 2, 2, 3, rng=rng, tau=tau)
