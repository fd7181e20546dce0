"""The LSTM generator, that of SeqGAN."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from seqgan.generators.recurrent import Cell, RecurrentGenerator


def _step(values: Tensor, state: tuple[Tensor, ...], parameters: Iterable[Tensor]) -> tuple[Tensor, ...]:
    return torch.lstm_cell(values, state, *parameters)


class LSTMGenerator(RecurrentGenerator):
    """An autoregressive LSTM over tokens. Arguments and errors are those of `RecurrentGenerator`.

    A layer's state is its hidden and its cell state.

    Source: Yu et al. 2017 (arXiv:1609.05473), section 3.
    """

    cell = Cell(nn.LSTM, _step, tensors=2)
