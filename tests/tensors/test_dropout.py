"""Dropout from numbers of 16 bits against what dropout is: shares, scale, derivatives, and when torch's own is used."""

import pytest
import torch
from torch.nn import functional

from seqgan.tensors.dropout import Dropout, drawing, dropout


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.9])
def test_as_many_are_dropped_as_asked_for_and_the_others_scaled(share):
    torch.manual_seed(0)
    count = 400_001  # not a multiple of four
    found = dropout(torch.ones(count, dtype=torch.float64), share)
    kept = found != 0
    # Within five standard errors.
    assert kept.double().mean().item() == pytest.approx(1 - share, abs=5 * (share * (1 - share) / count) ** 0.5)
    rounded = round(share * 65_536) / 65_536
    assert torch.equal(found[kept], torch.full_like(found[kept], 1 / (1 - rounded)))


def test_neighbours_are_dropped_independently():
    # Four decisions are of one random number: of pairs a quarter is dropped whole, whatever the distance.
    torch.manual_seed(0)
    dropped = dropout(torch.ones(400_000), 0.5) == 0
    for distance in range(1, 6):
        both = (dropped[:-distance] & dropped[distance:]).float().mean().item()
        assert both == pytest.approx(0.25, abs=5 * (0.25 * 0.75 / 400_000) ** 0.5)


def test_the_same_seed_drops_the_same_and_another_call_others():
    values = torch.ones(100, 7)
    torch.manual_seed(3)
    first, second = dropout(values, 0.5), dropout(values, 0.5)
    torch.manual_seed(3)
    assert torch.equal(first, dropout(values, 0.5))
    assert not torch.equal(first, second)


def test_it_has_derivatives_of_any_order():
    torch.manual_seed(0)
    values = torch.rand(5, 3, dtype=torch.float64, requires_grad=True)

    def cubed(values):
        torch.manual_seed(1)
        return dropout(values, 0.4) ** 3

    assert torch.autograd.gradcheck(cubed, values)
    assert torch.autograd.gradgradcheck(cubed, values)


def test_the_module_changes_nothing_in_evaluation_nor_without_a_share():
    values = torch.rand(4, 5)
    assert Dropout(0.5).eval()(values) is values
    assert torch.equal(Dropout(0.0)(values), values)
    assert torch.equal(Dropout(1.0)(values), torch.zeros(4, 5))


@pytest.mark.parametrize("type_", [torch.bfloat16, torch.float16])
def test_of_other_types_it_is_torchs(type_):
    values = torch.rand(40, 5).to(type_)
    torch.manual_seed(0)
    found = dropout(values, 0.3)
    torch.manual_seed(0)
    assert torch.equal(found, functional.dropout(values, 0.3))


def test_within_autocast_it_is_torchs():
    values = torch.rand(40, 5)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        torch.manual_seed(0)
        found = dropout(values, 0.3)
        torch.manual_seed(0)
        assert torch.equal(found, functional.dropout(values, 0.3))


def test_in_runs_made_before_it_is_torchs():
    values = torch.rand(40, 5)
    torch.manual_seed(0)
    with drawing("single"):
        found = dropout(values, 0.3)
    torch.manual_seed(0)
    assert torch.equal(found, functional.dropout(values, 0.3))
    assert not torch.equal(dropout(values, 0.3), found)


def test_what_is_traced_has_torchs_operator():
    traced = torch.jit.trace(Dropout(0.3), torch.rand(4, 5), check_trace=False)
    assert "dropout" in str(traced.graph)
