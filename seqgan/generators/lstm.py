"""The LSTM generator, that of SeqGAN."""

from collections.abc import Iterable

import torch
from torch import Tensor

from seqgan.generators.recurrent import Cell, RecurrentGenerator
from seqgan.tensors.lstm import LSTM
from seqgan.tensors.products import linear, onednn_pays


def _step(values: Tensor, state: tuple[Tensor, ...], parameters: Iterable[Tensor]) -> tuple[Tensor, ...]:
    input_weight, hidden_weight, input_bias, hidden_bias = parameters
    hidden, memory = state
    if not onednn_pays(hidden, len(hidden_weight)):
        return torch.lstm_cell(values, state, input_weight, hidden_weight, input_bias, hidden_bias)
    gates = linear(values, input_weight, input_bias) + linear(hidden, hidden_weight, hidden_bias)
    entered, kept, proposal, shown = gates.chunk(4, dim=1)  # in torch's order
    memory = kept.sigmoid() * memory + entered.sigmoid() * proposal.tanh()
    return shown.sigmoid() * memory.tanh(), memory


class LSTMGenerator(RecurrentGenerator):
    """An autoregressive LSTM over tokens. Arguments and errors are those of `RecurrentGenerator`.

    A layer's state is its hidden and its cell state.

    Source: Yu et al. 2017 (arXiv:1609.05473), section 3.
    """

    cell = Cell(LSTM, _step, tensors=2)
