"""The best of n: against a loop over the samples, and in its distribution."""

import itertools

import pytest
import torch
from exact.listed import all_sequences, sequence_log_probs, tiny_generator

from seqgan.decoding import best_of, sample
from seqgan.generators import Seq2SeqGRU


def made_up(tokens, mask, row):
    """A reward that depends on tokens, mask and row, with ties among it."""
    return ((tokens * mask).sum(dim=1) * (1 + row % 3) % 5).float()


@pytest.mark.parametrize(("rows", "n"), [(7, 4), (1, 5), (3, 1), (0, 2)])
def test_it_is_the_loop_over_the_samples_of_each_row(generator, rows, n):
    kept, scores = best_of(generator, made_up, rows, n, 6, rng=torch.Generator().manual_seed(3))
    drawn = sample(generator, rows * n, 6, rng=torch.Generator().manual_seed(3))
    assert kept.tokens.shape == (rows, 6)
    for row in range(rows):
        best = None
        for i in range(row * n, row * n + n):
            (reward,) = made_up(drawn.tokens[i : i + 1], drawn.mask[i : i + 1], torch.tensor([row]))
            if best is None or reward > best[0]:
                best = reward, drawn.tokens[i], drawn.mask[i]
        assert scores[row] == best[0]
        assert torch.equal(kept.tokens[row], best[1])
        assert torch.equal(kept.mask[row], best[2])


def test_a_row_keeps_its_own_source():
    torch.manual_seed(0)
    generator = Seq2SeqGRU(6, 5, 4, 4)
    source = torch.randint(2, 6, (3, 2))
    context = generator.encode(source, torch.ones_like(source, dtype=torch.bool))
    rows_seen = []

    def reward(tokens, mask, row):
        rows_seen.append(row)
        return tokens[:, 0].float()

    kept, scores = best_of(generator, reward, 3, 40, 2, context, rng=torch.Generator().manual_seed(0))
    assert torch.equal(torch.cat(rows_seen), torch.arange(3).repeat_interleave(40))
    assert torch.equal(kept.tokens[:, 0].float(), scores)
    # Of 40 draws the greatest first token is 4 whatever the source: nothing here is that unlikely.
    assert (scores == 4).all()


def test_the_best_of_two_has_the_distribution_of_a_maximum():
    generator = tiny_generator()
    sequences, mask = all_sequences(4, 2, end=0)
    probs = sequence_log_probs(generator, sequences, mask).exp()
    values = torch.arange(len(sequences), dtype=torch.float64)  # a different reward for each sequence

    def reward(tokens, mask, row):  # the number of each sequence in the list
        return (tokens.unsqueeze(1) == sequences).all(dim=2).int().argmax(dim=1).double()

    expected = sum(
        (p * q * torch.maximum(a, b)).item()
        for (p, a), (q, b) in itertools.product(zip(probs, values, strict=True), repeat=2)
    )
    _, scores = best_of(generator, reward, 20_000, 2, 2, rng=torch.Generator().manual_seed(0))
    assert abs(scores.mean().item() - expected) < 4 * scores.std().item() / 20_000**0.5


def test_none_cannot_be_chosen_from(generator, rng):
    with pytest.raises(ValueError, match="1 or more"):
        best_of(generator, made_up, 2, 0, 3, rng=rng)
