"""How well two vectors fit each other: the last layers of the discriminators with a tower for each text."""

import torch
from torch import Tensor, nn

from seqgan.tensors.dropout import Dropout
from seqgan.tensors.products import Linear


class Fit(nn.Module):
    """A logit from what one tower says of a source and another of a sequence.

    A linear map of both vectors would be a sum of two judgements, neither of which knows the other text. Here both are
    projected, and the logit is linear in the ReLU of the projections' sum, a hidden layer on the two, and in their
    product, which compares them directly.

    Args:
        source_size: of the source's vector.
        size: of the sequence's vector.
        joint_size: J, of the projections.
        dropout: share of the joint features that is dropped in training.

    Source: the product of projections is the low-rank bilinear pooling of Kim et al. 2017 (arXiv:1610.04325).
    """

    def __init__(self, source_size: int, size: int, joint_size: int, dropout: float):
        super().__init__()
        self.source = Linear(source_size, joint_size)
        self.sequence = Linear(size, joint_size)
        self.dropout = Dropout(dropout)
        self.output = nn.Linear(2 * joint_size, 1)

    def forward(self, values: Tensor, source: Tensor) -> Tensor:
        """Vectors of sequences [R, size] and projected sources [R, J], as ``self.source`` gives them -> logits [R]"""
        projected = self.sequence(values)
        joint = torch.cat([(projected + source).relu(), projected * source], dim=1)  # [R, 2 J]
        return self.output(self.dropout(joint)).squeeze(1)
