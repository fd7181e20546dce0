"""`seqgan adversarial`: both players, from a run into a child run, or from a corpus into a run of its own."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
import tyro

from seqgan.algorithm_settings import algorithm_called, build_algorithm, with_algorithm
from seqgan.cli.algorithm_flags import (
    ABOUT_HELP,
    asks_for_help,
    chosen_algorithm,
    chosen_kinds,
    default_flags,
    with_present_names,
)
from seqgan.cli.options import (
    SettingsFlags,
    Switch,
    flag_value,
    parse,
    refuse_together,
    run_or_newest,
    settings_of,
    way_of,
    with_config_file,
    with_positional,
    with_preset,
)
from seqgan.cli.pretrain import for_corpus
from seqgan.data.corpus import corpus_name
from seqgan.errors import ConfigError, RunError
from seqgan.settings.adversarial import USUAL_ALGORITHM, AdversarialConfig
from seqgan.settings.data import DataConfig
from seqgan.settings.discriminator import DiscriminatorConfig
from seqgan.settings.generator import GeneratorConfig
from seqgan.settings.run import RunConfig

PLAYERS = ("seed", "discriminator", "algorithm", "adversarial")
"""What the command decides of a child of a pretrained run."""
EVERYTHING = (*PLAYERS, "data", "generator")
"""And of a run that starts from nothing."""


class ChildFlags(SettingsFlags, frozen=True, kw_only=True):
    """What `seqgan adversarial` takes for a child of a pretrained run."""

    run: Annotated[str | None, tyro.conf.arg(metavar="DIR")] = None
    """The run to start from; by default the newest pretrained one under runs/. With --corpus, the run to make."""
    name: Annotated[str | None, tyro.conf.arg(metavar="NAME")] = None
    """Name of the child run, a folder in the run's; by default the algorithm's."""
    resume: Switch = False
    """Go on where the child run was interrupted, with the settings it was begun with."""
    overwrite: Switch = False
    """Replace a child run that is there."""
    no_verdict: Switch = False
    """Leave out the comparison with the run it started from, over temperatures, at the end."""
    algo: Annotated[str, tyro.conf.arg(metavar="NAME")] = USUAL_ALGORITHM
    """The algorithm: seqgan, maligan, bgan, bgan-DIVERGENCE, reverse-kl, ... Its name decides the other defaults."""
    discriminator: DiscriminatorConfig = DiscriminatorConfig()
    adversarial: AdversarialConfig = AdversarialConfig()


class FromRunFlags(ChildFlags, frozen=True, kw_only=True):
    """And for one whose text may have been moved."""

    corpus: Annotated[str | None, tyro.conf.arg(metavar="NAME|FILE|FOLDER")] = None
    """Where the text of the run is now, if it was moved: the run that --run names is pretrained."""


class OwnFlags(ChildFlags, frozen=True, kw_only=True):
    """What it takes for a run that starts from nothing."""

    data: DataConfig = DataConfig()
    generator: GeneratorConfig = GeneratorConfig()


def main(arguments: Sequence[str]) -> None:
    """Parse, train, say what came of it."""
    arguments = with_positional(arguments, "--run")
    algo = chosen_algorithm(arguments)
    corpus = flag_value(arguments, "--corpus") or flag_value(arguments, "--data.corpus")
    if (corpus and not names_pretrained_run(arguments)) or resumes_own_run(arguments, algo):
        start_from_nothing(arguments, algo)
    else:
        go_on_from_a_run(arguments, algo)


def names_pretrained_run(arguments: Sequence[str]) -> bool:
    """Whether `--run` is a run to start from, so that `--corpus` beside it says where its text is now."""
    from seqgan.runs.directory import is_run, open_run

    folder = flag_value(arguments, "--run")
    return folder is not None and is_run(Path(folder)) and not open_run(folder).is_adversarial


def resumes_own_run(arguments: Sequence[str], algo: str) -> bool:
    """Whether `--resume --run DIR` means a run that started from nothing, and not a child in that folder."""
    from seqgan.jobs.children import check_name
    from seqgan.runs.directory import open_run

    folder = flag_value(arguments, "--run")
    if folder is None or "--resume" not in arguments or not (Path(folder) / "config.yaml").is_file():
        return False
    child = Path(folder) / check_name(flag_value(arguments, "--name") or algo, new=False)
    return not child.exists() and open_run(folder).is_adversarial


def go_on_from_a_run(arguments: Sequence[str], algo: str) -> None:
    """The command without `--corpus`: a child of a run."""
    base = RunConfig() if asks_for_help(arguments) else starting_settings(arguments, algo)
    if base.adversarial is None or base.algorithm is None:
        base = with_algorithm(base, algo, ("discriminator", "adversarial"), chosen_kinds(arguments, ["discriminator"]))
    base = msgspec.structs.replace(base, discriminator=base.discriminator or DiscriminatorConfig())
    base = with_config_file(base, arguments, PLAYERS)
    assert base.discriminator is not None
    assert base.algorithm is not None
    assert base.adversarial is not None
    arguments = with_present_names(arguments, base.algorithm["name"])
    default = FromRunFlags(
        seed=base.seed, algo=base.algorithm["name"], discriminator=base.discriminator, adversarial=base.adversarial
    )
    default = default_flags(default, build_algorithm(base.algorithm), arguments)
    about = (
        "Train the generator of a run against a discriminator. With --corpus, start from nothing: see "
        "seqgan adversarial --algo wgan-gp --corpus FILE --help."
    )
    flags = parse("adversarial", f"{about} {ABOUT_HELP}", default, arguments)
    refuse_together(flags, "resume", "overwrite")
    refuse_together(flags, "resume", "preset")
    from seqgan.jobs.adversarial import train_from_run

    config = settings_of(flags, base)
    parent = run_or_newest(flags.run, flags.progress, pretrained=True)
    trained = train_from_run(config, parent, name=flags.name, corpus=flags.corpus, **beside_settings(flags))
    for line in [] if trained.compared is None else trained.compared.lines():
        flags.progress.note(line)
    flags.progress.note(f"Next: seqgan evaluate --run {trained.run.folder} --compare {parent}")


def start_from_nothing(arguments: Sequence[str], algo: str) -> None:
    """The command with `--corpus`: no generator is given, and the run is one of its own."""
    kinds = chosen_kinds(arguments, ["generator", "discriminator"])
    base = with_algorithm(RunConfig(discriminator=DiscriminatorConfig()), algo, EVERYTHING, kinds)
    if "--resume" in arguments:
        from seqgan.jobs.children import refuse_child
        from seqgan.runs.directory import open_run
        from seqgan.runs.moved import moved_to

        run = open_run(own_folder(arguments, algo))
        refuse_child(run)
        base = run.config
        corpus = flag_value(arguments, "--corpus") or flag_value(arguments, "--data.corpus") or base.data.corpus
        base = msgspec.structs.replace(base, data=moved_to(base.data, corpus))
    length = with_preset(base, arguments, EVERYTHING).data.max_length  # the algorithm's, and no other text's
    base = with_config_file(base, arguments, EVERYTHING)
    if "--resume" not in arguments:
        base = msgspec.structs.replace(base, data=for_corpus(base.data, arguments, length))
    assert base.discriminator is not None
    assert base.algorithm is not None
    assert base.adversarial is not None
    arguments = with_present_names(arguments, base.algorithm["name"])
    default = OwnFlags(
        seed=base.seed,
        algo=base.algorithm["name"],
        discriminator=base.discriminator,
        adversarial=base.adversarial,
        data=base.data,
        generator=base.generator,
    )
    default = default_flags(default, build_algorithm(base.algorithm), arguments)
    about = f"Train both players on a corpus, from nothing. {ABOUT_HELP}"
    flags = parse("adversarial", about, default, arguments)
    refuse_together(flags, "resume", "overwrite")
    refuse_together(flags, "resume", "preset")
    if flags.name is not None:
        raise ConfigError("--name is of a child of a pretrained run; with --corpus the run's folder is --run.")
    from seqgan.jobs.adversarial import train_from_nothing

    config = settings_of(flags, base)
    folder = train_from_nothing(config, own_folder(arguments, algo), **beside_settings(flags)).run.folder
    if not flags.no_verdict:
        flags.progress.note("No verdict: a run that starts from nothing has no maximum likelihood to be compared with.")
    flags.progress.note(f"Next: seqgan evaluate --run {folder}, or seqgan sample --run {folder}")


def beside_settings(flags: ChildFlags) -> dict[str, Any]:
    """What the job is told beside the settings and the folders."""
    return {**way_of(flags), "verdict": not flags.no_verdict}


def own_folder(arguments: Sequence[str], algo: str) -> Path:
    """Where a run goes that starts from nothing and is given no folder."""
    corpus = flag_value(arguments, "--corpus") or flag_value(arguments, "--data.corpus") or ""
    return Path(flag_value(arguments, "--run") or Path("runs") / f"{corpus_name(corpus)}-{algo}")


def starting_settings(arguments: Sequence[str], algo: str) -> RunConfig:
    """The settings of the run to start from, or of the child to go on with."""
    from seqgan.jobs.children import child_to_resume
    from seqgan.runs.directory import open_run

    try:
        parent = run_or_newest(flag_value(arguments, "--run"), pretrained=True)
    except RunError as error:
        if "generator" not in algorithm_called(algo).defaults:
            raise
        raise RunError(f"{error} Or start {algo} from nothing, with --corpus FILE.") from error
    if "--resume" not in arguments:
        # An adversarial parent's settings of both players are its own, not the defaults of its children.
        return msgspec.structs.replace(open_run(parent).config, discriminator=None, algorithm=None, adversarial=None)
    return child_to_resume(parent, flag_value(arguments, "--name") or algo).config
