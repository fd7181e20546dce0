"""The convolutional discriminator of CSGAN-NMT: one tower of convolutions reads the source, another the sequence."""

from collections.abc import Mapping

from torch import Tensor, nn

from seqgan.discriminators.cnn import strongest
from seqgan.discriminators.fit import Fit
from seqgan.discriminators.inputs import require_context, require_source
from seqgan.tensors.dropout import Dropout
from seqgan.tensors.embedding import embed, embed_source, source_embedding
from seqgan.tensors.products import Linear

FILTERS = {width: 100 + 10 * width for width in range(1, 50, 4)}
"""Number of filters for each width, as in the paper, whose sentences have up to 50 tokens."""


class TwoTowerCNNDiscriminator(nn.Module):
    """Is a sequence a real answer to its source? Judged from the n-gram features of both.

    Windows and what follows a text's end are treated as in `CNNDiscriminator`. Other than in the paper there is no
    batch normalisation: statistics of a batch would tie rows together, and let a sequence be worth something else in
    training than when it is rewarded; here the two differ by dropout alone. And where the paper's logit is linear in
    the features of both towers, here it is that of `Fit`, which can tell how they go together.

    Args:
        source_vocabulary_size: symbols of the source.
        vocabulary_size: V.
        embedding_size: size of a token's vector, on both sides; the tables are the discriminator's own.
        filters: number of filters for each width.
        source_filters: the same for the source; None for those of the sequence.
        joint_size: see `Fit`.
        dropout: share of each tower's features, after the highway layer, and of the joint ones dropped in training.
        shared_embedding: one table for the tokens of both, which are then of one vocabulary.

    Raises:
        ConfigError: a shared table for vocabularies of two sizes.

    Source: Yang et al. 2017 (arXiv:1703.04887, version 1), the CNN-based discriminator; initialisation as
    of `CNNDiscriminator`.
    """

    def __init__(
        self,
        source_vocabulary_size: int,
        vocabulary_size: int,
        embedding_size: int = 64,
        filters: Mapping[int, int] = FILTERS,
        source_filters: Mapping[int, int] | None = None,
        joint_size: int = 128,
        dropout: float = 0.25,
        shared_embedding: bool = False,
    ):
        super().__init__()
        source_filters = filters if source_filters is None else source_filters
        self.source_embedding = source_embedding(
            vocabulary_size, source_vocabulary_size, embedding_size, shared_embedding
        )
        self.embedding = nn.Embedding(vocabulary_size, embedding_size)
        self.source_tower = Tower(embedding_size, source_filters)
        self.tower = Tower(embedding_size, filters)
        self.dropout = Dropout(dropout)
        self.fit = Fit(sum(source_filters.values()), sum(filters.values()), joint_size, dropout)
        for table in (self.source_embedding, self.embedding):
            if table is not None:
                nn.init.uniform_(table.weight, -1.0, 1.0)

    @property
    def output(self) -> nn.Module:
        """The last layer, which is that of `Fit`."""
        return self.fit.output

    def encode(self, source: Tensor | None, source_mask: Tensor | None) -> Tensor:
        """Source [B, L] and its mask [B, L] to the projected features of each. [B, J]

        Raises:
            ConfigError: there is no source.
        """
        source, mask = require_source(self, source, source_mask)
        vectors = embed_source(source, mask, self.source_embedding, self.embedding)  # [B, L, E]
        return self.fit.source(self.dropout(self.source_tower(vectors, mask)))

    def forward(self, tokens: Tensor, mask: Tensor, context: Tensor | None = None) -> Tensor:
        """Ids [R, T] or distributions [R, T, V], mask [R, T], their sources' context -> logits [R], positive for real.

        Raises:
            ConfigError: there is no context.
            ValueError: it is of another number of rows.
        """
        context = require_context(self, len(tokens), context)
        vectors = embed(tokens, self.embedding.weight) * mask.unsqueeze(-1)  # [R, T, E]
        return self.fit(self.dropout(self.tower(vectors, mask)), context)


class Tower(nn.Module):
    """Convolutions over time, the maximum of each filter over time, a highway layer.

    Args:
        embedding_size: E.
        filters: number of filters for each width; F in all.
    """

    def __init__(self, embedding_size: int, filters: Mapping[int, int]):
        super().__init__()
        features = sum(filters.values())
        self.convolutions = nn.ModuleList(nn.Conv1d(embedding_size, count, width) for width, count in filters.items())
        self.highway_gate = Linear(features, features)
        self.highway_transform = Linear(features, features)
        for layer in [*self.convolutions]:
            nn.init.trunc_normal_(layer.weight, std=0.1, a=-0.2, b=0.2)
            nn.init.constant_(layer.bias, 0.1)

    def forward(self, vectors: Tensor, mask: Tensor) -> Tensor:
        """Vectors [R, T, E], 0 where the mask [R, T] is False -> [R, F]"""
        features = strongest(self.convolutions, vectors, mask)  # [R, F]
        gate = self.highway_gate(features).sigmoid()
        return gate * self.highway_transform(features).relu() + (1 - gate) * features
