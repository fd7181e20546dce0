"""The GRU generator: three quarters of the LSTM's weights at the same size."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from seqgan.generators.recurrent import Cell, RecurrentGenerator


def _step(values: Tensor, state: tuple[Tensor, ...], parameters: Iterable[Tensor]) -> tuple[Tensor, ...]:
    (hidden,) = state
    return (torch.gru_cell(values, hidden, *parameters),)


class GRUGenerator(RecurrentGenerator):
    """An autoregressive GRU over tokens. Arguments and errors are those of `RecurrentGenerator`.

    Source: Cho et al. 2014 (arXiv:1406.1078), section 2.3, in cuDNN's variant: the reset gate acts after the hidden
    state's matrix, not before it.
    """

    cell = Cell(nn.GRU, _step, tensors=1)
