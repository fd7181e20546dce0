"""Very long runs leave little, and a resumed one leaves what the unbroken one leaves."""

import pytest

from seqgan.runs.thinning import SAMPLES, is_logged, is_shown, thin_samples


def test_lines_in_the_log():
    assert all(is_logged(step) for step in range(1, 10_001))
    # Up to 100,000 nine tenths of 100,000 are left to be thinned, one in ten; and so on.
    assert sum(map(is_logged, range(1, 1_000_001))) == 10_000 + 9_000 + 9_000
    assert is_logged(1_000_000)


def test_lines_for_the_reader():
    assert [step for step in range(10, 101, 10) if is_shown(step, 100, 10)] == list(range(10, 101, 10))
    shown = [step for step in range(10, 1_000_001, 10) if is_shown(step, 1_000_000, 10)]
    assert len(shown) <= 210
    assert shown[:3] == [10, 20, 30]
    assert shown[-1] == 1_000_000
    assert is_shown(1_000_003, 1_000_003, 10)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.slow(reason="trains a model")
def test_samples_stay_few_and_the_same_after_a_resumption(tmp_path):
    unbroken, resumed = tmp_path / "unbroken", tmp_path / "resumed"
    for folder in (unbroken, resumed):
        folder.mkdir()
        (folder / "round-notes.txt").write_text("mine")
    every, most = 5, 0
    for step in range(0, 3_000, every):
        (unbroken / f"round-{step:06}.txt").touch()
        thin_samples(unbroken, step, every)
        most = max(most, len(names(unbroken)))
    # Done up to 1,800, and again from 1,500 on.
    for step in [*range(0, 1_800, every), *range(1_500, 3_000, every)]:
        (resumed / f"round-{step:06}.txt").touch()
        thin_samples(resumed, step, every)
    assert names(resumed) == names(unbroken)
    assert 2 * SAMPLES <= most <= 3 * SAMPLES + 1
    assert "round-000000.txt" in names(unbroken)
    assert "round-notes.txt" in names(unbroken)


def test_few_samples_are_all_kept(tmp_path):
    for step in range(0, 2 * SAMPLES):
        (tmp_path / f"round-{step:06}.tsv").touch()
        thin_samples(tmp_path, step, 1)
    assert len(names(tmp_path)) == 2 * SAMPLES
    thin_samples(tmp_path / "none", 10_000, 1)
