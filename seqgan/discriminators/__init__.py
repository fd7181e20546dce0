"""Discriminators: judges of sequences behind two methods (`protocol.py`)."""

from seqgan.discriminators import cnn, many_view, two_tower_cnn
from seqgan.discriminators.bidirectional import BidirectionalDiscriminator
from seqgan.discriminators.cnn import CNNDiscriminator
from seqgan.discriminators.hierarchical import HierarchicalDiscriminator
from seqgan.discriminators.kind import DiscriminatorKind
from seqgan.discriminators.many_view import ManyViewDiscriminator
from seqgan.discriminators.protocol import Discriminator
from seqgan.discriminators.residual_conv import ResidualConvDiscriminator
from seqgan.discriminators.rnn import RNNDiscriminator
from seqgan.discriminators.transformer import TransformerDiscriminator
from seqgan.discriminators.two_tower_cnn import TwoTowerCNNDiscriminator
from seqgan.discriminators.two_tower_rnn import TwoTowerRNNDiscriminator

DISCRIMINATORS: dict[str, DiscriminatorKind] = {
    kind.name: kind
    for kind in (
        DiscriminatorKind("cnn", CNNDiscriminator, filters=cnn.FILTERS),
        DiscriminatorKind("many-view", ManyViewDiscriminator, filters=many_view.FILTERS),
        DiscriminatorKind("bidirectional", BidirectionalDiscriminator),
        DiscriminatorKind("residual-conv", ResidualConvDiscriminator),
        DiscriminatorKind("rnn", RNNDiscriminator),
        DiscriminatorKind("transformer", TransformerDiscriminator, heads_divide="embedding_size"),
        DiscriminatorKind("hierarchical", HierarchicalDiscriminator, source="always"),
        DiscriminatorKind("two-tower-cnn", TwoTowerCNNDiscriminator, source="always", filters=two_tower_cnn.FILTERS),
        DiscriminatorKind("two-tower-rnn", TwoTowerRNNDiscriminator, source="always"),
        DiscriminatorKind("huggingface", pretrained="encoder", source="either", distributions=False),
    )
}
"""Discriminators by the name that `--discriminator` takes. Those of one's own are put here."""


def usual_discriminator(*, conditional: bool) -> str:
    """The kind that is meant where none is named, for text with sources or without."""
    return "two-tower-cnn" if conditional else "cnn"


__all__ = [
    "DISCRIMINATORS",
    "BidirectionalDiscriminator",
    "CNNDiscriminator",
    "Discriminator",
    "DiscriminatorKind",
    "HierarchicalDiscriminator",
    "ManyViewDiscriminator",
    "RNNDiscriminator",
    "ResidualConvDiscriminator",
    "TransformerDiscriminator",
    "TwoTowerCNNDiscriminator",
    "TwoTowerRNNDiscriminator",
    "usual_discriminator",
]
