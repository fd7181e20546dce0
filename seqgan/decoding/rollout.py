"""Values of all prefixes of sampled sentences, by completing them, in one pass over positions."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from seqgan.decoding.given import check_context, check_samples, checked_rewards
from seqgan.decoding.memory import evened, in_groups, rows_within
from seqgan.decoding.sampling import Samples, advance, draw_tokens
from seqgan.decoding.states import first_state
from seqgan.fitting import STEPPING, check_generator
from seqgan.tensors.devices import piece_bytes
from seqgan.tensors.masking import mask_from_tokens
from seqgan.tensors.modes import evaluating
from seqgan.tensors.rows import select_rows, slice_rows
from seqgan.tensors.workers import alone

if TYPE_CHECKING:  # for the annotation alone: decoding knows the protocol, no model
    from seqgan.generators.protocol import Context, Generator

ROWS = (2**13, 2**16)
"""Most completions at once, on a CPU and on a GPU. More take no less time on a CPU, and what a discriminator keeps of
each, its features, is most of what rollouts have in memory."""

Reward = Callable[[Tensor, Tensor, Tensor], Tensor]
"""Tokens [R, T], their mask [R, T], and the sentence each row belongs to [R], to rewards [R]."""


def rollout(
    generator: "Generator",
    reward: Reward,
    samples: Samples,
    rollouts: int,
    context: "Context" = None,
    *,
    rng: torch.Generator,
    max_rows: int | None = None,
    memory: int | None = None,
    given: int = 0,
) -> Tensor:
    """Reward of sampled completions of every prefix; of the whole sequence at its last token.

    The value at position t is that of the prefix which includes token t. A sentence that has ended is its own
    completion, and so is the whole sentence at the last position.

    One pass over positions: at position t the rows are the sentences themselves and, for each shorter prefix, the
    forks of the sentences that went on after it. One `step` advances all; then the sentences are forked and the forks
    join. No prefix is read twice, and rows that have ended are dropped. Where there are more forks than are to be in
    memory at once, some sentences have their pass after the others; of one that has too many by itself, so have some of
    its forks.

    Args:
        generator: any generator; it completes with dropout off and no gradients.
        reward: any function of completed sequences: a discriminator's, a BLEU, a validity check, or a sum of some.
        samples: what `sample` gave. [B, T]
        rollouts: N, completions per prefix.
        context: what the generator's `encode` gave for the sentences, B rows; None without a source.
        rng: on the generator's device.
        max_rows: most forks advanced or rewarded at once; None takes 8,192 on a CPU and 65,536 on a GPU.
        memory: bytes that all forks at once may take, their states and scores; None takes half of what is free. Where
            they do not fit, or the device's memory ends, there are several passes, whose random numbers are others.
        given: tokens at the start of each sentence that were not sampled. Nothing asks what they are worth: they are
            not rolled out, and have the value of the whole sentence.

    Returns:
        [N, B, T]

    Raises:
        PlayerError: generator, context, samples or rewards are not of the shapes that they should be, or lie on several
            devices.

    Source: Yu et al. 2017 (arXiv:1609.05473), equation 4.
    """
    check_generator(generator, STEPPING, rng.device)
    check_samples(*samples, rng.device)
    batch, length = samples.tokens.shape
    check_context(context, batch)

    def some(first: int, behind: int) -> Tensor:
        part = Samples(samples.tokens[first:behind], samples.mask[first:behind])
        source = slice_rows(context, first, behind)

        def reward_of(tokens: Tensor, mask: Tensor, row: Tensor) -> Tensor:
            return checked_rewards(reward(tokens, mask, row + first), reward, tokens)

        return _values(generator, reward_of, part, rollouts, source, rng, at_once, given)

    forks = (samples.mask[:, 1 + given :].sum(dim=1) * rollouts).clamp(min=1).tolist()  # of each sentence
    with evaluating(generator):
        most = piece_bytes(rng.device, *ROWS) if max_rows is None else max_rows
        at_once = min(most, rows_within(memory, generator, length, context, rng.device))
        return torch.cat(in_groups(batch, evened(at_once, forks), some, forks), dim=1)  # [N, B, T]


def _values(
    generator: "Generator",
    reward: Reward,
    samples: Samples,
    rollouts: int,
    context: "Context",
    rng: torch.Generator,
    max_rows: int,
    given: int,
) -> Tensor:
    """`rollout` of sentences whose forks fit into `max_rows`, or of one sentence. [N, B, T]"""
    tokens, mask = samples
    batch, length = tokens.shape
    whole = reward(tokens, mask, torch.arange(batch, device=tokens.device))  # [B]
    position, sentence = _unfinished(mask, given)
    values = whole.expand(length, batch).unsqueeze(-1).repeat(1, 1, rollouts)  # [T, B, N]

    def fill(first: int, behind: int) -> None:
        forks = behind - first
        with alone():
            completions = _complete(generator, samples, forks, context, rng, given)  # [K * forks, T]
        owners = sentence.repeat_interleave(forks)
        rewards = _reward_by_length(reward, completions, owners, generator.end, max_rows)
        values[position, sentence, first:behind] = rewards.unflatten(0, (-1, forks)).to(values.dtype)

    if len(sentence):
        in_groups(rollouts, max(1, max_rows // len(sentence)), fill)
    return values.permute(2, 1, 0)  # [N, B, T]


def _complete(
    generator: "Generator", samples: Samples, forks: int, context: "Context", rng: torch.Generator, given: int
) -> Tensor:
    """Completions of each unfinished prefix, ordered by prefix, sentence, fork. [K * forks, T]"""
    tokens, mask = samples
    batch, length = tokens.shape
    device = tokens.device
    goes_on = torch.cat([mask[:, 1:], torch.zeros_like(mask[:, :1])], dim=1)  # [B, T]
    position, sentence = _unfinished(mask, given)
    prefixes = tokens[sentence]
    if generator.end is not None:
        beyond = torch.arange(length, device=device) > position.unsqueeze(1)
        prefixes = prefixes.masked_fill(beyond, generator.end)
    completions = prefixes.repeat_interleave(forks, dim=0)

    alive = torch.arange(batch, device=device)  # sentences still being read
    slots = torch.arange(0, device=device)  # the completion that each fork is writing
    forked = 0  # completions begun so far
    previous = torch.full((batch,), generator.start, device=device)
    state = first_state(generator, batch, context)
    for t in range(length):
        values, to_logits, state = advance(generator, previous, state)
        drawn = draw_tokens(values[len(alive) :], to_logits, generator.vocabulary_size, rng)
        completions[slots, t] = drawn
        if t == length - 1:
            break

        # Keep the sentences that go on, then the forks that have not ended.
        alive_kept = goes_on[alive, t].nonzero().squeeze(1)
        forks_going = drawn != generator.end if generator.end is not None else torch.ones_like(drawn, dtype=torch.bool)
        forks_kept = forks_going.nonzero().squeeze(1)
        kept = torch.cat([alive_kept, len(alive) + forks_kept])
        alive, slots, drawn = alive[alive_kept], slots[forks_kept], drawn[forks_kept]

        # Fork each of these sentences after its token at t, unless that was given; the forks join behind the others.
        begun = len(alive) if t >= given else 0
        count = begun * forks
        read = tokens[alive, t]
        state = select_rows(state, torch.cat([kept, alive_kept[:begun].repeat_interleave(forks)]))
        slots = torch.cat([slots, torch.arange(forked, forked + count, device=device)])
        previous = torch.cat([read, drawn, read[:begun].repeat_interleave(forks)])
        forked += count
        if len(previous) == 0:
            break
    return completions


def _unfinished(mask: Tensor, given: int) -> tuple[Tensor, Tensor]:
    """Last position and sentence of each prefix to complete, the position varying slowest. [K], [K]"""
    # A sentence goes on after t when its token at t + 1 is real.
    goes_on = mask[:, 1:].clone()
    goes_on[:, :given] = False
    position, sentence = goes_on.T.nonzero(as_tuple=True)
    return position, sentence


def _reward_by_length(reward: Reward, tokens: Tensor, owners: Tensor, end: int | None, max_rows: int) -> Tensor:
    """Rewards [R] of completions, given to `reward` in groups of like length, each cut to its longest."""
    mask = mask_from_tokens(tokens, end)
    order = mask.sum(dim=1).argsort(stable=True)
    rewards = None
    for rows in order.split(max_rows):
        longest = int(mask[rows[-1]].sum())
        part = reward(tokens[rows, :longest], mask[rows, :longest], owners[rows])
        rewards = part.new_empty(len(tokens)) if rewards is None else rewards
        rewards[rows] = part
    assert rewards is not None  # the caller has at least one completion
    return rewards
