"""Discriminators: judges of sequences behind two methods (`protocol.py`)."""

from seqgan.discriminators.cnn import CNNDiscriminator
from seqgan.discriminators.hierarchical import HierarchicalDiscriminator
from seqgan.discriminators.many_view import ManyViewDiscriminator
from seqgan.discriminators.protocol import Discriminator
from seqgan.discriminators.residual_conv import ResidualConvDiscriminator
from seqgan.discriminators.rnn import RNNDiscriminator
from seqgan.discriminators.transformer import TransformerDiscriminator
from seqgan.discriminators.two_tower_cnn import TwoTowerCNNDiscriminator
from seqgan.discriminators.two_tower_rnn import TwoTowerRNNDiscriminator

DISCRIMINATORS = {
    "cnn": CNNDiscriminator,
    "many-view": ManyViewDiscriminator,
    "residual-conv": ResidualConvDiscriminator,
    "rnn": RNNDiscriminator,
    "transformer": TransformerDiscriminator,
}
"""Discriminators by the name that `--discriminator` takes."""

CONDITIONAL_DISCRIMINATORS = {
    "hierarchical": HierarchicalDiscriminator,
    "two-tower-cnn": TwoTowerCNNDiscriminator,
    "two-tower-rnn": TwoTowerRNNDiscriminator,
}
"""Discriminators of a sequence given its source, by name. Their first argument is the source's vocabulary size."""

__all__ = [
    "CONDITIONAL_DISCRIMINATORS",
    "DISCRIMINATORS",
    "CNNDiscriminator",
    "Discriminator",
    "HierarchicalDiscriminator",
    "ManyViewDiscriminator",
    "RNNDiscriminator",
    "ResidualConvDiscriminator",
    "TransformerDiscriminator",
    "TwoTowerCNNDiscriminator",
    "TwoTowerRNNDiscriminator",
]
