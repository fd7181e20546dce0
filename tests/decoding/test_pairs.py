"""Decoding from sources: rows that come of one source look at one copy of it, and what comes out is the same."""

import pytest
import torch
from exact.listed import all_sequences
from support.kinds import CONDITIONAL_GENERATORS
from torch import nn

from seqgan.decoding import Samples, rollout, sample, sample_tokens
from seqgan.decoding.memory import state_bytes
from seqgan.generators import encoders
from seqgan.tensors.masking import mask_from_tokens
from seqgan.tensors.rows import SharedRows, disturb_rows, join_rows, repeat_rows, select_rows, split_rows

NAMES = sorted(CONDITIONAL_GENERATORS)
SOURCE = torch.tensor([[3, 2, 4, 1, 0], [5, 8, 0, 0, 0], [0, 0, 0, 0, 0], [7, 7, 3, 0, 0]])
SOURCE_MASK = mask_from_tokens(SOURCE, end=0)
ROWS = len(SOURCE)


@pytest.fixture(params=NAMES)
def generator(request):
    """Four symbols, 0 the end; what comes next depends much on source and tokens."""
    torch.manual_seed(0)
    model = CONDITIONAL_GENERATORS[request.param](9, 4, 8, 12, layers=2).double().eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name != "output_bias" and "norm" not in name:
                parameter.mul_(1.5 if "transformer" in request.param else 3)
    return model.requires_grad_(False)


@pytest.fixture
def context(generator):
    return generator.encode(SOURCE, SOURCE_MASK)


@pytest.fixture(params=[1, 2**20], ids=["row by row", "together"])
def _at_once(request, monkeypatch):
    monkeypatch.setattr(encoders, "SOURCE_BYTES", (request.param, request.param))


class Stepping(nn.Module):
    """The same model with the four methods of every generator, and nothing that makes decoding faster."""

    def __init__(self, generator):
        super().__init__()
        self.generator = generator
        self.vocabulary_size, self.start, self.end = generator.vocabulary_size, generator.start, generator.end
        self.encode, self.initial_state, self.step = generator.encode, generator.initial_state, generator.step

    def forward(self, tokens, context):
        return self.generator(tokens, context)


def value_of(tokens, mask, row=None):
    """A reward that differs between sequences, and between sentences."""
    weights = 7.0 ** torch.arange(tokens.shape[1], dtype=torch.float64)
    value = (torch.where(mask, tokens + 1, 0) * weights).sum(1) / 1000
    return value if row is None else value * (1 + row)


def test_logits_are_a_linear_map_of_what_stands_before_it(generator, context, rng):
    tokens = torch.randint(0, 4, (ROWS, 3), generator=rng)
    weight, bias = generator.output_layer()
    assert weight.shape[0] == bias.shape[0] == 4
    features = generator.features(tokens, context)
    assert features.shape == (ROWS, 3, weight.shape[1])
    torch.testing.assert_close(features @ weight.T + bias, generator(tokens, context))
    state = generator.initial_state(ROWS, context)
    values, after = generator.advance(tokens[:, 0], state)
    logits, expected = generator.step(tokens[:, 0], state)
    torch.testing.assert_close(values @ weight.T + bias, logits)
    torch.testing.assert_close(after, expected)


@pytest.mark.usefixtures("_at_once")
@pytest.mark.parametrize("length", [0, 1, 3])
def test_rows_that_share_their_sources_go_on_as_rows_with_copies(generator, context, length, rng):
    tokens = torch.randint(0, 4, (ROWS, length + 2), generator=rng)
    copies = generator.initial_state(ROWS, context)
    shared = generator.share_source(copies)
    for t in range(length):
        _, copies = generator.step(tokens[:, t], copies)
        _, shared = generator.step(tokens[:, t], shared)

    def forked(state):
        return join_rows(select_rows(state, torch.tensor([3, 0])), *split_rows(repeat_rows(state, 2), [3, 5]))

    copies, shared = forked(copies), forked(shared)
    for token in torch.randint(0, 4, (2, 10), generator=rng):
        expected, copies = generator.step(token, copies)
        logits, shared = generator.step(token, shared)
        torch.testing.assert_close(logits, expected)


@pytest.mark.usefixtures("_at_once")
def test_samples_are_those_of_the_plain_loop_that_reads_each_prefix_again(generator, context):
    many = select_rows(context, torch.arange(ROWS).repeat(10))
    fast = sample(generator, 10 * ROWS, 6, many, rng=torch.Generator().manual_seed(5))
    rng = torch.Generator().manual_seed(5)
    tokens = torch.zeros(10 * ROWS, 6, dtype=torch.long)
    going = torch.arange(10 * ROWS)
    for t in range(6):
        logits = generator(tokens[going], select_rows(many, going))[:, t]
        tokens[going, t] = sample_tokens(logits, rng)
        going = going[tokens[going, t] != generator.end]
    assert (fast.tokens == tokens).all()
    assert len(fast.mask.sum(dim=1).unique()) > 2  # lengths


@pytest.mark.usefixtures("_at_once")
def test_samples_and_rollouts_are_those_of_steps_alone(generator, context):
    plain = Stepping(generator)
    drawn = [sample(each, ROWS, 6, context, rng=torch.Generator().manual_seed(2)) for each in (generator, plain)]
    assert torch.equal(drawn[0].tokens, drawn[1].tokens)
    values = [
        rollout(each, value_of, drawn[0], 5, context, rng=torch.Generator().manual_seed(3), memory=2**40)
        for each in (generator, plain)
    ]
    assert torch.equal(values[0], values[1])
    assert values[0].std(dim=0).amax() > 0


def test_samples_follow_the_models_distribution_given_their_source(generator, context, rng):
    tokens, mask = all_sequences(4, 3, end=0)
    draws = 10_000
    drawn = sample(generator, ROWS * draws, 3, repeat_rows(context, draws), rng=rng).tokens.unflatten(0, (ROWS, draws))
    for row in range(ROWS):
        given = select_rows(context, torch.full((len(tokens),), row))
        log_probs = generator(tokens, given).log_softmax(-1).gather(-1, tokens.unsqueeze(-1)).squeeze(-1)
        expected = torch.where(mask, log_probs, 0.0).sum(1).exp() * draws
        counts = (drawn[row].unsqueeze(1) == tokens).all(2).sum(0)
        often = expected >= 5  # where chi-square holds; the rest is one cell
        counts, expected = (
            torch.cat([each[often].double(), each[~often].sum().double().view(1)]) for each in (counts, expected)
        )
        chi_square = ((counts - expected).square() / expected.clamp(min=1)).sum() / (len(expected) - 1)
        assert chi_square < 1 + 5 * (2 / (len(expected) - 1)) ** 0.5


@pytest.mark.usefixtures("_at_once")
def test_one_pass_equals_the_double_loop_for_a_generator_without_choice(generator, rng):
    generator.output_weight.mul_(1e6)  # one token has all the probability, given any source and prefix
    context = generator.encode(SOURCE, SOURCE_MASK)
    tokens = torch.tensor([[1, 2, 3, 1, 2], [3, 3, 0, 0, 0], [2, 1, 2, 1, 0], [0, 0, 0, 0, 0]])
    samples = Samples(tokens, mask_from_tokens(tokens, 0))
    fast = rollout(generator, value_of, samples, 2, context, rng=rng)
    for b in range(ROWS):
        for t in range(int(samples.mask[b].sum()) - 1):
            completed = tokens[b : b + 1].clone()
            for later in range(t + 1, 5):
                own = generator.encode(SOURCE[b : b + 1], SOURCE_MASK[b : b + 1])
                completed[:, later] = generator(completed, own)[:, later].argmax(1)
                if completed[0, later - 1] == 0:
                    completed[:, later] = 0
            assert (fast[:, b, t] == value_of(completed, mask_from_tokens(completed, 0), torch.tensor([b]))).all()


def test_a_budget_that_splits_sentences_leaves_each_its_own_source(generator, rng):
    generator.output_weight.mul_(1e6)
    context = generator.encode(SOURCE, SOURCE_MASK)
    whole = sample(generator, ROWS, 5, context, rng=rng)
    assert torch.equal(sample(generator, ROWS, 5, context, rng=rng, memory=1).tokens, whole.tokens)
    expected = rollout(generator, value_of, whole, 2, context, rng=rng)
    torch.testing.assert_close(rollout(generator, value_of, whole, 2, context, rng=rng, memory=1), expected)


def test_a_rows_bytes_do_not_grow_with_its_source(generator):
    long = torch.ones(1, 300, dtype=torch.long)
    sizes = {
        state_bytes(generator, 4, generator.encode(source, source > 0), torch.device("cpu"))
        for source in (long, long[:, :2])
    }
    assert len(sizes) == 1


def test_shared_rows_are_the_tables_rows():
    table = (torch.tensor([[1.0], [2.0], [3.0]]), torch.tensor([True, False, True]))
    shared = SharedRows(table)
    assert shared.row_bytes() == 4 + 1
    picked = select_rows(shared, torch.tensor([2, 0, 2]))
    assert picked.table is table
    assert picked.rows()[0].tolist() == [[3], [1], [3]]
    assert repeat_rows(picked, 2).index.tolist() == [2, 2, 0, 0, 2, 2]
    first, second = split_rows(picked, [1, 2])
    assert (first.index.tolist(), second.index.tolist()) == ([2], [0, 2])
    assert join_rows(second, first).table is table
    assert join_rows(second, first).rows()[0].tolist() == [[1], [3], [3]]
    other = SharedRows((torch.tensor([[8.0]]), torch.tensor([True])))
    both = join_rows(second, other, first)
    assert both.rows()[0].tolist() == [[1], [3], [8], [3]]
    assert both.rows()[1].tolist() == [True, True, True, True]


def test_noise_on_shared_rows_is_each_rows_own(rng):
    shared = SharedRows((torch.zeros(1, 3), torch.tensor([True])), torch.tensor([0, 0]))
    noisy, mask = disturb_rows(shared, 1.0, rng)
    assert noisy.shape == (2, 3)
    assert (noisy[0] != noisy[1]).all()
    assert mask.tolist() == [True, True]
    assert (shared.rows()[0] == 0).all()  # the table is as it was
