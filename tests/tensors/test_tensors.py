import pytest
import torch
from torch import nn

from seqgan.tensors.embedding import embed
from seqgan.tensors.masking import mask_from_tokens, masked_mean
from seqgan.tensors.modes import evaluating
from seqgan.tensors.positions import sinusoids
from seqgan.tensors.residual import ResidualBlock
from seqgan.tensors.rows import disturb_rows, join_rows, repeat_rows, select_rows


def test_mask_is_true_up_to_and_including_the_first_end():
    tokens = torch.tensor([[5, 0, 7, 0], [1, 2, 3, 4], [0, 0, 0, 0]])
    expected = [[True, True, False, False], [True] * 4, [True, False, False, False]]
    assert mask_from_tokens(tokens, end=0).tolist() == expected
    assert mask_from_tokens(tokens, end=None).all()


def test_masked_mean_counts_real_positions_only():
    values = torch.tensor([1.0, 3.0, float("nan")])
    assert masked_mean(values, torch.tensor([True, True, False])).item() == 2.0
    assert masked_mean(values, torch.zeros(3, dtype=torch.bool)).item() == 0.0


def test_distributions_embed_to_expected_vectors():
    weight = torch.arange(8.0).view(4, 2)  # three symbols and a start symbol
    distribution = torch.tensor([[0.5, 0.5, 0.0]])
    assert embed(distribution, weight).tolist() == [[1.0, 2.0]]  # the mean of [0, 1] and [2, 3]
    assert embed(torch.tensor([3]), weight).tolist() == [[6.0, 7.0]]


def test_rows_of_nested_states():
    state = (torch.tensor([[1], [2]]), (torch.tensor([3, 4]), None))
    picked = select_rows(state, torch.tensor([1, 1]))
    assert picked[0].tolist() == [[2], [2]]
    assert picked[1][0].tolist() == [4, 4]
    assert repeat_rows(state, 2)[1][0].tolist() == [3, 3, 4, 4]
    assert join_rows(state, state)[1][0].tolist() == [3, 4, 3, 4]
    assert select_rows(None, torch.tensor([0])) is repeat_rows(None, 2) is join_rows(None, None) is None


def test_a_part_that_is_frozen_in_evaluation_mode_stays_so():
    model = nn.Sequential(nn.Dropout(0.5), nn.Sequential(nn.Dropout(0.5)))
    model[1].eval()
    modes = [module.training for module in model.modules()]
    with evaluating(model):
        assert not any(module.training for module in model.modules())
    assert [module.training for module in model.modules()] == modes == [True, True, False, False]


def test_modes_are_restored_also_after_an_error():
    model, other = nn.Linear(1, 1), nn.Linear(1, 1).eval()

    def failing():
        with evaluating(model, other):
            assert not model.training
            assert not torch.is_grad_enabled()
            raise KeyError

    with pytest.raises(KeyError):
        failing()
    assert model.training
    assert not other.training
    assert torch.is_grad_enabled()


def test_noise_reaches_every_number_of_a_state_and_changes_no_argument(rng):
    state = (torch.zeros(5000, 2), (torch.ones(5000, 3),))
    disturbed = disturb_rows(state, 3.0, rng)
    for part, mean in ((disturbed[0], 0.0), (disturbed[1][0], 1.0)):
        assert part.mean().item() == pytest.approx(mean, abs=5 * 3 / 10_000**0.5)
        assert part.std().item() == pytest.approx(3.0, rel=0.04)
    assert (state[0] == 0).all()
    assert disturb_rows(state, 0.0, rng) is state


def test_masks_are_not_disturbed(rng):
    mask = torch.tensor([[True, False]])
    numbers, same = disturb_rows((torch.zeros(1, 2), mask), 1.0, rng)
    assert (numbers != 0).all()
    assert torch.equal(same, mask)


@pytest.mark.parametrize("state", [None, (torch.zeros(4, 2, 0, 3),)])
def test_a_state_without_numbers_cannot_be_disturbed(state, rng):
    with pytest.raises(ValueError, match="holds nothing before the first token"):
        disturb_rows(state, 1.0, rng)
    assert disturb_rows(state, 0.0, rng) is state


def test_a_residual_block_adds_three_tenths_of_two_convolutions():
    block = ResidualBlock(2, width=3).double()
    with torch.no_grad():
        for convolution, tap in ((block.first, 0), (block.second, 2)):
            # Output channel c reads channel c alone, one position before (tap 0) or after (tap 2) it.
            convolution.weight.zero_()
            convolution.weight[:, :, tap] = torch.eye(2)
            convolution.bias.fill_(1.0)
    values = torch.tensor([[[-4.0, 5.0, 6.0], [1.0, -2.0, 3.0]]], dtype=torch.float64)
    # relu, shifted right, plus 1: 1 1 6 | 1 2 1; shifted left, plus 1: 2 7 1 | 3 2 1.
    branch = torch.tensor([[[2.0, 7.0, 1.0], [3.0, 2.0, 1.0]]], dtype=torch.float64)
    torch.testing.assert_close(block(values), values + 0.3 * branch)


def test_sinusoids_turn_at_falling_speeds():
    # Four columns: one radian a position, then 10,000 ** (-1 / 2) = 0.01; sines first.
    table = sinusoids(3, 4)
    angles = torch.tensor([[0.0, 0.0], [1.0, 0.01], [2.0, 0.02]], dtype=torch.float64)
    torch.testing.assert_close(table, torch.cat([angles.sin(), angles.cos()], dim=1))
    assert sinusoids(3, 5).shape == (3, 5)
