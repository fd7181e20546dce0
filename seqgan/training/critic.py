"""A learnt baseline: what a prefix's reward is expected to be, before its next token is known."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from seqgan.tensors.masking import masked_mean


class Critic(nn.Module):
    """A GRU over the tokens before each position, and a linear map to the expected value of what stands there.

    The token itself is not read: a baseline that depended on it would change the expected gradient.

    Args:
        vocabulary_size: V.
        embedding_size: size of a token's vector.
        hidden_size: size of the GRU.

    Source: Li et al. 2017 (arXiv:1701.06547), section 3.2, and Ranzato et al. 2016 (arXiv:1511.06732), section 3.2.2,
    for a baseline learnt by squared error beside the policy.
    """

    def __init__(self, vocabulary_size: int, embedding_size: int = 32, hidden_size: int = 64):
        super().__init__()
        # One more symbol than tokens: what is read before the first.
        self.start = vocabulary_size
        self.embedding = nn.Embedding(vocabulary_size + 1, embedding_size)
        self.layer = nn.GRU(embedding_size, hidden_size, batch_first=True)
        self.output = nn.Linear(hidden_size, 1)

    def forward(self, tokens: Tensor) -> Tensor:
        """Ids [R, T] -> expected values [R, T], each from the tokens before it."""
        start = torch.full_like(tokens[:, :1], self.start)
        hidden, _ = self.layer(self.embedding(torch.cat([start, tokens[:, :-1]], dim=1)))
        return self.output(hidden).squeeze(2)


def critic_loss(predicted: Tensor, values: Tensor, mask: Tensor) -> Tensor:
    """Mean squared error at real tokens. Values [N, R, T or 1] are averaged over rollouts; all others [R, T] -> []"""
    target = values.mean(dim=0).expand(mask.shape)
    return masked_mean(functional.mse_loss(predicted, target, reduction="none"), mask)
