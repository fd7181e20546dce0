"""Both players with their optimisers and counters: what a checkpoint stores, and the turns that change it.

What a turn is depends on how the generator's gradient arrives: `sampled.py` and `relaxed.py` say so.
"""

import math
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from seqgan.data.batches import Batch, draw_batch
from seqgan.data.lines import count
from seqgan.data.sequences import AnySequences
from seqgan.data.text import Text
from seqgan.decoding.states import stepping
from seqgan.discriminators.protocol import Discriminator
from seqgan.errors import ConfigError
from seqgan.generators.protocol import GeneratorModule
from seqgan.objectives.mle import token_nll
from seqgan.settings.adversarial import AdversarialConfig
from seqgan.tensors.condition import context_of
from seqgan.training.engine import random_state, set_random_state
from seqgan.training.optimizers import make_discriminator_optimizer, make_optimizer, update
from seqgan.training.processes import check_room, own_numbers, own_part, some_rows
from seqgan.training.skips import Skips, check_weights

ACCURACY_WINDOW = 20
"""Pools over which the warm-up's accuracy is averaged."""
FIRST_ROUNDS, SURGE_EVERY = 25, 500
"""The rounds in which `discriminator_surge` holds, as in the program of the WGAN authors."""
LOOK_UPDATES = 20
"""Updates of the warm-up between two looks at held-out sentences."""
MOST_HELD_OUT, LEAST_HELD_OUT = 500, 100
"""Held-out sentences of a look, beside as many samples; with fewer than the least it is no look."""
RISE = 0.01
"""What counts as a rise of the share that is told apart: less is chance."""
WARMUP_CHECKPOINT_UPDATES = 200
"""Updates between two training states in the warm-up; a pool is always finished."""


class Players:
    """The two players, and what one turn of each is.

    Args:
        generator: trained in place.
        discriminator: trained in place.
        text: what is real.
        config: how.
        rng: of everything that is drawn, on the players' device, and alike on all processes.

    Raises:
        ConfigError: settings that do not go together.
    """

    discriminator_first = False
    """Whose turn is first in a round."""

    def __init__(
        self,
        generator: GeneratorModule,
        discriminator: Discriminator,
        text: Text,
        config: AdversarialConfig,
        rng: torch.Generator,
    ):
        self.generator, self.discriminator = generator, discriminator
        check_processes(config)
        self.config, self.rng = config, rng
        self.own_rng = own_numbers(rng)  # of what a process draws for its own rows: samples, completions, noise
        self.max_length = text.max_length
        self.text_fingerprint = text.corpus.fingerprint()
        self.vocabulary_fingerprint = text.vocabulary_fingerprint
        self.real: AnySequences = text.train.to(rng.device)
        refuse_whole_pools(config, self.real)
        # The moments of maximum likelihood are not taken over: they belong to another loss.
        self.generator_optimizer = make_optimizer(config, generator, config.generator_learning_rate)
        self.discriminator_optimizer = make_discriminator_optimizer(config, discriminator)
        # Warm-up may have an optimiser of its own kind, whose moments end with it.
        self.warmup_optimizer = self.discriminator_optimizer
        if config.warmup_optimizer is not None:
            self.warmup_optimizer = make_discriminator_optimizer(config, discriminator, config.warmup_optimizer)
        self.skips = {
            player: Skips(player, f"--adversarial.{player}-learning-rate") for player in ("generator", "discriminator")
        }
        self.imitated: Batch | None = None  # sentences of the last policy step, where they are to be imitated
        self.warmup_steps, self.rounds = 0, 0
        self.judged = False  # as it was before the first round
        self.accuracies: deque[float] = deque(maxlen=ACCURACY_WINDOW)
        self.looks: list[float] = []  # of the warm-up: shares of held-out sentences and samples that were told apart
        generator.eval()  # dropout off in all that follows: the policy that samples is the one that is updated

    def state(self) -> dict[str, Any]:
        """Everything that the rest of the training depends on."""
        apart = self.config.warmup_optimizer is not None
        return {
            "warmup_steps": self.warmup_steps,
            "rounds": self.rounds,
            "judged": self.judged,
            "accuracies": list(self.accuracies),
            "looks": list(self.looks),
            "generator": self.generator.state_dict(),
            "discriminator": self.discriminator.state_dict(),
            "generator_optimizer": self.generator_optimizer.state_dict(),
            "discriminator_optimizer": self.discriminator_optimizer.state_dict(),
            "warmup_optimizer": self.warmup_optimizer.state_dict() if apart else None,
            "random": random_state(self.rng, self.own_rng),
            "skips": {player: skips.state() for player, skips in self.skips.items()},
            "text": self.text_fingerprint,
            "vocabulary": self.vocabulary_fingerprint,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave."""
        self.warmup_steps, self.rounds, self.judged = state["warmup_steps"], state["rounds"], state["judged"]
        self.accuracies = deque(state["accuracies"], maxlen=ACCURACY_WINDOW)
        self.looks = list(state.get("looks", []))
        self.generator.load_state_dict(state["generator"])
        self.discriminator.load_state_dict(state["discriminator"])
        self.generator_optimizer.load_state_dict(state["generator_optimizer"])
        self.discriminator_optimizer.load_state_dict(state["discriminator_optimizer"])
        if state.get("warmup_optimizer") is not None:
            self.warmup_optimizer.load_state_dict(state["warmup_optimizer"])
        set_random_state(self.rng, state["random"], self.own_rng)
        for player, skips in self.skips.items():
            skips.restore(state.get("skips", {}).get(player, {}))

    def go_back(self, state: dict[str, Any], slower: float) -> None:
        """Take weights and optimisers from an earlier state, and go on with this round's number and random numbers.

        Args:
            state: what `state` gave.
            slower: what the learning rates of the settings are multiplied by from now on.
        """
        now = self.state()
        kept = ("warmup_steps", "rounds", "judged", "accuracies", "looks", "random")
        self.restore({**state, **{name: now[name] for name in kept}, "skips": {}})
        rates = self.config.generator_learning_rate, self.config.discriminator_learning_rate
        for optimizer, rate in zip((self.generator_optimizer, self.discriminator_optimizer), rates, strict=True):
            for group in optimizer.param_groups:
                group["lr"] = rate * slower

    @property
    def done(self) -> str:
        """What was played so far, in words."""
        return f"{count(self.warmup_steps, 'warm-up pool')} and {count(self.rounds, 'round')}"

    @property
    def warmed_up(self) -> bool:
        """Whether the discriminator may begin to reward."""
        if self.rounds > 0 or self.warmup_steps >= self.config.warmup_steps:
            return True
        if self.config.discriminator_share == 0:  # it has no part in the reward
            return True
        if self.looks_at_held_out:
            patience = self.config.warmup_patience
            enough = bool(self.looks) and self.looks[-1] >= self.config.warmup_accuracy
            return enough or (patience > 0 and self._pools_without_rise() >= patience)
        full = len(self.accuracies) == ACCURACY_WINDOW
        return full and sum(self.accuracies) / ACCURACY_WINDOW >= self.config.warmup_accuracy

    def _pools_without_rise(self) -> int:
        """Pools of the warm-up since the share that is told apart last rose."""
        best, since = 0.0, 0
        for look in self.looks:
            best, since = (look, 0) if look >= best + RISE else (best, since + 1)
        return since * self.pools_between_looks

    @property
    def why_finished(self) -> str | None:
        """Why the training is over before all its rounds were made, as a sentence; None where it is not."""
        return None

    @contextmanager
    def as_kept(self) -> Iterator[None]:
        """A block in which the discriminator has the weights that are to be kept of it, not the last ones."""
        yield

    def keep(self) -> None:
        """Leave both players with the weights that are to be kept of them."""

    @property
    def looks_at_held_out(self) -> bool:
        """Whether the warm-up ends by held-out sentences, and not by those that are learnt from."""
        return False

    @property
    def pools_between_looks(self) -> int:
        """Pools of the warm-up between two looks."""
        return math.ceil(LOOK_UPDATES / self._warmup_updates)

    @property
    def _warmup_updates(self) -> int:
        """Updates with a pool of the warm-up."""
        return self.config.warmup_epochs * math.ceil(self.warmup_pool / self.discriminator_batch)

    @property
    def warmup_checkpoint_steps(self) -> int:
        """Pools of the warm-up between two training states."""
        return max(1, WARMUP_CHECKPOINT_UPDATES // self._warmup_updates)

    @property
    def warmup_pool(self) -> int:
        """Sentences of each kind in a pool of the warm-up."""
        size = self.config.warmup_pool
        return self.discriminator_batch if size is None else size or self.real.sentences

    @property
    def pool(self) -> int:
        """Sentences of each kind in a pool of a round."""
        return self.config.discriminator_pool or self.real.sentences

    @property
    def discriminator_batch(self) -> int:
        """Sentences of each kind in an update."""
        return self.config.discriminator_batch_size or self.config.batch_size

    @property
    def discriminator_steps(self) -> int:
        """Pools of the discriminator in this round; none where it has no part in the reward."""
        if not self.config.discriminator_share:
            return 0
        surge = self.config.discriminator_surge
        now = self.rounds < FIRST_ROUNDS or self.rounds % SURGE_EVERY == 0
        return surge if surge and now else self.config.discriminator_steps

    @property
    def progress(self) -> float:
        """Share of the training that is done: 0 in the first round, 1 in the last."""
        return self.rounds / max(1, self.config.rounds - 1)

    def warm_up_discriminator(self) -> dict[str, float]:
        """The discriminator on one pool of fresh samples; the values to log."""
        self._check_weights()
        between = self.pools_between_looks
        left = min(between - self.warmup_steps % between, self.config.warmup_steps - self.warmup_steps)
        if not self.looks_at_held_out:  # it may be over after any pool, once there are accuracies enough
            left = min(left, max(1, ACCURACY_WINDOW - len(self.accuracies)))
        values = self.train_discriminator(self.warmup_pool, self.config.warmup_epochs, warming_up=True, left=left)
        self.warmup_steps += 1
        self.accuracies.append(values["discriminator/accuracy"])
        values["discriminator/accuracy"] = sum(self.accuracies) / len(self.accuracies)
        if self.looks_at_held_out and self.warmup_steps % between == 0:
            self.looks.append(self.told_apart())
            values["discriminator/held_out_accuracy"] = self.looks[-1]
        return {**values, **self._skipped()} if self.warmed_up else values

    def told_apart(self) -> float:
        """Share of held-out sentences and samples that the discriminator tells apart, where `looks_at_held_out`."""
        raise NotImplementedError

    def play_round(self) -> dict[str, float]:
        """One turn of both players; the values to log."""
        started = time.monotonic()
        self._check_weights()
        turns = [self._generators_turn, self._discriminators_turn]
        values: dict[str, float] = {}
        for turn in reversed(turns) if self.discriminator_first else turns:
            values |= turn()
        self.rounds += 1
        return {**values, **self._skipped(), "seconds": time.monotonic() - started}

    def _check_weights(self) -> None:
        """That both players can be computed with: what is sampled from weights that are not finite looks like any text.

        Raises:
            TrainingError: a weight is not finite.
        """
        check_weights(self.generator, "generator")
        check_weights(self.discriminator, "discriminator")

    def _skipped(self) -> dict[str, float]:
        """Batches that were left out since the last call; nothing where there were none."""
        return {name: value for skips in self.skips.values() for name, value in skips.take().items()}

    def _generators_turn(self) -> dict[str, float]:
        values: dict[str, float] = {}
        for _ in range(self.config.generator_steps):
            values |= self.update_generator()
            for _ in range(self.config.teacher_forcing_steps):
                self._imitate()
        self.after_generator()
        return values

    def _discriminators_turn(self) -> dict[str, float]:
        values: dict[str, float] = {}
        pools = self.discriminator_steps
        for done in range(pools):
            # Where the turn may be over after any pool, none is made ahead.
            left = pools - done if self.config.discriminator_stop == 1 else 1
            values |= self.train_discriminator(self.pool, self.config.discriminator_epochs, left=left)
            if values.get("discriminator/accuracy", 0.0) > self.config.discriminator_stop:
                break
        return values

    def update_generator(self) -> dict[str, float]:
        """One step of the generator; the values to log."""
        raise NotImplementedError

    def train_discriminator(
        self, pool: int, epochs: int, *, warming_up: bool = False, left: int = 1
    ) -> dict[str, float]:
        """Passes over a pool of fresh samples and as many real sentences; the values to log.

        Args:
            pool: sentences of each kind.
            epochs: passes.
            warming_up: whether it is trained alone.
            left: pools that are trained on before the generator changes, this one among them.
        """
        raise NotImplementedError

    def update_discriminator(self, loss: Tensor) -> float:
        """One step of the discriminator down the gradient of a loss; the loss."""
        clip_norm, skips = self.config.discriminator_clip_norm, self.skips["discriminator"]
        return update(self.discriminator, self.discriminator_optimizer, loss, clip_norm, skips)

    def after_generator(self) -> None:
        """What follows the generator's updates of a round."""

    def _imitate(self) -> None:
        """One maximum-likelihood step on real sentences, scaled as the policy gradient is: per sentence.

        With conditions the first is on those of the policy step (Li et al. 2017, section 3.2; Yang et al. 2018).
        """
        real, self.imitated = self.imitated or draw_batch(self.real, self.config.batch_size, self.rng), None
        part = own_part(len(real.tokens))
        own = some_rows(real, part.rows)
        generator = stepping(self.generator)
        logits = generator(own.tokens, context_of(generator, own.condition))
        loss = part.share(part.size, len(real.tokens)) * token_nll(logits, own.tokens, own.mask).sum(dim=1).mean()
        update(self.generator, self.generator_optimizer, loss, self.config.clip_norm, self.skips["generator"])


def refuse_whole_pools(config: AdversarialConfig, real: AnySequences) -> None:
    """That no pool is to hold as many sentences as a text that does not fit into memory.

    Raises:
        ConfigError: one is.
    """
    for name, size in (("discriminator_pool", config.discriminator_pool), ("warmup_pool", config.warmup_pool)):
        if size == 0 and not real.in_memory:
            raise ConfigError(
                f"adversarial.{name} is 0, for a pool as large as the training text, whose {real.sentences:,} "
                "sentences are read from the disk: give a number of sentences."
            )


def check_processes(config: AdversarialConfig) -> None:
    """That there is something for each process to do in every update.

    Raises:
        ConfigError: not; which batch is too small.
    """
    check_room(config.batch_size, "adversarial.batch_size")
    check_room(config.discriminator_batch_size or config.batch_size, "adversarial.discriminator_batch_size")


def refuse_own_places(config: AdversarialConfig, what: str) -> None:
    """That a run does not go on with prefixes drawn as an earlier version drew them.

    Args:
        config: of both players.
        what: draws them.

    Raises:
        ConfigError: the run was begun so.
    """
    if config.places != "all":
        raise ConfigError(
            f"This run was begun by an earlier version, and has {what}, whose prefixes were drawn up to the length of "
            "each sentence or batch: ends then count too often, and it does not go on so. It can be sampled and "
            "judged; to train, begin another run."
        )
