"""The bytes of a training state to its values, without running anything in them and without more memory than they have.

torch's reader without code would still follow a stranger's file into memory that it does not have: members that unfold
to a thousand times their size, tensors that repeat one number a billion times, byte arrays of any length asked, and
lists that hold one list twice, which holds another one twice, and so on: small until somebody walks through them. So
the members are looked at first, then what the pickle would make, and at the end the tensors.
"""

import io
import zipfile
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from seqgan.runs.state_pickle import check_pickle


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
        check_pickle(archive.read(pickles[0]), len(content))
    state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    if not isinstance(state, dict):
        raise ValueError(f"it holds a {type(state).__name__}, and no state")
    for tensor in _tensors(state):
        if tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
            raise ValueError("it holds a tensor that is larger than its data")
    return state


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
