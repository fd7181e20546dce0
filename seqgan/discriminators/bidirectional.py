"""The bidirectional recurrent discriminator: LSTMs that read the sequence from both sides, and what they see strongest
and on average."""

import torch
from torch import Tensor, nn

from seqgan.discriminators.inputs import refuse_source
from seqgan.tensors.bidirectional import BidirectionalLayers
from seqgan.tensors.embedding import embed
from seqgan.tensors.lstm import LSTM


class BidirectionalDiscriminator(nn.Module):
    """Is a sequence real? Judged from the maxima and the means of a bidirectional LSTM's states over its tokens.

    A maximum keeps one odd place of a long sequence, a mean keeps what is odd a little everywhere.

    Args:
        vocabulary_size: V.
        embedding_size: size of a token's vector; the table is the discriminator's own.
        hidden_size: H, size of each direction of each LSTM layer.
        layers: LSTM layers.
        dropout: share of the embeddings, of each layer's outputs and of the pooled features dropped in training.

    Source: the judge of Deng et al. 2020 (arXiv:2004.11714), section 4, is a bidirectional encoder; pooling both ways
    as in Conneau et al. 2017 (arXiv:1705.02364), section 3.2.
    """

    def __init__(
        self,
        vocabulary_size: int,
        embedding_size: int = 64,
        hidden_size: int = 128,
        layers: int = 1,
        dropout: float = 0.25,
    ):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary_size, embedding_size)
        self.layers = BidirectionalLayers(LSTM, embedding_size, hidden_size, layers, dropout)
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(4 * hidden_size, 1)
        # As the convolutional discriminator's table: the default, standard normal, saturates the gates.
        nn.init.uniform_(self.embedding.weight, -1.0, 1.0)

    def encode(self, source: Tensor | None, source_mask: Tensor | None) -> None:  # noqa: ARG002
        """None: this discriminator is unconditional.

        Raises:
            ValueError: a source is given.
        """
        refuse_source(self, source)

    def forward(self, tokens: Tensor, mask: Tensor, context: None = None) -> Tensor:  # noqa: ARG002
        """Ids [R, T] or distributions [R, T, V], mask [R, T] -> logits [R], positive for real."""
        values = self.dropout(embed(tokens, self.embedding.weight) * mask.unsqueeze(-1))  # [R, T, E]
        states = self.layers(values, mask)  # [R, T, 2 H], 0 behind the end
        mean = states.sum(dim=1) / mask.sum(dim=1, keepdim=True).clamp(min=1)
        # States are between -1 and 1: what stands behind the end is never the greatest.
        greatest = states.masked_fill(~mask.unsqueeze(-1), -1.0).amax(dim=1)
        return self.output(self.dropout(torch.cat([greatest, mean], dim=1))).squeeze(1)
