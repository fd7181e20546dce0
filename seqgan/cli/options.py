"""Flags from settings: a command's options are a record, and its flags, help and checks are derived from it."""

import contextlib
import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec
import tyro

from seqgan.cli.meant import meant_flag
from seqgan.errors import ConfigError, nearest
from seqgan.jobs.ranges import in_range
from seqgan.progress import SILENT, Progress, printable, to_standard_error
from seqgan.settings.before import read_run_settings
from seqgan.settings.check import check
from seqgan.settings.presets import PRESETS, Settings
from seqgan.settings.rules import without_rules_of_before
from seqgan.settings.run import RunConfig, with_settings
from seqgan.settings.types import Seed

Switch = Annotated[bool, tyro.conf.FlagCreatePairsOff]
"""A flag that is given or not, without a negated twin."""


class CommonFlags(msgspec.Struct, frozen=True, kw_only=True):
    """What every command takes."""

    device: Annotated[str, tyro.conf.arg(metavar="auto|cpu|cuda|cuda:N|mps")] = "auto"
    """Where to compute; auto takes a GPU of CUDA when there is one. mps is Apple's."""
    quiet: Switch = False
    """No progress and no messages, only results and errors."""
    debug: Switch = False
    """Show the traceback of an error."""

    @property
    def progress(self) -> Progress:
        """Where to report."""
        return SILENT if self.quiet else to_standard_error()


class SettingsFlags(CommonFlags, frozen=True, kw_only=True):
    """What the commands that train take beside their settings."""

    config: Annotated[str | None, tyro.conf.arg(metavar="FILE.yaml|FILE.toml")] = None
    """Settings from a file, such as a run's config.yaml; flags win over it."""
    preset: Annotated[str | None, tyro.conf.arg(metavar="|".join(PRESETS))] = None
    """A paper's settings; those of the file and of flags win over them."""
    seed: Seed = 0
    """Decides every random choice."""
    tensorboard: Switch = False
    """Write TensorBoard's events into the run's folder, beside the log. A resumed run goes on with them unasked."""


def refuse_together(flags: Any, first: str, second: str) -> None:
    """That of two flags which contradict each other at most one is given.

    Raises:
        ConfigError: both are.
    """
    if getattr(flags, first) and getattr(flags, second):
        raise ConfigError(f"--{first} and --{second} contradict each other: give one of them.")


Flags = TypeVar("Flags", bound=CommonFlags)


def parse(command: str, description: str, default: Flags, arguments: Sequence[str]) -> Flags:
    """The flags of a command line over `default`, whose values `--help` shows, and `--help-all` where that is longer.

    Raises:
        ConfigError: flags that do not exist or do not parse, in one line.
    """
    printed = io.StringIO()
    arguments = ["--help" if argument == "--help-all" else argument for argument in arguments]
    if {"-h", "--help"} & set(arguments):
        default = msgspec.convert(_escaped(msgspec.to_builtins(default)), type(default))
    try:
        with contextlib.redirect_stderr(printed):
            return tyro.cli(
                type(default), prog=f"seqgan {command}", description=description, default=default, args=list(arguments)
            )
    except SystemExit as error:
        if error.code in (0, None):
            raise  # --help was asked for and printed
        said = _one_line(printed.getvalue())
        unknown = re.search(r"Unrecognized options: (-[^\s,]+)", said)
        if unknown is not None:
            said = said[unknown.start() :]
            meant = meant_flag(unknown[1], type(default))
            if meant is not None:
                said = f"{said.partition('. Did you mean')[0].rstrip('.')}. Did you mean {meant}?"
        raise ConfigError(f"{said} See seqgan {command} --help.") from None


def with_positional(arguments: Sequence[str], flag: str) -> list[str]:
    """The command line with its first word, where that is no flag, as the value of the flag that it stands for.

    Raises:
        ConfigError: the flag is given as well.
    """
    if not arguments or arguments[0].startswith("-"):
        return list(arguments)
    first, *rest = arguments
    if flag_value(rest, flag) is not None:
        raise ConfigError(f"{first} stands for {flag} {first}, and {flag} is given as well: leave one of them out.")
    return [flag, first, *rest]


def _escaped(settings: Any) -> Any:
    """The same with control characters escaped: defaults may come from a stranger's file, and help shows them."""
    if isinstance(settings, str):
        return printable(settings)
    if isinstance(settings, dict):
        return {name: _escaped(value) for name, value in settings.items()}
    return [_escaped(value) for value in settings] if isinstance(settings, list | tuple) else settings


def run_or_newest(name: str | None, progress: Progress = SILENT, *, pretrained: bool = False) -> Path:
    """The folder of the run that is named, or else of the one that was trained last.

    Args:
        name: from --run.
        progress: is told where the clock makes the choice uncertain.
        pretrained: leave out runs that two players made.

    Raises:
        RunError: there is none.
    """
    from seqgan.runs.newest import is_ahead, newest_run

    if name is not None:
        return Path(name)
    folder = newest_run(Path("runs"), pretrained=pretrained)
    if is_ahead(folder):
        progress.note(
            f"The weights of {folder} were written at a time that is yet to come, as the clock is now: whether it was "
            "trained last is not certain. --run names another one."
        )
    return folder


def flag_value(arguments: Sequence[str], name: str) -> str | None:
    """The value of a flag that must be known before the others are parsed; None without it."""
    value = None
    for position, argument in enumerate(arguments):
        if argument == name and position + 1 < len(arguments):
            value = arguments[position + 1]
        elif argument.startswith(f"{name}="):
            value = argument.partition("=")[2]
    return value  # the last one, as the parser takes it


def preset_settings(arguments: Sequence[str]) -> Settings:
    """The settings of the preset that `--preset` names; none without it.

    Raises:
        ConfigError: no such preset.
    """
    name = flag_value(arguments, "--preset")
    if name is None:
        return {}
    if name not in PRESETS:
        raise ConfigError(f"No preset is called {name!r}.{nearest(name, PRESETS)} Known: {', '.join(PRESETS)}.")
    return PRESETS[name]


def with_preset(config: RunConfig, arguments: Sequence[str], sections: Sequence[str]) -> RunConfig:
    """The settings with those of `--preset` over them, in the sections that the command decides."""
    preset = {name: values for name, values in preset_settings(arguments).items() if name in sections}
    return with_settings(config, preset, "the preset")


def with_config_file(config: RunConfig, arguments: Sequence[str], sections: Sequence[str]) -> RunConfig:
    """The settings with those of `--preset` over them, and of the file that `--config` names over both.

    Args:
        config: what holds for all others.
        arguments: the command line.
        sections: those that the command decides. A whole config.yaml of another run may be given: the rest of it
            is checked, and not used.

    Raises:
        ConfigError: no such preset; the file cannot be read, or holds what is no setting.
    """
    with_file = with_preset(config, arguments, sections)
    path = flag_value(arguments, "--config")
    if path is not None:
        algo = None if config.algorithm is None else config.algorithm["name"]
        settings = without_rules_of_before(read_run_settings(Path(path), algo))
        section = settings.get("algorithm")
        if isinstance(section, dict):
            from seqgan.algorithm_settings import build_algorithm

            if "name" in section or algo is not None:
                build_algorithm({"name": algo, **section}, path)  # its own settings are checked, used or not
            if "algorithm" not in sections or section.get("name", algo) != algo:
                del settings["algorithm"]  # what is another one's own is none of this one's
        with_file = with_settings(with_file, settings, path)
    return msgspec.structs.replace(config, **{name: getattr(with_file, name) for name in sections})


def settings_of(flags: SettingsFlags, base: RunConfig) -> RunConfig:
    """The run's settings: every section that the flags have, and of `base` the others, checked together.

    Raises:
        ConfigError: out of range, or in conflict.
    """
    names = {field.name for field in msgspec.structs.fields(RunConfig)}
    given: dict[str, Any] = {name: getattr(flags, name) for name in flags.__struct_fields__ if name in names}
    if hasattr(flags, "algo"):
        given["algorithm"] = {"name": flags.algo, **msgspec.to_builtins(given.get("algorithm", {}))}
    config = check(msgspec.structs.replace(base, **given))
    from seqgan.model_settings import check_kinds

    return check_kinds(config)


def way_of(flags: Any) -> dict[str, Any]:
    """What a job that trains is told beside its settings, by its arguments' names."""
    names = ("resume", "overwrite", "tensorboard", "device", "preset", "progress")
    return {**{name: getattr(flags, name) for name in names}, "settings_file": flags.config}


def _one_line(box: str) -> str:
    """The message in the box that the flag parser prints, without frame, and with the nearest flags it names."""
    # The frame is of line-drawing characters, or of ASCII where the terminal has no others.
    lines = [re.sub(r"^[│|]\s*|\s*[│|]$", "", line).strip() for line in box.splitlines()]
    lines = [line for line in lines if re.search(r"\w", line) and line[0] not in "╭+"]
    message: list[str] = []
    for line in lines:
        if line.startswith(("Argument helptext", "For full helptext", "Perhaps you meant", "Similar arguments")):
            break
        message.append(line)
    text = " ".join(message).rstrip(".")
    near = [line.split()[0].rstrip(",") for line in lines if line.startswith("--")]
    if near and "nrecognized" in text:
        text += f". Did you mean {near[0]}"
        return text + "?"
    return text + "."


def check_flags(flags: Flags) -> Flags:
    """The same flags, ranges checked.

    Raises:
        ConfigError: names the flag that is out of range.
    """
    return in_range(flags, lambda name: f"--{name.replace('_', '-')}")
