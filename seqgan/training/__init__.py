"""Training: maximum likelihood for the generator, then both players."""

from seqgan.training.adversarial import discriminator_reward, train_adversarially
from seqgan.training.pretrain import Pretrained, pretrain

__all__ = ["Pretrained", "discriminator_reward", "pretrain", "train_adversarially"]
