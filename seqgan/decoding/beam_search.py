"""The likeliest sequences of any generator that steps: by a beam, and greedily."""

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from seqgan.decoding.sampling import Samples
from seqgan.decoding.states import draws_itself, makes_all_at_once
from seqgan.tensors.modes import evaluating
from seqgan.tensors.rows import repeat_rows, select_rows

if TYPE_CHECKING:  # for the annotation alone: decoding knows the protocol, no model
    from seqgan.generators.protocol import Context, Generator, GeneratorModule


class Hypotheses(NamedTuple):
    """The best sequences that a search found for each row, from the best on."""

    tokens: Tensor
    """Ids; after the end symbol, the end symbol again. [B, n, T]"""
    mask: Tensor
    """True up to and including the end symbol. [B, n, T]"""
    scores: Tensor
    """By what they are ordered: log-probabilities, normalised for length; -inf, with an empty mask, where the generator
    has fewer than n sequences. [B, n]"""
    log_probs: Tensor
    """Log-probabilities of the sequences. [B, n]"""


def beam_search(
    generator: "Generator",
    beam: int,
    *,
    rows: int | None = None,
    context: "Context" = None,
    max_length: int,
    n_best: int = 1,
    length_penalty: float = 0.0,
) -> Hypotheses:
    """Search for the likeliest sequences, without gradients and with dropout off.

    At each position the `beam` likeliest continuations of all that go on are looked at: those that end are complete,
    and as many of the likeliest others go on. What has not ended after `max_length` tokens is complete then. A row is
    searched until none that goes on can still be among its best: as a log-probability only falls, its best possible
    score is known. A beam of one is greedy: it takes the likeliest token at each position and ends where that is the
    end, whatever the length penalty, which has nothing else to compare.

    Args:
        generator: any generator that steps.
        beam: K, how many go on at each position.
        rows: B, searches at once; by default as many as the context has rows, one without a context.
        context: what the generator's `encode` gave, with `rows` rows; None without a source.
        max_length: T, tokens with the end symbol.
        n_best: n, how many sequences are returned for each row, at most K.
        length_penalty: alpha; scores are log-probabilities divided by ((5 + tokens) / 6) ** alpha, the end symbol among
            the tokens. 0 is none; larger ones favour longer sequences. A beam of one has none.

    Returns:
        Tokens and masks, always [B, n, T], with scores and log-probabilities.

    Raises:
        ValueError: a beam below 1, an n_best that is not between 1 and it, a negative length_penalty; or a generator
            that makes all positions at once, or begins with noise.

    Source: Wu et al. 2016 (arXiv:1609.08144), section 7, equation 14, without the coverage penalty.
    """
    _check(generator, beam, n_best, length_penalty)
    if beam == 1:
        # It would go on behind the end with the second likeliest token, in the hope of a better score for length.
        length_penalty = 0.0
    end, size = generator.end, generator.vocabulary_size
    rows = _row_count(context) if rows is None else rows
    parameter = next(generator.parameters())
    device, dtype = parameter.device, torch.promote_types(parameter.dtype, torch.float32)
    padding = 0 if end is None else end
    best = Hypotheses(
        torch.full((rows, n_best, max_length), padding, device=device),
        torch.zeros(rows, n_best, max_length, dtype=torch.bool, device=device),
        torch.full((rows, n_best), -torch.inf, dtype=dtype, device=device),
        torch.full((rows, n_best), -torch.inf, dtype=dtype, device=device),
    )
    going = torch.arange(rows, device=device)  # the G rows that are still searched
    tokens = torch.full((rows, beam, max_length), padding, device=device)
    previous = torch.full((rows * beam,), generator.start, device=device)
    # All hypotheses of a row begin alike: one of them is enough.
    log_probs = torch.full((rows, beam), -torch.inf, dtype=dtype, device=device)
    log_probs[:, 0] = 0.0
    with evaluating(generator):
        state = repeat_rows(generator.initial_state(rows, context), beam)
        for t in range(max_length if rows else 0):
            logits, state = generator.step(previous, state)
            continued = logits.log_softmax(dim=1, dtype=dtype).unflatten(0, (-1, beam)) + log_probs.unsqueeze(2)
            # Twice as many as go on: at most one continuation of each hypothesis ends.
            log_probs, choice = continued.flatten(1).topk(min(2 * beam, beam * size), dim=1)  # [G, C]
            parent, token = choice // size, choice % size
            tokens = _select(tokens, parent)  # [G, C, T]
            tokens[:, :, t] = token
            ends = torch.zeros_like(token, dtype=torch.bool) if end is None else token == end

            complete = ends | (t == max_length - 1)
            complete[:, beam:] = False
            scores = (log_probs / _length_divisor(t + 1, length_penalty)).masked_fill(~complete, -torch.inf)
            mask = (torch.arange(max_length, device=device) <= t).expand_as(tokens)
            _keep_best(best, Hypotheses(tokens, mask, scores, log_probs), going)
            if t == max_length - 1:
                break

            # The likeliest that do not end go on, in their order; rows that cannot become better are dropped.
            order = ends.long().argsort(dim=1, stable=True)[:, :beam]  # [G, K]
            log_probs = log_probs.masked_fill(ends, -torch.inf).gather(1, order)
            promise = log_probs[:, 0] / _length_divisor(max_length, length_penalty)
            kept = (best.scores[going, -1] < promise).nonzero().squeeze(1)
            if len(kept) == 0:
                break
            if beam > 1 or len(kept) < len(going):
                state = select_rows(state, (kept.unsqueeze(1) * beam + parent.gather(1, order)[kept]).flatten())
            previous = token.gather(1, order)[kept].flatten()
            tokens, log_probs, going = _select(tokens, order)[kept], log_probs[kept], going[kept]
    return best


def greedy_decode(
    generator: "Generator", *, rows: int | None = None, context: "Context" = None, max_length: int
) -> Samples:
    """The likeliest token at each position, given those before it: a beam of one. Arguments as for `beam_search`.

    Returns:
        Tokens and mask, always [rows, max_length].
    """
    best = beam_search(generator, 1, rows=rows, context=context, max_length=max_length)
    return Samples(best.tokens[:, 0], best.mask[:, 0])


def _keep_best(best: Hypotheses, found: Hypotheses, going: Tensor) -> None:
    """Write the n best of both into the rows `going` of `best`."""
    parts = [torch.cat([old[going], new], dim=1) for old, new in zip(best, found, strict=True)]
    # Stable: the empty places of `best` stand before what is not complete, and equals stay where they are.
    order = parts[2].sort(dim=1, descending=True, stable=True).indices[:, : best.scores.shape[1]]
    for old, part in zip(best, parts, strict=True):
        old[going] = _select(part, order)


def _select(values: Tensor, index: Tensor) -> Tensor:
    """The hypotheses of each row that `index` [G, J] names. [G, I] or [G, I, T] -> [G, J] or [G, J, T]"""
    return values.gather(1, index if values.dim() == 2 else index.unsqueeze(2).expand(-1, -1, values.shape[2]))


def _length_divisor(tokens: int, alpha: float) -> float:
    return ((5 + tokens) / 6) ** alpha


def _row_count(context: "Context") -> int:
    """As many rows as the context's first tensor has; one without a context."""
    while context is not None and not isinstance(context, Tensor):
        context = context[0]
    return 1 if context is None else len(context)


def cannot_search(generator: "GeneratorModule") -> str | None:
    """Why the likeliest sequences of a generator cannot be searched for, with the mend; None where they can."""
    name = type(generator).__name__
    if makes_all_at_once(generator):
        return f"{name} makes all positions at once and has no next symbol to search for: sample from it."
    if draws_itself(generator):
        return f"{name} takes one of several samples, and no step of it says how likely that is: sample from it."
    if getattr(generator, "state_noise", 0.0) > 0:
        return (
            f"{name} has its chance in the noise of its first state, and a search begins without: no sequence that it "
            "finds is likely for that. Sample from it."
        )
    return None


def _check(generator: "Generator", beam: int, n_best: int, length_penalty: float) -> None:
    why = cannot_search(generator)
    if why is not None:
        raise ValueError(why)
    if not 1 <= n_best <= beam:
        raise ValueError(f"A beam of {beam} cannot find the {n_best} best: give 1 <= n_best <= beam.")
    if length_penalty < 0:
        raise ValueError(f"length_penalty is {length_penalty}: give 0 for none, or more to favour longer sequences.")
