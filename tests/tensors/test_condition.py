"""Conditions: their rows are chosen, repeated, joined and moved together, and a player reads them by one function."""

import ast
from pathlib import Path

import pytest
import torch
from support.parsed import nodes_of

import seqgan
from seqgan.tensors.condition import Condition, context_of

TOKENS = torch.tensor([[5, 6, 7], [8, 0, 0], [9, 9, 0]])
MASK = torch.tensor([[True, True, True], [True, False, False], [True, True, False]])
CONDITION = Condition(TOKENS, MASK)
LABELS = Condition(torch.tensor([[1], [2]]), torch.ones(2, 1, dtype=torch.bool))

READING = {
    *("tensors/condition.py", "generators/masked.py", "generators/tempered.py"),
    *("decoding/guided.py", "decoding/resample.py"),  # which hand them to both of their players
}
"""Files that may give a player a condition: that of the one function, and players that hand it on to the one within."""


def test_they_have_lengths():
    assert CONDITION.lengths().tolist() == [3, 1, 2]
    assert LABELS.lengths().tolist() == [1, 1]


@pytest.mark.parametrize(
    ("made", "rows"),
    [
        (CONDITION.select(torch.tensor([2, 0, 2])), [2, 0, 2]),
        (CONDITION.select(slice(1, 3)), [1, 2]),
        (CONDITION.repeat(2), [0, 0, 1, 1, 2, 2]),
    ],
)
def test_rows_keep_all_columns(made, rows):
    assert made.tokens.tolist() == TOKENS[rows].tolist()
    assert made.mask.tolist() == MASK[rows].tolist()


def test_taken_rows_are_as_wide_as_the_longest_of_them():
    made = CONDITION.take(torch.tensor([2, 1]))
    assert made.tokens.tolist() == [[9, 9], [8, 0]]
    assert made.mask.tolist() == [[True, True], [True, False]]


@pytest.mark.parametrize(("first", "second"), [(CONDITION, LABELS), (LABELS, CONDITION)])
def test_the_narrower_of_two_is_filled_up_with_what_does_not_count(first, second):
    made = first.join(second)
    rows = [each[mask].tolist() for each, mask in zip(*made, strict=True)]
    assert made.tokens.shape == made.mask.shape == (5, 3)
    assert rows == [each[mask].tolist() for part in (first, second) for each, mask in zip(*part, strict=True)]


def test_both_tensors_are_moved():
    assert {part.device.type for part in CONDITION.to(torch.device("meta"))} == {"meta"}


class Recorder:
    """A player that keeps what it is asked to read."""

    def encode(self, source, source_mask):
        return source, source_mask


def test_a_player_is_given_both_tensors_or_none():
    tokens, mask = context_of(Recorder(), CONDITION)
    assert tokens is TOKENS
    assert mask is MASK
    assert context_of(Recorder(), None) == (None, None)


def test_no_other_place_gives_a_player_the_two_tensors():
    package = Path(seqgan.__file__).parent
    found = set()
    for path in package.rglob("*.py"):
        for node in nodes_of(path):
            called = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "encode"
            if called and (len(node.args) > 1 or any(isinstance(each, ast.Starred) for each in node.args)):
                found.add(path.relative_to(package).as_posix())
    assert found == READING
