"""Players whose generator learns through what the discriminator reads: distributions in place of ids."""

import math
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from seqgan.data.batches import Batch, draw_batch, take
from seqgan.data.text import Text
from seqgan.decoding.relaxed import RelaxedSamples, relaxed_sample, teacher_helped_sample
from seqgan.decoding.states import makes_all_at_once, stepping
from seqgan.discriminators.protocol import Discriminator
from seqgan.errors import ConfigError
from seqgan.generators.protocol import GeneratorModule
from seqgan.objectives import diagnostics
from seqgan.objectives.algorithm import Relaxed
from seqgan.objectives.wgan_gp import clamp_
from seqgan.settings.adversarial import AdversarialConfig
from seqgan.training.optimizers import check_output_layer, update
from seqgan.training.players import Players, refuse_own_places
from seqgan.training.processes import own_part, summed
from seqgan.training.rewards import is_per_token


def check_relaxed(
    config: AdversarialConfig,
    algorithm: Relaxed,
    *,
    steps: bool,
    drawn: bool = False,
    state_noise: float = 0.0,
    per_token: bool = False,
    per_view: bool = False,
) -> None:
    """That the settings go together; asked before a run is made.

    Args:
        config: of both players.
        algorithm: the record.
        steps: whether the generator makes a token at a time, and not all positions at once.
        drawn: of one that makes all at once, whether its tokens are drawn when it samples.
        state_noise: of the generator's first state.
        per_token: whether the discriminator has a logit for each prefix.
        per_view: whether it has one for each view.

    Raises:
        ConfigError: says which do not, and why.
    """
    if per_token:
        raise ConfigError(
            f"discriminator.per_token has a logit for each prefix, and {algorithm.name} needs one a sentence: leave it "
            "off."
        )
    if per_view and algorithm.bounds_slope:
        raise ConfigError(
            f"discriminator.per_view has several logits a sentence, and {algorithm.name} bounds the slope of one: "
            "leave it off."
        )
    for name in ("teacher_helping", "teacher_forcing_steps"):
        if getattr(config, name) and not steps:
            raise ConfigError(
                f"adversarial.{name} has the generator read real tokens, and this one makes all positions at once: "
                "leave it out, or use --generator gru."
            )
    if algorithm.needs_clamp and config.weight_clamp is None:
        raise ConfigError(
            f"{algorithm.name} bounds its critic by adversarial.weight_clamp alone, and it is not set: set it, such "
            "as to 0.01."
        )
    if config.teacher_helping:
        refuse_own_places(config, "adversarial.teacher_helping")
    if not steps and drawn != algorithm.gumbel:
        trained, sampled = ("drawn", "likeliest") if algorithm.gumbel else ("likeliest", "drawn")
        raise ConfigError(
            f"{algorithm.name} trains on {trained} tokens, and this generator's samples are the {sampled} ones "
            f"(generator.drawn is {'on' if drawn else 'off'}; runs made before have it off): this run can be sampled "
            "and judged, but not be gone on with. Begin another."
        )
    if steps and not algorithm.gumbel and not state_noise:
        raise ConfigError(
            f"{algorithm.name} has no noise on tokens, and this generator none in its first state: all its samples "
            "would be alike. Start from nothing (--corpus) with --generator residual-conv, or with --generator gru and "
            "--generator.state-noise 10."
        )
    if config.variable_length and not config.curriculum_rounds:
        raise ConfigError(
            "adversarial.variable_length draws lengths up to the curriculum's: set adversarial.curriculum_rounds, 1 to "
            "be at full length soon."
        )


class RelaxedPlayers(Players):
    """Arguments as of `Players`, and the algorithm's record."""

    discriminator_first = True  # without a warm-up, or at a new length, its gradient would mean nothing

    def __init__(
        self,
        generator: GeneratorModule,
        discriminator: Discriminator,
        text: Text,
        algorithm: Relaxed,
        config: AdversarialConfig,
        rng: torch.Generator,
    ):
        noise = getattr(generator, "state_noise", 0.0)
        check_relaxed(
            config,
            algorithm,
            steps=not makes_all_at_once(generator),
            drawn=getattr(generator, "drawn", False),
            state_noise=noise,
            per_token=is_per_token(discriminator),
            per_view=getattr(discriminator, "per_view", False),
        )
        check_output_layer(config, discriminator)
        super().__init__(generator, discriminator, text, config, rng)
        self.algorithm = algorithm
        # Where padding is text, what follows a sentence is real as well: end symbols up to the full length.
        self.real = self.real.widened(self.max_length, generator.end, ends=algorithm.ends)

    @property
    def length(self) -> int:
        """Tokens that sentences have in this round: one more from stage to stage of a curriculum."""
        every = self.config.curriculum_rounds
        return min(self.max_length, 1 + self.rounds // every) if every else self.max_length

    @property
    def temperature(self) -> float:
        """That of relaxed samples in this round."""
        rounds = self.algorithm.annealing_rounds
        return self.algorithm.temperature(min(1.0, self.rounds / rounds) if rounds else min(1.0, self.progress))

    def update_generator(self) -> dict[str, float]:
        """One step against the discriminator as it is, whose weights gather no gradients."""
        length = self._batch_length()
        part = own_part(self.config.batch_size)
        share = part.share(part.size, self.config.batch_size)
        real, mask = self._real(self.config.batch_size, length)
        self.discriminator.eval()
        self.discriminator.requires_grad_(False)
        try:
            fake = self._fake(self.config.batch_size, length)
            with torch.no_grad():
                real_logits = self.discriminator(real, mask)
            fake_logits = self.discriminator(fake.probs, fake.mask)
            loss = share * self.algorithm.generator_loss(real_logits, fake_logits)
            skips = self.skips["generator"]
            value = update(self.generator, self.generator_optimizer, loss, self.config.clip_norm, skips)
        finally:
            self.discriminator.requires_grad_(True)
        fake_logits = fake_logits.detach()
        tokens = int(fake.mask.sum())
        all_tokens, entropy, accuracy, gap = summed(
            tokens,
            tokens * diagnostics.relaxed_entropy(fake.probs.detach(), fake.mask).item(),
            share * _told_apart(real_logits, fake_logits),
            share * diagnostics.logit_gap(real_logits, fake_logits).item(),
        )
        return {
            "generator/loss": value,
            "generator/entropy": entropy / all_tokens,
            "generator/length": all_tokens / self.config.batch_size,
            "generator/temperature": self.temperature,
            "discriminator/accuracy": accuracy,
            "discriminator/logit_gap": gap,
        }

    def train_discriminator(
        self,
        pool: int,
        epochs: int,
        *,
        warming_up: bool = False,
        left: int = 1,  # noqa: ARG002 (each update has samples of its own)
    ) -> dict[str, float]:
        """As many updates as a pool has batches, each of fresh samples and of real sentences; their mean loss."""
        total = 0.0
        updates = epochs * math.ceil(pool / self.discriminator_batch)
        part = own_part(self.discriminator_batch)
        share = part.share(part.size, self.discriminator_batch)
        for _ in range(updates):
            length = self._batch_length()
            real, real_mask = self._real(self.discriminator_batch, length)
            with torch.no_grad():
                fake = self._fake(self.discriminator_batch, length)
            self.discriminator.train()
            loss = share * self.algorithm.discriminator_loss(
                self.discriminator, real, fake.probs, real_mask, fake.mask, self.own_rng
            )
            total += self.update_discriminator(loss)
            if self.config.weight_clamp is not None:
                clamp_(self.discriminator.parameters(), self.config.weight_clamp)
        values = {"discriminator/loss": total / updates}
        if warming_up:  # in a round the generator's turn tells these
            self.discriminator.eval()
            with torch.no_grad():
                logits = self.discriminator(real, real_mask), self.discriminator(fake.probs, fake.mask)
            values["discriminator/accuracy"], values["discriminator/logit_gap"] = summed(
                share * _told_apart(*logits), share * diagnostics.logit_gap(*logits).item()
            )
        return values

    def _batch_length(self) -> int:
        """The length of a batch, drawn up to the present one where it varies."""
        # With teacher helping a batch shows prefixes of all lengths anyway. Drawn among those up to a length that is
        # drawn itself, long ones would be rare: at 32 tokens the whole sequence once in 1,024 times and not in 32.
        if not self.config.variable_length or self.config.teacher_helping:
            return self.length
        return int(torch.randint(1, self.length + 1, (), generator=self.rng, device=self.rng.device))

    def _real(self, count: int, length: int) -> tuple[Tensor, Tensor]:
        """Of `count` beginnings of real sentences a process's part: one-hot vectors [B, length, V], and their mask."""
        if self.config.teacher_helping:
            tokens, last = self._real_places(count, length)
            mask = torch.arange(length, device=last.device) <= last.unsqueeze(1)
        else:
            tokens, mask = self._real_tokens(count, length)
        own = own_part(count).rows
        tokens, mask = tokens[own], mask[own]
        return functional.one_hot(tokens, self.generator.vocabulary_size).float(), mask

    def _real_tokens(self, count: int, length: int) -> tuple[Tensor, Tensor]:
        return self._up_to(length, draw_batch(self.real, count, self.rng))

    def _up_to(self, length: int, drawn: Batch) -> tuple[Tensor, Tensor]:
        """The beginnings of sentences, and which of their positions are real. [B, length], [B, length]"""
        missing = max(0, length - drawn.tokens.shape[1])  # a batch is cut to its longest
        tokens = functional.pad(drawn.tokens, (0, missing), value=self.generator.end or 0)
        return tokens[:, :length], functional.pad(drawn.mask, (0, missing))[:, :length]

    def _real_places(self, count: int, length: int) -> tuple[Tensor, Tensor]:
        """Beginnings of real sentences, and the last position that is shown of each. [count, length], [count]

        All positions up to `length` are as likely, and where a sentence has ended there, another is drawn. Drawn from
        each sentence's own positions, a beginning would count the less the longer its sentence goes on, and the
        discriminator would take ends for real.
        """
        rows: list[Tensor] = []
        places: list[Tensor] = []
        while sum(map(len, rows)) < count:
            drawn = torch.randint(self.real.sentences, (count,), generator=self.rng, device=self.rng.device)
            last = torch.randint(length, (count,), generator=self.rng, device=self.rng.device)
            there = last < self.real.lengths(drawn).to(last.device)
            rows.append(drawn[there])
            places.append(last[there])
        chosen = take(self.real, torch.cat(rows)[:count])
        return self._up_to(length, chosen)[0], torch.cat(places)[:count]

    def _fake(self, count: int, length: int) -> RelaxedSamples:
        """Of `count` relaxed samples a process's part, with a graph where gradients are on."""
        relaxation: dict[str, Any] = {
            "rng": self.own_rng,
            "temperature": self.temperature,
            "gumbel": self.algorithm.gumbel,
            "hard": self.algorithm.hard,
            "state_noise": getattr(self.generator, "state_noise", 0.0),
        }
        if self.config.teacher_helping:
            (tokens, positions), own = self._real_places(count, length), own_part(count).rows
            return teacher_helped_sample(stepping(self.generator), tokens[own], positions[own], **relaxation)
        return relaxed_sample(
            self.generator,
            own_part(count).size,
            length,
            feed_tokens=self.algorithm.feed_tokens,
            ends=self.algorithm.ends,
            **relaxation,
        )


def _told_apart(real_logits: Tensor, fake_logits: Tensor) -> float:
    """Share of pairs whose real sequence has the higher logit: a critic's logits have no threshold of their own."""
    return (real_logits > fake_logits).float().mean().item()
