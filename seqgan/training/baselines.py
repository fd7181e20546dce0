"""What a reward is compared with, so that only better than expected is encouraged.

A baseline that does not depend on the sample it is subtracted from leaves the expected gradient as it is and lowers
its variance. `leave_one_out` and the running mean keep to that; the mean of a batch that holds the sample would not.
"""

from typing import Any

from torch import Tensor

from seqgan.errors import ConfigError, nearest
from seqgan.objectives.algorithm import Sampled
from seqgan.tensors.masking import masked_mean

BASELINES = ("none", "constant", "rising", "running-mean", "leave-one-out")
"""The names that `adversarial.baseline` takes."""
FOR_WEIGHTS = ("none", "constant", "rising")
"""Those that make sense for algorithms whose samples are weighed against each other already."""
MEMORY = 0.9
"""Share of the old mean that a running mean keeps at each update."""


def leave_one_out(values: Tensor) -> Tensor:
    """For each sample the mean value of the others, at each position. [N, ..., S, T] -> [..., S, T]

    Behind a sequence's end its values are its final reward, so that all others take part at every position.

    Source: Kool, van Hoof, Welling 2019, "Buy 4 REINFORCE samples, get a baseline for free".
    """
    mean = values.mean(dim=0)
    samples = mean.shape[-2]
    return (mean.sum(dim=-2, keepdim=True) - mean) / max(1, samples - 1)


class Baseline:
    """A baseline by name, with what it remembers.

    Args:
        name: one of `BASELINES`.
        value: of the constant one.
        algorithm: that it is for.

    Raises:
        ConfigError: no such baseline, or one that the algorithm has no use for.
    """

    def __init__(self, name: str, value: float, algorithm: Sampled):
        if name not in BASELINES:
            raise ConfigError(
                f"No baseline is called {name!r}.{nearest(name, BASELINES)} Known: {', '.join(BASELINES)}."
            )
        if algorithm.weighs and name not in FOR_WEIGHTS:
            raise ConfigError(
                f"adversarial.baseline {name} is a mean reward, but this algorithm weighs its samples against each "
                f"other and has no rewards to average: choose {', '.join(FOR_WEIGHTS)}."
            )
        if name == "rising" and not algorithm.weighs:
            raise ConfigError(
                "adversarial.baseline rising goes from 0 to 1 in units of the mean weight, but this algorithm has "
                "rewards and no weights: choose none, constant, running-mean or leave-one-out."
            )
        self.name, self.value = name, value
        self.running_mean: float | None = None

    def __call__(self, values: Tensor, mask: Tensor, progress: float) -> Tensor | float:
        """What to subtract from the rewards of a batch, which is then remembered.

        Args:
            values: rewards. [N, B, T]
            mask: True at real tokens. [B, T]
            progress: share of the training that is done, from 0 to 1.
        """
        if self.name == "constant":
            return self.value
        if self.name == "rising":
            return min(1.0, progress)
        if self.name == "leave-one-out":
            return leave_one_out(values)
        if self.name == "running-mean":
            mean = masked_mean(values.mean(dim=0).expand(mask.shape), mask).item()
            if self.running_mean is None:
                self.running_mean = mean
                return leave_one_out(values)  # the first batch has no past, but others beside each sample
            before = self.running_mean
            self.running_mean = MEMORY * before + (1 - MEMORY) * mean
            return before
        return 0.0

    def state(self) -> dict[str, Any]:
        """What it remembers, for a checkpoint."""
        return {"running_mean": self.running_mean}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave."""
        self.running_mean = state["running_mean"]
