"""Discriminators: judges of sequences behind two methods (`protocol.py`)."""

from seqgan.discriminators.cnn import CNNDiscriminator
from seqgan.discriminators.many_view import ManyViewDiscriminator
from seqgan.discriminators.protocol import Discriminator
from seqgan.discriminators.residual_conv import ResidualConvDiscriminator
from seqgan.discriminators.rnn import RNNDiscriminator
from seqgan.discriminators.transformer import TransformerDiscriminator

DISCRIMINATORS = {
    "cnn": CNNDiscriminator,
    "many-view": ManyViewDiscriminator,
    "residual-conv": ResidualConvDiscriminator,
    "rnn": RNNDiscriminator,
    "transformer": TransformerDiscriminator,
}
"""Discriminators by the name that `--discriminator` takes."""

__all__ = [
    "DISCRIMINATORS",
    "CNNDiscriminator",
    "Discriminator",
    "ManyViewDiscriminator",
    "RNNDiscriminator",
    "ResidualConvDiscriminator",
    "TransformerDiscriminator",
]
