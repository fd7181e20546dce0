"""Training: maximum likelihood for the generator, then both players."""

from seqgan.training.adversarial import train_adversarially
from seqgan.training.pretrain import Pretrained, pretrain
from seqgan.training.rewards import discriminator_reward

__all__ = ["Pretrained", "discriminator_reward", "pretrain", "train_adversarially"]
