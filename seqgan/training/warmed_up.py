"""What the discriminator of a warm-up says that there is to gain, from the held-out sentences that the warm-up looked
at: a first look at what `seqgan headroom` measures."""

import math
import shlex
from pathlib import Path

from seqgan.evaluation.headroom import LEAST_EFFECTIVE, headroom_of
from seqgan.objectives.algorithm import Algorithm, Sampled
from seqgan.objectives.density_ratio import calibration
from seqgan.runs.directory import is_run
from seqgan.training.players import Players
from seqgan.training.sampled import SampledPlayers

LEAST = 50
"""Sentences in each half of the pool; of fewer there is nothing to say."""


def headroom_of_warm_up(players: Players, algorithm: Algorithm) -> dict[str, float] | None:
    """The values to log, of the half of the pool that the logits are not scaled by.

    None where there is no such pool, or it is no draw of whole sentences and of fresh samples; where sentences have
    sources, each of which has a partition function of its own; and where logits have no zero.
    """
    if not isinstance(players, SampledPlayers) or not isinstance(algorithm, Sampled) or algorithm.compares:
        return None
    pool, config = players.held_out, players.config
    if pool is None or pool.condition is not None or pool.tokens.shape[1] < 2 * LEAST:
        return None
    if players.per_token or config.credit == "prefix" or config.real_prefix:
        return None
    logits = players.logits_of(pool)
    if logits.dim() != 2:
        return None
    logits = logits.cpu().double()
    scale, shift = calibration(*logits[:, ::2])
    real, fake = scale * logits[:, 1::2] + shift
    found = headroom_of(real, fake, pool.mask[0, 1::2].sum(dim=1))
    values = {
        "headroom/told_apart": found.told_apart.value,
        "headroom/gain": found.gain.value,
        "headroom/gain_low": found.gain.low,
        "headroom/gain_high": found.gain.high,
        "headroom/effective": found.effective,
    }
    return {name: value for name, value in values.items() if math.isfinite(value)}  # an endless end is no sick number


def said_of_warm_up(values: dict[str, float], folder: Path | None) -> str:
    """What is said of these values before the first round.

    Args:
        values: of `headroom_of_warm_up`.
        folder: of the run; None without one.
    """
    parent = "RUN" if folder is None or not is_run(folder.parent) else shlex.quote(str(folder.parent))
    low = values.get("headroom/gain_low")
    gained = "what a perfect use of this discriminator would gain, so few samples do not tell"
    if low is not None and values["headroom/effective"] >= LEAST_EFFECTIVE:
        interval = f"{low:.4f} to {values['headroom/gain_high']:.4f}"
        nats = f"{values['headroom/gain']:.4f} nats a token ({interval})"
        gained = f"a perfect use of this discriminator would gain {nats}"
    return (
        f"Before the first round: {values['headroom/told_apart']:.1%} told apart; {gained}: seqgan headroom --run "
        f"{parent} measures it with one that is trained to the end."
    )
