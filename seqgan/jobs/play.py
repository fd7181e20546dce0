"""Both players built, the run made, and the training by which one improves the other."""

import shlex
from pathlib import Path

from seqgan.algorithm_settings import build_algorithm
from seqgan.build import build_generator, dropped_widths
from seqgan.data.lines import count
from seqgan.data.model_tokenizer import read_model_tokenizer
from seqgan.data.text import Text
from seqgan.files import gone_on_with, write_file
from seqgan.huggingface import model_folder
from seqgan.interrupt import interruptible
from seqgan.jobs.begin import Way, begun_run
from seqgan.jobs.players import fresh_discriminator, judge_of_rounds
from seqgan.launched import speaks
from seqgan.objectives import FixedGenerator, SelfPlay
from seqgan.progress import Progress
from seqgan.runs.checkpoint import load_state, load_weights
from seqgan.runs.directory import Run, write_config
from seqgan.runs.symbols import read_tokenizer_file
from seqgan.runs.tensorboard import want_events
from seqgan.settings.discriminator import DiscriminatorConfig
from seqgan.settings.run import RunConfig
from seqgan.training.adversarial import train_adversarially, why_over
from seqgan.training.engine import choose_device


def play(
    folder: Path,
    config: RunConfig,
    text: Text,
    way: Way,
    resumed: Run | None,
    *,
    weights: Path | None = None,
    verdict: bool = True,
) -> Run:
    """Build both players, make the run, train.

    Args:
        folder: where the run goes.
        config: all settings, looked at and with what the text decided.
        text: what is real.
        way: how the training is begun or gone on with.
        resumed: the run that is gone on with; None where a new one is begun.
        weights: the generator's to begin with; None where it starts from nothing.
        verdict: whether the command that goes on is to judge at the end.

    Returns:
        The run.

    Raises:
        Interrupted: a signal came, or the time is over; a state is saved.
        SeqganError: weights or states are damaged, the run cannot be made, or training diverged.
    """
    assert config.algorithm is not None
    assert config.adversarial is not None
    assert config.discriminator is not None
    device = choose_device(way.device)
    generator = build_generator(
        config.generator, text.vocabulary, text.max_length, config.seed, text.source_vocabulary
    ).to(device)
    if weights is not None:
        load_weights(generator, weights, text.vocabulary_fingerprint)
    # A run that is gone on with needs no other folder.
    run = None if resumed is None else begun_run(folder, config, text, way, resumed)
    state = (None if run is None else load_state(run.checkpoints_folder, lambda _: None, run.metrics_path)) or {}
    begun, rounds = bool(state), state.get("rounds", 0)
    del state  # which is read again, and may be large
    if run is not None and speaks() and why_over(rounds, config.adversarial) is None:
        write_config(run, config)  # settings by which nothing is done are not the run's
    own = read_tokenizer_file(run.judge_tokenizer_path) if run is not None and config.discriminator.path else None
    discriminator = fresh_discriminator(config, text, own_tokenizer=own, weights=not begun).to(device)
    algorithm = build_algorithm(config.algorithm)
    if not isinstance(algorithm, SelfPlay):  # which has no discriminator, whatever the settings build
        _say_dropped_widths(config.discriminator, text.max_length, way.progress)
    run = run or begun_run(folder, config, text, way, None)
    if config.discriminator.path is not None and speaks():
        _write_judge_tokenizer(config.discriminator, run)
    if way.tensorboard and speaks():
        want_events(run.folder)
    judge = None
    if not isinstance(algorithm, FixedGenerator):  # whose samples would be those of the start at every look
        judge = judge_of_rounds(config, generator, text, run.samples_folder)
    folder = run.folder
    place = ["--run", str(folder)] if weights is None else ["--run", str(folder.parent), "--name", folder.name]
    place += [] if verdict else ["--no-verdict"]
    words = ["seqgan", "adversarial", "--algo", algorithm.name, *place, "--resume", *way.on_device()]
    command = shlex.join(words)
    with interruptible(f"Go on with: {command}", way.minutes) as stop, gone_on_with(command):
        train_adversarially(
            generator,
            discriminator,
            text,
            algorithm,
            config.adversarial,
            seed=config.seed,
            run=run,
            resume=way.resume,
            progress=way.progress,
            judge=judge,
            from_nothing=weights is None,
            stop=stop,
        )
    return run


def _write_judge_tokenizer(config: DiscriminatorConfig, run: Run) -> None:
    """Keep the tokenizer of a pretrained discriminator in the run, which needs no other folder then."""
    assert config.path is not None
    if not run.judge_tokenizer_path.exists():
        write_file(run.judge_tokenizer_path, read_model_tokenizer(model_folder(config.path)).text)


def _say_dropped_widths(config: DiscriminatorConfig, max_length: int, progress: Progress) -> None:
    """Which filters no sentence fills."""
    dropped = dropped_widths(config, max_length)
    if dropped:
        progress.note(f"Filters wider than {count(max_length, 'token')} are left out: {', '.join(map(str, dropped))}.")
