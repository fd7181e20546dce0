"""Earlier pools of the discriminator, some of which it is shown again."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

POOLS = 20
"""Most pools that are kept."""

Sources = tuple[Tensor | None, Tensor | None]


class Replay:
    """A share of each pool drawn from those before it. Pairs stay together: a fake keeps its source and its real one.

    Args:
        share: of a pool; 0 keeps nothing.
    """

    def __init__(self, share: float):
        self.share = share
        self.pools: list[dict[str, Tensor]] = []

    def __call__(
        self, tokens: Tensor, mask: Tensor, sources: Sources, rng: torch.Generator
    ) -> tuple[Tensor, Tensor, Sources]:
        """The pool with some of its pairs replaced, which is then kept as it came.

        Args:
            tokens: of real and of fake sequences. [2, P, T]
            mask: [2, P, T]
            sources: ids and their mask, both [P, L]; None without sources.
            rng: of the choice.
        """
        if not self.share:
            return tokens, mask, sources
        pool = {"tokens": tokens.transpose(0, 1), "mask": mask.transpose(0, 1)}  # pairs first
        if sources[0] is not None and sources[1] is not None:
            pool |= {"source": sources[0], "source_mask": sources[1]}
        shown = dict(pool)
        old = self._drawn(round(self.share * tokens.shape[1]), rng)
        if old is not None:
            count = len(old["tokens"])
            shown = {name: _joined(old[name], part[count:]) for name, part in pool.items()}
        self.pools = [*self.pools, pool][-POOLS:]
        both = shown["tokens"].transpose(0, 1), shown["mask"].transpose(0, 1)
        return *both, (shown.get("source"), shown.get("source_mask"))

    def state(self) -> list[dict[str, Tensor]]:
        """What is kept, for a checkpoint."""
        return [{name: part.contiguous() for name, part in pool.items()} for pool in self.pools]

    def restore(self, state: Any, device: torch.device) -> None:
        """Go on from what `state` gave."""
        self.pools = [{name: part.to(device) for name, part in pool.items()} for pool in state or ()]

    def _drawn(self, count: int, rng: torch.Generator) -> dict[str, Tensor] | None:
        """So many pairs of all pools that are kept; None where there are none yet, or none are asked for."""
        if not count or not self.pools:
            return None
        every = self.pools[0]
        for pool in self.pools[1:]:
            every = {name: _joined(part, pool[name]) for name, part in every.items()}
        rows = torch.randperm(len(every["tokens"]), generator=rng, device=rng.device)[:count]
        return {name: part[rows] for name, part in every.items()}


def _joined(first: Tensor, second: Tensor) -> Tensor:
    """Rows of the first, then of the second; the narrower one filled up with 0."""
    width = max(first.shape[-1], second.shape[-1])
    return torch.cat([functional.pad(part, (0, width - part.shape[-1])) for part in (first, second)])
