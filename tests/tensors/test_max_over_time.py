"""The maximum over time by looked up windows is that of a plain loop, with its derivatives of both orders."""

import pytest
import torch

from seqgan.tensors import max_over_time as module
from seqgan.tensors.max_over_time import max_over_time


@pytest.fixture
def looked_up(monkeypatch):
    """Windows are looked up at every size; the calls of that form."""
    calls = []
    form = module._MaxOverTime.apply
    monkeypatch.setattr(module, "LEAST_PRODUCTS", 0)
    monkeypatch.setattr(module._MaxOverTime, "apply", lambda *arguments: calls.append(arguments) or form(*arguments))
    return calls


def plainly(values, weight, bias, within):
    """Each response by itself, and the largest of those that count."""
    rows = []
    for row, sequence in enumerate(values):
        responses = [
            (sequence[start : start + weight.shape[2]].T * weight).sum(dim=(1, 2)) + bias
            for start in range(len(sequence) - weight.shape[2] + 1)
            if within is None or within[row, start]
        ]
        rows.append(torch.stack(responses).max(dim=0).values)
    return torch.stack(rows)


def example(rng, rows=5, length=9, size=4, filters=7, width=3, dtype=torch.float64, masked=True):
    """Inputs with gradients, and windows of which the first always counts."""
    values, weight, bias = (
        torch.randn(*shape, generator=rng, dtype=dtype).requires_grad_()
        for shape in [(rows, length, size), (filters, size, width), (filters,)]
    )
    windows = length - width + 1
    within = torch.arange(windows) < torch.randint(1, windows + 1, (rows, 1), generator=rng)
    return values, weight, bias, within if masked else None


SHAPES = [
    {},
    {"masked": False},
    {"width": 1},
    {"width": 9},  # one window
    {"width": 7},  # fewer windows than tokens in one
    {"length": 30, "width": 2, "filters": 3},
    {"rows": 1, "filters": 1, "size": 1},
]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("at_once", [1, 2**23], ids=["a row at once", "all rows"])
def test_values_and_gradients_are_those_of_a_plain_loop(looked_up, monkeypatch, rng, shape, at_once):
    monkeypatch.setattr(module, "WINDOW_BYTES", at_once)
    *inputs, within = example(rng, **shape)
    expected, result = plainly(*inputs, within), max_over_time(*inputs, within)
    assert looked_up
    torch.testing.assert_close(result, expected)
    direction = torch.randn(result.shape, generator=rng, dtype=result.dtype)
    gradients = torch.autograd.grad(result, inputs, direction)
    for mine, exact in zip(gradients, torch.autograd.grad(expected, inputs, direction), strict=True):
        torch.testing.assert_close(mine, exact)


def test_gradients_of_gradients(looked_up, rng):
    *inputs, within = example(rng)
    torch.autograd.gradgradcheck(lambda *inputs: max_over_time(*inputs, within).tanh(), inputs)
    assert looked_up


@pytest.mark.parametrize("wanted", [(0,), (1,), (2,), (0, 2), (1, 2)], ids=str)
@pytest.mark.parametrize("again", [False, True], ids=["once", "to be differentiated again"])
def test_gradients_of_some_inputs_alone(looked_up, rng, wanted, again):
    *inputs, within = example(rng)
    some = [value if number in wanted else value.detach() for number, value in enumerate(inputs)]
    whole = torch.autograd.grad(plainly(*inputs, within).sum(), inputs)
    parts = torch.autograd.grad(max_over_time(*some, within).sum(), [some[n] for n in wanted], create_graph=again)
    for number, part in zip(wanted, parts, strict=True):
        torch.testing.assert_close(part, whole[number])


def test_of_windows_that_tie_one_takes_the_whole_gradient(looked_up):
    values = torch.ones(1, 6, 2, requires_grad=True)
    weight = torch.ones(1, 2, 2)
    (gradient,) = torch.autograd.grad(max_over_time(values, weight, torch.zeros(1)).sum(), values)
    assert looked_up
    # Two tokens of two numbers stand in a window.
    assert sorted(gradient.flatten().tolist()) == [0.0] * 8 + [1.0] * 4


def test_the_same_bits_each_time(looked_up, rng):
    *inputs, within = example(rng, rows=40, length=20, size=16, filters=50, width=5, dtype=torch.float32)

    def once():
        result = max_over_time(*inputs, within)
        return [result, *torch.autograd.grad(result.sum(), inputs)]

    for first, second in zip(once(), once(), strict=True):
        assert torch.equal(first, second)


def test_a_number_that_is_not_finite_is_not_hidden(looked_up, rng):
    values, weight, bias, _ = example(rng, masked=False)
    with torch.no_grad():
        values[2, 4, 1] = torch.nan
    found = max_over_time(values, weight, bias).isnan().any(dim=1)
    assert found.tolist() == [False, False, True, False, False]


def test_others_have_the_convolution(looked_up, rng):
    values, weight, bias, _ = example(rng, dtype=torch.float32, masked=False)
    expected = plainly(values, weight, bias, None)

    # What reads a program, and what transforms it, is given operators that it knows.
    traced = torch.jit.trace(max_over_time, (values, weight, bias), check_trace=False)
    torch.testing.assert_close(traced(values, weight, bias), expected)
    torch.testing.assert_close(torch.func.vmap(lambda row: max_over_time(row[None], weight, bias)[0])(values), expected)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rounded = max_over_time(values, weight, bias)
    torch.testing.assert_close(rounded.float(), expected, atol=0.1, rtol=0.02)
    assert not looked_up


def test_more_windows_than_are_numbered_at_once(looked_up, monkeypatch, rng):
    monkeypatch.setattr(module, "MOST_WINDOWS", 15)  # of two rows of seven
    *inputs, within = example(rng)
    for mine, exact in zip(
        torch.autograd.grad(max_over_time(*inputs, within).sum(), inputs),
        torch.autograd.grad(plainly(*inputs, within).sum(), inputs),
        strict=True,
    ):
        torch.testing.assert_close(mine, exact)
    assert looked_up
    monkeypatch.setattr(module, "MOST_WINDOWS", 6)
    looked_up.clear()
    torch.testing.assert_close(max_over_time(*inputs, within), plainly(*inputs, within))
    assert not looked_up


def test_an_input_that_is_made_of_another(looked_up, rng):
    """Its share of the gradient is counted once, to be differentiated again or not."""
    values, weight, bias, within = example(rng)

    def gradients(form):
        (first,) = torch.autograd.grad(
            form(values.detach() * weight.sum(), weight, bias, within).sum(), weight, create_graph=True
        )
        (second,) = torch.autograd.grad((first**2).sum(), weight)
        return first, second

    for mine, exact in zip(gradients(max_over_time), gradients(plainly), strict=True):
        torch.testing.assert_close(mine, exact)
    assert looked_up


def test_a_hook_is_called_once(looked_up, rng):
    values, weight, bias, within = example(rng)
    expected = 2 * torch.autograd.grad(plainly(values, weight, bias, within).sum(), weight)[0]
    weight.register_hook(lambda gradient: 2 * gradient)
    for again in (False, True):
        result = max_over_time(values, weight, bias, within).sum()
        torch.testing.assert_close(torch.autograd.grad(result, weight, create_graph=again)[0], expected)


def test_gradients_of_several_results_at_once(looked_up, rng):
    *inputs, within = example(rng, rows=2)
    result, exact = max_over_time(*inputs, within), plainly(*inputs, within)
    directions = torch.eye(result.numel(), dtype=result.dtype).view(-1, *result.shape)
    found = torch.autograd.grad(result, inputs, directions, is_grads_batched=True)
    for number, direction in enumerate(directions):
        expected = torch.autograd.grad(exact, inputs, direction, retain_graph=True)
        for mine, one in zip(found, expected, strict=True):
            torch.testing.assert_close(mine[number], one)
