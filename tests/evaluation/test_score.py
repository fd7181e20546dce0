"""Scores of many sequences against the discriminator on one after the other."""

import pytest
import torch

from seqgan.data.batches import Sequences
from seqgan.decoding import sample
from seqgan.decoding.judged import score_reward
from seqgan.discriminators import CNNDiscriminator, HierarchicalDiscriminator, ManyViewDiscriminator, RNNDiscriminator
from seqgan.evaluation.score import sequence_scores, token_scores
from seqgan.tensors.condition import Condition


@pytest.fixture
def sequences(generator, rng):
    samples = sample(generator, 40, 7, rng=rng)
    return Sequences(samples.tokens, samples.mask)


def alone(discriminator, sequences, row):
    """What the discriminator says of one sequence without its padding. [1] or [1, T]"""
    length = int(sequences.mask[row].sum())
    source = (None, None) if sequences.condition is None else [part[row : row + 1] for part in sequences.condition]
    with torch.no_grad():
        context = discriminator.encode(*source)
        return discriminator(sequences.tokens[row : row + 1, :length], sequences.mask[row : row + 1, :length], context)


def judges():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return {
            "cnn": CNNDiscriminator(4, 5, {1: 3, 3: 2}),
            "per token": RNNDiscriminator(4, 5, 6, per_token=True),
            "per view": ManyViewDiscriminator(4, 6, views=3, filters={2: 4}, per_view=True),
        }


@pytest.mark.parametrize("name", list(judges()))
def test_scores_are_in_order_and_of_the_whole_sequence(name, sequences):
    discriminator = judges()[name].double()
    discriminator.scored_rows = 16  # several batches
    discriminator.train()
    scores = sequence_scores(discriminator, sequences)
    assert discriminator.training  # as it was
    discriminator.eval()
    row = torch.arange(len(sequences.tokens))
    rewards = score_reward(discriminator)(sequences.tokens, sequences.mask, row)
    for number in row.tolist():
        logits = alone(discriminator, sequences, number)
        expected = logits.mean() if name == "per view" else logits.flatten()[-1]
        torch.testing.assert_close(scores[number].double(), expected, atol=1e-6, rtol=0)
        torch.testing.assert_close(rewards[number].double(), expected, atol=1e-6, rtol=0)


def test_scores_of_prefixes(sequences):
    discriminator = judges()["per token"].eval()
    found = token_scores(discriminator, sequences)
    for number, values in enumerate(found):
        expected = alone(discriminator, sequences, number).flatten().tolist()
        assert values == pytest.approx(expected, abs=1e-6)


def test_sources_go_with_their_sequences(sequences):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        discriminator = HierarchicalDiscriminator(5, 4, 5, 6).eval()
    source = torch.randint(2, 5, (40, 3), generator=torch.Generator().manual_seed(0))
    pairs = sequences._replace(condition=Condition(source, torch.ones_like(source, dtype=torch.bool)))
    scores = sequence_scores(discriminator, pairs)
    expected = torch.stack([alone(discriminator, pairs, row)[0] for row in range(40)])
    torch.testing.assert_close(scores, expected, atol=1e-6, rtol=0)
    context = discriminator.encode(*pairs.condition)
    row = torch.arange(40).flip(0)
    with torch.no_grad():
        rewards = score_reward(discriminator, context)(pairs.tokens[row], pairs.mask[row], row)
    torch.testing.assert_close(rewards, expected[row], atol=1e-6, rtol=0)
