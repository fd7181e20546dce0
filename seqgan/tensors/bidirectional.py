"""Recurrent layers that read padded sequences in both directions, and of them the real positions alone."""

from collections.abc import Callable
from typing import Self

import torch
from torch import Tensor, nn

from seqgan.tensors.dropout import Dropout


class BidirectionalLayers(nn.Module):
    """Recurrent layers, each of two directions; a layer reads both directions of the one below.

    The second direction begins at a row's last real position: what a position gets depends neither on padding nor on
    other rows. Two layers of one direction each do without the row lengths on the CPU that packing would ask for.

    Args:
        layer: makes a recurrent layer of one direction, ``nn.GRU`` or ``nn.LSTM``.
        input_size: E, of a position's vector.
        hidden_size: H, of each direction.
        layers: how many.
        dropout: share of each layer's output that is dropped in training.

    Source: Schuster and Paliwal 1997, "Bidirectional recurrent neural networks".
    """

    def __init__(
        self,
        layer: Callable[..., nn.Module],
        input_size: int,
        hidden_size: int,
        layers: int = 1,
        dropout: float = 0.0,
    ):
        super().__init__()
        sizes = [input_size] + [2 * hidden_size] * (layers - 1)
        self.forwards = nn.ModuleList(layer(size, hidden_size, batch_first=True) for size in sizes)
        self.backwards = nn.ModuleList(layer(size, hidden_size, batch_first=True) for size in sizes)
        self.dropout = Dropout(dropout)

    def train(self, mode: bool = True) -> Self:
        """As for any module, but the recurrent layers stay in training mode, which changes nothing in them.

        They hold no dropout of their own, and cuDNN refuses the backward pass of a recurrent layer in evaluation mode.
        """
        super().train(mode)
        self.forwards.train()
        self.backwards.train()
        return self

    def forward(self, values: Tensor, mask: Tensor) -> Tensor:
        """The states after each position, from the left and from the right; 0 where the mask is False.

        Args:
            values: [R, T, E]
            mask: True at the first positions of each row, as many as are real. [R, T]

        Returns:
            [R, T, 2 H], the direction from the left first.
        """
        for forwards, backwards in zip(self.forwards, self.backwards, strict=True):
            from_left = forwards(values)[0]
            from_right = reverse_within(backwards(reverse_within(values, mask))[0], mask)
            values = self.dropout(torch.cat([from_left, from_right], dim=2) * mask.unsqueeze(-1))
        return values


def reverse_within(values: Tensor, mask: Tensor) -> Tensor:
    """Each row's real positions from last to first; padding stays where it is. [R, T, E], [R, T] -> [R, T, E]"""
    lengths = mask.sum(dim=1, keepdim=True)  # [R, 1]
    places = torch.arange(mask.shape[1], device=mask.device)
    index = torch.where(mask, lengths - 1 - places, places)  # [R, T]
    return values.gather(1, index.unsqueeze(-1).expand_as(values))
