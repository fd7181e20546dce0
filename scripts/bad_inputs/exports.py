"""Bad exports: runs that have no such player or graph, folders that are taken, and exported folders that are damaged."""

import functools
import json
import os
import pickle
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import torch

from bad_inputs.cases import EITHER, FINE, Canary, Case
from bad_inputs.run_folders import (
    CHILD,
    JSONS,
    PARENT,
    PIECES,
    WEIGHTS,
    a_folder,
    a_pipe,
    base,
    copied,
    cut,
    gone,
    write,
)
from bad_inputs.scoring import of_pairs, of_plain, played
from seqgan.cli.main import main
from seqgan.exporting import ExportedDiscriminator, ExportedGenerator

Make = Callable[[Path], object]
EXPORT = ["export", "--run", "r", "--output", "out", "--quiet"]
FORMATS = ("folder", "onnx", "torch-export")


@functools.cache
def exported(player: str) -> Path:
    """A player that was exported once."""
    folder = Path(tempfile.mkdtemp(prefix="seqgan-bad-inputs-")) / "out"
    line = ["export", "--run", str(base() / CHILD), "--output", str(folder), "--player", player, "--quiet"]
    if main(line):
        raise RuntimeError(f"{line} failed")
    return folder


def of(player: str, damage: Make) -> Make:
    """A copy of an exported player as `e`, damaged."""
    return lambda folder: (shutil.copytree(exported(player), folder / "e"), damage(folder / "e"))


def changed(*keys: str, value: object) -> Make:
    """A value of its settings, changed; taken out where it is None."""

    def damage(folder: Path) -> None:
        content = json.loads((folder / "config.json").read_text())
        section = content
        for key in keys[:-1]:
            section = section[key]
        section[keys[-1]] = value
        if value is None:
            del section[keys[-1]]
        (folder / "config.json").write_text(json.dumps(content))

    return damage


def nothing_made(folder: Path) -> str:
    return "a folder was made" if (folder / "out").exists() else ""


def sampled() -> list[str]:
    return ExportedGenerator.from_pretrained("e").sample(3)


def scored() -> list[float]:
    return ExportedDiscriminator.from_pretrained("e").score(["a dog runs .", ""])


FLAGS: dict[str, list[str]] = {
    "no output": ["export", "--run", "r"],
    "no such run": ["export", "--run", "none", "--output", "out"],
    "a run that is a file": ["export", "--run", "good.txt", "--output", "out"],
    "a folder that is no run": ["export", "--run", ".", "--output", "out"],
    "an unknown player": [*EXPORT, "--player", "critic"],
    "an unknown format": [*EXPORT, "--format", "tensorflow"],
    "a discriminator as a graph": [*EXPORT, "--player", "discriminator", "--format", "onnx"],
    "a discriminator of a pretrained run": [*EXPORT, "--player", "discriminator"],
    "output onto the run": ["export", "--run", "r", "--output", "r"],
    "output onto the run, replaced": ["export", "--run", "r", "--output", "r", "--overwrite"],
    "output onto what holds the run": ["export", "--run", "r", "--output", ".", "--overwrite"],
    "output onto a file": ["export", "--run", "r", "--output", "good.txt", "--overwrite"],
    "output below a file": ["export", "--run", "r", "--output", "good.txt/out"],
    "output onto a device": ["export", "--run", "r", "--output", "/dev/null"],
    "output into /proc": ["export", "--run", "r", "--output", "/proc/x"],
    "output of 300 letters": ["export", "--run", "r", "--output", "x" * 300],
    "output with NUL": ["export", "--run", "r", "--output", "a\0b"],
    "output of no name": ["export", "--run", "r", "--output", ""],
}
FOLDERS: dict[str, Make] = {
    "no settings": gone("config.json"),
    "settings that are a folder": a_folder("config.json"),
    "settings that are a pipe": a_pipe("config.json"),
    "another library's": changed("library", value="transformers"),
    "a newer format": changed("format", value=2),
    "no format": changed("format", value=None),
    "another role": changed("role", value="critic"),
    "no section of the text": changed("data", value=None),
    "a text that is a list": changed("data", value=[1]),
    "an unknown setting of the text": changed("data", "maxlength", value=3),
    "a length below none": changed("data", "max_length", value=-1),
    "no length": changed("data", "max_length", value=0),
    "a setting of the text missing": changed("data", "max_source_length", value=None),
    "a length of trillions": changed("data", "max_length", value=10**13),
    "an unknown tokenizer": changed("data", "tokenizer", value="word"),
    "subwords without their model": changed("data", "tokenizer", value="sentencepiece"),
    "a vocabulary of sources that is not there": changed("data", "max_source_length", value=5),
    "no vocabulary": gone("vocabulary.txt"),
    "a cut vocabulary": cut("vocabulary.txt", 0.7),
    "another vocabulary": write("vocabulary.txt", "seqgan vocabulary 1\nx\ny\n"),
    "no weights": gone("model.safetensors"),
    "weights that are cut": cut("model.safetensors", 0.5),
    "weights that are a folder": a_folder("model.safetensors"),
    "weights that are a pipe": a_pipe("model.safetensors"),
    "weights with code": lambda folder: (folder / "model.safetensors").write_bytes(pickle.dumps(Canary())),
    "weights of torch with code": lambda folder: torch.save(Canary(), folder / "model.safetensors"),
}
OF_GENERATOR: dict[str, Make] = {
    "no section of the model": changed("generator", value=None),
    "a model that is a list": changed("generator", value=[1]),
    "an unknown model": changed("generator", "name", value="lstm2"),
    "another model": changed("generator", "name", value="gru"),
    "another size": changed("generator", "hidden_size", value=6),
    "terabytes": changed("generator", "hidden_size", value=1_000_000),
    "a size that is a text": changed("generator", "hidden_size", value="five"),
    "an unknown setting": changed("generator", "hiden_size", value=5),
    "a discriminator's folder": lambda folder: (
        shutil.rmtree(folder),
        shutil.copytree(exported("discriminator"), folder),
    ),
}


def cases() -> Iterator[Case]:
    for name, flags in FLAGS.items():
        yield Case("export", name, copied(PARENT), flags, check=nothing_made)
    for kind in FORMATS:
        line = [*EXPORT, "--format", kind]
        yield Case("export", f"{kind}: a run", copied(PARENT), line, FINE)
        for name in ("gone", "cut in half", "NaN", "another shape", "torch's file with code"):
            yield Case("export", f"{kind}: weights, {name}", copied(PARENT, WEIGHTS[name]), line, check=nothing_made)
        taken = copied(PARENT, lambda run: (run.parent / "out").write_text("mine"))
        yield Case("export", f"{kind}: a taken name", taken, line, check=_still_mine)
        full = copied(PARENT, lambda run: ((run.parent / "out").mkdir(), (run.parent / "out" / "a").touch()))
        yield Case("export", f"{kind}: a taken folder", full, [*line, "--overwrite"])
        empty = copied(PARENT, lambda run: (run.parent / "out").mkdir())
        yield Case("export", f"{kind}: an empty folder", empty, line, FINE)
        dangling = copied(PARENT, lambda run: os.symlink("nowhere", run.parent / "out"))
        yield Case("export", f"{kind}: a link to nothing", dangling, line, EITHER)
        yield Case("export", f"{kind}: subwords", copied(PIECES), line, FINE)
        again = copied(PARENT, lambda run: shutil.copytree(exported("generator"), run.parent / "out"))
        yield Case("export", f"{kind}: a taken export", again, line)
        yield Case("export", f"{kind}: a taken export, replaced", again, [*line, "--overwrite"], FINE)
    judge = [*EXPORT, "--player", "discriminator"]
    yield Case("export", "a discriminator", of_plain(), judge, FINE)
    yield Case("export", "a discriminator of pairs", of_pairs(), judge, FINE)
    yield Case("export", "a generator of pairs as a graph", of_pairs(), [*EXPORT, "--format", "torch-export"], FINE)
    alone = lambda folder: shutil.copytree(played() / PARENT / "spin", folder / "r")  # noqa: E731
    yield Case("export", "a discriminator of self-play", alone, judge, check=nothing_made)
    for name, damage in {**FOLDERS, **OF_GENERATOR}.items():
        yield Case("exported folder", f"generator: {name}", of("generator", damage), sampled)
    for name, damage in FOLDERS.items():
        yield Case("exported folder", f"discriminator: {name}", of("discriminator", damage), scored)
    for name, content in JSONS.items():
        yield Case("exported folder", f"config.json: {name}", of("generator", write("config.json", content)), sampled)
    yield Case("exported folder", "a graph in place of weights", _graph, sampled, says="a graph")
    yield Case("exported folder", "no folder", lambda _: None, sampled)
    yield Case(
        "exported folder", "a run in its place", copied(PARENT, lambda run: run.rename(run.parent / "e")), sampled
    )
    yield Case("exported folder", "as it is", of("generator", lambda _: None), sampled, FINE)
    for name, call in {
        "sources for plain text": lambda: ExportedGenerator.from_pretrained("e").sample(2, sources=["a", "b"]),
        "a prefix that nobody knows": lambda: ExportedGenerator.from_pretrained("e").sample(2, prefix="zebra"),
        "saved onto other things": lambda: ExportedGenerator.from_pretrained("e").save_pretrained(".", overwrite=True),
        "saved onto itself unasked": lambda: ExportedGenerator.from_pretrained("e").save_pretrained("e"),
    }.items():
        yield Case("exported folder", name, of("generator", lambda _: None), call)


def _still_mine(folder: Path) -> str:
    return "" if (folder / "out").read_text() == "mine" else "a file was replaced"


def _graph(folder: Path) -> None:
    copied(PARENT)(folder)
    if main(
        ["export", "--run", str(folder / "r"), "--output", str(folder / "e"), "--format", "torch-export", "--quiet"]
    ):
        raise RuntimeError("no graph")
