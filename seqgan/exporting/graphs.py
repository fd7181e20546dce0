"""Folders with a generator's decoding step as a graph: of ONNX, or of torch.export.

``step.onnx`` or ``step.pt2``; beside it ``initial_state.npz``, the first state of one row, or ``encode.onnx``, which
makes one of sources; the vocabularies; and ``config.json``, whose section ``step`` says what goes in and out, as the
graph's own metadata do: among it, as `not_drawn`, the symbols whose logits the graph gives like any others and which
samplers leave out, by -inf. Beside an ONNX graph of plain text stands ``sample.py``, which samples from it.
"""

import contextlib
import io
import json
import logging
import warnings
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.export import ExportedProgram

from seqgan.data.tokenizers import Words
from seqgan.data.vocabulary import Ids
from seqgan.decoding.states import stepping
from seqgan.errors import ConfigError
from seqgan.exporting.folder import check_free, new_folder, write_config
from seqgan.exporting.players import ExportedGenerator
from seqgan.exporting.step import StepGraph, described, export_step
from seqgan.files import write_file, write_with
from seqgan.runs.symbols import write_symbols

GRAPHS = ("onnx", "torch-export")
"""Kinds of graphs."""
EXAMPLE = Path(__file__).with_name("sample_onnx.py")
"""A program of a dozen lines that samples from the graph."""
KEY = "seqgan"
"""Of the graph's own description."""


def export_graphs(generator: ExportedGenerator, folder: Path, kind: str, *, overwrite: bool = False) -> None:
    """Write a generator's graphs and what belongs to them; all of it or nothing.

    Args:
        generator: with its vocabulary.
        folder: new or empty.
        kind: one of `GRAPHS`.
        overwrite: or another exported model, which is replaced.

    Raises:
        ConfigError: no such kind; or the packages for it are not installed; or the generator has no decoding step.
        RunError: the folder is taken, or cannot be written.
    """
    if kind not in GRAPHS:
        raise ConfigError(f"No kind of graph is called {kind!r}. Known: {', '.join(GRAPHS)}.")
    missing = [name for name in ("onnx", "onnxscript") if kind == "onnx" and find_spec(name) is None]
    if missing:
        raise ConfigError(f"ONNX needs the package {missing[0]}, which is not installed: pip install 'seqgan[export]'.")
    check_free(Path(folder).resolve(), overwrite=overwrite)  # before the work
    reading = generator.reading
    lengths = (reading.max_length, reading.max_source_length)
    with _quiet():
        graph = export_step(generator.model, *lengths)
        words = isinstance(reading.tokenizer, Words)
        about = {**described(stepping(generator.model), graph, *lengths), "between": " " if words else ""}
        about["not_drawn"] = reading.vocabulary.not_drawn
        with new_folder(folder, overwrite=overwrite) as unfinished:
            write = _write_onnx if kind == "onnx" else _write_program
            write(graph.step, ["tokens", *graph.state], ["logits", *_next(graph)], unfinished / "step", about)
            if graph.encode is not None:
                write(graph.encode, ["source", "source_mask"], list(graph.state), unfinished / "encode", about)
            if graph.initial is not None:
                parts = zip(graph.state, graph.initial, strict=True)
                arrays: dict[str, Any] = {name: part.numpy() for name, part in parts}
                buffer = io.BytesIO()
                np.savez(buffer, **arrays)
                write_file(unfinished / "initial_state.npz", buffer.getvalue())
            if kind == "onnx" and graph.encode is None and not isinstance(reading.vocabulary, Ids):
                write_file(unfinished / "sample.py", EXAMPLE.read_bytes())
            write_symbols(unfinished, reading[:4], shared=generator.config.data.shared_vocabulary)
            write_config(unfinished, "generator", generator.config, graph=kind, step=about)


def _write_onnx(
    program: ExportedProgram, inputs: list[str], outputs: list[str], path: Path, about: dict[str, Any]
) -> None:
    """As one file, its description in the model's metadata."""
    exported = torch.onnx.export(program, input_names=inputs, output_names=outputs, dynamo=True, verbose=False)
    assert exported is not None
    exported.model.metadata_props[KEY] = json.dumps(about)
    write_with(path.with_suffix(".onnx"), lambda temporary: exported.save(str(temporary), external_data=False))


def _write_program(
    program: ExportedProgram,
    inputs: list[str],  # noqa: ARG001
    outputs: list[str],  # noqa: ARG001
    path: Path,
    about: dict[str, Any],
) -> None:
    """As one file, its description beside the graph in it. Arguments are given and returned by position."""
    buffer = io.BytesIO()
    torch.export.save(program, buffer, extra_files={f"{KEY}.json": json.dumps(about)})
    write_file(path.with_suffix(".pt2"), buffer.getvalue())


def _next(graph: StepGraph) -> list[str]:
    return [f"next_{name}" for name in graph.state]


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without what the exporters say of packages that are not there and of their own insides."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
