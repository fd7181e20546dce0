"""Folders of sentence-transformers models that would run code, or are none."""

import json
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path

from bad_inputs.cases import FINE, Canary, Case
from seqgan.evaluation.sentence_models import refuse_foreign_model

OWN = [{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"}]
CHANGES: dict[str, Callable[[Path], object]] = {
    "no files": lambda folder: [path.unlink() for path in folder.iterdir()],
    "pickled weights": lambda folder: _pickled(folder / "pytorch_model.bin"),
    "pickled weights of a module": lambda folder: _pickled(folder / "1_Dense" / "pytorch_model.bin"),
    "a module of the model's own": lambda folder: _modules(folder, type="model.Own"),
    "a module of the library's, by half": lambda folder: _modules(folder, type="sentence_transformers"),
    "a module that leads out": lambda folder: _modules(folder, path="../.."),
    "a module elsewhere": lambda folder: _modules(folder, path="/"),
    "modules that are a number": lambda folder: (folder / "modules.json").write_text("3"),
    "modules that are numbers": lambda folder: (folder / "modules.json").write_text("[3]"),
    "modules that are no JSON": lambda folder: (folder / "modules.json").write_text("{"),
    "modules nested 100,000 deep": lambda folder: (folder / "modules.json").write_text("[" * 100_000),
    "modules that are no UTF-8": lambda folder: (folder / "modules.json").write_bytes(b'["\xff"]'),
    "code that comes with the model": lambda folder: _settings(folder, trust_remote_code=True),
    "code within settings": lambda folder: _settings(folder, of={"the": [{"trust_remote_code": True}]}),
    "a class of the model's own": lambda folder: _settings(folder, activation_function="model.Own"),
}


def cases() -> Iterator[Case]:
    yield Case("sentence model", "as it should be", _good, _look, FINE)
    for name, change in CHANGES.items():

        def make(folder: Path, change: Callable[[Path], object] = change) -> None:
            _good(folder)
            change(folder / "m")

        yield Case("sentence model", name, make, _look)


def _look() -> str:
    refuse_foreign_model(Path("m"))
    return "nothing in it runs"


def _good(folder: Path) -> None:
    (folder / "m").mkdir()
    _modules(folder / "m")
    _settings(folder / "m", activation_function="torch.nn.modules.activation.Tanh")


def _modules(folder: Path, **changes: object) -> None:
    (folder / "modules.json").write_text(json.dumps([{**OWN[0], **changes}]))


def _settings(folder: Path, **settings: object) -> None:
    (folder / "config.json").write_text(json.dumps(settings))


def _pickled(path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(pickle.dumps(Canary()))
