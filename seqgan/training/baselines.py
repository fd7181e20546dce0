"""What a reward is compared with, so that only better than expected is encouraged.

A baseline that does not depend on the sample it is subtracted from leaves the expected gradient as it is and lowers
its variance. All here keep to that; the mean of a batch that holds the sample would not.
"""

import math
from typing import Any

import torch
from torch import Tensor

from seqgan.errors import ConfigError, nearest
from seqgan.objectives.algorithm import Sampled
from seqgan.settings.adversarial import AdversarialConfig
from seqgan.tensors.condition import Condition
from seqgan.tensors.masking import masked_mean
from seqgan.training.critic import Critic, critic_loss
from seqgan.training.optimizers import adam, update
from seqgan.training.processes import gather_rows, own_part, take_over
from seqgan.training.skips import Skips

BASELINES = ("none", "constant", "rising", "running-mean", "leave-one-out", "critic", "log-partition")
"""The names that `adversarial.baseline` takes."""
FOR_WEIGHTS = ("none", "constant", "rising")
"""Those that make sense for algorithms whose samples are weighed against each other already."""
FOR_REWARDS = tuple(name for name in BASELINES if name != "rising")
"""And for all others."""
MEMORY, LOG_PARTITION_MEMORY = 0.9, 0.995
"""Shares of the old value that a running mean, and the running log-partition, keep at each update. The latter is that
of the BGAN authors' program."""


def leave_one_out(values: Tensor) -> Tensor:
    """For each sample the mean value of the others, at each position. [N, ..., S, T] -> [..., S, T]

    Behind a sequence's end its values are its final reward, or 0 where rewards are of tokens and none is to come: all
    others take part at every position.

    Source: Kool, van Hoof, Welling 2019, "Buy 4 REINFORCE samples, get a baseline for free".
    """
    mean = values.mean(dim=0)
    samples = mean.shape[-2]
    return (mean.sum(dim=-2, keepdim=True) - mean) / max(1, samples - 1)


def check_baseline(name: str, algorithm: Sampled) -> None:
    """That a baseline exists and that the algorithm has a use for it.

    Raises:
        ConfigError: not, and why.
    """
    if name not in BASELINES:
        raise ConfigError(f"No baseline is called {name!r}.{nearest(name, BASELINES)} Known: {', '.join(BASELINES)}.")
    if algorithm.weighs and name not in FOR_WEIGHTS:
        raise ConfigError(
            f"adversarial.baseline {name} is a mean reward, but this algorithm weighs its samples against each "
            f"other and has no rewards to average: choose {', '.join(FOR_WEIGHTS)}."
        )
    if name == "rising" and not algorithm.weighs:
        raise ConfigError(
            "adversarial.baseline rising goes from 0 to 1 in units of the mean weight, but this algorithm has "
            f"rewards and no weights: choose {', '.join(FOR_REWARDS)}."
        )


class Baseline:
    """A baseline by name, with what it remembers or has learnt.

    Args:
        config: which one, and its settings.
        algorithm: that it is for.
        vocabulary_size: V, for a critic, which draws its weights from the global random numbers.
        device: where the samples are.
        source_vocabulary_size: of the sources, for a critic; None without sources.

    Raises:
        ConfigError: no such baseline, or one that the algorithm has no use for.
    """

    def __init__(
        self,
        config: AdversarialConfig,
        algorithm: Sampled,
        vocabulary_size: int,
        device: torch.device,
        source_vocabulary_size: int | None = None,
    ):
        check_baseline(config.baseline, algorithm)
        # Of a mixed reward, the discriminator's part alone is compared with the constant.
        self.name, self.value = config.baseline, config.baseline_value * config.discriminator_share
        self.running: float | None = None
        self.critic: Critic | None = None
        if self.name == "critic":
            self.critic = Critic(vocabulary_size, source_vocabulary_size).to(device)
            take_over(self.critic)
        self.skips = Skips("critic", "--adversarial.critic-learning-rate")
        self.optimizer = None if self.critic is None else adam(self.critic, config.critic_learning_rate)

    def __call__(
        self,
        values: Tensor,
        tokens: Tensor,
        mask: Tensor,
        progress: float,
        condition: Condition | None = None,
    ) -> Tensor | float:
        """What to subtract from the rewards of a batch, from which it then learns.

        Args:
            values: rewards, of all processes. [N, ..., S, T or 1]
            tokens: that were sampled. [..., S, T]
            mask: True at those of them whose values count. [..., S, T]
            progress: share of the training that is done, from 0 to 1.
            condition: that of each sample, in the order of `tokens`; None without conditions. R rows.

        Returns:
            A number, or [..., S, T or 1].
        """
        if self.name == "constant":
            return self.value
        if self.name == "rising":
            return min(1.0, progress)
        if self.name == "leave-one-out":
            return leave_one_out(values)
        if self.name == "running-mean":
            return self._remembered(masked_mean(values.mean(dim=0).expand(mask.shape), mask).item(), MEMORY, values)
        if self.name == "log-partition":
            return self._remembered(_log_mean_weight(values, mask), LOG_PARTITION_MEMORY, values)
        if self.name == "critic":
            return self._learnt(values, tokens, mask, condition)
        return 0.0

    def _remembered(self, now: float, memory: float, values: Tensor) -> Tensor | float:
        """The running mean of earlier batches, which this one then joins."""
        before = self.running
        if before is None:
            self.running = now
            return leave_one_out(values)  # the first batch has no past, but others beside each sample
        self.running = memory * before + (1 - memory) * now
        return before

    def _learnt(self, values: Tensor, tokens: Tensor, mask: Tensor, condition: Condition | None) -> Tensor:
        """The critic's expectation; it learns from these values afterwards only."""
        assert self.critic is not None
        assert self.optimizer is not None
        rows = values.flatten(1, -2)  # groups and samples are rows alike to it
        part = own_part(rows.shape[1])
        mask = mask.flatten(0, -2)
        own_mask = mask[part.rows]
        own_condition = None if condition is None else condition.select(part.rows)
        predicted = self.critic(tokens.flatten(0, -2)[part.rows], own_condition)  # [R, T]
        loss = part.share(own_mask.sum(), mask.sum()) * critic_loss(predicted, rows[:, part.rows], own_mask)
        update(self.critic, self.optimizer, loss, skips=self.skips)
        return gather_rows(predicted.detach(), len(mask)).unflatten(0, tokens.shape[:-1])

    def state(self) -> dict[str, Any]:
        """What it remembers, for a checkpoint."""
        if self.critic is None or self.optimizer is None:
            return {"running": self.running}
        return {"critic": self.critic.state_dict(), "optimizer": self.optimizer.state_dict()}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave."""
        if self.critic is None or self.optimizer is None:
            self.running = state["running"]
        else:
            self.critic.load_state_dict(state["critic"])
            self.optimizer.load_state_dict(state["optimizer"])


def _log_mean_weight(log_weights: Tensor, mask: Tensor) -> float:
    """Logarithm of the mean weight over rollouts and real tokens."""
    alike = log_weights.expand(-1, *mask.shape).masked_fill(~mask, -torch.inf)
    count = alike.shape[0] * int(mask.sum())
    return alike.flatten().logsumexp(dim=0).item() - math.log(count) if count else 0.0
