"""Weights and complete training states on the disk: written whole, checked by a sum, read without unpickling code."""

import hashlib
import io
import json
import os
import shutil
import stat
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from seqgan.errors import CheckpointError
from seqgan.files import TEMPORARY_SUFFIX, cannot_write, read_file, sync, write_file
from seqgan.runs.state_file import parse_state
from seqgan.tensors.layout import laid_out_as
from seqgan.tensors.module import Module

SAFETENSORS_NAMES = {
    torch.float32: "F32",
    torch.float64: "F64",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.int64: "I64",
    torch.int32: "I32",
    torch.uint8: "U8",
    torch.bool: "BOOL",
}
"""What safetensors calls the types of numbers."""
KEPT = 2
"""Training states that are kept: the newest, and the one before it in case the newest is damaged."""


def save_weights(model: Module, path: Path, vocabulary: str = "") -> None:
    """Write a model's weights as safetensors. Tied parameters must be one parameter, as in this package's models.

    Args:
        model: the unwrapped model.
        path: the file.
        vocabulary: fingerprint of what the rows of its tables stand for: of one vocabulary, or of two together.
    """
    from safetensors.torch import save

    weights = {name: value.detach().contiguous() for name, value in model.state_dict().items()}
    write_file(path, save(weights, metadata={"vocabulary": vocabulary}))


def load_weights(model: Module, path: Path, vocabulary: str = "") -> None:
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

    expected = model.state_dict()
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise OSError("no plain file")
        with safe_open(path, framework="pt") as file:
            saved_with = (file.metadata() or {}).get("vocabulary", "")
            # What the file says of its tensors is looked at before any of them is read.
            _check_header({name: file.get_slice(name) for name in file.keys()}, expected, path)  # noqa: SIM118
            weights = {name: file.get_tensor(name) for name in expected}
    except FileNotFoundError as error:
        raise CheckpointError(f"{path} does not exist: the run has no finished weights yet; train it first.") from error
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{path} is damaged ({error}): train again, or restore it from a copy.") from error
    for name, weight in weights.items():
        if not bool(weight.isfinite().all()):
            raise CheckpointError(
                f"{path} is damaged: {name} holds what is no finite number. Train again, or restore it from a copy."
            )
    if vocabulary and saved_with and vocabulary != saved_with:
        sources = path.with_name("source_vocabulary.txt").is_file()
        beside = "vocabulary.txt or source_vocabulary.txt" if sources else "vocabulary.txt"
        raise CheckpointError(
            f"{path} was trained with another vocabulary than {beside} beside it: restore that file from a copy."
        )
    model.load_state_dict(weights)


def _check_header(found: Mapping[str, Any], expected: Mapping[str, torch.Tensor], path: Path) -> None:
    """That a file of weights says of its tensors what the model's are.

    Args:
        found: what safetensors calls a slice, by name.
        expected: the model's tensors, by name.
        path: of the file, for messages.

    Raises:
        CheckpointError: names the first difference.
    """
    for name in sorted(expected.keys() | found.keys()):
        here = tuple(found[name].get_shape()) if name in found else "missing"
        wanted = tuple(expected[name].shape) if name in expected else "no such weight"
        if here == wanted and found[name].get_dtype() != SAFETENSORS_NAMES.get(expected[name].dtype):
            here, wanted = found[name].get_dtype(), str(expected[name].dtype).removeprefix("torch.")
        if here != wanted:
            raise CheckpointError(
                f"{path} belongs to another model: {name} is {here}, and the run's settings and vocabulary "
                f"need {wanted}. Was config.yaml or vocabulary.txt changed?"
            )


def save_state(folder: Path, step: int, state: dict[str, Any], spare: Collection[int] = ()) -> None:
    """Write a complete training state as `folder`/step-N and delete all but the newest `KEPT`.

    Args:
        folder: the run's folder of checkpoints.
        step: orders the states. One of the same step is replaced, and is not there for a moment.
        state: tensors, numbers, strings, lists and dicts, nested.
        spare: the steps of others that are kept, to go back to.
    """
    buffer = io.BytesIO()
    torch.save(state, buffer)
    content = buffer.getvalue()
    place = _place(folder, step)
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
        spared = [_place(folder, other) for other in spare]
        # Later ones than this were passed over as damaged, and are made again.
        for old in [state for state in states if state.name > place.name] + states[states.index(place) + KEPT :]:
            if old not in spared:
                _delete(old)
    except OSError as error:
        raise cannot_write(place, error) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def load_state(folder: Path, note: Callable[[str], None], log: Path | None = None) -> dict[str, Any] | None:
    """The newest training state that is whole, or None when there is none at all.

    Args:
        folder: the run's folder of checkpoints.
        note: is told of each damaged state that was passed over.
        log: the run's metric log. Where nothing is in it, damaged states are as good as none: no work is lost by
            beginning anew.

    Raises:
        CheckpointError: there are states, and all are damaged; or there are none of a run that has a log.
    """
    states = _states(folder)
    for place in states:
        try:
            return _read(place)
        # Whatever is wrong with these bytes, and readers of damaged files raise many kinds, they are of no use.
        except Exception as error:
            note(f"{place} is damaged ({type(error).__name__}: {error}); trying the one before.")
    begun = log is not None and log.exists() and log.stat().st_size > 0
    if states and (begun or log is None):
        raise CheckpointError(f"All training states in {folder} are damaged: start anew with --overwrite.")
    if begun:
        raise CheckpointError(
            f"{folder} holds no training state, and {log} says that there was one: restore the folder from a copy, or "
            "start anew with --overwrite."
        )
    return None


def delete_unfinished(folder: Path) -> None:
    """Delete what a process that was killed had not finished writing, or deleting, in a run's folder.

    Args:
        folder: of the run. A folder in it may be a child run that another process is making, and is left alone.
    """
    for place in (folder, folder / "checkpoints", folder / "samples"):
        for path in place.glob(f"*{TEMPORARY_SUFFIX}"):
            if path.is_symlink() or path.is_file():
                path.unlink(missing_ok=True)
            elif place != folder:
                shutil.rmtree(path, ignore_errors=True)


def has_state(folder: Path, log: Path) -> bool:
    """Whether there is a training state to go on from; arguments and errors as of `load_state`."""
    return load_state(folder, lambda _: None, log) is not None


def load_state_of(folder: Path, step: int) -> dict[str, Any]:
    """The training state of that step.

    Raises:
        CheckpointError: it is not there, or damaged.
    """
    place = _place(folder, step)
    try:
        return _read(place)
    except Exception as error:  # of many kinds, as above
        raise CheckpointError(
            f"{place}, the training state to go back to, cannot be read ({type(error).__name__}: {error}): go on with "
            "--resume --on-collapse warn, or begin anew."
        ) from error


def _place(folder: Path, step: int) -> Path:
    return folder / f"step-{step:09}"


def _read(place: Path) -> dict[str, Any]:
    """A state, its checksum compared; raises whatever reading of damaged files raises."""
    content = read_file(place / "state.pt")
    expected = json.loads(read_file(place / "state.json", 1_000_000))["sha256"]
    if hashlib.sha256(content).hexdigest() != expected:
        raise ValueError("its checksum differs")
    return parse_state(content)


@contextmanager
def restoring(folder: Path) -> Iterator[None]:
    """Around what puts a training state back: whatever does not fit there is one line.

    Args:
        folder: the run's folder of checkpoints.

    Raises:
        CheckpointError: the state is one of another model, or of other settings.
    """
    try:
        yield
    except CheckpointError:
        raise
    except (AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError) as error:
        what = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise CheckpointError(
            f"The training state in {folder} does not belong to this run ({what}): restore it from a copy, or start "
            "anew with --overwrite."
        ) from error


def fit_moments(optimizer: torch.optim.Optimizer) -> None:
    """See that what an optimiser remembers of its parameters has their shapes, and lies in memory as they do.

    Raises:
        ValueError: something has not.
    """
    for parameter, remembered in optimizer.state.items():
        for name, value in remembered.items():
            if isinstance(value, torch.Tensor) and value.dim() and value.shape != parameter.shape:
                raise ValueError(f"{name} is {tuple(value.shape)} of a parameter that is {tuple(parameter.shape)}")
            if isinstance(value, torch.Tensor) and value.dim():
                remembered[name] = laid_out_as(value, parameter)


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
