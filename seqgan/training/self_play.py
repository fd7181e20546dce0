"""A player against its own past: the generator learns to prefer real sentences to those of its previous iterate.

There is no second player. The discriminator that all players are given is left alone.
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from seqgan.data.batches import draw_batch
from seqgan.data.text import Text
from seqgan.decoding.sampling import sample
from seqgan.discriminators.protocol import Discriminator
from seqgan.generators.protocol import Generator
from seqgan.objectives.algorithm import SelfPlay
from seqgan.objectives.policy_gradient import token_log_probs
from seqgan.settings.adversarial import AdversarialConfig
from seqgan.tensors.condition import Condition, context_of
from seqgan.tensors.modes import evaluating
from seqgan.tensors.own_weights import frozen_copy
from seqgan.training.optimizers import update
from seqgan.training.players import Players
from seqgan.training.processes import own_part, some_rows, summed


class SelfPlayPlayers(Players):
    """Arguments as of `Players`, and the algorithm's record."""

    generator: Generator

    def __init__(
        self,
        generator: Generator,
        discriminator: Discriminator,
        text: Text,
        algorithm: SelfPlay,
        config: AdversarialConfig,
        rng: torch.Generator,
    ):
        super().__init__(generator, discriminator, text, config, rng)
        self.algorithm = algorithm
        self.before = frozen_copy(generator)

    def state(self) -> dict[str, Any]:
        """Everything that the rest of the training depends on."""
        return {**super().state(), "before": self.before.state_dict()}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave."""
        super().restore(state)
        self.before.load_state_dict(state["before"])

    @property
    def warmed_up(self) -> bool:
        """True: there is nothing to warm up."""
        return True

    @property
    def discriminator_steps(self) -> int:
        """None."""
        return 0

    def update_generator(self) -> dict[str, float]:
        """One step on real sentences and as many of the previous iterate, with the same conditions if there are any."""
        every = draw_batch(self.real, self.config.batch_size, self.rng)
        part = own_part(self.config.batch_size)
        share = part.share(part.size, self.config.batch_size)
        real = some_rows(every, part.rows)
        with evaluating(self.before):
            context = context_of(self.before, real.condition)
            fake = sample(self.before, part.size, self.max_length, context, rng=self.own_rng)
        missing = self.max_length - real.tokens.shape[1]  # samples have all columns
        tokens = torch.cat([functional.pad(real.tokens, (0, missing)), fake.tokens])
        mask = torch.cat([functional.pad(real.mask, (0, missing)), fake.mask])
        condition = None if real.condition is None else real.condition.join(real.condition)
        with evaluating(self.before):
            before = _log_probs(self.before, tokens, mask, condition)
        now = _log_probs(self.generator, tokens, mask, condition)
        half = len(real.tokens)
        loss = share * self.algorithm.loss(now[:half], before[:half], now[half:], before[half:])
        clip_norm, skips = self.config.clip_norm, self.skips["generator"]
        value = update(self.generator, self.generator_optimizer, loss, clip_norm, skips)
        gains = (now - before).detach()
        means = fake.mask.sum(dim=1).float().mean(), gains[:half].mean(), gains[half:].mean()
        length, real_gain, fake_gain = summed(*(share * mean.item() for mean in means))
        return {
            "generator/loss": value,
            "generator/length": length,
            "generator/real_gain": real_gain,
            "generator/fake_gain": fake_gain,
        }

    def after_generator(self) -> None:
        """At the end of an iteration the generator becomes its own opponent."""
        if (self.rounds + 1) % self.algorithm.iteration_rounds == 0:
            self.before.load_state_dict(self.generator.state_dict())


def _log_probs(generator: Generator, tokens: Tensor, mask: Tensor, condition: Condition | None) -> Tensor:
    """Log-probability of each sequence. [B, T], [B, T] -> [B]"""
    log_probs = token_log_probs(generator(tokens, context_of(generator, condition)), tokens)
    return torch.where(mask, log_probs, 0.0).sum(dim=1)
