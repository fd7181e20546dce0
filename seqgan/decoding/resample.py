"""Drawing by a discriminator's odds: of several samples of a generator one is taken, and the rarer ones the more often
that the discriminator finds them more real than usual."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor, nn

from seqgan.decoding.best_of import candidates, chosen
from seqgan.decoding.judged import score_reward
from seqgan.decoding.rollout import Reward
from seqgan.decoding.sampling import Samples, sample_tokens
from seqgan.decoding.states import makes_all_at_once
from seqgan.tensors.modes import evaluating

if TYPE_CHECKING:  # for the annotation alone: decoding knows the protocols, no model
    from seqgan.discriminators.protocol import Discriminator
    from seqgan.generators.protocol import Context, Generator
    from seqgan.tensors.rows import State


class Resampled(NamedTuple):
    """Sequences that were taken from several."""

    samples: Samples
    """[B, T]"""
    rewards: Tensor
    """Of these. [B]"""
    candidate_rewards: Tensor
    """Of all that they were taken from. [B, n]"""


def resample(
    generator: "Generator",
    reward: Reward,
    rows: int,
    n: int,
    max_length: int,
    context: "Context" = None,
    *,
    rng: torch.Generator,
    tau: float = 1.0,
    temperature: float = 1.0,
    top_k: int = 0,
    top_p: float = 1.0,
    prefix: Tensor | None = None,
    memory: int | None = None,
) -> Resampled:
    """Draw `n` sequences q for each row, and take one with probability softmax(reward / tau) among them.

    Where the reward is log p - log q, what is taken tends to p as n grows; with n = 1 it is the generator's own sample,
    and as tau falls to 0 that of `best_of`. Candidates are those of one row alone: rows stay independent.

    Args:
        generator: any.
        reward: of completed sequences; all n of a row are given that row's number.
        rows: B, how many are taken.
        n: samples for each.
        max_length: T, tokens with the end symbol.
        context: what the generator's `encode` gave, with B rows; None without a source.
        rng: on the generator's device.
        tau: what rewards are divided by.
        temperature: of the candidates, as the others, see `sample`. At another one than 1 what is taken tends to the
            tempered generator's law times exp(reward).
        top_k: see `sample`.
        top_p: see `sample`.
        prefix: see `sample`; the same for all rows. [P]
        memory: see `sample`.

    Raises:
        ValueError: n is less than 1, or tau not above 0, or as `sample`.

    Source: Deng et al. 2020 (arXiv:2004.11714), section 3.2; Rubin 1987 for sampling importance resampling.
    """
    if not tau > 0:
        raise ValueError(f"tau is {tau}: rewards are divided by it, give a number above 0.")
    samples, rewards = candidates(
        generator,
        reward,
        rows,
        n,
        max_length,
        context,
        rng=rng,
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        prefix=prefix,
        memory=memory,
    )
    place = sample_tokens(rewards / tau, rng) if n > 1 else torch.zeros(rows, dtype=torch.long, device=rewards.device)
    return Resampled(*chosen(samples, rewards, place), rewards)


class ResampledGenerator(nn.Module):
    """A generator times exp of a discriminator's logit, as what sentences are drawn from.

    It draws whole sequences by `resample`. Its steps and its `forward` are the generator's: its own law has no next
    token that could be known.

    Args:
        generator: makes the candidates; held, not copied.
        discriminator: whose logits are log-odds of data over this generator; held, not copied.
        candidates: n, samples of which one is taken.
        tau: what logits are divided by then.
        told: is given the logits of all candidates of each draw, [B, n], such as to see how much they differ.
    """

    def __init__(
        self,
        generator: "Generator",
        discriminator: "Discriminator",
        candidates: int,
        tau: float = 1.0,
        told: Callable[[Tensor], None] | None = None,
    ):
        super().__init__()
        assert not makes_all_at_once(generator), "a generator whose likelihood is known makes a token at a time"
        self.generator, self.discriminator = generator, discriminator
        self.candidates, self.tau, self.told = candidates, tau, told
        self.vocabulary_size: int = generator.vocabulary_size
        self.start: int = generator.start
        self.end: int | None = generator.end

    def over(self, generator: Any) -> "ResampledGenerator":
        """The same whose candidates another generator makes, such as this one without some symbols."""
        return ResampledGenerator(generator, self.discriminator, self.candidates, self.tau, self.told)

    def telling(self, told: Callable[[Tensor], None]) -> "ResampledGenerator":
        """The same that tells of its candidates."""
        return ResampledGenerator(self.generator, self.discriminator, self.candidates, self.tau, told)

    def encode(self, source: Tensor | None, source_mask: Tensor | None) -> "tuple[Context, State] | None":
        """What both players make of a source; None without one."""
        if source is None:
            return None
        return self.generator.encode(source, source_mask), self.discriminator.encode(source, source_mask)

    def initial_state(self, rows: int, context: "tuple[Context, State] | None" = None) -> "State":
        """The generator's own."""
        return self.generator.initial_state(rows, None if context is None else context[0])

    def step(self, tokens: Tensor, state: "State") -> "tuple[Tensor, State]":
        """The generator's own."""
        return self.generator.step(tokens, state)

    def forward(self, tokens: Tensor, context: "tuple[Context, State] | None" = None) -> Tensor:
        """The generator's own."""
        return self.generator(tokens, None if context is None else context[0])

    def draw_sequences(
        self,
        rows: int,
        max_length: int,
        context: "tuple[Context, State] | None" = None,
        *,
        rng: torch.Generator,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
        prefix: Tensor | None = None,
        memory: int | None = None,
    ) -> Samples:
        """What `sample` gives for this model; arguments as there."""
        of_generator, of_discriminator = (None, None) if context is None else context
        with evaluating(self.discriminator):
            drawn = resample(
                self.generator,
                score_reward(self.discriminator, of_discriminator),
                rows,
                self.candidates,
                max_length,
                of_generator,
                rng=rng,
                tau=self.tau,
                temperature=temperature,
                top_k=top_k,
                top_p=top_p,
                prefix=prefix,
                memory=memory,
            )
        if self.told is not None:
            self.told(drawn.candidate_rewards)
        return drawn.samples
