"""Drawing token by token, guided by a discriminator of prefixes: what it finds more real comes the more often.

Of log-odds F_t of the prefixes of data over those of a generator q, the data's own next token has the probability

    p(v | y_<t) = q(v | y_<t) exp(F_t(y_<t, v) - F_{t-1}(y_<t)),

in which F_{t-1} is the same for all v and is left out. Whole samples need not be thrown away, as `resample` does.

Source: the factorisation of a ratio of likelihoods over prefixes. Yang and Klein 2021 (arXiv:2104.05218) guide by a
classifier of prefixes, and Deng and Raffel 2023 (arXiv:2310.09520) over the k likeliest tokens alone.
"""

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from seqgan.decoding.memory import rows_of_budget
from seqgan.decoding.states import first_state, makes_all_at_once
from seqgan.tensors.rows import select_rows, state_size

if TYPE_CHECKING:  # for the annotation alone: decoding knows the protocols, no model
    from typing import TypeGuard

    from seqgan.discriminators.protocol import Discriminator, StepsThrough
    from seqgan.generators.protocol import Context, Generator
    from seqgan.tensors.rows import State

CONTINUATIONS = 2**14
"""Most continuations that a discriminator reads at once, in each thread."""
STATES = 8
"""How often the state of a continuation is in memory then: the prefix's, the next one, and the gates between them."""


def steps_through(discriminator: "Discriminator | StepsThrough") -> "TypeGuard[StepsThrough]":
    """Whether a discriminator judges prefixes, and can go from one to the next."""
    return bool(getattr(discriminator, "per_token", False)) and hasattr(discriminator, "step")


def guided_logits(logits: Tensor, odds: Tensor, weight: float = 1.0) -> Tensor:
    """Logits of q exp(weight F) over the continuations of a prefix, from those of q and F. [..., K] -> [..., K]

    Args:
        logits: of q, up to a constant; -inf stays so.
        odds: F of each continuation, up to a constant: finite.
        weight: alpha; 0 gives q, 1 the data where F is exact, and above 1 is the further from q.
    """
    return logits + weight * odds


class GuidedGenerator(nn.Module):
    """A generator whose next token a discriminator of prefixes has its say in: a generator like any other, whose steps
    give the logits of its own law. That it is drawn from, searched and judged in every usual way follows.

    Args:
        generator: q; held, not copied.
        discriminator: whose logits are log-odds of data over this generator, prefix by prefix; held, not copied.
        candidates: k, the likeliest tokens of q that the discriminator is asked about; others have probability 0. With
            all V of them the law is exact.
        weight: alpha; see `guided_logits`.

    Raises:
        ValueError: k is less than 1.
    """

    def __init__(self, generator: "Generator", discriminator: "StepsThrough", candidates: int, weight: float = 1.0):
        super().__init__()
        assert not makes_all_at_once(generator), "a generator that has a next token makes a token at a time"
        assert steps_through(discriminator), "a discriminator that guides has a logit for each prefix, and steps"
        if candidates < 1:
            raise ValueError(f"The {candidates} likeliest tokens are to be judged: 1 or more.")
        self.generator, self.discriminator = generator, discriminator
        self.k, self.weight = min(candidates, generator.vocabulary_size), weight
        self.vocabulary_size: int = generator.vocabulary_size
        self.start: int = generator.start
        self.end: int | None = generator.end

    def over(self, generator: Any) -> "GuidedGenerator":
        """The same that guides another generator, such as this one without some symbols, which then have no say in what
        the k likeliest are."""
        return GuidedGenerator(generator, self.discriminator, self.k, self.weight)

    def encode(self, source: Tensor | None, source_mask: Tensor | None) -> "tuple[Context, State] | None":
        """What both players make of a source; None without one."""
        if source is None:
            return None
        judge: Any = self.discriminator
        return self.generator.encode(source, source_mask), judge.encode(source, source_mask)

    def initial_state(self, rows: int, context: "tuple[Context, State] | None" = None) -> "State":
        """The generator's state, the discriminator's, and whether a row has begun: the discriminator reads no start."""
        of_generator, of_judge = (None, None) if context is None else context
        device = next(self.generator.parameters()).device
        begun = torch.zeros(rows, dtype=torch.bool, device=device)
        return (
            first_state(self.generator, rows, of_generator),
            self.discriminator.initial_state(rows, of_judge),
            begun,
        )

    def step(self, tokens: Tensor, state: "State") -> "tuple[Tensor, State]":
        """One position on. [R] -> logits [R, V], -inf where a token is none of the k likeliest; next state."""
        of_generator, before, begun = state
        logits, of_generator = self.generator.step(tokens, of_generator)
        _, after = self.discriminator.step(torch.where(begun, tokens, 0), before)
        read = _where(begun, after, before)
        likeliest, ids = logits.topk(self.k, dim=1)  # [R, k]
        guided = guided_logits(likeliest, self._odds(ids, read).to(likeliest), self.weight)
        wide = torch.full_like(logits, -torch.inf).scatter(1, ids, guided)
        return wide, (of_generator, read, torch.ones_like(begun))

    def forward(self, tokens: Tensor, context: "tuple[Context, State] | None" = None) -> Tensor:
        """Teacher forcing, a step after the other. [B, T] -> logits [B, T, V]"""
        state = self.initial_state(len(tokens), context)
        previous, logits = torch.full_like(tokens[:, 0], self.start), []
        for following in tokens.unbind(1):
            of_position, state = self.step(previous, state)
            logits.append(of_position)
            previous = following
        return torch.stack(logits, dim=1)

    def _odds(self, ids: Tensor, read: "State") -> Tensor:
        """The discriminator's logit of each row's prefix with each of its continuations. [R, k] -> [R, k]"""
        rows, k = ids.shape
        size = STATES * max(1, state_size(read) // max(1, rows))
        at_once = rows_of_budget(CONTINUATIONS, size)
        row = torch.arange(rows, device=ids.device).repeat_interleave(k)
        parts = zip(ids.flatten().split(at_once), row.split(at_once), strict=True)
        odds = [self.discriminator.step(some, select_rows(read, prefix))[0] for some, prefix in parts]
        return torch.cat(odds).unflatten(0, (rows, k))


def _where(mask: Tensor, one: "State", other: "State") -> "State":
    """Rows of the one state where the mask is True, else of the other. [R]"""
    if one is None:
        return None
    if isinstance(one, Tensor):
        return torch.where(mask.view(-1, *[1] * (one.dim() - 1)), one, other)
    return tuple(_where(mask, *parts) for parts in zip(one, other, strict=True))
