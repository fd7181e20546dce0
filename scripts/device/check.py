"""What a check is, and what it is given."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import torch


class Result(NamedTuple):
    """What came of a check."""

    passed: bool | None
    """Whether what it shows is so; None where it has not come to its end and goes on in the next call."""
    says: str
    """The numbers: differences beside their bounds, or rows a second and memory."""


class Place(NamedTuple):
    """Where a check is carried out."""

    device: torch.device
    """What is compared with the CPU."""
    quick: bool
    """Whether sizes are tiny."""
    folder: Path
    """Of the whole record; a check that goes on later keeps its files there."""
    ends: float
    """When the call is to be over, by `time.monotonic`."""

    @property
    def left(self) -> float:
        """Seconds that are left of the call."""
        return self.ends - time.monotonic()


class Check(NamedTuple):
    """One question to the device."""

    name: str
    """Its group, a slash, and what it is about."""
    shows: str
    """What it shows, in a sentence."""
    seconds: float
    """What it takes at most at full size, on an accelerator: a call with less left does not begin it."""
    run: Callable[[Place], Result]

    @property
    def group(self) -> str:
        return self.name.partition("/")[0]


@contextmanager
def whole_float32() -> Iterator[None]:
    """Within the block products of float32 keep its 24 bits: CUDA's libraries may else round what they multiply to 11
    bits (TF32), which those of convolutions and recurrent layers do by default."""
    libraries = torch.backends.cuda.matmul, torch.backends.cudnn
    before = [library.allow_tf32 for library in libraries]
    try:
        for library in libraries:
            library.allow_tf32 = False
        yield
    finally:
        for library, allowed in zip(libraries, before, strict=True):
            library.allow_tf32 = allowed


def wait_for(device: torch.device) -> None:
    """Until the device has done all that it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()
