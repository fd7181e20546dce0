import pytest
import torch

from seqgan.data.batches import (
    Sequences,
    automatic_max_length,
    draw_batch,
    encode_sentences,
    epoch_batches,
    mean_length,
    take,
)
from seqgan.data.order import POOL_BATCHES
from seqgan.data.vocabulary import Vocabulary
from seqgan.errors import ConfigError, CorpusError

VOCABULARY = Vocabulary(["a", "b", "c"])  # ids 2, 3, 4; the end is 0


def sequences_of_lengths(lengths: list[int]) -> Sequences:
    """Sentences whose first id tells the row they are in."""
    tokens = torch.zeros(len(lengths), max(lengths), dtype=torch.long)
    tokens[:, 0] = torch.arange(len(lengths))
    return Sequences(tokens, torch.arange(max(lengths)) < torch.tensor(lengths).unsqueeze(1))


def test_after_a_sentence_stands_its_end_then_the_end_again_without_mask():
    sequences, too_long = encode_sentences([["a", "b"], ["c"], ["zebra", "a", "c"]], VOCABULARY, max_length=10)
    assert sequences.tokens.tolist() == [[2, 3, 0, 0], [4, 0, 0, 0], [1, 2, 4, 0]]
    assert sequences.mask.tolist() == [[True, True, True, False], [True, True, False, False], [True] * 4]
    assert sequences.tokens.dtype == torch.int64
    assert sequences.mask.dtype == torch.bool
    assert too_long == 0


def test_a_sentence_of_one_token_less_than_the_length_fits_with_its_end():
    sequences, too_long = encode_sentences([["a", "b"]], VOCABULARY, max_length=3)
    assert sequences.tokens.tolist() == [[2, 3, 0]]
    assert too_long == 0


def test_a_cut_sentence_has_no_end_since_it_did_not_end():
    sequences, too_long = encode_sentences([["a", "b", "c"], ["c"]], VOCABULARY, max_length=3)
    assert sequences.tokens.tolist() == [[2, 3, 4], [4, 0, 0]]
    assert sequences.mask.tolist() == [[True] * 3, [True, True, False]]
    assert too_long == 1


def test_sentences_that_are_too_long_can_be_dropped():
    sequences, too_long = encode_sentences(
        [["a", "b", "c"], ["c"], ["a"] * 9], VOCABULARY, max_length=3, too_long="drop"
    )
    assert sequences.tokens.tolist() == [[4, 0]]
    assert too_long == 2


def test_dropping_all_sentences_is_refused_with_the_settings():
    with pytest.raises(CorpusError, match=r"All 2 sentences have more than 2 tokens.*data.max_length.*data.too_long"):
        encode_sentences([["a", "b"], ["a", "c"]], VOCABULARY, max_length=2, too_long="drop")


@pytest.mark.parametrize(
    ("sentences", "options", "error", "message"),
    [
        ([["a"]], {"too_long": "trim"}, ConfigError, "too_long is 'trim': choose cut or drop"),
        ([["a"]], {"max_length": 0}, ConfigError, "max_length is 0, but it counts tokens"),
        ([], {}, CorpusError, "no sentences to encode"),
    ],
)
def test_what_cannot_be_encoded_is_refused(sentences, options, error, message):
    with pytest.raises(error, match=message):
        encode_sentences(sentences, VOCABULARY, **{"max_length": 5} | options)


def test_automatic_length_has_room_for_the_longest_sentence_and_its_end():
    assert automatic_max_length([["a"] * 7, ["a"]]) == 8
    assert automatic_max_length([["a"] * 300]) == 256
    assert automatic_max_length([["a"] * 300], limit=1000) == 301


def test_decoding_an_encoded_sentence_gives_it_back():
    sentences = [["a", "b", "c"], ["c"], ["b", "a"]]
    sequences, _ = encode_sentences(sentences, VOCABULARY, max_length=8)
    assert [VOCABULARY.decode(row) for row in sequences.tokens.tolist()] == sentences


@pytest.mark.parametrize("count", [1, 7, 8, 9, 1000])
def test_an_epoch_takes_every_row_once(count):
    sequences = sequences_of_lengths([1 + row % 11 for row in range(count)])
    batches = epoch_batches(sequences, 8, seed=0, epoch=0)
    assert sorted(torch.cat(batches).tolist()) == list(range(count))
    assert sorted(len(rows) for rows in batches)[1:] == [8] * (len(batches) - 1)


@pytest.mark.parametrize("count", [1, 7, 8, 9, 1000, 1003])
def test_an_epoch_can_be_of_full_batches_only(count):
    sequences = sequences_of_lengths([1 + row % 11 for row in range(count)])
    batches = epoch_batches(sequences, 8, seed=0, epoch=0, drop_last=True)
    assert [len(rows) for rows in batches] == [8] * (count // 8)
    rows = torch.cat([*batches, torch.tensor([], dtype=torch.long)]).tolist()
    assert len(set(rows)) == len(rows)


def test_full_batches_do_not_leave_out_the_longest_rows_each_time():
    sequences = sequences_of_lengths(list(range(1, 16)))  # the incomplete batch of 15 rows, sorted, would be the last 7
    left_out = set()
    for epoch in range(30):
        (rows,) = epoch_batches(sequences, 8, seed=0, epoch=epoch, drop_last=True)
        left_out |= set(range(15)) - set(rows.tolist())
    assert left_out == set(range(15))


def test_order_is_a_function_of_seed_and_epoch_alone():
    sequences = sequences_of_lengths([1 + row % 11 for row in range(200)])

    def order(seed: int, epoch: int) -> list[int]:
        return torch.cat(epoch_batches(sequences, 8, seed=seed, epoch=epoch)).tolist()

    expected = order(3, 5)
    torch.manual_seed(99)
    state = torch.get_rng_state()
    assert order(3, 5) == expected
    assert torch.equal(torch.get_rng_state(), state)  # nobody else's random numbers were used
    assert order(3, 6) != expected
    assert order(4, 5) != expected
    assert order(2**62, 5) != expected  # any seed will do


def test_batches_by_length_hold_rows_of_like_length_in_mixed_order():
    lengths = [1 + row * 37 % 100 for row in range(4 * POOL_BATCHES)]
    sequences = sequences_of_lengths(lengths)
    batches = epoch_batches(sequences, 4, seed=0, epoch=0, by_length=True)
    spreads = [max(each) - min(each) for each in ([lengths[row] for row in rows] for rows in batches)]
    assert max(spreads) <= 2  # one pool of 200 rows, two of each length
    means = [sequences.mask[rows].sum(dim=1).float().mean().item() for rows in batches]
    assert means != sorted(means)


def test_batches_are_a_random_order_whatever_the_lengths():
    order = torch.cat(epoch_batches(sequences_of_lengths(list(range(1, 31))), 4, seed=2, epoch=7))
    assert torch.equal(order, torch.cat(epoch_batches(sequences_of_lengths([3] * 30), 4, seed=2, epoch=7)))
    # Of rows of ascending length the longest would stand in one batch, if lengths had a part in it.
    last = [29 in rows for rows in order.split(4)].index(True)
    assert not {26, 27, 28} <= set(order.split(4)[last].tolist())


def test_the_mean_length_is_over_sentences():
    assert mean_length(sequences_of_lengths([2, 5, 3, 9])) == 4.75


def test_taken_rows_are_as_wide_as_the_longest_of_them():
    sequences = sequences_of_lengths([2, 5, 3, 9])
    batch = take(sequences, torch.tensor([2, 0]))
    assert batch.tokens[:, 0].tolist() == [2, 0]
    assert batch.mask.tolist() == [[True, True, True], [True, True, False]]
    assert batch.tokens.shape == (2, 3)
    assert batch.condition is None


def test_drawn_rows_are_distinct_where_there_are_enough(rng):
    sequences = sequences_of_lengths([1] * 10)
    for _ in range(20):
        assert len(set(draw_batch(sequences, 7, rng).tokens[:, 0].tolist())) == 7
    assert sorted(draw_batch(sequences, 10, rng).tokens[:, 0].tolist()) == list(range(10))


def test_more_rows_than_there_are_are_drawn_with_repetition(rng):
    rows = draw_batch(sequences_of_lengths([1, 1, 1]), 200, rng).tokens[:, 0]
    assert rows.unique().tolist() == [0, 1, 2]
    assert len(rows) == 200


def test_rows_are_drawn_uniformly(rng):
    sequences = sequences_of_lengths([1 + row for row in range(8)])
    drawn = torch.cat([draw_batch(sequences, 2, rng).tokens[:, 0] for _ in range(2000)])
    # 4,000 rows, 500 of each; one row in a draw or not has variance 3/16, so 2,000 draws a deviation of 19.4: five.
    assert (drawn.bincount(minlength=8) - 500).abs().max() < 97


def test_drawing_is_repeatable():
    sequences = sequences_of_lengths([1] * 50)
    first, second = (draw_batch(sequences, 9, torch.Generator().manual_seed(4)).tokens for _ in range(2))
    assert torch.equal(first, second)
