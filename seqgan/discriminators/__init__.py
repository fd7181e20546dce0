"""Discriminators: judges of sequences behind two methods (`protocol.py`)."""

from seqgan.discriminators.cnn import CNNDiscriminator
from seqgan.discriminators.protocol import Discriminator

DISCRIMINATORS = {"cnn": CNNDiscriminator}
"""Discriminators by the name that `--discriminator` takes."""

__all__ = ["DISCRIMINATORS", "CNNDiscriminator", "Discriminator"]
