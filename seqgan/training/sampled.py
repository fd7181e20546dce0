"""Players whose generator learns from rewards of what it sampled: the policy gradient and its discriminator."""

import copy
import math
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from seqgan.config import AdversarialConfig
from seqgan.data.batches import draw_batch
from seqgan.data.text import Text
from seqgan.decoding.sampling import Samples, sample
from seqgan.discriminators.protocol import DiscriminatorModule
from seqgan.errors import ConfigError
from seqgan.generators.protocol import GeneratorModule
from seqgan.objectives import diagnostics
from seqgan.objectives.algorithm import Sampled
from seqgan.objectives.policy_gradient import policy_gradient_loss, token_log_probs
from seqgan.tensors.masking import masked_mean
from seqgan.training.baselines import Baseline, check_baseline
from seqgan.training.credit import behind_the_end, check_credit, random_prefixes, token_values
from seqgan.training.optimizers import update
from seqgan.training.players import Players
from seqgan.training.rewards import control_reward, discriminator_reward, is_per_token, trimmed


def check_sampled(config: AdversarialConfig, algorithm: Sampled, *, per_token: bool = False) -> None:
    """That the settings exist and go together; asked before a run is made.

    Args:
        config: of both players.
        algorithm: the record.
        per_token: whether the discriminator has a logit for each prefix.

    Raises:
        ConfigError: says which does not, and why.
    """
    check_baseline(config.baseline, algorithm)
    check_credit(config, algorithm, per_token)
    if config.control != "none":
        control_reward(config.control, algorithm.reward, torch.Generator())
    size = config.group_size
    if size == 1 or (size and config.batch_size % size):
        raise ConfigError(
            f"adversarial.group_size is {size}, but groups are of two samples or more and fill a batch, and "
            f"adversarial.batch_size is {config.batch_size}: choose a divisor of it, or 0 for one group."
        )
    if config.real_prefix and not size:
        raise ConfigError(
            "adversarial.real_prefix has several completions of each prefix compared with one another: set "
            "adversarial.group_size to how many, such as 8."
        )
    if size and not (algorithm.weighs or config.real_prefix or config.baseline == "leave-one-out"):
        raise ConfigError(
            f"adversarial.group_size is {size}, but this algorithm compares no samples with one another: leave it at "
            "0, or choose baseline leave-one-out."
        )


class SampledPlayers(Players):
    """Arguments as of `Players`, and the algorithm's record."""

    def __init__(
        self,
        generator: GeneratorModule,
        discriminator: DiscriminatorModule,
        text: Text,
        algorithm: Sampled,
        config: AdversarialConfig,
        rng: torch.Generator,
    ):
        self.per_token = is_per_token(discriminator)
        check_sampled(config, algorithm, per_token=self.per_token)
        super().__init__(generator, discriminator, text, config, rng)
        self.algorithm = algorithm
        self.baseline = Baseline(config, algorithm, len(text.vocabulary), rng.device)
        self.reward = discriminator_reward(discriminator, algorithm.reward)
        if config.control != "none":
            self.reward = control_reward(config.control, algorithm.reward, rng, per_token=self.per_token)
        # Completes prefixes; a copy of its own only where it lags behind.
        self.rollout_policy = copy.deepcopy(generator) if config.rollout_update_rate else generator

    def state(self) -> dict[str, Any]:
        """Everything that the rest of the training depends on."""
        own = {"rollout_policy": self.rollout_policy.state_dict(), "baseline": self.baseline.state()}
        return {**super().state(), **own}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave."""
        super().restore(state)
        self.rollout_policy.load_state_dict(state["rollout_policy"])
        self.baseline.restore(state["baseline"])

    def given_in(self, rounds: int) -> int:
        """Tokens that samples of a round take over from real sentences: fewer from stage to stage, then none."""
        stage = rounds // self.config.real_prefix_rounds
        return max(0, min(self.max_length, self.config.real_prefix) - stage * self.config.real_prefix_step)

    def update_generator(self) -> dict[str, float]:
        """One policy gradient step on the generator's own samples."""
        config, given = self.config, self.given_in(self.rounds)
        group = config.group_size or config.batch_size
        fake = self._draw(config.batch_size, given, completions=group)
        values = token_values(
            config, self.rollout_policy, self.reward, fake, per_token=self.per_token, rng=self.rng, given=given
        )  # [N, B, T or 1]
        positions = torch.arange(self.max_length, device=self.rng.device)
        sampled = fake.mask & (positions >= given)
        # The samples that are compared with one another lie in a group of their own: [N, G, S, T or 1], [G, S, T].
        grouped, groups, tokens = (
            values.unflatten(1, (-1, group)),
            sampled.unflatten(0, (-1, group)),
            fake.tokens.unflatten(0, (-1, group)),
        )
        anything = bool(sampled.any())  # not where all of every sentence was given
        baseline = self.baseline(grouped, tokens, groups, self.progress) if anything else 0.0
        advantages = self.algorithm.advantages(grouped, groups, baseline).flatten(0, 1)  # [B, T]
        logits = self.generator(fake.tokens)
        log_probs = token_log_probs(logits, fake.tokens)
        loss = policy_gradient_loss(log_probs, advantages, sampled)
        if given:
            # What was given is learnt by maximum likelihood, per sentence as the policy gradient is.
            loss = loss - torch.where(fake.mask & ~sampled, log_probs, 0.0).sum(dim=1).mean()
        entropy = diagnostics.policy_entropy(logits, fake.mask)
        if config.entropy_bonus:
            loss = loss - config.entropy_bonus * entropy
        value = update(self.generator, self.generator_optimizer, loss, config.clip_norm)
        logged = {
            "generator/loss": value,
            "generator/entropy": entropy.item(),
            "generator/length": fake.mask.sum(dim=1).float().mean().item(),
        }
        if anything:
            mean_values = values.mean(dim=0).expand(sampled.shape)
            logged["generator/reward"] = masked_mean(mean_values, sampled).item()
            logged["generator/reward_std"] = diagnostics.reward_spread(values, sampled).item()
        if anything and self.algorithm.weighs:
            # At the first sampled token all samples of a group are compared.
            first = slice(given, given + 1) if values.shape[-1] > 1 else slice(1)
            everyone = torch.ones_like(groups[..., :1])
            weights = self.algorithm.advantages(grouped[..., first], everyone, 0.0)
            logged["generator/effective_sample_size"] = diagnostics.effective_sample_size(weights).mean().item()
        if config.real_prefix:
            logged["generator/real_prefix"] = given
        return logged

    def after_generator(self) -> None:
        """Move the lagging rollout policy towards the generator."""
        rate = self.config.rollout_update_rate
        if rate:
            with torch.no_grad():
                pairs = zip(self.rollout_policy.parameters(), self.generator.parameters(), strict=True)
                for lagging, live in pairs:
                    lagging.lerp_(live, 1 - rate)

    def train_discriminator(self, pool: int, epochs: int, *, warming_up: bool = False) -> dict[str, float]:
        """Passes over a pool of fresh samples and as many real sentences; means over its updates."""
        # What the generator's next turn asks about: completions of the prefix that it will be given then.
        given = self.given_in(self.rounds if warming_up else self.rounds + 1)
        fake = self._draw(pool, given if given < self.max_length else 0)  # real against real would teach nothing
        real = draw_batch(self.real, pool, self.rng)
        missing = self.max_length - real.tokens.shape[1]  # the samples have all max_length columns
        tokens = torch.stack([functional.pad(real.tokens, (0, missing)), fake.tokens])  # [2, pool, T]
        mask = torch.stack([functional.pad(real.mask, (0, missing)), fake.mask])
        totals = {"discriminator/loss": 0.0, "discriminator/accuracy": 0.0, "discriminator/logit_gap": 0.0}
        updates = epochs * math.ceil(pool / self.discriminator_batch)
        self.discriminator.train()
        for _ in range(epochs):
            order = torch.randperm(pool, generator=self.rng, device=self.rng.device)
            for rows in order.split(self.discriminator_batch):
                real_logits, fake_logits = self._judge_both(tokens[:, rows], mask[:, rows])
                loss = self.algorithm.discriminator_loss(real_logits, fake_logits)
                totals["discriminator/loss"] += update(self.discriminator, self.discriminator_optimizer, loss)
                totals["discriminator/accuracy"] += self._accuracy(real_logits, fake_logits)
                totals["discriminator/logit_gap"] += diagnostics.logit_gap(real_logits, fake_logits).item()
        return {name: total / updates for name, total in totals.items()}

    def _draw(self, count: int, given: int, completions: int = 1) -> Samples:
        """Fresh samples; where tokens are given, `completions` in a row of each of some real prefixes."""
        if not given:
            return sample(self.generator, count, self.max_length, rng=self.rng)
        real = draw_batch(self.real, count // completions, self.rng).tokens[:, :given]
        missing = given - real.shape[1]  # all of these are shorter: the end symbol follows, or nothing else exists
        prefix = functional.pad(real, (0, missing), value=self.generator.end or 0).repeat_interleave(completions, dim=0)
        return sample(self.generator, count, self.max_length, rng=self.rng, prefix=prefix)

    def _judge_both(self, tokens: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of real and of fake sequences, or of all their tokens. [2, R, T], [2, R, T] -> [any], [any]"""
        both = trimmed(tokens.flatten(0, 1), mask.flatten(0, 1))
        if self.config.credit == "prefix" and not self.per_token:
            both = random_prefixes(*both, self.generator.end, self.rng)
        # One pass over both: its weights' gradients, which are large, are then formed and added once.
        logits = self.discriminator(*both).unflatten(0, (2, -1))  # [2, R] or [2, R, T]
        if self.per_token:
            # Every position of every row counts, ended ones with their last logit: real and fake are then compared at
            # equal numbers of tokens, and what the logits tell is the ratio of the prefixes' densities.
            logits = behind_the_end(logits.flatten(0, 1), both[1]).unflatten(0, (2, -1))
            return logits[0].flatten(), logits[1].flatten()
        return logits[0], logits[1]

    def _accuracy(self, real_logits: Tensor, fake_logits: Tensor) -> float:
        """Share told apart. Where logits are turned into density ratios, at a ratio of 1, else at a logit of 0."""
        if self.algorithm.weighs:
            real_logits, fake_logits = self.algorithm.reward(real_logits), self.algorithm.reward(fake_logits)
        return diagnostics.accuracy(real_logits, fake_logits).item()
