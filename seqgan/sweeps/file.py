"""The file that says what a sweep searches: read, checked, and kept in the sweep's folder."""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec

from seqgan.data.corpus import located, located_source
from seqgan.errors import ConfigError, nearest
from seqgan.files import write_file
from seqgan.metrics.metric import direction, watched
from seqgan.metrics.of_models import NLL
from seqgan.settings.before import in_present_format, read_run_settings
from seqgan.settings.file import read_settings
from seqgan.settings.rules import without_rules_of_before
from seqgan.settings.run import RunConfig
from seqgan.settings.types import Count, Positive, Seed
from seqgan.sweeps.slurm import check_asked
from seqgan.sweeps.space import ALGORITHM, SECTIONS

COMMANDS = ("pretrain", "adversarial", "both")
SAMPLERS = ("tpe", "random", "grid")
PRUNERS = ("none", "median")
CLUSTERS = ("local", "slurm")
KEPT_NAME = "sweep.yaml"
"""The file in the sweep's folder, with nothing left to the place where it is read."""
CHANGEABLE = {"trials", "workers", "cluster", "slurm", "gpus"}
"""What a sweep that was begun may be given anew."""
PLACES = {
    "data": ("corpus", "valid", "source", "valid_source", "tokenizer_path"),
    "generator": ("path",),
    "discriminator": ("path",),
}
"""Settings that name files and folders, by section."""
OF_PRETRAINING = tuple(NLL.directions)
"""What maximum likelihood logs after each epoch."""


def of_rounds() -> tuple[str, ...]:
    """What the adversarial phase logs at its evaluations: of plain text, of characters, and of pairs."""
    kinds = (watched("sentences"), watched("characters"), watched("answers"))
    return tuple(dict.fromkeys([NLL.name, *(name for kind in kinds for names in kind.values() for name in names)]))


class SweepFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a sweep searches, as its file says it."""

    command: str = "adversarial"
    """What each trial trains: pretrain; adversarial, from `run` or from nothing; or both, one after the other."""
    run: str | None = None
    """The pretrained run that adversarial trials start from. It is copied once, so that all start from the same."""
    config: str | dict[str, Any] = {}
    """Settings that hold for all trials, as in a run's config.yaml; or the name of such a file."""
    space: dict[str, Any]
    """What is searched: names such as adversarial.rollouts, each with a list of choices or with low and high, and log
    or step."""
    objective: str | tuple[str, ...]
    """The metric that is searched for, judged on validation text; or several, for the trials that no other one beats
    in all."""
    trials: Positive = 20
    """Settings that are tried. A grid has no more than its points."""
    seeds: tuple[Seed, ...] = (0, 1, 2)
    """Each trial is trained with each of them, and is worth their mean."""
    sampler: str = "tpe"
    """Where the next trial is: tpe (where good ones were), random, or grid (everywhere)."""
    seed: Seed = 0
    """Of the sampler."""
    pruner: str = "none"
    """What is given up on early: none, or what is worse than the median of the trials before it at the same place."""
    pruner_trials: Positive = 5
    """Finished trials before anything is pruned."""
    pruner_steps: Count = 0
    """Epochs or rounds of the first seed in which nothing is."""
    workers: Positive = 1
    """Trials at a time."""
    cluster: str = "local"
    """Where the workers run: local or slurm."""
    slurm: dict[str, Any] = {}
    """What a worker's job asks for, such as partition, gpus_per_node and timeout_min: see `seqgan.sweeps.slurm`."""
    gpus: tuple[int | str, ...] = ()
    """GPUs that local workers are given, one each in turn; without it each sees them all."""

    @property
    def objectives(self) -> tuple[str, ...]:
        """The metrics, one or several."""
        return (self.objective,) if isinstance(self.objective, str) else self.objective

    @property
    def signs(self) -> tuple[int, ...]:
        """1 for each metric that is better when higher, -1 for the others."""
        return tuple(direction(name) for name in self.objectives)

    @property
    def settings(self) -> dict[str, Any]:
        """What holds for all trials."""
        assert isinstance(self.config, dict), "read_sweep_file puts the file's settings here"
        return self.config


def read_sweep_file(path: Path) -> SweepFile:
    """A sweep as its file says it; whatever the file names by a path is named by a whole one.

    Raises:
        ConfigError: it cannot be read, or says what cannot be.
    """
    sweep = _as_written(path)
    config = sweep.config
    if isinstance(config, str):
        config = without_rules_of_before(read_run_settings(Path(config)))
    else:
        config = in_present_format(config, f"{path}: config")
    for name, section in config.items():
        if section is not None and (name in SECTIONS or name == ALGORITHM) and not isinstance(section, dict):
            raise ConfigError(f"{path}: config.{name} is {section!r}, expected settings by their names.")
    data = config.get("data")
    if data:
        config = {**config, "data": _with_whole_paths(data)}
    for player in ("generator", "discriminator"):
        config = _with_whole_folders(config, player, "path")
    for section, key in (("data", "tokenizer_path"), ("pretrain", "start")):
        config = _with_whole_folders(config, section, key)
    run = None if sweep.run is None else str(Path(sweep.run).absolute())
    return msgspec.structs.replace(sweep, config=config, run=run)


def _as_written(path: Path) -> SweepFile:
    """A sweep with the names of files as its file has them, none of which is looked for.

    Raises:
        ConfigError: it cannot be read, or says what cannot be.
    """
    content = read_settings(path)
    try:
        sweep = msgspec.convert(content, SweepFile, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{path}: {_explain(str(error), content)}") from error
    _check(sweep, path)
    return sweep


def begun_sweep(path: Path, folder: Path) -> SweepFile:
    """The sweep that was begun in a folder, and that the file says it too; wherever it is called, and whether what the
    trials read is still there or not. Names of files are not compared.

    Args:
        path: the file.
        folder: of the sweep.

    Raises:
        ConfigError: the file is of another sweep, or what was kept of the one that was begun is damaged.
    """
    written, kept = _as_written(path), read_sweep_file(folder / KEPT_NAME)
    # Settings in a file of their own are another place's too.
    config = kept.config if isinstance(written.config, str) else written.config
    check_same(msgspec.structs.replace(written, config=config, run=kept.run), folder, path, places=False)
    return msgspec.structs.replace(kept, **{key: getattr(written, key) for key in CHANGEABLE})


def keep(sweep: SweepFile, folder: Path, where: Path) -> None:
    """Write the sweep into its folder; one that is there already may only be gone on with.

    Args:
        sweep: as it is now.
        folder: of the sweep.
        where: the file it came from, for messages.

    Raises:
        ConfigError: a sweep of other things was begun there.
    """
    kept = folder / KEPT_NAME
    if kept.exists():
        check_same(sweep, folder, where)
    elif folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError(f"{folder} exists and is no sweep, so it is left alone: choose another place with --folder.")
    import yaml

    folder.mkdir(parents=True, exist_ok=True)
    write_file(kept, yaml.safe_dump(msgspec.to_builtins(sweep), sort_keys=False, allow_unicode=True))


def check_same(sweep: SweepFile, folder: Path, where: Path, *, places: bool = True) -> None:
    """That a sweep is the one that was begun in a folder; arguments as of `keep`, and whether the names of files in its
    settings are to be the same ones as well.

    Raises:
        ConfigError: it is of other things, or what was kept of the one that was begun is damaged.
    """
    kept = read_sweep_file(folder / KEPT_NAME)
    before, now = (msgspec.json.decode(msgspec.json.encode(each)) for each in (kept, sweep))
    if not places:
        before, now = ({**each, "config": _without_places(each["config"])} for each in (before, now))
    for key in SweepFile.__struct_fields__:
        if key not in CHANGEABLE and before[key] != now[key]:
            raise ConfigError(
                f"{where}: {key} is {now[key]!r}, but the sweep in {folder} was begun with {before[key]!r}: restore "
                "it, or begin another sweep with --folder."
            )


def _without_places(config: Mapping[str, Any]) -> dict[str, Any]:
    """Settings without those that name files and folders."""
    return {
        name: {key: value for key, value in section.items() if key not in PLACES.get(name, ())}
        if isinstance(section, dict)
        else section
        for name, section in config.items()
    }


def check_installed() -> None:
    """That the packages are there.

    Raises:
        ConfigError: one is not; names the extra that brings it.
    """
    for package in ("optuna", "submitit"):
        if find_spec(package) is None:
            raise ConfigError(
                f"seqgan sweep needs the package {package}, which is not installed: pip install 'seqgan[sweep]'."
            )


def _check(sweep: SweepFile, path: Path) -> None:
    """That what the file says goes together.

    Raises:
        ConfigError: it does not, and which key.
    """
    of = {"command": COMMANDS, "sampler": SAMPLERS, "pruner": PRUNERS, "cluster": CLUSTERS}
    for key, known in of.items():
        value = getattr(sweep, key)
        if value not in known:
            raise ConfigError(f"{path}: {key} is {value!r}.{nearest(value, known)} Choose {', '.join(known)}.")
    if not sweep.space:
        raise ConfigError(
            f"{path}: space is empty: name the settings to search, such as adversarial.rollouts: [4, 16]."
        )
    if not sweep.seeds or len(set(sweep.seeds)) < len(sweep.seeds):
        raise ConfigError(f"{path}: seeds is {list(sweep.seeds)}, expected at least one seed, and none twice.")
    if sweep.run is not None and sweep.command != "adversarial":
        raise ConfigError(
            f"{path}: run is where adversarial trials start, and command is {sweep.command}: leave it out."
        )
    if not sweep.objectives or len(set(sweep.objectives)) < len(sweep.objectives):
        raise ConfigError(f"{path}: objective is {list(sweep.objectives)}, expected at least one metric, none twice.")
    logged = OF_PRETRAINING if sweep.command == "pretrain" else of_rounds()
    for name in sweep.objectives:
        if name not in logged:
            raise ConfigError(
                f"{path}: objective is {name!r}, which {sweep.command} does not judge on validation text."
                f"{nearest(name, logged)} Known: {', '.join(logged)}."
            )
        if not direction(name):
            raise ConfigError(f"{path}: objective is {name!r}, of which neither higher nor lower is better.")
    of_text = [name for name in sweep.space if name.startswith("data.")]
    by_likelihood = [name for name in sweep.objectives if name in OF_PRETRAINING]
    if of_text and by_likelihood:
        raise ConfigError(
            f"{path}: objective is {by_likelihood[0]}, which is per token of its own vocabulary, and space has "
            f"{of_text[0]}: such numbers do not compare. Choose a metric of samples, or leave {of_text[0]} out."
        )
    if sweep.pruner != "none" and len(sweep.objectives) > 1:
        raise ConfigError(f"{path}: pruner {sweep.pruner} goes by one objective, and there are several: leave it out.")
    if sweep.slurm and sweep.cluster != "slurm":
        raise ConfigError(f"{path}: slurm is what jobs of cluster slurm ask for, and cluster is {sweep.cluster}.")
    check_asked(sweep.slurm, path)
    if sweep.gpus and sweep.cluster != "local":
        raise ConfigError(f"{path}: gpus are those of local workers; a job of slurm asks for slurm.gpus_per_node.")


def _with_whole_paths(data: Mapping[str, Any]) -> dict[str, Any]:
    """The same text by names that mean it anywhere. Values of wrong types are left for the check of all settings."""
    known = {key: value for key, value in data.items() if isinstance(value, str)}
    corpus = known.get("corpus", RunConfig().data.corpus)
    aligned = "target" in known
    whole = dict(data)
    if "corpus" in known:
        whole["corpus"] = located(corpus, prefix=aligned)
    if "valid" in known:
        whole["valid"] = located(known["valid"], prefix=aligned)
    if "source" in known:
        whole["source"] = located_source(corpus, known["source"])
    if "valid_source" in known:
        whole["valid_source"] = located(known["valid_source"])
    return whole


def _with_whole_folders(config: dict[str, Any], section: str, key: str) -> dict[str, Any]:
    """The same settings with one that names the folder of a model by a name that means it anywhere."""
    settings = config.get(section)
    if not settings or not isinstance(settings.get(key), str) or settings[key].startswith("hf:"):
        return config
    return {**config, section: {**settings, key: str(Path(settings[key]).absolute())}}


def _explain(message: str, content: Mapping[str, Any]) -> str:
    """The library's message with the key first, and the nearest one for an unknown one."""
    known = SweepFile.__struct_fields__
    if "unknown field" in message:
        key = message.split("`")[1]
        return f"unknown key {key!r}.{nearest(key, known)} Known keys: {', '.join(known)}."
    if "missing required field" in message:
        return f"the key {message.split('`')[1]!r} is missing: a sweep needs space and objective."
    if " - at `key` in `$" in message:
        key = message.rpartition("`$")[2].strip(".`")
        return f"{key or 'it'} has a key that is no text: expected names of settings."
    what, _, place = message.partition(" - at `$.")
    key, _, position = place.rstrip("`]").partition("[")
    found = content.get(key)
    if position.isdigit() and isinstance(found, list):
        found, key = found[int(position)], f"{key}[{position}]"
    expected = what.replace("`", "").removeprefix("Expected ")
    return f"{key} is {found!r}, expected {expected}."
