"""The likelihood behind an output layer, against the plain form."""

import pytest
import torch
from torch.nn import functional

from seqgan.tensors import output_nll as module
from seqgan.tensors.output_nll import output_nll, output_token_nll


@pytest.mark.parametrize("positions", [1, 7, 600])
@pytest.mark.parametrize("logit_bytes", [1, 1000, 2**20])
def test_value_and_gradients_are_those_of_cross_entropy(positions, logit_bytes, monkeypatch, rng):
    monkeypatch.setattr(module, "LOGIT_BYTES", logit_bytes)
    shapes = (positions, 3), (11, 3), (11,)
    inputs = [torch.randn(shape, generator=rng, dtype=torch.float64).requires_grad_() for shape in shapes]
    tokens = torch.randint(11, (positions,), generator=rng)
    plain = functional.cross_entropy(functional.linear(*inputs), tokens, reduction="sum")
    fast = output_nll(*inputs, tokens)
    torch.testing.assert_close(fast, plain)
    expected = torch.autograd.grad(2 * plain, inputs)
    torch.testing.assert_close(torch.autograd.grad(2 * fast, inputs), expected)


@pytest.mark.parametrize("positions", [1, 7, 600])
@pytest.mark.parametrize("logit_bytes", [1, 1000, 2**20])
def test_each_positions_value_is_that_of_cross_entropy(positions, logit_bytes, monkeypatch, rng):
    monkeypatch.setattr(module, "LOGIT_BYTES", logit_bytes)
    values, weight, bias = (
        torch.randn(s, generator=rng, dtype=torch.float64) for s in [(positions, 3), (11, 3), (11,)]
    )
    tokens = torch.randint(11, (positions,), generator=rng)
    expected = functional.cross_entropy(functional.linear(values, weight, bias), tokens, reduction="none")
    torch.testing.assert_close(output_token_nll(values, weight, bias, tokens), expected)


@pytest.mark.parametrize("positions", [1, 7, 50])
@pytest.mark.parametrize("columns", [1, 3, 11, 40])
def test_pieces_of_the_vocabulary_change_nothing(positions, columns, monkeypatch, rng):
    """Those of a large one; a symbol that is impossible among them, and whole pieces of such symbols."""
    monkeypatch.setattr(module, "POSITIONS", 4)
    monkeypatch.setattr(module, "LOGIT_BYTES", columns * 4 * 8)
    shapes = (positions, 3), (211, 3), (211,)
    inputs = [torch.randn(shape, generator=rng, dtype=torch.float64) for shape in shapes]
    inputs[2][100:150] = -torch.inf
    inputs = [part.requires_grad_() for part in inputs]
    tokens = torch.randint(100, (positions,), generator=rng)
    assert module._is_large(inputs[1])
    assert module._piece(inputs[1]) == columns
    logits = functional.linear(*inputs)
    plain = functional.cross_entropy(logits, tokens, reduction="none")
    torch.testing.assert_close(output_token_nll(*inputs, tokens), plain)
    fast = output_nll(*inputs, tokens)
    torch.testing.assert_close(fast, plain.sum())
    expected = torch.autograd.grad(2 * plain.sum(), inputs)
    torch.testing.assert_close(torch.autograd.grad(2 * fast, inputs), expected)


def test_an_impossible_token_costs_its_logits_distance():
    """exp(-2000) is 0 in any precision; its logarithm is not lost."""
    weight = torch.tensor([[0.0], [-2000.0]])
    nll = output_nll(torch.ones(1, 1), weight, torch.zeros(2), torch.tensor([1]))
    assert nll.item() == 2000.0


def test_impossible_tokens_among_possible_ones(rng):
    """In one piece of positions; each costs what it costs by itself."""
    values = torch.randn(6, 3, generator=rng)
    weight, bias = torch.randn(9, 3, generator=rng), torch.zeros(9)
    bias[4] = -300.0
    tokens = torch.tensor([1, 4, 0, 4, 4, 8])
    inputs = [part.requires_grad_() for part in (values, weight, bias)]
    plain = functional.cross_entropy(functional.linear(*inputs), tokens, reduction="sum")
    fast = output_nll(*inputs, tokens)
    torch.testing.assert_close(fast, plain)
    assert fast > 3 * 290
    for mine, theirs in zip(torch.autograd.grad(fast, inputs), torch.autograd.grad(plain, inputs), strict=True):
        torch.testing.assert_close(mine, theirs)


@pytest.mark.parametrize("positions", [0, 1, 319, 320, 321, 900, 1280, 1281, 20_000])
def test_threads_have_tasks_of_like_size(positions):
    size = module._task_size(positions)
    sizes = [len(part) for part in torch.zeros(positions).split(size)]
    assert max(sizes) <= module.POSITIONS
    assert len(sizes) in (1, 2) or len(sizes) % 4 == 0
    assert max(sizes) - min(sizes) < len(sizes)


@pytest.mark.parametrize("logit_bytes", [2**22, 500])  # all of the vocabulary at once, and in pieces
def test_threads_change_nothing(logit_bytes, monkeypatch, rng):
    monkeypatch.setattr(module, "LOGIT_BYTES", logit_bytes)
    values, weight, bias = torch.randn(900, 5, generator=rng), torch.randn(40, 5, generator=rng), torch.zeros(40)
    tokens = torch.randint(40, (900,), generator=rng)
    threads = torch.get_num_threads()
    results = []
    try:
        for count in (1, 3):
            torch.set_num_threads(count)
            leaf = values.clone().requires_grad_()
            output_nll(leaf, weight, bias, tokens).backward()
            results.append(leaf.grad)
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(*results)
