"""What holds for every discriminator, and for each of them."""

import pytest
import torch
from support.kinds import PLAIN_DISCRIMINATORS
from torch.nn import functional

from seqgan.discriminators import (
    CNNDiscriminator,
    ManyViewDiscriminator,
    ResidualConvDiscriminator,
    RNNDiscriminator,
    TransformerDiscriminator,
    cnn,
    transformer,
)
from seqgan.errors import ConfigError
from seqgan.tensors.masking import mask_from_tokens

TOKENS = torch.tensor([[3, 2, 0, 0, 0, 0], [1, 4, 5, 2, 0, 0], [0, 0, 0, 0, 0, 0], [5, 5, 1, 2, 3, 4]])
MASK = mask_from_tokens(TOKENS, end=0)
SMALLER = {"residual-conv": {"hidden_size": 16}, "many-view": {"filters": {2: 20, 3: 20, 4: 20, 5: 20}}}


@pytest.fixture(params=sorted(PLAIN_DISCRIMINATORS))
def discriminator(request):
    torch.manual_seed(0)
    return PLAIN_DISCRIMINATORS[request.param](6, **SMALLER.get(request.param, {})).double().eval()


def test_one_logit_a_row(discriminator):
    assert discriminator(TOKENS, MASK).shape == (4,)


def test_what_follows_the_end_changes_nothing(discriminator):
    dirty = torch.where(MASK, TOKENS, torch.tensor([5, 4, 3, 2, 1, 5]))
    torch.testing.assert_close(discriminator(dirty, MASK), discriminator(TOKENS, MASK))


@pytest.mark.parametrize("padding", [1, 20])
def test_how_far_a_batch_is_padded_changes_nothing(discriminator, padding):
    longer = functional.pad(TOKENS, (0, padding))
    torch.testing.assert_close(discriminator(longer, functional.pad(MASK, (0, padding))), discriminator(TOKENS, MASK))


def test_a_row_does_not_depend_on_the_other_rows(discriminator):
    torch.testing.assert_close(discriminator(TOKENS[1:2], MASK[1:2]), discriminator(TOKENS, MASK)[1:2])


def test_one_hot_distributions_are_their_tokens(discriminator):
    one_hot = functional.one_hot(TOKENS, 6).double()
    torch.testing.assert_close(discriminator(one_hot, MASK), discriminator(TOKENS, MASK))


@pytest.mark.parametrize("name", sorted(set(PLAIN_DISCRIMINATORS) - {"residual-conv"}))
def test_dropout_acts_in_training_only(name):
    discriminator = PLAIN_DISCRIMINATORS[name](6)
    discriminator.train()
    assert not torch.equal(discriminator(TOKENS, MASK), discriminator(TOKENS, MASK))
    discriminator.eval()
    assert torch.equal(discriminator(TOKENS, MASK), discriminator(TOKENS, MASK))


def test_order_of_tokens_matters(discriminator):
    swapped = TOKENS[:, [0, 1, 3, 2, 4, 5]]
    assert not torch.allclose(discriminator(swapped, MASK)[3], discriminator(TOKENS, MASK)[3])


def test_every_token_matters(discriminator):
    with torch.no_grad():
        for t in range(6):
            changed = TOKENS.clone()
            changed[3, t] = (changed[3, t] + 1) % 6
            assert not torch.allclose(discriminator(changed, MASK)[3], discriminator(TOKENS, MASK)[3])


def test_scoring_without_gradients_gives_the_same_logits(discriminator):
    with torch.no_grad():
        without = discriminator(TOKENS, MASK)
    torch.testing.assert_close(without, discriminator(TOKENS, MASK).detach())


def test_a_gradient_reaches_the_distributions_of_real_tokens_alone_in_evaluation_mode(discriminator):
    probs = torch.full((4, 6, 6), 1 / 6, dtype=torch.float64, requires_grad=True)
    discriminator(probs, MASK).sum().backward()
    sizes = probs.grad.abs().sum(-1)
    assert (sizes[~MASK] == 0).all()
    # A filter hears only the strongest window, so that not every real token need matter: each sequence does.
    assert (sizes.sum(1) > 0).all()


def test_a_gradient_penalty_can_be_differentiated(discriminator):
    probs = torch.rand(4, 6, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(0)).requires_grad_()
    (gradient,) = torch.autograd.grad(discriminator(probs, MASK).sum(), probs, create_graph=True)
    gradient.square().sum().backward()
    assert discriminator.output.weight.grad.abs().sum() > 0


TINY = {
    "bidirectional": {"embedding_size": 2, "hidden_size": 2},
    "cnn": {"embedding_size": 2, "filters": {1: 2, 2: 2}},
    "many-view": {"embedding_size": 4, "views": 2, "filters": {1: 2, 2: 2}},
    "residual-conv": {"hidden_size": 2, "layers": 1, "max_length": 4},
    "rnn": {"embedding_size": 2, "hidden_size": 2},
    "transformer": {"embedding_size": 2, "hidden_size": 2, "heads": 2, "layers": 1},
}


@pytest.mark.parametrize("name", sorted(PLAIN_DISCRIMINATORS))
def test_second_derivatives_are_those_of_finite_differences(name, rng):
    critic = PLAIN_DISCRIMINATORS[name](3, **TINY[name]).double().eval()
    for parameter in critic.parameters():
        # Random biases too: at 0, where some begin, the rectifiers have a kink.
        torch.nn.init.normal_(parameter, std=0.7, generator=rng)
    probs = torch.randn(2, 4, 3, dtype=torch.float64, generator=rng).softmax(2).requires_grad_()
    mask = torch.tensor([[True] * 4, [True, True, False, False]])

    def judge(probs, *_):
        return critic(probs, mask)

    assert torch.autograd.gradcheck(judge, (probs, *critic.parameters()), fast_mode=True)
    assert torch.autograd.gradgradcheck(judge, (probs, *critic.parameters()), fast_mode=True)


def test_evaluation_mode_trains_too(discriminator):
    discriminator(TOKENS, MASK).square().sum().backward()
    assert not discriminator.training
    assert all(parameter.grad.isfinite().all() for parameter in discriminator.parameters())


def test_a_sequence_without_tokens_is_no_nan_and_spoils_no_other(discriminator):
    mask = MASK.clone()
    mask[1] = False
    with torch.no_grad():
        assert discriminator(TOKENS, mask).isfinite().all()
    logits = discriminator(TOKENS, mask)
    assert logits.isfinite().all()
    others = torch.tensor([0, 2, 3])
    torch.testing.assert_close(logits[others], discriminator(TOKENS, MASK)[others])
    logits.sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in discriminator.parameters())


def test_a_source_is_refused_by_an_unconditional_discriminator(discriminator):
    assert discriminator.encode(None, None) is None
    with pytest.raises(ValueError, match=f"{type(discriminator).__name__} .* cannot read a source"):
        discriminator.encode(TOKENS, MASK)


def test_full_sequences_get_the_papers_network():
    """Convolution over whole windows by a plain loop, ReLU, maximum, highway, linear map."""
    torch.manual_seed(1)
    model = CNNDiscriminator(6, embedding_size=3, filters={1: 2, 3: 4, 6: 1}).double().eval()
    tokens = torch.tensor([[5, 5, 1, 2, 3, 4]])
    vectors = model.embedding(tokens)[0]  # [T, E]
    features = []
    for convolution, width in zip(model.convolutions, (1, 3, 6), strict=True):
        for kernel, bias in zip(convolution.weight, convolution.bias, strict=True):  # kernel [E, width]
            windows = [(vectors[t : t + width].T * kernel).sum() + bias for t in range(6 - width + 1)]
            features.append(max(max(windows), torch.tensor(0.0)))
    x = torch.stack(features)
    gate = torch.sigmoid(model.highway_gate.weight @ x + model.highway_gate.bias)
    x = gate * torch.relu(model.highway_transform.weight @ x + model.highway_transform.bias) + (1 - gate) * x
    expected = model.output.weight[0] @ x + model.output.bias[0]
    torch.testing.assert_close(model(tokens, torch.ones_like(tokens, dtype=torch.bool))[0], expected)


def test_a_closed_highway_gate_passes_the_features():
    model = CNNDiscriminator(6, filters={1: 4}).double().eval()
    before = model(TOKENS, MASK)
    with torch.no_grad():
        model.highway_gate.bias.fill_(-1e9)
        model.highway_transform.weight.fill_(7.0)
    vectors = torch.stack([c.amax(0) for c in (model.convolutions[0](model.embedding(TOKENS[3:]).mT)).mT])
    torch.testing.assert_close(model(TOKENS, MASK)[3], model.output(vectors.relu())[0, 0])
    assert not torch.allclose(before, model(TOKENS, MASK))


@pytest.mark.parametrize("length", [5, 6])
def test_the_residual_critic_is_the_papers_network_on_full_sequences(length):
    """Convolutions over whole one-hot vectors, blocks that add 0.3 of their branch, one linear map of all positions."""
    torch.manual_seed(1)
    model = ResidualConvDiscriminator(6, hidden_size=3, layers=2, max_length=length).double()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter)
    tokens = TOKENS[:, :length]
    one_hot = functional.one_hot(tokens, 6).double()
    values = functional.conv1d(one_hot.mT, model.embedding.weight.T.unsqueeze(2), model.embedding_bias)
    for block in model.blocks:
        branch = values
        for convolution in (block.first, block.second):
            branch = functional.conv1d(branch.relu(), convolution.weight, convolution.bias, padding=2)
        values = values + 0.3 * branch
    expected = torch.stack([(model.output.weight.view(3, length) * row).sum() for row in values]) + model.output.bias
    torch.testing.assert_close(model(tokens, torch.ones_like(tokens, dtype=torch.bool)), expected)


def test_the_residual_critics_weights_have_the_programs_spread():
    torch.manual_seed(0)
    model = ResidualConvDiscriminator(40, hidden_size=60, max_length=20)
    deviations = {
        model.embedding.weight: (4 / (40 + 60)) ** 0.5,
        model.blocks[0].first.weight: (4 / (5 * 60 + 5 * 60)) ** 0.5,
        model.output.weight: (2 / (20 * 60 + 1)) ** 0.5,
    }
    for weight, deviation in deviations.items():
        assert weight.std().item() == pytest.approx(deviation, rel=0.05)
        # Uniform numbers reach the root of three deviations, and no further.
        assert 0.97 < weight.abs().max().item() / (deviation * 3**0.5) <= 1.0
    assert all((parameter == 0).all() for name, parameter in model.named_parameters() if name.endswith("bias"))


def test_the_residual_critic_refuses_what_is_longer_than_its_positions():
    model = ResidualConvDiscriminator(6, hidden_size=3, max_length=5)
    with pytest.raises(ValueError, match=r"has 5 positions, and sequences of 6 are given: .* max_length=6"):
        model(TOKENS, MASK)


def test_many_views_are_judged_one_by_one_by_one_network():
    """Each view is a sequence of its own columns; maximum over its windows, highway, two linear maps; then the mean."""
    torch.manual_seed(1)
    filters = {2: 3, 3: 2}
    options = {"embedding_size": 6, "views": 3, "filters": filters}
    model = ManyViewDiscriminator(6, **options, per_view=True).double().eval()
    tokens = TOKENS[3:]
    logits = []
    for view in range(3):
        vectors = model.embedding(tokens)[0, :, 2 * view : 2 * view + 2]  # [T, 2]
        features = []
        for convolution, width in zip(model.convolutions, filters, strict=True):
            for kernel, bias in zip(convolution.weight, convolution.bias, strict=True):  # kernel [2, width]
                windows = [(vectors[t : t + width].T * kernel).sum() + bias for t in range(6 - width + 1)]
                features.append(max(max(windows), torch.tensor(0.0)))
        x = torch.stack(features)
        gate = model.highway_gate(x).sigmoid()
        x = gate * model.highway_transform(x).relu() + (1 - gate) * x
        logits.append(model.output(model.reduction(x))[0])
    expected = torch.stack(logits)
    per_view = model(TOKENS, MASK)
    assert per_view.shape == (4, 3)
    torch.testing.assert_close(per_view[3], expected)
    mean = ManyViewDiscriminator(6, **options).double().eval()
    mean.load_state_dict(model.state_dict())
    torch.testing.assert_close(mean(TOKENS, MASK), per_view.mean(1))


def test_many_views_have_the_papers_sizes():
    shapes = {name: tuple(parameter.shape) for name, parameter in ManyViewDiscriminator(50).named_parameters()}
    assert shapes["embedding.weight"] == (50, 64)
    assert [shapes[f"convolutions.{i}.weight"] for i in range(4)] == [(300, 1, width) for width in (2, 3, 4, 5)]
    assert shapes["reduction.weight"] == (100, 1200)


def test_views_that_do_not_divide_the_embedding_are_refused():
    with pytest.raises(ConfigError, match="embedding_size is 6 and views is 4"):
        ManyViewDiscriminator(6, embedding_size=6, views=4)


@pytest.fixture(params=[1, 2])
def recurrent(request):
    """One network that judges sequences and one that judges prefixes, with the same weights."""
    torch.manual_seed(0)
    whole = RNNDiscriminator(6, layers=request.param).double().eval()
    per_token = RNNDiscriminator(6, layers=request.param, per_token=True).double().eval()
    per_token.load_state_dict(whole.state_dict())
    return whole, per_token


def test_logits_per_token_are_those_of_the_prefixes(recurrent):
    whole, per_token = recurrent
    logits = per_token(TOKENS, MASK)
    assert logits.shape == (4, 6)
    for t in range(6):
        prefix, mask = TOKENS[:, : t + 1], MASK[:, : t + 1]
        torch.testing.assert_close(logits[:, t][MASK[:, t]], whole(prefix, mask)[MASK[:, t]])


def test_later_tokens_change_no_logit_per_token(recurrent):
    _, per_token = recurrent
    changed = TOKENS.clone()
    changed[3, 4:] = (changed[3, 4:] + 1) % 6
    same = per_token(changed, MASK)[3].isclose(per_token(TOKENS, MASK)[3])
    assert same.tolist() == [True, True, True, True, False, False]


def test_what_follows_the_end_changes_no_logit_per_token(recurrent):
    _, per_token = recurrent
    dirty = torch.where(MASK, TOKENS, torch.tensor([5, 4, 3, 2, 1, 5]))
    torch.testing.assert_close(per_token(dirty, MASK), per_token(TOKENS, MASK))
    longer, longer_mask = functional.pad(dirty, (0, 7)), functional.pad(MASK, (0, 7))
    torch.testing.assert_close(per_token(longer, longer_mask)[:, :6], per_token(TOKENS, MASK))


def test_one_hot_distributions_are_their_tokens_per_token(recurrent):
    _, per_token = recurrent
    one_hot = functional.one_hot(TOKENS, 6).double()
    torch.testing.assert_close(per_token(one_hot, MASK), per_token(TOKENS, MASK))


def test_recurrent_layers_never_enter_evaluation_mode(recurrent):
    # cuDNN refuses the backward pass of a recurrent layer in evaluation mode.
    for discriminator in recurrent:
        assert not discriminator.training
        assert all(layer.training for layer in discriminator.layers)


def test_sequences_beyond_what_attention_takes_at_once_are_split(monkeypatch):
    model = TransformerDiscriminator(6).double().eval()
    whole = model(TOKENS, MASK)
    monkeypatch.setattr(transformer, "ROWS", 3)
    torch.testing.assert_close(model(TOKENS, MASK), whole)


def test_heads_that_do_not_divide_the_embedding_are_refused():
    with pytest.raises(ConfigError, match="embedding_size is 6 and heads is 4"):
        TransformerDiscriminator(6, embedding_size=6)


@pytest.mark.parametrize("length", [2, 25])
def test_tables_of_symbols_give_the_convolutions_logits(length, monkeypatch, rng):
    model = CNNDiscriminator(30, embedding_size=5, filters={1: 3, 2: 4, 7: 2, 20: 3}).double().eval()
    tokens = torch.randint(30, (300, length), generator=rng)
    mask = mask_from_tokens(tokens, end=0)
    assert 1 <= mask.sum(1).min() < mask.sum(1).max()
    monkeypatch.setattr(cnn, "LOOKED_UP_ROWS", 64)
    looked_up = []
    tables = model._features_by_tables
    monkeypatch.setattr(model, "_features_by_tables", lambda *given: looked_up.append(given) or tables(*given))
    for threads in (1, 2):
        before = torch.get_num_threads()
        torch.set_num_threads(threads)
        with torch.no_grad():
            by_tables = model(tokens, mask)
        torch.set_num_threads(before)
        assert looked_up.pop()
        torch.testing.assert_close(by_tables, model(tokens, mask).detach())
        assert not looked_up  # gradients go through convolutions
