"""Players whose generator learns from rewards of what it sampled: the policy gradient and its discriminator."""

import copy
import functools
import math
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from seqgan.data.batches import AnySequences, Batch, draw_batch
from seqgan.data.text import Text
from seqgan.decoding.rollout import Reward
from seqgan.decoding.sampling import Samples, sample
from seqgan.discriminators.protocol import Discriminator
from seqgan.errors import ConfigError
from seqgan.generators.protocol import Generator
from seqgan.objectives import diagnostics
from seqgan.objectives.advantages import standardized
from seqgan.objectives.algorithm import Sampled
from seqgan.objectives.discriminator import binary_discriminator_loss
from seqgan.objectives.kl import k1_costs, k3, kl_loss
from seqgan.objectives.policy_gradient import entropy_bonus, policy_gradient_loss, token_log_probs
from seqgan.objectives.wgan_gp import clamp_
from seqgan.settings.adversarial import AdversarialConfig
from seqgan.tensors.condition import Condition, context_of
from seqgan.tensors.masking import masked_mean
from seqgan.tensors.modes import evaluating
from seqgan.tensors.own_weights import OwnWeights, frozen_copy
from seqgan.tensors.rows import State, join_rows, repeat_rows
from seqgan.training.baselines import Baseline, check_baseline
from seqgan.training.credit import behind_the_end, check_credit, random_prefixes, token_values
from seqgan.training.leash import check_leash, length_correlation, sampling_ratio
from seqgan.training.optimizers import check_output_layer, update
from seqgan.training.players import LEAST_HELD_OUT, MOST_HELD_OUT, Players, refuse_own_places
from seqgan.training.pools import MOST_ANSWERS, MOST_TOGETHER, Pool
from seqgan.training.processes import OwnRows, by_first, gather_rows, own_part, some_rows, summed
from seqgan.training.replay import Replay
from seqgan.training.rewards import (
    OwnReward,
    bleu_of,
    control_reward,
    discriminator_reward,
    is_per_token,
    mixed_reward,
    own_reward,
    trimmed,
)


class Drawn(NamedTuple):
    """Fresh samples, and the real sentences that they take a prefix or a condition from."""

    samples: Samples
    """[B, T]"""
    real: Batch | None
    """The real sentences, each once; None where samples take nothing from any. [B / completions, ...]"""
    completions: int
    """Samples of each, in a row."""


def check_sampled(
    config: AdversarialConfig, algorithm: Sampled, *, per_token: bool = False, other: bool = False
) -> None:
    """That the settings exist and go together; asked before a run is made.

    Args:
        config: of both players.
        algorithm: the record.
        per_token: whether the discriminator has a logit for each prefix.
        other: whether there is a second reward to mix: BLEU, where sentences have sources, or a user's.

    Raises:
        ConfigError: says which does not, and why.
    """
    check_baseline(config.baseline, algorithm)
    check_credit(config, algorithm, per_token)
    check_leash(config)
    if config.credit == "prefix" or per_token:
        refuse_own_places(config, "a discriminator of prefixes")
    if config.standardize and algorithm.weighs:
        raise ConfigError(
            "adversarial.standardize is of rewards, and this algorithm's samples are weighed against one another "
            "already: leave it off."
        )
    if config.standardize and config.batch_size < 2:
        raise ConfigError(
            "adversarial.standardize divides by the deviation of the rewards of a batch, and adversarial.batch_size is "
            "1: raise it, or leave standardize off."
        )
    if config.label_smoothing and algorithm.discriminator_loss is not binary_discriminator_loss:
        raise ConfigError(
            "adversarial.label_smoothing is of a discriminator that minimises a cross-entropy, and this algorithm's "
            "does not: leave it at 0."
        )
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
    if config.discriminator_share < 1:
        check_mixture(config, algorithm, per_token=per_token, other=other)
    compared = algorithm.weighs or config.baseline == "leave-one-out" or config.standardize
    if size and not (compared or config.real_prefix):
        raise ConfigError(
            f"adversarial.group_size is {size}, but this algorithm compares no samples with one another: leave it at "
            "0, or choose baseline leave-one-out."
        )


def check_mixture(config: AdversarialConfig, algorithm: Sampled, *, per_token: bool, other: bool) -> None:
    """That a reward may be mixed with another.

    Raises:
        ConfigError: it may not, and why.
    """
    share = f"adversarial.discriminator_share is {config.discriminator_share} and mixes the reward with BLEU"
    if not other:
        raise ConfigError(
            f"{share} against each sentence's own reference, which only pairs have: leave it at 1, or give a corpus "
            "of sources and targets."
        )
    if algorithm.weighs:
        raise ConfigError(
            f"{share}, but this algorithm's rewards are logarithms of weights, to which nothing can be added: leave it "
            "at 1, or choose csgan-nmt."
        )
    if per_token or config.credit not in ("rollouts", "sequence"):
        raise ConfigError(
            f"{share} of whole sentences, and credit {config.credit} rewards parts of them: choose rollouts or "
            "sequence."
        )


class SampledPlayers(Players):
    """Arguments as of `Players`, the algorithm's record, and the second part of a mixed reward: by default BLEU."""

    generator: Generator

    def __init__(
        self,
        generator: Generator,
        discriminator: Discriminator,
        text: Text,
        algorithm: Sampled,
        config: AdversarialConfig,
        rng: torch.Generator,
        reward: OwnReward | None = None,
    ):
        self.per_token = is_per_token(discriminator)
        self.conditional = text.train.condition is not None
        check_sampled(config, algorithm, per_token=self.per_token, other=reward is not None or self.conditional)
        check_output_layer(config, discriminator)
        if reward is not None and config.discriminator_share == 1:
            raise ConfigError(
                "A reward is given, and adversarial.discriminator_share is 1, which leaves it no part: set the share "
                "to 0 for it alone, or to something between."
            )
        self.other_reward = functools.partial(bleu_of, end=generator.end) if reward is None else own_reward(reward)
        super().__init__(generator, discriminator, text, config, rng)
        self.algorithm = algorithm
        sources = None if text.source_vocabulary is None else len(text.source_vocabulary)
        self.baseline = Baseline(config, algorithm, len(text.vocabulary), rng.device, sources)
        if self.baseline.critic is not None:
            self.skips["critic"] = self.baseline.skips
        # Completes prefixes; a copy of its own only where it lags behind.
        self.rollout_policy = copy.deepcopy(generator) if config.rollout_update_rate else generator
        # What the generator was is what it is not to leave too far.
        self.reference = frozen_copy(generator) if config.kl_weight else None
        self.replay = Replay(config.replay_share)
        self.valid = text.valid.to(rng.device)
        self.pools: list[Pool] = []  # made ahead
        self.held_out: Pool | None = None  # what the warm-up looks at, once it has

    def state(self) -> dict[str, Any]:
        """Everything that the rest of the training depends on."""
        own = {"rollout_policy": self.rollout_policy.state_dict(), "baseline": self.baseline.state()}
        reference = None if self.reference is None else self.reference.state_dict()
        pools = [pool.state() for pool in self.pools]
        held_out = None if self.held_out is None or self.warmed_up else self.held_out.state()
        of_pools = {"replay": self.replay.state(), "pools": pools, "held_out": held_out}
        return {**super().state(), **own, "reference": reference, **of_pools}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave."""
        super().restore(state)
        self.rollout_policy.load_state_dict(state["rollout_policy"])
        self.baseline.restore(state["baseline"])
        if self.reference is not None:
            self.reference.load_state_dict(state["reference"])
        self.replay.restore(state.get("replay"), self.rng.device)
        self.pools = [Pool.of_state(stored, self.rng.device) for stored in state.get("pools") or ()]
        held_out = state.get("held_out")
        self.held_out = None if held_out is None else Pool.of_state(held_out, self.rng.device)

    @property
    def looks_at_held_out(self) -> bool:
        """Where enough sentences are held out, and the run was not made when there were no looks."""
        return self.config.pools == "together" and self.valid.sentences >= LEAST_HELD_OUT

    def told_apart(self) -> float:
        """Share of held-out sentences and samples that the discriminator tells apart; the same ones at each look."""
        if self.held_out is None:
            count = min(MOST_ANSWERS if self.conditional else MOST_HELD_OUT, self.valid.sentences)
            (self.held_out,) = self.make_pools(self.valid, count, 1, self._given(self.rounds))
        pool = self.held_out
        # What one process finds all go by: another one's rounding may differ.
        return by_first(lambda: self._share_told_apart(pool))

    def _share_told_apart(self, pool: Pool) -> float:
        """Share of a pool that the discriminator tells apart; by prefixes, at the same ones in each call."""
        return diagnostics.accuracy_at_equal_errors(*self.logits_of(pool)).item()

    def logits_of(self, pool: Pool) -> Tensor:
        """Logits of the real sentences and the samples of a pool, dropout off, without a gradient. [2, P or P * T]"""
        tokens, mask, condition = pool
        rng = torch.Generator(tokens.device).manual_seed(0)
        logits = []
        with evaluating(self.discriminator):
            for rows in torch.arange(tokens.shape[1], device=tokens.device).split(self.discriminator_batch):
                own = None if condition is None else condition.select(rows)
                every = OwnRows(slice(0, len(rows)), 1)
                logits.append(torch.stack(self._judge_both(tokens[:, rows], mask[:, rows], own, every, rng)))
        return torch.cat(logits, dim=1)

    def given_in(self, rounds: int) -> int:
        """Tokens that samples of a round take over from real sentences: fewer from stage to stage, then none."""
        stage = rounds // self.config.real_prefix_rounds
        return max(0, min(self.max_length, self.config.real_prefix) - stage * self.config.real_prefix_step)

    def update_generator(self) -> dict[str, float]:
        """One policy gradient step on the generator's own samples."""
        self.pools = []  # they are of the generator as it was
        config, given = self.config, self.given_in(self.rounds)
        group = config.group_size or config.batch_size
        drawn = self._draw(config.batch_size, given, config.group_size or 1)
        fake = drawn.samples
        part = own_part(config.batch_size, drawn.completions)
        own = _part_of(drawn, part)  # what this process completes, scores and learns from
        values = token_values(
            config,
            self.rollout_policy,
            self._reward(own),
            own.samples,
            self._context(self.rollout_policy, own) if config.credit == "rollouts" else None,
            per_token=self.per_token,
            rng=self.own_rng,
            given=given,
        )
        # Compared are the samples of all processes.
        values = gather_rows(values, config.batch_size, drawn.completions, dim=1)  # [N, B, T or 1]
        positions = torch.arange(self.max_length, device=self.rng.device)
        sampled = fake.mask & (positions >= given)
        # The samples that are compared with one another lie in a group of their own: [N, G, S, T or 1], [G, S, T].
        grouped, groups, tokens = (
            values.unflatten(1, (-1, group)),
            sampled.unflatten(0, (-1, group)),
            fake.tokens.unflatten(0, (-1, group)),
        )
        anything = bool(sampled.any())  # not where all of every sentence was given
        condition = None if drawn.real is None else drawn.real.repeat(drawn.completions).condition
        baseline = self.baseline(grouped, tokens, groups, self.progress, condition) if anything else 0.0
        advantages = self.algorithm.advantages(grouped, groups, baseline)
        if config.standardize:
            advantages = standardized(advantages, grouped, groups)
        own_advantages, own_sampled = advantages.flatten(0, 1)[part.rows], sampled[part.rows]  # [B, T]
        logits = self.generator(own.samples.tokens, _encoded(self.generator, own))
        log_probs = token_log_probs(logits, own.samples.tokens)
        before = None if self.reference is None else self._reference_log_probs(self.reference, own)
        if before is not None and config.kl_estimator == "k1":
            own_advantages = own_advantages - config.kl_weight * k1_costs(log_probs, before, own_sampled)
        loss = policy_gradient_loss(log_probs, own_advantages, own_sampled)
        if before is not None and config.kl_estimator == "k3":
            loss = loss + config.kl_weight * kl_loss(log_probs, before, own_sampled)
        if given:
            # What was given is learnt by maximum likelihood, per sentence as the policy gradient is.
            loss = loss - torch.where(own.samples.mask & ~own_sampled, log_probs, 0.0).sum(dim=1).mean()
        of_sentences = part.share(part.size, config.batch_size)
        of_tokens = part.share(own.samples.mask.sum(), fake.mask.sum())
        if config.entropy_bonus and config.entropy_over == "sentences":
            loss = loss - config.entropy_bonus * entropy_bonus(logits, own_sampled)
        loss = of_sentences * loss
        entropy = of_tokens * diagnostics.policy_entropy(logits, own.samples.mask)
        if config.entropy_bonus and config.entropy_over == "tokens":
            loss = loss - config.entropy_bonus * entropy
        ratio = None
        if self.rounds == 0 and isinstance(self.generator, OwnWeights):  # somebody else's code, version by version
            ratio = of_tokens * sampling_ratio(self.generator, own.samples, self._context(self.generator, own))
        value = update(self.generator, self.generator_optimizer, loss, config.clip_norm, self.skips["generator"])
        self.imitated = drawn.real if self.conditional else None
        logged = {
            "generator/loss": value,
            "generator/entropy": summed(entropy.item())[0],
            "generator/length": fake.mask.sum(dim=1).float().mean().item(),
        }
        if before is not None:
            kl = k3(log_probs.detach(), before, own_sampled).sum(dim=1).mean().item()
            (logged["generator/kl"],) = summed(of_sentences * kl)
        if ratio is not None:
            (logged["generator/sampling_ratio"],) = summed(ratio)
        if anything:
            logged["generator/reward_by_length"] = length_correlation(values, sampled)
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

    def train_discriminator(
        self, pool: int, epochs: int, *, warming_up: bool = False, left: int = 1
    ) -> dict[str, float]:
        """Passes over a pool of fresh samples and as many real sentences; means over its updates."""
        if not self.pools:
            # What the generator's next turn asks about: completions of the prefix that it will be given then.
            given = self._given(self.rounds if warming_up else self.rounds + 1)
            together = left if self.config.pools == "together" else 1
            self.pools = self.make_pools(self.real, pool, together, given)
        tokens, mask, condition = self.replay(*self.pools.pop(0), self.rng)
        totals = {"discriminator/loss": 0.0, "discriminator/accuracy": 0.0, "discriminator/logit_gap": 0.0}
        updates = epochs * math.ceil(pool / self.discriminator_batch)
        optimizer = self.warmup_optimizer if warming_up else self.discriminator_optimizer
        self.discriminator.train()
        for _ in range(epochs):
            order = torch.randperm(pool, generator=self.rng, device=self.rng.device)
            for rows in order.split(self.discriminator_batch):
                part = own_part(len(rows))
                share = part.share(part.size, len(rows))
                own = None if condition is None else condition.select(rows[part.rows])
                real_logits, fake_logits = self._judge_both(tokens[:, rows], mask[:, rows], own, part)
                loss = self.algorithm.discriminator_loss(real_logits, fake_logits)
                if self.config.label_smoothing:
                    # softplus(-F) + a F is the cross-entropy of a target of 1 - a.
                    loss = loss + self.config.label_smoothing * real_logits.mean()
                clip_norm, skips = self.config.discriminator_clip_norm, self.skips["discriminator"]
                totals["discriminator/loss"] += update(self.discriminator, optimizer, share * loss, clip_norm, skips)
                if self.config.weight_clamp is not None:
                    clamp_(self.discriminator.parameters(), self.config.weight_clamp)
                totals["discriminator/accuracy"] += share * self._accuracy(real_logits, fake_logits)
                totals["discriminator/logit_gap"] += share * diagnostics.logit_gap(real_logits, fake_logits).item()
        shown = ("discriminator/accuracy", "discriminator/logit_gap")  # the loss is of all processes already
        totals |= zip(shown, summed(*(totals[name] for name in shown)), strict=True)
        return {name: total / updates for name, total in totals.items()}

    def _given(self, rounds: int) -> int:
        """Tokens that samples for the discriminator take over: not all, as real against real would teach nothing."""
        given = self.given_in(rounds)
        return given if given < self.max_length else 0

    def make_pools(self, real: AnySequences, size: int, most: int, given: int) -> list[Pool]:
        """Pools of real sentences and of samples, which are drawn at once: of few sentences a call draws no faster.

        Args:
            real: where the sentences are drawn from.
            size: sentences of each kind in a pool.
            most: pools that are wanted; there may be fewer, but one.
            given: tokens that samples take over from real sentences.
        """
        count = max(1, min(most, (MOST_ANSWERS if self.conditional else MOST_TOGETHER) // size))
        if given or self.conditional:  # no real sentence is twice in what is drawn at once
            count = max(1, min(count, real.sentences // size))
        drawn = self._draw(count * size, given, real=real)
        pools = []
        for first in range(0, count * size, size):
            rows = slice(first, first + size)
            fake = some_rows(drawn.samples, rows)
            if self.conditional:  # the negative shares its condition with the positive
                assert drawn.real is not None
                sentences = some_rows(drawn.real, rows)
            else:
                sentences = draw_batch(real, size, self.rng)
            missing = self.max_length - sentences.tokens.shape[1]  # the samples have all max_length columns
            tokens = torch.stack([functional.pad(sentences.tokens, (0, missing)), fake.tokens])
            mask = torch.stack([functional.pad(sentences.mask, (0, missing)), fake.mask])
            # A part of a tensor would keep the whole of it.
            condition = None if sentences.condition is None else Condition(*map(torch.clone, sentences.condition))
            pools.append(Pool(tokens, mask, condition))
        return pools

    def _draw(self, count: int, given: int, completions: int = 1, real: AnySequences | None = None) -> Drawn:
        """Fresh samples; `completions` in a row of each of some real prefixes or conditions, where there are such, of
        the training text or of other sentences.

        Each process draws its part of them, and all have all.
        """
        if not given and not self.conditional:
            samples = sample(self.generator, own_part(count).size, self.max_length, rng=self.own_rng)
            return Drawn(_gathered(samples, count), None, 1)
        part = own_part(count, completions)
        every = draw_batch(self.real if real is None else real, count // completions, self.rng)
        own = some_rows(every, _each_once(part, completions))
        drawn = Drawn(Samples(own.tokens, own.mask), own, completions)
        prefix = None
        if given:
            start = own.tokens[:, :given]
            missing = given - start.shape[1]  # all of these are shorter: the end symbol follows, or nothing else exists
            prefix = functional.pad(start, (0, missing), value=self.generator.end or 0)
            prefix = prefix.repeat_interleave(completions, dim=0)
        context = self._context(self.generator, drawn)
        samples = sample(self.generator, part.size, self.max_length, context, rng=self.own_rng, prefix=prefix)
        return Drawn(_gathered(samples, count, completions), every, completions)

    def _context(self, model: Generator | Discriminator, drawn: Drawn) -> State:
        """What a player makes of the samples' conditions, dropout off and without a gradient; a row for each sample."""
        with evaluating(model):
            return _encoded(model, drawn)

    def _reference_log_probs(self, reference: Generator, drawn: Drawn) -> Tensor:
        """Log-probabilities of the sampled tokens under the generator as it was. [B, T]"""
        with evaluating(reference):
            logits = reference(drawn.samples.tokens, _encoded(reference, drawn))
            return token_log_probs(logits, drawn.samples.tokens)

    def _reward(self, drawn: Drawn) -> Reward:
        """What completions of these samples are worth."""
        config, reward = self.config, None
        if config.control != "none":
            reward = control_reward(config.control, self.algorithm.reward, self.own_rng, per_token=self.per_token)
        elif config.discriminator_share:
            context = self._context(self.discriminator, drawn)
            reward = discriminator_reward(self.discriminator, self.algorithm.reward, context)
        if config.discriminator_share < 1:
            real = None if drawn.real is None else drawn.real.repeat(drawn.completions)
            reward = mixed_reward(reward, config.discriminator_share, self.other_reward, real)
        assert reward is not None
        return reward

    def _judge_both(
        self,
        tokens: Tensor,
        mask: Tensor,
        condition: Condition | None,
        part: OwnRows,
        rng: torch.Generator | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Logits of real and of fake sequences, or of all their tokens. [2, R, T], [2, R, T] -> [any], [any]

        The sequences are a whole batch's, the logits those of this process's part; `condition` is of that part.
        """
        both = tokens.flatten(0, 1), mask.flatten(0, 1)
        # Prefixes go up to T, and not to this batch's longest row: they would count the more the shorter that is.
        if self.config.credit == "prefix" and not self.per_token:
            both = random_prefixes(*both, self.generator.end, rng or self.rng)
        if not self.per_token:
            both = trimmed(*both)
        # As wide as the whole batch's, so that tokens are counted alike everywhere.
        both = both[0].unflatten(0, (2, -1))[:, part.rows], both[1].unflatten(0, (2, -1))[:, part.rows]
        both = both[0].flatten(0, 1), both[1].flatten(0, 1)
        # Each condition is read once for both sides.
        context = context_of(self.discriminator, condition)
        context = join_rows(context, context)
        # One pass over both: its weights' gradients, which are large, are then formed and added once.
        logits = self.discriminator(*both, context).unflatten(0, (2, -1))  # [2, R] or [2, R, T]
        if self.per_token:
            # Every position of every row counts, ended ones with their last logit: real and fake are then compared at
            # equal numbers of tokens, and what the logits tell is the ratio of the prefixes' densities.
            logits = behind_the_end(logits.flatten(0, 1), both[1]).unflatten(0, (2, -1))
            return logits[0].flatten(), logits[1].flatten()
        return logits[0], logits[1]

    def _accuracy(self, real_logits: Tensor, fake_logits: Tensor) -> float:
        """Share told apart. Where logits are turned into density ratios, at a ratio of 1, else at a logit of 0; where
        they are compared, share of the pairs."""
        if self.algorithm.compares:
            return (real_logits > fake_logits).float().mean().item()
        if self.algorithm.weighs:
            real_logits, fake_logits = self.algorithm.reward(real_logits), self.algorithm.reward(fake_logits)
        return diagnostics.accuracy(real_logits, fake_logits).item()


def _gathered(samples: Samples, count: int, completions: int = 1) -> Samples:
    """The samples of all processes. [own, T] -> [count, T]"""
    return Samples(*(gather_rows(each, count, completions) for each in samples))


def _part_of(drawn: Drawn, part: OwnRows) -> Drawn:
    """What is drawn, the rows of one process alone."""
    real = None if drawn.real is None else some_rows(drawn.real, _each_once(part, drawn.completions))
    return Drawn(some_rows(drawn.samples, part.rows), real, drawn.completions)


def _each_once(part: OwnRows, completions: int) -> slice:
    """The rows of the real sentences that a part's samples are of."""
    return slice(part.rows.start // completions, part.rows.stop // completions)


def _encoded(model: Generator | Discriminator, drawn: Drawn) -> State:
    """What a model makes of the samples' conditions, each read once; a row for each sample. None without conditions."""
    if drawn.real is None:
        return None
    return repeat_rows(context_of(model, drawn.real.condition), drawn.completions)
