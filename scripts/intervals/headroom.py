"""How often the intervals of `seqgan headroom` hold the truth: logits of two normal laws, whose log-odds are known.

Logits of text are drawn from N(s^2 / 2, s^2) and those of samples from N(-s^2 / 2, s^2), which are their own log-odds:
the divergence is s^2 / 2, and the share of the samples that carries exp(F) is exp(-s^2). A judge multiplies them by a
scale: at 1 it is the optimal one. With sources, each adds a number of its own to all its logits. Run as a program it
prints the table of scripts/results/coverage-headroom.md.
"""

import argparse
import math
from collections import Counter
from statistics import NormalDist
from typing import NamedTuple

import torch
from torch import Tensor

from seqgan.evaluation.headroom import Headroom, headroom_of
from seqgan.objectives.density_ratio import divergence_terms

LENGTHS = (8, 13)
"""Tokens of a sentence, the end left out."""
NUMBERS = ("told_apart", "total_variation", "jensen_shannon", "gain")
MANY = 1_000_000
"""Logits by which the truth of Jensen-Shannon is a mean."""


class Law(NamedTuple):
    """Where logits are drawn from."""

    spread: float
    """s."""
    sentences: int
    samples: int
    """With sources for each."""
    scale: float = 1.0
    """Of the judge."""
    of_sources: float = 0.0
    """Spread of what each source adds; 0 without sources."""

    def draw(self, rng: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Logits of sentences and of samples, and lengths."""
        real, fake = self._logits(self.sentences, self.samples, rng)
        return real, fake, torch.randint(*LENGTHS, (self.sentences,), generator=rng)

    def _logits(self, sentences: int, samples: int, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        sizes = (sentences, 1), (sentences, samples) if self.of_sources else (1, samples)
        noise = [torch.randn(size, generator=rng, dtype=torch.double) for size in sizes]
        own = self.of_sources * torch.randn(sentences, 1, generator=rng, dtype=torch.double) if self.of_sources else 0
        shift = self.spread**2 / 2
        real, fake = (
            self.scale * (self.spread * each + side * shift) + own for each, side in zip(noise, (1, -1), strict=True)
        )
        return real.squeeze(1), fake if self.of_sources else fake.squeeze(0)

    def truth(self) -> dict[str, float]:
        """What the numbers are estimates of."""
        s, scale = self.spread, self.scale
        log_z = (scale**2 - scale) * s**2 / 2
        gain = (scale * s**2 / 2 - log_z) / ((LENGTHS[0] + LENGTHS[1] - 1) / 2)
        real, fake = self._logits(MANY, 1 if self.of_sources else MANY, torch.Generator().manual_seed(1))
        js = sum(each.mean().item() for each in divergence_terms(real, fake.flatten()))
        right = NormalDist().cdf(s**2 / 2 / math.hypot(s, self.of_sources / scale))
        return {
            "told_apart": right,
            "total_variation": 2 * right - 1,
            "jensen_shannon": max(js, 0.0),
            "gain": gain,
        }


LAWS = (
    *(Law(spread, *sizes) for sizes in ((250, 250), (1000, 4000)) for spread in (0.1, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0)),
    *(Law(1.0, 1000, 4000, scale) for scale in (0.5, 1.5, 2.0)),
    *(Law(spread, 250, 16, of_sources=0.3) for spread in (0.2, 1.0, 1.5, 2.0)),
    Law(2.0, 250, 64, of_sources=0.3),
)


class Held(NamedTuple):
    """What came of many draws from a law."""

    shares: dict[str, float]
    """Of each number, how often its interval held the truth."""
    width: float
    """Median width of the gain's interval, in nats a token."""
    trusted: float
    """How often the gain was called one to trust."""


def coverage_of(law: Law, sets: int, seed: int = 0) -> Held:
    """How often the intervals hold the truth in so many draws."""
    truth, rng = law.truth(), torch.Generator().manual_seed(seed)
    held, found = Counter[str](), list[Headroom]()
    for _ in range(sets):
        found.append(headroom_of(*law.draw(rng)))
        ends = {name: getattr(found[-1], name) for name in NUMBERS}
        held.update(name for name, (_, low, high) in ends.items() if low <= truth[name] <= high)
    widths = sorted(each.gain.high - each.gain.low for each in found)
    trusted = sum(each.trusted for each in found) / sets
    return Held({name: held[name] / sets for name in NUMBERS}, widths[len(widths) // 2], trusted)


def row_of(law: Law, held: Held) -> str:
    """A line of the table."""
    kind = f"{law.samples} each" if law.of_sources else f"{law.samples:,}"
    law_columns = f"{law.spread:g} | {law.scale:g} | {law.sentences:,} | {kind} | {law.truth()['gain']:.4f}"
    shares = " | ".join(f"{held.shares[name]:.3f}" for name in NUMBERS)
    return f"| {law_columns} | {shares} | {held.width:.4f} | {held.trusted:.2f} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sets", type=int, default=400, help="draws from each law")
    asked = parser.parse_args()
    names = "told apart | total variation | Jensen-Shannon | gain | width | trusted"
    print(f"| s | scale | sentences | samples | true gain | {names} |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for law in LAWS:
        print(row_of(law, coverage_of(law, asked.sets)), flush=True)


if __name__ == "__main__":
    main()
