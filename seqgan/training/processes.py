"""Several processes that make the updates of one: which rows are whose, what is summed, and who decides.

`torchrun` starts them; torch.distributed carries their numbers, gloo on CPUs and nccl on GPUs. With one process
everything here gives back what it is given.

A batch is that of all processes together. What is cheap is done by all of them alike, from random numbers that are
alike: which sentences are drawn, how samples are compared, what a baseline says. What is dear is done in parts, a
process its own rows: sampling, completions, rewards, gradients. Samples and rewards, which are small, are gathered
before anything is normalised over them. A loss is handed to `update` as a process's part of it: the parts of all
processes sum to the loss, and so do their gradients. One process with 64 sentences and two with 32 then make the same
update, up to the order in which numbers are added.

No wrapper around the models does this (`DistributedDataParallel`, or accelerate around it). A wrapper averages
gradients of calls of `forward`; here a batch's rows need not divide evenly, means are also over tokens, second
derivatives are taken, and what is asked of a model is often not `forward`. One sum of all gradients, in the one place
where updates are made, is exact for all of that.
"""

import hashlib
import itertools
import json
import math
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from typing import Any, NamedTuple, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

from seqgan.errors import ConfigError, LostProcessError, SeqganError
from seqgan.launched import launched, launched_rank
from seqgan.tensors.layout import laid_out_as
from seqgan.tensors.module import Module

TIMEOUT_VARIABLE, TIMEOUT_SECONDS = "SEQGAN_TIMEOUT", 300.0
"""How long a process waits for the others' part of an update: the environment's word, and what holds without it."""
PATIENCE = timedelta(days=7)
"""How long the others wait while the first one judges or writes. A process that dies is noticed at once all the same,
by its closed connection."""

Rows = TypeVar("Rows", bound=tuple[Any, ...])
Result = TypeVar("Result")

_patient: dist.ProcessGroup | None = None
"""The same processes once more, with that patience; None while there is one process."""


@contextmanager
def joined(device: torch.device) -> Iterator[None]:
    """Within the block the processes that were started together make one training.

    Args:
        device: where this one computes.

    Raises:
        ConfigError: the time that they wait for each other is no number of seconds.
        SeqganError: the others do not answer.
    """
    if launched() == 1:
        yield
        return
    join(device)
    try:
        yield
    except BaseException:
        _fails_first()  # before the others fail for want of this one
        # Behind an error the others may be in the middle of something: what closes the connection also tells them.
        leave(at_once=dist.is_initialized() and dist.get_backend() != "gloo")
        raise
    leave()


def join(device: torch.device) -> None:
    """Begin what `leave` ends; see `joined`."""
    global _patient
    timeout = timedelta(seconds=_timeout_seconds())
    on_gpu = device.type == "cuda"
    if on_gpu:
        torch.cuda.set_device(device)
        # A lost process is then an error here, and not the end of this process from another thread.
        os.environ.setdefault("TORCH_NCCL_BLOCKING_WAIT", "1")
    with _answered():
        dist.init_process_group("nccl" if on_gpu else "gloo", timeout=timeout)
        _patient = dist.new_group(backend="gloo", timeout=PATIENCE)


def leave(*, at_once: bool = False) -> None:
    """From here on this process is one of its own.

    Args:
        at_once: do not wait for what is under way on a GPU, which may never end.
    """
    global _patient
    if _patient is not None:
        _patient = None
        if not at_once:
            dist.destroy_process_group()


def count() -> int:
    """How many processes make this training."""
    return 1 if _patient is None else dist.get_world_size()


def rank() -> int:
    """Which of them this one is, from 0."""
    return 0 if _patient is None else dist.get_rank()


def is_first() -> bool:
    """Whether this is the one that writes files and messages."""
    return rank() == 0


class OwnRows(NamedTuple):
    """What a process does of a batch."""

    rows: slice
    """Its rows."""
    holders: int
    """Processes that do the same rows: 1, or all of them where there are fewer rows than processes."""

    @property
    def size(self) -> int:
        """How many rows."""
        return self.rows.stop - self.rows.start

    def share(self, own: float | Tensor, whole: float | Tensor) -> float:
        """What a mean over `own` things of this part counts in the mean over the `whole` batch's."""
        return float(own) / max(1.0, float(whole)) / self.holders


def own_part(rows: int, each: int = 1) -> OwnRows:
    """The rows of a batch that this process works on: about as many as the others, one after the other.

    Args:
        rows: of the batch.
        each: so many rows stay together; divides `rows`.
    """
    groups = rows // each
    if groups < count():
        # Some would have nothing to work on: all do all of it, and each counts for its share.
        return OwnRows(slice(0, rows), count())
    first, behind = (groups * number // count() * each for number in (rank(), rank() + 1))
    return OwnRows(slice(first, behind), 1)


def some_rows(batch: Rows, rows: slice) -> Rows:
    """Rows of a named tuple of tensors and of such named tuples; what is None in it stays so."""
    parts: list[Any] = [
        some_rows(each, rows) if isinstance(each, tuple) else None if each is None else each[rows] for each in batch
    ]
    return type(batch)(*parts)


def dealt(rows: Tensor) -> Tensor:
    """Rows in another order, in which the parts of all processes are about as long where rows were in order of length.
    [R] -> [R]"""
    return torch.cat([rows[first :: count()] for first in range(count())])


def gather_rows(own: Tensor, rows: int, each: int = 1, dim: int = 0) -> Tensor:
    """The batch of which all processes have their parts, to all of them.

    Args:
        own: this one's rows.
        rows: of the batch.
        each: as of `own_part`.
        dim: axis of the rows.
    """
    if count() == 1:
        return own
    if own.dtype == torch.bool:
        return gather_rows(own.byte(), rows, each, dim).bool()
    groups = rows // each
    ends = [groups * number // count() * each for number in range(count() + 1)]
    sizes = [behind - first for first, behind in itertools.pairwise(ends)]
    if groups < count():
        sizes = [rows] + [0] * (count() - 1)  # all have all of it: what the first one has is taken
    own = own.movedim(dim, 0)
    padded = own.new_zeros(max(sizes), *own.shape[1:])
    padded[: len(own)] = own
    parts = [torch.empty_like(padded) for _ in sizes]
    with _answered():
        dist.all_gather(parts, padded)
    return torch.cat([part[:size] for part, size in zip(parts, sizes, strict=True)]).movedim(0, dim)


def summed(*values: float) -> list[float]:
    """Each number summed over the processes; the same on all of them, to the bit."""
    if count() == 1:
        return list(values)
    total = torch.tensor(values, dtype=torch.float64, device=_device())
    with _answered():
        dist.all_reduce(total)
    return total.tolist()


def total(number: Tensor) -> Tensor:
    """A number summed over the processes, there where it is; the same on all of them. [] -> []"""
    if count() > 1:
        number = number.detach().clone()
        with _answered():
            dist.all_reduce(number)
    return number


def sum_gradients(model: Module) -> None:
    """The gradients of a model's parameters summed over the processes, in one message. The same on all of them."""
    if count() == 1:
        return
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    gradients = [parameter.grad for parameter in parameters]
    # Beside the numbers goes whether there is a gradient at all: optimisers leave alone what has none.
    there = torch.tensor([gradient is not None for gradient in gradients], device=parameters[0].device)
    numbers = [
        torch.zeros_like(parameter) if gradient is None else gradient
        for parameter, gradient in zip(parameters, gradients, strict=True)
    ]
    together = torch.cat([there.to(parameters[0].dtype), *(each.flatten() for each in numbers)])
    with _answered():
        dist.all_reduce(together)
    parts = together[len(parameters) :].split([parameter.numel() for parameter in parameters])
    for parameter, anywhere, part in zip(parameters, together[: len(parameters)].tolist(), parts, strict=True):
        gradient = part.view_as(parameter).to(parameter.dtype)
        parameter.grad = laid_out_as(gradient, parameter) if anywhere else None


def take_over(*models: Module) -> None:
    """Give the models of all processes the first one's weights: however they were made, they begin alike."""
    if count() == 1:
        return
    with _answered():
        for model in models:
            for tensor in model.state_dict().values():
                dist.broadcast(tensor, 0)


def by_first(work: Callable[[], Result]) -> Result:
    """What the first process makes of `work`; the others wait, as long as it takes, and are told.

    Args:
        work: gives what JSON can hold: numbers by name, or None.
    """
    if count() == 1:
        return work()
    said = b""
    if is_first():
        said = json.dumps(work(), default=float).encode()
    length = torch.tensor(len(said))
    with _answered():
        dist.broadcast(length, 0, group=_patient)
        content = torch.zeros(int(length), dtype=torch.uint8)
        if is_first():
            content = torch.tensor(list(said), dtype=torch.uint8)
        dist.broadcast(content, 0, group=_patient)
    return json.loads(bytes(content.tolist()))


def gather_states(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Tensors of one shape on all processes, those of each name stacked by rank. [...] -> [processes, ...]"""
    gathered = {}
    for name in sorted(state):
        parts = [torch.empty_like(state[name]) for _ in range(count())]
        with _answered():
            dist.all_gather(parts, state[name], group=_patient)
        gathered[name] = torch.stack(parts)
    return gathered


def own_seed(seed: int) -> int:
    """A seed of this process's own, made of one that all have; with one process that one itself."""
    return seed if count() == 1 else (seed + (rank() + 1) * 1_000_003) % 2**63


def own_numbers(shared: torch.Generator) -> torch.Generator:
    """A generator for what this process draws for its own rows; with one process the shared one itself."""
    if count() == 1:
        return shared
    return torch.Generator(shared.device).manual_seed(own_seed(shared.initial_seed()))


def check_alike(what: str, value: str) -> None:
    """That all processes have the same.

    Args:
        what: name of it, for the message.
        value: of this process.

    Raises:
        SeqganError: they have not.
    """
    if count() == 1:
        return
    digest = int.from_bytes(hashlib.sha256(value.encode()).digest()[:7])
    digests = gather_states({"digest": torch.tensor(digest)})["digest"].tolist()
    others = [number for number, each in enumerate(digests) if each != digests[0]]
    if others:
        raise SeqganError(
            f"{what} of process {others[0]} is not that of process 0: give all hosts the same files, and the same "
            "versions of seqgan and torch."
        )


def check_room(rows: int, name: str) -> None:
    """That each process has something of a batch to work on.

    Args:
        rows: of the batch.
        name: of the setting that says so.

    Raises:
        ConfigError: some would have nothing.
    """
    if rows < count():
        raise ConfigError(
            f"{name} is {rows}, and there are {count()} processes, each of which needs something to work on: raise it, "
            "or start fewer."
        )


def first_to_fail() -> bool:
    """Whether none of the processes that were started together has failed before: one line is enough for the user.

    This one ends now, and hears no longer that the launcher wishes it to.
    """
    if launched() == 1:
        return True
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    return _fails_first()


@cache
def _fails_first() -> bool:
    """The same, found out once."""
    try:
        address, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
        store = dist.TCPStore(address, port, is_master=False, timeout=timedelta(seconds=10), wait_for_workers=False)
        attempt = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
        return store.add(f"seqgan/failed/{attempt}", 1) == 1
    except (RuntimeError, ValueError):
        return True  # the place where they would agree is gone: rather two lines than none


def _device() -> torch.device:
    """Where the tensors of messages are."""
    return torch.device("cuda", torch.cuda.current_device()) if dist.get_backend() == "nccl" else torch.device("cpu")


def _timeout_seconds() -> float:
    value = os.environ.get(TIMEOUT_VARIABLE, "")
    try:
        seconds = float(value) if value else TIMEOUT_SECONDS
        if math.isfinite(seconds) and seconds > 0:
            return seconds
    except ValueError:
        pass
    raise ConfigError(f"{TIMEOUT_VARIABLE} is {value!r}, expected a number of seconds above 0.")


@contextmanager
def _answered() -> Iterator[None]:
    """Whatever goes wrong within has to do with another process."""
    try:
        yield
    except RuntimeError as error:
        # The library's words, without the line of its source before and its advice behind.
        what = (str(error).partition("] ")[2].partition(". ")[0] or str(error))[:100]
        raise LostProcessError(
            f"Process {launched_rank()} of {launched()} has lost another one, which ended or did not answer within "
            f"{_timeout_seconds():g} seconds ({what}): go on from the last training state with --resume, "
            "with as many processes or another number."
        ) from error
