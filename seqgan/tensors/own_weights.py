"""Modules around a large model whose weights are partly another's: what of them is saved, and copied."""

import copy
from collections.abc import Mapping
from typing import Any, TypeVar

import torch
from torch import nn

from seqgan.tensors.module import Module

Copied = TypeVar("Copied", bound=Module)


class OwnWeights(nn.Module):
    """A module whose state is what was learnt in it: each weight once, and frozen ones not at all.

    A tied weight has two names in a model and is one; and behind adapters the frozen base stays where it came from.
    """

    def state_dict(self, *args: Any, **kwargs: Any) -> dict[str, Any]:  # type: ignore[override]
        """As of any module, without frozen weights and the second names of tied ones."""
        state = super().state_dict(*args, **kwargs)
        prefix = kwargs.get("prefix", args[1] if len(args) > 1 else "")
        return {name: value for name, value in state.items() if name.removeprefix(prefix) not in self._not_own()}

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        """Take what `state_dict` gave; what is not in it stays as it is.

        Raises:
            RuntimeError: other names than those of `state_dict`.
        """
        if strict and state_dict.keys() != self.state_dict().keys():
            different = sorted(state_dict.keys() ^ self.state_dict().keys())
            raise RuntimeError(f"These weights are of another model: {different[0]} is on one side only.")
        return super().load_state_dict(state_dict, strict=False, assign=assign)

    def _not_own(self) -> set[str]:
        own = {name for name, parameter in self.named_parameters() if parameter.requires_grad}
        every = {name for name, _ in self.named_parameters(remove_duplicate=False)}
        return every - own


def frozen_copy(module: Copied) -> Copied:
    """A copy that does not change, in evaluation mode. Frozen weights are shared with it, the others are its own."""
    shared: dict[int, Any] = {
        id(parameter): parameter for parameter in module.parameters() if not parameter.requires_grad
    }
    with torch.no_grad():
        copied = copy.deepcopy(module, shared)
    return copied.eval()
