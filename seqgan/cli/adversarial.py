"""`seqgan adversarial`: both players, from a run into a child run, or from a corpus into a run of its own."""

import os
import re
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import tyro

from seqgan.algorithm_settings import algorithm_called, build_algorithm, refuse_other_rounds, with_algorithm
from seqgan.cli.algorithm_flags import asks_for_help, default_flags, with_present_names
from seqgan.cli.options import (
    SettingsFlags,
    Switch,
    flag_value,
    parse,
    preset_settings,
    refuse_together,
    run_or_newest,
    settings_of,
    with_config_file,
    with_positional,
    with_preset,
)
from seqgan.cli.pretrain import describe, for_corpus, on_device, resolved, what_is_read
from seqgan.config import (
    DataConfig,
    DiscriminatorConfig,
    GeneratorConfig,
    RunConfig,
    check_resumable,
)
from seqgan.data.corpus import corpus_name
from seqgan.data.lines import count
from seqgan.errors import ConfigError, RunError, SeqganError
from seqgan.files import TEMPORARY_SUFFIX, gone_on_with
from seqgan.interrupt import interruptible
from seqgan.launched import speaks
from seqgan.presets import PRESETS
from seqgan.progress import SILENT, to_standard_error
from seqgan.settings.adversarial import USUAL_ALGORITHM, AdversarialConfig
from seqgan.settings.before import read_run_settings

if TYPE_CHECKING:
    from seqgan.data.text import Text
    from seqgan.progress import Progress
    from seqgan.runs.directory import Run

PLAYERS = ("seed", "discriminator", "algorithm", "adversarial")
"""What the command decides of a child of a pretrained run."""
EVERYTHING = (*PLAYERS, "data", "generator")
"""And of a run that starts from nothing."""
ABOUT_HELP = "Settings that are seldom changed are not shown: --help-all has all that the algorithm of --algo uses."


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
    arguments = with_present_names(arguments, algo, SILENT if "--quiet" in arguments else to_standard_error())
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
    from seqgan.runs.directory import open_run

    folder = flag_value(arguments, "--run")
    if folder is None or "--resume" not in arguments or not (Path(folder) / "config.yaml").is_file():
        return False
    child = Path(folder) / check_name(flag_value(arguments, "--name") or algo, new=False)
    return not child.exists() and open_run(folder).is_adversarial


def refuse_child(run: "Run") -> None:
    """That a run which is gone on with by its own folder started from nothing, and is no child of the run around it.

    Raises:
        ConfigError: it is one; names the command that goes on with it.
    """
    from seqgan.runs.directory import is_run

    folder = Path(os.path.normpath(run.folder))
    parent = folder.parent if folder.name else Path(os.path.abspath(folder)).parent
    if run.config.algorithm is None or not is_run(parent):
        return
    place = ["--run", str(parent), "--name", Path(os.path.abspath(folder)).name]
    command = shlex.join(["seqgan", "adversarial", "--algo", run.config.algorithm["name"], *place, "--resume"])
    raise ConfigError(f"{folder} is a child of the run {parent}, whose generator it began with: go on with {command}")


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
    from seqgan.runs.lock import locked
    from seqgan.training.engine import choose_device
    from seqgan.training.processes import joined

    config = settings_of(flags, base)
    parent = run_or_newest(flags.run, flags.progress, pretrained=True)
    folder = parent / check_name(flags.name or flags.algo, new=not flags.resume)
    with joined(choose_device(flags.device)), locked(folder):
        train_child(config, flags)


def start_from_nothing(arguments: Sequence[str], algo: str) -> None:
    """The command with `--corpus`: no generator is given, and the run is one of its own."""
    kinds = chosen_kinds(arguments, ["generator", "discriminator"])
    base = with_algorithm(RunConfig(discriminator=DiscriminatorConfig()), algo, EVERYTHING, kinds)
    if "--resume" in arguments:
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
    from seqgan.runs.lock import locked
    from seqgan.training.engine import choose_device
    from seqgan.training.processes import joined

    config = settings_of(flags, base)
    folder = own_folder(arguments, algo)
    with joined(choose_device(flags.device)), locked(folder):
        train_own(folder, config, flags)


def own_folder(arguments: Sequence[str], algo: str) -> Path:
    """Where a run goes that starts from nothing and is given no folder."""
    corpus = flag_value(arguments, "--corpus") or flag_value(arguments, "--data.corpus") or ""
    return Path(flag_value(arguments, "--run") or Path("runs") / f"{corpus_name(corpus)}-{algo}")


def chosen_algorithm(arguments: Sequence[str]) -> str:
    """The algorithm's name, which decides the defaults of the others: from flag, file or preset, or else seqgan."""
    from_flag = flag_value(arguments, "--algo") or flag_value(arguments, "--adversarial.algo")
    from_preset = preset_settings(arguments).get("algorithm", {}).get("name")
    if from_flag and from_preset and from_flag != from_preset:
        raise ConfigError(
            f"--preset {flag_value(arguments, '--preset')} is of the algorithm {from_preset}, and --algo is "
            f"{from_flag}: give one of them."
        )
    path = flag_value(arguments, "--config")
    if from_flag is None and path is not None:
        section = read_run_settings(Path(path)).get("algorithm")
        if isinstance(section, dict) and isinstance(section.get("name"), str):
            return section["name"]
    return from_flag or from_preset or USUAL_ALGORITHM


def chosen_kinds(arguments: Sequence[str], players: Sequence[str]) -> dict[str, tuple[str, Sequence[str]]]:
    """The kinds of players that flag, file or preset ask for, which decide whether the algorithm's sizes are theirs,
    with what it says of them all the same."""
    path = flag_value(arguments, "--config")
    kinds = {}
    for settings in (preset_settings(arguments), {} if path is None else read_run_settings(Path(path))):
        for player in players:
            section = settings.get(player)
            if isinstance(section, dict) and isinstance(section.get("name"), str):
                kinds[player] = section["name"]
    for player in players:
        kind = flag_value(arguments, f"--{player}.name") or flag_value(arguments, f"--{player}")
        if kind is not None:
            kinds[player] = kind
    if not kinds:
        return {}
    from seqgan.model_settings import with_common_settings

    return with_common_settings(kinds)


def starting_settings(arguments: Sequence[str], algo: str) -> RunConfig:
    """The settings of the run to start from, or of the child to go on with."""
    from seqgan.runs.directory import child_runs, open_run

    try:
        parent = run_or_newest(flag_value(arguments, "--run"), pretrained=True)
    except RunError as error:
        if "generator" not in algorithm_called(algo).defaults:
            raise
        raise RunError(f"{error} Or start {algo} from nothing, with --corpus FILE.") from error
    if "--resume" not in arguments:
        # An adversarial parent's settings of both players are its own, not the defaults of its children.
        return msgspec.structs.replace(open_run(parent).config, discriminator=None, algorithm=None, adversarial=None)
    child = parent / check_name(flag_value(arguments, "--name") or algo, new=False)
    if not child.exists():
        there = ", ".join(child_runs(parent)) if parent.is_dir() else ""
        raise RunError(
            f"{parent} holds no adversarial run called {child.name} to resume; it holds: {there or 'none'}. "
            "Name one with --algo or --name; a run that started from nothing is resumed with its --corpus."
        )
    return open_run(child).config


def check_name(name: str, *, new: bool = True) -> str:
    """The same name, which is that of a folder in the run and of nothing else.

    Args:
        name: of the child run.
        new: whether it is to be made; those that are there may have names that earlier versions took.

    Raises:
        ConfigError: it leads elsewhere, or is taken by the run's own files.
    """
    from seqgan.runs.directory import OWN_NAMES

    of_files = name.endswith((".safetensors", TEMPORARY_SUFFIX))
    if name != Path(name).name or name in ("", ".", "..") or "\0" in name or name in OWN_NAMES or of_files:
        raise ConfigError(f"--name is {name!r}, but it names a folder in the run: give a plain word, such as seqgan-2.")
    if new and not re.fullmatch(r"\w[\w.+=,@-]{0,99}", name):
        raise ConfigError(
            f"--name is {name!r}, but it is to be a plain word that a command line takes as it is: letters, digits and "
            "_.+=,@-, a letter or digit first, 100 characters at most."
        )
    return name


def train_child(config: RunConfig, flags: FromRunFlags) -> None:
    """Train with these settings; the child is made once everything that can be wrong has been looked at."""
    from seqgan.build import build_text, chosen_as_trained, named_players
    from seqgan.build_pretrained import with_discriminator_files, with_located_models
    from seqgan.runs.directory import Run, check_new, create_run, open_run
    from seqgan.runs.moved import check_there, moved_to
    from seqgan.training.adversarial import check_reads_sources
    from seqgan.training.processes import leave

    parent = open_run(run_or_newest(flags.run, pretrained=True))
    if flags.corpus is not None:
        config = msgspec.structs.replace(config, data=moved_to(config.data, flags.corpus))
        parent.config = msgspec.structs.replace(parent.config, data=moved_to(parent.config.data, flags.corpus))
    conditional = parent.source_vocabulary is not None
    assert config.algorithm is not None
    check_reads_sources(build_algorithm(config.algorithm), conditional=conditional)
    config = with_located_models(named_players(config, conditional=conditional))
    config = config if flags.resume else chosen_as_trained(config)
    check_players(config, flags, conditional=conditional, resumed=flags.resume)
    folder = parent.folder / check_name(flags.name or flags.algo, new=not flags.resume)
    if flags.resume:
        run = open_run(folder)
        check_resumable(run.config, config, str(folder))
        refuse_other_rounds(run.config, config, str(folder))
    elif speaks():
        check_new(folder, flags.overwrite, what_is_read(config, flags.config))
    flags.progress.note(f"From {parent.folder} into {folder}.")
    if flags.preset is not None and {"data", "generator"} & PRESETS[flags.preset].keys():
        flags.progress.note(f"Text and generator are those of {parent.folder}; of the preset, both players' settings.")
    check_there(parent.folder, config.data)
    text = build_text(config.data, *parent.symbols, progress=flags.progress)
    describe(text, flags.progress)

    assert config.discriminator is not None
    if not flags.resume:
        files = with_discriminator_files(config.discriminator)
        config = msgspec.structs.replace(config, discriminator=files)

    def make_run() -> "Run":
        if not speaks():
            return Run(folder, config, *text.symbols)
        if flags.resume:
            return run
        return create_run(folder, config, *text.symbols, overwrite=flags.overwrite)

    train(config, flags, text, make_run, weights=parent.generator_path)
    leave()  # one process is enough for the rest
    if not flags.no_verdict and speaks():
        verdict_after_training(folder, parent, flags)
    flags.progress.note(f"Next: seqgan evaluate --run {folder} --compare {parent.folder}")


def verdict_after_training(folder: Path, parent: "Run", flags: FromRunFlags) -> None:
    """Say whether the phase helped, from fewer samples than `seqgan evaluate` takes. The training stands anyway."""
    from seqgan.jobs.compare import QUICK_SETS, QUICK_TEMPERATURES, Comparison, compare_runs
    from seqgan.runs.directory import open_run

    run = open_run(folder)
    assert run.config.adversarial is not None
    settings = Comparison(
        sentences=run.config.adversarial.evaluate_samples,
        temperatures=QUICK_TEMPERATURES,
        sets=QUICK_SETS,
        seed=run.config.seed,
        device=flags.device,
    )
    try:
        compared = compare_runs(run, parent, settings, flags.progress)
        compared.write(flags.progress)
    except SeqganError as error:
        flags.progress.note(f"No verdict: {error}")
        return
    for line in compared.lines():
        flags.progress.note(line)


def train_own(folder: Path, config: RunConfig, flags: OwnFlags) -> None:
    """Train from nothing; the run is made once everything that can be wrong has been looked at."""
    from seqgan.build import as_read, build_text, chosen_as_trained, named_players
    from seqgan.model_settings import generator_kind
    from seqgan.objectives import Relaxed
    from seqgan.runs.directory import Run, check_new, create_run, open_run
    from seqgan.runs.moved import check_there

    config = named_players(config, conditional=config.data.source is not None)
    config = config if flags.resume else chosen_as_trained(config)
    algo, resumed = flags.algo, flags.resume
    check_players(config, flags, conditional=config.data.source is not None, resumed=resumed, from_nothing=True)
    if generator_kind(config.generator).pretrained:
        raise ConfigError(
            f"--generator {config.generator.name} does not start from nothing: run seqgan pretrain with it, then "
            f"seqgan adversarial --algo {algo}."
        )
    assert config.algorithm is not None
    if not isinstance(build_algorithm(config.algorithm), Relaxed):
        if flags.resume:
            raise ConfigError(
                f"{folder} began with the generator of a pretrained run, and no run is in the folder that holds it: "
                f"move it back into the folder of that run, and go on with seqgan adversarial --algo {algo} --run "
                f"PRETRAINED --name {Path(os.path.abspath(folder)).name} --resume."
            )
        raise ConfigError(
            f"{algo} improves a generator that was pretrained, and --corpus starts from nothing: run seqgan pretrain "
            f"--corpus {config.data.corpus}, then seqgan adversarial --algo {algo}."
        )
    config = msgspec.structs.replace(config, data=resolved(config))
    if flags.resume:
        run = open_run(folder)
        check_resumable(run.config, config, str(folder))
        refuse_other_rounds(run.config, config, str(folder))
        check_there(folder, config.data)
        text = build_text(config.data, *run.symbols, progress=flags.progress)
    else:
        if speaks():
            check_new(folder, flags.overwrite, what_is_read(config, flags.config))
        config = msgspec.structs.replace(config, data=msgspec.structs.replace(config.data, fingerprint=""))
        flags.progress.note(f"Reading {config.data.corpus} ...")
        text = build_text(config.data, progress=flags.progress)
    describe(text, flags.progress)
    if text.source_vocabulary is not None:
        check_players(config, flags, conditional=True, resumed=resumed)
    config = msgspec.structs.replace(config, data=as_read(config.data, text))

    def make_run() -> "Run":
        if not speaks():
            return Run(folder, config, *text.symbols)
        if flags.resume:
            return run
        return create_run(folder, config, *text.symbols, overwrite=flags.overwrite)

    train(config, flags, text, make_run)
    if not flags.no_verdict:
        flags.progress.note("No verdict: a run that starts from nothing has no maximum likelihood to be compared with.")
    flags.progress.note(f"Next: seqgan evaluate --run {folder}, or seqgan sample --run {folder}")


def check_players(
    config: RunConfig, flags: SettingsFlags, *, conditional: bool, resumed: bool = False, from_nothing: bool = False
) -> None:
    """That the players' settings go together and the device is there; asked before anything is read.

    A run that is gone on with may have settings that do nothing, which earlier versions let it begin with; and the
    generator's are those of another run, unless it starts from nothing.

    Raises:
        ConfigError: they do not, and why.
    """
    from seqgan.discriminators import usual_discriminator
    from seqgan.model_settings import discriminator_kind, generator_kind
    from seqgan.objectives import Relaxed, SelfPlay
    from seqgan.reached import check_reached
    from seqgan.runs.tensorboard import check_installed
    from seqgan.training.adversarial import check_settings
    from seqgan.training.engine import choose_device

    assert config.algorithm is not None
    assert config.adversarial is not None
    assert config.discriminator is not None
    choose_device(flags.device)
    if flags.tensorboard:
        check_installed()
    algorithm = build_algorithm(config.algorithm)
    usual = DiscriminatorConfig()
    own = msgspec.structs.replace(config.discriminator, name=None)
    of_nobody = (None, *(usual_discriminator(conditional=pairs) for pairs in (False, True)))
    judged = config.discriminator.name not in of_nobody or own != usual
    if isinstance(algorithm, SelfPlay) and judged and not resumed:
        raise ConfigError(
            f"{algorithm.name} has no discriminator, and its kind or sizes are given: leave --discriminator "
            "and its settings out."
        )
    for player in () if resumed else ("discriminator", "generator") if from_nothing else ("discriminator",):
        check_reached(player, config, flags.preset)
    if not discriminator_kind(config.discriminator).distributions and isinstance(algorithm, Relaxed):
        raise ConfigError(
            f"--discriminator {config.discriminator.name} reads texts, and {algorithm.name} shows it "
            "distributions over tokens: choose an algorithm on sampled text, or another discriminator."
        )
    check_settings(
        config.adversarial,
        algorithm,
        per_token=config.discriminator.per_token,
        per_view=config.discriminator.per_view,
        steps=not generator_kind(config.generator).at_once,
        drawn=config.generator.drawn,
        state_noise=config.generator.state_noise,
        greedy=config.generator.greedy,
        conditional=conditional,
        resumed=resumed,
    )


def train(
    config: RunConfig, flags: ChildFlags, text: "Text", make_run: Callable[[], "Run"], weights: Path | None = None
) -> None:
    """Build both players, make the run, train."""
    from seqgan.build import build_discriminator, build_generator
    from seqgan.evaluation.evaluate import judge_while_training
    from seqgan.evaluation.pairs import judge_answers_while_training
    from seqgan.objectives import SelfPlay
    from seqgan.runs.checkpoint import load_state, load_weights
    from seqgan.runs.directory import write_config
    from seqgan.runs.symbols import read_tokenizer_file
    from seqgan.runs.tensorboard import want_events
    from seqgan.training.adversarial import train_adversarially, why_over
    from seqgan.training.engine import choose_device

    assert config.algorithm is not None
    assert config.adversarial is not None
    assert config.discriminator is not None
    device = choose_device(flags.device)
    generator = build_generator(
        config.generator, text.vocabulary, text.max_length, config.seed, text.source_vocabulary
    ).to(device)
    if weights is not None:
        load_weights(generator, weights, text.vocabulary_fingerprint)
    # A run that is gone on with needs no other folder.
    run = make_run() if flags.resume else None
    state = (None if run is None else load_state(run.checkpoints_folder, lambda _: None, run.metrics_path)) or {}
    begun, rounds = bool(state), state.get("rounds", 0)
    del state  # which is read again, and may be large
    if run is not None and speaks() and why_over(rounds, config.adversarial) is None:
        write_config(run, config)  # settings by which nothing is done are not the run's
    own = read_tokenizer_file(run.judge_tokenizer_path) if run is not None and config.discriminator.path else None
    discriminator = build_discriminator(
        config.discriminator,
        text.vocabulary,
        text.max_length,
        config.seed,
        text.source_vocabulary,
        text.max_source_length,
        config.data.turn_separator,
        tokenizers=(text.tokenizer, text.source_tokenizer),
        own_tokenizer=own,
        weights=not begun,
    ).to(device)
    algorithm = build_algorithm(config.algorithm)
    if not isinstance(algorithm, SelfPlay):  # which has no discriminator, whatever the settings build
        say_dropped_widths(config.discriminator, text.max_length, flags.progress)
    run = run or make_run()
    if config.discriminator.path is not None and speaks():
        write_judge_tokenizer(config.discriminator, run)
    if flags.tensorboard and speaks():
        want_events(run.folder)
    watch = judge_while_training if text.source_vocabulary is None else judge_answers_while_training
    judge = watch(generator, text, config.adversarial.evaluate_samples, config.seed, samples_folder=run.samples_folder)
    folder = run.folder
    place = ["--run", str(folder)] if weights is None else ["--run", str(folder.parent), "--name", folder.name]
    place += ["--no-verdict"] if flags.no_verdict else []
    words = ["seqgan", "adversarial", "--algo", algorithm.name, *place, "--resume", *on_device(flags)]
    command = shlex.join(words)
    with interruptible(f"Go on with: {command}") as stop, gone_on_with(command):
        train_adversarially(
            generator,
            discriminator,
            text,
            algorithm,
            config.adversarial,
            seed=config.seed,
            run=run,
            resume=flags.resume,
            progress=flags.progress,
            judge=judge,
            from_nothing=weights is None,
            stop=stop,
        )


def write_judge_tokenizer(config: DiscriminatorConfig, run: "Run") -> None:
    """Keep the tokenizer of a pretrained discriminator in the run, which needs no other folder then."""
    from seqgan.data.pretrained import read_pretrained
    from seqgan.files import write_file
    from seqgan.pretrained import model_folder

    assert config.path is not None
    if not run.judge_tokenizer_path.exists():
        write_file(run.judge_tokenizer_path, read_pretrained(model_folder(config.path)).text)


def say_dropped_widths(config: DiscriminatorConfig, max_length: int, progress: "Progress") -> None:
    """Which filters no sentence fills."""
    from seqgan.build import dropped_widths

    dropped = dropped_widths(config, max_length)
    if dropped:
        progress.note(f"Filters wider than {count(max_length, 'token')} are left out: {', '.join(map(str, dropped))}.")
