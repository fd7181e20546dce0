"""Drawing sequences from any generator. Sampling carries no gradient: one teacher-forced pass gives it later."""

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from seqgan.decoding.relaxed import relaxed_sample
from seqgan.tensors.masking import mask_from_tokens
from seqgan.tensors.modes import evaluating
from seqgan.tensors.rows import disturb_rows, select_rows

if TYPE_CHECKING:  # for the annotation alone: decoding knows the protocol, no model
    from seqgan.generators.protocol import Context, GeneratorModule

BLOCKS = 64
"""Into how many blocks a vocabulary is summed before one of them is searched; near the root of usual sizes."""


class Samples(NamedTuple):
    """Sequences from a generator."""

    tokens: Tensor
    """Ids; after the end symbol, the end symbol again. [B, T]"""
    mask: Tensor
    """True up to and including the end symbol. [B, T]"""


def sample_tokens(logits: Tensor, rng: torch.Generator) -> Tensor:
    """One token a row from softmax(logits): the inverse of the distribution function at one uniform number a row.

    The only function of the package that draws tokens. The search has two levels: the vocabulary is summed into
    strided blocks (ids that are equal modulo `BLOCKS`), which vectorises and never forms the cumulative sum over all
    of it; then the block that holds the number is searched alone. A token of probability 0 (a logit of -inf) is never
    drawn, whatever the rounding.

    Args:
        logits: finite or -inf, with at least one finite in each row. [R, V]
        rng: on the device of `logits`.

    Returns:
        Ids. [R]
    """
    rows, size = logits.shape
    blocks = min(BLOCKS, size)
    # Written straight into a padded buffer: a copy of [R, V] costs as much as its exponential.
    weights = logits.new_full((rows, size + -size % blocks), -torch.inf)
    torch.sub(logits, logits.amax(dim=1, keepdim=True), out=weights[:, :size])
    weights = weights.exp_().unflatten(1, (-1, blocks))  # [R, V / blocks, blocks]
    block_weights = weights.sum(dim=1)  # [R, blocks]
    up_to_block = block_weights.cumsum(dim=1)
    uniform = torch.rand(rows, 1, generator=rng, device=logits.device, dtype=logits.dtype)
    target = uniform * up_to_block[:, -1:]
    block = _first_above(up_to_block, target)  # [R, 1]
    before_block = (up_to_block.gather(1, block) - block_weights.gather(1, block)).clamp(min=0.0)
    within_block = weights.gather(2, block.unsqueeze(1).expand(-1, weights.shape[1], -1)).squeeze(2).cumsum(dim=1)
    place = _first_above(within_block, target - before_block)
    return (place * blocks + block).squeeze(1)


def _first_above(cumulative: Tensor, target: Tensor) -> Tensor:
    """Index of the first entry of each row above its target; its own weight is then not 0. [R, K], [R, 1] -> [R, 1]"""
    # Sums in another order may round a target up to the last entry itself; just under it, the search always ends
    # at an entry that rises above the one before.
    last = cumulative[:, -1:]
    target = torch.minimum(target, torch.nextafter(last, torch.zeros_like(last)))
    return (cumulative <= target).sum(dim=1, keepdim=True)


def adjust_logits(logits: Tensor, temperature: float = 1.0, top_k: int = 0, top_p: float = 1.0) -> Tensor:
    """Logits of a sharpened, flattened or truncated distribution. [R, V] -> [R, V]

    Args:
        logits: of the model.
        temperature: logits are divided by it; below 1 sharpens. Applied before the truncations.
        top_k: keep the k likeliest tokens (all that tie with the last of them, too); 0 keeps all.
        top_p: keep the fewest likeliest tokens whose probability together reaches this (nucleus sampling).

    Source: top-p from Holtzman et al. 2020 (arXiv:1904.09751).
    """
    if temperature != 1.0:
        # The greatest logit becomes 0 first: divided by next to nothing it stays finite, and the others go to -inf.
        logits = (logits - logits.amax(dim=1, keepdim=True)) / temperature
    if 0 < top_k < logits.shape[1]:
        least = logits.topk(top_k, dim=1).values[:, -1:]
        logits = logits.masked_fill(logits < least, -torch.inf)
    if top_p < 1.0:
        ordered, order = logits.sort(dim=1, descending=True)
        probs = ordered.softmax(dim=1)
        # A token stays when the likelier ones before it have not reached top_p yet: the likeliest always stays.
        dropped = probs.cumsum(dim=1) - probs >= top_p
        dropped[:, 0] = False
        logits = logits.masked_fill(dropped.gather(1, order.argsort(dim=1)), -torch.inf)
    return logits


def sample(
    generator: "GeneratorModule",
    rows: int,
    max_length: int,
    context: "Context" = None,
    *,
    rng: torch.Generator,
    temperature: float = 1.0,
    top_k: int = 0,
    top_p: float = 1.0,
    prefix: Tensor | None = None,
) -> Samples:
    """Draw sequences, without gradients and with dropout off.

    Args:
        generator: any generator. One that makes all positions at once is asked for the likeliest symbol of each.
        rows: how many.
        max_length: T, tokens with the end symbol; a sequence that has not ended by then stops there.
        context: what the generator's `encode` gave, with `rows` rows; None without a source.
        rng: on the generator's device.
        temperature: see `adjust_logits`; with it, top_k and top_p the samples are no longer the model's own.
        top_k: see `adjust_logits`.
        top_p: see `adjust_logits`.
        prefix: ids that rows begin with; one that has an end symbol among them is complete and stays as it is, end
            symbols following. [P] or [rows, P], P at most max_length

    Returns:
        Tokens and mask, always [rows, max_length].

    Raises:
        ValueError: the prefix is longer than that; or a generator that makes all positions at once is asked for more of
            them, or for anything but plain samples.
    """
    if hasattr(generator, "distributions"):
        if (temperature, top_k, top_p, prefix) != (1.0, 0, 1.0, None):
            raise ValueError(
                f"{type(generator).__name__} makes all positions at once and has no next symbol to choose: leave out "
                "temperature, top-k, top-p and prefix."
            )
        with evaluating(generator):
            _, tokens, mask = relaxed_sample(generator, rows, max_length, rng=rng, gumbel=False)
        return Samples(tokens, mask)
    given = 0 if prefix is None else prefix.shape[-1]
    if given > max_length:
        raise ValueError(f"The prefix has {given} tokens and max_length is {max_length}: give a shorter prefix.")
    device = rng.device
    padding = 0 if generator.end is None else generator.end
    tokens = torch.full((rows, max_length), padding, device=device)
    if prefix is not None:
        tokens[:, :given] = prefix
    going = torch.arange(rows, device=device)
    previous = torch.full((rows,), generator.start, device=device)
    with evaluating(generator):
        # A generator that learnt through relaxed samples may have its noise in its first state, and choose greedily.
        state = disturb_rows(generator.initial_state(rows, context), getattr(generator, "state_noise", 0.0), rng)
        greedy = getattr(generator, "greedy", False)
        for t in range(max_length if given < max_length else 0):
            logits, state = generator.step(previous, state)
            if t < given:
                previous = tokens[going, t]
            else:
                adjusted = adjust_logits(logits, temperature, top_k, top_p)
                previous = adjusted.argmax(dim=1) if greedy else sample_tokens(adjusted, rng)
                tokens[going, t] = previous
            # Sequences that have ended are dropped: with real text most are short and few are long.
            kept = (previous != generator.end).nonzero().squeeze(1) if generator.end is not None else None
            if kept is not None and len(kept) < len(going):
                going, previous, state = going[kept], previous[kept], select_rows(state, kept)
                if len(going) == 0:
                    break
    return Samples(tokens, mask_from_tokens(tokens, generator.end))
