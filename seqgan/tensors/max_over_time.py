"""Convolutions over time whose maximum over time is all that is kept, and their gradients at the cost of what is kept.

Forwards, rows stand in the order of their lengths and numbers of a row one below the other, [T * E, R]: a window of all
rows is then a block of memory, and those that reach as far as it are the leading columns. The product with a block is
looked at and forgotten, before the next.

The gradient of a maximum goes to one window. So of each filter and row only one window has part in the gradients of
the filters and of the sequence, where the derivative of a convolution multiplies all windows, most of them by zero.
These windows are looked up, a token at a time. Where there are so few windows that most of them have part, as of
filters nearly as wide as the sequence, products are the cheaper way.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from seqgan.tensors.modes import seen_by_transformations
from seqgan.tensors.products import add_product, multiply_into
from seqgan.tensors.workers import keep_freed_memory

ROWS_AT_ONCE = 256
"""Whose responses to a width's filters at one place stay in a core's caches."""
LEAST_PRODUCTS = 2**23
"""Multiplications of a width's convolution on average, from which on this form pays for its many calls."""
MOST_WINDOWS = 2**15
"""Of a row, so that their numbers have 16 bits."""
NUMBERS_AT_ONCE = 64
"""Of a window, that are looked up together: a token's vector, or several small ones."""
DENSE_WINDOWS = 6
"""So many windows of a row, or fewer, are cheaper multiplied than looked up."""


def max_over_time(
    values: Tensor, weights: Sequence[Tensor], biases: Sequence[Tensor], lengths: Tensor | None = None
) -> Tensor:
    """The strongest response of each filter over the windows of a sequence, with derivatives of any order.

    Of windows that tie one takes the whole gradient.

    Args:
        values: 0 behind a row's length. [R, T, E]
        weights: of the filters of each width W. [F, E, W] each
        biases: [F] each
        lengths: a window counts that lies within its row's length; the first one always, with zeros behind the end.
            All rows have length T without it. [R]

    Returns:
        [R, F of all widths], which stand one behind the other.
    """
    if _lookups_pay(values, weights):
        return _MaxOverTime.apply(values, lengths, *weights, *biases)
    return _of_all_windows(values, weights, biases, lengths)


def greatest_response(
    convolve: Callable[[Tensor], Tensor], width: int, values: Tensor, lengths: Tensor | None
) -> Tensor:
    """The same of one width, by a convolution of all windows.

    Args:
        convolve: [R, E, at least W] -> [R, F, windows]
        width: W, of its filters.
        values: [R, T, E]
        lengths: [R]

    Returns:
        [R, F]
    """
    missing = max(width - values.shape[1], 0)
    values = functional.pad(values, (0, 0, 0, missing)) if missing else values
    responses = convolve(values.transpose(1, 2))
    if lengths is not None:
        first_tokens = torch.arange(responses.shape[2], device=values.device)
        within = first_tokens <= (lengths.unsqueeze(1) - width).clamp(min=0)  # [R, windows]
        responses = responses.masked_fill(~within.unsqueeze(1), -torch.inf)
    # Not amax: the gradient goes to one window, by its index, and is not shared by all that tie.
    return responses.max(dim=2).values


def _of_all_windows(
    values: Tensor, weights: Sequence[Tensor], biases: Sequence[Tensor], lengths: Tensor | None
) -> Tensor:
    """`max_over_time` by convolution."""

    def of_one_width(weight: Tensor, bias: Tensor) -> Tensor:
        return greatest_response(lambda rows: functional.conv1d(rows, weight, bias), weight.shape[2], values, lengths)

    return torch.cat([of_one_width(weight, bias) for weight, bias in zip(weights, biases, strict=True)], dim=1)


def _lookups_pay(values: Tensor, weights: Sequence[Tensor]) -> bool:
    # Asked first: of what is traced, sizes would become conditions.
    if seen_by_transformations() or values.device.type != "cpu" or torch.is_autocast_enabled("cpu"):
        return False
    if type(values) not in (Tensor, nn.Parameter):  # none that only has a shape: numpy is to sort the windows
        return False
    if any(part.dtype != values.dtype or part.dtype not in (torch.float32, torch.float64) for part in weights):
        return False
    rows, length, _ = values.shape
    products = sum(rows * max(length - weight.shape[2] + 1, 1) * weight.numel() for weight in weights)
    return length <= MOST_WINDOWS and products >= LEAST_PRODUCTS * len(weights)


class _Part(NamedTuple):
    """Some rows, the longest first, with zeros behind the end: none ends before the widest filter does."""

    numbers: Tensor | slice
    """Which of all rows these are."""
    rows: Tensor
    """[R, T, E]"""
    columns: Tensor
    """The same, a row in each column. [T * E, R]"""
    reaching: list[int]
    """Rows of so many tokens or more, for each number from 0 to T."""


class _MaxOverTime(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, lengths: Tensor | None, *layers: Tensor) -> Tensor:
        keep_freed_memory()
        weights, biases = layers[: len(layers) // 2], layers[len(layers) // 2 :]
        filters = [weight.transpose(1, 2).flatten(1) for weight in weights]  # [F, W * E], as windows stand in memory
        result = values.new_empty(len(values), sum(len(weight) for weight in weights))
        parts, places = _parts(values, lengths, max(weight.shape[2] for weight in weights)), []
        for part in parts:
            found = [strongest(some, _windows(part, part.columns, some)) for some in filters]
            result[part.numbers] = torch.cat([responses for responses, _ in found]).T
            places.append([place for _, place in found])
        ctx.save_for_backward(values, lengths, *layers)
        ctx.laid_out = filters, parts, places
        return result.add_(torch.cat(biases))

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        values, lengths, *layers = ctx.saved_tensors
        again = torch.is_grad_enabled()
        if again or torch._C._functorch.is_legacy_batchedtensor(gradient):
            # Gradients that are themselves to be differentiated, or of several results at once: by the form that torch
            # knows all about. Of the inputs as they are here, not of what they were made from.
            with torch.enable_grad():
                own = [value.view_as(value).requires_grad_() for value in (values, *layers)]
                weights, biases = own[1 : 1 + len(layers) // 2], own[1 + len(layers) // 2 :]
                result = _of_all_windows(own[0], weights, biases, lengths)
            wanted = [ctx.needs_input_grad[0], *ctx.needs_input_grad[2:]]
            some = [value for value, want in zip(own, wanted, strict=True) if want]
            found = iter(torch.autograd.grad(result, some, gradient, create_graph=again))
            first, *others = [next(found) if want else None for want in wanted]
            return first, None, *others
        filters, parts, places = ctx.laid_out
        sizes, weights_wanted = [len(some) for some in filters], any(ctx.needs_input_grad[2 : 2 + len(filters)])
        of_values, of_filters = torch.empty_like(values), [torch.zeros_like(some) for some in filters]
        for part, its_places in zip(parts, places, strict=True):
            of_rows, of_columns = torch.zeros_like(part.rows), torch.zeros_like(part.columns)
            factors = gradient[part.numbers].T.contiguous().split(sizes)  # [F, R] each
            for some, total, place, factor in zip(filters, of_filters, its_places, factors, strict=True):
                windows = _windows(part, part.columns, some)
                if sum(window.shape[1] for window in windows) <= DENSE_WINDOWS * len(part.rows):
                    add_by_products(_windows(part, of_columns, some), total, windows, some, place, factor)
                    continue
                if weights_wanted:
                    add_tokens(total, part.rows, place, factor)
                if ctx.needs_input_grad[0]:
                    add_filters(of_rows, some, len(windows), place, factor)
            of_rows += of_columns.T.unflatten(1, of_rows.shape[1:])
            of_values[part.numbers] = of_rows[:, : values.shape[1]]
        of_weights = [total.unflatten(1, (-1, values.shape[2])).transpose(1, 2) for total in of_filters]
        return of_values, None, *of_weights, *gradient.sum(dim=0).split(sizes)


def _parts(values: Tensor, lengths: Tensor | None, widest: int) -> list[_Part]:
    """All rows, some at once. [R, T, E], [R]"""
    length = values.shape[1]
    values = functional.pad(values, (0, 0, 0, max(widest - length, 0)))
    order = None if lengths is None else lengths.argsort(descending=True, stable=True)
    parts = []
    for start in range(0, len(values), ROWS_AT_ONCE):
        numbers = slice(start, start + ROWS_AT_ONCE) if order is None else order[start : start + ROWS_AT_ONCE]
        rows = values[numbers].contiguous()
        reaching = [len(rows)] * (length + 1)
        if lengths is not None:
            counts = torch.bincount(lengths[numbers], minlength=length + 1)
            reaching = counts.flip(0).cumsum(0).flip(0).tolist()
        parts.append(_Part(numbers, rows, rows.flatten(1).T.contiguous(), reaching))
    return parts


def _windows(part: _Part, columns: Tensor, filters: Tensor) -> list[Tensor]:
    """For each place that has one, the windows of the leading rows that reach as far.

    Args:
        part: the rows.
        columns: numbers of them. [T * E, R]
        filters: [F, W * E]

    Returns:
        [W * E, R], then [W * E, R or less] each
    """
    wide, size = filters.shape[1], part.rows.shape[2]
    counts = [len(part.rows), *(count for count in part.reaching[wide // size + 1 :] if count)]
    return [columns[place * size : place * size + wide, :count] for place, count in enumerate(counts)]


def strongest(filters: Tensor, windows: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """The greatest product of each filter with a row's windows.

    Args:
        filters: [F, D]
        windows: at each place those of the leading rows. [D, R], then [D, R or less] each

    Returns:
        It, and the place of the first window that has it. Both [F, R]
    """
    greatest = filters.new_empty(len(filters), windows[0].shape[1])
    multiply_into(greatest, filters, windows[0])
    places = torch.zeros_like(greatest)
    before, latest, responses, stronger = greatest, places, torch.empty_like(greatest), torch.empty_like(greatest)
    for place, window in enumerate(windows[1:], start=1):
        if (rows := window.shape[1]) < before.shape[1]:
            before, latest, responses, stronger = (part[:, :rows] for part in (before, latest, responses, stronger))
        multiply_into(responses, filters, window)
        # Answers as numbers of the responses' own type: many are then compared at once.
        torch.gt(responses, before, out=stronger)
        torch.maximum(before, responses, out=before)
        torch.maximum(latest, stronger.mul_(place), out=latest)
    return greatest, places.to(torch.uint8 if len(windows) <= 2**8 else torch.int16)


def add_by_products(
    of_windows: Sequence[Tensor],
    of_filters: Tensor,
    windows: Sequence[Tensor],
    filters: Tensor,
    places: Tensor,
    factors: Tensor,
) -> None:
    """Both gradients of `strongest`, from products with all windows.

    Args:
        of_windows: to which the windows' is added. Shapes of windows
        of_filters: to which the filters' is added. [F, D]
        windows: as in `strongest`.
        filters: [F, D]
        places: [F, R]
        factors: the gradient of the greatest product. [F, R]
    """
    for place, (total, window) in enumerate(zip(of_windows, windows, strict=True)):
        rows = window.shape[1]
        chosen = factors[:, :rows]
        if len(windows) > 1:
            chosen = torch.where(places[:, :rows] == place, chosen, 0.0)
        add_product(of_filters, chosen.T, window.T)
        add_product(total, filters, chosen)


def add_tokens(of_filters: Tensor, rows: Tensor, places: Tensor, factors: Tensor) -> None:
    """The filters' gradient of `strongest`: of each the sum of its windows, a token at a time, times factors.

    Args:
        of_filters: to which it is added. [F, W * E]
        rows: [R, T, E]
        places: of windows. [F, R]
        factors: the gradient of the greatest product. [F, R]
    """
    count, length, size = rows.shape
    chosen = (places + torch.arange(0, count * length, length, dtype=torch.int32)).flatten()
    starts = torch.arange(0, factors.numel(), count, dtype=torch.int32)
    numbers, wide, at_once = rows.flatten(), of_filters.shape[1], max(NUMBERS_AT_ONCE // size, 1) * size
    for first in range(0, wide, at_once):
        some = min(at_once, wide - first)
        # One window begins where the next one has its second token: they lie over one another in memory.
        table = numbers[first:].as_strided((count * length - (first + some - 1) // size, some), (size, 1))
        sums = functional.embedding_bag(chosen, table, starts, per_sample_weights=factors.flatten(), mode="sum")
        of_filters[:, first : first + some] += sums


def add_filters(of_rows: Tensor, filters: Tensor, windows: int, places: Tensor, factors: Tensor) -> None:
    """The rows' gradient of `strongest`: at each window the sum of the filters that chose it, times factors.

    Args:
        of_rows: to which it is added. [R, T, E]
        filters: [F, W * E]
        windows: N, of the longest row.
        places: of windows. [F, R]
        factors: the gradient of the greatest product. [F, R]
    """
    count, _, size = of_rows.shape
    by_row = places.T.contiguous()  # [R, F]
    # numpy sorts numbers of 8 and 16 bits by their digits, where torch compares them.
    order = torch.from_numpy(np.argsort(by_row.numpy(), axis=1, kind="stable"))
    chosen = factors.T.gather(1, order).flatten()
    numbered = by_row + torch.arange(0, count * windows, windows, dtype=torch.int32).unsqueeze(1)
    found = torch.bincount(numbered.flatten(), minlength=count * windows)
    starts = (found.cumsum(0) - found).int()
    order = order.flatten().int()
    tokens = max(NUMBERS_AT_ONCE // size, 1)
    for first in range(0, filters.shape[1] // size, tokens):
        table = filters[:, first * size : (first + tokens) * size]
        sums = functional.embedding_bag(order, table, starts, per_sample_weights=chosen, mode="sum")
        for place, of_token in enumerate(sums.view(count, windows, -1, size).unbind(2), start=first):
            of_rows[:, place : place + windows] += of_token
