"""Convolutions over time whose maximum over time is all that is kept, and their gradients at the cost of what is kept.

The gradient of a maximum goes to one window. So of each filter and row only one window has part in the gradients of
the filters and of the sequence, where the derivative of a convolution multiplies all windows, most of them by zero.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from seqgan.tensors.modes import seen_by_transformations
from seqgan.tensors.products import linear

WINDOW_BYTES = 2**23
"""Windows laid out one behind the other at once: those of a batch stay in a core's caches."""
MOST_WINDOWS = 2**16
"""At once, so that their numbers have 16 bits."""
LEAST_PRODUCTS = 2**23
"""Multiplications of the convolution, from which on looking windows up pays for finding out which."""


def max_over_time(values: Tensor, weight: Tensor, bias: Tensor, within: Tensor | None = None) -> Tensor:
    """The strongest response of each filter over the windows of a sequence, with derivatives of any order.

    Equal to `conv1d(values.transpose(1, 2), weight, bias).max(dim=2).values`, where of windows that tie one takes the
    whole gradient.

    Args:
        values: [R, T, E], with T at least W.
        weight: [F, E, W]
        bias: [F]
        within: True at windows that count; at least one of each row. All count without it. [R, T - W + 1]

    Returns:
        [R, F]
    """
    if _lookups_pay(values, weight):
        return _MaxOverTime.apply(values, weight, bias, within)
    return _of_all_windows(values, weight, bias, within)


def _lookups_pay(values: Tensor, weight: Tensor) -> bool:
    # Asked first: of what is traced, sizes would become conditions.
    if seen_by_transformations() or values.device.type != "cpu" or torch.is_autocast_enabled("cpu"):
        return False
    if type(values) not in (Tensor, nn.Parameter):  # none that only has a shape: numpy is to sort the windows
        return False
    windows = values.shape[1] - weight.shape[2] + 1
    return windows <= MOST_WINDOWS and len(values) * windows * weight.numel() >= LEAST_PRODUCTS


def _of_all_windows(values: Tensor, weight: Tensor, bias: Tensor, within: Tensor | None) -> Tensor:
    """`max_over_time` by convolution."""
    return greatest(functional.conv1d(values.transpose(1, 2), weight, bias), within)


def greatest(responses: Tensor, within: Tensor | None) -> Tensor:
    """The maximum over those windows that count. [R, F, N], [R, N] -> [R, F]"""
    if within is not None:
        responses = responses.masked_fill(~within.unsqueeze(1), -torch.inf)
    # Not amax: the gradient goes to one window, by its index, and is not shared by all that tie.
    return responses.max(dim=2).values


class _MaxOverTime(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, weight: Tensor, bias: Tensor, within: Tensor | None) -> Tensor:
        count, _, width = weight.shape
        filters = weight.transpose(1, 2).contiguous()  # [F, W, E], as windows are laid out
        strongest = values.new_empty(len(values), count)
        places = torch.empty_like(strongest, dtype=torch.long)
        for rows in _parts(values, width):
            responses = linear(_windows(values[rows], width), filters.flatten(1), bias)  # [R, N, F]
            if within is not None:
                responses = responses.masked_fill(~within[rows].unsqueeze(2), -torch.inf)
            strongest[rows], places[rows] = _first_maximum(responses)
        ctx.save_for_backward(values, weight, bias, within, places, filters)
        return strongest

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        values, weight, bias, within, places, filters = ctx.saved_tensors
        wanted = ctx.needs_input_grad
        again = torch.is_grad_enabled()
        if again or torch._C._functorch.is_legacy_batchedtensor(gradient):
            # Gradients that are themselves to be differentiated, or of several results at once: by the form that torch
            # knows all about. Of the inputs as they are here, not of what they were made from.
            with torch.enable_grad():
                own = [value.view_as(value).requires_grad_() for value in (values, weight, bias)]
                result = _of_all_windows(own[0], own[1], own[2], within)
            some = [value for value, want in zip(own, wanted, strict=False) if want]
            found = iter(torch.autograd.grad(result, some, gradient, create_graph=again))
            return *(next(found) if want else None for want in wanted[:3]), None
        return (
            _values_gradient(values, filters, places, gradient) if wanted[0] else None,
            _filters_gradient(values, filters, places, gradient).transpose(1, 2) if wanted[1] else None,
            gradient.sum(dim=0) if wanted[2] else None,
            None,
        )


def _first_maximum(responses: Tensor) -> tuple[Tensor, Tensor]:
    """`responses.max(dim=1)`, and faster: without the place, torch takes many columns at once.

    Args:
        responses: written over. [R, N, F]

    Returns:
        Maximum and place. Both [R, F]
    """
    number = responses.shape[1]
    strongest = responses.amax(dim=1)
    # 1 where the maximum stands, times what is the larger the earlier; all 0 where it is no number.
    earliness = torch.arange(number, 0, -1, dtype=responses.dtype, device=responses.device).unsqueeze(1)
    places = number - responses.eq_(strongest.unsqueeze(1)).mul_(earliness).amax(dim=1).long()
    return strongest, places.clamp_(max=number - 1)


def _filters_gradient(values: Tensor, filters: Tensor, places: Tensor, gradient: Tensor) -> Tensor:
    """For each filter the sum of the windows that it was strongest at, times their gradients. [F, W, E]"""
    width = filters.shape[1]
    total = None
    for rows in _parts(values, width):
        windows = _windows(values[rows], width)
        chosen = _numbered(places[rows], windows.shape[1]).T.contiguous()  # [F, R]
        factors = gradient[rows].T.contiguous()
        sums = functional.embedding_bag(chosen, windows.flatten(0, 1), per_sample_weights=factors, mode="sum")
        total = sums if total is None else total.add_(sums)
    assert total is not None  # there are rows
    return total.view_as(filters)


def _values_gradient(values: Tensor, filters: Tensor, places: Tensor, gradient: Tensor) -> Tensor:
    """At each window the sum of the filters that were strongest there, times their gradients, added up. [R, T, E]"""
    count, width, size = filters.shape
    total = torch.zeros_like(values)
    number = values.shape[1] - width + 1
    for rows in _parts(values, width):
        chosen = _numbered(places[rows], number).flatten()
        # numpy sorts numbers of 16 bits by their digits, where torch compares them.
        order = torch.from_numpy(np.argsort(chosen.numpy().astype(np.uint16), kind="stable"))
        starts = torch.searchsorted(chosen[order], torch.arange(len(places[rows]) * number, device=values.device))
        factors = gradient[rows].flatten()[order]
        sums = functional.embedding_bag(
            order % count, filters.flatten(1), starts, per_sample_weights=factors, mode="sum"
        ).view(-1, number, width, size)
        if number < width:
            for place in range(number):
                total[rows, place : place + width] += sums[:, place]
        else:
            for place in range(width):
                total[rows, place : place + number] += sums[:, :, place]
    return total


def _windows(values: Tensor, width: int) -> Tensor:
    """[R, T, E] -> [R, N, W * E]"""
    return values.unfold(1, width, 1).transpose(2, 3).flatten(2)


def _numbered(places: Tensor, number: int) -> Tensor:
    """Windows of each row to windows of all rows, of which each has so many. [R, F]"""
    return places + torch.arange(len(places), device=places.device).unsqueeze(1) * number


def _parts(values: Tensor, width: int) -> Iterator[slice]:
    """Rows whose windows are laid out at once."""
    rows, length, size = values.shape
    number = length - width + 1
    in_cache = WINDOW_BYTES // (number * width * size * values.element_size())
    at_once = max(1, min(in_cache, MOST_WINDOWS // number))
    return (slice(start, start + at_once) for start in range(0, rows, at_once))
