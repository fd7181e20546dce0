import pytest
import torch
from torch import nn

from seqgan.tensors.bidirectional import BidirectionalLayers, reverse_within

LENGTHS = torch.tensor([3, 5, 0, 1])
MASK = torch.arange(5) < LENGTHS.unsqueeze(1)


def test_rows_are_reversed_within_their_lengths():
    values = torch.tensor([[1.0, 2, 3, 8, 9], [1, 2, 3, 4, 5], [6, 7, 8, 9, 0], [1, 6, 7, 8, 9]]).unsqueeze(2)
    expected = [[3, 2, 1, 8, 9], [5, 4, 3, 2, 1], [6, 7, 8, 9, 0], [1, 6, 7, 8, 9]]
    assert reverse_within(values, MASK).squeeze(2).tolist() == expected


@pytest.mark.parametrize("kind", [nn.GRU, nn.LSTM])
def test_each_row_is_read_as_one_without_padding_by_the_librarys_bidirectional_layers(kind, rng):
    torch.manual_seed(0)
    model = BidirectionalLayers(kind, 3, 4, layers=2).double()
    library = kind(3, 4, num_layers=2, bidirectional=True, batch_first=True).double()
    weights = {}
    for number, (forwards, backwards) in enumerate(zip(model.forwards, model.backwards, strict=True)):
        for name, parameter in forwards.named_parameters():
            weights[name.replace("l0", f"l{number}")] = parameter
        for name, parameter in backwards.named_parameters():
            weights[name.replace("l0", f"l{number}_reverse")] = parameter
    library.load_state_dict(weights)
    values = torch.randn(4, 5, 3, dtype=torch.float64, generator=rng)
    states = model(values, MASK)
    for row, length in enumerate(LENGTHS.tolist()):
        if length:
            torch.testing.assert_close(states[row : row + 1, :length], library(values[row : row + 1, :length])[0])
        assert (states[row, length:] == 0).all()


def test_the_layers_stay_in_training_mode_and_the_dropout_does_not():
    # cuDNN refuses the backward pass of a recurrent layer in evaluation mode.
    model = nn.Sequential(BidirectionalLayers(nn.GRU, 3, 4, dropout=0.5)).eval()[0]
    assert not model.training
    assert not model.dropout.training
    assert all(layer.training for layer in [*model.forwards, *model.backwards])
