"""The bytes of a training state to its values, without running anything in them and without more memory than they have.

torch's reader without code would still follow a stranger's file into memory that it does not have: members that unfold
to a thousand times their size, tensors that repeat one number a billion times, and byte arrays of any length asked. So
the members are looked at first, then the names that are called, and at the end the tensors.
"""

import io
import pickletools
import zipfile
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

NAMES = {
    "collections OrderedDict",
    "torch._utils _rebuild_tensor_v2",
    *(f"torch {kind}Storage" for kind in ("Float", "Double", "Half", "BFloat16", "Long", "Int", "Short", "Char")),
    *("torch ByteStorage", "torch BoolStorage"),
}
"""All that a state of this package calls for."""


def parse_state(content: bytes) -> dict[str, Any]:
    """The state in a file that `torch.save` made.

    Args:
        content: of the file.

    Raises:
        ValueError: it is no such file, or one that asks for code or for memory which it does not have.
        Exception: what zipfile, pickletools and torch raise for damaged files, which is of many kinds.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = archive.infolist()
        if any(member.compress_type != zipfile.ZIP_STORED for member in members):
            raise ValueError("it holds compressed members, which no state has")
        if sum(member.file_size for member in members) > len(content):
            raise ValueError("its members say that they are larger than the file")
        pickles = [member for member in members if member.filename.endswith(".pkl")]
        if len(pickles) != 1:
            raise ValueError("it is not the file of one state")
        _check_names(archive.read(pickles[0]))
    state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    if not isinstance(state, dict):
        raise ValueError(f"it holds a {type(state).__name__}, and no state")
    for tensor in _tensors(state):
        if tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
            raise ValueError("it holds a tensor that is larger than its data")
    return state


def _check_names(pickled: bytes) -> None:
    """That a pickle names nothing but what states are made of.

    Raises:
        ValueError: names the first other one.
    """
    for code, argument, _ in pickletools.genops(pickled):
        if code.name == "GLOBAL":
            if argument not in NAMES:
                raise ValueError(f"it asks for {argument}, which no state does")
        elif code.name in ("STACK_GLOBAL", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "EXT1", "EXT2", "EXT4"):
            raise ValueError(f"it has a {code.name}, which no state has")


def _tensors(state: Any) -> Iterator[Tensor]:
    """All tensors in nested containers; one that is shared is looked at once."""
    seen, waiting = set[int](), [state]
    while waiting:
        value = waiting.pop()
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, dict | list | tuple) and id(value) not in seen:
            seen.add(id(value))
            waiting += value.values() if isinstance(value, dict) else value
