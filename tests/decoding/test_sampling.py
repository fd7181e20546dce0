import sys

import pytest
import torch
from exact.listed import all_sequences, sequence_log_probs, tiny_generator

from seqgan.decoding import adjust_logits, sample, sample_tokens
from seqgan.decoding.sampling import BLOCKS
from seqgan.generators import LSTMGenerator, Seq2SeqGRU, TransformerGenerator


@pytest.mark.parametrize("size", [2, 7, BLOCKS, BLOCKS + 1, 300])
def test_draws_follow_the_distribution(size, rng):
    logits = torch.randn(1, size, generator=rng, dtype=torch.float64)
    draws = 100_000
    counts = torch.bincount(sample_tokens(logits.expand(draws, -1), rng), minlength=size)
    expected = logits.softmax(1)[0] * draws
    chi_square = ((counts - expected).square() / expected).sum() / (size - 1)
    # The mean of chi-square over its degrees of freedom is 1, its deviation sqrt(2 / df): five of them.
    assert chi_square < 1 + 5 * (2 / (size - 1)) ** 0.5


@pytest.mark.parametrize("size", [5, 64, 200])
def test_a_draw_is_the_inverse_of_the_distribution_function(size):
    logits = torch.randn(500, size, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    drawn = sample_tokens(logits, torch.Generator().manual_seed(4))
    uniform = torch.rand(500, 1, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    # The slow form: one cumulative sum, over the ids in the order in which the blocks hold them.
    order = sorted(range(size), key=lambda v: (v % BLOCKS, v // BLOCKS))
    cumulative = logits.softmax(1)[:, order].cumsum(1)
    slow = torch.tensor(order)[(cumulative <= uniform).sum(1)]
    assert (drawn == slow).all()


def test_a_token_of_probability_zero_is_never_drawn(rng):
    logits = torch.full((20_000, 130), -torch.inf)
    logits[:, 64] = logits[:, 65] = 0.0  # neighbours of blocks 0 and 1, all others are empty
    assert set(sample_tokens(logits, rng).tolist()) == {64, 65}


def test_certain_tokens_are_drawn_whatever_the_scale(rng):
    logits = torch.tensor([[1e4, -1e4, 0.0], [-1e4, 0.0, 1e4]])
    assert sample_tokens(logits, rng).tolist() == [0, 2]


def test_sampling_equals_the_plain_loop_that_reads_each_prefix_again(generator):
    fast = sample(generator, 50, 6, rng=torch.Generator().manual_seed(5))
    rng = torch.Generator().manual_seed(5)
    tokens = torch.zeros(50, 6, dtype=torch.long)
    going = torch.arange(50)
    for t in range(6):
        with torch.no_grad():
            logits = generator(tokens[going])[:, t]
        tokens[going, t] = sample_tokens(logits, rng)
        going = going[tokens[going, t] != generator.end]
    assert (fast.tokens == tokens).all()


def test_sampled_sequences_follow_the_models_distribution(generator, rng):
    tokens, mask = all_sequences(4, 3, end=0)
    probs = sequence_log_probs(generator, tokens, mask).exp()
    torch.testing.assert_close(probs.sum().item(), 1.0)
    drawn = sample(generator, 50_000, 3, rng=rng).tokens
    counts = (drawn.unsqueeze(1) == tokens).all(2).sum(0)
    expected = probs.detach() * 50_000
    chi_square = ((counts - expected).square() / expected).sum() / (len(tokens) - 1)
    assert chi_square < 1 + 5 * (2 / (len(tokens) - 1)) ** 0.5


def test_samples_have_the_asked_length_and_hold_nothing_but_ends_after_the_end(generator, rng):
    tokens, mask = sample(generator, 200, 9, rng=rng)
    assert tokens.shape == mask.shape == (200, 9)
    assert (tokens[~mask] == generator.end).all()
    for row, row_mask in zip(tokens.tolist(), mask.tolist(), strict=True):
        length = row.index(0) + 1 if 0 in row else 9
        assert row_mask == [t < length for t in range(9)]


def test_without_an_end_symbol_all_sequences_are_full(rng):
    samples = sample(tiny_generator(end=None), 20, 5, rng=rng)
    assert samples.mask.all()
    assert (samples.tokens == 0).any()  # id 0 is an ordinary token then


def test_sampling_leaves_dropout_off_and_the_mode_as_it_was(rng):
    generator = tiny_generator(dropout=0.9).train()
    a = sample(generator, 8, 5, rng=torch.Generator().manual_seed(1))
    b = sample(generator, 8, 5, rng=torch.Generator().manual_seed(1))
    assert (a.tokens == b.tokens).all()
    assert generator.training


def test_a_prefix_is_kept_and_what_follows_is_conditioned_on_it(generator, rng):
    prefix = torch.tensor([2, 3])
    tokens, _ = sample(generator, 40_000, 3, rng=rng, prefix=prefix)
    assert (tokens[:, :2] == prefix).all()
    expected = generator(torch.tensor([[2, 3, 0]]))[0, 2].softmax(-1)
    shares = torch.bincount(tokens[:, 2], minlength=4) / 40_000
    torch.testing.assert_close(shares.double(), expected.detach(), atol=0.015, rtol=0)  # 6 deviations of at most 0.0025


def test_a_prefix_that_is_too_long_is_refused(generator, rng):
    with pytest.raises(ValueError, match="The prefix has 4 tokens and max_length is 3"):
        sample(generator, 2, 3, rng=rng, prefix=torch.tensor([1, 2, 3, 1]))


def test_a_prefix_that_fills_the_sequence_is_the_sequence(generator, rng):
    prefix = torch.tensor([[1, 2, 3], [2, 0, 0]])
    tokens, mask = sample(generator, 2, 3, rng=rng, prefix=prefix)
    assert torch.equal(tokens, prefix)
    assert mask.tolist() == [[True, True, True], [True, True, False]]


def test_rows_whose_prefix_has_ended_stay_as_they_are_and_disturb_no_other(generator):
    prefix = torch.tensor([[1, 0], [2, 3]]).repeat(20_000, 1)
    tokens, mask = sample(generator, 40_000, 4, rng=torch.Generator().manual_seed(0), prefix=prefix)
    assert (tokens[::2] == torch.tensor([1, 0, 0, 0])).all()
    assert (mask[::2].sum(1) == 2).all()
    expected = generator(torch.tensor([[2, 3, 0]]))[0, 2].softmax(-1)
    shares = torch.bincount(tokens[1::2, 2], minlength=4) / 20_000
    torch.testing.assert_close(shares.double(), expected.detach(), atol=0.02, rtol=0)  # 6 deviations of at most 0.0036


def test_temperature_divides_logits():
    adjusted = adjust_logits(torch.tensor([[1.0, -2.0]]), temperature=0.5)
    torch.testing.assert_close(adjusted.softmax(1), torch.tensor([[2.0, -4.0]]).softmax(1))


def test_next_to_no_temperature_takes_the_likeliest(rng):
    logits = torch.tensor([[1.0, 3.0, 2.0]]).expand(50, -1)
    assert (sample_tokens(adjust_logits(logits, temperature=1e-39), rng) == 1).all()


def test_top_k_keeps_the_likeliest():
    kept = adjust_logits(torch.tensor([[1.0, 3.0, 2.0, 0.0]]), top_k=2)
    assert kept.isfinite().tolist() == [[False, True, True, False]]


def test_top_p_keeps_the_fewest_that_reach_it():
    logits = torch.tensor([[0.1, 0.5, 0.15, 0.25]]).log()
    # 0.5 + 0.25 reaches 0.6 and 0.75; 0.8 needs the third.
    assert adjust_logits(logits, top_p=0.6).isfinite().tolist() == [[False, True, False, True]]
    assert adjust_logits(logits, top_p=0.8).isfinite().tolist() == [[False, True, True, True]]
    assert adjust_logits(logits, top_p=0.0).isfinite().tolist() == [[False, True, False, False]]


def test_threads_change_nothing(monkeypatch):
    """Whose rows end at different places, and are shared out anew."""
    monkeypatch.setattr(sys.modules[sample.__module__], "LEAST_ROWS", 2)
    torch.manual_seed(0)
    recurrent = LSTMGenerator(7, 5, 6, layers=2)
    attentive = TransformerGenerator(7, 8, 8, layers=2, heads=2, max_length=12)
    from_sources = Seq2SeqGRU(7, 7, 4, 6)
    source, mask = torch.randint(1, 7, (40, 5)), torch.arange(5) < torch.randint(1, 6, (40, 1))
    before = torch.get_num_threads()
    for model in (recurrent, attentive, from_sources):
        model.double().eval()
        context = model.encode(source, mask) if model is from_sources else None
        drawn, rows = [], []
        monkeypatch.setattr(model, "advance", recording(model.advance, rows))
        try:
            for threads in (1, 2, 5):
                torch.set_num_threads(threads)
                rng = torch.Generator().manual_seed(3)
                drawn.append(sample(model, 40, 12, context, rng=rng).tokens)
        finally:
            torch.set_num_threads(before)
        assert (drawn[0] == 0).any(dim=1).sum() > 5
        assert torch.equal(drawn[0], drawn[1])
        assert torch.equal(drawn[0], drawn[2])
        assert min(rows) > 0
        assert min(rows) < 8  # shared out


def recording(advance, rows):
    """It, writing down how many rows each call has."""

    def advance_and_record(tokens, state):
        rows.append(len(tokens))
        return advance(tokens, state)

    return advance_and_record
