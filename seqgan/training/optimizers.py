"""Optimisers and the one update that both players make."""

import math
from typing import Any

import torch
from torch import Tensor, nn

from seqgan.config import AdversarialConfig
from seqgan.errors import ConfigError
from seqgan.training.processes import sum_gradients, total
from seqgan.training.skips import Skips


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


def update(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    loss: Tensor,
    clip_norm: float = 0.0,
    skips: Skips | None = None,
) -> float:
    """One step down the gradient of `loss`, scaled down to `clip_norm` unless that is 0; the loss is returned.

    Of several processes each gives its part of the loss: the parts sum to it, and so do their gradients. All then make
    the same step, or leave out the same batch.

    Args:
        model: whose parameters the optimiser has.
        optimizer: makes the step.
        loss: []
        clip_norm: greatest norm of all gradients together.
        skips: where a batch is counted whose loss or gradients are not finite: it changes nothing then. Without, it
            is an error at once.

    Raises:
        TrainingError: the loss or a gradient is not finite, and there have been too many such batches; nothing was
            changed.
    """
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    sum_gradients(model)
    parameters = [parameter for parameter in model.parameters() if parameter.grad is not None]
    norm = nn.utils.get_total_norm([parameter.grad for parameter in parameters if parameter.grad is not None])
    # One look at the device for both: a tensor at a time would be waited for as often as there are tensors.
    value, size = torch.stack([total(loss.detach().double()), norm.double()]).tolist()
    if not (math.isfinite(value) and math.isfinite(size)):
        skips = skips or Skips(type(model).__name__, most=1)
        skips.add(model, value)
        optimizer.zero_grad(set_to_none=True)
        return value
    if clip_norm:
        nn.utils.clip_grads_with_norm_(parameters, clip_norm, norm)
    optimizer.step()
    if skips is not None:
        skips.in_a_row = 0
    return value
