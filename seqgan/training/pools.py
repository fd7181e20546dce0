"""Pools of sentences that a discriminator learns from."""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from seqgan.tensors.condition import Condition

MOST_TOGETHER = 2048
"""Samples that are drawn at once for several pools."""
MOST_ANSWERS = 256
"""The same where each answers a source: these are read all together."""


class Pool(NamedTuple):
    """As many real sentences as samples."""

    tokens: Tensor
    """Ids, of real sentences and then of samples. [2, P, T]"""
    mask: Tensor
    """True at the tokens of each. [2, P, T]"""
    condition: Condition | None
    """What both sentences of a pair answer, P rows; None without conditions."""

    def state(self) -> dict[str, Any]:
        """For a checkpoint."""
        condition = None if self.condition is None else [part.contiguous() for part in self.condition]
        return {"tokens": self.tokens.contiguous(), "mask": self.mask.contiguous(), "condition": condition}

    @classmethod
    def of_state(cls, state: dict[str, Any], device: torch.device) -> "Pool":
        """What `state` gave, on a device."""
        condition = state["condition"]
        own = None if condition is None else Condition(*(part.to(device) for part in condition))
        return cls(state["tokens"].to(device), state["mask"].to(device), own)
