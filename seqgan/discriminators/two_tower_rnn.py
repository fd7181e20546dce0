"""The recurrent discriminator of CSGAN-NMT: two bidirectional LSTMs read the source and the sequence."""

from torch import Tensor, nn

from seqgan.discriminators.fit import Fit
from seqgan.discriminators.inputs import require_context, require_source
from seqgan.tensors.bidirectional import BidirectionalLayers
from seqgan.tensors.dropout import Dropout
from seqgan.tensors.embedding import embed, embed_source, source_embedding
from seqgan.tensors.lstm import LSTM


class TwoTowerRNNDiscriminator(nn.Module):
    """Is a sequence a real answer to its source? Judged from the mean states of a bidirectional LSTM for each.

    Args:
        source_vocabulary_size: symbols of the source.
        vocabulary_size: V.
        embedding_size: size of a token's vector, on both sides; the tables are the discriminator's own.
        hidden_size: H, size of each direction of each LSTM layer.
        layers: LSTM layers of each tower.
        joint_size: see `Fit`, which stands where the paper's logit is linear in both means.
        dropout: share of the embeddings, of each layer's outputs and of the joint features dropped in training.
        shared_embedding: one table for the tokens of both, which are then of one vocabulary.

    Raises:
        ConfigError: a shared table for vocabularies of two sizes.

    Source: Yang et al. 2017 (arXiv:1703.04887, version 1), the RNN-based discriminator.
    """

    def __init__(
        self,
        source_vocabulary_size: int,
        vocabulary_size: int,
        embedding_size: int = 64,
        hidden_size: int = 128,
        layers: int = 1,
        joint_size: int = 128,
        dropout: float = 0.25,
        shared_embedding: bool = False,
    ):
        super().__init__()
        self.source_embedding = source_embedding(
            vocabulary_size, source_vocabulary_size, embedding_size, shared_embedding
        )
        self.embedding = nn.Embedding(vocabulary_size, embedding_size)
        self.source_tower = BidirectionalLayers(LSTM, embedding_size, hidden_size, layers, dropout)
        self.tower = BidirectionalLayers(LSTM, embedding_size, hidden_size, layers, dropout)
        self.dropout = Dropout(dropout)
        self.fit = Fit(2 * hidden_size, 2 * hidden_size, joint_size, dropout)
        # As the convolutional discriminator's tables: the default, standard normal, saturates the gates.
        for table in (self.source_embedding, self.embedding):
            if table is not None:
                nn.init.uniform_(table.weight, -1.0, 1.0)

    @property
    def output(self) -> nn.Module:
        """The last layer, which is that of `Fit`."""
        return self.fit.output

    def encode(self, source: Tensor | None, source_mask: Tensor | None) -> Tensor:
        """Source [B, L] and its mask [B, L] to the projected mean state of each. [B, J]

        Raises:
            ConfigError: there is no source.
        """
        source, mask = require_source(self, source, source_mask)
        vectors = self.dropout(embed_source(source, mask, self.source_embedding, self.embedding))  # [B, L, E]
        return self.fit.source(mean_state(self.source_tower(vectors, mask), mask))

    def forward(self, tokens: Tensor, mask: Tensor, context: Tensor | None = None) -> Tensor:
        """Ids [R, T] or distributions [R, T, V], mask [R, T], their sources' context -> logits [R], positive for real.

        Raises:
            ConfigError: there is no context.
            ValueError: it is of another number of rows.
        """
        context = require_context(self, len(tokens), context)
        vectors = self.dropout(embed(tokens, self.embedding.weight) * mask.unsqueeze(-1))  # [R, T, E]
        return self.fit(mean_state(self.tower(vectors, mask), mask), context)


def mean_state(states: Tensor, mask: Tensor) -> Tensor:
    """The mean over real positions of states that are 0 at the others. [R, T, H], [R, T] -> [R, H]"""
    return states.sum(dim=1) / mask.sum(dim=1, keepdim=True).clamp(min=1)
