"""The maximum over time by looked up windows is that of a plain loop, with its derivatives of both orders."""

import pytest
import torch
from torch.nn import functional

from seqgan.tensors import max_over_time as module
from seqgan.tensors.max_over_time import add_by_products, add_filters, add_tokens, max_over_time, strongest


@pytest.fixture
def looked_up(monkeypatch):
    """Windows are looked up at every size; the calls of that form."""
    calls = []
    form = module._MaxOverTime.apply
    monkeypatch.setattr(module, "LEAST_PRODUCTS", 0)
    monkeypatch.setattr(module._MaxOverTime, "apply", lambda *arguments: calls.append(arguments) or form(*arguments))
    return calls


def plainly(values, weights, biases, lengths):
    """Each response by itself, and the largest of those that count."""
    widest = max(weight.shape[2] for weight in weights)
    padded = functional.pad(values, (0, 0, 0, max(widest - values.shape[1], 0)))
    rows = []
    for row, sequence in enumerate(padded):
        length = values.shape[1] if lengths is None else int(lengths[row])
        found = []
        for weight, bias in zip(weights, biases, strict=True):
            width = weight.shape[2]
            responses = [
                (sequence[start : start + width].T * weight).sum(dim=(1, 2)) + bias
                for start in range(max(length - width, 0) + 1)
            ]
            found.append(torch.stack(responses).max(dim=0).values)
        rows.append(torch.cat(found))
    return torch.stack(rows)


def example(rng, rows=5, length=9, size=4, filters=(7,), widths=(3,), dtype=torch.float64, ragged=True):
    """Values with gradients that are 0 behind their rows' ends, layers and lengths."""

    def draw(*shape):
        return torch.randn(*shape, generator=rng, dtype=dtype)

    weights = [draw(count, size, width).requires_grad_() for count, width in zip(filters, widths, strict=True)]
    biases = [draw(count).requires_grad_() for count in filters]
    lengths = torch.randint(length + 1, (rows,), generator=rng) if ragged else None
    values = draw(rows, length, size)
    if lengths is not None:
        values *= (torch.arange(length) < lengths.unsqueeze(1)).unsqueeze(2)
    return values.requires_grad_(), weights, biases, lengths


def gradients(form, values, weights, biases, lengths, direction=None, **how):
    """Of values, weights and biases."""
    result = form(values, weights, biases, lengths)
    direction = torch.ones_like(result) if direction is None else direction
    return torch.autograd.grad(result, [values, *weights, *biases], direction, **how)


SHAPES = [
    {},
    {"ragged": False},
    {"widths": (1, 2, 5), "filters": (3, 1, 4)},
    {"widths": (9,)},  # one window
    {"widths": (12, 2), "filters": (3, 5)},  # wider than all rows
    {"widths": (12, 2), "filters": (3, 5), "ragged": False},
    {"widths": (7,)},  # fewer windows than tokens in one
    {"length": 30, "widths": (2, 29), "filters": (3, 2)},
    {"rows": 1, "filters": (1,), "size": 1},
    {"length": 1, "widths": (1,)},
]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize(("rows", "numbers", "dense"), [(256, 1, 0), (2, 9, 4), (2, 64, 0), (256, 64, 99)])
def test_values_and_gradients_are_those_of_a_plain_loop(looked_up, monkeypatch, rng, shape, rows, numbers, dense):
    monkeypatch.setattr(module, "ROWS_AT_ONCE", rows)
    monkeypatch.setattr(module, "NUMBERS_AT_ONCE", numbers)
    monkeypatch.setattr(module, "DENSE_WINDOWS", dense)
    inputs = example(rng, **shape)
    expected, result = plainly(*inputs), max_over_time(*inputs)
    assert looked_up
    torch.testing.assert_close(result, expected, atol=1e-10, rtol=1e-10)
    direction = torch.randn(result.shape, generator=rng, dtype=result.dtype)
    exact = gradients(plainly, *inputs, direction)
    for mine, theirs in zip(gradients(max_over_time, *inputs, direction), exact, strict=True):
        torch.testing.assert_close(mine, theirs, atol=1e-10, rtol=1e-10)


@pytest.mark.parametrize("ragged", [True, False])
@pytest.mark.parametrize("width", [2, 15, 20], ids="width {}".format)
def test_in_single_precision_both_round_as_sums_of_so_many_terms_do(looked_up, rng, ragged, width):
    """A sum of n products, whatever its order, is within n u / (1 - n u) of the sum of their absolute values (Higham,
    Accuracy and Stability of Numerical Algorithms, section 4.2), u being half the distance from 1 to the next number.
    """
    shape = {"rows": 40, "length": 20, "size": 16, "filters": (50,), "widths": (width,), "ragged": ragged}
    values, (weight,), (bias,), lengths = example(rng, **shape, dtype=torch.float32)
    doubles = [part.detach().double().requires_grad_() for part in (values, weight, bias)]
    form = (doubles[0], [doubles[1]], [doubles[2]], lengths)
    result, exact = max_over_time(values, [weight], [bias], lengths), module._of_all_windows(*form)
    unit = torch.finfo(torch.float32).eps / 2

    def bound(terms, absolute):
        return terms * unit / (1 - terms * unit) * absolute

    # Of positive numbers alone: the sums of absolute values.
    positive = module._of_all_windows(doubles[0].abs(), [doubles[1].abs()], [doubles[2].abs()], lengths)
    allowed = bound(width * 16 + 1, positive)
    assert ((result.double() - exact).abs() <= allowed).all()
    # Where rounding can make no other window the strongest, gradients are sums of the same terms.
    first, second = responses(doubles[0], doubles[1], lengths).detach().topk(2, dim=2).values.unbind(dim=2)
    certain = first - second > 2 * allowed
    assert certain.float().mean() > 0.95
    direction = torch.randn(result.shape, generator=rng) * certain
    mine = torch.autograd.grad(result, [values, weight, bias], direction)
    theirs = torch.autograd.grad(exact, doubles, direction.double())
    # A token's gradient has at most a term of each filter and tap; a filter's one of each row, and the bias's.
    terms = [50 * width, 40, 40]
    absolute = gradients_of_absolute_values(doubles[0].detach(), doubles[1].detach(), lengths, direction.double())
    for found, expected, count, most in zip(mine, theirs, terms, absolute, strict=True):
        assert ((found.double() - expected).abs() <= bound(count + 1, most)).all()


def responses(values, weight, lengths):
    """Of all windows, -inf where one does not count; one more that does not. [R, F, N + 1]"""
    missing = max(weight.shape[2] - values.shape[1], 0)
    found = functional.conv1d(functional.pad(values, (0, 0, 0, missing)).transpose(1, 2), weight)
    if lengths is not None:
        within = torch.arange(found.shape[2]) <= (lengths - weight.shape[2]).clamp(min=0).unsqueeze(1)
        found = found.masked_fill(~within.unsqueeze(1), -torch.inf)
    return functional.pad(found, (0, 1), value=-torch.inf)


def gradients_of_absolute_values(values, weight, lengths, direction):
    """Of values, weight and bias: the sums of the absolute values of the terms that their gradients are sums of."""
    places = responses(values, weight, lengths).argmax(dim=2, keepdim=True)
    absolute = [values.abs().requires_grad_(), weight.abs().requires_grad_()]
    chosen = responses(*absolute, None).gather(2, places).squeeze(2)
    return *torch.autograd.grad(chosen, absolute, direction.abs()), direction.abs().sum(dim=0)


def choices(rng, rows=6, windows=4, size=3, width=2, filters=5):
    """Filters [F, W * E], rows [R, T, E], for each filter and row the place of a window, and a factor."""
    drawn = [(filters, width * size), (rows, windows + width - 1, size), (filters, rows)]
    weights, values, factors = (torch.randn(*shape, generator=rng, dtype=torch.float64) for shape in drawn)
    return weights, values, torch.randint(windows, (filters, rows), generator=rng, dtype=torch.uint8), factors


def slowly(weights, values, places, factors):
    """The gradients of filters and rows, an addition at a time."""
    of_filters, of_rows = torch.zeros_like(weights), torch.zeros_like(values)
    width = weights.shape[1] // values.shape[2]
    for number in range(len(weights)):
        for row in range(len(values)):
            window = slice(int(places[number, row]), int(places[number, row]) + width)
            of_filters[number] += factors[number, row] * values[row, window].flatten()
            of_rows[row, window] += factors[number, row] * weights[number].view(width, -1)
    return of_filters, of_rows


@pytest.mark.parametrize("numbers", [1, 6], ids=["a token at a time", "a window at a time"])
def test_gradients_of_chosen_windows(rng, monkeypatch, numbers):
    monkeypatch.setattr(module, "NUMBERS_AT_ONCE", numbers)
    weights, values, places, factors = choices(rng)
    of_filters, of_rows = slowly(weights, values, places, factors)
    found = [torch.ones_like(weights), torch.ones_like(values)]  # they are added to
    add_tokens(found[0], values, places, factors)
    add_filters(found[1], weights, 4, places, factors)
    torch.testing.assert_close(found, [of_filters + 1, of_rows + 1])


def test_gradients_of_chosen_windows_by_products(rng):
    weights, values, places, factors = choices(rng)
    of_filters, of_rows = slowly(weights, values, places, factors)
    columns, of_columns, found = values.flatten(1).T, torch.ones(15, 6, dtype=torch.float64), torch.ones_like(weights)
    blocks = [slice(place * 3, place * 3 + 6) for place in range(4)]
    windows, of_windows = ([part[block] for block in blocks] for part in (columns, of_columns))
    add_by_products(of_windows, found, windows, weights, places, factors)
    torch.testing.assert_close(found, of_filters + 1)
    torch.testing.assert_close(of_columns.T.view_as(values), of_rows + 1)


def test_the_strongest_of_leading_rows():
    """Filters that are 1 and -1, and windows of one number: of three rows, of two and of one."""
    windows = [torch.tensor([[3.0, 5.0, 7.0]]), torch.tensor([[4.0, 5.0]]), torch.tensor([[2.0]])]
    greatest, places = strongest(torch.tensor([[1.0], [-1.0]]), windows)
    assert greatest.tolist() == [[4, 5, 7], [-2, -5, -7]]
    assert places.tolist() == [[1, 0, 0], [2, 0, 0]]  # of two fives the first


def test_more_windows_than_a_byte_numbers(looked_up, rng):
    inputs = example(rng, rows=2, length=300, size=1, filters=(9,), widths=(2,), ragged=False)
    for mine, exact in zip(gradients(max_over_time, *inputs), gradients(plainly, *inputs), strict=True):
        torch.testing.assert_close(mine, exact)
    with torch.no_grad():
        inputs[0][:, 280:] *= 9
    for mine, exact in zip(gradients(max_over_time, *inputs), gradients(plainly, *inputs), strict=True):
        torch.testing.assert_close(mine, exact)
    assert looked_up


def test_gradients_of_gradients(looked_up, rng):
    values, (weight,), (bias,), lengths = example(rng)

    def form(values, weight, bias):
        return max_over_time(values, [weight], [bias], lengths).tanh()

    torch.autograd.gradgradcheck(form, (values, weight, bias))
    assert looked_up


@pytest.mark.parametrize("wanted", [(0,), (1,), (2,), (0, 2), (1, 2)], ids=str)
@pytest.mark.parametrize("again", [False, True], ids=["once", "to be differentiated again"])
def test_gradients_of_some_inputs_alone(looked_up, rng, wanted, again):
    values, (weight,), (bias,), lengths = example(rng)
    whole = gradients(plainly, values, [weight], [bias], lengths)
    some = [part if n in wanted else part.detach() for n, part in enumerate((values, weight, bias))]
    result = max_over_time(some[0], [some[1]], [some[2]], lengths).sum()
    parts = torch.autograd.grad(result, [some[n] for n in wanted], create_graph=again)
    for number, part in zip(wanted, parts, strict=True):
        torch.testing.assert_close(part, whole[number])


def test_of_windows_that_tie_one_takes_the_whole_gradient(looked_up):
    values = torch.ones(1, 6, 2, requires_grad=True)
    weight = torch.ones(1, 2, 2)
    (gradient,) = torch.autograd.grad(max_over_time(values, [weight], [torch.zeros(1)]).sum(), values)
    assert looked_up
    # Two tokens of two numbers stand in a window.
    assert sorted(gradient.flatten().tolist()) == [0.0] * 8 + [1.0] * 4


def test_the_same_bits_each_time(looked_up, rng):
    shape = {"rows": 40, "length": 20, "size": 16, "filters": (50, 20), "widths": (5, 15)}
    inputs = example(rng, **shape, dtype=torch.float32)

    def once():
        return [max_over_time(*inputs), *gradients(max_over_time, *inputs)]

    for first, second in zip(once(), once(), strict=True):
        assert torch.equal(first, second)
    assert looked_up


def test_a_number_that_is_not_finite_is_not_hidden(looked_up, rng):
    values, weights, biases, _ = example(rng, ragged=False)
    for place in (0, 4, 8):
        with torch.no_grad():
            values.copy_(torch.randn(values.shape, generator=rng, dtype=values.dtype))
            values[2, place, 1] = torch.nan
        found = max_over_time(values, weights, biases).isnan().any(dim=1)
        assert found.tolist() == [False, False, True, False, False]


@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning")  # of the question whether a row is shorter than a filter
def test_others_have_the_convolution(looked_up, rng):
    values, weights, biases, _ = example(rng, dtype=torch.float32, ragged=False)
    expected = plainly(values, weights, biases, None).detach()
    weights, biases = [[part.detach() for part in parts] for parts in (weights, biases)]

    # What reads a program, and what transforms it, is given operators that it knows.
    def of_values(values):
        return max_over_time(values, weights, biases)

    values = values.detach()
    traced = torch.jit.trace(of_values, values, check_trace=False)
    torch.testing.assert_close(traced(values), expected)
    torch.testing.assert_close(torch.func.vmap(lambda row: of_values(row[None])[0])(values), expected)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rounded = of_values(values)
    torch.testing.assert_close(rounded.float(), expected, atol=0.1, rtol=0.02)
    halves = [[part.bfloat16() for part in parts] for parts in (weights, biases)]
    rounded = max_over_time(values.bfloat16(), *halves)
    torch.testing.assert_close(rounded.float(), expected, atol=0.3, rtol=0.05)
    assert not looked_up


def test_more_windows_than_are_numbered(looked_up, monkeypatch, rng):
    inputs = example(rng)
    monkeypatch.setattr(module, "MOST_WINDOWS", 8)  # a row has nine tokens
    torch.testing.assert_close(max_over_time(*inputs), plainly(*inputs))
    assert not looked_up


def test_an_input_that_is_made_of_another(looked_up, rng):
    """Its share of the gradient is counted once, to be differentiated again or not."""
    values, (weight,), biases, lengths = example(rng)

    def both_orders(form):
        made = values.detach() * weight.sum()
        result = form(made, [weight], biases, lengths).sum()
        (first,) = torch.autograd.grad(result, weight, create_graph=True)
        (second,) = torch.autograd.grad((first**2).sum(), weight)
        return first, second

    for mine, exact in zip(both_orders(max_over_time), both_orders(plainly), strict=True):
        torch.testing.assert_close(mine, exact)
    assert looked_up


def test_a_hook_is_called_once(looked_up, rng):
    values, (weight,), biases, lengths = example(rng)
    expected = 2 * torch.autograd.grad(plainly(values, [weight], biases, lengths).sum(), weight)[0]
    weight.register_hook(lambda gradient: 2 * gradient)
    for again in (False, True):
        result = max_over_time(values, [weight], biases, lengths).sum()
        torch.testing.assert_close(torch.autograd.grad(result, weight, create_graph=again)[0], expected)
    assert looked_up


def test_gradients_of_several_results_at_once(looked_up, rng):
    values, weights, biases, lengths = example(rng, rows=2)
    inputs = [values, *weights, *biases]
    result, exact = max_over_time(values, weights, biases, lengths), plainly(values, weights, biases, lengths)
    directions = torch.eye(result.numel(), dtype=result.dtype).view(-1, *result.shape)
    found = torch.autograd.grad(result, inputs, directions, is_grads_batched=True)
    for number, direction in enumerate(directions):
        expected = torch.autograd.grad(exact, inputs, direction, retain_graph=True)
        for mine, one in zip(found, expected, strict=True):
            torch.testing.assert_close(mine[number], one)
    assert looked_up
