"""Best of n: several samples for each sequence that is wanted, of which a reward chooses one."""

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from seqgan.decoding.rollout import Reward
from seqgan.decoding.sampling import Samples, sample
from seqgan.tensors.rows import repeat_rows

if TYPE_CHECKING:  # for the annotation alone: decoding knows the protocol, no model
    from seqgan.generators.protocol import Context, GeneratorModule


def best_of(
    generator: "GeneratorModule",
    reward: Reward,
    rows: int,
    n: int,
    max_length: int,
    context: "Context" = None,
    *,
    rng: torch.Generator,
    temperature: float = 1.0,
    top_k: int = 0,
    top_p: float = 1.0,
    prefix: Tensor | None = None,
    memory: int | None = None,
) -> tuple[Samples, Tensor]:
    """Draw `n` sequences for each row, and keep the one with the greatest reward, the first of equal ones.

    What is kept is no sample of the generator any longer: the greater n, the more alike the sequences are, since all
    are drawn towards what the reward likes, mistakes of a learnt reward among it.

    Args:
        generator: any generator.
        reward: of completed sequences; all n of a row are given that row's number.
        rows: B, how many are kept.
        n: samples for each.
        max_length: T, tokens with the end symbol.
        context: what the generator's `encode` gave, with B rows; None without a source.
        rng: on the generator's device.
        temperature: as the others, see `sample`.
        top_k: see `sample`.
        top_p: see `sample`.
        prefix: see `sample`; the same for all rows. [P]
        memory: see `sample`.

    Returns:
        Tokens and mask [B, T], and the rewards of these [B].

    Raises:
        ValueError: n is less than 1, or as `sample`.
    """
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
    return chosen(samples, rewards, rewards.argmax(dim=1))


def candidates(
    generator: "GeneratorModule",
    reward: Reward,
    rows: int,
    n: int,
    max_length: int,
    context: "Context" = None,
    *,
    rng: torch.Generator,
    temperature: float = 1.0,
    top_k: int = 0,
    top_p: float = 1.0,
    prefix: Tensor | None = None,
    memory: int | None = None,
) -> tuple[Samples, Tensor]:
    """`n` sequences for each row, those of a row behind one another, and their rewards; arguments as of `best_of`.

    Returns:
        Tokens and mask [B * n, T], and rewards [B, n].

    Raises:
        ValueError: n is less than 1, or as `sample`.
    """
    if n < 1:
        raise ValueError(f"The best of {n} samples is asked for: 1 or more.")
    drawn = sample(
        generator,
        rows * n,
        max_length,
        repeat_rows(context, n),
        rng=rng,
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        prefix=prefix,
        memory=memory,
    )
    row = torch.arange(rows, device=drawn.tokens.device).repeat_interleave(n)
    return drawn, reward(*drawn, row).unflatten(0, (rows, n))


def chosen(samples: Samples, rewards: Tensor, place: Tensor) -> tuple[Samples, Tensor]:
    """Of each row's candidates the one at a place. [B * n, T], [B, n], [B] -> [B, T], [B]"""
    rows, n = rewards.shape
    kept = torch.arange(rows, device=place.device) * n + place
    return Samples(samples.tokens[kept], samples.mask[kept]), rewards.gather(1, place.unsqueeze(1)).squeeze(1)
