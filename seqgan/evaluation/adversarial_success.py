"""Adversarial evaluation: can a classifier tell a system's text from people's?

AdverSuc is 1 less the accuracy of an evaluator that was trained to tell human text from a system's, on text of both
that it has not seen: 0.5 where it cannot tell, 0 where it always can. A poor evaluator makes every system look human,
so that its reliability is measured beside, on pairs of texts for which the best accuracy is known.

The evaluator is another kind of model than the discriminators of this package, so that a generator trained against one
of those has not been trained against it: a logistic regression on hashed n-grams and, where text answers a source, on
pairs of a source's and a response's word and on what both share.

Source: Li et al. 2017 (arXiv:1701.06547), section 4; Bowman et al. 2016 (arXiv:1511.06349), section 4.1.
"""

import math
import zlib
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from seqgan.errors import SeqganError
from seqgan.metrics.of_models import FEWEST
from seqgan.metrics.significance import wilson_interval

TokenList = Sequence[str]

BUCKETS = 2**20
"""Weights of the evaluator; features are hashed to them."""
TRAINING_SHARE, VALIDATION_SHARE = 0.6, 0.1
"""Of the rows; the rest is the test, and the validation decides when to stop."""
EPOCHS, BATCH_SIZE, LEARNING_RATE = 20, 64, 3e-3
"""At most so many passes, until the validation loss has not fallen for two."""


class AdversarialSuccess(NamedTuple):
    """What the evaluator came to."""

    accuracy: float
    """Of the evaluator, on the test: 0.5 is chance, as both kinds are equally many."""
    adversarial_success: float
    """1 less it."""
    low: float
    """Lower end of adversarial success's 95 % interval (Wilson): of the choice of test texts, with the evaluator held
    fixed."""
    high: float
    """Upper end."""
    tested: int
    """Texts in the test, of both kinds."""

    @property
    def accuracy_ends(self) -> tuple[float, float]:
        """The ends of the accuracy's interval."""
        return 1 - self.high, 1 - self.low


class Reliability(NamedTuple):
    """How far the evaluator is from the best accuracy, where that is known."""

    error: float
    """ERE: the mean of the four scenarios' absolute differences. 0 is best."""
    accuracies: dict[str, float]
    """Of human-human and machine-machine (best: 0.5), human-random and machine-random (best: 1)."""


class _Side(NamedTuple):
    """Texts of one kind, each with what it answers."""

    sources: Sequence[TokenList] | None
    texts: Sequence[TokenList]


def adversarial_success(
    human: Sequence[TokenList],
    machine: Sequence[TokenList],
    sources: Sequence[TokenList] | None = None,
    *,
    seed: int = 0,
) -> AdversarialSuccess:
    """Train an evaluator to tell human from machine text, and test it on others.

    Args:
        human: token lists. Neither these nor the machine's should have been seen by the discriminator in training.
        machine: token lists; with sources, the answer to the source in the same place. Of unequally many texts the
            first are taken, so that either kind is half.
        sources: what both answer, one for each place; None for plain text. The two answers to a source are on the
            same side of the split, so that no source is known by the test.
        seed: of the split, and of the evaluator's training.

    Raises:
        SeqganError: fewer than 10 texts of a kind, or unequal numbers with sources.
    """
    _check(human, machine, sources)
    count = min(len(human), len(machine))
    sources = None if sources is None else sources[:count]
    right, tested = _tell_apart(_Side(sources, human[:count]), _Side(sources, machine[:count]), seed)
    low, high = wilson_interval(right, tested)
    accuracy = right / tested
    return AdversarialSuccess(accuracy, 1 - accuracy, 1 - high, 1 - low, tested)


def machine_against_random(
    machine: Sequence[TokenList], human: Sequence[TokenList], sources: Sequence[TokenList], *, seed: int = 0
) -> AdversarialSuccess:
    """How well the machine's answers are told from human answers to other sources: its accuracy is to be high.

    Needed beside adversarial success, as a system that samples freely may look human and answer nothing. Each random
    answer is on the side of the split that it is on at its own source, so that no text of the test was learnt from.

    Args:
        machine: answers, to the source in the same place.
        human: answers, to the source in the same place; dealt out anew, they are the random ones. The machine's own,
            where words that only machines use are to tell nothing.
        sources: one for each place.
        seed: as of `adversarial_success`; and of the dealing.

    Raises:
        SeqganError: as there.
    """
    return adversarial_success(machine, random_texts(human, sources, seed), sources, seed=seed)


def evaluator_reliability(
    human: Sequence[TokenList],
    machine: Sequence[TokenList],
    sources: Sequence[TokenList] | None = None,
    *,
    seed: int = 0,
) -> Reliability:
    """The evaluator on four pairs of texts for which the best accuracy is known.

    Human against human and machine against machine (halves of one text with different labels: no better than 0.5), and
    each against random text (1). Random text is, with sources, human answers to other sources; without, as many tokens
    drawn from all human text.

    Args:
        human: as of `adversarial_success`.
        machine: as there.
        sources: as there.
        seed: as there.

    Raises:
        SeqganError: as there, with twice as many texts.

    Source: Li et al. 2017, section 4.2.
    """
    _check(human, machine, sources, 2 * FEWEST)
    count = min(len(human), len(machine))
    human, machine = human[:count], machine[:count]
    sources = None if sources is None else sources[:count]
    noise = random_texts(human, sources, seed)
    scenarios = {
        "human-human": (*_halves(human, sources, seed), 0.5),
        "machine-machine": (*_halves(machine, sources, seed), 0.5),
        "human-random": (_Side(sources, human), _Side(sources, noise), 1.0),
        "machine-random": (_Side(sources, machine), _Side(sources, noise), 1.0),
    }
    accuracies, errors = {}, []
    for name, (first, second, best) in scenarios.items():
        right, tested = _tell_apart(first, second, seed)
        accuracies[name] = right / tested
        errors.append(abs(accuracies[name] - best))
    return Reliability(float(np.mean(errors)), accuracies)


def random_texts(human: Sequence[TokenList], sources: Sequence[TokenList] | None, seed: int = 0) -> list[TokenList]:
    """Text that people would not write here: answers to other sources, or words drawn from all texts.

    Args:
        human: what people wrote.
        sources: what it answers; None for plain text.
        seed: of the draws; that of the split, for answers to stay on their side of it.

    Returns:
        One for each place. Answers are dealt in circles, one for each side of the split, so that nobody gets his own.
    """
    if sources is not None:
        sides = _sides(len(human), seed)
        # A circle of one would give him his own. What tests stays apart where it can.
        if len(sides[2]) < 2:
            sides = [np.concatenate(sides)]
        elif min(map(len, sides)) < 2:
            sides = [np.concatenate(sides[:2]), sides[2]]
        dealt: list[TokenList] = [()] * len(human)
        for side in sides:
            for here, there in zip(side.tolist(), np.roll(side, 1).tolist(), strict=True):
                dealt[here] = human[there]
        return dealt
    words = [token for tokens in human for token in tokens]
    draws = iter(np.random.default_rng(seed).integers(max(1, len(words)), size=len(words)).tolist())
    return [[words[next(draws)] for _ in tokens] for tokens in human]


def _sides(rows: int, seed: int) -> list[np.ndarray]:
    """The places that train, those that decide when to stop, and those that test, each in random order.

    The split and the dealing of random answers both ask here, and so agree.
    """
    order = np.random.default_rng(seed).permutation(rows)
    return np.split(order, (round(rows * TRAINING_SHARE), round(rows * (TRAINING_SHARE + VALIDATION_SHARE))))


def _check(
    human: Sequence[TokenList], machine: Sequence[TokenList], sources: Sequence[TokenList] | None, least: int = FEWEST
) -> None:
    if sources is not None and not len(sources) == len(human) == len(machine):
        raise SeqganError(
            f"There are {len(sources)} sources, {len(human)} human and {len(machine)} machine answers: expected one of "
            "each in every place."
        )
    if min(len(human), len(machine)) < least:
        raise SeqganError(
            f"There are {len(human)} human and {len(machine)} machine texts: an evaluator needs {least} of each at "
            "least, and some hundreds to be worth asking."
        )


def _halves(texts: Sequence[TokenList], sources: Sequence[TokenList] | None, seed: int) -> tuple[_Side, _Side]:
    """Two random halves of one text, as if they were of different kinds."""
    # Not every other one: in dialogues those are the turns of one speaker.
    order = np.random.default_rng(seed).permutation(len(texts))
    count = len(texts) // 2
    first, second = (
        _Side(None if sources is None else [sources[row] for row in rows], [texts[row] for row in rows])
        for rows in (order[:count].tolist(), order[count : 2 * count].tolist())
    )
    return first, second


def _tell_apart(first: _Side, second: _Side, seed: int) -> tuple[int, int]:
    """Train on some places, choose the epoch on others, and count right answers on the rest: right, tested."""
    parts = _sides(len(first.texts), seed)
    # Words that are rare in the training part weigh more when source and answer share them.
    weights = _inverse_frequencies([side.texts[row] for side in (first, second) for row in parts[0]])
    train, valid, test = (
        [_features(side, row, weights) for side in (first, second) for row in part.tolist()] for part in parts
    )
    labels = [torch.arange(2.0).repeat_interleave(len(part)) for part in parts]
    model = _train(train, labels[0], valid, labels[1], seed)
    with torch.no_grad():
        scores = model(*_bags(test))
    # A score of exactly 0 is no answer: half of those are counted right.
    decided = ((scores > 0) == (labels[2] == 1)) & (scores != 0)
    return int(decided.sum()) + int((scores == 0).sum()) // 2, len(test)


class _Evaluator(nn.Module):
    """A weight for each feature, and a bias. Weights of nothing but 0 to begin with."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.EmbeddingBag(BUCKETS, 1, mode="sum", sparse=True)
        nn.init.zeros_(self.weight.weight)

    def forward(self, features: Tensor, offsets: Tensor, values: Tensor) -> Tensor:
        """Bags of features, one behind the other, to logits of the second kind. [F], [B], [F] -> [B]"""
        return self.weight(features, offsets, per_sample_weights=values).squeeze(1)


def _train(
    train: list[tuple[np.ndarray, np.ndarray]],
    labels: Tensor,
    valid: list[tuple[np.ndarray, np.ndarray]],
    valid_labels: Tensor,
    seed: int,
) -> _Evaluator:
    rng = torch.Generator().manual_seed(seed)
    model = _Evaluator()
    # Only weights that a batch touches are moved: there are a million.
    optimizer = torch.optim.SparseAdam(model.parameters(), lr=LEARNING_RATE)
    held_out = _bags(valid) if valid else None
    best, best_loss, waited = model.weight.weight.detach().clone(), math.inf, 0
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(train), generator=rng).split(BATCH_SIZE):
            loss = functional.binary_cross_entropy_with_logits(
                model(*_bags([train[row] for row in rows.tolist()])), labels[rows]
            )
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
        if held_out is None:
            continue
        with torch.no_grad():
            now = functional.binary_cross_entropy_with_logits(model(*held_out), valid_labels).item()
        waited += 1
        if now < best_loss:
            best, best_loss, waited = model.weight.weight.detach().clone(), now, 0
        if waited == 2:
            break
    if held_out is not None:
        with torch.no_grad():
            model.weight.weight.copy_(best)
    return model


def _bags(examples: list[tuple[np.ndarray, np.ndarray]]) -> tuple[Tensor, Tensor, Tensor]:
    lengths = np.array([len(features) for features, _ in examples])
    features = torch.from_numpy(np.concatenate([features for features, _ in examples]))
    values = torch.from_numpy(np.concatenate([values for _, values in examples]))
    return features, torch.from_numpy(lengths.cumsum() - lengths), values


def _inverse_frequencies(texts: Sequence[TokenList]) -> dict[str, float]:
    counts = Counter(token for tokens in texts for token in set(tokens))
    return {token: math.log((1 + len(texts)) / (1 + count)) for token, count in counts.items()}


def _features(side: _Side, row: int, weights: dict[str, float]) -> tuple[np.ndarray, np.ndarray]:
    """The features of a text, hashed, and their values. [F], [F]"""
    text = side.texts[row]
    padded = np.array([_hash(token) for token in ("\n", *text, "\n")], np.uint64)
    with np.errstate(over="ignore"):  # hashes wrap
        runs = [padded[1:-1], _mix(padded[:-1], padded[1:])]
        runs.append(_mix(runs[1][:-1], padded[2:]))
        grams = np.unique(np.concatenate([run + np.uint64(order) for order, run in enumerate(runs)]))
        length = np.array([_hash(f"\nlength {min(len(text), 60)}")], np.uint64)
        groups = [(grams, 1.0), (length, 1.0)]
        if side.sources is not None:
            source, answer = sorted(set(side.sources[row])), sorted(set(text))
            if source and answer:
                first = np.array([_hash(token) for token in source], np.uint64)
                second = np.array([_hash(token) for token in answer], np.uint64)
                groups.append((_mix(first[:, np.newaxis] + np.uint64(7), second).ravel(), 1.0))
            shared = sum(weights.get(token, 0.0) for token in set(source) & set(answer))
            groups.append((np.array([_hash("\nshared")], np.uint64), shared))
    hashed = np.concatenate([group for group, _ in groups]) % np.uint64(BUCKETS)
    values = np.concatenate([np.full(len(group), value / math.sqrt(len(group))) for group, value in groups])
    return hashed.astype(np.int64), values.astype(np.float32)


def _hash(token: str) -> int:
    return zlib.crc32(token.encode(errors="surrogatepass"))


def _mix(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return (first * np.uint64(0x9E3779B97F4A7C15)) ^ (second * np.uint64(0xC2B2AE3D27D4EB4F) >> np.uint64(7))
