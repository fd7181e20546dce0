"""Flags that depend on the algorithm: which one is meant, its own settings, and which of the shared ones help shows."""

import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import tyro

from seqgan.cli.options import CommonFlags, flag_value, preset_settings
from seqgan.errors import ConfigError
from seqgan.progress import SILENT, to_standard_error
from seqgan.settings.adversarial import USUAL_ALGORITHM
from seqgan.settings.before import MOVED, read_run_settings

if TYPE_CHECKING:
    from seqgan.objectives import Algorithm

ABOUT_HELP = "Settings that are seldom changed are not shown: --help-all has all that the algorithm of --algo uses."
OFTEN = {
    "adversarial": (
        *("rounds", "batch_size", "generator_learning_rate", "teacher_forcing_steps", "credit", "rollouts", "baseline"),
        *("kl_weight", "discriminator_steps", "discriminator_learning_rate", "warmup_steps", "evaluate_every"),
        *("on_collapse", "curriculum_rounds"),
    ),
    "discriminator": ("name", "embedding_size", "filters", "hidden_size"),
    "generator": ("name", "embedding_size", "hidden_size", "layers"),
    "data": ("corpus", "valid", "tokenizer", "max_length", "min_count"),
}
"""Settings that people use, which the short help shows."""


def asks_for_help(arguments: Sequence[str]) -> bool:
    """Whether a command line asks for help of either length."""
    return bool({"-h", "--help", "--help-all"} & set(arguments))


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


def default_flags(default: CommonFlags, algorithm: "Algorithm", arguments: Sequence[str]) -> Any:
    """A command's flags with those of an algorithm's own settings, ``--algorithm.NAME``.

    Where help is asked for, it shows of the shared settings those that the algorithm reads and people use; with
    ``--help-all`` all that the algorithm reads. What is not shown can be given all the same.

    Args:
        default: the flags without them.
        algorithm: the record, whose values of its own settings are the defaults.
        arguments: the command line.
    """
    fields: list[Any] = []
    if algorithm.settings.__struct_fields__:
        fields.append(("algorithm", type(algorithm.settings), algorithm.settings))
    if asks_for_help(arguments):
        from seqgan.objectives import SelfPlay
        from seqgan.training.used import unread

        never = unread(algorithm)
        for section, often in OFTEN.items():
            values = getattr(default, section, None)
            if values is None:
                continue
            names = [name for name in values.__struct_fields__ if name not in never or section != "adversarial"]
            if section == "discriminator" and isinstance(algorithm, SelfPlay):
                names = []  # it has none
            shown = names if "--help-all" in arguments else [name for name in names if name in often]
            kind = _hiding(type(values), set(values.__struct_fields__) - set(shown))
            fields.append((section, kind, msgspec.convert(msgspec.to_builtins(values), kind)))
    if not fields:
        return default
    kind = _of_kind(type(default), fields)
    replaced = {name for name, *_ in fields}
    kept = {name: getattr(default, name) for name in default.__struct_fields__ if name not in replaced}
    return kind(**kept)


def _hiding(kind: Any, names: Collection[str]) -> Any:
    """The same section, with flags that its help does not show."""
    hidden = [
        (field.name, Annotated[field.type, tyro.conf.Suppress], field.default)
        for field in msgspec.structs.fields(kind)
        if field.name in names
    ]
    return _of_kind(kind, hidden)


def _of_kind(kind: Any, fields: Sequence[Any]) -> Any:
    """A record with some fields in place of those of its kind, or beside them, and with what is said of that."""
    about = {"__doc__": kind.__doc__}
    return msgspec.defstruct(kind.__name__, fields, bases=(kind,), namespace=about, frozen=True, kw_only=True)


def with_present_names(arguments: Sequence[str], algo: str) -> list[str]:
    """The command line with flags by their present names: the algorithm's name and its own settings have moved. A line
    on standard error says so.

    Args:
        arguments: the command line.
        algo: the algorithm's name.

    Raises:
        ConfigError: a flag is of another algorithm's setting, and has not that one's default.
    """
    progress = SILENT if "--quiet" in arguments else to_standard_error()
    present: list[str] = []
    left = list(arguments)
    while left:
        argument = left.pop(0)
        found = re.fullmatch(r"--adversarial\.((?:no-)?)([\w-]+)(=.*)?", argument)
        name = found[2].replace("-", "_") if found is not None else ""
        if found is None or name not in {"algo", *MOVED}:
            present.append(argument)
            continue
        before = f"--adversarial.{found[1]}{name.replace('_', '-')}"
        if name == "algo" or algo in MOVED[name].owners:
            now = "--algo" if name == "algo" else f"--algorithm.{found[1]}{MOVED[name].name.replace('_', '-')}"
            progress.note(f"{before} is {now} now; the old name goes away.")
            present.append(now + (found[3] or ""))
            continue
        owners, usual = MOVED[name].owners, MOVED[name].usual
        value = found[3][1:] if found[3] else left.pop(0) if left and usual != (False,) else str(not found[1])
        if not any(_is_written(value, each) for each in usual):
            raise ConfigError(
                f"{before} belongs to {' and '.join(owners)} and would change nothing here, for {algo}: leave it out."
            )
        progress.note(f"{before} belongs to {' and '.join(owners)}, and {algo} reads nothing of it.")
    return present


def _is_written(text: str, value: Any) -> bool:
    """Whether a flag's text says a value: 10, 10.0 and 1e1 are one number."""
    if isinstance(value, bool | str):
        return text == str(value)
    try:
        return float(text) == value
    except ValueError:
        return False
