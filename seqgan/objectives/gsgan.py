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
6. `GSGAN._replace(hard=True)` judges one-hot vectors, with the relaxed sample's gradient.
7. Their setting: LSTMs of 32 units, Adam, learning rate 1e-3, 200 sequences, strings of at most 12 symbols.
"""

import torch
from torch import Tensor
from torch.nn import functional

from seqgan.objectives.algorithm import Critic, Relaxed
from seqgan.objectives.discriminator import binary_discriminator_loss, judge_both

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


GSGAN = Relaxed(generator_loss, discriminator_loss, gumbel=True, temperature=temperature)
