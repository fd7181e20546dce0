"""Whether a player or a reward of one's own fits: what it lacks, or gives in another shape, is said at the door.

A method is called once, on a few rows, and what it gives is compared with what `seqgan/generators/protocol.py` and
`seqgan/discriminators/protocol.py` ask. Whoever calls sees to the modes (`evaluating`) and to the random numbers
(`untouched_numbers`): a trial leaves nothing behind.
"""

import operator
import random
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from seqgan.errors import PlayerError, SeqganError
from seqgan.tensors.devices import APPLE
from seqgan.tensors.module import Module
from seqgan.tensors.rows import SharedRows, State

ROWS = 5
"""Of a trial. One would hide what broadcasts, and two or three are as many as a state has layers, whose axis may not be
the first."""

STEPPING = {
    "initial_state": "initial_state(rows, context=None), which gives the state before the first token",
    "step": "step(tokens [R], state), which gives logits [R, V] and the next state",
}
ONE_SHOT = {"distributions": "distributions(rows, rng), which gives logits [R, T, V]"}
TEACHER_FORCED = {
    "encode": "encode(source, source_mask), which gives a context, None without a source",
    "forward": "forward(tokens [B, T], context=None), which gives logits [B, T, V]",
}
JUDGING = {"forward": "forward(tokens [R, T], mask [R, T], context=None), which gives logits [R]"}
READING = {"encode": "encode(source [B, L], source_mask [B, L]), which gives a context, None without a source"}


def check_module(model: Any, what: str, methods: dict[str, str]) -> None:
    """That something is a module, and has methods.

    Args:
        model: the user's.
        what: "generator" or "discriminator", for the message.
        methods: name to what it is given and gives.

    Raises:
        PlayerError: not.
    """
    if isinstance(model, type):
        raise PlayerError(
            f"The {what} {model.__name__} is a class, expected one of its objects: {model.__name__}(...)."
        )
    called = name_of(model)
    if not isinstance(model, nn.Module):
        raise PlayerError(f"The {what} is of {called}, expected a torch.nn.Module: let the class inherit from it.")
    for name, signature in methods.items():
        if not _has(model, name):
            wrapped = getattr(model, "module", None)
            mend = "give the module that it wraps, its .module" if _has(wrapped, name) else "add it"
            raise PlayerError(f"The {what} {called} has no method {name}, expected {signature}: {mend}.")


def check_generator(generator: Any, methods: dict[str, str], device: torch.device | None = None) -> None:
    """That a generator has the numbers and methods that it is asked for, and lies where it is to work.

    Args:
        generator: the user's.
        methods: as of `check_module`.
        device: of what it is given; None does not ask.

    Raises:
        PlayerError: not.
    """
    check_module(generator, "generator", methods)
    expected = {"vocabulary_size": "how many symbols can come out, the end symbol included", "end": "the id that ends"}
    if "distributions" in methods:
        expected["max_length"] = "the positions of every sequence"
    if "step" in methods:
        expected["start"] = "the id that is read before the first token"
    for name, meaning in expected.items():
        if not hasattr(generator, name):
            raise PlayerError(f"The generator {name_of(generator)} has no {name}, expected {meaning}: set it.")
        value = getattr(generator, name)
        if not (_is_number(value) or (name == "end" and value is None)):
            or_none = ", or None for sequences of one length" if name == "end" else ""
            raise PlayerError(
                f"{name} of the generator {name_of(generator)} is {value!r}, expected a whole number from "
                f"{1 if name == 'vocabulary_size' else 0} on{or_none}: {meaning}."
            )
    size, end = generator.vocabulary_size, generator.end
    if size < 1 or (end is not None and end >= size):
        raise PlayerError(
            f"The generator {name_of(generator)} has {size} symbols and the end symbol {end}, expected an end below "
            "their number."
        )
    if device is not None:
        check_device(generator, "generator", device)


def check_device(model: Module, what: str, device: torch.device) -> None:
    """That some of a model's parameters, where it has any, lie on a device.

    Raises:
        PlayerError: none do.
    """
    found = None
    for parameter in model.parameters():  # the first one answers, but where a model is spread over several devices
        found = parameter.device
        if found == device or (found.type == device.type and None in (device.index, found.index)):
            return
    if found is not None:
        raise PlayerError(
            f"The {what} {name_of(model)} is on {found}, and what it is to work with on {device}: move one of them."
        )


def tried(model: Any, what: str, method: str, given: str, call: Callable[[], Any]) -> Any:
    """What a method gives in a trial.

    Args:
        model: whose method it is.
        what: "generator", "discriminator" or "reward", for the message.
        method: its name.
        given: what it is given, in words.
        call: calls it.

    Raises:
        PlayerError: it fails; what the model's own code said is the cause.
    """
    try:
        return call()
    except (SeqganError, MemoryError, torch.OutOfMemoryError):
        raise  # these say what they are
    except Exception as error:
        said = " ".join(f"{type(error).__name__}: {error}".split())[:300].rstrip(".")
        called = getattr(model, "__name__", name_of(model))
        raise PlayerError(f"{method} of the {what} {called} failed on {given}, with {said}.") from error


def try_step(generator: Any, method: str, tokens: Tensor, state: State) -> tuple[Tensor, State]:
    """One step of a trial, its result as it should be.

    Args:
        generator: any that steps.
        method: "step", or "advance" of a generator whose output layer stands apart.
        tokens: ids [R], or distributions [R, V].
        state: of R rows.

    Raises:
        PlayerError: the step fails, or gives something else.
    """
    ids = not tokens.is_floating_point()
    span = f" from {int(tokens.min())} to {int(tokens.max())}" if ids and tokens.device.type == "cpu" else ""
    given = f"{'ids' if ids else 'distributions'}{span} of shape {shape_of(tokens)}"
    result = tried(generator, "generator", method, given, lambda: getattr(generator, method)(tokens, state))
    if not (isinstance(result, tuple | list) and len(result) == 2):
        raise _gave(generator, "generator", method, result, f"two things: {STEPPING['step'].split('gives ')[1]}")
    values, state = result
    width = generator.vocabulary_size if method == "step" else output_weight(generator).shape[1]
    axes = "rows, vocabulary" if method == "step" else "rows, what output_layer reads"
    check_numbers(generator, "generator", method, values, [len(tokens), width], axes, logits=method == "step")
    check_rows(generator, method, state, len(tokens))
    return values, state


def check_numbers(
    model: Module,
    what: str,
    method: str,
    values: Any,
    shape: Collection[int],
    axes: str,
    hint: str = "",
    *,
    logits: bool = True,
) -> None:
    """That a method gave logits, or what they are made of, in a shape.

    Args:
        model: whose method it is.
        what: "generator" or "discriminator", for the message.
        method: its name.
        values: what it gave.
        shape: the expected one.
        axes: what its axes are, in words.
        hint: what helps, where more is known.
        logits: whether it is to give logits; what these are made of may be the result of a sigmoid.

    Raises:
        PlayerError: not.
    """
    expected = f"{written(shape)} ({axes})"
    called = "logits" if logits else "values"
    if not isinstance(values, Tensor):
        raise _gave(model, what, method, values, f"a tensor of shape {expected}")
    if list(values.shape) != list(shape):
        raise PlayerError(
            f"The {what} {name_of(model)} gave {called} of shape {shape_of(values)} from {method}, expected {expected}"
            f"{hint}."
        )
    if not values.is_floating_point():
        kind = str(values.dtype).removeprefix("torch.")
        raise PlayerError(
            f"The {what} {name_of(model)} gave {called} of type {kind} from {method}, expected floating-point numbers."
        )
    squashed = _squashed(values) if logits else None
    if squashed is not None:
        raise PlayerError(
            f"The {what} {name_of(model)} gave probabilities from {method}, the result of a {squashed}, expected "
            f"logits: leave the {squashed} out."
        )


def check_rows(model: Module, method: str, state: State, rows: int) -> None:
    """That a state or a context is of nested tuples of tensors with rows in axis 0.

    Raises:
        PlayerError: not.
    """
    for part in leaves_of(state):
        if not isinstance(part, Tensor):
            raise PlayerError(
                f"{name_of(model)} has {kind_of(part)} in what {method} gives, expected tensors with rows in axis 0, "
                "or nested tuples of such."
            )
        if part.dim() == 0 or len(part) != rows:
            raise PlayerError(
                f"{name_of(model)} has a tensor of shape {shape_of(part)} in what {method} gives for {rows} rows, "
                f"expected rows in axis 0: {written([rows])[:-1]}, ...]."
            )


@contextmanager
def untouched_numbers(device: torch.device) -> Iterator[None]:
    """Within the block random numbers may be drawn, of torch, NumPy and Python; afterwards they go on as if none had
    been."""
    of_python, of_numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
    apple = torch.mps.get_rng_state() if device.type == APPLE else None
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        yield
    if apple is not None:  # `fork_rng` has no word for these
        torch.mps.set_rng_state(apple)
    random.setstate(of_python)
    np.random.set_state(of_numpy)  # noqa: NPY002


def name_of(model: Any) -> str:
    """The class of a model, of one that `torch.compile` made that of the original."""
    return type(getattr(model, "_orig_mod", model)).__name__


def _has(model: Any, name: str) -> bool:
    method = getattr(model, name, None)
    # Every torch module has a forward, which says that there is none.
    return callable(method) and getattr(method, "__name__", "") != "_forward_unimplemented"


def _is_number(value: Any) -> bool:
    try:
        return operator.index(value) >= 0
    except TypeError:
        return False


def output_weight(generator: Any) -> Tensor:
    """The weight of a generator's output layer. [V, D]

    Raises:
        PlayerError: there is none, or of another shape.
    """
    if not _has(generator, "output_layer"):
        raise PlayerError(
            f"The generator {name_of(generator)} has no method output_layer, expected output_layer(), which gives the "
            "weight [V, D] and the bias [V] of what is done after advance and features: add it, or leave those out."
        )
    layer = tried(generator, "generator", "output_layer", "nothing", generator.output_layer)
    size = generator.vocabulary_size
    right = isinstance(layer, tuple | list) and len(layer) == 2 and all(isinstance(each, Tensor) for each in layer)
    if not right or layer[0].dim() != 2 or len(layer[0]) != size or layer[1].shape != (size,):
        shapes = " and ".join(map(kind_of, layer)) if isinstance(layer, tuple | list) else kind_of(layer)
        raise PlayerError(
            f"The generator {name_of(generator)} gave {shapes} from output_layer, expected a weight [{size}, D] and a "
            f"bias [{size}]."
        )
    weight: Tensor = layer[0]
    return weight


def _gave(model: Module, what: str, method: str, found: Any, expected: str) -> PlayerError:
    return PlayerError(f"The {what} {name_of(model)} gave {kind_of(found)} from {method}, expected {expected}.")


def _squashed(values: Tensor) -> str | None:
    """The function that made probabilities of logits, where the graph tells so; None where it does not."""
    made = values.grad_fn
    names = {"SigmoidBackward0": "sigmoid", "SoftmaxBackward0": "softmax"}
    changes_shape = ("Squeeze", "View", "Select", "Unsqueeze", "Slice", "Transpose", "Permute", "ToCopy", "Clone")
    while made is not None and type(made).__name__ not in names:
        if not type(made).__name__.startswith(changes_shape) or not made.next_functions:
            return None
        made = made.next_functions[0][0]
    return None if made is None else names[type(made).__name__]


def leaves_of(state: State) -> Iterator[Any]:
    """What a nested tuple holds; of shared rows, the row of each."""
    if isinstance(state, tuple | list):
        for part in state:
            yield from leaves_of(part)
    elif isinstance(state, SharedRows):
        yield state.index
    elif state is not None:
        yield state


def kind_of(found: Any) -> str:
    """What something is, in words."""
    if isinstance(found, Tensor):
        return f"a tensor of shape {shape_of(found)}"
    if isinstance(found, tuple | list):
        return f"a {type(found).__name__} of {len(found)}"
    return "None" if found is None else f"a value of type {type(found).__name__}"


def shape_of(values: Tensor) -> str:
    """The shape of a tensor as messages have it."""
    return written(values.shape)


def written(shape: Collection[int]) -> str:
    """Sizes of axes as messages have them: [4, 7]."""
    return f"[{', '.join(map(str, shape))}]"
