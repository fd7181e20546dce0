"""Word vectors by skip-grams with negative sampling, for EmbSim: small, and the same for whatever is compared."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch.nn import functional

from seqgan.data.vocabulary import Vocabulary


class SkipGramSettings(NamedTuple):
    """How vectors are trained."""

    size: int = 32
    """Numbers of a vector."""
    window: int = 2
    """Tokens to either side that a token is to predict."""
    negatives: int = 5
    """Random tokens for each true one, drawn by frequency to the power 3/4."""
    epochs: int = 15
    """Passes over all pairs."""
    pairs: int = 200_000
    """At most, of an epoch: of a larger text as many are drawn."""
    batch_size: int = 512
    """Pairs of a step."""
    learning_rate: float = 0.02
    """Of Adam, falling to 0 linearly."""

    def __str__(self) -> str:
        return (
            f"skip-gram dim:{self.size} window:{self.window} negatives:{self.negatives} epochs:{self.epochs} "
            f"pairs:<={self.pairs} batch:{self.batch_size} lr:{self.learning_rate}"
        )


SKIP_GRAM = SkipGramSettings()
"""The same for all."""


def frequent_words(sentences: Sequence[Sequence[str]], count: int) -> list[str]:
    """The most frequent words, ties in alphabetical order: a fixed list, and a fixed order."""
    counts = Counter(token for tokens in sentences for token in tokens)
    return sorted(counts, key=lambda word: (-counts[word], word))[:count]


def word_vectors(
    sentences: Sequence[Sequence[str]],
    words: Sequence[str],
    *,
    seed: int = 0,
    settings: SkipGramSettings = SKIP_GRAM,
) -> np.ndarray:
    """Vectors of some words, learnt from a text.

    All words of the text take part in the training. The order of the sentences plays no part, and equal texts give
    equal vectors: what is random is drawn from the seed alone, for words in alphabetical order.

    Args:
        sentences: token lists.
        words: whose vectors are wanted.
        seed: of starting values, order and negatives.
        settings: how.

    Returns:
        A row for each word; zeros for a word that the text lacks. [words, size]

    Source: Mikolov et al. 2013 (arXiv:1310.4546).
    """
    present = sorted({token for tokens in sentences for token in tokens})
    vectors = np.zeros((len(words), settings.size))
    if len(present) < 2:
        return vectors
    vocabulary = Vocabulary(present)
    encoded = [np.array(vocabulary.encode(tokens), dtype=np.int64) for tokens in sorted(map(list, sentences))]
    centres, neighbours = _pairs(encoded, settings.window)
    if len(centres) == 0:
        return vectors
    counts = np.bincount(np.concatenate(encoded), minlength=len(vocabulary)).astype(np.float64)
    rng = torch.Generator().manual_seed(seed)
    frequencies = torch.from_numpy(counts**0.75)
    trained = _train(torch.from_numpy(centres), torch.from_numpy(neighbours), frequencies, rng, settings)
    for row, word in enumerate(words):
        number = vocabulary.encode([word])[0]
        if number != vocabulary.unknown:
            vectors[row] = trained[number]
    return vectors


def _pairs(encoded: Sequence[np.ndarray], window: int) -> tuple[np.ndarray, np.ndarray]:
    """Each token with each within the window, of its sentence. [pairs], [pairs]"""
    centres, neighbours = [], []
    for ids in encoded:
        for distance in range(1, min(window, len(ids) - 1) + 1):
            centres += [ids[distance:], ids[:-distance]]
            neighbours += [ids[:-distance], ids[distance:]]
    if not centres:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    return np.concatenate(centres), np.concatenate(neighbours)


def _train(
    centres: torch.Tensor,
    neighbours: torch.Tensor,
    frequencies: torch.Tensor,
    rng: torch.Generator,
    settings: SkipGramSettings,
) -> np.ndarray:
    words = len(frequencies)
    inputs = ((torch.rand(words, settings.size, generator=rng) - 0.5) / settings.size).requires_grad_()
    outputs = torch.zeros(words, settings.size, requires_grad=True)
    optimizer = torch.optim.Adam([inputs, outputs], lr=settings.learning_rate, fused=True)
    # Negatives by inverting the distribution function: a binary search for each.
    ends = frequencies.cumsum(0)
    pairs = min(len(centres), settings.pairs)
    batch_size = min(settings.batch_size, max(1, pairs // 20))
    steps = settings.epochs * -(-pairs // batch_size)
    done = 0
    for _ in range(settings.epochs):
        order = torch.randperm(len(centres), generator=rng)[:pairs]
        for rows in order.split(batch_size):
            for group in optimizer.param_groups:
                group["lr"] = settings.learning_rate * (1 - done / steps)
            draws = torch.rand(len(rows), settings.negatives, generator=rng, dtype=torch.float64) * ends[-1]
            negatives = torch.searchsorted(ends, draws).clamp(max=words - 1)
            targets = torch.cat([neighbours[rows].unsqueeze(1), negatives], dim=1)  # [B, 1 + negatives]
            centre = functional.embedding(centres[rows], inputs)  # [B, D]
            scores = torch.einsum("bd,bnd->bn", centre, functional.embedding(targets, outputs))
            loss = functional.softplus(-scores[:, 0]).sum() + functional.softplus(scores[:, 1:]).sum()
            optimizer.zero_grad(set_to_none=True)
            (loss / len(rows)).backward()
            optimizer.step()
            done += 1
    return inputs.detach().double().numpy()
