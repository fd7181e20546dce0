"""Evaluation mode for the length of a `with` block, and whether tensors are computed with as usual."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch.autograd import forward_ad

from seqgan.tensors.module import Module


@contextmanager
def evaluating(*modules: Module) -> Iterator[None]:
    """No gradients, and `modules` in evaluation mode (dropout off); their modes, and those of their parts, are as
    before afterwards: a part that somebody froze in evaluation mode is still so.

    Samples, rollouts and rewards are computed inside: with dropout on, the policy that samples would not be the
    policy that is scored, and the same sentence would be worth something else each time.
    """
    were_training = [module.training for module in modules]
    of_parts = [(part, part.training) for module in modules for part in module.modules()]
    try:
        for module in modules:
            module.eval()
        with torch.no_grad():
            yield
    finally:
        for module, training in zip(modules, were_training, strict=True):
            module.train(training)  # a module may do more than its parts at a change
        for part, training in of_parts:
            part.training = training


def seen_by_transformations() -> bool:
    """Whether a program is traced, or run under the transformations of `torch.func` or in forward mode.

    A trace's reader knows the usual operators alone, and sizes would become its conditions; transformations and forward
    mode need derivatives of every operator.
    """
    # Tracing is asked about first: nothing more may then be looked at.
    return (
        torch.compiler.is_compiling()
        or torch.jit.is_tracing()
        or torch._C._are_functorch_transforms_active()
        or forward_ad._current_level >= 0
    )
