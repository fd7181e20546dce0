"""The discriminator alone, trained to the end against a generator that stands still."""

import copy
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import msgspec
import torch
from torch import Tensor, nn
from torch.nn import functional

from seqgan.data.lines import count
from seqgan.data.text import Text
from seqgan.discriminators.protocol import Discriminator
from seqgan.errors import ConfigError
from seqgan.evaluation.headroom import stopping_part
from seqgan.generators.protocol import Generator
from seqgan.objectives import diagnostics
from seqgan.objectives.advantages import mean_advantages
from seqgan.objectives.algorithm import FixedGenerator, Sampled
from seqgan.objectives.density_ratio import calibration
from seqgan.objectives.rewards import log_odds
from seqgan.settings.adversarial import AdversarialConfig
from seqgan.training.optimizers import decayed_adam
from seqgan.training.pools import Pool
from seqgan.training.processes import by_first
from seqgan.training.rewards import is_per_token
from seqgan.training.sampled import SampledPlayers

LEAST_STOPPING = 50
"""Held-out sentences by which the training stops; fewer are refused."""


class Best(NamedTuple):
    """The discriminator as it was when held-out text was told apart best."""

    round: int
    loss: float
    """Cross-entropy of held-out sentences and samples, in nats a sentence, after scale and shift."""
    scale: float
    shift: float
    weights: dict[str, Tensor]


def check_fixed(config: AdversarialConfig, algorithm: FixedGenerator) -> None:
    """That the settings go together; asked before a run is made.

    Raises:
        ConfigError: says which do not, and why.
    """
    if config.optimizer != "adam":
        raise ConfigError(
            f"adversarial.optimizer is {config.optimizer!r}, and {algorithm.name} decays weights with Adam: leave it "
            "out."
        )
    if config.discriminator_steps == 0:
        raise ConfigError(
            f"adversarial.discriminator_steps is 0, and {algorithm.name} trains nothing else: give 1 or more."
        )


def check_held_out(text: Text, algorithm: FixedGenerator) -> None:
    """That there is held-out text enough to stop by; asked before a run is made.

    Raises:
        ConfigError: there is not, and how much there is.
    """
    sentences = stopping_part(text).sentences
    if sentences < LEAST_STOPPING:
        part = "" if text.corpus.test else " (half of the validation text, whose other half numbers come from)"
        raise ConfigError(
            f"{count(sentences, 'held-out sentence')}{part} would stop the training of {algorithm.name}, which takes "
            f"{LEAST_STOPPING} or more: pretrain on a folder with a longer valid.txt, or a file of more lines."
        )


class FixedGeneratorPlayers(SampledPlayers):
    """Arguments as of `Players`, and the algorithm's record.

    A round is `discriminator_steps` pools of fresh samples, and then a look at the part of the held-out text that stops
    the training. The weights that are kept are those of the best look, scaled as that look says.
    """

    def __init__(
        self,
        generator: Generator,
        discriminator: Discriminator,
        text: Text,
        algorithm: FixedGenerator,
        config: AdversarialConfig,
        rng: torch.Generator,
    ):
        check_fixed(config, algorithm)
        layer = getattr(discriminator, "output", None)
        if not isinstance(layer, nn.Linear):
            raise ConfigError(
                f"{type(discriminator).__name__} has no linear layer called output, by which {algorithm.name} scales "
                "its logits in the end: call its last layer so."
            )
        if is_per_token(discriminator):  # tokens are credited nothing here, and only that credit goes with prefixes
            config = msgspec.structs.replace(config, credit="token")
        as_sampled = Sampled(log_odds, mean_advantages, algorithm.discriminator_loss, name=algorithm.name)
        super().__init__(generator, discriminator, text, as_sampled, config, rng)
        self.fixed = algorithm
        self.stopping = stopping_part(text).to(rng.device)
        self.discriminator_optimizer = decayed_adam(
            config, discriminator, config.discriminator_learning_rate, algorithm.weight_decay
        )
        self.stopping_pool: Pool | None = None  # the same at each look, once it is drawn
        self.best: Best | None = None

    def state(self) -> dict[str, Any]:
        """Everything that the rest of the training depends on."""
        pool = None if self.stopping_pool is None else self.stopping_pool.state()
        best = None if self.best is None else self.best._asdict()
        return {**super().state(), "stopping_pool": pool, "best": best}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave."""
        super().restore(state)
        pool, best = state["stopping_pool"], state["best"]
        self.stopping_pool = None if pool is None else Pool.of_state(pool, self.rng.device)
        self.best = None if best is None else Best(**best)

    @property
    def why_finished(self) -> str | None:
        """Where the loss on held-out text has not fallen for `patience` rounds."""
        if self.best is None or not self.fixed.patience or self.rounds - self.best.round < self.fixed.patience:
            return None
        if self.best.scale == 0:
            return (
                f"Held-out text was not told apart in {count(self.rounds, 'round')}: the discriminator that is kept "
                "says nothing, and the run's model is its generator."
            )
        return (
            f"Held-out text was told apart best after {count(self.best.round, 'round')}, and no better in "
            f"{self.fixed.patience} more: the discriminator of that round is kept."
        )

    def play_round(self) -> dict[str, float]:
        """The discriminator's turn, and a look at held-out text; the values to log."""
        started = time.monotonic()
        self._check_weights()
        values = self._discriminators_turn()
        self.rounds += 1
        values |= self._look()
        return {**values, **self._skipped(), "seconds": time.monotonic() - started}

    def _look(self) -> dict[str, float]:
        if self.stopping_pool is None:
            (self.stopping_pool,) = self.make_pools(self.stopping, self.stopping.sentences, 1, given=0)
        pool = self.stopping_pool
        # What one process finds all go by: another one's rounding may differ.
        seen = by_first(lambda: held_out_loss(*self._logits_of_whole(pool)))
        if self.best is None or seen["held_out/loss"] < self.best.loss:
            weights = {name: each.detach().cpu().clone() for name, each in self.discriminator.state_dict().items()}
            self.best = Best(
                self.rounds, seen["held_out/loss"], seen["held_out/scale"], seen["held_out/shift"], weights
            )
        return seen

    def _logits_of_whole(self, pool: Pool) -> Tensor:
        """Logits of the sequences of a pool, on the CPU, where all devices' numbers may be doubles. [2, P]

        Of a discriminator of prefixes it is that of the whole sequence, by which one of several samples is taken.
        """
        logits = self.logits_of(pool).cpu()
        return logits.unflatten(1, (-1, self.max_length))[..., -1] if self.per_token else logits

    @contextmanager
    def as_kept(self) -> Iterator[None]:
        """A block in which the discriminator is that of the best look."""
        now = copy.deepcopy(self.discriminator.state_dict())
        try:
            self.keep()
            yield
        finally:
            self.discriminator.load_state_dict(now)

    def keep(self) -> None:
        """Leave the discriminator with the weights of the best look, its logits scaled."""
        if self.best is not None:
            self.discriminator.load_state_dict(self.best.weights)
            rescale_logits(self.discriminator, self.best.scale, self.best.shift)


def held_out_loss(real_logits: Tensor, fake_logits: Tensor) -> dict[str, float]:
    """What a look says: the cross-entropy after scale and shift in nats a sentence (log 2 where nothing is told apart),
    both of these, and the share that is told apart. [P], [P]"""
    scale, shift = calibration(real_logits, fake_logits)
    real, fake = scale * real_logits.double() + shift, scale * fake_logits.double() + shift
    loss = (functional.softplus(-real).mean() + functional.softplus(fake).mean()).item() / 2
    apart = diagnostics.accuracy_at_equal_errors(real_logits, fake_logits).item()
    return {
        "held_out/loss": min(loss, math.log(2)),
        "held_out/scale": scale,
        "held_out/shift": shift,
        "held_out/accuracy": apart,
    }


@torch.no_grad()
def rescale_logits(discriminator: Discriminator, scale: float, shift: float) -> None:
    """Make a discriminator's logits `scale` times what they were, and `shift` more, by its last layer."""
    layer = getattr(discriminator, "output", None)
    assert isinstance(layer, nn.Linear)
    layer.weight.mul_(scale)
    if layer.bias is not None:
        layer.bias.mul_(scale).add_(shift)
