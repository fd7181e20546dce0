"""WGAN-GP and WGAN: a critic whose slope is bounded tells how far generated sequences are from real ones.

Real sequences are one-hot, generated ones are softmax vectors: a discriminator can always tell them apart, and every
divergence of probabilities is then as large as it can be. The Wasserstein distance is not, and falls as the softmax
vectors come near real sequences. The critic's slope is held at 1 by a penalty (WGAN-GP), or its weights are clamped
(WGAN).

Source: Gulrajani, Ahmed, Arjovsky, Dumoulin, Courville 2017, "Improved Training of Wasserstein GANs"
(arXiv:1704.00028), section 5.5 and the program that its authors published; Arjovsky, Chintala, Bottou 2017
(arXiv:1701.07875) for clamping; Press, Bar, Bogin, Berant, Wolf 2017 (arXiv:1706.01399) for recurrent players.

Implementation details, with their source:

1. The penalty is two-sided, with weight 10, one interpolation coefficient a sequence, and the norm of the gradient
   over positions and characters together (program).
2. The generator's softmax is judged as it is: no sampling, no noise on logits. A generator that makes all positions
   at once has its noise at its input; one that steps has it in its first state, of standard deviation 10 (Press et
   al.), and reads its own softmax vectors.
3. Padding is text: lines are padded to one length, and the generator has to make the padding too (program).
4. The penalty is computed in 32 bits, whatever the precision of the rest, on a batch of its own: together with the
   others in one pass, all three would carry the graph of second derivatives, which costs half as much again.
5. A critic with batch statistics has no gradient of its own for a sequence: none of this package's has them.
6. Their optimiser: Adam, learning rate 1e-4, betas 0.5 and 0.9, 10 critic updates for each of the generator, 64
   sequences. With clamping: RMSProp, 5e-5, no momentum, 5 critic updates, weights of at most 0.01; their program makes
   100 of them in the first 25 rounds and in every 500th, which is a setting (`discriminator_surge`) and in the preset
   `wgan-paper`.
"""

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from functools import partial

import torch
from torch import Tensor, nn

from seqgan.objectives.algorithm import Critic, OwnSettings, Relaxed
from seqgan.objectives.discriminator import judge_both
from seqgan.settings.types import Weight


def critic_loss(
    critic: Critic,
    real: Tensor,
    fake: Tensor,
    mask_real: Tensor,
    mask_fake: Tensor,
    rng: torch.Generator,
    penalty_weight: float = 10.0,
) -> Tensor:
    """Mean logit of fake less that of real sequences, and the gradient penalty.

    Args:
        critic: any differentiable judge of distributions; twice, where there is a penalty.
        real: one-hot vectors. [B, T, V]
        fake: distributions; no gradient goes into them. [B, T, V]
        mask_real: True at real tokens. [B, T]
        mask_fake: the same of the generated ones. [B, T]
        rng: of the interpolation.
        penalty_weight: what the penalty is multiplied by; 0 leaves it out.

    Returns:
        []

    Source: Gulrajani et al. 2017, equation 3.
    """
    real_logits, fake_logits = judge_both(critic, real, fake, mask_real, mask_fake)
    loss = fake_logits.mean() - real_logits.mean()
    if penalty_weight:
        # What a mask hides of one side must not come in through the other's positions.
        real, fake = real * mask_real.unsqueeze(2), fake * mask_fake.unsqueeze(2)
        loss = loss + penalty_weight * gradient_penalty(critic, real, fake, mask_real | mask_fake, rng)
    return loss


def generator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:  # noqa: ARG001
    """Minus the mean logit of generated sequences. [B], [B] -> []"""
    return -fake_logits.mean()


def gradient_penalty(critic: Critic, real: Tensor, fake: Tensor, mask: Tensor, rng: torch.Generator) -> Tensor:
    """How far the critic's slope is from 1 between real and fake: the mean of (norm of the gradient - 1) squared.

    Args:
        critic: differentiable twice; the module itself where it has recurrent layers that shall run without cuDNN
            here and nowhere else.
        real: one-hot vectors. [B, T, V]
        fake: distributions. [B, T, V]
        mask: True where either is real. [B, T]
        rng: of the interpolation, on the device of `real`.

    Returns:
        A loss for the critic's parameters. []

    Source: Gulrajani et al. 2017, section 4.
    """
    # No autocast: in 16 bits a slope keeps two or three digits, and its distance from 1 fewer.
    with torch.autocast(real.device.type, enabled=False), _twice_differentiable(critic):
        dtype = torch.promote_types(real.dtype, torch.float32)
        real, fake = real.detach().to(dtype), fake.detach().to(dtype)
        share = torch.rand(len(real), 1, 1, generator=rng, device=real.device, dtype=dtype)  # one a sequence
        between = torch.lerp(real, fake, share).requires_grad_()
        # Rows do not depend on each other: the gradient of the sum holds that of each row.
        (slopes,) = torch.autograd.grad(critic(between, mask).sum(), between, create_graph=True)
        norms = torch.linalg.vector_norm(slopes, dim=(1, 2))  # [B], over positions and characters together
        return (norms - 1).square().mean()


def _twice_differentiable(critic: Critic) -> AbstractContextManager[object]:
    """cuDNN cannot differentiate recurrent layers twice: off for what has some, or may have some."""
    plain = isinstance(critic, nn.Module) and not any(isinstance(part, nn.RNNBase) for part in critic.modules())
    return nullcontext() if plain else torch.backends.cudnn.flags(enabled=False)


def clamp_(parameters: Iterable[Tensor], bound: float) -> None:
    """Bring every entry of the parameters into [-bound, bound], in place.

    Source: Arjovsky et al. 2017, algorithm 1, after each update of the critic.
    """
    with torch.no_grad():
        for parameter in parameters:
            parameter.clamp_(-bound, bound)


# Gulrajani et al. 2017 with a quarter of their channels and five times their learning rate, at which so small players
# learn in minutes: a round is then some seconds on two cores.
_SHARED = {
    "rounds": 5000,
    "clip_norm": 0.0,
    "output_decay": 0.0,
    "warmup_steps": 0,
    "discriminator_steps": 5,
    "evaluate_every": 100,
    "evaluate_samples": 640,
}
_PLAYERS = {
    "data": {"tokenizer": "characters", "max_length": 32},
    "generator": {"name": "residual-conv", "hidden_size": 128, "layers": 5, "dropout": 0.0},
    "discriminator": {"name": "residual-conv", "hidden_size": 128, "layers": 5, "dropout": 0.0},
}


class WganGpSettings(OwnSettings, frozen=True, kw_only=True):
    """Settings of wgan-gp."""

    penalty_weight: Weight = 10.0
    """Weight of the gradient penalty; 0 leaves it out."""


def wgan_gp(settings: WganGpSettings) -> Relaxed:
    """The algorithm with these settings."""
    rates = {"generator_learning_rate": 5e-4, "discriminator_learning_rate": 5e-4}
    return Relaxed(
        generator_loss,
        partial(critic_loss, penalty_weight=settings.penalty_weight),
        ends=False,
        compares=True,
        bounds_slope=True,
        name="wgan-gp",
        settings=settings,
        made=wgan_gp,
        defaults={**_PLAYERS, "adversarial": {**_SHARED, **rates, "beta1": 0.5, "beta2": 0.9}},
    )


WGAN_GP = wgan_gp(WganGpSettings())

WGAN = Relaxed(
    generator_loss,
    partial(critic_loss, penalty_weight=0.0),
    ends=False,
    compares=True,
    bounds_slope=True,
    needs_clamp=True,
    name="wgan",
    defaults={
        **_PLAYERS,
        "adversarial": {
            **_SHARED,
            "optimizer": "rmsprop",
            "generator_learning_rate": 5e-5,
            "discriminator_learning_rate": 5e-5,
            "weight_clamp": 0.01,
        },
    },
)
"""The same critic, its weights clamped (`adversarial.weight_clamp`) in place of the penalty."""
