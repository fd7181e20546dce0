"""Discriminators by windows that are looked up, and by tables in parts, judge and learn as by convolution."""

import pytest
import torch

from seqgan.discriminators import CNNDiscriminator, ManyViewDiscriminator, TwoTowerCNNDiscriminator, cnn
from seqgan.tensors import max_over_time

FILTERS = {1: 3, 2: 4, 5: 3, 9: 2}


def judged(model, tokens, mask, source):
    """Logits, and the gradients of all parameters."""
    context = model.encode(source, source > 0) if source is not None else None
    logits = model(tokens, mask, context)
    return [logits, *torch.autograd.grad((logits * torch.arange(1, len(logits) + 1)).sum(), list(model.parameters()))]


@pytest.mark.parametrize("kind", [CNNDiscriminator, TwoTowerCNNDiscriminator, ManyViewDiscriminator])
@pytest.mark.parametrize("full", [True, False], ids=["full", "of all lengths"])
def test_looked_up_windows_are_those_of_convolutions(kind, full, monkeypatch, rng):
    torch.manual_seed(1)
    source = None
    if kind is TwoTowerCNNDiscriminator:
        model = kind(11, 11, 4, filters=FILTERS, source_filters={2: 3})
        source = torch.randint(1, 11, (6, 4), generator=rng)
    else:
        model = kind(11, 4, filters=FILTERS) if kind is CNNDiscriminator else kind(11, 4, views=2, filters=FILTERS)
    model.double().eval()
    tokens = torch.randint(11, (6, 7), generator=rng)
    mask = torch.arange(7) < (7 if full else torch.tensor([1, 2, 4, 5, 7, 0]).unsqueeze(1))
    expected = judged(model, tokens, mask, source)
    monkeypatch.setattr(max_over_time, "LEAST_PRODUCTS", 0)
    for mine, theirs in zip(judged(model, tokens, mask, source), expected, strict=True):
        torch.testing.assert_close(mine, theirs)


@pytest.mark.parametrize("one_table", [1, 400, 2**20])
def test_tables_in_parts(one_table, monkeypatch, rng):
    monkeypatch.setattr(cnn, "ONE_TABLE_BYTES", one_table)
    torch.manual_seed(1)
    model = CNNDiscriminator(11, 4, FILTERS).double().eval()
    tokens = torch.randint(11, (300, 7), generator=rng)
    mask = torch.arange(7) < torch.randint(1, 8, (300, 1), generator=rng)
    expected = model(tokens, mask)  # with gradients, by convolution
    with torch.no_grad():
        assert model._tables_pay(tokens)
        torch.testing.assert_close(model(tokens, mask), expected)


def test_a_weight_that_a_hook_makes_anew_learns(monkeypatch, rng):
    monkeypatch.setattr(max_over_time, "LEAST_PRODUCTS", 0)
    model = CNNDiscriminator(11, 4, FILTERS)
    torch.nn.utils.spectral_norm(model.convolutions[1])
    model(torch.randint(11, (6, 7), generator=rng), torch.ones(6, 7, dtype=torch.bool)).sum().backward()
    assert model.convolutions[1].weight_orig.grad.abs().sum() > 0
