"""Sequences with a graph: distributions in place of ids, so that a judge's gradient reaches the generator."""

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from seqgan.decoding.states import makes_all_at_once
from seqgan.fitting import check_numbers
from seqgan.tensors.masking import mask_from_tokens
from seqgan.tensors.rows import disturb_rows

if TYPE_CHECKING:  # for the annotation alone: decoding knows the protocol, no model
    from seqgan.generators.protocol import Context, Generator, GeneratorModule


class RelaxedSamples(NamedTuple):
    """Sequences from a generator, as a discriminator reads them and as ids."""

    probs: Tensor
    """Distributions, with a graph where gradients are on; one-hot, and without gradient, after the end. [B, T, V]"""
    tokens: Tensor
    """The symbol that was chosen at each position; after the end symbol, the end symbol again. [B, T]"""
    mask: Tensor
    """True up to and including the end symbol; everywhere, where ends are not looked for. [B, T]"""


def relaxed_sample(
    generator: "GeneratorModule",
    rows: int,
    max_length: int,
    context: "Context" = None,
    *,
    rng: torch.Generator,
    temperature: float = 1.0,
    gumbel: bool = True,
    hard: bool = False,
    feed_tokens: bool = False,
    ends: bool = True,
    state_noise: float = 0.0,
) -> RelaxedSamples:
    """Draw sequences whose gradient reaches the generator, in the mode, training or evaluation, that it is in.

    Args:
        generator: any, one that steps or one that makes all positions at once.
        rows: B, how many.
        max_length: T, tokens with the end symbol.
        context: what the generator's `encode` gave, with `rows` rows; None without a source.
        rng: on the generator's device.
        temperature: logits, with their noise, are divided by it: towards 0 the distributions become one-hot vectors.
        gumbel: add Gumbel noise to the logits: the chosen symbols are then samples of their softmax, whatever the
            temperature. Without it they are the likeliest.
        hard: the distributions are the chosen symbols' one-hot vectors, with the gradient of the relaxed ones.
        feed_tokens: what is chosen is read by the next step as a symbol, without a gradient, as RelGAN does. Else the
            next step reads the distributions.
        ends: look for the end symbol; otherwise it is one like any other.
        state_noise: standard deviation of normal noise that is added to the first state of a generator that steps.

    Returns:
        Distributions, ids and mask, always of T positions.

    Raises:
        ValueError: noise for a state that holds nothing yet; or more positions than the generator makes at once.
        PlayerError: a generator that makes all positions at once gives another shape.

    Source: Kusner and Hernandez-Lobato 2016 (arXiv:1611.04051); Jang, Gu, Poole 2017 (arXiv:1611.01144), section 2.2
    for `hard`; Press et al. 2017 (arXiv:1706.01399) for noise in the state and softmax vectors fed back.
    """
    if makes_all_at_once(generator):
        if max_length > generator.max_length:
            raise ValueError(
                f"This generator makes {generator.max_length} positions at once, and {max_length} are asked for: build "
                f"it with max_length={max_length}."
            )
        logits = generator.distributions(rows, rng)
        shape = [rows, generator.max_length, generator.vocabulary_size]
        check_numbers(generator, "generator", "distributions", logits, shape, "rows, positions, vocabulary")
        logits = logits[:, :max_length]
        probs, tokens = relax(logits, rng, temperature=temperature, gumbel=gumbel, hard=hard)
    else:
        previous = torch.full((rows,), generator.start, device=rng.device)
        state = disturb_rows(generator.initial_state(rows, context), state_noise, rng)
        steps = []
        for _ in range(max_length):
            logits, state = generator.step(previous, state)
            chosen_probs, chosen = relax(logits, rng, temperature=temperature, gumbel=gumbel, hard=hard)
            steps.append((chosen_probs, chosen))
            previous = chosen if feed_tokens else chosen_probs
        probs = torch.stack([step_probs for step_probs, _ in steps], dim=1)  # [B, T, V]
        tokens = torch.stack([chosen for _, chosen in steps], dim=1)  # [B, T]
    if not ends or generator.end is None:
        return RelaxedSamples(probs, tokens, torch.ones_like(tokens, dtype=torch.bool))
    mask = mask_from_tokens(tokens, generator.end)
    tokens = tokens.masked_fill(~mask, generator.end)
    one_hot = functional.one_hot(tokens, probs.shape[2]).to(probs)
    return RelaxedSamples(torch.where(mask.unsqueeze(2), probs, one_hot), tokens, mask)


def teacher_helped_sample(
    generator: "Generator",
    tokens: Tensor,
    positions: Tensor,
    context: "Context" = None,
    *,
    rng: torch.Generator,
    temperature: float = 1.0,
    gumbel: bool = True,
    hard: bool = False,
    state_noise: float = 0.0,
) -> RelaxedSamples:
    """Real sequences whose last token alone is the generator's, with its gradient.

    Args:
        generator: any that steps.
        tokens: real ones. [B, T]
        positions: of each row's token that is generated, from those before it. [B]
        context: as of `relaxed_sample`; so are the others.

    Returns:
        One-hot vectors of the real tokens, then one distribution; the mask is True up to it. [B, T, V]

    Source: Press et al. 2017 (arXiv:1706.01399), section 3.3, there padded on the left and not on the right.
    """
    state = disturb_rows(generator.initial_state(len(tokens), context), state_noise, rng)
    previous = torch.full_like(tokens[:, 0], generator.start)
    steps = []
    for t in range(tokens.shape[1]):
        logits, state = generator.step(previous, state)
        steps.append(logits)
        previous = tokens[:, t]
    here = torch.arange(tokens.shape[1], device=tokens.device) == positions.unsqueeze(1)  # [B, T]
    made, chosen = relax(torch.stack(steps, dim=1)[here], rng, temperature=temperature, gumbel=gumbel, hard=hard)
    probs = functional.one_hot(tokens, generator.vocabulary_size).to(made)
    probs = probs.masked_scatter(here.unsqueeze(2), made)
    mask = torch.arange(tokens.shape[1], device=tokens.device) <= positions.unsqueeze(1)
    return RelaxedSamples(probs, tokens.masked_scatter(here, chosen), mask)


def relax(
    logits: Tensor, rng: torch.Generator, *, temperature: float = 1.0, gumbel: bool = True, hard: bool = False
) -> tuple[Tensor, Tensor]:
    """Differentiable choices among symbols.

    Args:
        logits: of the symbols. [..., V]
        rng: of the noise, on their device.
        temperature: above 0.
        gumbel: see `relaxed_sample`.
        hard: see `relaxed_sample`.

    Returns:
        Distributions [..., V], in 32 bits at least, and the symbol with the largest share of each [...].
    """
    logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
    if gumbel:
        logits = logits + gumbel_noise(logits, rng)
    probs = (logits / temperature).softmax(dim=-1)
    # Of the logits: at a low temperature shares that differ may round to the same number.
    chosen = logits.argmax(dim=-1)
    if hard:
        # The difference is exactly 0, so that the sum is one-hot and not nearly so.
        probs = functional.one_hot(chosen, logits.shape[-1]).to(probs) + (probs - probs.detach())
    return probs, chosen


def gumbel_noise(like: Tensor, rng: torch.Generator) -> Tensor:
    """Standard Gumbel numbers, -log(-log u) of uniform u; all finite. Shape, type and device of `like`"""
    uniform = torch.rand(like.shape, generator=rng, device=like.device, dtype=like.dtype)
    # u may be 0 and cannot be 1; nor is it so near 1 that its logarithm rounds to 0.
    return -(-uniform.clamp(min=torch.finfo(like.dtype).tiny).log()).log()
