"""GSGAN: the usual GAN through Gumbel-softmax samples.

With Gumbel noise g, argmax(o + g) is a sample from softmax(o). The softmax of (o + g) / temperature is near it, the
nearer the lower the temperature, and has a gradient.

Source: Kusner and Hernandez-Lobato 2016, "GANs for Sequences of Discrete Elements with the Gumbel-softmax
Distribution" (arXiv:1611.04051); Jang, Gu, Poole 2017 (arXiv:1611.01144) for the relaxation.

Implementation details, with their source:

1. Noise is added to the logits. A well-known re-implementation adds it to the hidden state, at a fixed temperature.
2. The relaxed sample is both judged and read by the next step (paper).
3. The temperature falls from 5 to 1 (paper); here in a straight line over the training.
4. Normal noise sets the first state of the generator, hidden and cell (paper).
5. The generator's loss is the non-saturating form of Goodfellow et al. 2014.
6. `straight_through` judges one-hot vectors, with the relaxed sample's gradient.
7. Their setting: LSTMs of 32 units, Adam, learning rate 1e-3, 200 sequences, strings of at most 12 symbols.
"""

import torch
from torch import Tensor
from torch.nn import functional

from seqgan.objectives.algorithm import Critic, OwnSettings, Relaxed
from seqgan.objectives.discriminator import binary_discriminator_loss, judge_both
from seqgan.settings.types import Count

RELAXED_WORDS = {
    "rounds": 3000,
    "generator_learning_rate": 1e-4,
    "discriminator_learning_rate": 1e-4,
    "output_decay": 0.0,
    "warmup_steps": 0,
    "discriminator_steps": 5,
    "evaluate_every": 100,
}
"""What training through relaxed words has in place of the shared defaults, after Nie et al. 2019."""

FIRST_TEMPERATURE, LAST_TEMPERATURE = 5.0, 1.0


def discriminator_loss(
    critic: Critic,
    real: Tensor,
    fake: Tensor,
    mask_real: Tensor,
    mask_fake: Tensor,
    rng: torch.Generator,  # noqa: ARG001
) -> Tensor:
    """Cross-entropy of telling real from relaxed sequences. Arguments as of `judge_both`; result []."""
    return binary_discriminator_loss(*judge_both(critic, real, fake, mask_real, mask_fake))


def generator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:  # noqa: ARG001
    """-mean log D(fake). [B], [B] -> []"""
    return functional.softplus(-fake_logits).mean()


def temperature(progress: float) -> float:
    """From 5 to 1 in a straight line.

    Args:
        progress: share of the training that is done, from 0 to 1.
    """
    return FIRST_TEMPERATURE + (LAST_TEMPERATURE - FIRST_TEMPERATURE) * progress


class GsganSettings(OwnSettings, frozen=True, kw_only=True):
    """Settings of gsgan."""

    straight_through: bool = False
    """The discriminator reads one-hot vectors, whose gradient is taken to be the relaxed ones'."""
    annealing_rounds: Count = 0
    """Rounds over which the temperature falls, also if fewer are made; 0: those of the run."""


def gsgan(settings: GsganSettings) -> Relaxed:
    """The algorithm with these settings. The players' sizes are ours: the paper's are for strings of twelve symbols."""
    return Relaxed(
        generator_loss,
        discriminator_loss,
        gumbel=True,
        hard=settings.straight_through,
        temperature=temperature,
        annealing_rounds=settings.annealing_rounds,
        name="gsgan",
        settings=settings,
        made=gsgan,
        defaults={
            "adversarial": {**RELAXED_WORDS, "discriminator_steps": 1},
            "generator": {"name": "lstm", "state_noise": 1.0, "dropout": 0.0},
            "discriminator": {"name": "rnn", "dropout": 0.0},
        },
    )


GSGAN = gsgan(GsganSettings())
