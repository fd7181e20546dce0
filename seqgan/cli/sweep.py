"""`seqgan sweep`: a search for good settings, by workers that share it, and what came of it."""

import os
import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import tyro

from seqgan.cli.options import CommonFlags, Switch, check_flags, parse, refuse_together
from seqgan.data.lines import count
from seqgan.errors import ConfigError, RunError, SeqganError
from seqgan.progress import Progress
from seqgan.settings.adversarial import USUAL_ALGORITHM, AdversarialConfig
from seqgan.settings.check import check
from seqgan.settings.data import DataConfig
from seqgan.settings.generator import GeneratorConfig
from seqgan.settings.run import RunConfig, with_settings, without_players
from seqgan.settings.types import Positive

if TYPE_CHECKING:
    from optuna import Study

    from seqgan.sweeps.file import SweepFile
    from seqgan.sweeps.record import Tested, TrialRecord
    from seqgan.sweeps.space import Dimension
    from seqgan.sweeps.trial import Runner


class SweepFlags(CommonFlags, frozen=True, kw_only=True):
    """What `seqgan sweep` takes."""

    file: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="FILE.yaml|FILE.toml")] = ""
    """What is searched: command, config, space, objective, trials, seeds and more; see scripts/guides/sweeps.md."""
    folder: Annotated[str | None, tyro.conf.arg(metavar="DIR")] = None
    """The sweep's folder; by default sweeps/ and the file's name. A sweep that was begun there goes on."""
    workers: Annotated[Positive | None, tyro.conf.arg(metavar="N")] = None
    """Trials at a time, in place of the file's."""
    worker: Switch = False
    """Be one worker, here, until no trial is left to begin; start as many as you like, on any host."""
    detach: Switch = False
    """Start the workers and leave them to themselves."""
    retry: Switch = False
    """Replace trials that failed by others."""
    report: Switch = False
    """Train nothing; say what came of the trials so far, and write the page."""


def main(arguments: Sequence[str]) -> None:
    """Parse, check everything, search, compare."""
    about = (
        "Search settings: trials are trained by several workers at once, each with several seeds, and compared. The "
        "same command goes on with a sweep that was interrupted."
    )
    flags = check_flags(parse("sweep", about, SweepFlags(), arguments))
    for first, second in (("worker", "detach"), ("worker", "report"), ("detach", "report"), ("retry", "report")):
        refuse_together(flags, first, second)
    if not flags.file:
        raise ConfigError(
            "seqgan sweep needs a file that says what is searched: seqgan sweep FILE.yaml; scripts/guides/sweeps.md "
            "says what is in it."
        )

    from seqgan.files import WINDOWS

    if WINDOWS and not flags.report:
        raise ConfigError(
            "seqgan sweep hands locks on from a worker to its trainings, which Windows cannot: run it on Linux, macOS "
            "or within WSL. --report works here, too."
        )

    from seqgan.sweeps.file import KEPT_NAME, begun_sweep, check_installed, keep, read_sweep_file
    from seqgan.sweeps.space import OF_COMMAND, grid, read_space

    check_installed()
    folder = Path(flags.folder or Path("sweeps") / Path(flags.file).stem).resolve()
    if flags.report and not (folder / KEPT_NAME).exists():
        raise RunError(f"{folder} holds no sweep: begin it with seqgan sweep {flags.file}, or name it with --folder.")
    sweep = begun_sweep(Path(flags.file), folder) if flags.report else read_sweep_file(Path(flags.file))
    if flags.workers is not None:
        sweep = msgspec.structs.replace(sweep, workers=flags.workers)
    sections = OF_COMMAND["from nothing" if sweep.command == "adversarial" and sweep.run is None else sweep.command]
    space = read_space(sweep.space, sections, flags.file)
    if sweep.sampler == "grid":
        grid(space, flags.file)
    if flags.report:
        show(folder, sweep, space, flags)
        return
    # A worker that others of its kind are at work beside need not look again.
    if not flags.worker or not (folder / KEPT_NAME).exists():
        check_space(sweep, space, flags)
    search(folder, sweep, space, flags, lambda: keep(sweep, folder, Path(flags.file)))


def search(
    folder: Path, sweep: "SweepFile", space: "Sequence[Dimension]", flags: SweepFlags, keep: Callable[[], None]
) -> None:
    """Be a worker, or start some and see to them."""
    from seqgan.sweeps.storage import claim_in_turn, forgive, open_study
    from seqgan.sweeps.trial import copy_given_run, refuse_rules_of_before
    from seqgan.sweeps.workers import alive, forget, start_workers, stop, wait_for, work

    progress = flags.progress
    refuse_rules_of_before(folder)
    keep()
    with claim_in_turn(folder, "begin"):
        copy_given_run(sweep, folder)
    study = open_study(folder, sweep)
    if flags.retry:
        progress.note(f"Replaced by others: {count(forgive(folder, study), 'failed trial')}.")
    if flags.worker:
        work(folder, sweep, space, device=flags.device, note=progress.note)
        return
    at_work = alive(folder)
    missing = max(0, sweep.workers - len(at_work)) if unfinished(folder, sweep, space, study) else 0
    jobs = start_workers(folder, sweep, missing, device=flags.device)
    already = f", {len(at_work)} at work already" if at_work else ""
    progress.note(f"{count(missing, 'worker')} on {sweep.cluster}{already}; their logs are in {folder / 'jobs'}.")
    if flags.detach:
        forget(jobs)
        progress.note(f"To see what came of it: {command_again(flags, '--report')}")
        return
    try:
        wait_for(folder, jobs, teller(study, sweep, progress.note))
    except KeyboardInterrupt:
        progress.note("Ending the workers ...")
        stop(folder, jobs)
        progress.note(f"Go on with: {command_again(flags)}")
        raise
    finally:
        forget(jobs)
    conclude(folder, sweep, space, study, flags)


def command_again(flags: SweepFlags, *more: str) -> str:
    """What goes on with the same sweep, in the same folder, on the same device."""
    usual = SweepFlags()
    given = [
        part
        for name in ("folder", "workers", "device")
        if getattr(flags, name) != getattr(usual, name)
        for part in (f"--{name}", str(getattr(flags, name)))
    ]
    return shlex.join(["seqgan", "sweep", flags.file, *given, *more])


def unfinished(folder: Path, sweep: "SweepFile", space: "Sequence[Dimension]", study: "Study") -> bool:
    """Whether there is anything left for a worker to do."""
    from seqgan.sweeps.results import collect

    record = collect(folder, sweep, space, study, folder.name)
    return bool(record.left) or any(trial.state in ("running", "interrupted") for trial in record.trials)


def teller(study: "Study", sweep: "SweepFile", note: Callable[[str], None]) -> Callable[[], None]:
    """What says which trials came to an end since it was last asked; of those before it says nothing."""
    known = {trial.number for trial in study.get_trials(deepcopy=False) if trial.state.is_finished()}

    def look() -> None:
        for trial in study.get_trials(deepcopy=False):
            if trial.number in known or not trial.state.is_finished():
                continue
            known.add(trial.number)
            values = zip(sweep.objectives, trial.values or [], strict=False)
            came = ", ".join(f"{name} {value:.4f}" for name, value in values)
            reason = trial.user_attrs.get("reason", "")
            note(f"Trial {trial.number} {trial.state.name.lower()}: {reason or came}")

    return look


def conclude(folder: Path, sweep: "SweepFile", space: "Sequence[Dimension]", study: "Study", flags: SweepFlags) -> None:
    """Judge the best on test text, once all trials came to an end, and show everything.

    Raises:
        RunError: no trial came to its end, or none was begun.
    """
    from seqgan.sweeps.results import collect, write
    from seqgan.sweeps.trial import in_a_process

    record = collect(folder, sweep, space, study, folder.name)
    write(record, folder)
    failed = [trial for trial in record.trials if trial.state == "failed"]
    if failed and not record.best:
        raise RunError(
            f"{count(len(failed), 'trial')} failed and none came to its end. The first one: {failed[0].reason} Mend "
            f"it, then call {command_again(flags, '--retry')}; its logs are in {folder / 'logs'}."
        )
    if record.left and not record.trials:
        raise RunError(
            f"The workers ended before a trial was begun: their logs are in {folder / 'jobs'}. Mend what the last "
            f"lines there say, then call {command_again(flags)}"
        )
    if any(trial.state == "interrupted" for trial in record.trials) or record.left:
        flags.progress.note(
            f"Not all is done, and no worker is left: see {folder / 'jobs'}, then go on with: {command_again(flags)}"
        )
    else:
        known = {test.trial for test in record.test}
        tests = list(record.test)
        for trial in record.trials:
            if trial.number in record.best and trial.number not in known:
                flags.progress.note(f"Judging trial {trial.number} on test text.")
                tests.append(test_best(folder, trial, flags, in_a_process))
        write(msgspec.structs.replace(record, test=tests), folder)
    show(folder, sweep, space, flags)


def test_best(folder: Path, trial: "TrialRecord", flags: SweepFlags, runner: "Runner") -> "Tested":
    """Have all runs of a trial evaluated as `seqgan evaluate` does, which keeps the tables in the runs."""
    from seqgan.reporting.read import read_evaluation
    from seqgan.runs.directory import open_run
    from seqgan.runs.load import load_text
    from seqgan.sweeps.results import figures_of, judged_weights
    from seqgan.sweeps.storage import claim_in_turn
    from seqgan.sweeps.trial import Process

    reports = []
    runs = [open_run(folder / path) for path in trial.runs.values()]
    config = runs[0].config.adversarial
    count = AdversarialConfig().evaluate_samples if config is None else config.evaluate_samples
    with claim_in_turn(folder, "test") as keep:
        for run in runs:
            log = folder / "logs" / f"test-{run.folder.name}.log"
            what = ["evaluate", "--run", str(run.folder), "--count", str(count), "--table-only", "--quiet"]
            if runner(Process([*what, "--device", flags.device], log, keep), lambda: False):
                raise RunError(f"{run.folder} could not be evaluated: see {log}.")
            evaluation = read_evaluation(run.report_path)
            assert evaluation is not None
            reports.append(evaluation.report)
    split = "test" if load_text(runs[0]).corpus.test else "valid"
    figures = figures_of(trial, [report.to_json() for report in reports], split, count)
    weights = judged_weights({seed: folder / path for seed, path in trial.runs.items()})
    return msgspec.structs.replace(figures, weights=weights)


def show(folder: Path, sweep: "SweepFile", space: "Sequence[Dimension]", flags: SweepFlags) -> None:
    """The table on standard output, and the page."""
    from importlib.util import find_spec

    from seqgan.sweeps.results import collect, text_table, write
    from seqgan.sweeps.storage import open_study

    record = collect(folder, sweep, space, open_study(folder, sweep), folder.name)
    write(record, folder)
    print(text_table(record))
    if find_spec("matplotlib") is None:
        flags.progress.note("No page: its pictures are drawn by matplotlib: pip install 'seqgan[report]'.")
        return
    from seqgan.jobs.report import write_sweep_page

    write_sweep_page(folder, record, folder / "report.html")
    flags.progress.note(f"Written: {folder / 'report.html'}")


def check_space(sweep: "SweepFile", space: "Sequence[Dimension]", flags: SweepFlags) -> None:
    """That a run with each setting's ends can be begun, and that its text can be read.

    Where the trials run on other hosts, no device is asked for here and no text is read: this one need not be made for
    that. The files are looked for.

    Raises:
        ConfigError: one cannot, with which settings, and why.
        SeqganError: the run that all start from, or its text, cannot be read.
    """
    from seqgan.runs.directory import open_run
    from seqgan.runs.load import load_generator, load_text
    from seqgan.sweeps.space import corners
    from seqgan.sweeps.trial import trial_settings
    from seqgan.training.engine import choose_device

    here = flags.worker or sweep.cluster == "local"
    if here:
        choose_device(flags.device)
    parent = None if sweep.run is None else open_run(sweep.run)
    known: set[RunConfig] = set()
    for values in corners(space):
        settings = trial_settings(sweep, values, sweep.seeds[0])
        try:
            config = check_trial(
                sweep, settings, parent.config if parent is not None else None, flags.device if here else "cpu"
            )
            if here:
                check_files(config, known, flags.progress, of_text=parent is None)
            else:
                check_named(config, of_text=parent is None)
        except SeqganError as error:
            said = ", ".join(f"{name} {value}" for name, value in values.items())
            raise ConfigError(f"{flags.file}: a trial with {said} cannot be begun: {error}") from error
    if parent is not None and not here:
        check_named(RunConfig(data=parent.config.data), of_text=True)
        if not parent.generator_path.is_file():
            raise RunError(f"{parent.folder} has no weights: there is no {parent.generator_path}.")
    elif parent is not None:
        load_generator(parent)
        load_text(parent, flags.progress)


def check_named(config: RunConfig, *, of_text: bool) -> None:
    """That the files and folders which the settings name are there; none is read.

    Args:
        config: of a trial.
        of_text: whether it reads a text of its own, and not that of the run it starts from.

    Raises:
        ConfigError: names the one that is not.
    """
    from seqgan.data.corpus import is_embedded, read_place
    from seqgan.data.folders import extensions

    data, judge = config.data, config.discriminator
    named = {"discriminator.path": None if judge is None else judge.path}
    if of_text:
        named |= {
            "data.corpus": None if is_embedded(data.corpus) else read_place(data.corpus),
            "data.valid": data.valid,
        }
        named |= {"data.valid_source": data.valid_source, "data.tokenizer_path": data.tokenizer_path}
        named |= {"generator.path": config.generator.path}
        if os.path.isfile(data.corpus):
            named["data.source"] = data.source
    for setting, name in named.items():
        prefix = name is not None and data.target is not None and setting in ("data.corpus", "data.valid")
        if name is None or name.startswith("hf:") or os.path.exists(name) or (prefix and extensions(name)):
            continue
        raise ConfigError(f"There is no file or folder {name!r}, which {setting} names: check the name.")


def check_files(config: RunConfig, known: set[RunConfig], progress: Progress, *, of_text: bool) -> None:
    """That the files which a trial reads are there, and hold what they are to hold.

    Args:
        config: of the trial.
        known: what was looked at, as settings of files alone; added to.
        progress: where the reading of a large text is reported.
        of_text: whether it reads a text of its own, and not that of the run it starts from.

    Raises:
        SeqganError: what is wrong with which file.
    """
    from seqgan.build import build_text, named_players
    from seqgan.build_huggingface import with_discriminator_files, with_generator_files, with_own_tokenizer
    from seqgan.jobs.begin import resolved
    from seqgan.model_settings import generator_kind

    judge = config.discriminator if config.discriminator is not None and config.discriminator.path else None
    writer = config.generator if of_text and generator_kind(config.generator).pretrained else GeneratorConfig()
    asked = RunConfig(data=config.data if of_text else DataConfig(), generator=writer, discriminator=judge)
    if asked in known:
        return
    known.add(asked)
    if judge is not None:
        with_discriminator_files(judge)
    if of_text:
        asked = with_own_tokenizer(msgspec.structs.replace(asked, generator=with_generator_files(writer)))
        text = build_text(msgspec.structs.replace(resolved(asked), fingerprint=""), progress=progress)
        named_players(config, conditional=text.source_vocabulary is not None)


def check_trial(sweep: "SweepFile", settings: Mapping[str, Any], parent: RunConfig | None, device: str) -> RunConfig:
    """The settings of a run, and that it can be begun with them, as the command that trains it checks them.

    Args:
        sweep: which command, and from where.
        settings: as `trial_settings` gives.
        parent: settings of the run it starts from; None where it makes its own, or starts from nothing.
        device: where to compute.

    Raises:
        ConfigError: it cannot, and why.
    """
    from seqgan.algorithm_settings import build_algorithm, with_algorithm
    from seqgan.build import chosen_as_trained, named_players
    from seqgan.jobs.check import check_players, check_pretrainable
    from seqgan.model_settings import check_kinds, with_common_settings
    from seqgan.objectives import Relaxed
    from seqgan.reached import check_reached
    from seqgan.training.adversarial import check_reads_sources

    where = "its settings"
    if sweep.command == "pretrain":
        config = check_kinds(check(with_settings(RunConfig(), settings, where)))
        check_pretrainable(config.generator)
        config = named_players(config, conditional=reads_sources(config))
        check_reached("generator", config)
        return config
    section = settings.get("algorithm")
    algo = section.get("name") if isinstance(section, dict) else None
    algo = algo if isinstance(algo, str) else USUAL_ALGORITHM
    of_trial = ("discriminator", "algorithm", "adversarial", *(() if parent is not None else ("data", "generator")))
    of_algorithm = of_trial if sweep.command == "adversarial" else of_trial[:3]
    kinds = {
        player: settings[player]["name"]
        for player in ("generator", "discriminator")
        if isinstance(settings.get(player), dict) and isinstance(settings[player].get("name"), str)
    }
    base = without_players(parent or RunConfig())
    others = with_common_settings({name: kinds[name] for name in kinds if name in of_algorithm})
    base = with_algorithm(base, algo, of_algorithm, others)
    given = {name: part for name, part in settings.items() if parent is None or name in of_trial}
    config = check_kinds(check(with_settings(base, given, where)))
    assert config.algorithm is not None
    conditional = parent.data.max_source_length > 0 if parent is not None else reads_sources(config)
    algorithm = build_algorithm(config.algorithm)
    if sweep.command == "adversarial" and parent is None and not isinstance(algorithm, Relaxed):
        raise ConfigError(
            f"{algorithm.name} improves a generator that was pretrained: name its run with run, or have command both."
        )
    if sweep.command == "both":
        check_pretrainable(config.generator)
    check_reads_sources(algorithm, conditional=conditional)
    config = chosen_as_trained(named_players(config, conditional=conditional))
    check_players(config, conditional=conditional, device=device, from_nothing=parent is None)
    return config


def reads_sources(config: RunConfig) -> bool:
    """Whether a text that was not read yet is one of pairs, as far as the settings tell."""
    from seqgan.model_settings import of_pairs

    return of_pairs(config) or config.data.source is not None or ".tsv" in config.data.corpus
