"""Estimators of a policy gradient, measured against the exact one where every sequence can be listed.

All that an update depends on is known here: the probability q(y) of each sequence y, the score vectors
s_t(y) = grad log q(y_t | y_<t), and what each sequence is worth. An update from S samples is then a contraction,

    1 / S * sum_i sum_t advantage_t(y_i) * s_t(y_i),

of the package's own advantages with score vectors that are computed once. The mean over batches needs the mean
coefficient of each score alone, and the variance their inner products, so that hundreds of thousands of batches are
drawn in seconds. A credit is an entry of `CREDITS`: from the sequences of a batch to the values of their tokens.
"""

import itertools
import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from exact.listed import all_sequences, sequence_log_probs, tiny_generator
from seqgan.objectives import Sampled, token_log_probs
from seqgan.settings.adversarial import AdversarialConfig
from seqgan.training.baselines import MEMORY, Baseline, leave_one_out

LENGTH = 3
VOCABULARY = 3
CHUNK = 4000
"""Batches that are drawn at once."""


class Toy(NamedTuple):
    """A generator all of whose sequences are listed, and data over the same."""

    generator: torch.nn.Module
    tokens: Tensor
    """[A, T]"""
    mask: Tensor
    """[A, T]"""
    probs: Tensor
    """q of each sequence. [A]"""
    data: Tensor
    """p of each sequence. [A]"""
    scores: Tensor
    """s_t of each sequence, 0 after its end. [A, T, P]"""
    same_prefix: Tensor
    """Whether the second sequence has the first one's tokens up to and including t. [A, T, A]"""

    @property
    def inner_products(self) -> Tensor:
        """Of all score vectors. [A * T, A * T]"""
        flat = self.scores.flatten(0, 1)
        return flat @ flat.T

    def given_prefix(self) -> Tensor:
        """Probability of each completion of each prefix. [A, T, A]"""
        joint = self.same_prefix * self.probs
        return joint / joint.sum(dim=-1, keepdim=True)

    def prefix_values(self, rewards: Tensor) -> Tensor:
        """Expected reward given each prefix that includes token t; an ended one is its own completion. [A, T]"""
        return self.given_prefix() @ rewards

    def expected(self, coefficients: Tensor) -> Tensor:
        """E[sum_t coefficient_t s_t] over the generator's sequences. [A, T] or [A, 1] -> [P]"""
        weights = self.probs.unsqueeze(1) * coefficients.expand(self.mask.shape)
        return torch.einsum("at,atp->p", weights, self.scores)


def make_toy(end: int | None = 0) -> Toy:
    """The tiny LSTM over three symbols and three positions: 15 sequences with an end symbol, 27 without."""
    generator = tiny_generator(VOCABULARY, end=end)
    tokens, mask = all_sequences(VOCABULARY, LENGTH, end)
    parameters = tuple(generator.parameters())
    log_probs = token_log_probs(generator(tokens), tokens)
    scores = torch.zeros(*tokens.shape, sum(parameter.numel() for parameter in parameters), dtype=torch.float64)
    for a, t in mask.nonzero().tolist():
        gradients = torch.autograd.grad(log_probs[a, t], parameters, retain_graph=True)
        scores[a, t] = torch.cat([gradient.flatten() for gradient in gradients])
    probs = sequence_log_probs(generator, tokens, mask).exp().detach()
    # Near enough to the generator that weights of single samples do not decide all, and far from equal to it.
    data = torch.softmax(probs.log() / 2 + torch.linspace(-1, 1, len(tokens), dtype=torch.float64), dim=0)
    same = (tokens.unsqueeze(1) == tokens.unsqueeze(0)).cumprod(dim=-1).bool()  # [A, A, T]
    return Toy(generator, tokens, mask, probs, data, scores, same.transpose(1, 2))


def fixed_logits(toy: Toy) -> Tensor:
    """A discriminator that is a table, unlike the optimal one. [A]"""
    return torch.randn(len(toy.probs), generator=torch.Generator().manual_seed(4), dtype=torch.float64)


def optimal_logits(toy: Toy, name: str) -> Tensor:
    """What a discriminator with the loss of this algorithm tends to, for the toy's data. [A]"""
    log_ratio = toy.data.log() - toy.probs.log()
    inverses = {"bgan-kl": log_ratio + 1, "bgan-pearson": 2 * (log_ratio.exp() - 1), "bgan-hellinger": log_ratio / 2}
    return inverses.get(name, log_ratio)


# What a token is worth.

Draw = Callable[[Tensor], Tensor]
"""Rewards of all sequences [A] to values [N, ..., S, T or 1] of a batch."""
Credit = Callable[[Toy, Tensor, torch.Generator], Draw]
"""Numbers of the sequences of a batch [..., S] to its draw, which serves every algorithm alike."""


def sequence_credit(toy: Toy, rows: Tensor, rng: torch.Generator) -> Draw:
    """All tokens of a sequence share its reward."""
    return lambda rewards: rewards[rows].unsqueeze(0).unsqueeze(-1)


def exact_credit(toy: Toy, rows: Tensor, rng: torch.Generator) -> Draw:
    """The limit of many rollouts, for rewards that are averaged."""
    return lambda rewards: toy.prefix_values(rewards)[rows].unsqueeze(0)


def rollout_credit(rollouts: int) -> Credit:
    """So many completions of each prefix, as `seqgan.decoding.rollout` draws them."""

    def credit(toy: Toy, rows: Tensor, rng: torch.Generator) -> Draw:
        up_to = toy.given_prefix().cumsum(dim=-1)  # [A, T, A]
        sorted_rows = up_to[rows].flatten(0, -2)  # [... * S * T, A]
        uniform = torch.rand(len(sorted_rows), rollouts, generator=rng, dtype=torch.float64)
        # Never the sum of all itself, which rounding may leave just below 1.
        drawn = torch.searchsorted(sorted_rows, uniform * sorted_rows[:, -1:], right=True).clamp(max=len(toy.probs) - 1)
        completions = drawn.T.unflatten(1, (*rows.shape, -1))  # [N, ..., S, T]
        return lambda rewards: rewards[completions]

    return credit


def prefix_credit(toy: Toy, rows: Tensor, rng: torch.Generator) -> Draw:
    """The optimal discriminator of prefixes, for rewards that are logarithms of density ratios, p / q of the prefix."""
    return lambda rewards: toy.prefix_values(rewards.exp()).log()[rows].unsqueeze(0)


CREDITS: dict[str, Credit] = {
    "sequence": sequence_credit,
    "1 rollout": rollout_credit(1),
    "4 rollouts": rollout_credit(4),
    "16 rollouts": rollout_credit(16),
    "prefix": prefix_credit,
}
FOR_RATIOS = ("prefix",)
"""Credits that are no estimate of a reward, but are right for weights."""


def subtracted(
    name: str, value: float, algorithm: Sampled, values: Tensor, tokens: Tensor, mask: Tensor
) -> Tensor | float:
    """The package's baseline for many batches at once, values [N, D, S, T]: a running mean goes from one to the next.

    A rising baseline is taken at the end of its training.
    """
    if name != "running-mean":
        config = AdversarialConfig(baseline=name, baseline_value=value)
        return Baseline(config, algorithm, VOCABULARY, values.device)(values, tokens, mask, 1.0)
    mean = torch.where(mask, values.mean(dim=0).expand(mask.shape), 0.0)
    of_batches = mean.sum(dim=(1, 2)) / mask.sum(dim=(1, 2))  # [D]
    after = itertools.accumulate(of_batches.tolist(), lambda old, new: MEMORY * old + (1 - MEMORY) * new)
    before = torch.tensor([0.0, *after], dtype=values.dtype)[:-1]
    running = before.view(-1, 1, 1).repeat(1, *values.shape[2:])
    running[0] = leave_one_out(values)[0]
    return running


# An update of many batches at once.


def coefficients(toy: Toy, rows: Tensor, advantages: Tensor) -> Tensor:
    """How often each score vector stands in the update of each batch. [D, S], [D, S, T] -> [D, A * T]"""
    length = toy.mask.shape[1]
    places = (rows.unsqueeze(-1) * length + torch.arange(length)).flatten(1)
    empty = torch.zeros(len(rows), len(toy.probs) * length, dtype=torch.float64)
    return empty.scatter_add(1, places, advantages.flatten(1)) / rows.shape[1]


def every_batch(toy: Toy, samples: int) -> tuple[Tensor, Tensor]:
    """All batches of so many samples, in every order, and the probability of each. [A ** S, S], [A ** S]"""
    rows = torch.cartesian_prod(*[torch.arange(len(toy.probs))] * samples).reshape(-1, samples)
    return rows, toy.probs[rows].prod(dim=1)


def exact_update(toy: Toy, algorithm: Sampled, logits: Tensor) -> Tensor:
    """What the mean update tends to as samples and rollouts grow. [P]

    For rewards, the gradient of the expected reward. For weights, E[w s] / E[w]: with the optimal discriminator, the
    gradient of the data's likelihood.
    """
    values = algorithm.reward(logits)
    if algorithm.weighs:
        values = values.exp() / (toy.probs * values.exp()).sum()
    return toy.expected(values.unsqueeze(1))


class Measured(NamedTuple):
    """An estimator beside the exact gradient, in units of its norm."""

    mean: Tensor
    """The mean update itself. [P]"""
    bias: float
    """|mean - exact| / |exact|, the draws' noise included."""
    standard_error: float
    """What the bias of an unbiased estimator is, for so many draws: the root of its mean square."""
    variance: float
    """E|update - mean|^2 / |exact|^2 of one batch."""


def measured(toy: Toy, exact: Tensor, total: Tensor, square: float, draws: int) -> Measured:
    """From sums over draws: of coefficients [A * T], and of squared norms."""
    mean = total / draws @ toy.scores.flatten(0, 1)
    norm = exact.norm().item()
    variance = max(0.0, square / draws - mean.square().sum().item()) / norm**2
    bias = (mean - exact).norm().item() / norm
    return Measured(mean, bias, math.sqrt(variance / draws), variance)


class Cell(NamedTuple):
    """An estimator: an algorithm, its discriminator and its baseline."""

    algorithm: Sampled
    logits: Tensor
    baseline: str = "none"
    value: float = 0.0
    exact: Tensor | None = None
    """What the mean update is compared with, in place of `exact_update`. [P]"""

    def updates(self, toy: Toy, rows: Tensor, draw: Draw) -> Tensor:
        """Coefficients of the updates that it makes of batches [D, S]. [D, A * T]"""
        values, mask = draw(self.algorithm.reward(self.logits)), toy.mask[rows]
        baseline = subtracted(self.baseline, self.value, self.algorithm, values, toy.tokens[rows], mask)
        return coefficients(toy, rows, self.algorithm.advantages(values, mask, baseline))

    def target(self, toy: Toy) -> Tensor:
        """What the mean update is compared with. [P]"""
        return exact_update(toy, self.algorithm, self.logits) if self.exact is None else self.exact


def measure(
    toy: Toy, cells: dict[str, Cell], credit: Credit, samples: int, draws: int, seed: int = 0
) -> dict[str, Measured]:
    """Estimators with one credit, all on the same draws of batches."""
    rng = torch.Generator().manual_seed(seed)
    gram = toy.inner_products
    totals = {name: torch.zeros(len(gram), dtype=torch.float64) for name in cells}
    squares = dict.fromkeys(cells, 0.0)
    for first in range(0, draws, CHUNK):
        count = min(CHUNK, draws - first)
        rows = torch.multinomial(toy.probs, count * samples, replacement=True, generator=rng).view(count, samples)
        draw = credit(toy, rows, rng)
        for name, cell in cells.items():
            update = cell.updates(toy, rows, draw)
            totals[name] += update.sum(dim=0)
            squares[name] += ((update @ gram) * update).sum().item()
    return {name: measured(toy, cell.target(toy), totals[name], squares[name], draws) for name, cell in cells.items()}


def enumerated(toy: Toy, cell: Cell, samples: int, credit: Credit = sequence_credit) -> Measured:
    """The same without any draw, for a credit that is decided by the batch: a sum over all batches there are."""
    rows, probs = every_batch(toy, samples)
    update = cell.updates(toy, rows, credit(toy, rows, torch.Generator()))
    square = (probs * ((update @ toy.inner_products) * update).sum(dim=1)).sum().item()
    return measured(toy, cell.target(toy), probs @ update, square, 1)._replace(standard_error=0.0)
