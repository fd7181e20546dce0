"""A generator without some of its symbols."""

import pytest
import torch
from exact.listed import all_sequences, sequence_log_probs, tiny_generator
from support.kinds import CONDITIONAL_GENERATORS, PLAIN_GENERATORS

from seqgan.decoding import beam_search, greedy_decode, sample
from seqgan.generators import ResidualConvGenerator, masked

EXCLUDED = (1, 3)


def made(name: str):
    torch.manual_seed(0)
    sizes = [6, 5] if name in CONDITIONAL_GENERATORS else [5]
    options = {"max_length": 4} if "transformer" in name else {}
    kind = {**PLAIN_GENERATORS, **CONDITIONAL_GENERATORS}[name]
    return kind(*sizes, embedding_size=8, hidden_size=8, **options).double().eval()


def context_of(generator, name: str, rows: int):
    if name not in CONDITIONAL_GENERATORS:
        return None
    return generator.encode(torch.tensor([[3, 2, 4]]).expand(rows, -1), torch.ones(rows, 3, dtype=torch.bool))


@pytest.mark.parametrize("name", sorted({**PLAIN_GENERATORS, **CONDITIONAL_GENERATORS}))
def test_each_position_is_the_generators_own_given_that_none_of_them_comes(name):
    generator = made(name)
    tokens, _ = all_sequences(5, 3, 0)
    context = context_of(generator, name, len(tokens))
    probs = generator(tokens, context).softmax(-1)
    probs[..., list(EXCLUDED)] = 0.0
    expected = probs / probs.sum(-1, keepdim=True)
    without = masked(generator, EXCLUDED)
    torch.testing.assert_close(without(tokens, context).softmax(-1), expected)
    state = without.initial_state(len(tokens), context)
    previous = torch.full((len(tokens),), without.start)
    for t in range(3):
        logits, state = without.step(previous, state)
        torch.testing.assert_close(logits.softmax(-1), expected[:, t])
        previous = tokens[:, t]


@pytest.mark.slow(reason="draws many samples")
@pytest.mark.parametrize("name", sorted({**PLAIN_GENERATORS, **CONDITIONAL_GENERATORS}))
def test_frequencies_of_samples_are_the_exponentials_of_their_log_probabilities(name, rng):
    generator = made(name)
    without = masked(generator, EXCLUDED)
    tokens, mask = all_sequences(5, 3, 0)
    with torch.no_grad():
        chosen = without(tokens, context_of(generator, name, len(tokens))).log_softmax(-1)
    log_probs = chosen.gather(-1, tokens.unsqueeze(-1)).squeeze(-1)
    expected = log_probs.masked_fill(~mask, 0.0).sum(1).exp()
    torch.testing.assert_close(expected.sum(), torch.tensor(1.0, dtype=torch.float64))
    rows = 40_000
    drawn = sample(without, rows, 3, context_of(generator, name, rows), rng=rng).tokens
    counts = (drawn.unsqueeze(1) == tokens).all(2).sum(0)
    assert not torch.isin(drawn, torch.tensor(EXCLUDED)).any()
    assert (counts[expected == 0] == 0).all()
    possible = expected > 0
    wanted = expected[possible] * rows
    chi_square = ((counts[possible] - wanted).square() / wanted).sum() / (len(wanted) - 1)
    # The mean of chi-square over its degrees of freedom is 1, its deviation sqrt(2 / df): five of them.
    assert chi_square < 1 + 5 * (2 / (len(wanted) - 1)) ** 0.5


def test_a_search_finds_the_likeliest_of_what_is_left_and_says_its_probability():
    without = masked(tiny_generator(4), [1])
    tokens, mask = all_sequences(4, 3, 0)
    log_probs = sequence_log_probs(without, tokens, mask).detach()
    order = log_probs.argsort(descending=True)
    found = beam_search(without, 64, rows=1, max_length=3, n_best=20)
    there = found.scores[0] > -torch.inf
    assert there.sum() == (log_probs > -torch.inf).sum() == 15  # of two symbols: 1 + 2 + 4 that end, and 8 that are cut
    assert torch.equal(found.tokens[0][there], tokens[order[:15]])
    torch.testing.assert_close(found.log_probs[0][there], log_probs[order[:15]])
    assert not (greedy_decode(without, rows=1, max_length=6).tokens == 1).any()


@pytest.mark.parametrize("options", [{"temperature": 5.0}, {"top_k": 3}, {"top_p": 0.99}])
def test_what_is_excluded_stays_so_however_samples_are_drawn(options, rng):
    drawn = sample(masked(tiny_generator(4), [1]), 500, 8, rng=rng, **options).tokens
    assert not (drawn == 1).any()
    assert {0, 2, 3} >= set(drawn.unique().tolist())


def test_a_generator_of_all_positions_at_once_takes_the_next_best_symbol(rng):
    torch.manual_seed(0)
    generator = ResidualConvGenerator(7, hidden_size=6, layers=2, max_length=5).eval()
    drawn = sample(generator, 200, 5, rng=torch.Generator().manual_seed(1)).tokens
    most = int(drawn.flatten().bincount(minlength=7)[1:].argmax()) + 1
    without = masked(generator, [most])
    again = sample(without, 200, 5, rng=torch.Generator().manual_seed(1)).tokens
    assert (drawn == most).any()
    assert not (again == most).any()
    assert not hasattr(without, "step")


def test_what_the_generator_has_beside_is_seen_through_it():
    generator = tiny_generator(4)
    generator.state_noise, generator.greedy = 0.3, True
    without = masked(generator, [1])
    assert (without.state_noise, without.greedy, without.start, without.end) == (0.3, True, 4, 0)
    assert not hasattr(without, "distributions")
    assert not without.training
    assert masked(generator, ()) is generator


@pytest.mark.parametrize(("excluded", "message"), [([4], "has 0 to 3"), ([-1], "has 0 to 3"), (range(4), "leave one")])
def test_mistakes_are_said(excluded, message):
    with pytest.raises(ValueError, match=message):
        masked(tiny_generator(4), excluded)
