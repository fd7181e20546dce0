"""What is asked of a player as an ``nn.Module``: those of its methods that this package calls."""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol, Self

from torch import Tensor, nn


class Module(Protocol):
    """An ``nn.Module``, named by its methods: Python has no name for a type that is a module and a protocol too."""

    training: bool
    """Whether it is in training mode."""

    def train(self, mode: bool = True) -> Self:
        """Into training mode, or out of it."""

    def eval(self) -> Self:
        """Out of training mode."""

    def to(self, *where: Any, **how: Any) -> Self:
        """Onto another device, or in another precision."""

    def cpu(self) -> Self:
        """Onto the CPU."""

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Whether its parameters are to be trained."""

    def parameters(self, recurse: bool = True) -> Iterator[nn.Parameter]:
        """What is trained."""

    def named_parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        """What is trained, by name."""

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """Tensors that are not trained."""

    def modules(self) -> Iterator[nn.Module]:
        """Itself and its parts."""

    def state_dict(self) -> dict[str, Any]:
        """Its weights by name."""

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        """Take over weights."""
