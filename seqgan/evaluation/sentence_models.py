"""What is looked at in the folder of a sentence-transformers model before that library is: as for other models, no
pickled weights are read, no code that comes with a model is run, and nothing is fetched.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from seqgan.errors import ConfigError
from seqgan.files import read_json
from seqgan.huggingface import refuse_kernels

PICKLED = frozenset((".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".joblib"))
"""Ends of the names of files that may be pickles."""
WEIGHTS = ("model.safetensors", "model.safetensors.index.json")
"""What the library reads in place of a pickle that lies beside it."""
OWN_MODULE = re.compile(r"sentence_transformers(\.\w+)+")
"""Names of the library's own modules, of which alone a model is built."""
OWN_CLASS = re.compile(r"(torch\.nn|sentence_transformers)(\.\w+)+")
"""Names of classes that settings of a module may call for, such as torch.nn.modules.activation.Tanh."""
CLASSES = ("activation_function", "tokenizer_class")
"""Settings that name a class; one without dots is looked up among the library's own."""


def refuse_foreign_model(folder: Path) -> None:
    """That the folder of a sentence-transformers model holds nothing that runs.

    Raises:
        ConfigError: names the first file of pickled weights, module or setting that may run, and the mend.
    """
    # A folder may stand under a module's name wherever it is, and files under it in further ones.
    for path in sorted(path for path in folder.rglob("*") if path.suffix in PICKLED):
        if not any((path.parent / name).is_file() for name in WEIGHTS):
            raise ConfigError(
                f"{path} is pickled, and a pickle can run any code: load the model where you trust it, save it anew, "
                "and give the folder with model.safetensors."
            )
    for path in sorted(folder.rglob("*.json")):
        # A tokenizer's own file names no code, and may be large.
        if path.name.endswith("config.json") or path.name == "modules.json":
            _check_settings(path, _read(path))
    modules = folder / "modules.json"
    if modules.is_file():
        _check_modules(modules, _read(modules), folder)
    elif not (folder / "config.json").is_file():
        raise ConfigError(
            f"{folder} has neither modules.json nor config.json: expected the folder of a sentence-transformers model."
        )


def _read(path: Path) -> Any:
    try:
        return read_json(path)
    except (OSError, ValueError, RecursionError) as error:
        what = " ".join(str(error).split())[:200]
        raise ConfigError(f"{path} cannot be read ({what}): restore it from a copy.") from error


def _check_settings(path: Path, settings: Any) -> None:
    refuse_kernels(settings)
    for name, value in _pairs(settings):
        if name == "trust_remote_code" and value:
            raise ConfigError(f"{path} asks for code that comes with the model: take trust_remote_code out.")
        if name in CLASSES and "." in str(value) and not OWN_CLASS.fullmatch(str(value)):
            raise ConfigError(
                f"{path}: {name} is {str(value)[:80]!r}, which is no class of torch.nn or sentence_transformers: take "
                "it out."
            )


def _check_modules(path: Path, modules: Any, folder: Path) -> None:
    if not isinstance(modules, list) or not all(isinstance(module, dict) for module in modules):
        raise ConfigError(f"{path} is no list of modules: restore it from a copy.")
    for module in modules:
        kind, place = str(module.get("type", "")), str(module.get("path", ""))
        if not OWN_MODULE.fullmatch(kind):
            raise ConfigError(
                f"{path}: the module {kind[:80]!r} is none of sentence_transformers, and code that comes with a model "
                "is not run: give a model of the library's own modules."
            )
        if not (folder / place).resolve().is_relative_to(folder.resolve()):
            raise ConfigError(f"{path}: the module's path {place[:80]!r} leads out of the folder: take it out.")


def _pairs(settings: Any) -> Iterator[tuple[str, Any]]:
    """All names with their values, in nested settings."""
    waiting = [settings]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            yield from value.items()
        waiting += value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
