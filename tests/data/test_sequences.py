"""What the sentences of a split can do: the same in memory and on the disk."""

import inspect

import numpy as np
import pytest
import torch

from seqgan.data.batches import draw_batch, encode_sentences, epoch_batches, take
from seqgan.data.on_disk import Piece, StreamedSequences
from seqgan.data.sequences import AnySequences, Batch, Sequences, spread_rows
from seqgan.data.vocabulary import Vocabulary
from seqgan.tensors.condition import Condition

VOCABULARY = Vocabulary(["a", "b", "c", "d"])  # ids 2 to 5; the end is 0
LINES = ["a b", "c", "a a a a b", "b b", "a", "c b a"]
LIMIT = 4
LENGTHS = [3, 2, 4, 3, 2, 4]  # a token each and an end; five tokens are cut to four and have none


def in_memory() -> Sequences:
    return encode_sentences([line.split() for line in LINES], VOCABULARY, LIMIT)[0]


def on_disk() -> StreamedSequences:
    """As `encode_text` leaves them: in pieces, uncut."""
    pieces = []
    for lines in (LINES[:2], LINES[2:]):
        ids = [[*VOCABULARY.encode(line.split()), 0] for line in lines]
        offsets = np.cumsum([0, *map(len, ids)]).astype(np.int32)
        pieces.append(Piece(offsets, np.array([each for sentence in ids for each in sentence], np.uint16)))
    return StreamedSequences(pieces, 0, LIMIT)


@pytest.fixture(params=[in_memory, on_disk])
def sequences(request) -> AnySequences:
    return request.param()


def public(kind: type) -> set[str]:
    return {name for name in dir(kind) if not name.startswith("_")}


@pytest.mark.parametrize("kind", [Sequences, StreamedSequences])
def test_both_have_all_that_is_promised_with_the_same_arguments(kind):
    promised = public(AnySequences)
    assert {"sentences", "take", "lengths", "widened", "some", "seen"} <= promised <= public(kind)
    for name in promised:
        if inspect.isfunction(method := getattr(AnySequences, name)):
            own = inspect.signature(getattr(kind, name)).parameters
            assert list(own.values()) == list(inspect.signature(method).parameters.values()), name


def test_they_are_counted(sequences):
    assert sequences.sentences == len(LINES)
    assert sequences.mean_length == sum(LENGTHS) / len(LENGTHS)
    rows = torch.tensor([2, 0, 2, 4])
    assert sequences.lengths(rows).tolist() == [LENGTHS[row] for row in rows]
    assert sequences.condition is None
    assert sequences.rows_device == torch.device("cpu")


def test_where_they_are_is_said():
    assert in_memory().in_memory
    assert not on_disk().in_memory


def test_rows_are_taken_without_the_columns_behind_the_longest(sequences):
    batch = sequences.take(torch.tensor([3, 1]))
    assert batch.tokens.tolist() == [[3, 3, 0], [4, 0, 0]]
    assert batch.mask.tolist() == [[True, True, True], [True, True, False]]
    assert batch.condition is None
    for one, other in zip(batch[:2], take(sequences, torch.tensor([3, 1]))[:2], strict=True):
        assert torch.equal(one, other)


def test_symbols_beyond_the_limit_are_not_seen(sequences):
    # The only sentence of five tokens is cut before its b, which others have; nobody has a d or an unknown word.
    assert sequences.seen(len(VOCABULARY)).tolist() == [True, False, True, True, True, False]


def test_some_are_spread_and_all_are_in_their_order(sequences):
    some = sequences.some(3)
    assert isinstance(some, Sequences)
    assert some.tokens.tolist() == sequences.take(torch.tensor([0, 2, 4])).tokens.tolist()
    for most in (len(LINES), 100):
        assert torch.equal(sequences.some(most).tokens, in_memory().tokens)


def test_rows_are_spread_to_the_last_place_that_equal_distances_leave():
    assert spread_rows(7, 3).tolist() == [0, 2, 4]
    assert spread_rows(3, 7).tolist() == [0, 1, 2]
    assert spread_rows(0, 7).tolist() == []


@pytest.mark.parametrize("ends", [True, False])
def test_for_a_model_of_one_width_all_columns_count_unless_its_samples_end(sequences, ends):
    wide = sequences.widened(6, VOCABULARY.end, ends=ends)
    rows = torch.tensor([0, 2])
    batch = wide.take(rows)
    width = LIMIT if ends else 6  # what ends is trimmed to the longest as ever
    expected = torch.tensor([[2, 3, 0, 0, 0, 0], [2, 2, 2, 2, 0, 0]])[:, :width]
    assert torch.equal(batch.tokens, expected)
    assert wide.lengths(rows).tolist() == ([3, 4] if ends else [6, 6])
    assert torch.equal(batch.mask.sum(dim=1), wide.lengths(rows))


def test_rows_of_a_batch_are_chosen_repeated_and_moved_with_their_conditions():
    labels = torch.tensor([[7], [8], [9]])
    batch = Batch(in_memory().tokens[:3], in_memory().mask[:3], Condition(labels, torch.ones_like(labels).bool()))
    for made, rows in ((batch.select(torch.tensor([2, 0, 2])), [2, 0, 2]), (batch.repeat(2), [0, 0, 1, 1, 2, 2])):
        assert made.tokens.tolist() == batch.tokens[rows].tolist()
        assert made.mask.tolist() == batch.mask[rows].tolist()
        assert made.condition.tokens.tolist() == labels[rows].tolist()
        assert made.condition.mask.tolist() == [[True]] * len(rows)
    moved = batch.to(torch.device("meta"))
    assert {tensor.device.type for tensor in (*moved[:2], *moved.condition)} == {"meta"}
    plain = Batch(*batch[:2])
    assert plain.select(torch.tensor([1])).condition is plain.repeat(2).condition is None
    assert plain.to(torch.device("meta")).condition is None


def test_beyond_the_greatest_permutation_only_what_is_on_the_disk_is_ordered_in_blocks(monkeypatch):
    rows = [torch.cat(list(epoch_batches(each(), 2, seed=1, epoch=1))) for each in (in_memory, on_disk)]
    assert torch.equal(*rows)
    drawn = [draw_batch(each(), 2, torch.Generator().manual_seed(5)).tokens for each in (in_memory, on_disk)]
    assert torch.equal(*drawn)
    for module in ("batches", "order"):
        monkeypatch.setattr(f"seqgan.data.{module}.EXACT_SENTENCES", len(LINES) - 1)
    monkeypatch.setattr("seqgan.data.order.BLOCK_SENTENCES", 2)
    assert torch.equal(torch.cat(list(epoch_batches(in_memory(), 2, seed=1, epoch=1))), rows[0])
    blocked = epoch_batches(on_disk(), 2, seed=1, epoch=1)
    assert not isinstance(blocked, list)
    assert sorted(torch.cat(list(blocked)).tolist()) == list(range(len(LINES)))
    assert torch.equal(draw_batch(in_memory(), 2, torch.Generator().manual_seed(5)).tokens, drawn[0])
