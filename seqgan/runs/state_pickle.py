"""What the pickle of a training state would make, told before anything is made.

A pickle is a program for a small machine with a stack. Here the machine runs with stand-ins in place of containers and
tensors: nothing of what the program names is called, and nothing is as large as what it describes.
"""

import math
import pickletools
from dataclasses import dataclass
from typing import Any

STORAGES = {
    **{f"torch {kind}Storage": 8 for kind in ("Double", "Long")},
    **{f"torch {kind}Storage": 4 for kind in ("Float", "Int")},
    **{f"torch {kind}Storage": 2 for kind in ("Half", "BFloat16", "Short")},
    **{f"torch {kind}Storage": 1 for kind in ("Char", "Byte", "Bool")},
}
"""Bytes of a number."""
TENSOR, ORDERED = "torch._utils _rebuild_tensor_v2", "collections OrderedDict"
NAMES = {TENSOR, ORDERED, *STORAGES}
"""All that a state of this package calls for."""
DEEPEST = 32
"""Containers within containers; those of a state are seven deep."""
SHORT = 4
"""Parts of the longest tuple that may stand in several places, as two numbers of the settings of an optimiser do."""
TIMES_TENSORS = 3
"""How often the numbers of a state may be those of its tensors: the policy that completes prefixes, and the one that is
not to be left too far, may share their weights with the generator."""
STEP_BYTES, CALL_BYTES = 64, 1024
"""What a step makes at most, and one that calls something: a tensor."""
TIMES_BYTES, SPARE_BYTES = 16, 2**20
"""What all steps may make: so many times the file, and what the smallest files need besides."""


@dataclass(eq=False, slots=True)
class _Container:
    kind: str
    depth: int = 1


@dataclass(eq=False, slots=True)
class _Name:
    name: str


@dataclass(eq=False, slots=True)
class _Storage:
    numbers: int
    size: int
    """Bytes of a number."""


@dataclass(eq=False, slots=True)
class _Tensor:
    bytes: int


def check_pickle(pickled: bytes, size: int) -> None:
    """That a pickle makes what states are made of, and no more of it than its file accounts for.

    Args:
        pickled: a program of protocol 2, as torch writes it.
        size: of the file that it is in, its tensors' numbers among them. [bytes]

    Raises:
        ValueError: it calls for what no state has; a container is in two places, or in too many others; a tensor is
            larger than its data; or there is more of all of it than the file has bytes for.
        IndexError: it takes from its stack what is not there.
        Exception: what pickletools raises for what is no pickle.
    """
    machine = _Machine(size)
    for code, argument, _ in pickletools.genops(pickled):
        machine.step(code.name, argument)


class _Machine:
    def __init__(self, size: int):
        self.size = size
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}
        self.made = self.in_tensors = 0

    def step(self, code: str, argument: Any) -> None:
        """One instruction."""
        match code:
            case "PROTO" | "STOP":
                return
            case "MARK":
                self.marks.append(len(self.stack))
                return
            case "BINPUT" | "LONG_BINPUT":
                self.memo[argument] = self.stack[-1]
                return
            case "BINGET" | "LONG_BINGET":
                self.stack.append(self._again(self.memo[argument]))
            case "NONE" | "NEWTRUE" | "NEWFALSE":
                self.stack.append({"NONE": None, "NEWTRUE": True, "NEWFALSE": False}[code])
            case "BININT" | "BININT1" | "BININT2" | "LONG1" | "LONG4" | "BINFLOAT" | "BINUNICODE":
                self.stack.append(argument)
            case "EMPTY_LIST" | "EMPTY_DICT":
                self.stack.append(_Container(code.removeprefix("EMPTY_").lower()))
            case "EMPTY_TUPLE":
                self.stack.append(())
            case "TUPLE" | "TUPLE1" | "TUPLE2" | "TUPLE3":
                parts = self._since_mark() if code == "TUPLE" else self._last(int(code[-1]))
                self._depth(parts)
                self.stack.append(tuple(parts))
            case "APPEND" | "APPENDS":
                self._fill("list", self._since_mark() if code == "APPENDS" else self._last(1))
            case "SETITEM" | "SETITEMS":
                self._fill("dict", self._since_mark() if code == "SETITEMS" else self._last(2))
            case "BUILD":  # what an OrderedDict of weights has besides
                self._fill("dict", self._last(1))
            case "GLOBAL":
                if argument not in NAMES:
                    raise ValueError(f"it asks for {argument}, which no state does")
                self.stack.append(_Name(argument))
            case "BINPERSID":
                self.stack.append(_storage(*self._last(1)))
            case "REDUCE":
                self._call(*self._last(2))
            case _:
                raise ValueError(f"it has a {code}, which no state has")
        self._count(STEP_BYTES)

    def _again(self, value: Any) -> Any:
        """A value that has been made, in another place: walked through, it costs what it costs again."""
        if isinstance(value, tuple) and (len(value) > SHORT or any(map(_is_container, value))):
            raise ValueError("it has a container in two places, which no state has")
        if isinstance(value, _Container | _Storage):
            raise ValueError(f"it has a {getattr(value, 'kind', 'storage')} in two places, which no state has")
        if isinstance(value, str):
            self._count(len(value))
        elif isinstance(value, _Tensor):
            self._count_tensor(value)
        return value

    def _call(self, function: Any, arguments: Any) -> None:
        self._count(CALL_BYTES)
        name = function.name if isinstance(function, _Name) else ""
        if name == ORDERED and arguments == ():
            self.stack.append(_Container("dict"))
        elif name == TENSOR and isinstance(arguments, tuple):
            tensor = _tensor(arguments)
            self._count_tensor(tensor)
            self.stack.append(tensor)
        else:
            raise ValueError(f"it calls {name or 'something'} in a way that no state does")

    def _fill(self, kind: str, parts: list[Any]) -> None:
        container = self.stack[-1]
        if not isinstance(container, _Container) or container.kind != kind:
            raise ValueError(f"it fills a {kind} that is none")
        container.depth = max(container.depth, self._depth(parts))

    def _depth(self, parts: list[Any]) -> int:
        """Of what holds these."""
        depth = 1 + max((_depth_of(part) for part in parts), default=0)
        if depth > DEEPEST:
            raise ValueError(f"it has containers in more than {DEEPEST} others, which no state has")
        return depth

    def _count(self, made: int) -> None:
        self.made += made
        if self.made > TIMES_BYTES * self.size + SPARE_BYTES:
            raise ValueError("it makes more than the file has bytes for")

    def _count_tensor(self, tensor: _Tensor) -> None:
        self.in_tensors += tensor.bytes
        if self.in_tensors > TIMES_TENSORS * self.size:
            raise ValueError("its tensors together are larger than their data")

    def _last(self, count: int) -> list[Any]:
        first = len(self.stack) - count
        if count < 0 or first < 0:
            raise IndexError("it takes from an empty stack")
        parts = self.stack[first:]
        del self.stack[first:]
        return parts

    def _since_mark(self) -> list[Any]:
        return self._last(len(self.stack) - self.marks.pop())


def _is_container(value: Any) -> bool:
    return isinstance(value, tuple | _Container | _Storage | _Tensor)


def _depth_of(value: Any) -> int:
    if isinstance(value, _Container):
        return value.depth
    # A tuple is looked into when it is made, and again here: it holds no others but as a tensor's description.
    return 1 + max(map(_depth_of, value), default=0) if isinstance(value, tuple) else 0


def _storage(description: Any) -> _Storage:
    """Of a tuple of a word, the kind, the member's name, the device and how many numbers."""
    match description:
        case ("storage", _Name(name=name), str(), str(), int(numbers)) if name in STORAGES and numbers >= 0:
            return _Storage(numbers, STORAGES[name])
    raise ValueError("it describes a storage in a way that no state does")


def _tensor(description: tuple[Any, ...]) -> _Tensor:
    """Of storage, first number, sizes, strides, whether it has a gradient, and hooks."""
    match description:
        case (_Storage() as storage, int(), tuple() as sizes, tuple(), bool(), _Container(kind="dict")) if all(
            isinstance(size, int) and size >= 0 for size in sizes
        ):
            if math.prod(sizes) > storage.numbers:
                raise ValueError("it holds a tensor that is larger than its data")
            return _Tensor(math.prod(sizes) * storage.size)
    raise ValueError("it describes a tensor in a way that no state does")
