"""`seqgan plan`: hours and memory of a training before it begins, from a few real steps of it."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
import tyro
from msgspec import Meta

from seqgan.algorithm_settings import build_algorithm, with_algorithm
from seqgan.cli.adversarial import EVERYTHING, PLAYERS
from seqgan.cli.algorithm_flags import ABOUT_HELP, chosen_algorithm, default_flags, with_present_names
from seqgan.cli.options import SettingsFlags, check_flags, parse, settings_of, with_config_file, with_positional
from seqgan.cli.pretrain import for_corpus
from seqgan.settings.adversarial import USUAL_ALGORITHM, AdversarialConfig
from seqgan.settings.data import DataConfig
from seqgan.settings.discriminator import DiscriminatorConfig
from seqgan.settings.generator import GeneratorConfig
from seqgan.settings.pretrain import PretrainConfig
from seqgan.settings.run import RunConfig, without_players


class PlanFlags(SettingsFlags, frozen=True, kw_only=True):
    """What `seqgan plan` takes."""

    run: Annotated[str | None, tyro.conf.arg(metavar="DIR")] = None
    """A pretrained run: plan the adversarial training from it. Without it both trainings are planned."""
    hours: Annotated[float, Meta(ge=0), tyro.conf.arg(metavar="H")] = 0.0
    """Time that there is: say how many epochs or rounds fit; 0 does not ask."""
    data: DataConfig = DataConfig()
    generator: GeneratorConfig = GeneratorConfig()
    pretrain: PretrainConfig = PretrainConfig()
    discriminator: DiscriminatorConfig = DiscriminatorConfig()
    algo: Annotated[str, tyro.conf.arg(metavar="NAME")] = USUAL_ALGORITHM
    """The algorithm of the adversarial training."""
    adversarial: AdversarialConfig = AdversarialConfig()


def main(arguments: Sequence[str]) -> None:
    """Parse, time, answer with a table."""
    arguments = with_positional(arguments, "--corpus")
    from seqgan.cli.options import flag_value

    sections: tuple[str, ...] = (*EVERYTHING, "pretrain")
    base = RunConfig(discriminator=DiscriminatorConfig())
    folder = flag_value(arguments, "--run")
    if folder is not None:
        from seqgan.runs.directory import open_run

        base = without_players(open_run(folder).config)
        sections = PLAYERS
    algo = chosen_algorithm(arguments)
    arguments = with_present_names(arguments, algo)
    base = with_algorithm(base, algo, sections)
    base = with_config_file(base, arguments, sections)
    if folder is None:  # beside a run, --corpus says where its text is now
        base = msgspec.structs.replace(base, data=for_corpus(base.data, arguments))
    assert base.discriminator is not None
    assert base.algorithm is not None
    assert base.adversarial is not None
    default = PlanFlags(
        seed=base.seed,
        algo=base.algorithm["name"],
        data=base.data,
        generator=base.generator,
        pretrain=base.pretrain,
        discriminator=base.discriminator,
        adversarial=base.adversarial,
    )
    default = default_flags(default, build_algorithm(base.algorithm), arguments)
    about = (
        "Hours and memory of a training, from a few real steps; takes the settings of pretrain and adversarial. "
        f"{ABOUT_HELP}"
    )
    flags = check_flags(parse("plan", about, default, arguments))
    plan(settings_of(flags, base), flags)


def plan(config: RunConfig, flags: PlanFlags) -> None:
    """Build everything as the training commands do, time it, print the table."""
    from seqgan.build import (
        build_discriminator,
        build_generator,
        build_text,
        chosen_as_trained,
        named_players,
    )
    from seqgan.build_huggingface import with_discriminator_files, with_generator_files, with_own_tokenizer
    from seqgan.decoding.states import stepping
    from seqgan.evaluation.evaluate import judge_while_training
    from seqgan.evaluation.pairs import judge_answers_while_training
    from seqgan.jobs.begin import resolved
    from seqgan.jobs.check import check_players
    from seqgan.model_settings import generator_kind
    from seqgan.objectives import Relaxed
    from seqgan.runs.checkpoint import load_weights
    from seqgan.runs.directory import open_run
    from seqgan.runs.moved import moved_to
    from seqgan.training.engine import choose_device
    from seqgan.training.planning import fitting, peak_bytes, plan_adversarial, plan_pretraining

    device = choose_device(flags.device)
    run = open_run(flags.run) if flags.run is not None else None
    conditional = config.data.source is not None if run is None else run.source_vocabulary is not None
    config = chosen_as_trained(named_players(config, conditional=conditional))
    check_players(
        config,
        conditional=conditional,
        device=flags.device,
        tensorboard=flags.tensorboard,
        preset=flags.preset,
        from_nothing=run is None,
    )
    judging, playing = config.discriminator, config.adversarial
    assert judging is not None
    assert playing is not None
    assert config.algorithm is not None
    algorithm = build_algorithm(config.algorithm)
    if run is None:
        config = with_own_tokenizer(config)
        config = msgspec.structs.replace(config, generator=with_generator_files(config.generator))
    judging = with_discriminator_files(judging)
    if run is None:
        text = build_text(resolved(config), progress=flags.progress)
    else:
        text = build_text(moved_to(run.config.data, config.data.corpus), *run.symbols, progress=flags.progress)
    generator = build_generator(
        config.generator, text.vocabulary, text.max_length, config.seed, text.source_vocabulary, weights=run is None
    ).to(device)
    if run is not None:
        load_weights(generator, run.generator_path, text.vocabulary_fingerprint)
    discriminator = build_discriminator(
        judging,
        text.vocabulary,
        text.max_length,
        config.seed,
        text.source_vocabulary,
        text.max_source_length,
        config.data.turn_separator,
        tokenizers=(text.tokenizer, text.source_tokenizer),
        weights=True,
    ).to(device)

    trainings = []
    # Algorithms on relaxed samples start from nothing, or from a run.
    if run is None and not generator_kind(config.generator).at_once and not isinstance(algorithm, Relaxed):
        trainings.append(
            plan_pretraining(stepping(generator), text, config.pretrain, seed=config.seed, progress=flags.progress)
        )
        flags.progress.note("The adversarial training is timed with a generator of some updates: --run DIR is surer.")
    watch = judge_while_training if text.source_vocabulary is None else judge_answers_while_training
    judge = watch(generator, text, playing.evaluate_samples, config.seed)
    trainings.append(
        plan_adversarial(
            generator, discriminator, text, algorithm, playing, judge, seed=config.seed, progress=flags.progress
        )
    )
    print(f"{'part':<26} {'seconds each':>13} {'at most':>8} {'hours':>8}")
    for phase in (phase for training in trainings for phase in training):
        print(f"{phase.name:<26} {phase.seconds:>13.3f} {phase.turns:>8,} {phase.hours:>8.2f}")
    print(f"{'together':<26} {'':>13} {'':>8} {sum(p.hours for training in trainings for p in training):>8.2f}")
    peak = peak_bytes(device)
    print(f"memory at its peak: {'not told by this system' if peak is None else f'{peak / 2**30:.2f} GiB'}")
    if flags.hours:
        for training in trainings:
            what = "--epochs" if len(training) == 1 else "--rounds"
            turns = fitting(training, flags.hours)
            fits = f"{what} {turns}" if turns else f"not one of {what}"
            print(f"in {flags.hours:g} {'hour' if flags.hours == 1 else 'hours'}: {fits}")
