"""Negative log-likelihood behind a linear output layer, without the logits of all positions in memory."""

import math
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from seqgan.tensors.products import add_product, linear
from seqgan.tensors.workers import in_parallel

POSITIONS = 320
"""At most in one task of a thread: gradients of the output layer are summed once for each."""
TASKS_ALIKE = 4
"""Where there are so many tasks or more, their number is a multiple of this: of 1, 2 or 4 threads none waits long."""
LEAST_PROBABILITY = 1e-30
"""Below it a probability in float32 is soon too small to be told from 0, and its logarithm is made of the logits."""
LOGIT_BYTES = 2**22
"""Logits at once: they stay in a core's caches through all passes over them."""
ACCELERATOR_LOGIT_BYTES = 2**26
"""The same anywhere but on a CPU: enough to keep a GPU busy."""
LEAST_ROWS = 64
"""Where the logits of so many positions are more than that, the vocabulary is worked on in pieces: the output layer
would else be read from memory for each few positions, which takes longer than to multiply with it."""
SLICES = 8
"""Into how many parts a large vocabulary is divided among threads: each has the gradient of its own rows alone."""


def output_nll(values: Tensor, weight: Tensor, bias: Tensor, tokens: Tensor) -> Tensor:
    """Sum over positions of the negative log-likelihood of a token under softmax(values @ weight.T + bias), in nats.

    Equal to ``cross_entropy(linear(values, weight, bias), tokens, reduction="sum")`` with its gradients, at half the
    time on a CPU: gradients are made of the logits in the forward pass, while these are at hand, so that nothing of
    size [positions, V] is ever stored. It has no second derivative.

    Args:
        values: what the output layer reads. [K, D]
        weight: [V, D]
        bias: [V]
        tokens: ids. [K]

    Returns:
        []
    """
    return _OutputNLL.apply(values, weight, bias, tokens)


def output_token_nll(values: Tensor, weight: Tensor, bias: Tensor, tokens: Tensor) -> Tensor:
    """What `output_nll` sums, of each position, on any device; without derivatives.

    Args:
        values: what the output layer reads. [K, D]
        weight: [V, D]
        bias: [V]
        tokens: ids. [K]

    Returns:
        In nats. [K]
    """
    size = _task_size(len(tokens))
    rows = _rows_at_once(weight)

    def nll_of(part: tuple[Tensor, Tensor]) -> Tensor:
        if _is_large(weight):
            log_total, logit = _by_pieces(part[0], weight, bias, part[1])
            return log_total - logit
        pieces = zip(part[0].split(rows), part[1].split(rows), strict=True)
        return torch.cat([functional.cross_entropy(linear(x, weight, bias), y, reduction="none") for x, y in pieces])

    # On a GPU all positions are one task: its pieces are larger than a thread's tasks.
    parts = zip(values.split(size), tokens.split(size), strict=True) if values.is_cpu else [(values, tokens)]
    return torch.cat(in_parallel(nll_of, parts, values.device))


class _OutputNLL(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, weight: Tensor, bias: Tensor, tokens: Tensor) -> Tensor:
        work = _by_vocabulary if _is_large(weight) else _by_positions
        nll, *gradients = work(values, weight, bias, tokens)
        ctx.save_for_backward(*gradients)
        return nll

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        return (*(gradient * saved for saved in ctx.saved_tensors), None)


def _by_positions(values: Tensor, weight: Tensor, bias: Tensor, tokens: Tensor) -> tuple[Tensor, ...]:
    """The sum over all positions, and its gradients with respect to values, weight and bias; threads
    share positions."""
    size = _task_size(len(tokens))
    parts = zip(values.split(size), tokens.split(size), strict=True)
    results = in_parallel(lambda part: _nll_and_gradients(part[0], weight, bias, part[1]), parts, values.device)
    nll, values_gradients, weight_gradients, bias_gradients = zip(*results, strict=True)
    return _sum(nll), torch.cat(values_gradients), _sum(weight_gradients), _sum(bias_gradients)


def _by_vocabulary(values: Tensor, weight: Tensor, bias: Tensor, tokens: Tensor) -> tuple[Tensor, ...]:
    """The same of a large vocabulary. Threads share its symbols, so that no gradient of all of them is there twice.

    Every logit is made twice, once for the sums and once for the gradients; nothing of them is kept between.
    """
    size = _task_size(len(tokens))
    parts = zip(values.split(size), tokens.split(size), strict=True)
    found = in_parallel(lambda part: _by_pieces(part[0], weight, bias, part[1]), parts, values.device)
    log_total, logit = (torch.cat(each) for each in zip(*found, strict=True))  # both [K]
    weight_gradient, bias_gradient = torch.empty_like(weight), torch.empty_like(bias)
    columns, rows = _piece(weight), POSITIONS

    def fill(symbols: Tensor) -> Tensor:
        values_gradient = torch.zeros_like(values)
        for some in symbols.split(columns):
            piece = slice(int(some[0]), int(some[-1]) + 1)
            total = weight.new_zeros(weight.shape[1], len(some)).T
            bias_total = torch.zeros_like(bias[piece])
            for first in range(0, len(tokens), rows):
                at = slice(first, first + rows)
                logits = linear(values[at], weight[piece], bias[piece])  # [K, columns]
                gradient = logits.sub_(log_total[at].unsqueeze(1)).exp_()
                place, inside = _places(tokens[at], piece)
                gradient.scatter_add_(1, place, -inside.to(gradient.dtype))
                values_gradient[at] += linear(gradient, weight[piece].T)
                add_product(total, gradient, values[at])
                bias_total += gradient.sum(dim=0)
            weight_gradient[piece], bias_gradient[piece] = total, bias_total
        return values_gradient

    slices = torch.arange(len(weight)).chunk(SLICES)
    values_gradients = in_parallel(fill, slices, values.device)
    return (log_total - logit).sum(), _sum(tuple(values_gradients)), weight_gradient, bias_gradient


def _by_pieces(values: Tensor, weight: Tensor, bias: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
    """Of each position the logarithm of the sum of all symbols' exponentials, and its token's logit. [K], [K]"""
    log_totals, logit = [], values.new_zeros(len(tokens), dtype=torch.promote_types(values.dtype, torch.float32))
    for first in range(0, len(weight), _piece(weight)):
        piece = slice(first, min(len(weight), first + _piece(weight)))
        logits = linear(values, weight[piece], bias[piece])  # [K, columns]
        logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
        place, inside = _places(tokens, piece)
        logit = torch.where(inside, logits.gather(1, place), logit.unsqueeze(1)).squeeze(1)
        log_totals.append(logits.logsumexp(dim=1))
    return torch.stack(log_totals, dim=1).logsumexp(dim=1), logit


def _places(tokens: Tensor, piece: slice) -> tuple[Tensor, Tensor]:
    """Where in a piece of the vocabulary tokens are, and whether they are in it at all. [K] -> [K, 1], [K, 1]"""
    place = tokens.unsqueeze(1) - piece.start
    last = piece.stop - piece.start - 1
    return place.clamp(0, last), (place >= 0) & (place <= last)


def _task_size(positions: int) -> int:
    """Positions in a task: as many in each, so that threads end together."""
    tasks = max(1, math.ceil(positions / POSITIONS))
    multiple = min(TASKS_ALIKE, 2 ** math.ceil(math.log2(tasks)))
    tasks = math.ceil(tasks / multiple) * multiple
    return max(1, math.ceil(positions / tasks))


def _rows_at_once(weight: Tensor) -> int:
    """Positions whose logits are in memory at once; one at least."""
    memory = LOGIT_BYTES if weight.is_cpu else ACCELERATOR_LOGIT_BYTES
    return max(1, memory // (len(weight) * weight.element_size()))


def _is_large(weight: Tensor) -> bool:
    """Whether the vocabulary is worked on in pieces; on a CPU alone, where `LOGIT_BYTES` is what its caches hold."""
    return weight.is_cpu and _rows_at_once(weight) < min(LEAST_ROWS, len(weight))


def _piece(weight: Tensor) -> int:
    """Symbols of a piece: with as many positions as a task has, the logits stay within their bytes."""
    return max(1, LOGIT_BYTES // (POSITIONS * weight.element_size()))


def _nll_and_gradients(
    values: Tensor, weight: Tensor, bias: Tensor, tokens: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The sum of some positions, and its gradients with respect to values, weight and bias."""
    total = values.new_zeros(())
    values_gradient = torch.empty_like(values)
    # [V, D], with V running fastest in memory: as `add_product` adds to it at once.
    weight_gradient, bias_gradient = weight.new_zeros(weight.shape[::-1]).T, torch.zeros_like(bias)
    rows = _rows_at_once(weight)
    for part, target, part_gradient in zip(
        values.split(rows), tokens.unsqueeze(1).split(rows), values_gradient.split(rows), strict=True
    ):
        logits = linear(part, weight, bias)  # [K, V]
        gradient = torch.softmax(logits, dim=1, out=logits)  # into the same memory, which is in the cache
        probability = gradient.gather(1, target)  # [K, 1]
        nll = -probability.log()
        vanished = (probability < max(LEAST_PROBABILITY, torch.finfo(nll.dtype).tiny)).squeeze(1)
        if vanished.any():
            log_probs = linear(part[vanished], weight, bias).log_softmax(dim=1)
            nll[vanished] = -log_probs.gather(1, target[vanished])
        total += nll.sum()
        gradient.scatter_add_(1, target, gradient.new_full((1, 1), -1.0).expand_as(target))
        part_gradient.copy_(linear(gradient, weight.T))
        add_product(weight_gradient, gradient, part)
        bias_gradient += gradient.sum(dim=0)
    return total, values_gradient, weight_gradient, bias_gradient


def _sum(parts: tuple[Tensor, ...]) -> Tensor:
    """The sum of some tensors of one shape, in their order; into the first of them."""
    first, *others = parts
    for other in others:
        first += other
    return first
