"""A learnt baseline: what a prefix's reward is expected to be, before its next token is known."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from seqgan.tensors.condition import Condition
from seqgan.tensors.masking import masked_mean


class Critic(nn.Module):
    """A GRU over the tokens before each position, and a linear map to the expected value of what stands there.

    The token itself is not read: a baseline that depended on it would change the expected gradient. Where sentences
    have conditions, another GRU reads those first, and its last state is where this one begins.

    Args:
        vocabulary_size: V.
        source_vocabulary_size: of the sources; None without.
        embedding_size: size of a token's vector.
        hidden_size: size of the GRU.

    Source: Li et al. 2017 (arXiv:1701.06547), section 3.2, and Ranzato et al. 2016 (arXiv:1511.06732), section 3.2.2,
    for a baseline learnt by squared error beside the policy.
    """

    def __init__(
        self,
        vocabulary_size: int,
        source_vocabulary_size: int | None = None,
        embedding_size: int = 32,
        hidden_size: int = 64,
    ):
        super().__init__()
        # One more symbol than tokens: what is read before the first.
        self.start = vocabulary_size
        self.embedding = nn.Embedding(vocabulary_size + 1, embedding_size)
        self.layer = nn.GRU(embedding_size, hidden_size, batch_first=True)
        self.output = nn.Linear(hidden_size, 1)
        if source_vocabulary_size is not None:
            self.source_embedding = nn.Embedding(source_vocabulary_size, embedding_size)
            self.source_layer = nn.GRU(embedding_size, hidden_size, batch_first=True)

    def forward(self, tokens: Tensor, condition: Condition | None = None) -> Tensor:
        """Ids [R, T], and R conditions, to expected values [R, T], each from the tokens before it."""
        start = torch.full_like(tokens[:, :1], self.start)
        begins_at = None if condition is None else self._read(condition)
        hidden, _ = self.layer(self.embedding(torch.cat([start, tokens[:, :-1]], dim=1)), begins_at)
        return self.output(hidden).squeeze(2)

    def _read(self, condition: Condition) -> Tensor:
        """The state after each condition's last symbol. [1, R, H]"""
        hidden, _ = self.source_layer(self.source_embedding(condition.tokens))  # [R, L, H]
        last = condition.lengths() - 1  # [R]
        return hidden[torch.arange(len(hidden), device=hidden.device), last].unsqueeze(0)


def critic_loss(predicted: Tensor, values: Tensor, mask: Tensor) -> Tensor:
    """Mean squared error at real tokens. Values [N, R, T or 1] are averaged over rollouts; all others [R, T] -> []"""
    target = values.mean(dim=0).expand(mask.shape)
    return masked_mean(functional.mse_loss(predicted, target, reduction="none"), mask)
