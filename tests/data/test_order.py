"""The order of texts that are too large for one permutation, on small ones."""

import pytest
import torch

from seqgan.data import order as module
from seqgan.data.order import BlockedBatches, Shard, Window, distinct_rows


class Sized:
    """What the order asks of a text."""

    def __init__(self, sentences):
        self.sentences = sentences

    def lengths(self, rows):
        return 1 + rows * 37 % 11


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    monkeypatch.setattr(module, "BLOCK_SENTENCES", 10)
    monkeypatch.setattr(module, "POOL_BLOCKS", 3)
    monkeypatch.setattr(module, "EXACT_SENTENCES", 50)
    monkeypatch.setattr(module, "POOL_BATCHES", 2)


def batches(sentences, size, **options):
    return BlockedBatches(Sized(sentences), size, **{"seed": 1, "epoch": 1, **options})


@pytest.mark.parametrize("size", [1, 3, 4, 10, 16, 1000])
@pytest.mark.parametrize("sentences", [1, 9, 10, 11, 60, 97])
def test_each_sentence_comes_once(sentences, size):
    for epoch in (1, 2):
        made = batches(sentences, size, epoch=epoch)
        rows = list(made)
        assert sorted(torch.cat(rows).tolist()) == list(range(sentences))
        assert len(made) == len(rows) == -(-sentences // size)
        assert sum(len(batch) < size for batch in rows) <= 1
        whole = list(batches(sentences, size, epoch=epoch, drop_last=True))
        assert all(len(batch) == size for batch in whole)
        assert len(whole) == sentences // size
        assert len(set(torch.cat(whole).tolist())) == len(whole) * size if whole else True


def test_any_place_of_an_epoch_can_be_gone_to():
    rows = [batch.tolist() for batch in batches(97, 4)]
    made = batches(97, 4)
    for number in (17, 3, 24, 0, -1):
        assert made[number].tolist() == rows[number]
    assert [batch.tolist() for batch in made[20:]] == rows[20:]
    with pytest.raises(IndexError):
        made[25]


def test_epochs_and_seeds_differ():
    first = torch.cat(list(batches(97, 4)))
    assert torch.equal(first, torch.cat(list(batches(97, 4))))
    assert not torch.equal(first, torch.cat(list(batches(97, 4, epoch=2))))
    assert not torch.equal(first, torch.cat(list(batches(97, 4, seed=2))))


def test_a_pool_mixes_blocks_from_all_over():
    # Batches of 4 make blocks of 12 sentences and pools of 36, which are 9 batches.
    rows = torch.cat(batches(400, 4)[:9])
    assert len({row // 12 for row in rows.tolist()}) == 3
    spread = [
        max(row // 12 for row in pool) - min(row // 12 for row in pool)
        for start in range(0, 90, 9)
        for pool in [torch.cat(batches(400, 4)[start : start + 9]).tolist()]
    ]
    assert max(spread) > 20


def test_each_row_is_as_likely_first():
    counts = torch.zeros(60)
    for epoch in range(1500):
        counts[batches(60, 5, epoch=epoch)[0]] += 1
    # Each of 60 rows in 5 of 60 places: 125 times, with a deviation of 10.7.
    assert counts.min() > 75
    assert counts.max() < 175


@pytest.mark.parametrize("world", [1, 2, 3, 5])
def test_processes_share_each_batch(world):
    made = batches(97, 10)
    shards = [Shard(made, rank, world) for rank in range(world)]
    assert {len(shard) for shard in shards} == {10}
    for number, rows in enumerate(made):
        parts = [shard[number] for shard in shards]
        assert sorted(torch.cat(parts).tolist()) == sorted(rows.tolist())
        assert max(map(len, parts)) - min(map(len, parts)) <= 1
    assert [rows.tolist() for rows in shards[0][3:5]] == [shards[0][3].tolist(), shards[0][4].tolist()]
    with pytest.raises(ValueError, match="one of 0 to"):
        Shard(made, world, world)


def test_epochs_of_another_length_go_on_where_the_last_ended():
    passes = {number: [torch.tensor([10 * number + place]) for place in range(4)] for number in range(1, 9)}
    taken = [int(rows) for epoch in range(1, 6) for rows in Window(passes.__getitem__, 6, epoch)]
    assert taken == [10 * number + place for number in range(1, 9) for place in range(4)][:30]
    assert [int(rows) for rows in Window(passes.__getitem__, 6, 2)[4:]] == [32, 33]
    with pytest.raises(IndexError):
        Window(passes.__getitem__, 6, 1)[6]


def test_drawn_rows_are_distinct_where_they_can_be(rng):
    for count, size in ((10, 10), (100, 30), (100, 80)):
        rows = distinct_rows(count, size, rng)
        assert len(set(rows.tolist())) == size
        assert rows.max() < count
    assert distinct_rows(5, 20, rng).shape == (20,)
    # Up to the limit as in memory.
    same = torch.Generator().manual_seed(3)
    assert torch.equal(distinct_rows(50, 7, torch.Generator().manual_seed(3)), torch.randperm(50, generator=same)[:7])
    counts = torch.zeros(60)
    for _ in range(600):
        counts[distinct_rows(60, 6, rng)] += 1  # 60 each, with a deviation of 7.3
    assert counts.min() > 25
    assert counts.max() < 95
