"""`seqgan adversarial`: both players, from a run into a child run."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
import tyro

from seqgan.cli.options import (
    SettingsFlags,
    Switch,
    flag_value,
    parse,
    preset_settings,
    refuse_together,
    settings_of,
    with_config_file,
)
from seqgan.cli.pretrain import describe
from seqgan.config import (
    AdversarialConfig,
    DiscriminatorConfig,
    RunConfig,
    algorithm_defaults,
    check_resumable,
    read_settings,
)
from seqgan.errors import ConfigError, RunError
from seqgan.files import TEMPORARY_SUFFIX


class AdversarialFlags(SettingsFlags, frozen=True, kw_only=True):
    """What `seqgan adversarial` takes."""

    run: Annotated[str | None, tyro.conf.arg(metavar="DIR")] = None
    """The run to start from; by default the newest pretrained one under runs/."""
    name: Annotated[str | None, tyro.conf.arg(metavar="NAME")] = None
    """Name of the child run, a folder in the run's; by default the algorithm's."""
    resume: Switch = False
    """Go on where the child run was interrupted, with the settings it was begun with."""
    overwrite: Switch = False
    """Replace a child run that is there."""
    discriminator: DiscriminatorConfig = DiscriminatorConfig()
    adversarial: AdversarialConfig = AdversarialConfig()


def main(arguments: Sequence[str]) -> None:
    """Parse, train, say what came of it."""
    algo = chosen_algorithm(arguments)
    base = RunConfig()
    if "-h" not in arguments and "--help" not in arguments:
        base = starting_settings(arguments, algo)
    base = msgspec.structs.replace(
        base,
        discriminator=base.discriminator or DiscriminatorConfig(),
        adversarial=base.adversarial or algorithm_defaults(algo),
    )
    base = with_config_file(base, arguments, ("seed", "discriminator", "adversarial"))
    assert base.discriminator is not None
    assert base.adversarial is not None
    default = AdversarialFlags(seed=base.seed, discriminator=base.discriminator, adversarial=base.adversarial)
    flags = parse("adversarial", "Train the generator against a discriminator.", default, arguments)
    refuse_together(flags, "resume", "overwrite")
    train_child(settings_of(flags, base), flags)


def chosen_algorithm(arguments: Sequence[str]) -> str:
    """The algorithm's name, which decides the defaults of the others: from flag, file or preset, or else seqgan."""
    from_flag = flag_value(arguments, "--algo") or flag_value(arguments, "--adversarial.algo")
    from_preset = preset_settings(arguments).get("adversarial", {}).get("algo")
    if from_flag and from_preset and from_flag != from_preset:
        raise ConfigError(
            f"--preset {flag_value(arguments, '--preset')} is of the algorithm {from_preset}, and --algo is "
            f"{from_flag}: give one of them."
        )
    path = flag_value(arguments, "--config")
    if from_flag is None and path is not None:
        section = read_settings(Path(path)).get("adversarial")
        if isinstance(section, dict) and isinstance(section.get("algo"), str):
            return section["algo"]
    return from_flag or from_preset or AdversarialConfig().algo


def starting_settings(arguments: Sequence[str], algo: str) -> RunConfig:
    """The settings of the run to start from, or of the child to go on with."""
    from seqgan.runs.directory import child_runs, newest_run, open_run

    parent = Path(flag_value(arguments, "--run") or newest_run(Path("runs")))
    if "--resume" not in arguments:
        # An adversarial parent's settings of both players are its own, not the defaults of its children.
        return msgspec.structs.replace(open_run(parent).config, discriminator=None, adversarial=None)
    child = parent / check_name(flag_value(arguments, "--name") or algo)
    if not child.exists():
        there = ", ".join(child_runs(parent)) if parent.is_dir() else ""
        raise RunError(
            f"{parent} holds no adversarial run called {child.name} to resume; it holds: {there or 'none'}. "
            "Name one with --algo or --name."
        )
    return open_run(child).config


def check_name(name: str) -> str:
    """The same name, which is that of a folder in the run and of nothing else.

    Raises:
        ConfigError: it leads elsewhere, or is taken by the run's own files.
    """
    taken = {
        "checkpoints",
        "samples",
        "config.yaml",
        "vocabulary.txt",
        "tokenizer.model",
        "metrics.jsonl",
        "report.json",
    }
    of_files = name.endswith((".safetensors", TEMPORARY_SUFFIX))
    if name != Path(name).name or name in ("", ".", "..") or "\0" in name or name in taken or of_files:
        raise ConfigError(f"--name is {name!r}, but it names a folder in the run: give a plain word, such as seqgan-2.")
    return name


def train_child(config: RunConfig, flags: AdversarialFlags) -> None:
    """Train with these settings; the child is made once everything that can be wrong has been looked at."""
    from seqgan.build import (
        build_discriminator,
        build_generator,
        build_text,
        dropped_widths,
        find_algorithm,
    )
    from seqgan.evaluation.evaluate import judge_while_training
    from seqgan.runs.checkpoint import load_weights
    from seqgan.runs.directory import check_new, create_run, newest_run, open_run, write_config
    from seqgan.training.adversarial import train_adversarially
    from seqgan.training.engine import choose_device
    from seqgan.training.players import check_settings

    assert config.adversarial is not None
    assert config.discriminator is not None
    progress = flags.progress
    device = choose_device(flags.device)
    algorithm = find_algorithm(config.adversarial.algo)
    check_settings(config.adversarial, algorithm, per_token=config.discriminator.per_token)
    parent = open_run(flags.run or newest_run(Path("runs")))
    folder = parent.folder / check_name(flags.name or config.adversarial.algo)
    if flags.resume:
        run = open_run(folder)
        check_resumable(run.config, config, str(folder))
    else:
        check_new(folder, flags.overwrite)
    progress.note(f"From {parent.folder} into {folder}.")
    text = build_text(config.data, parent.tokenizer, parent.vocabulary)
    describe(text, progress)
    generator = build_generator(config.generator, text.vocabulary, text.max_length).to(device)
    load_weights(generator, parent.generator_path, text.vocabulary.fingerprint())
    discriminator = build_discriminator(config.discriminator, text.vocabulary, text.max_length, config.seed).to(device)
    dropped = dropped_widths(text.max_length) if config.discriminator.name == "cnn" else []
    if dropped:
        progress.note(f"Filters wider than {text.max_length} tokens are left out: {', '.join(map(str, dropped))}.")
    if flags.resume:
        write_config(run, config)
    else:
        run = create_run(folder, config, text.tokenizer, text.vocabulary, overwrite=flags.overwrite)
    judge = judge_while_training(
        generator, text, config.adversarial.evaluate_samples, config.seed, samples_folder=run.samples_folder
    )
    train_adversarially(
        generator,
        discriminator,
        text,
        algorithm,
        config.adversarial,
        seed=config.seed,
        run=run,
        resume=flags.resume,
        progress=progress,
        judge=judge,
    )
    progress.note(f"Next: seqgan evaluate --run {folder} --compare {parent.folder}")
