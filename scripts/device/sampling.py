"""Frequencies of samples that a device drew, beside the probabilities that its generator gives all sequences."""

import math
from functools import partial

import torch
from exact.listed import all_sequences
from torch import Tensor, nn

from device.check import Check, Place, Result
from device.models import Sizes, make_generator
from seqgan.decoding.sampling import sample
from seqgan.generators import GENERATORS
from seqgan.kinds import built_kinds
from seqgan.objectives import token_log_probs
from seqgan.tensors.condition import Condition, context_of
from seqgan.tensors.rows import repeat_rows

TINY = Sizes(vocabulary=4, hidden=8, rows=1, length=3, filters=0.03)
ALARM = 1e-6
"""Chance of a false alarm."""
LEAST_EXPECTED = 10
"""Of a cell; sequences of which fewer are expected are counted together, so that the statistic has its distribution."""
SHARPNESS = 3.0
"""What weights are multiplied by: those that generators begin with make all sequences nearly alike."""


def checks() -> list[Check]:
    """One of each generator that makes a token at a time; what makes all at once has no likelihood."""
    names = [
        (name, conditional)
        for conditional in (False, True)
        for name, kind in built_kinds(GENERATORS, conditional=conditional).items()
        if not kind.at_once
    ]
    return [
        Check(
            f"sampling/{name}",
            "The sequences that are drawn have the frequencies that their likelihoods on the CPU say.",
            15.0,
            partial(frequencies_fit, name, conditional),
        )
        for name, conditional in names
    ]


def frequencies_fit(name: str, conditional: bool, place: Place) -> Result:
    """Pearson's statistic of the frequencies, against a threshold that it is above with a chance of ALARM at most."""
    count = 4_000 if place.quick else 400_000
    model = make_generator(name, TINY, place.folder, conditional=conditional).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.mul_(SHARPNESS)
    source = Condition(torch.tensor([[2, 3, 2]]), torch.ones(1, 3, dtype=torch.bool)) if conditional else None
    every, probs = listed(model.double(), source)
    model = model.float().to(place.device)
    with torch.no_grad():
        there = None if source is None else source.to(place.device)
        context = None if there is None else repeat_rows(context_of(model, there), count)
        rng = torch.Generator(place.device).manual_seed(3)
        tokens = sample(model, count, TINY.length, context, rng=rng).tokens.cpu()
    statistic, cells = pearson(frequencies(every, tokens), probs * count)
    most = threshold(cells - 1)
    says = f"chi-squared {statistic:.0f} of at most {most:.0f}, {count:,} samples of {len(every)} sequences"
    return Result(statistic <= most, says)


def listed(model: nn.Module, source: Condition | None) -> tuple[Tensor, Tensor]:
    """Every sequence, and its probability. [S, T], [S]"""
    tokens, mask = all_sequences(TINY.vocabulary, TINY.length, model.end)
    with torch.no_grad():
        context = None if source is None else repeat_rows(context_of(model, source), len(tokens))
        log_probs = token_log_probs(model(tokens, context), tokens)
    return tokens, torch.where(mask, log_probs, 0.0).sum(dim=1).exp()


def frequencies(every: Tensor, drawn: Tensor) -> Tensor:
    """How often each sequence was drawn. [S, T], [N, T] -> [S]"""
    digits = TINY.vocabulary ** torch.arange(every.shape[1])
    places = {number: place for place, number in enumerate((every * digits).sum(dim=1).tolist())}
    found = torch.tensor([places[number] for number in (drawn * digits).sum(dim=1).tolist()])
    return torch.bincount(found, minlength=len(every))


def pearson(counts: Tensor, expected: Tensor) -> tuple[float, int]:
    """The sum of (count - expected)^2 / expected over cells, and how many cells there are. [S], [S]"""
    rare = expected < LEAST_EXPECTED
    cells = [torch.cat([each[~rare].double(), each[rare].double().sum(0, keepdim=True)]) for each in (counts, expected)]
    if cells[1][-1] < LEAST_EXPECTED:  # all rare ones together are: with the last of the others
        cells = [torch.cat([each[:-2], each[-2:].sum(0, keepdim=True)]) for each in cells]
    return ((cells[0] - cells[1]) ** 2 / cells[1]).sum().item(), len(cells[0])


def threshold(degrees: int) -> float:
    """What a chi-squared number is above with a chance of at most ALARM.

    Source: Laurent and Massart 2000, "Adaptive estimation of a quadratic functional by model selection", lemma 1:
    P(X - k >= 2 sqrt(k x) + 2 x) <= exp(-x).
    """
    x = -math.log(ALARM)
    return degrees + 2 * math.sqrt(degrees * x) + 2 * x
