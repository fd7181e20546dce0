"""Discrete sequence GANs: pretrain a generator, train it against a discriminator, sample, and judge.

Importing this package imports nothing else; take what you need from its parts, for example
``from seqgan.metrics import self_bleu`` or ``from seqgan.decoding import sample, rollout``.
"""

__version__ = "0.1.0"
