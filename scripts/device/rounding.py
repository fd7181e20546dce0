"""By how much two right computations in float32 may differ, and whether a device's does not differ by more.

A sum of n products in float32 is off by at most n u sum |a_i b_i| in any order, with u = 2^-24 (Higham 2002, "Accuracy
and Stability of Numerical Algorithms", section 3.1), and by about sqrt(n) u of it where errors are independent (section
2.8). How these add up through the layers of a player no formula tells sharply; but the CPU's own float32 computation is
an example of it. Both are held against the same computation in float64 on the CPU. A device passes where, in every
tensor, its largest error is at most

    TIMES * (largest error of the CPU's float32 in this tensor) + sqrt(n) * u * (largest entry of this kind of result)

with n the longest sum. Both errors come of equally many roundings in another order; the largest of many errors of one
size varies little, and TIMES leaves room for devices' own exponential and hyperbolic functions, which are off by a few
units where the CPU's are off by one. The second part is for tensors of a few entries, whose errors on the CPU may
happen to be 0. The CPU's own errors are at about a tenth of the bound. TF32 keeps 11 bits of what is multiplied: with
weights rounded so, the players of `--quick` are at 80 to 550 times the bound.
"""

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from device.check import Place, Result, whole_float32

UNIT = 2.0**-24
"""Of float32: the largest relative error of one rounding."""
TIMES = 8
"""What the device's error may be of the CPU's."""

Results = Mapping[str, Mapping[str, Tensor]]
"""Kinds of results, such as logits and gradients, and the tensors of each by name."""


class Difference(NamedTuple):
    """The largest error of a device in one tensor."""

    tensor: str
    error: float
    bound: float

    @property
    def share(self) -> float:
        """Of the bound; infinite where the error is no number."""
        if self.error == 0:
            return 0.0
        return self.error / self.bound if self.error < float("inf") and self.bound > 0 else float("inf")


def differences(exact: Results, own: Results, there: Results, longest: int) -> list[Difference]:
    """The errors of a device, and their bounds.

    Args:
        exact: by the CPU in float64.
        own: by the CPU in float32.
        there: by the device in float32.
        longest: n, terms of the longest sum.
    """
    found = []
    for kind, tensors in exact.items():
        largest = max(tensor.abs().max().item() for tensor in tensors.values())
        rounding = longest**0.5 * UNIT * largest
        for name, tensor in tensors.items():
            errors = [(each[kind][name] - tensor).abs().max().item() for each in (own, there)]
            found.append(Difference(f"{kind} {name}".strip(), errors[1], TIMES * errors[0] + rounding))
    return found


def on_device(model: nn.Module, device: torch.device) -> nn.Module:
    """A copy of a model there."""
    return deepcopy(model).to(device)


def compared(
    model: nn.Module, compute: Callable[[nn.Module, torch.device], Results], place: Place, longest: int
) -> Result:
    """Whether a device computes what the CPU does.

    Args:
        model: on the CPU, in float32.
        compute: what is computed with it, on a device, from inputs that are the same each time.
        place: where.
        longest: terms of the longest sum beside those over the model's own sizes.
    """
    cpu = torch.device("cpu")
    longest = max(longest, *(parameter[0].numel() for parameter in model.parameters() if parameter.dim() > 1))
    with whole_float32():
        exact = compute(deepcopy(model).double(), cpu)
        own = compute(deepcopy(model), cpu)
        there = compute(on_device(model, place.device), place.device)
    return judged(differences(exact, own, there, longest))


def judged(found: list[Difference]) -> Result:
    """Passed where nothing is beyond its bound; the worst one is named."""
    worst = max(found, key=lambda each: each.share)
    says = f"{worst.error:.1e} of at most {worst.bound:.1e} ({worst.tensor}; the worst of {len(found)})"
    return Result(worst.share <= 1, says)


def kept(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Results as they are compared: on the CPU, in float64."""
    return {name: tensor.detach().cpu().double() for name, tensor in tensors.items()}


def gradients(loss: Tensor, model: nn.Module, **others: Tensor) -> dict[str, Tensor]:
    """Those of a loss by name: of all parameters that are learnt, and of other tensors; 0 where there is none."""
    named: dict[str, Any] = {name: each for name, each in model.named_parameters() if each.requires_grad}
    named |= others
    made = torch.autograd.grad(loss, list(named.values()), allow_unused=True, materialize_grads=True)
    return kept(dict(zip(named, made, strict=True)))
