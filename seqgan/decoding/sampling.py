"""Drawing sequences from any generator. Sampling carries no gradient: one teacher-forced pass gives it later."""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, cast

import torch
from torch import Tensor
from torch.nn import functional

from seqgan.decoding.given import check_context
from seqgan.decoding.memory import in_groups, rows_within
from seqgan.decoding.relaxed import relaxed_sample
from seqgan.decoding.states import draws_itself, first_state, makes_all_at_once
from seqgan.fitting import ONE_SHOT, STEPPING, check_generator
from seqgan.tensors.devices import piece_bytes
from seqgan.tensors.masking import mask_from_tokens
from seqgan.tensors.modes import evaluating
from seqgan.tensors.products import linear
from seqgan.tensors.rows import SplitRows, State, disturb_rows, select_rows, slice_rows, split_rows
from seqgan.tensors.workers import alone, crew_size, in_parallel

if TYPE_CHECKING:  # for the annotation alone: decoding knows the protocol, no model
    from seqgan.generators.protocol import Context, Generator, GeneratorModule, LinearOutput

BLOCKS = 64
"""Into how many blocks a vocabulary is summed before one of them is searched; near the root of usual sizes."""


LOGIT_BYTES = (2**22, 2**28)
"""Logits that are in memory at once: on a CPU, in whose caches they then stay through all passes over them, which is
twice as fast, and on a GPU, where they are enough to keep it busy."""

LEAST_ROWS = 32
"""A thread is not given fewer rows to advance: starting it would cost more."""
MOST_ROWS = 2048
"""Nor more, in one call: what a step makes on its way, many times what it leaves, is then of so many rows alone, and in
the caches."""
UNEVEN = 1.25
"""Rows of a thread, in shares, from which on they are shared out anew: sequences that end leave the others uneven."""


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
    return _first_in_block(*_find_block(logits.clone(), _uniform(logits, rng)), logits.shape[1])


def draw_tokens(
    values: Tensor, to_logits: Callable[[Tensor], Tensor], vocabulary_size: int, rng: torch.Generator
) -> Tensor:
    """`sample_tokens` of the logits that a function makes, of a few rows at a time. Same draws.

    Args:
        values: what the logits are made of. [R, ...]
        to_logits: rows of it to their logits, [R, ...] to [R, V], in memory of their own: it is written over.
        vocabulary_size: V.
        rng: on the device of `values`.

    Returns:
        Ids. [R]
    """
    uniform = _uniform(values, rng)
    rows = max(1, piece_bytes(values.device, *LOGIT_BYTES) // (vocabulary_size * values.element_size()))
    # What is kept of each part has its place before there are logits: small blocks that stay would else cut up what the
    # C library keeps for the next logits, which would then have to be new memory, part after part.
    blocks = min(BLOCKS, vocabulary_size)
    kept = (
        uniform.new_empty(uniform.shape, dtype=torch.long),
        torch.empty_like(uniform),
        uniform.new_empty(len(uniform), -(-vocabulary_size // blocks)),
    )

    def find(part: tuple[Tensor, ...]) -> None:
        some, number, *places = part
        for place, found in zip(places, _find_block(to_logits(some), number), strict=True):
            place.copy_(found)

    parts = zip(*(each.split(rows) for each in (values, uniform, *kept)), strict=True)
    # What is small is left for all rows together: a few rows' small operations cost as much as everyone's.
    in_parallel(find, parts, values.device)
    block, rest, within_block = kept
    return _first_in_block(block, rest, within_block, vocabulary_size)


def advance(generator: "Generator", tokens: Tensor, state: State) -> tuple[Tensor, Callable[[Tensor], Tensor], State]:
    """One position on: what logits are made of [R, ...], the function that makes them, and the next state.

    Where a generator's output layer stands apart from the rest, logits [R, V], by far the largest tensor of a step,
    need not be made of all rows at once.
    """
    step = getattr(generator, "advance", generator.step)
    sizes = _task_rows(tokens, state, hasattr(generator, "advance"))
    if len(sizes) == 1:
        values, state = step(tokens, state.rows() if isinstance(state, SplitRows) else state)
    else:
        # Rows do not depend on one another: each thread advances its share of them, and they stay in its parts.
        rows = zip(tokens.split(sizes), split_rows(state, sizes), strict=True)
        parts = in_parallel(lambda part: step(*part), rows, tokens.device)
        values, state = torch.cat([part[0] for part in parts]), SplitRows([part[1] for part in parts], sizes)
    if not hasattr(generator, "advance"):
        return values, Tensor.clone, state
    weight, bias = cast("LinearOutput", generator).output_layer()
    return values, lambda part: linear(part, weight, bias), state


def _task_rows(tokens: Tensor, state: State, apart: bool) -> list[int]:
    """How many of some rows each task of a thread advances.

    Args:
        tokens: [R]
        state: of R rows.
        apart: whether a step makes something small, of which logits are made later.
    """
    crew = crew_size() if tokens.device.type == "cpu" else 1
    tasks = crew
    if apart and tokens.device.type == "cpu":
        tasks *= max(1, -(-len(tokens) // (crew * MOST_ROWS)))
    size = max(LEAST_ROWS, -(-len(tokens) // tasks))
    sizes = [len(part) for part in tokens.split(size)]
    # In parts already, and as well shared out: as they are, without a copy.
    even = isinstance(state, SplitRows) and len(state.sizes) == len(sizes) and max(state.sizes) <= UNEVEN * size
    return state.sizes if even and min(state.sizes) > 0 else sizes


def _uniform(values: Tensor, rng: torch.Generator) -> Tensor:
    """A number from [0, 1) for each row. [R, ...] -> [R, 1]"""
    return torch.rand(len(values), 1, generator=rng, device=values.device, dtype=_full(values.dtype))


def _find_block(logits: Tensor, uniform: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The block of the vocabulary in which the distribution function passes a number.

    Args:
        logits: written over. [R, V]
        uniform: [R, 1]

    Returns:
        Which block [R, 1], how much of the number is left for it [R, 1], and its tokens' probabilities [R, V / blocks]:
        behind the vocabulary's end, those of its last token.
    """
    size = logits.shape[1]
    blocks = min(BLOCKS, size)
    even = size - size % blocks
    # Into the same memory: a second tensor of this size would drive the first out of the cache.
    logits = logits.to(_full(logits.dtype))
    probs = torch.softmax(logits, dim=1, out=logits)
    block_probs = probs[:, :even].unflatten(1, (-1, blocks)).sum(dim=1)  # [R, blocks]
    block_probs[:, : size - even] += probs[:, even:]
    up_to_block = block_probs.cumsum(dim=1)
    target = uniform * up_to_block[:, -1:]
    block = _first_above(up_to_block, target)
    before_block = functional.pad(up_to_block, (1, -1)).gather(1, block)
    ids = block + torch.arange(0, size, blocks, device=logits.device)  # [R, V / blocks]
    return block, target - before_block, probs.gather(1, ids.clamp_(max=size - 1))


def _first_in_block(block: Tensor, rest: Tensor, within_block: Tensor, size: int) -> Tensor:
    """The token of a block at which the rest is passed; arguments as `_find_block` returns them. -> [R]"""
    blocks = min(BLOCKS, size)
    if size % blocks:  # some blocks are shorter than others
        within_block[:, -1:].masked_fill_(block >= size % blocks, 0.0)
    place = _first_above(within_block.cumsum(dim=1), rest)
    return (place * blocks + block).squeeze(1)


def _first_above(cumulative: Tensor, target: Tensor) -> Tensor:
    """Index of the first entry of each row above its target; its own weight is then not 0. [R, K], [R, 1] -> [R, 1]"""
    # Sums in another order may round a target up to the last entry itself; just under it, the search always ends
    # at an entry that rises above the one before. Not so where entries are no numbers: the last one then.
    last = cumulative[:, -1:]
    target = torch.minimum(target, torch.nextafter(last, torch.zeros_like(last)))
    return torch.searchsorted(cumulative, target, right=True).clamp_(max=cumulative.shape[1] - 1)


def _full(dtype: torch.dtype) -> torch.dtype:
    """Numbers that are added up keep at least 24 bits. The draws are exact for logits in any precision."""
    return torch.promote_types(dtype, torch.float32)


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
    memory: int | None = None,
) -> Samples:
    """Draw sequences, without gradients and with dropout off.

    Args:
        generator: any generator. One that makes all positions at once is asked for a draw of each, or for its
            likeliest symbol, whichever it was trained by.
        rows: how many.
        max_length: T, tokens with the end symbol; a sequence that has not ended by then stops there.
        context: what the generator's `encode` gave, with `rows` rows; None without a source.
        rng: on the generator's device.
        temperature: see `adjust_logits`; with it, top_k and top_p the samples are no longer the model's own.
        top_k: see `adjust_logits`.
        top_p: see `adjust_logits`.
        prefix: ids that rows begin with; one that has an end symbol among them is complete and stays as it is, end
            symbols following. [P] or [rows, P], P at most max_length
        memory: bytes that all rows at once may take; None takes half of what is free. Where they do not fit, or the
            device's memory ends, there are several passes, whose random numbers are others.

    Returns:
        Tokens and mask, always [rows, max_length].

    Raises:
        ValueError: the prefix is longer than that; or a generator that makes all positions at once is asked for more of
            them, or for anything but plain samples.
        PlayerError: the generator lacks a method, or gives something else than it should, or lies on another device.
    """
    if draws_itself(generator):
        return generator.draw_sequences(
            rows,
            max_length,
            context,
            rng=rng,
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            prefix=prefix,
            memory=memory,
        )
    check_generator(generator, ONE_SHOT if makes_all_at_once(generator) else STEPPING, rng.device)
    check_context(context, rows)
    if makes_all_at_once(generator):
        if (temperature, top_k, top_p, prefix) != (1.0, 0, 1.0, None):
            raise ValueError(
                f"{type(generator).__name__} makes all positions at once and has no next symbol to choose: leave out "
                "temperature, top-k, top-p and prefix."
            )
        with evaluating(generator):
            # Gumbel noise draws from the softmax, exactly.
            gumbel = getattr(generator, "drawn", False)
            _, tokens, mask = relaxed_sample(generator, rows, max_length, rng=rng, gumbel=gumbel)
        return Samples(tokens, mask)
    given = 0 if prefix is None else prefix.shape[-1]
    if given > max_length:
        raise ValueError(f"The prefix has {given} tokens and max_length is {max_length}: give a shorter prefix.")

    def some(first: int, behind: int) -> Samples:
        source = slice_rows(context, first, behind)
        part = prefix[first:behind] if prefix is not None and prefix.dim() == 2 else prefix
        count = behind - first
        return _sample(generator, count, max_length, source, rng, temperature, top_k, top_p, part)

    with evaluating(generator):
        at_once = rows_within(memory, generator, max_length, context, rng.device) if max_length else rows
    parts = in_groups(rows, at_once, some)
    return Samples(torch.cat([part.tokens for part in parts]), torch.cat([part.mask for part in parts]))


def _sample(
    generator: "Generator",
    rows: int,
    max_length: int,
    context: "Context",
    rng: torch.Generator,
    temperature: float,
    top_k: int,
    top_p: float,
    prefix: Tensor | None,
) -> Samples:
    """`sample` of rows that fit into memory together."""
    given = 0 if prefix is None else prefix.shape[-1]
    device = rng.device
    padding = 0 if generator.end is None else generator.end
    tokens = torch.full((rows, max_length), padding, device=device)
    if prefix is not None:
        tokens[:, :given] = prefix
    going = torch.arange(rows, device=device)
    previous = torch.full((rows,), generator.start, device=device)
    with evaluating(generator), alone():
        # A generator that learnt through relaxed samples may have its noise in its first state, and choose greedily.
        state = disturb_rows(first_state(generator, rows, context), getattr(generator, "state_noise", 0.0), rng)

        def choose(values: Tensor, to_logits: Callable[[Tensor], Tensor]) -> Tensor:
            if getattr(generator, "greedy", False):
                return adjust_logits(to_logits(values), temperature, top_k, top_p).argmax(dim=1)
            return draw_tokens(
                values,
                lambda part: adjust_logits(to_logits(part), temperature, top_k, top_p),
                generator.vocabulary_size,
                rng,
            )

        for t in range(max_length if given < max_length else 0):
            values, to_logits, state = advance(generator, previous, state)
            if t < given:
                previous = tokens[going, t]
            else:
                previous = choose(values, to_logits)
                tokens[going, t] = previous
            # Sequences that have ended are dropped: with real text most are short and few are long.
            kept = (previous != generator.end).nonzero().squeeze(1) if generator.end is not None else None
            if kept is not None and len(kept) < len(going):
                going, previous, state = going[kept], previous[kept], select_rows(state, kept)
                if len(going) == 0:
                    break
    return Samples(tokens, mask_from_tokens(tokens, generator.end))
