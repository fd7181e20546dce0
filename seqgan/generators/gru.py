"""The GRU generator: three quarters of the LSTM's weights at the same size."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from seqgan.generators.recurrent import Cell, RecurrentGenerator
from seqgan.tensors.products import linear, onednn_pays


def _step(values: Tensor, state: tuple[Tensor, ...], parameters: Iterable[Tensor]) -> tuple[Tensor, ...]:
    (hidden,) = state
    input_weight, hidden_weight, input_bias, hidden_bias = parameters
    if not onednn_pays(hidden, len(hidden_weight)):
        return (torch.gru_cell(values, hidden, input_weight, hidden_weight, input_bias, hidden_bias),)
    # Reset gate, update gate, proposal: in torch's order.
    reset, kept, proposal = linear(values, input_weight, input_bias).chunk(3, dim=1)
    hidden_reset, hidden_kept, hidden_proposal = linear(hidden, hidden_weight, hidden_bias).chunk(3, dim=1)
    proposal = (proposal + (reset + hidden_reset).sigmoid() * hidden_proposal).tanh()
    return (proposal + (kept + hidden_kept).sigmoid() * (hidden - proposal),)


class GRUGenerator(RecurrentGenerator):
    """An autoregressive GRU over tokens. Arguments and errors are those of `RecurrentGenerator`.

    Source: Cho et al. 2014 (arXiv:1406.1078), section 2.3, in cuDNN's variant: the reset gate acts after the hidden
    state's matrix, not before it.
    """

    cell = Cell(nn.GRU, _step, tensors=1)
