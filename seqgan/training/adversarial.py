"""The two players. One loop for all algorithms: what differs between them is in the algorithm's record.

1. The discriminator is trained alone, to an accuracy or for a number of updates.
2. In each round the generator is updated by policy gradient on its own samples, then the discriminator on pools of
   real and freshly generated sentences; every few rounds the generator is judged on held-out text.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch

from seqgan.data.lines import count
from seqgan.data.text import Text
from seqgan.decoding.states import stepping
from seqgan.discriminators.protocol import Discriminator
from seqgan.errors import ConfigError, TrainingError
from seqgan.generators.protocol import GeneratorModule
from seqgan.interrupt import Stop
from seqgan.objectives.algorithm import Algorithm, FixedGenerator, Relaxed, Sampled, SelfPlay, check_record
from seqgan.progress import SILENT, Shown, progress_of
from seqgan.runs.checkpoint import (
    delete_unfinished,
    fit_moments,
    load_state,
    restoring,
    save_state,
    save_weights,
)
from seqgan.runs.directory import Run
from seqgan.runs.health import circumstances_of
from seqgan.runs.metric_log import MetricLog, OnLog
from seqgan.runs.thinning import is_logged, is_shown, thin_samples
from seqgan.settings.adversarial import AdversarialConfig
from seqgan.settings.run import whole
from seqgan.tensors.dropout import drawing
from seqgan.training.doctor import Doctor
from seqgan.training.engine import device_of, seeded
from seqgan.training.fitting import check_players, check_reward
from seqgan.training.fixed_generator import FixedGeneratorPlayers, check_fixed, check_held_out
from seqgan.training.keeping import Keeper
from seqgan.training.log_odds import check_log_odds, few_weights
from seqgan.training.players import Players, check_processes
from seqgan.training.pretrain import Judge, check_same_text
from seqgan.training.processes import by_first, check_alike, is_first, take_over
from seqgan.training.recovery import Recovery, check_on_collapse
from seqgan.training.relaxed import RelaxedPlayers, check_relaxed
from seqgan.training.rewards import OwnReward
from seqgan.training.sampled import SampledPlayers, check_sampled
from seqgan.training.self_play import SelfPlayPlayers
from seqgan.training.used import check_used, refuse_unread
from seqgan.training.warmed_up import headroom_of_warm_up, said_of_warm_up

OnRound = Callable[[int, dict[str, float]], None]
"""What is given the number of a round that was played, and its values by name."""


class Trained(NamedTuple):
    """What came of an adversarial training."""

    rounds: int
    """Rounds that were played, those of a run that was gone on with among them."""
    log: list[dict[str, Any]]
    """The lines of the log: their phase, their step, and the values by name."""


def train_adversarially(
    generator: GeneratorModule,
    discriminator: Discriminator,
    text: Text,
    algorithm: Algorithm,
    config: AdversarialConfig | None = None,
    *,
    seed: int = 0,
    run: Run | None = None,
    resume: bool = False,
    progress: Shown = None,
    judge: Judge | None = None,
    reward: OwnReward | None = None,
    from_nothing: bool = False,
    stop: Stop | None = None,
    on_log: OnLog | None = None,
    on_round: OnRound | None = None,
    **settings: Any,
) -> Trained:
    """Train both players in place, on the device where they are.

    Args:
        generator: pretrained.
        discriminator: fresh; its warm-up is the first phase.
        text: what is real, from `encode_corpus`.
        algorithm: a record, of `seqgan.objectives.ALGORITHMS` or one's own.
        config: how, in every setting, as `shared_settings` gives it; without it the algorithm's own defaults, and what
            `settings` say.
        seed: of everything that is drawn.
        run: where weights, log and training states are written; nowhere without it.
        resume: go on from the run's last training state. Gives what the uninterrupted training gives.
        progress: where to report: False for nowhere; by default on a terminal and in a notebook.
        judge: what to log every `evaluate_every` rounds, and before the first; see `judge_while_training`. Of several
            processes the first one asks it, while the others wait.
        reward: of completed sequences, mixed with the discriminator's, of which `adversarial.discriminator_share` is
            left; by default BLEU against the reference. For algorithms on sampled text.
        from_nothing: the generator was not pretrained: how it begins is no measure of its health.
        stop: whether to leave, asked after each pool of the warm-up and each round; see `interruptible`.
        on_log: is given each line of the log, when it is written.
        on_round: is given the number of each round and its values by name, also of rounds that are not logged.
        settings: of `AdversarialConfig`, by name, such as ``rounds=50``, over the algorithm's defaults: what the
            command has as ``--adversarial.rounds 50``.

    Returns:
        Rounds and log. Of several processes the others than the first have an empty log.

    Raises:
        ConfigError: settings that do not go together.
        CheckpointError: the run's training states are damaged, or belong to another text.
        Interrupted: `stop` said so; a state is saved.
        PlayerError: a player or the reward lacks a method, or gives something else than it should; seen on a few
            sentences first.
        TrainingError: training diverged, or it collapsed and was to stop then.
    """
    check_record(algorithm)
    for name in settings:
        if name in algorithm.settings.__struct_fields__:
            raise ConfigError(
                f"{name} is a setting of {algorithm.name} itself: train {algorithm.name}.with_settings({name}=...)."
            )
    usual = algorithm.defaults.get("adversarial", {})
    config = whole("adversarial", config, settings, usual, of=f"the defaults of {algorithm.name}")
    assert config is not None
    refuse_unread(config, algorithm, resumed=resume)
    check_on_collapse(config)
    if isinstance(algorithm, Sampled) and not resume:
        check_log_odds(config, algorithm)
    if isinstance(algorithm, FixedGenerator) and not resume:
        check_held_out(text, algorithm)
    check_players(generator, discriminator, text, algorithm, config)
    device = device_of(generator)
    progress = progress_of(progress) if is_first() else SILENT
    check_alike("The text", text.corpus.fingerprint() + text.vocabulary_fingerprint)
    take_over(generator, discriminator)
    with seeded(seed, device) as rng, drawing(config.draws):
        players = make_players(generator, discriminator, text, algorithm, config, rng, reward)
        if reward is not None:
            check_reward(reward, text, config, device)
        doctor = Doctor(progress.note, circumstances_of(config, algorithm, from_nothing=from_nothing))
        state = (
            load_state(run.checkpoints_folder, progress.note, run.metrics_path) if run is not None and resume else None
        )
        if run is not None and resume and is_first():
            delete_unfinished(run.folder)
        begun = [(state or {}).get(name) for name in ("warmup_steps", "rounds", "judged")]
        check_alike("The training state", str(begun))
        if run is not None and state is not None:
            with restoring(run.checkpoints_folder):
                check_same_text(state, text)
                players.restore(state)
                for optimizer in (players.generator_optimizer, players.discriminator_optimizer):
                    fit_moments(optimizer)
                doctor.restore(state.get("doctor"))
                state["log_size"] = int(state["log_size"])
            over = why_over(players.rounds, config) or players.why_finished
            progress.note(over or f"Going on after {players.done}.")
        few = few_weights(config, algorithm) if isinstance(algorithm, Sampled) and state is None else None
        if few is not None:
            progress.note(few)
        log = MetricLog(run.metrics_path if run is not None and is_first() else None, progress.note, state, on_log)
        recovery = Recovery(config, players, doctor, run, log, progress)

        def write_weights() -> None:
            if run is not None:
                vocabulary = text.vocabulary_fingerprint
                save_weights(generator, run.generator_path, vocabulary)
                with players.as_kept():
                    save_weights(discriminator, run.discriminator_path, vocabulary)

        def step() -> int:
            return players.warmup_steps + players.rounds + players.judged

        def write() -> None:
            """Save all that a resumed run needs, and the weights that other commands read."""
            if run is None:
                return
            now = players.state()  # asks all processes for their random numbers

            def write_files() -> None:
                write_weights()
                complete = {**now, **log.state(), "doctor": doctor.state()}
                save_state(run.checkpoints_folder, step(), complete, spare=recovery.spared(step()))
                thin_samples(run.samples_folder, players.rounds, config.evaluate_every)

            by_first(write_files)

        def rest(*, save: bool, judged: bool = False) -> None:
            if judged:
                recovery.remember(step())
            keeper.rest(players.done, save=save)

        def judged_at(rounds: int) -> dict[str, float]:
            """What the judge says, to all processes."""
            return {} if judge is None else by_first(lambda: judge(rounds))

        keeper = Keeper(write, stop or Stop())
        if state is not None:
            by_first(write_weights)  # the state alone decides: these may be newer, or damaged
        else:
            write()  # so that even the first state after this has one before it, should it be damaged

        with progress.bar("Discriminator alone: pools", config.warmup_steps, players.warmup_steps) as advance:
            while not players.warmed_up:
                values = players.warm_up_discriminator()
                if players.warmed_up:
                    gain = by_first(lambda: headroom_of_warm_up(players, algorithm))
                    doctor.hear(log.log("warmup", players.warmup_steps, {**values, **(gain or {})}))
                    if gain:
                        progress.note(said_of_warm_up(gain, None if run is None else run.folder))
                elif players.warmup_steps % players.pools_between_looks == 0:
                    log.log("warmup", players.warmup_steps, values, shown=False)
                advance(1)
                often = players.warmup_steps % players.warmup_checkpoint_steps == 0
                rest(save=often and not players.warmed_up)
        if players.rounds == 0 and not players.judged:
            if judge is not None:
                doctor.hear(log.log("adversarial", 0, judged_at(0)))
            players.judged = True
            rest(save=True, judged=True)

        begun_at = players.rounds
        recovery.after_round(write)  # where it was stopped by a collapse, and resumed
        with progress.bar("Adversarial training: rounds", config.rounds, players.rounds) as advance:
            while why_over(players.rounds, config) is None and players.why_finished is None:
                try:
                    values = players.play_round()
                except TrainingError as error:
                    if config.on_collapse != "restore" or recovery.best_step is None:
                        raise  # without saving anything: half of a round is done
                    recovery.treat(str(error), write)
                    continue
                last = players.rounds == config.rounds or players.why_finished is not None
                judged = players.rounds % config.evaluate_every == 0 or last
                if judged:
                    values |= judged_at(players.rounds)
                if judged or is_logged(players.rounds):
                    shown = judged and is_shown(players.rounds, config.rounds, config.evaluate_every)
                    doctor.hear(log.log("adversarial", players.rounds, values, shown=shown))
                if on_round is not None and is_first():
                    on_round(players.rounds, dict(values))
                advance(1)
                rest(save=judged, judged=judged)
                recovery.after_round(write)
        if players.why_finished is not None and players.rounds > begun_at:
            progress.note(players.why_finished)
        players.keep()
        return Trained(players.rounds, log.lines)


def why_over(rounds: int, config: AdversarialConfig) -> str | None:
    """Why there is nothing left to do after so many rounds, and which flag goes on; None where there is."""
    if rounds < config.rounds:
        return None
    made = f"{count(rounds, 'round')} {'was' if rounds == 1 else 'were'} made"
    return f"Nothing to do: {made}, and --rounds is {config.rounds}. To go on: --rounds N with N above {rounds}."


def make_players(
    generator: GeneratorModule,
    discriminator: Discriminator,
    text: Text,
    algorithm: Algorithm,
    config: AdversarialConfig,
    rng: torch.Generator,
    reward: OwnReward | None = None,
) -> Players:
    """The players of an algorithm: the one place that asks which kind it is.

    Raises:
        ConfigError: settings that do not go together.
    """
    if isinstance(algorithm, Sampled):
        return SampledPlayers(stepping(generator), discriminator, text, algorithm, config, rng, reward)
    if reward is not None:
        raise ConfigError(
            "A reward is given, but an algorithm on relaxed samples has none: choose one on sampled text."
        )
    if isinstance(algorithm, SelfPlay):
        return SelfPlayPlayers(stepping(generator), discriminator, text, algorithm, config, rng)
    if isinstance(algorithm, FixedGenerator):
        return FixedGeneratorPlayers(stepping(generator), discriminator, text, algorithm, config, rng)
    return RelaxedPlayers(generator, discriminator, text, algorithm, config, rng)


def check_settings(
    config: AdversarialConfig,
    algorithm: Algorithm,
    *,
    per_token: bool = False,
    per_view: bool = False,
    steps: bool = True,
    drawn: bool = False,
    state_noise: float = 0.0,
    greedy: bool = False,
    conditional: bool = False,
    resumed: bool = False,
) -> None:
    """That settings go together; asked before a run is made.

    Args:
        config: of both players.
        algorithm: the record.
        per_token: whether the discriminator has a logit for each prefix.
        per_view: whether it has one for each view.
        steps: whether the generator makes a token at a time, and not all positions at once.
        drawn: of one that makes all at once, whether its tokens are drawn when it samples.
        state_noise: of the generator's first state.
        greedy: whether its samples are of the likeliest tokens given that noise.
        conditional: whether sentences have sources.
        resumed: whether the run was begun before, where what does nothing in self-play may be given, and what bends
            log-odds.

    Raises:
        ConfigError: says which do not, and why.
    """
    check_on_collapse(config)
    for name in ("optimizer", "warmup_optimizer"):
        if getattr(config, name) not in ("adam", "rmsprop", *([None] if name == "warmup_optimizer" else [])):
            raise ConfigError(f"adversarial.{name} is {getattr(config, name)!r}: choose adam or rmsprop.")
    check_used(config, algorithm, resumed=resumed)
    check_processes(config)
    check_reads_sources(algorithm, conditional=conditional)
    if isinstance(algorithm, Relaxed):
        about = {"steps": steps, "drawn": drawn, "per_token": per_token, "per_view": per_view}
        check_relaxed(config, algorithm, state_noise=state_noise, **about)
        if greedy and algorithm.gumbel and not resumed:
            raise ConfigError(
                f"generator.greedy samples the likeliest tokens, and {algorithm.name} trains on drawn ones, which are "
                "others: leave it off."
            )
        return
    if per_view:
        raise ConfigError(
            f"discriminator.per_view has several logits a sentence, and a reward is one number: leave it off for "
            f"{algorithm.name}."
        )
    if not steps:
        raise ConfigError(
            f"{algorithm.name} completes and scores sentences token by token, and this generator makes all positions "
            "at once: use it with wgan-gp, or choose another generator."
        )
    if state_noise:
        raise ConfigError(
            f"generator.state_noise is of algorithms that learn through relaxed samples, and {algorithm.name} scores "
            "its samples under a state without noise: leave it at 0."
        )
    if isinstance(algorithm, FixedGenerator):
        check_fixed(config, algorithm)
    if isinstance(algorithm, Sampled):
        check_sampled(config, algorithm, per_token=per_token, other=conditional)
        if not resumed:
            check_log_odds(config, algorithm)


def check_reads_sources(algorithm: Algorithm, *, conditional: bool) -> None:
    """That an algorithm can do something with sources, where there are some.

    Raises:
        ConfigError: not.
    """
    if conditional and isinstance(algorithm, Relaxed):
        raise ConfigError(
            f"{algorithm.name} makes text from noise and reads no sources: for pairs use dialogue, csgan-nmt or "
            "another algorithm on sampled text."
        )
