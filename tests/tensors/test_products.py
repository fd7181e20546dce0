"""Products by oneDNN are those of torch's own linear layers, to the rounding of float32, with all their derivatives."""

import pytest
import torch
from torch.autograd import forward_ad
from torch.nn import functional

from seqgan.generators import GRUGenerator, LSTMGenerator
from seqgan.tensors import products
from seqgan.tensors.output_nll import output_nll


@pytest.fixture
def onednn(monkeypatch):
    """Every product goes to oneDNN, whatever its size and whoever made the processor."""
    if not torch.backends.mkldnn.is_available() or not hasattr(torch.ops.mkldnn, "_linear_pointwise"):
        pytest.skip("this torch has no oneDNN")
    calls = []
    multiply = products.multiply

    def counted(*arguments):
        calls.append(arguments)
        return multiply(*arguments)

    monkeypatch.setattr(products, "multiply", counted)
    monkeypatch.setattr(products, "LEAST_PRODUCTS", 0)
    monkeypatch.setattr(products, "_wide_amd_processor", lambda: True)
    return calls


def random(*shape, rng, grad=False):
    return torch.randn(*shape, generator=rng).requires_grad_(grad)


@pytest.mark.parametrize("shape", [(7, 5), (2, 3, 5), (0, 5), (2, 0, 5)], ids=str)
@pytest.mark.parametrize("biased", [True, False])
def test_as_the_linear_layer(onednn, rng, shape, biased):
    values, weight = random(*shape, rng=rng), random(11, 5, rng=rng)
    bias = random(11, rng=rng) if biased else None
    result = products.linear(values, weight, bias)
    assert onednn
    assert result.shape == (*shape[:-1], 11)
    torch.testing.assert_close(result, functional.linear(values.double(), weight.double(), _double(bias)).float())


@pytest.mark.parametrize("size", [5, 600], ids=["narrow", "wide"])
def test_derivatives_of_both_orders(onednn, rng, size):
    values, weight, bias = (random(*shape, rng=rng, grad=True) for shape in [(4, size), (6, size), (6,)])
    direction = random(4, 6, rng=rng)

    def derivatives(linear, *inputs):
        result = linear(*inputs).tanh()
        first = torch.autograd.grad((result * direction.to(result.dtype)).sum(), inputs, create_graph=True)
        second = torch.autograd.grad(sum((part**2).sum() for part in first), inputs)
        return [*first, *second]

    by_onednn = derivatives(products.linear, values, weight, bias)
    doubles = [part.detach().double().requires_grad_() for part in (values, weight, bias)]
    for mine, exact in zip(by_onednn, derivatives(functional.linear, *doubles), strict=True):
        assert (mine.double() - exact).norm() <= 1e-5 * exact.norm()
    assert len(onednn) > 4  # the second derivative's products as well


def test_a_bias_whose_numbers_stand_apart(onednn, rng):
    values, weight, apart = random(7, 5, rng=rng), random(11, 5, rng=rng), random(22, rng=rng)[::2]
    torch.testing.assert_close(products.linear(values, weight, apart), values @ weight.T + apart)
    repeated = torch.ones(1).expand(11)
    torch.testing.assert_close(products.linear(values, weight, repeated), values @ weight.T + 1)
    assert len(onednn) == 2
    # What a linear layer broadcasts, or refuses, is left to it.
    torch.testing.assert_close(products.linear(values, weight, torch.ones(1)), values @ weight.T + 1)
    with pytest.raises(RuntimeError, match="7x5"):
        products.linear(values, random(11, 6, rng=rng))
    assert len(onednn) == 2


def test_transformations_of_functions(onednn, rng):
    values, weight = random(3, 7, 5, rng=rng), random(11, 5, rng=rng)
    mapped = torch.func.vmap(lambda part: products.linear(part, weight))(values)
    torch.testing.assert_close(mapped, values @ weight.T)
    result, change = torch.func.jvp(lambda part: products.linear(part, weight), (values,), (torch.ones_like(values),))
    torch.testing.assert_close(change, weight.sum(dim=1).expand_as(result))
    with forward_ad.dual_level():
        dual = products.linear(forward_ad.make_dual(values, torch.ones_like(values)), weight)
        torch.testing.assert_close(forward_ad.unpack_dual(dual).tangent, change)
    assert not onednn


def test_gradients_that_nobody_wants_are_not_made(onednn, rng):
    weight = random(6, 5, rng=rng)
    values = random(4, 5, rng=rng, grad=True)
    products.linear(values, weight).sum().backward()
    assert len(onednn) == 2
    torch.testing.assert_close(values.grad, weight.sum(dim=0).expand(4, 5))


def test_adding_a_product(onednn, rng):
    total, left, right = random(5, 6, rng=rng).T, random(4, 6, rng=rng), random(4, 5, rng=rng)
    expected = total + left.T @ right
    products.add_product(total, left, right)
    assert len(onednn) == 1
    torch.testing.assert_close(total, expected)


def test_a_product_into_a_part_of_a_table(onednn, rng):
    left, right, table = random(5, 6, rng=rng), random(6, 4, rng=rng), torch.zeros(5, 7)
    products.multiply_into(table[:, :4], left, right)
    assert len(onednn) == 1
    torch.testing.assert_close(table, functional.pad(left @ right, (0, 3)))


@pytest.mark.parametrize("kind", [LSTMGenerator, GRUGenerator])
def test_recurrent_steps(onednn, rng, kind):
    torch.manual_seed(0)
    generator = kind(vocabulary_size=9, embedding_size=4, hidden_size=6, layers=2)
    tokens = torch.randint(9, (3, 5), generator=rng)
    previous = torch.cat([torch.full((3, 1), generator.start), tokens[:, :-1]], dim=1)
    state = generator.initial_state(3)
    logits = []
    for t in range(5):
        step, state = generator.step(previous[:, t], state)
        logits.append(step)
    stepped = torch.stack(logits, dim=1)
    assert len(onednn) >= 5 * 5  # two layers' input and hidden products, and the output's
    # Teacher forcing takes torch's own layers.
    torch.testing.assert_close(stepped, generator.double()(tokens).float())


def test_likelihood_behind_the_output_layer(onednn, rng):
    values, weight, bias = (random(*shape, rng=rng, grad=True) for shape in [(20, 5), (30, 5), (30,)])
    tokens = torch.randint(30, (20,), generator=rng)
    nll = output_nll(values, weight, bias, tokens)
    doubles = [part.detach().double().requires_grad_() for part in (values, weight, bias)]
    expected = functional.cross_entropy(functional.linear(*doubles), tokens, reduction="sum")
    torch.testing.assert_close(nll, expected.float())
    for mine, exact in zip(
        torch.autograd.grad(nll, (values, weight, bias)), torch.autograd.grad(expected, doubles), strict=True
    ):
        torch.testing.assert_close(mine, exact.float())
    assert onednn


@pytest.mark.filterwarnings("ignore:TF32")
def test_who_asks_for_another_precision_gets_it(onednn, rng):
    values, weight = random(7, 5, rng=rng), random(11, 5, rng=rng)
    assert products.linear(values.double(), weight.double()).dtype == torch.float64
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert products.linear(values, weight).dtype == torch.bfloat16
    with torch.backends.mkldnn.flags(enabled=False):
        products.linear(values, weight)
    assert not onednn


def test_a_program_that_is_exported_has_the_usual_operators(onednn, rng):
    layer = products.Linear(5, 11)
    program = torch.export.export(layer, (random(7, 5, rng=rng),))
    assert not onednn
    assert {str(node.target) for node in program.graph.nodes if node.op == "call_function"} == {"aten.linear.default"}


def test_small_products_and_other_processors_are_left_to_torch(monkeypatch, rng):
    monkeypatch.setattr(products, "multiply", None)
    monkeypatch.setattr(products, "_wide_amd_processor", lambda: True)
    products.linear(random(7, 5, rng=rng), random(11, 5, rng=rng))
    monkeypatch.setattr(products, "LEAST_PRODUCTS", 0)
    monkeypatch.setattr(products, "_wide_amd_processor", lambda: False)
    products.linear(random(7, 5, rng=rng), random(11, 5, rng=rng))


def _double(values):
    return None if values is None else values.double()
