"""A state in parts is the state: selected, split and joined as one."""

import pytest
import torch

from seqgan.tensors.rows import SharedRows, SplitRows, join_rows, select_rows, split_rows


def state(rows, first=0):
    """Two layers, one of them a pair of which one part is shared, and nothing."""
    numbers = torch.arange(first, first + rows)
    table = torch.arange(0.0, 100.0)
    return (numbers.float(), (numbers[:, None] * torch.ones(1, 3), SharedRows(table, numbers), None))


def numbers_of(whole):
    """Of which rows a state is, from each of its parts."""
    first, (second, shared, nothing) = whole.rows() if isinstance(whole, SplitRows) else whole
    assert nothing is None
    assert torch.equal(first, second[:, 2])
    assert torch.equal(first, shared.rows())
    return first.tolist()


@pytest.fixture
def split():
    return SplitRows([state(3), state(1, first=3), state(4, first=4)], [3, 1, 4])


@pytest.mark.parametrize(
    ("index", "sizes"),
    [
        ([0, 2, 3, 7], [2, 1, 1]),
        ([0, 1, 2, 3, 4, 5, 6, 7], [3, 1, 4]),
        ([4, 6], [0, 0, 2]),
        ([3], [0, 1, 0]),
        ([], [0, 0, 0]),
    ],
)
def test_rows_in_their_order_stay_in_parts(split, index, sizes):
    some = select_rows(split, torch.tensor(index, dtype=torch.long))
    assert some.sizes == sizes
    assert [len(part[0]) for part in some.parts] == sizes
    assert numbers_of(some) == index


@pytest.mark.parametrize("index", [[2, 0], [7, 7], [0, 0, 1], [0, 5, 4]])
def test_other_rows_are_joined(split, index):
    some = select_rows(split, torch.tensor(index))
    assert not isinstance(some, SplitRows)
    assert numbers_of(some) == index


@pytest.mark.parametrize("sizes", [[3, 1, 4], [4, 4], [8], [2, 2, 2, 2]])
def test_split_as_it_is_or_anew(split, sizes):
    parts = split_rows(split, sizes)
    assert [len(part[0]) for part in parts] == sizes
    assert numbers_of(join_rows(*parts)) == list(range(8))
    assert (parts is split.parts) == (sizes == [3, 1, 4])
