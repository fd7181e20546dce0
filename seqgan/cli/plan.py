"""`seqgan plan`: hours and memory of a training before it begins, from a few real steps of it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

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

if TYPE_CHECKING:
    from seqgan.jobs.plan import Plan


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

    from seqgan.jobs.plan import plan_training

    plan = plan_training(
        settings_of(flags, base),
        flags.run,
        tensorboard=flags.tensorboard,
        device=flags.device,
        preset=flags.preset,
        progress=flags.progress,
    )
    print("\n".join(lines_of(plan, flags.hours)))


def lines_of(plan: "Plan", hours: float) -> list[str]:
    """The table, and below it the memory and what fits.

    Args:
        plan: what was measured.
        hours: the time that there is; 0 where it was not asked for.
    """
    lines = [f"{'part':<26} {'seconds each':>13} {'at most':>8} {'hours':>8}"]
    for phase in (phase for training in plan.trainings for phase in training):
        lines.append(f"{phase.name:<26} {phase.seconds:>13.3f} {phase.turns:>8,} {phase.hours:>8.2f}")
    lines.append(f"{'together':<26} {'':>13} {'':>8} {plan.hours:>8.2f}")
    peak = plan.peak_bytes
    lines.append(f"memory at its peak: {'not told by this system' if peak is None else f'{peak / 2**30:.2f} GiB'}")
    for what, turns in plan.fitting(hours) if hours else ():
        fits = f"--{what} {turns}" if turns else f"not one of --{what}"
        lines.append(f"in {hours:g} {'hour' if hours == 1 else 'hours'}: {fits}")
    return lines
