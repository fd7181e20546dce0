"""Products with a layer's weights, by the faster of the two libraries that torch multiplies with on a CPU.

torch gives float32 products to Intel's MKL and convolutions to oneDNN. Both compute the same sums; but MKL asks who
made the processor, and on AMD's with AVX-512 uses half the width of their registers, while oneDNN asks what it can do.
On such processors large products are given to oneDNN; everywhere else, and where they are small, nothing is changed.
"""

from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from seqgan.tensors.modes import seen_by_transformations

LEAST_PRODUCTS = 2**21
"""Multiplications, from which on the dearer call of oneDNN is worth it."""
NARROW = 512
"""Columns, below which oneDNN is slow to write a product of many rows."""


def linear(values: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """`torch.nn.functional.linear`, with its derivatives of any order: values @ weight.T + bias.

    What it computes in depends on the sizes alone: for the same sizes the result is the same to the last bit.

    Args:
        values: [..., D]
        weight: [V, D]
        bias: [V]

    Returns:
        [..., V]
    """
    if not (_plain(values, weight, bias) and onednn_pays(values, len(weight))):
        return functional.linear(values, weight, bias)
    multiplied = _Linear.apply if torch.is_grad_enabled() else multiply
    return multiplied(values.flatten(0, -2), weight, bias).unflatten(0, values.shape[:-1])


def multiply_into(result: Tensor, left: Tensor, right: Tensor) -> None:
    """result = left @ right, without derivatives. [M, N], [M, K], [K, N]"""
    if onednn_pays(left, right.shape[1]):
        result.copy_(multiply(left, right.T))
    else:
        torch.mm(left, right, out=result)


def add_product(total: Tensor, left: Tensor, right: Tensor) -> None:
    """total += left.T @ right, without derivatives. [V, D], [K, V], [K, D]

    Args:
        total: at best such that V runs fastest in its memory.
        left: the wider one.
        right: the narrower one.
    """
    if onednn_pays(right, left.shape[1]):
        total.add_(multiply(right.T, left.T).T)
    else:
        total.addmm_(left.T, right)


class Linear(nn.Linear):
    """`torch.nn.Linear` by `linear`: the same parameters, under the same names.

    Who looks for `torch.nn.Linear` by its exact type, as torch's dynamic quantisation does, does not find it.
    """

    def forward(self, values: Tensor) -> Tensor:
        """[..., D] -> [..., V]"""
        return linear(values, self.weight, self.bias)


class _Linear(torch.autograd.Function):
    """[N, D], [V, D], [V] -> [N, V]"""

    @staticmethod
    def forward(values: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        return multiply(values, weight, bias)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:  # noqa: ARG004
        values, weight, bias = inputs
        ctx.has_bias = bias is not None
        ctx.save_for_backward(values, weight)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        values, weight = ctx.saved_tensors
        values_wanted, weight_wanted, _ = ctx.needs_input_grad
        # By `linear` again, so that it can be differentiated again.
        values_gradient = linear(gradient, weight.T) if values_wanted else None
        weight_gradient = None
        if weight_wanted:
            # The wider side is better the one that is run through in the end: [V, D] itself, or its transpose.
            narrow = weight.shape[1] < NARROW
            weight_gradient = linear(values.T, gradient.T).T if narrow else linear(gradient.T, values.T)
        return values_gradient, weight_gradient, gradient.sum(dim=0) if ctx.has_bias else None


def multiply(values: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """`functional.linear` by oneDNN, without derivatives. [N, D], [V, D], [V] -> [N, V]"""
    # torch names this operator for its own compiler, which puts it into the place of linear layers on every CPU.
    # It reads a bias as if its numbers stood one behind the other.
    bias = None if bias is None else bias.contiguous()
    return torch.ops.mkldnn._linear_pointwise(values, weight, bias, "none", [], "")


def onednn_pays(values: Tensor, columns: int) -> bool:
    """Whether `multiply` is the faster way to make `columns` columns of these rows, and has the same result.

    Not where torch has to know the operator's derivatives, or a reader of a traced program the operator.
    """
    return (
        # Asked first: of what is traced, sizes would become conditions.
        not seen_by_transformations()
        and values.device.type == "cpu"
        and values.dtype == torch.float32
        and values.numel() * columns >= LEAST_PRODUCTS
        and _wide_amd_processor()
        and bool(torch.backends.mkldnn.enabled)
        and not torch.is_autocast_enabled("cpu")
    )


def _plain(values: Tensor, weight: Tensor, bias: Tensor | None) -> bool:
    """Whether shapes and types are those of a layer: oneDNN neither broadcasts a bias nor says what does not fit."""
    return (
        values.dim() > 1
        and weight.dtype == torch.float32
        and values.shape[-1] == weight.shape[1]
        and (bias is None or (bias.shape == weight.shape[:1] and bias.dtype == torch.float32))
    )


@cache
def _wide_amd_processor() -> bool:
    """Whether the processor is AMD's and has AVX-512, and torch is one that multiplies by MKL and has oneDNN too."""
    if not torch.backends.mkl.is_available() or not torch.backends.mkldnn.is_available():
        return False
    if torch.backends.cpu.get_cpu_capability() != "AVX512" or not hasattr(torch.ops.mkldnn, "_linear_pointwise"):
        return False
    information = Path("/proc/cpuinfo")
    return information.exists() and "AuthenticAMD" in information.read_text()
