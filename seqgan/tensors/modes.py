"""Evaluation mode for the length of a `with` block."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn


@contextmanager
def evaluating(*modules: nn.Module) -> Iterator[None]:
    """No gradients, and `modules` in evaluation mode (dropout off); their modes are as before afterwards.

    Samples, rollouts and rewards are computed inside: with dropout on, the policy that samples would not be the
    policy that is scored, and the same sentence would be worth something else each time.
    """
    were_training = [module.training for module in modules]
    try:
        for module in modules:
            module.eval()
        with torch.no_grad():
            yield
    finally:
        for module, training in zip(modules, were_training, strict=True):
            module.train(training)
