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
ACCELERATOR_LOGIT_BYTES = 2**28
"""The same anywhere but on a CPU: enough to keep a GPU busy."""


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
        pieces = zip(part[0].split(rows), part[1].split(rows), strict=True)
        return torch.cat([functional.cross_entropy(linear(x, weight, bias), y, reduction="none") for x, y in pieces])

    # On a GPU all positions are one task: its pieces are larger than a thread's tasks.
    parts = zip(values.split(size), tokens.split(size), strict=True) if values.is_cpu else [(values, tokens)]
    return torch.cat(in_parallel(nll_of, parts, values.device))


class _OutputNLL(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, weight: Tensor, bias: Tensor, tokens: Tensor) -> Tensor:
        size = _task_size(len(tokens))
        parts = zip(values.split(size), tokens.split(size), strict=True)
        results = in_parallel(lambda part: _nll_and_gradients(part[0], weight, bias, part[1]), parts, values.device)
        nll, values_gradients, weight_gradients, bias_gradients = zip(*results, strict=True)
        ctx.save_for_backward(torch.cat(values_gradients), _sum(weight_gradients), _sum(bias_gradients))
        return _sum(nll)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        return (*(gradient * saved for saved in ctx.saved_tensors), None)


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
