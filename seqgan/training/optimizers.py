"""Optimisers and the one update that both players make."""

import math
from typing import Any

import torch
from torch import Tensor, nn

from seqgan.discriminators.protocol import Discriminator
from seqgan.errors import ConfigError
from seqgan.settings.adversarial import AdversarialConfig
from seqgan.tensors.devices import widest
from seqgan.tensors.module import Module
from seqgan.training.processes import sum_gradients, total
from seqgan.training.skips import Skips


def adam(
    model: Module,
    learning_rate: float,
    output_decay: float = 0.0,
    betas: tuple[float, float] = (0.9, 0.999),
    output: nn.Module | None = None,
) -> torch.optim.Adam:
    """Adam over a model's parameters.

    Args:
        model: what is trained.
        learning_rate: of all.
        output_decay: L2 penalty on the output layer alone, half-square convention: the gradient of
            output_decay / 2 * |W|^2 is what Adam's weight decay adds (decoupled decay, AdamW, would be another thing).
        betas: decays of the two moments.
        output: the model's output layer; by default its parameters named `output...`.
    """
    return torch.optim.Adam(_groups(model, output_decay, output), lr=learning_rate, betas=betas, fused=True)


def make_optimizer(
    config: AdversarialConfig, model: Module, learning_rate: float, kind: str = ""
) -> torch.optim.Optimizer:
    """The optimiser of a player without a penalty, by its settings, or of another kind than they say.

    Raises:
        ConfigError: there is none of that name.
    """
    return _optimizer(config, model, learning_rate, kind or config.optimizer, 0.0, None)


def make_discriminator_optimizer(
    config: AdversarialConfig, discriminator: Discriminator, kind: str = ""
) -> torch.optim.Optimizer:
    """The same of the discriminator, with the penalty on its output layer.

    Raises:
        ConfigError: there is none of that name.
    """
    output = getattr(discriminator, "output", None) if config.decayed == "layer" else None
    rate = config.discriminator_learning_rate
    return _optimizer(config, discriminator, rate, kind or config.optimizer, config.output_decay, output)


def decayed_adam(config: AdversarialConfig, model: Module, learning_rate: float, decay: float) -> torch.optim.Optimizer:
    """Adam with a decay of all weights that is decoupled from the gradient (Loshchilov and Hutter 2019,
    arXiv:1711.05101)."""
    betas = config.beta1, config.beta2
    return torch.optim.AdamW(model.parameters(), lr=learning_rate, betas=betas, weight_decay=decay, fused=True)


def check_output_layer(config: AdversarialConfig, discriminator: Discriminator) -> None:
    """That there is a layer for `output_decay` to shrink.

    Raises:
        ConfigError: not.
    """
    if config.output_decay and not isinstance(getattr(discriminator, "output", None), nn.Module):
        raise ConfigError(
            f"adversarial.output_decay is {config.output_decay:g} and of the discriminator's last layer, and "
            f"{type(discriminator).__name__} has no layer called output: call it so, or set output_decay to 0."
        )


def _optimizer(
    config: AdversarialConfig,
    model: Module,
    learning_rate: float,
    kind: str,
    output_decay: float,
    output: nn.Module | None,
) -> torch.optim.Optimizer:
    if kind == "adam":
        return adam(model, learning_rate, output_decay, (config.beta1, config.beta2), output)
    if kind == "rmsprop":
        # No momentum: with clamped weights it overshoots (Arjovsky et al. 2017, section 4).
        return torch.optim.RMSprop(_groups(model, output_decay, output), lr=learning_rate)
    raise ConfigError(f"No optimizer is called {kind!r}: for adversarial.optimizer choose adam or rmsprop.")


def _groups(model: Module, output_decay: float, output: nn.Module | None) -> list[dict[str, Any]]:
    """The output layer's parameters apart, with their penalty."""
    named = dict(model.named_parameters())
    if output is None:
        last = {name for name in named if name.startswith("output")}
    else:
        inside = {id(parameter) for parameter in output.parameters()}
        last = {name for name, parameter in named.items() if id(parameter) in inside}
    rest = [parameter for name, parameter in named.items() if name not in last]
    decayed = [parameter for name, parameter in named.items() if name in last]
    return [{"params": rest}, {"params": decayed, "weight_decay": output_decay}]


def update(
    model: Module,
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
    wide = widest(loss.device)
    # One look at the device for both: a tensor at a time would be waited for as often as there are tensors.
    value, size = torch.stack([total(loss.detach().to(wide)), norm.to(wide)]).tolist()
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
