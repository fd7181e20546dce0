"""Batches that are left out since their loss or gradients are not finite: counted, and too many of them an end."""

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

from seqgan.errors import TrainingError
from seqgan.runs.health import LEFT_OUT
from seqgan.tensors.module import Module

MOST = 10
"""Batches in a row that are left out before training stops. One that stands alone is bad luck; ten in a row are what
all that follow would be."""


class Skips:
    """The batches of one player that were left out.

    Args:
        player: whose, as it is called in the log: generator, discriminator, critic.
        setting: what to lower.
        most: as many in a row are an error.

    Attributes:
        in_a_row: the last batches, all of them left out.
    """

    def __init__(self, player: str, setting: str = "its learning rate", most: int = MOST):
        self.player, self.setting, self.most = player, setting, most
        self.in_a_row = 0
        self._counts: dict[str, int] = {}

    def add(self, model: Module, loss: float) -> None:
        """Count a batch, by the first tensor that is not finite; its gradients are still there.

        Raises:
            TrainingError: it is one too many, or a weight itself is not finite, so that all that follow would be.
        """
        check_weights(model, self.player)
        tensor = first_not_finite((name, parameter.grad) for name, parameter in model.named_parameters())
        # The norm of all together may be beyond the largest number where each of them is not.
        tensor = tensor or ("loss" if not math.isfinite(loss) else "norm")
        self._counts[tensor] = self._counts.get(tensor, 0) + 1
        self.in_a_row += 1
        if self.in_a_row >= self.most:
            what = {"loss": "the loss alone", "norm": "the norm of all gradients together"}
            often = f", in {self.in_a_row} batches in a row" if self.in_a_row > 1 else ""
            raise TrainingError(
                f"Training diverged: the {self.player}'s loss is {loss:.4g}, and the first tensor that is not finite "
                f"is {what.get(tensor, f'the gradient of {tensor}')}{often}. Nothing was changed. Lower "
                f"{self.setting}, or clip the gradients, and begin anew."
            )

    def state(self) -> dict[str, Any]:
        """Everything, for a checkpoint."""
        return {"in_a_row": self.in_a_row, "counts": dict(self._counts)}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave; an empty one is that of a beginning."""
        self.in_a_row, self._counts = state.get("in_a_row", 0), dict(state.get("counts", {}))

    def take(self) -> dict[str, float]:
        """The values to log: batches since the last call, in all and by tensor; nothing where there were none."""
        counts, self._counts = self._counts, {}
        values = {f"{self.player}{LEFT_OUT}/{tensor}": float(count) for tensor, count in counts.items()}
        return {f"{self.player}{LEFT_OUT}": float(sum(counts.values())), **values} if counts else {}


def first_not_finite(tensors: Iterable[tuple[str, torch.Tensor | None]]) -> str:
    """Name of the first tensor with a number that is not finite; empty where all are."""
    for name, tensor in tensors:
        if tensor is not None and not bool(torch.isfinite(tensor).all()):
            return name
    return ""


def check_weights(model: Module, player: str) -> None:
    """That all weights are finite; costs one look at the device where they are.

    Raises:
        TrainingError: one is not; says which.
    """
    if math.isfinite(nn.utils.get_total_norm([parameter.detach() for parameter in model.parameters()]).item()):
        return
    name = first_not_finite(model.named_parameters())
    if name:
        raise TrainingError(
            f"Training diverged: the weight {name} of the {player} is not finite, and nothing that is computed with it "
            "can be. Begin anew with a lower learning rate; if the run that this one started from has it, with that."
        )
