"""What holds for every discriminator, and for the convolutional one."""

import pytest
import torch
from torch.nn import functional

from seqgan.discriminators import DISCRIMINATORS, CNNDiscriminator
from seqgan.tensors.masking import mask_from_tokens

TOKENS = torch.tensor([[3, 2, 0, 0, 0, 0], [1, 4, 5, 2, 0, 0], [0, 0, 0, 0, 0, 0], [5, 5, 1, 2, 3, 4]])
MASK = mask_from_tokens(TOKENS, end=0)


@pytest.fixture(params=sorted(DISCRIMINATORS))
def discriminator(request):
    torch.manual_seed(0)
    return DISCRIMINATORS[request.param](6).double().eval()


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


def test_dropout_acts_in_training_only(discriminator):
    discriminator.train()
    assert not torch.equal(discriminator(TOKENS, MASK), discriminator(TOKENS, MASK))


def test_order_of_tokens_matters(discriminator):
    swapped = TOKENS[:, [0, 1, 3, 2, 4, 5]]
    assert not torch.allclose(discriminator(swapped, MASK)[3], discriminator(TOKENS, MASK)[3])


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
