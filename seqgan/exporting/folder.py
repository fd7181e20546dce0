"""Folders that are made whole or not at all, with the settings and vocabularies of a model in them."""

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from seqgan import __version__
from seqgan.errors import CheckpointError, ConfigError, RunError
from seqgan.files import TEMPORARY_SUFFIX, cannot_write, read_json, replace_folder, write_file
from seqgan.huggingface import HUB
from seqgan.settings.data import DataConfig
from seqgan.settings.rules import BEFORE
from seqgan.settings.run import RunConfig, with_settings

CONFIG = "config.json"
MARK = "seqgan.json"
"""Beside a `config.json` of another library: says that the folder is an export of ours."""
FORMAT = 1
MOST_BYTES = 10_000_000
"""Of the file of settings; one with the architecture of a pretrained model in it has some thousand."""
READ = (
    "tokenizer",
    "source_tokenizer",
    "shared_vocabulary",
    "max_length",
    "max_source_length",
    "turn_separator",
    "turns",
    "source_cut",
)
"""Settings of the text that a model needs wherever it is. The others name files of the machine it was trained on."""
RULES_OF_BEFORE = {name: value for name, value in BEFORE["data"].items() if name in READ}
"""And those that held for models whose files do not name them."""


@contextlib.contextmanager
def new_folder(folder: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """A folder to write into, which is `folder` once the block has ended without an error.

    Raises:
        RunError: `folder` is taken: by another export and unasked, or by anything else; or it cannot be written.
    """
    folder = Path(folder).resolve()
    check_free(folder, overwrite=overwrite)
    unfinished = folder.with_name(folder.name + TEMPORARY_SUFFIX)
    try:
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        yield unfinished
        replace_folder(unfinished, folder)
    except OSError as error:
        raise cannot_write(folder, error) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def check_free(folder: Path, *, overwrite: bool = False) -> None:
    """That a model may be written to `folder`; asked before the work.

    Raises:
        RunError: something is there and may not be replaced.
    """
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    if not any(_is_ours(folder / name) for name in (CONFIG, MARK)):
        raise RunError(f"{folder} exists and holds no exported model, so it is left alone: choose another folder.")
    if not overwrite:
        raise RunError(
            f"{folder} already holds an exported model: replace it with --overwrite (from Python: overwrite=True), or "
            "choose another folder."
        )


def _is_ours(path: Path) -> bool:
    """Whether a file says that an export of this package is beside it."""
    try:
        return read_json(path, MOST_BYTES).get("library") == "seqgan"
    except (OSError, ValueError, AttributeError):
        return False


def write_config(folder: Path, role: str, config: RunConfig, **more: Any) -> None:
    """Write what a model is, so that it can be built again.

    Args:
        folder: where.
        role: "generator" or "discriminator".
        config: of its run.
        more: what else is to be said of it, as JSON has it.
    """
    settings: dict[str, Any] = msgspec.to_builtins(config)
    path = settings[role].get("path")
    if path is not None:
        # Its weights are here; of adapters the others are needed too, and are found from here.
        settings[role]["path"] = _from(folder, path) if settings[role]["lora_rank"] else Path(path).name
        settings[role]["architecture"] = _nameless(settings[role]["architecture"])
    content = {
        "library": "seqgan",
        "version": __version__,
        "format": FORMAT,
        "role": role,
        "data": {name: settings["data"][name] for name in READ},
        role: settings[role],
        **more,
    }
    write_file(folder / CONFIG, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def _from(folder: Path, path: str) -> str:
    """Another folder as it is named from this one; a name on the hub as it is."""
    if path.startswith(HUB):
        return path
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:  # on another drive of Windows
        return path


def _nameless(architecture: str) -> str:
    """An architecture without the folder that it was once saved in."""
    settings = json.loads(architecture) if architecture else {}
    if "_name_or_path" not in settings:
        return architecture
    return json.dumps({name: value for name, value in settings.items() if name != "_name_or_path"}, ensure_ascii=False)


def read_config(folder: Path, role: str) -> RunConfig:
    """The settings that `write_config` wrote, those of the text and of the model; all others are defaults.

    Raises:
        RunError: there is no such file, or it is of another role or a newer format.
        CheckpointError: it is damaged.
        ConfigError: settings that are none.
    """
    path = folder / CONFIG
    try:
        content = read_json(path, MOST_BYTES)
    except FileNotFoundError as error:
        raise RunError(
            f"{folder} is no exported model: it has no {CONFIG}. seqgan export makes one of a run."
        ) from error
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} is damaged ({error}): export the model again.") from error
    if _is_ours(folder / MARK):
        raise RunError(
            f"{folder} holds a model for transformers, which its Auto classes read: export the run with --format "
            "folder to have it here."
        )
    if not isinstance(content, dict) or content.get("library") != "seqgan":
        raise RunError(f"{path} is not of seqgan: give a folder that seqgan export made.")
    if content.get("format") != FORMAT:
        raise RunError(
            f"{path} has format {content.get('format')!r}, and this version of seqgan reads format {FORMAT}: use a "
            "newer seqgan."
        )
    if content.get("role") != role:
        raise RunError(f"{folder} holds a {content.get('role')}, and a {role} is asked for.")
    data = content.get("data", {})
    if not isinstance(data, dict) or set(data) - {field.name for field in msgspec.structs.fields(DataConfig)}:
        raise ConfigError(f"In {path}: the section data holds what is no setting: export the model again.")
    data = {**RULES_OF_BEFORE, **data}
    if missing := [name for name in READ if name not in data]:
        raise CheckpointError(f"{path} is damaged (data.{missing[0]} is missing): export the model again.")
    config = with_settings(RunConfig(), {"data": data, role: content.get(role)}, str(path))
    player = getattr(config, role)
    if player.lora_rank and player.path is not None and not player.path.startswith(HUB):
        located = msgspec.structs.replace(player, path=str((folder / player.path).resolve()))
        config = msgspec.structs.replace(config, **{role: located})
    if config.data.max_length < 1:
        raise CheckpointError(f"{path} is damaged (data.max_length is 0): export the model again.")
    return config
