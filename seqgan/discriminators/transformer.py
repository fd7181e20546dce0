"""The Transformer discriminator: self-attention over the whole sequence, then the mean over its positions."""

from contextlib import nullcontext

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from seqgan.discriminators.inputs import refuse_source
from seqgan.errors import ConfigError
from seqgan.tensors.dropout import Dropout
from seqgan.tensors.embedding import embed
from seqgan.tensors.positions import sinusoids

ROWS = 32_768
"""Most sequences encoded at once. The CUDA kernels of attention count rows in 16 bits and fail beyond 65,535
(github.com/pytorch/pytorch/issues/146704), and rollouts are rewarded by the 65,536."""


class TransformerDiscriminator(nn.Module):
    """Is a sequence real? Judged from the mean of its tokens' vectors after self-attention, in both directions.

    Args:
        vocabulary_size: V.
        embedding_size: E, size of a token's vector and of what each layer passes on; the table is the
            discriminator's own.
        hidden_size: size within each layer's feed-forward part.
        layers: blocks of attention and feed-forward part.
        heads: of attention in each block; must divide embedding_size.
        dropout: share of the embeddings, of the attention weights, of the feed-forward parts' hidden values and of each
            part's output that is dropped in training.

    Raises:
        ConfigError: heads do not divide embedding_size.

    Source: Vaswani et al. 2017 (arXiv:1706.03762), section 3, the encoder with its sinusoidal positions; norms before
    each part as in Xiong et al. 2020 (arXiv:2002.04745), figure 1(b).
    """

    def __init__(
        self,
        vocabulary_size: int,
        embedding_size: int = 64,
        hidden_size: int = 128,
        layers: int = 2,
        heads: int = 4,
        dropout: float = 0.25,
    ):
        super().__init__()
        if embedding_size % heads:
            raise ConfigError(
                f"The heads of a Transformer share out the embedding, but embedding_size is {embedding_size} and heads "
                f"is {heads}: make embedding_size a multiple of heads."
            )
        self.embedding = nn.Embedding(vocabulary_size, embedding_size)
        self.dropout = Dropout(dropout)
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(
                embedding_size, heads, hidden_size, dropout, activation="gelu", batch_first=True, norm_first=True
            )
            for _ in range(layers)
        )
        self.norm = nn.LayerNorm(embedding_size)
        self.output = nn.Linear(embedding_size, 1)
        # About as large as the sines and cosines that are added: neither drowns the other.
        nn.init.uniform_(self.embedding.weight, -1.0, 1.0)

    def encode(self, source: Tensor | None, source_mask: Tensor | None) -> None:  # noqa: ARG002
        """None: this discriminator is unconditional.

        Raises:
            ValueError: a source is given.
        """
        refuse_source(self, source)

    def forward(self, tokens: Tensor, mask: Tensor, context: None = None) -> Tensor:  # noqa: ARG002
        """Ids [R, T] or distributions [R, T, V], mask [R, T] -> logits [R], positive for real."""
        parts = zip(tokens.split(ROWS), mask.split(ROWS), strict=True)
        # A gradient penalty differentiates twice by its distributions: of the kernels only the plain one can.
        with sdpa_kernel(SDPBackend.MATH) if tokens.requires_grad else nullcontext():
            return torch.cat([self._judge(part, part_mask) for part, part_mask in parts])

    def _judge(self, tokens: Tensor, mask: Tensor) -> Tensor:
        values = embed(tokens, self.embedding.weight)  # [R, T, E]
        values = self.dropout(values + sinusoids(values.shape[1], values.shape[2]).to(values))
        # A sequence without a token would be a softmax over nothing, and some of PyTorch's paths make that NaN (the one
        # for inference does in 2.13): it reads its first position.
        readable = mask | (torch.arange(mask.shape[1], device=mask.device) == 0)
        for layer in self.layers:
            values = layer(values, src_key_padding_mask=~readable)
        values = self.norm(values).masked_fill(~mask.unsqueeze(-1), 0.0)
        mean = values.sum(dim=1) / mask.sum(dim=1, keepdim=True).clamp(min=1)  # [R, E]
        return self.output(mean).squeeze(1)
