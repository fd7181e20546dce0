"""How far from the log-odds of data over generator a discriminator's logits end, and what bends them.

All sequences of the toy of `enumeration.py` are listed, and a recurrent discriminator, whose features are bounded,
learns by its exact expected loss until it learns no more. `scripts/estimators` prints the table; the algorithms that
need log-odds refuse what bends them. With the log-odds of data p over generator q, E_q[exp F] is 1.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from exact.enumeration import Toy
from seqgan.discriminators import RNNDiscriminator
from seqgan.objectives import clamp_
from seqgan.training.optimizers import adam

UPDATES = 1000


class Bend(NamedTuple):
    """What a training has beside the plain loss."""

    output_decay: float = 0.0
    smoothing: float = 0.0
    replay: float = 0.0
    """Share of what stands for the generator's samples that an older generator wrote: one of uniform tokens."""
    clamp: float | None = None
    dropout: float = 0.0


BENDS = {
    "nothing": Bend(),
    "output_decay 0.2": Bend(output_decay=0.2),
    "output_decay 0.01": Bend(output_decay=0.01),
    "label_smoothing 0.1": Bend(smoothing=0.1),
    "replay_share 0.2": Bend(replay=0.2),
    "replay_share 0.5": Bend(replay=0.5),
    "weight_clamp 0.1": Bend(clamp=0.1),
    "dropout 0.25": Bend(dropout=0.25),
}


class Odds(NamedTuple):
    """What logits F of all sequences tell."""

    mean_weight: float
    """E_q[exp F]: 1 where they are the log-odds."""
    error: float
    """Root of E_q[(F - log p / q)^2], in nats, with the best constant taken off F: what weights or differences feel."""


def learnt_logits(toy: Toy, bend: Bend, seed: int = 0) -> Tensor:
    """Logits of all sequences, of a discriminator that has learnt under a bend. [A]"""
    torch.manual_seed(seed)
    model = RNNDiscriminator(3, 16, 16, 1, bend.dropout).double()
    lengths = toy.mask.sum(dim=1)
    uniform = torch.where(lengths < toy.mask.shape[1], 3.0**-lengths, 3.0 ** -toy.mask.shape[1]).double()
    shown = (1 - bend.replay) * toy.probs + bend.replay * uniform / uniform.sum()
    optimizer = adam(model, 0.01, bend.output_decay, output=model.output)
    slower = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, UPDATES)
    for _ in range(UPDATES):
        logits = model.train()(toy.tokens, toy.mask)
        loss = toy.data @ functional.softplus(-logits) + shown @ functional.softplus(logits)
        loss = loss + bend.smoothing * (toy.data @ logits)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        slower.step()
        if bend.clamp is not None:
            clamp_(model.parameters(), bend.clamp)
    with torch.no_grad():
        return model.eval()(toy.tokens, toy.mask)


def odds(toy: Toy, logits: Tensor) -> Odds:
    """What logits tell of data and generator."""
    off = logits - (toy.data / toy.probs).log()
    off = off - toy.probs @ off
    return Odds((toy.probs @ logits.exp()).item(), (toy.probs @ off.square()).sqrt().item())


def bent_table(toy: Toy) -> list[str]:
    """A row a bend."""
    lines = ["| what bends | E_q[exp F] | error of F, nats |", "| --- | ---: | ---: |"]
    for name, bend in BENDS.items():
        found = odds(toy, learnt_logits(toy, bend))
        lines.append(f"| {name} | {found.mean_weight:.3f} | {found.error:.3f} |")
    return lines
