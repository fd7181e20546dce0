"""Earlier pools of the discriminator, some of which it is shown again."""

from typing import Any

import torch
from torch import Tensor

from seqgan.tensors.condition import Condition
from seqgan.tensors.rows import join_filled

POOLS = 20
"""Most pools that are kept."""
CONDITION = "source", "source_mask"
"""What a condition's parts are called in a pool, and so in all training states that were ever stored."""


class Replay:
    """A share of each pool drawn from those before it. A fake keeps its condition and its real one.

    Args:
        share: of a pool; 0 keeps nothing.
    """

    def __init__(self, share: float):
        self.share = share
        self.pools: list[dict[str, Tensor]] = []

    def __call__(
        self, tokens: Tensor, mask: Tensor, condition: Condition | None, rng: torch.Generator
    ) -> tuple[Tensor, Tensor, Condition | None]:
        """The pool with some of its pairs replaced, which is then kept as it came.

        Args:
            tokens: of real and of fake sequences. [2, P, T]
            mask: [2, P, T]
            condition: of the pairs; None without conditions. P rows.
            rng: of the choice.
        """
        if not self.share:
            return tokens, mask, condition
        pool = {"tokens": tokens.transpose(0, 1), "mask": mask.transpose(0, 1)}  # pairs first
        if condition is not None:
            pool |= dict(zip(CONDITION, condition, strict=True))
        shown = dict(pool)
        old = self._drawn(round(self.share * tokens.shape[1]), rng)
        if old is not None:
            count = len(old["tokens"])
            shown = {name: join_filled(old[name], part[count:]) for name, part in pool.items()}
        self.pools = [*self.pools, pool][-POOLS:]
        if condition is not None:
            condition = Condition(*(shown[name] for name in CONDITION))
        return shown["tokens"].transpose(0, 1), shown["mask"].transpose(0, 1), condition

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
            every = {name: join_filled(part, pool[name]) for name, part in every.items()}
        rows = torch.randperm(len(every["tokens"]), generator=rng, device=rng.device)[:count]
        return {name: part[rows] for name, part in every.items()}
