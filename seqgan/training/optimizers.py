"""Optimisers and the one update that both players make."""

import math
from typing import Any

import torch
from torch import Tensor, nn

from seqgan.config import AdversarialConfig
from seqgan.errors import ConfigError, SeqganError
from seqgan.training.processes import sum_gradients, summed


def adam(
    model: nn.Module, learning_rate: float, output_decay: float = 0.0, betas: tuple[float, float] = (0.9, 0.999)
) -> torch.optim.Adam:
    """Adam over a model's parameters.

    Args:
        model: its parameters named `output...` are those of its output layer.
        learning_rate: of all.
        output_decay: L2 penalty on the output layer alone, half-square convention: the gradient of
            output_decay / 2 * |W|^2 is what Adam's weight decay adds (decoupled decay, AdamW, would be another thing).
        betas: decays of the two moments.
    """
    return torch.optim.Adam(_groups(model, output_decay), lr=learning_rate, betas=betas, fused=True)


def make_optimizer(
    config: AdversarialConfig, model: nn.Module, learning_rate: float, output_decay: float = 0.0, kind: str = ""
) -> torch.optim.Optimizer:
    """The optimiser of a player, by its settings, or of another kind than they say.

    Raises:
        ConfigError: there is none of that name.
    """
    kind = kind or config.optimizer
    if kind == "adam":
        return adam(model, learning_rate, output_decay, (config.beta1, config.beta2))
    if kind == "rmsprop":
        # No momentum: with clamped weights it overshoots (Arjovsky et al. 2017, section 4).
        return torch.optim.RMSprop(_groups(model, output_decay), lr=learning_rate)
    raise ConfigError(f"No optimizer is called {kind!r}: for adversarial.optimizer choose adam or rmsprop.")


def _groups(model: nn.Module, output_decay: float) -> list[dict[str, Any]]:
    """The output layer's parameters apart, with their penalty."""
    output = [value for name, value in model.named_parameters() if name.startswith("output")]
    rest = [value for name, value in model.named_parameters() if not name.startswith("output")]
    return [{"params": rest}, {"params": output, "weight_decay": output_decay}]


def update(model: nn.Module, optimizer: torch.optim.Optimizer, loss: Tensor, clip_norm: float = 0.0) -> float:
    """One step down the gradient of `loss`, scaled down to `clip_norm` unless that is 0; the loss is returned.

    Of several processes each gives its part of the loss: the parts sum to it, and so do their gradients. All then make
    the same step.

    Raises:
        SeqganError: the loss is not finite; nothing was changed.
    """
    (value,) = summed(loss.item())
    if not math.isfinite(value):
        raise SeqganError(
            f"The loss of {type(model).__name__} is {value}: training diverged. Lower its learning rate, and go on "
            "from the last checkpoint with --resume."
        )
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    sum_gradients(model)
    if clip_norm:
        nn.utils.clip_grad_norm_(model.parameters(), clip_norm)
    optimizer.step()
    return value
