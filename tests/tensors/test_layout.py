"""Tensors that lie in memory as others do, and updates that depend on it."""

import copy

import pytest
import torch
from torch import nn

from seqgan.runs.checkpoint import fit_moments
from seqgan.tensors.layout import laid_out_as
from seqgan.training import processes
from seqgan.training.optimizers import adam


def transposed(values):
    """The same numbers with other strides."""
    return values.transpose(1, 2).contiguous().transpose(1, 2)


def test_numbers_stay_and_lie_otherwise():
    values = torch.randn(4, 3, 5)
    other = transposed(torch.zeros(4, 3, 5))
    laid = laid_out_as(values, other)
    assert torch.equal(laid, values)
    assert laid.stride() == other.stride() != values.stride()
    assert laid_out_as(values, torch.zeros(4, 3, 5)) is values
    assert laid_out_as(values.double(), other).dtype == torch.float64


class Model(nn.Module):
    def __init__(self, weight):
        super().__init__()
        self.weight = nn.Parameter(weight)


def trained(model, steps, optimizer=None):
    optimizer = optimizer or adam(model, 0.1)
    for step in range(steps):
        optimizer.zero_grad()
        (model.weight * torch.arange(60.0).reshape(4, 3, 5).sub(20 + 9 * step)).sum().backward()
        optimizer.step()
    return optimizer


def test_moments_that_were_stored_in_another_layout_are_those_of_their_weights():
    weight = torch.randn(4, 3, 5, generator=torch.Generator().manual_seed(0))
    plain, other = Model(weight.clone()), Model(transposed(weight.clone()))
    stored = copy.deepcopy(trained(plain, 2).state_dict())
    with torch.no_grad():
        other.weight.copy_(plain.weight)
    optimizer = adam(other, 0.1)
    optimizer.load_state_dict(copy.deepcopy(stored))
    fit_moments(optimizer)
    trained(other, 2, optimizer)
    optimizer = adam(plain, 0.1)
    optimizer.load_state_dict(stored)
    trained(plain, 2, optimizer)
    assert torch.allclose(other.weight, plain.weight, atol=1e-6)


def test_summed_gradients_lie_as_their_weights_do(monkeypatch):
    """Of one process, which stands for several that add nothing."""
    monkeypatch.setattr(processes, "count", lambda: 2)
    monkeypatch.setattr(processes.dist, "all_reduce", lambda numbers: None)
    model = Model(transposed(torch.zeros(4, 3, 5)))
    gradient = torch.randn(4, 3, 5)
    model.weight.grad = laid_out_as(gradient, model.weight)
    processes.sum_gradients(model)
    assert torch.equal(model.weight.grad, gradient)
    assert model.weight.grad.stride() == model.weight.stride()
    optimizer = adam(model, 0.1)
    optimizer.step()
    # Adam's first step is the rate, against the gradient's sign.
    assert torch.allclose(model.weight, -0.1 * gradient.sign(), atol=1e-4)


@pytest.mark.skipif(not torch.__version__.startswith("2.13"), reason="the behaviour of that version")
def test_why_it_matters():
    weight, gradient = transposed(torch.zeros(4, 3, 5)), torch.ones(4, 3, 5)
    gradient[:, 0] = -1.0
    model = Model(weight)
    model.weight.grad = gradient
    adam(model, 0.1).step()
    assert not torch.allclose(model.weight, -0.1 * gradient.sign(), atol=1e-4)
