"""Models for use elsewhere: folders that travel, rewards for other trainers, graphs for other programs."""

from seqgan.exporting.pretrained import PretrainedDiscriminator, PretrainedGenerator
from seqgan.exporting.reward import DiscriminatorReward, discriminator_reward_function

__all__ = [
    "DiscriminatorReward",
    "PretrainedDiscriminator",
    "PretrainedGenerator",
    "discriminator_reward_function",
]
