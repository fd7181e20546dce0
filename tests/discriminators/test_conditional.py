"""What holds for every discriminator of a sequence given its source."""

import pytest
import torch
from support.kinds import CONDITIONAL_DISCRIMINATORS
from torch.nn import functional

from seqgan.discriminators import (
    HierarchicalDiscriminator,
    TwoTowerCNNDiscriminator,
    TwoTowerRNNDiscriminator,
    two_tower_cnn,
)
from seqgan.discriminators.hierarchical import divide_turns
from seqgan.errors import ConfigError
from seqgan.tensors.masking import mask_from_tokens
from seqgan.tensors.rows import repeat_rows, select_rows

TOKENS = torch.tensor([[3, 2, 0, 0, 0, 0], [1, 4, 5, 2, 0, 0], [0, 0, 0, 0, 0, 0], [5, 5, 1, 2, 3, 4]])
MASK = mask_from_tokens(TOKENS, end=0)
# 8 closes a turn: two turns of unequal length, one turn, none at all but the end, three of which the last is closed.
SOURCE = torch.tensor([[3, 2, 8, 1, 0], [5, 7, 0, 0, 0], [0, 0, 0, 0, 0], [7, 8, 3, 8, 8]])
SOURCE_MASK = mask_from_tokens(SOURCE, end=0)
KINDS = [
    ("hierarchical", {}),
    ("hierarchical", {"turn_separator": 8, "layers": 2}),
    ("hierarchical", {"turn_separator": 8, "per_token": True}),
    ("two-tower-cnn", {"filters": {1: 9, 2: 8, 4: 7}}),
    ("two-tower-cnn", {"filters": {1: 9, 2: 8, 4: 7}, "source_filters": {3: 10}}),
    ("two-tower-rnn", {"layers": 1}),
    ("two-tower-rnn", {"layers": 2}),
]


@pytest.fixture(params=KINDS, ids=str)
def discriminator(request):
    name, options = request.param
    torch.manual_seed(0)
    return CONDITIONAL_DISCRIMINATORS[name](9, 6, **options).double().eval()


@pytest.fixture
def judge(discriminator):
    """Logits of sequences given sources; at padding, where they mean nothing, 0."""

    def logits(tokens=TOKENS, mask=MASK, source=SOURCE, source_mask=SOURCE_MASK):
        result = discriminator(tokens, mask, discriminator.encode(source, source_mask))
        assert result.shape == (mask.shape if getattr(discriminator, "per_token", False) else mask.shape[:1])
        return torch.where(mask, result, 0.0) if result.dim() == 2 else result

    return logits


def test_what_follows_the_ends_changes_nothing(judge):
    dirty = torch.where(MASK, TOKENS, torch.tensor([5, 4, 3, 2, 1, 5]))
    dirty_source = torch.where(SOURCE_MASK, SOURCE, torch.tensor([1, 7, 8, 8, 4]))
    torch.testing.assert_close(judge(dirty, source=dirty_source), judge())


@pytest.mark.parametrize("padding", [1, 20])
def test_how_far_batches_are_padded_changes_nothing(judge, padding):
    pad = (0, padding)
    wider = judge(functional.pad(TOKENS, pad), functional.pad(MASK, pad))
    torch.testing.assert_close(wider[:, :6] if wider.dim() == 2 else wider, judge())
    wider = judge(source=functional.pad(SOURCE, pad, value=8), source_mask=functional.pad(SOURCE_MASK, pad))
    torch.testing.assert_close(wider, judge())


def test_a_row_does_not_depend_on_the_other_rows(judge):
    for row in range(4):
        rows = slice(row, row + 1)
        torch.testing.assert_close(judge(TOKENS[rows], MASK[rows], SOURCE[rows], SOURCE_MASK[rows]), judge()[rows])


def test_rows_of_a_context_can_be_selected_and_repeated(discriminator):
    context = discriminator.encode(SOURCE, SOURCE_MASK)
    rows = torch.tensor([3, 0, 0, 2, 1])
    expected = discriminator(TOKENS[rows], MASK[rows], discriminator.encode(SOURCE[rows], SOURCE_MASK[rows]))
    torch.testing.assert_close(discriminator(TOKENS[rows], MASK[rows], select_rows(context, rows)), expected)
    twice = torch.arange(4).repeat_interleave(2)
    repeated = discriminator(TOKENS[twice], MASK[twice], repeat_rows(context, 2))
    torch.testing.assert_close(repeated, discriminator(TOKENS, MASK, context)[twice])


def test_another_source_changes_the_logit_and_nothing_but_its_own(judge):
    shuffled = torch.tensor([1, 0, 2, 3])
    logits = judge(source=SOURCE[shuffled], source_mask=SOURCE_MASK[shuffled])
    same = torch.isclose(logits, judge())
    same = same.all(1) if same.dim() == 2 else same
    assert same.tolist() == [False, False, True, True]


def test_every_token_of_the_source_and_their_order_matter(judge):
    # Sources alike in all but this: no filter of width 1 can tell an order, but one of the towers' others can.
    longest = SOURCE[3:]
    changes = [torch.where(torch.arange(5) == place, 6, longest) for place in range(5)]
    changes.append(longest[:, [1, 0, 2, 3, 4]])
    expected = judge()[3]
    for changed in changes:
        source = torch.cat([SOURCE[:3], changed])
        assert not torch.isclose(judge(source=source)[3], expected).any()


def test_one_hot_distributions_are_their_tokens(judge):
    torch.testing.assert_close(judge(functional.one_hot(TOKENS, 6).double()), judge())


def test_scoring_without_gradients_gives_the_same_logits(judge):
    with torch.no_grad():
        without = judge()
    torch.testing.assert_close(without, judge().detach())


def test_training_without_dropout_judges_as_scoring_does(discriminator, judge):
    scored = judge()
    discriminator.train()
    for module in discriminator.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    torch.testing.assert_close(judge(), scored)


def test_dropout_acts_in_training_only_and_on_both_sides(discriminator):
    def logits(context):
        return discriminator(TOKENS, MASK, context)

    context = discriminator.encode(SOURCE, SOURCE_MASK)
    assert torch.equal(logits(context), logits(discriminator.encode(SOURCE, SOURCE_MASK)))
    discriminator.train()
    assert not torch.equal(logits(context), logits(context))
    dropped, again = (discriminator.encode(SOURCE, SOURCE_MASK) for _ in range(2))
    discriminator.eval()
    assert not torch.equal(logits(dropped), logits(again))


def test_evaluation_mode_trains_every_parameter_too(discriminator, judge):
    judge().square().sum().backward()
    assert not discriminator.training
    for name, parameter in discriminator.named_parameters():
        assert parameter.grad.isfinite().all()
        assert parameter.grad.abs().sum() > 0, name


def test_a_gradient_reaches_the_distributions_of_real_tokens_alone(judge):
    probs = torch.full((4, 6, 6), 1 / 6, dtype=torch.float64, requires_grad=True)
    judge(probs).sum().backward()
    sizes = probs.grad.abs().sum(-1)
    assert (sizes[~MASK] == 0).all()
    assert (sizes.sum(1) > 0).all()


def test_texts_without_tokens_are_no_nan_and_spoil_no_other(judge):
    mask, source_mask = MASK.clone(), SOURCE_MASK.clone()
    mask[1] = False
    source_mask[0] = False
    logits = judge(mask=mask, source_mask=source_mask)
    assert logits.isfinite().all()
    torch.testing.assert_close(logits[2:], judge()[2:])
    assert judge(source_mask=torch.zeros_like(SOURCE_MASK)).isfinite().all()


def test_judgement_of_nothing_is_refused_in_one_line(discriminator):
    name = type(discriminator).__name__
    with pytest.raises(ConfigError, match=f"{name} judges how a sequence fits a source, and none is given: [^\n]*$"):
        discriminator.encode(None, None)
    with pytest.raises(ConfigError, match=f"{name} judges how a sequence fits a source: give it the context"):
        discriminator(TOKENS, MASK)
    context = discriminator.encode(SOURCE, SOURCE_MASK)
    with pytest.raises(ValueError, match="given 2 sequences and a context of 4 rows"):
        discriminator(TOKENS[:2], MASK[:2], context)


@pytest.mark.parametrize("name", sorted(CONDITIONAL_DISCRIMINATORS))
def test_a_shared_table_serves_the_source_too(name):
    small = {"filters": {1: 4}} if name == "two-tower-cnn" else {}
    shared = CONDITIONAL_DISCRIMINATORS[name](9, 9, shared_embedding=True, **small)
    assert not any(parameter.startswith("source_embedding") for parameter, _ in shared.named_parameters())
    shared(TOKENS, MASK, shared.encode(SOURCE, SOURCE_MASK)).sum().backward()
    assert shared.embedding.weight.grad[7].abs().sum() > 0
    with pytest.raises(ConfigError, match="source_vocabulary_size is 9 and vocabulary_size is 6"):
        CONDITIONAL_DISCRIMINATORS[name](9, 6, shared_embedding=True, **small)


SYMBOLS, LENGTH = 6, 3
LEARNERS = {
    "hierarchical": {"hidden_size": 32},
    "two-tower-cnn": {"filters": {1: 30, 2: 30, 3: 30}, "joint_size": 32},
    "two-tower-rnn": {"hidden_size": 32, "joint_size": 32},
}


def copies(rng, rows=64):
    """Sources, sequences that copy their own source or, every second one, a neighbour's, and which copy their own."""
    source = torch.randint(0, SYMBOLS, (rows, LENGTH), generator=rng)
    tokens = torch.where((torch.arange(rows) % 2 == 0).unsqueeze(1), source, source.roll(1, 0))
    return source, tokens, (tokens == source).all(1)


@pytest.mark.slow(reason="trains a model")
@pytest.mark.parametrize("name", sorted(CONDITIONAL_DISCRIMINATORS))
def test_what_fits_is_learnt(name):
    """Sequences alone are alike, and sources are: only both together tell a copy."""
    torch.manual_seed(0)
    rng = torch.Generator().manual_seed(1)
    discriminator = CONDITIONAL_DISCRIMINATORS[name](SYMBOLS, SYMBOLS, 16, dropout=0.0, **LEARNERS[name])
    optimizer = torch.optim.Adam(discriminator.parameters(), 0.003 if name == "two-tower-cnn" else 0.01)
    mask = torch.ones(64, LENGTH, dtype=torch.bool)
    for _ in range(200):
        source, tokens, real = copies(rng)
        logits = discriminator(tokens, mask, discriminator.encode(source, mask))
        optimizer.zero_grad()
        functional.binary_cross_entropy_with_logits(logits, real.float()).backward()
        optimizer.step()
    source, tokens, real = copies(rng, 1000)
    mask = torch.ones(1000, LENGTH, dtype=torch.bool)
    judged = discriminator(tokens, mask, discriminator.encode(source, mask)) > 0
    assert (judged == real).float().mean() > 0.9


def test_turns_are_divided_at_their_separators():
    words, mask = divide_turns(SOURCE, SOURCE_MASK, 8)
    turns = [[turn[real].tolist() for turn, real in zip(*row, strict=True)] for row in zip(words, mask, strict=True)]
    assert turns == [[[3, 2, 8], [1, 0], []], [[5, 7, 0], [], []], [[0], [], []], [[7, 8], [3, 8], [8]]]
    # What pads a row is no turn, whatever it is.
    padded = functional.pad(SOURCE, (0, 3), value=8)
    for plain, wider in zip((words, mask), divide_turns(padded, functional.pad(SOURCE_MASK, (0, 3)), 8), strict=True):
        assert torch.equal(plain, wider)
    words, mask = divide_turns(SOURCE, SOURCE_MASK, None)
    assert torch.equal(words[:, 0], SOURCE)
    assert torch.equal(mask[:, 0], SOURCE_MASK)


def test_the_hierarchy_is_two_lstms_by_a_plain_loop():
    torch.manual_seed(0)
    model = HierarchicalDiscriminator(9, 6, hidden_size=5, turn_separator=8).double().eval()
    logits = model(TOKENS, MASK, model.encode(SOURCE, SOURCE_MASK))
    turns = [[[3, 2, 8], [1, 0]], [[5, 7, 0]], [[0]], [[7, 8], [3, 8], [8]]]
    for row in range(4):
        texts = [model.source_embedding(torch.tensor(turn)) for turn in turns[row]]
        texts.append(model.embedding(TOKENS[row][MASK[row]]))
        vectors = torch.stack([model.layers[0](text)[0][-1] for text in texts])
        state = None
        for vector in vectors:
            state = model.turns(vector, state)
        torch.testing.assert_close(logits[row], model.output(state[0])[0])


def test_logits_per_token_are_those_of_the_prefixes():
    torch.manual_seed(0)
    whole = HierarchicalDiscriminator(9, 6, turn_separator=8, layers=2).double().eval()
    per_token = HierarchicalDiscriminator(9, 6, turn_separator=8, layers=2, per_token=True).double().eval()
    per_token.load_state_dict(whole.state_dict())
    context = whole.encode(SOURCE, SOURCE_MASK)
    logits = per_token(TOKENS, MASK, context)
    for t in range(6):
        prefix, mask = TOKENS[:, : t + 1], MASK[:, : t + 1]
        torch.testing.assert_close(logits[:, t][MASK[:, t]], whole(prefix, mask, context)[MASK[:, t]])


def test_two_towers_of_convolutions_by_a_plain_loop():
    """Convolution over whole windows, ReLU, maximum, highway for each text; both projections summed and multiplied."""
    torch.manual_seed(1)
    model = TwoTowerCNNDiscriminator(9, 6, 3, filters={1: 2, 3: 4}, source_filters={2: 5}, joint_size=4).double().eval()
    source, tokens = SOURCE[3], TOKENS[3]

    def features(tower, vectors):
        found = []
        for convolution in tower.convolutions:
            (width,) = convolution.kernel_size
            for kernel, bias in zip(convolution.weight, convolution.bias, strict=True):  # kernel [E, width]
                windows = [(vectors[t : t + width].T * kernel).sum() + bias for t in range(len(vectors) - width + 1)]
                found.append(max(max(windows), torch.tensor(0.0)))
        x = torch.stack(found)
        gate = tower.highway_gate(x).sigmoid()
        return gate * tower.highway_transform(x).relu() + (1 - gate) * x

    u = model.fit.source(features(model.source_tower, model.source_embedding(source)))
    v = model.fit.sequence(features(model.tower, model.embedding(tokens)))
    expected = model.fit.output(torch.cat([(u + v).relu(), u * v]))[0]
    torch.testing.assert_close(model(TOKENS, MASK, model.encode(SOURCE, SOURCE_MASK))[3], expected)


def test_towers_of_convolutions_have_the_papers_filters():
    filters = two_tower_cnn.FILTERS
    assert list(filters) == [1, 5, 9, 13, 17, 21, 25, 29, 33, 37, 41, 45, 49]
    assert (filters[1], filters[5], filters[49]) == (110, 150, 590)


def test_two_recurrent_towers_are_means_of_states():
    torch.manual_seed(1)
    model = TwoTowerRNNDiscriminator(9, 6, 3, hidden_size=4, joint_size=5).double().eval()
    logits = model(TOKENS, MASK, model.encode(SOURCE, SOURCE_MASK))

    def mean(tower, vectors):
        (forwards,), (backwards,) = tower.forwards, tower.backwards
        return torch.cat([forwards(vectors)[0].mean(0), backwards(vectors.flip(0))[0].mean(0)])

    for row in range(4):
        u = model.fit.source(mean(model.source_tower, model.source_embedding(SOURCE[row][SOURCE_MASK[row]])))
        v = model.fit.sequence(mean(model.tower, model.embedding(TOKENS[row][MASK[row]])))
        expected = model.fit.output(torch.cat([(u + v).relu(), u * v]))[0]
        torch.testing.assert_close(logits[row], expected)


@pytest.mark.parametrize("name", ["hierarchical", "two-tower-rnn"])
def test_recurrent_layers_never_enter_evaluation_mode(name):
    # cuDNN refuses the backward pass of a recurrent layer in evaluation mode.
    discriminator = CONDITIONAL_DISCRIMINATORS[name](9, 6).eval()
    assert not discriminator.training
    assert all(module.training for module in discriminator.modules() if isinstance(module, torch.nn.LSTM))
