"""Whether each trial of a sweep can be begun, asked before any is: with the ends of all settings that are searched."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from seqgan.algorithm_settings import build_algorithm, with_algorithm
from seqgan.build import build_text, chosen_as_trained, named_players
from seqgan.build_huggingface import with_discriminator_files, with_generator_files, with_own_tokenizer
from seqgan.data.corpus import is_embedded, read_place
from seqgan.data.folders import extensions
from seqgan.errors import ConfigError, RunError, SeqganError
from seqgan.jobs.begin import resolved
from seqgan.jobs.check import check_players, check_pretrainable, reads_sources
from seqgan.model_settings import check_kinds, generator_kind, with_common_settings
from seqgan.objectives import Relaxed
from seqgan.progress import SILENT, Progress
from seqgan.reached import check_reached
from seqgan.runs.directory import open_run
from seqgan.runs.load import load_generator, load_text
from seqgan.settings.adversarial import USUAL_ALGORITHM
from seqgan.settings.check import check
from seqgan.settings.data import DataConfig
from seqgan.settings.generator import GeneratorConfig
from seqgan.settings.run import RunConfig, with_settings, without_players
from seqgan.sweeps.file import SweepFile
from seqgan.sweeps.space import Dimension, corners
from seqgan.sweeps.trial import trial_settings
from seqgan.training.adversarial import check_reads_sources
from seqgan.training.engine import choose_device


def check_space(
    sweep: SweepFile,
    space: Sequence[Dimension],
    where: str,
    *,
    here: bool = True,
    device: str = "auto",
    progress: Progress = SILENT,
) -> None:
    """That a run with each setting's ends can be begun, and that its text can be read.

    Where the trials run on other hosts, no device is asked for here and no text is read: this one need not be made for
    that. The files are looked for.

    Args:
        sweep: what is searched.
        space: its settings.
        where: the file that says so, for messages.
        here: whether trials run on this host.
        device: where they compute.
        progress: where the reading of a large text is reported.

    Raises:
        ConfigError: one cannot, with which settings, and why.
        SeqganError: the run that all start from, or its text, cannot be read.
    """
    if here:
        choose_device(device)
    parent = None if sweep.run is None else open_run(sweep.run)
    known: set[RunConfig] = set()
    for values in corners(space):
        settings = trial_settings(sweep, values, sweep.seeds[0])
        try:
            config = check_trial(
                sweep, settings, parent.config if parent is not None else None, device if here else "cpu"
            )
            if here:
                check_files(config, known, progress, of_text=parent is None)
            else:
                check_named(config, of_text=parent is None)
        except SeqganError as error:
            said = ", ".join(f"{name} {value}" for name, value in values.items())
            raise ConfigError(f"{where}: a trial with {said} cannot be begun: {error}") from error
    if parent is not None and not here:
        check_named(RunConfig(data=parent.config.data), of_text=True)
        if not parent.generator_path.is_file():
            raise RunError(f"{parent.folder} has no weights: there is no {parent.generator_path}.")
    elif parent is not None:
        load_generator(parent)
        load_text(parent, progress)


def check_named(config: RunConfig, *, of_text: bool) -> None:
    """That the files and folders which the settings name are there; none is read.

    Args:
        config: of a trial.
        of_text: whether it reads a text of its own, and not that of the run it starts from.

    Raises:
        ConfigError: names the one that is not.
    """
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


def check_trial(sweep: SweepFile, settings: Mapping[str, Any], parent: RunConfig | None, device: str) -> RunConfig:
    """The settings of a run, and that it can be begun with them, as the command that trains it checks them.

    Args:
        sweep: which command, and from where.
        settings: as `trial_settings` gives.
        parent: settings of the run it starts from; None where it makes its own, or starts from nothing.
        device: where to compute.

    Raises:
        ConfigError: it cannot, and why.
    """
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
