"""The two players. One loop for all algorithms: what differs between them is in the algorithm's record.

1. The discriminator is trained alone, to an accuracy or for a number of updates.
2. In each round the generator is updated by policy gradient on its own samples, then the discriminator on pools of
   real and freshly generated sentences; every few rounds the generator is judged on held-out text.
"""

import copy
import math
import time
from collections import deque
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from seqgan.config import AdversarialConfig
from seqgan.data.batches import Sequences, draw_batch
from seqgan.data.text import Text
from seqgan.decoding.rollout import rollout
from seqgan.decoding.sampling import Samples, sample
from seqgan.discriminators.protocol import DiscriminatorModule
from seqgan.generators.protocol import GeneratorModule
from seqgan.objectives import diagnostics
from seqgan.objectives.algorithm import Sampled
from seqgan.objectives.mle import token_nll
from seqgan.objectives.policy_gradient import policy_gradient_loss, token_log_probs
from seqgan.progress import SILENT, Progress
from seqgan.runs.checkpoint import load_state, save_state, save_weights
from seqgan.runs.directory import Run
from seqgan.runs.metric_log import MetricLog
from seqgan.tensors.masking import masked_mean
from seqgan.training.baselines import Baseline
from seqgan.training.engine import device_of, random_state, seeded, set_random_state
from seqgan.training.optimizers import adam, update
from seqgan.training.pretrain import Judge, check_same_text
from seqgan.training.rewards import control_reward, discriminator_reward, trimmed

ACCURACY_WINDOW = 20
"""Updates over which the warm-up's accuracy is averaged."""
WARMUP_CHECKPOINT_UPDATES = 200
"""Updates between two training states in the warm-up; a pool is always finished."""
CPU_ROWS, GPU_ROWS = 2048, 65_536
"""Rows in a step of the rollout. On a CPU, tensors of [rows, vocabulary] beyond its caches cost twice the time."""


def train_adversarially(
    generator: GeneratorModule,
    discriminator: DiscriminatorModule,
    text: Text,
    algorithm: Sampled,
    config: AdversarialConfig | None = None,
    *,
    seed: int = 0,
    run: Run | None = None,
    resume: bool = False,
    progress: Progress = SILENT,
    judge: Judge | None = None,
) -> None:
    """Train both players in place, on the device where they are.

    Args:
        generator: pretrained.
        discriminator: fresh; its warm-up is the first phase.
        text: what is real, from `encode_corpus`.
        algorithm: a record, of `seqgan.objectives.ALGORITHMS` or one's own.
        config: how; the defaults without it. Its `algo` is a name for commands and not read here.
        seed: of everything that is drawn.
        run: where weights, log and training states are written; nowhere without it.
        resume: go on from the run's last training state. Gives what the uninterrupted training gives.
        progress: where to report.
        judge: what to log every `evaluate_every` rounds, and before the first; see `judge_while_training`.

    Raises:
        CheckpointError: the run's training states are damaged, or belong to another text.
        SeqganError: training diverged.
    """
    config = config or AdversarialConfig()
    device = device_of(generator)
    with seeded(seed, device) as rng:
        players = Players(generator, discriminator, text, algorithm, config, rng)
        state = load_state(run.checkpoints_folder, progress.note) if run is not None and resume else None
        if state is not None:
            check_same_text(state, text)
            players.restore(state)
            progress.note(f"Going on after {players.warmup_steps} warm-up updates and {players.rounds} rounds.")
        log = MetricLog(run.metrics_path if run else None, progress.note, size=state["log_size"] if state else 0)

        def keep() -> None:
            """Save all that a resumed run needs, and the weights that other commands read."""
            if run is not None:
                vocabulary = text.vocabulary.fingerprint()
                save_weights(generator, run.generator_path, vocabulary)
                save_weights(discriminator, run.discriminator_path, vocabulary)
                step = players.warmup_steps + players.rounds
                save_state(run.checkpoints_folder, step, {**players.state(), "log_size": log.size})

        with progress.bar("Discriminator alone: updates", config.warmup_steps, players.warmup_steps) as advance:
            while not players.warmed_up:
                values = players.warm_up_discriminator()
                if players.warmed_up:
                    log.log("warmup", players.warmup_steps, values)
                elif players.warmup_steps % players.warmup_checkpoint_steps == 0:
                    keep()
                advance(1)
        if players.rounds == 0 and not players.judged:
            if judge is not None:
                log.log("adversarial", 0, judge(0))
            players.judged = True
            keep()

        with progress.bar("Adversarial training: rounds", config.rounds, players.rounds) as advance:
            while players.rounds < config.rounds:
                values = players.play_round()
                judged = players.rounds % config.evaluate_every == 0 or players.rounds == config.rounds
                if judged and judge is not None:
                    values |= judge(players.rounds)
                log.log("adversarial", players.rounds, values, shown=judged)
                if judged:
                    keep()
                advance(1)


def check_settings(config: AdversarialConfig, algorithm: Sampled) -> None:
    """That the settings exist and go together; asked before a run is made.

    Raises:
        ConfigError: says which does not, and why.
    """
    Baseline(config.baseline, config.baseline_value, algorithm)
    if config.control != "none":
        control_reward(config.control, algorithm.reward, torch.Generator())


class Players:
    """Both players with their optimisers and counters: what a checkpoint stores, and the updates that change it."""

    def __init__(
        self,
        generator: GeneratorModule,
        discriminator: DiscriminatorModule,
        text: Text,
        algorithm: Sampled,
        config: AdversarialConfig,
        rng: torch.Generator,
    ):
        self.generator, self.discriminator = generator, discriminator
        self.algorithm, self.config, self.rng = algorithm, config, rng
        self.max_length = text.max_length
        self.text_fingerprint = text.corpus.fingerprint()
        self.vocabulary_fingerprint = text.vocabulary.fingerprint()
        self.real: Sequences = text.train.to(rng.device)
        # The moments of maximum likelihood are not taken over: they belong to another loss.
        self.generator_optimizer = adam(generator, config.generator_learning_rate)
        self.discriminator_optimizer = adam(discriminator, config.discriminator_learning_rate, config.output_decay)
        self.baseline = Baseline(config.baseline, config.baseline_value, algorithm)
        self.reward = discriminator_reward(discriminator, algorithm.reward)
        if config.control != "none":
            self.reward = control_reward(config.control, algorithm.reward, rng)
        # Completes prefixes; a copy of its own only where it lags behind.
        self.rollout_policy = copy.deepcopy(generator) if config.rollout_update_rate else generator
        self.warmup_steps, self.rounds = 0, 0
        self.judged = False  # as it was before the first round
        self.accuracies: deque[float] = deque(maxlen=ACCURACY_WINDOW)
        generator.eval()  # dropout off in all that follows: the policy that samples is the one that is updated

    def state(self) -> dict[str, Any]:
        """Everything that the rest of the training depends on."""
        return {
            "warmup_steps": self.warmup_steps,
            "rounds": self.rounds,
            "judged": self.judged,
            "accuracies": list(self.accuracies),
            "generator": self.generator.state_dict(),
            "discriminator": self.discriminator.state_dict(),
            "rollout_policy": self.rollout_policy.state_dict(),
            "generator_optimizer": self.generator_optimizer.state_dict(),
            "discriminator_optimizer": self.discriminator_optimizer.state_dict(),
            "baseline": self.baseline.state(),
            "random": random_state(self.rng),
            "text": self.text_fingerprint,
            "vocabulary": self.vocabulary_fingerprint,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave."""
        self.warmup_steps, self.rounds, self.judged = state["warmup_steps"], state["rounds"], state["judged"]
        self.accuracies.extend(state["accuracies"])
        self.generator.load_state_dict(state["generator"])
        self.discriminator.load_state_dict(state["discriminator"])
        self.rollout_policy.load_state_dict(state["rollout_policy"])
        self.generator_optimizer.load_state_dict(state["generator_optimizer"])
        self.discriminator_optimizer.load_state_dict(state["discriminator_optimizer"])
        self.baseline.restore(state["baseline"])
        set_random_state(self.rng, state["random"])

    @property
    def warmed_up(self) -> bool:
        """Whether the discriminator may begin to reward."""
        full = len(self.accuracies) == ACCURACY_WINDOW
        accurate = full and sum(self.accuracies) / ACCURACY_WINDOW >= self.config.warmup_accuracy
        return self.rounds > 0 or accurate or self.warmup_steps >= self.config.warmup_steps

    @property
    def warmup_checkpoint_steps(self) -> int:
        """Pools of the warm-up between two training states."""
        updates = self.config.warmup_epochs * math.ceil(self._warmup_pool / self._discriminator_batch)
        return max(1, WARMUP_CHECKPOINT_UPDATES // updates)

    @property
    def _warmup_pool(self) -> int:
        size = self.config.warmup_pool
        return self._discriminator_batch if size is None else size or len(self.real.tokens)

    @property
    def _discriminator_batch(self) -> int:
        return self.config.discriminator_batch_size or self.config.batch_size

    def warm_up_discriminator(self) -> dict[str, float]:
        """The discriminator on one pool of fresh samples; the values to log."""
        values = self._train_discriminator(self._warmup_pool, self.config.warmup_epochs)
        self.warmup_steps += 1
        self.accuracies.append(values["discriminator/accuracy"])
        return {**values, "discriminator/accuracy": sum(self.accuracies) / len(self.accuracies)}

    def play_round(self) -> dict[str, float]:
        """One turn of both players; the values to log."""
        started = time.monotonic()
        for _ in range(self.config.generator_steps):
            values = self._update_generator()
        for _ in range(self.config.teacher_forcing_steps):
            self._imitate()
        self._follow_generator()
        pool = self.config.discriminator_pool or len(self.real.tokens)
        for _ in range(self.config.discriminator_steps):
            values |= self._train_discriminator(pool, self.config.discriminator_epochs)
        self.rounds += 1
        return {**values, "seconds": time.monotonic() - started}

    def _update_generator(self) -> dict[str, float]:
        """One policy gradient step on the generator's own samples."""
        fake = sample(self.generator, self.config.batch_size, self.max_length, rng=self.rng)
        values = self._credit(fake)  # [N, B, T or 1]
        baseline = self.baseline(values, fake.mask, self.rounds / max(1, self.config.rounds - 1))
        advantages = self.algorithm.advantages(values, fake.mask, baseline)  # [B, T]
        logits = self.generator(fake.tokens)
        loss = policy_gradient_loss(token_log_probs(logits, fake.tokens), advantages, fake.mask)
        entropy = diagnostics.policy_entropy(logits, fake.mask)
        if self.config.entropy_bonus:
            loss = loss - self.config.entropy_bonus * entropy
        value = update(self.generator, self.generator_optimizer, loss, self.config.clip_norm)
        logged = {
            "generator/loss": value,
            "generator/reward": masked_mean(values.mean(dim=0).expand(fake.mask.shape), fake.mask).item(),
            "generator/reward_std": diagnostics.reward_spread(values, fake.mask).item(),
            "generator/entropy": entropy.item(),
            "generator/length": fake.mask.sum(dim=1).float().mean().item(),
        }
        if self.algorithm.weighs:
            # At the first token all samples are compared.
            weights = self.algorithm.advantages(values[..., :1], fake.mask[:, :1], 0.0)
            logged["generator/effective_sample_size"] = diagnostics.effective_sample_size(weights, dim=0).item()
        return logged

    def _imitate(self) -> None:
        """One maximum-likelihood step on real sentences, scaled as the policy gradient is: per sentence."""
        real = draw_batch(self.real, self.config.batch_size, self.rng)
        loss = token_nll(self.generator(real.tokens), real.tokens, real.mask).sum(dim=1).mean()
        update(self.generator, self.generator_optimizer, loss, self.config.clip_norm)

    def _follow_generator(self) -> None:
        """Move the lagging rollout policy towards the generator."""
        rate = self.config.rollout_update_rate
        if rate:
            with torch.no_grad():
                pairs = zip(self.rollout_policy.parameters(), self.generator.parameters(), strict=True)
                for lagging, live in pairs:
                    lagging.lerp_(live, 1 - rate)

    def _credit(self, fake: Samples) -> Tensor:
        """What each token is worth: by rollouts [N, B, T], or its sequence's own reward [1, B, 1]."""
        if self.config.rollouts == 0:
            rows = torch.arange(len(fake.tokens), device=self.rng.device)
            return self.reward(fake.tokens, fake.mask, rows).reshape(1, -1, 1)
        max_rows = GPU_ROWS if self.rng.device.type == "cuda" else CPU_ROWS
        return rollout(self.rollout_policy, self.reward, fake, self.config.rollouts, rng=self.rng, max_rows=max_rows)

    def _train_discriminator(self, pool: int, epochs: int) -> dict[str, float]:
        """Passes over a pool of fresh samples and as many real sentences; means over its updates."""
        fake = sample(self.generator, pool, self.max_length, rng=self.rng)
        real = draw_batch(self.real, pool, self.rng)
        missing = self.max_length - real.tokens.shape[1]  # the samples have all max_length columns
        tokens = torch.stack([functional.pad(real.tokens, (0, missing)), fake.tokens])  # [2, pool, T]
        mask = torch.stack([functional.pad(real.mask, (0, missing)), fake.mask])
        totals = {"discriminator/loss": 0.0, "discriminator/accuracy": 0.0, "discriminator/logit_gap": 0.0}
        updates = epochs * math.ceil(pool / self._discriminator_batch)
        self.discriminator.train()
        for _ in range(epochs):
            order = torch.randperm(pool, generator=self.rng, device=self.rng.device)
            for rows in order.split(self._discriminator_batch):
                # One pass over both: its weights' gradients, which are large, are then formed and added once.
                both = self.discriminator(*trimmed(tokens[:, rows].flatten(0, 1), mask[:, rows].flatten(0, 1)))
                real_logits, fake_logits = both.unflatten(0, (2, -1))
                loss = self.algorithm.discriminator_loss(real_logits, fake_logits)
                totals["discriminator/loss"] += update(self.discriminator, self.discriminator_optimizer, loss)
                totals["discriminator/accuracy"] += self._accuracy(real_logits, fake_logits)
                totals["discriminator/logit_gap"] += diagnostics.logit_gap(real_logits, fake_logits).item()
        return {name: total / updates for name, total in totals.items()}

    def _accuracy(self, real_logits: Tensor, fake_logits: Tensor) -> float:
        """Share told apart. Where logits are turned into density ratios, at a ratio of 1, else at a logit of 0."""
        if self.algorithm.weighs:
            real_logits, fake_logits = self.algorithm.reward(real_logits), self.algorithm.reward(fake_logits)
        return diagnostics.accuracy(real_logits, fake_logits).item()
