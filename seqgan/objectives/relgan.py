"""RelGAN: a relativistic loss through Gumbel-softmax samples that sharpen as the training goes on.

The discriminator tells how much more real a real sequence is than a generated one, and the generator turns that round.
Logits with their noise are multiplied by an inverse temperature that rises from 1 to a maximum: the higher it ends,
the more diverse and the less clean the samples are.

Source: Nie, Narodytska, Patel 2019, "RelGAN: Relational Generative Adversarial Networks for Text Generation", ICLR;
the program that its authors published; Jolicoeur-Martineau 2019 (arXiv:1807.00734) for the loss, there RSGAN.

Implementation details, with their source:

1. The generator reads the symbol that it drew, without a gradient; the discriminator reads the relaxed vector
   (program).
2. Real and generated sequences are paired by their place in the batch (program). The loss is a mean over pairs, and
   over views where the discriminator has a logit for each.
3. The inverse temperature is maximum ** progress (paper). The program fixes the length of the schedule at 5,000 steps
   whatever the run's, so that its runs of 2,000 and 3,000 steps end at 100 ** 0.4 = 6.3 and at 100 ** 0.6 = 15.8:
   to repeat such a run, give that as the maximum.
4. Their setting: pretraining with Adam, 1e-2; then Adam, 1e-4, for both players, gradients of each clipped to a norm of
   5, 64 sequences, 5 updates of the discriminator for each of the generator.
"""

from collections.abc import Callable
from typing import Annotated

import torch
import tyro
from msgspec import Meta
from torch import Tensor
from torch.nn import functional

from seqgan.errors import ConfigError, nearest
from seqgan.objectives.algorithm import Critic, OwnSettings, Relaxed
from seqgan.objectives.discriminator import judge_both
from seqgan.objectives.gsgan import RELAXED_WORDS
from seqgan.settings.types import Count

SCHEDULES: dict[str, Callable[[float, float], float]] = {
    "constant": lambda maximum, progress: maximum,  # noqa: ARG005
    "linear": lambda maximum, progress: 1 + (maximum - 1) * progress,
    "exponential": lambda maximum, progress: maximum**progress,
    "quadratic": lambda maximum, progress: 1 + (maximum - 1) * progress**2,
    "square-root": lambda maximum, progress: 1 + (maximum - 1) * progress**0.5,
}
"""The inverse temperature from its maximum and the share of the training that is done, from 0 to 1. All but the first
rise from 1. Those of the authors' program that are functions of the share alone."""


def discriminator_loss(
    critic: Critic,
    real: Tensor,
    fake: Tensor,
    mask_real: Tensor,
    mask_fake: Tensor,
    rng: torch.Generator,  # noqa: ARG001
) -> Tensor:
    """-mean log sigmoid(F(real) - F(fake)). Arguments as of `judge_both`; result []."""
    return relativistic_loss(*judge_both(critic, real, fake, mask_real, mask_fake))


def generator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """-mean log sigmoid(F(fake) - F(real)). [B], [B] -> []"""
    return relativistic_loss(fake_logits, real_logits)


def relativistic_loss(better: Tensor, worse: Tensor) -> Tensor:
    """-mean log sigmoid(better - worse), logits paired by place. [B], [B] or [B, S], [B, S] -> []

    Source: Jolicoeur-Martineau 2019 (arXiv:1807.00734), RSGAN.
    """
    return functional.softplus(worse - better).mean()


class RelganSettings(OwnSettings, frozen=True, kw_only=True):
    """Settings of relgan."""

    inverse_temperature: Annotated[float, Meta(ge=1)] = 100.0
    """What the inverse temperature rises to: higher is more diverse, and less clean."""
    annealing: Annotated[str, tyro.conf.arg(metavar="|".join(SCHEDULES))] = "exponential"
    """How it rises: exponential, linear, quadratic, square-root or constant."""
    annealing_rounds: Count = 0
    """Rounds of the whole annealing, also if fewer are made (5000 in the authors' program); 0: of the run."""


def relgan(settings: RelganSettings) -> Relaxed:
    """The algorithm with these settings.

    Raises:
        ConfigError: there is no such way of annealing.
    """
    if settings.annealing not in SCHEDULES:
        raise ConfigError(
            f"No annealing is called {settings.annealing!r}.{nearest(settings.annealing, SCHEDULES)} "
            f"Known: {', '.join(sorted(SCHEDULES))}."
        )
    inverse, maximum = SCHEDULES[settings.annealing], settings.inverse_temperature

    def temperature(progress: float) -> float:
        return 1 / inverse(maximum, progress)

    return Relaxed(
        generator_loss,
        discriminator_loss,
        gumbel=True,
        feed_tokens=True,
        temperature=temperature,
        annealing_rounds=settings.annealing_rounds,
        compares=True,
        name="relgan",
        settings=settings,
        made=relgan,
        defaults={
            "adversarial": {**RELAXED_WORDS, "clip_norm": 5.0, "discriminator_clip_norm": 5.0},
            "generator": {"name": "relational", "embedding_size": 32, "hidden_size": 512, "heads": 2, "dropout": 0.0},
            "discriminator": {"name": "many-view", "embedding_size": 64, "per_view": True},
        },
    )


RELGAN = relgan(RelganSettings())
