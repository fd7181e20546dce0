"""Guided sampling: its law against that of the data, listed, and its draws against its law."""

import pytest
import torch
from exact.enumeration import make_toy
from exact.listed import all_sequences, sequence_log_probs, tiny_generator
from exact.odds import PrefixDiscriminator, counts

from seqgan.decoding import GuidedGenerator, beam_search, guided_logits, sample
from seqgan.decoding.guided import steps_through
from seqgan.discriminators import CNNDiscriminator, HierarchicalDiscriminator, RNNDiscriminator
from seqgan.generators import LSTMGenerator, Seq2SeqGRU, TransformerGenerator
from seqgan.generators.masked import masked
from seqgan.tensors.rows import repeat_rows

TOY = make_toy()
WITHOUT_END = make_toy(end=None)
EXACT = PrefixDiscriminator(TOY)


def law(toy, generator):
    """The probability of each of the toy's sequences, under teacher forcing. [A]"""
    return sequence_log_probs(generator, toy.tokens, toy.mask).exp().detach()


def follows(drawn, expected):
    """Whether counts are those of a law, by chi-square over the sequences that it has."""
    there = expected > 0
    assert (drawn[~there] == 0).all()
    number, expected = drawn.sum(), expected[there] * drawn.sum()
    assert number >= 10_000
    freedom = len(expected) - 1
    # The mean of chi-square over its degrees of freedom is 1, its deviation sqrt(2 / df): five of them.
    return ((drawn[there] - expected).square() / expected).sum() / freedom < 1 + 5 * (2 / freedom) ** 0.5


def conditionals(toy, probs):
    """p(y_t | y_<t) of all sequences, by sums over those with the same prefix. [A, T]"""
    of_prefix = toy.same_prefix.double() @ probs  # [A, T]
    before = torch.cat([torch.ones(len(probs), 1, dtype=torch.float64), of_prefix[:, :-1]], dim=1)
    return of_prefix / before


@pytest.mark.parametrize("toy", [TOY, WITHOUT_END])
def test_with_exact_odds_the_next_token_is_the_datas(toy):
    guided = GuidedGenerator(toy.generator, PrefixDiscriminator(toy), candidates=3)
    with torch.no_grad():
        probs = guided(toy.tokens).softmax(2).gather(2, toy.tokens.unsqueeze(2)).squeeze(2)
    assert (probs - conditionals(toy, toy.data))[toy.mask].abs().max() < 1e-12
    assert (law(toy, guided) - toy.data).abs().max() < 1e-12


def test_guided_logits_are_those_of_the_datas_conditional():
    after_two = (TOY.tokens[:, 0] == 2).nonzero().squeeze(1)
    q, p = (conditionals(TOY, of)[after_two, 1] for of in (TOY.probs, TOY.data))
    odds = EXACT(TOY.tokens, TOY.mask)[after_two, 1]
    # As many sequences go on with each second token as there are third ones: one of each is kept.
    first = torch.tensor([(TOY.tokens[after_two, 1] == v).int().argmax().item() for v in range(3)])
    found = guided_logits(q.log()[first] + 5, odds[first] - 2).softmax(0)  # constants change nothing
    assert (found - p[first]).abs().max() < 1e-12
    assert torch.equal(guided_logits(q.log(), odds, weight=0.0), q.log())


@pytest.mark.parametrize("weight", [0.0, 0.5, 2.0])
def test_the_weight_is_a_power_of_the_odds(weight):
    guided = GuidedGenerator(TOY.generator, EXACT, 3, weight)
    odds = EXACT(TOY.tokens, TOY.mask)
    expected = torch.ones(len(TOY.probs), dtype=torch.float64)
    q = TOY.generator(TOY.tokens).softmax(2).detach()
    for a, t in TOY.mask.nonzero().tolist():
        weights = torch.zeros(3, dtype=torch.float64)
        for v in range(3):
            other = TOY.tokens[a].clone()
            other[t] = v
            weights[v] = q[a, t, v] * EXACT._odds(other.unsqueeze(0), torch.tensor([t]))[0].mul(weight).exp()
        expected[a] *= weights[TOY.tokens[a, t]] / weights.sum()
    assert (law(TOY, guided) - expected).abs().max() < 1e-12
    assert odds.isfinite().all()


def test_of_the_k_likeliest_it_is_the_truncated_law():
    guided = GuidedGenerator(TOY.generator, EXACT, candidates=2)
    q = TOY.generator(TOY.tokens).detach()  # [A, T, V]
    least = q.argmin(dim=2)
    of_data = conditionals(TOY, TOY.data)
    # The data's conditional of the least likely token is what the two others share out anew.
    expected = torch.ones(len(TOY.probs), dtype=torch.float64)
    for a, t in TOY.mask.nonzero().tolist():
        prefix = TOY.same_prefix[a, t - 1] if t else torch.ones(len(TOY.probs), dtype=torch.bool)
        dropped = (TOY.data * prefix * (TOY.tokens[:, t] == least[a, t])).sum() / (TOY.data * prefix).sum()
        expected[a] *= 0 if TOY.tokens[a, t] == least[a, t] else of_data[a, t] / (1 - dropped)
    assert (law(TOY, guided) - expected).abs().max() < 1e-12


def test_draws_follow_the_law_and_with_exact_odds_the_data(rng):
    guided = GuidedGenerator(TOY.generator, EXACT, candidates=3)
    drawn = counts(TOY, sample(guided, 40_000, 3, rng=rng).tokens)
    assert follows(drawn, TOY.data)
    assert not follows(drawn, TOY.probs)


def test_truncated_and_tempered_draws_follow_their_law(rng):
    guided = GuidedGenerator(TOY.generator, EXACT, candidates=2, weight=1.5)
    assert follows(counts(TOY, sample(guided, 20_000, 3, rng=rng).tokens), law(TOY, guided))
    log_probs = (guided(TOY.tokens).detach() / 0.7).log_softmax(2).gather(2, TOY.tokens.unsqueeze(2)).squeeze(2)
    cold = torch.where(TOY.mask, log_probs, 0.0).sum(1).exp()
    assert follows(counts(TOY, sample(guided, 20_000, 3, rng=rng, temperature=0.7).tokens), cold)


def test_what_follows_a_prefix_is_guided_by_it(rng):
    guided = GuidedGenerator(TOY.generator, EXACT, candidates=3)
    begins = TOY.tokens[:, 0] == 2
    given = torch.where(begins, TOY.data, 0.0) / TOY.data[begins].sum()
    assert follows(counts(TOY, sample(guided, 20_000, 3, rng=rng, prefix=torch.tensor([2])).tokens), given)


def test_an_excluded_symbol_never_comes_out_and_takes_no_place_among_the_likeliest(rng):
    guided = GuidedGenerator(TOY.generator, EXACT, candidates=2, weight=3.0)
    without = masked(guided, [1])
    assert isinstance(without, GuidedGenerator)
    drawn = sample(without, 20_000, 3, rng=rng).tokens
    assert not (drawn == 1).any()
    # Two symbols are left, and both are judged: guided by all of them it is the same law.
    of_all = masked(GuidedGenerator(TOY.generator, EXACT, 3, 3.0), [1])
    assert follows(counts(TOY, drawn), law(TOY, of_all))


def test_memory_in_small_groups_changes_no_law(rng):
    guided = GuidedGenerator(TOY.generator, EXACT, candidates=3)
    drawn = sample(guided, 12_000, 3, rng=rng, memory=50 * 2**20).tokens
    assert follows(counts(TOY, drawn), TOY.data)


def test_a_search_finds_what_the_data_has_most_of():
    guided = GuidedGenerator(TOY.generator, EXACT, candidates=3)
    found = beam_search(guided, 15, rows=1, max_length=3, length_penalty=0.0)
    assert torch.equal(found.tokens[0, 0], TOY.tokens[TOY.data.argmax()])
    assert found.log_probs[0, 0].exp().item() == pytest.approx(TOY.data.max().item(), abs=1e-12)


def recurrent(layers=1):
    torch.manual_seed(0)
    return RNNDiscriminator(6, embedding_size=3, hidden_size=5, layers=layers, per_token=True).double().eval()


@pytest.mark.parametrize("make", [LSTMGenerator, TransformerGenerator])
@pytest.mark.parametrize("k", [2, 6])
def test_steps_give_what_each_prefix_read_anew_gives(make, k):
    torch.manual_seed(1)
    sizes = {"hidden_size": 5} if make is LSTMGenerator else {"heads": 2, "max_length": 4}
    generator, judge = make(6, embedding_size=4, **sizes).double().eval(), recurrent(layers=2)
    guided = GuidedGenerator(generator, judge, k, weight=0.8)
    tokens, mask = all_sequences(6, 4, end=None)
    tokens, mask = tokens[::97], mask[::97]
    logits = guided(tokens).detach()
    for t in range(4):
        kept = generator(tokens)[:, t].detach().topk(k).indices  # [R, k]
        expected = torch.full_like(logits[:, t], -torch.inf)
        for place in range(k):
            other = tokens.clone()
            other[:, t] = kept[:, place]
            own = generator(tokens)[:, t].detach().gather(1, kept[:, place : place + 1])
            odds = judge(other, mask)[:, t : t + 1].detach()
            expected.scatter_(1, kept[:, place : place + 1], own + 0.8 * odds)
        torch.testing.assert_close(logits[:, t], expected, atol=1e-10, rtol=0)


def pair_players():
    torch.manual_seed(0)
    generator = Seq2SeqGRU(7, 6, 4, 4).double().eval()
    judge = HierarchicalDiscriminator(7, 6, embedding_size=3, hidden_size=5, turn_separator=1, per_token=True).double()
    for parameter in (*generator.parameters(), *judge.parameters()):
        torch.nn.init.normal_(parameter, std=0.8)
    return generator, judge.eval()


def test_a_row_is_guided_by_its_own_source(rng):
    generator, judge = pair_players()
    guided = GuidedGenerator(generator, judge, 6, weight=3.0)
    source = torch.tensor([[2, 3, 1, 4], [5, 6, 0, 0]])
    mask = torch.tensor([[True] * 4, [True, True, False, False]])
    context = guided.encode(source, mask)
    tokens, real = all_sequences(6, 2, end=0)
    laws = []
    for row in range(2):
        own = guided.encode(source[row : row + 1].expand(len(tokens), -1), mask[row : row + 1].expand(len(tokens), -1))
        log_probs = guided(tokens, own).detach().log_softmax(2).gather(2, tokens.unsqueeze(2)).squeeze(2)
        laws.append(torch.where(real, log_probs, 0.0).sum(1).exp())
    assert (laws[0] - laws[1]).abs().sum() > 0.1
    drawn = sample(guided, 40_000, 2, repeat_rows(context, 20_000), rng=rng).tokens
    for row in range(2):
        some = drawn[row * 20_000 : (row + 1) * 20_000]
        found = (some.unsqueeze(1) == tokens).all(2).sum(0)
        assert follows(found, laws[row])


def test_ended_rows_disturb_no_other():
    guided = GuidedGenerator(tiny_generator(6), recurrent(), 4)
    tokens, mask = sample(guided, 300, 8, rng=torch.Generator().manual_seed(0))
    assert (tokens[~mask] == 0).all()
    assert len(mask.sum(1).unique()) > 3
    assert sample(guided, 0, 8, rng=torch.Generator()).tokens.shape == (0, 8)


def test_who_guides_has_logits_of_prefixes_and_steps():
    assert steps_through(recurrent())
    assert not steps_through(RNNDiscriminator(6))
    assert not steps_through(CNNDiscriminator(6))


def test_no_token_is_too_few():
    with pytest.raises(ValueError, match="The 0 likeliest tokens are to be judged: 1 or more"):
        GuidedGenerator(TOY.generator, EXACT, 0)
