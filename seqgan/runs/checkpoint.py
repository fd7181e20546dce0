"""Weights and complete training states on the disk: written whole, checked by a sum, read without unpickling code."""

import hashlib
import io
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from seqgan.errors import CheckpointError
from seqgan.files import TEMPORARY_SUFFIX, cannot_write, sync, write_file

KEPT = 2
"""Training states that are kept: the newest, and the one before it in case the newest is damaged."""


def save_weights(model: nn.Module, path: Path, vocabulary: str = "") -> None:
    """Write a model's weights as safetensors. Tied parameters must be one parameter, as in this package's models.

    Args:
        model: the unwrapped model.
        path: the file.
        vocabulary: fingerprint of what the rows of its tables stand for: of one vocabulary, or of two together.
    """
    from safetensors.torch import save

    weights = {name: value.detach().contiguous() for name, value in model.state_dict().items()}
    write_file(path, save(weights, metadata={"vocabulary": vocabulary}))


def load_weights(model: nn.Module, path: Path, vocabulary: str = "") -> None:
    """Read weights into a model of the same shape.

    Args:
        model: of the shape that was saved.
        path: the file.
        vocabulary: fingerprint of the vocabularies at hand; empty where it does not matter.

    Raises:
        CheckpointError: no such file, damaged, or the weights of another model (the first difference is named) or
            another vocabulary.
    """
    from safetensors import SafetensorError, safe_open
    from safetensors.torch import load

    try:
        weights = load(path.read_bytes())
        with safe_open(path, framework="pt") as file:
            saved_with = (file.metadata() or {}).get("vocabulary", "")
    except FileNotFoundError as error:
        raise CheckpointError(f"{path} does not exist: the run has no finished weights yet; train it first.") from error
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{path} is damaged ({error}): train again, or restore it from a copy.") from error
    expected = model.state_dict()
    for name in sorted(expected.keys() | weights.keys()):
        here = tuple(weights[name].shape) if name in weights else "missing"
        wanted = tuple(expected[name].shape) if name in expected else "no such weight"
        if here != wanted:
            raise CheckpointError(
                f"{path} belongs to another model: {name} is {here}, and the run's settings and vocabulary "
                f"need {wanted}. Was config.yaml or vocabulary.txt changed?"
            )
    if vocabulary and saved_with and vocabulary != saved_with:
        sources = path.with_name("source_vocabulary.txt").is_file()
        beside = "vocabulary.txt or source_vocabulary.txt" if sources else "vocabulary.txt"
        raise CheckpointError(
            f"{path} was trained with another vocabulary than {beside} beside it: restore that file from a copy."
        )
    model.load_state_dict(weights)


def save_state(folder: Path, step: int, state: dict[str, Any]) -> None:
    """Write a complete training state as `folder`/step-N and delete all but the newest `KEPT`.

    Args:
        folder: the run's folder of checkpoints.
        step: orders the states. One of the same step is replaced, and is not there for a moment.
        state: tensors, numbers, strings, lists and dicts, nested.
    """
    buffer = io.BytesIO()
    torch.save(state, buffer)
    content = buffer.getvalue()
    place = folder / f"step-{step:09}"
    unfinished = folder / (place.name + TEMPORARY_SUFFIX)
    try:
        _delete(unfinished)
        unfinished.mkdir(parents=True)
        write_file(unfinished / "state.pt", content)
        write_file(unfinished / "state.json", json.dumps({"step": step, "sha256": hashlib.sha256(content).hexdigest()}))
        _delete(place)
        os.replace(unfinished, place)
        sync(folder)
        states = _states(folder)
        # Later ones than this were passed over as damaged, and are made again.
        for old in [state for state in states if state.name > place.name] + states[states.index(place) + KEPT :]:
            _delete(old)
    except OSError as error:
        raise cannot_write(place, error) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def load_state(folder: Path, note: Callable[[str], None]) -> dict[str, Any] | None:
    """The newest training state that is whole, or None when there is none at all.

    Args:
        folder: the run's folder of checkpoints.
        note: is told of each damaged state that was passed over.

    Raises:
        CheckpointError: there are states, and all are damaged.
    """
    states = _states(folder)
    for place in states:
        try:
            content = (place / "state.pt").read_bytes()
            expected = json.loads((place / "state.json").read_text(encoding="utf-8"))["sha256"]
            if hashlib.sha256(content).hexdigest() != expected:
                raise ValueError("its checksum differs")
            return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        # Whatever is wrong with these bytes, and readers of damaged files raise many kinds, they are of no use.
        except Exception as error:
            note(f"{place} is damaged ({type(error).__name__}: {error}); trying the one before.")
    if states:
        raise CheckpointError(f"All training states in {folder} are damaged: start anew with --overwrite.")
    return None


def _states(folder: Path) -> list[Path]:
    """The states there are, newest first; unfinished ones not among them."""
    return sorted((path for path in folder.glob("step-*") if path.name[5:].isdecimal()), reverse=True)


def _delete(folder: Path) -> None:
    """Delete a state; renamed first, so that one caught halfway is never taken for whole."""
    if not folder.exists():
        return
    doomed = folder.with_name(folder.name.removesuffix(TEMPORARY_SUFFIX) + ".old" + TEMPORARY_SUFFIX)
    if doomed.exists():
        shutil.rmtree(doomed)
    os.replace(folder, doomed)
    shutil.rmtree(doomed)
