"""Likelihood by averaging over noise, where the mean is known."""

import math
from contextlib import contextmanager

import pytest
import torch
from exact.listed import tiny_generator
from torch import nn

from seqgan.data.batches import Sequences
from seqgan.decoding import sample
from seqgan.decoding.relaxed import relaxed_sample
from seqgan.evaluation import averaged_likelihood, held_out_likelihood
from seqgan.progress import Progress
from seqgan.tensors.masking import mask_from_tokens

TOKENS = torch.tensor([[3, 1, 0, 0], [2, 0, 0, 0], [1, 1, 3, 2]])
SEQUENCES = Sequences(TOKENS, mask_from_tokens(TOKENS, 0))
HALVES = torch.tensor([[0.1, 0.2, 0.3, 0.4], [0.7, 0.1, 0.1, 0.1]], dtype=torch.float64)


class TwoTables(nn.Module):
    """All positions at once: sequences by turns of one and of another distribution, reversed at the second position."""

    vocabulary_size, end, max_length = 4, 0, 4

    def __init__(self):
        super().__init__()
        self.asked = []

    def distributions(self, rows, rng):
        turns = torch.arange(sum(self.asked), sum(self.asked) + rows) % 2
        self.asked.append(rows)
        one = HALVES.log()[turns]
        logits = torch.stack([one, one.flip(1), one, one], dim=1)
        # Any constant may be added to logits.
        return logits + torch.randn(rows, 4, 1, generator=rng).double()


class Coin(nn.Module):
    """One number of state: its sign says which of two distributions every position has."""

    vocabulary_size, end, start = 4, 0, 4

    def initial_state(self, rows, context=None):
        return (torch.zeros(rows, 1, dtype=torch.float64),)

    def step(self, tokens, state):
        return HALVES.log()[(state[0][:, 0] > 0).long()], state


MEAN = HALVES.mean(0)
EXPECTED = MEAN[TOKENS].log()[SEQUENCES.mask].sum().item()


@pytest.mark.parametrize("at_once", [8, 20, 4000])
def test_distributions_of_all_positions_at_once_are_averaged_and_not_their_logarithms(rng, monkeypatch, at_once):
    monkeypatch.setattr("seqgan.evaluation.likelihood.TOKENS_AT_ONCE", at_once)
    generator = TwoTables()
    likelihood = averaged_likelihood(generator, SEQUENCES, None, rng=rng, draws=12)
    assert sum(generator.asked) == 12
    assert max(generator.asked) <= max(1, at_once // 4)
    # Probabilities 0.4, 0.15, 0.2, 0.25 of the four symbols, reversed at the second position: 3 1 0, 2 0, 1 1 3 2.
    assert MEAN.tolist() == pytest.approx([0.4, 0.15, 0.2, 0.25])
    by_hand = math.log(0.25 * 0.2 * 0.4) + math.log(0.2 * 0.25) + math.log(0.15 * 0.2 * 0.25 * 0.2)
    assert likelihood.log_prob == pytest.approx(by_hand)
    assert (likelihood.tokens, likelihood.unknown, likelihood.sentences) == (9, 0, 3)


def test_where_tokens_are_drawn_the_law_is_of_whole_sequences_and_samples_have_it(rng):
    """Half of the sequences come of each table: a sequence's probability is the mean of two products."""
    generator = TwoTables()
    generator.drawn, generator.start = True, 4
    likelihood = averaged_likelihood(generator, SEQUENCES, None, rng=rng, draws=12)
    products = [HALVES[:, row[: int(mask.sum())]].clone() for row, mask in zip(TOKENS, SEQUENCES.mask, strict=True)]
    for row, product in zip(TOKENS, products, strict=True):
        product[:, 1] = HALVES.flip(1)[:, row[1]]  # the second position's table is reversed
    laws = [product.prod(dim=1).mean() for product in products]
    assert likelihood.log_prob == pytest.approx(sum(law.log() for law in laws).item())
    # Frequencies of samples, and of what training draws, are the exponentials of these log-probabilities.
    count = 40_000
    drawn = sample(generator, count, 4, rng=rng).tokens
    trained = relaxed_sample(generator, count, 4, rng=rng).tokens
    for tokens in (drawn, trained):
        for row, law in zip(TOKENS, laws, strict=True):
            found = (tokens == row).all(dim=1).float().mean()
            assert abs(found - law) < 4 * (law / count) ** 0.5


def test_a_symbol_that_is_not_known_is_read_and_not_scored_where_tokens_are_drawn(rng):
    generator = TwoTables()
    generator.drawn = True
    first = Sequences(TOKENS[:1], SEQUENCES.mask[:1])  # 3 1 and the end
    whole = averaged_likelihood(generator, first, None, rng=rng, draws=2).log_prob
    known = averaged_likelihood(generator, first, 3, rng=rng, draws=2)
    assert (known.tokens, known.unknown) == (2, 1)
    assert known.log_prob == pytest.approx(whole - math.log(MEAN[3]))


@pytest.mark.slow(reason="averages over many draws")
def test_noise_in_the_first_state_is_averaged(rng):
    draws = 4000
    likelihood = averaged_likelihood(Coin(), SEQUENCES, None, rng=rng, draws=draws, state_noise=10.0)
    # A probability averaged over n coins deviates by half the two values' difference over the root of n; a sequence's
    # coins are shared by its tokens, so that deviations add.
    halves = (HALVES[0] - HALVES[1]).abs() / 2 / MEAN
    deviation = halves[TOKENS[SEQUENCES.mask]].sum().item() / draws**0.5
    assert likelihood.log_prob == pytest.approx(EXPECTED, abs=5 * deviation)


def test_without_noise_it_is_the_likelihood(rng):
    generator = tiny_generator()
    exact = held_out_likelihood(generator, SEQUENCES, 1)
    averaged = averaged_likelihood(generator, SEQUENCES, 1, rng=rng)
    assert averaged.log_prob == pytest.approx(exact.log_prob)
    assert averaged[1:] == exact[1:] == (6, 3, 3)


def test_the_true_symbols_before_are_read(rng):
    generator = tiny_generator()
    changed = Sequences(TOKENS[2:].clone(), SEQUENCES.mask[2:])
    changed.tokens[0, 0] = 2
    first = averaged_likelihood(generator, Sequences(TOKENS[2:], SEQUENCES.mask[2:]), 2, rng=rng)
    second = averaged_likelihood(generator, changed, 2, rng=rng)
    assert (first.tokens, second.tokens) == (3, 2)
    assert first.log_prob != pytest.approx(second.log_prob)


def test_sentences_are_counted_as_they_are_read(rng, monkeypatch):
    monkeypatch.setattr("seqgan.evaluation.likelihood.TOKENS_AT_ONCE", 8)  # two rows of four tokens
    bars, counted = [], []

    class Counting(Progress):
        @contextmanager
        def bar(self, description, total, done=0):
            bars.append((description, total))
            yield counted.append

    averaged_likelihood(Coin(), SEQUENCES, None, rng=rng, draws=2, state_noise=1.0, progress=Counting())
    assert bars == [("Likelihood: sentences", 3)]
    assert counted == [2, 1]


def test_misuse_is_said_with_the_mend(rng):
    with pytest.raises(ValueError, match="draws is 0, but a mean needs at least 1"):
        averaged_likelihood(Coin(), SEQUENCES, None, rng=rng, draws=0)
    longer = torch.ones(2, 6, dtype=torch.long)
    with pytest.raises(ValueError, match="The sequences have 6 positions and this generator makes 4"):
        averaged_likelihood(TwoTables(), Sequences(longer, longer > 0), None, rng=rng, draws=2)
