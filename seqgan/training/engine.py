"""Where tensors live, and the states of all random numbers there."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from seqgan.errors import CheckpointError, ConfigError
from seqgan.launched import launched, launched_local_rank
from seqgan.tensors.devices import APPLE
from seqgan.tensors.module import Module
from seqgan.training.processes import count, gather_states, own_seed, rank


def choose_device(name: str = "auto") -> torch.device:
    """The device of that name; `auto` takes a GPU when there is one. Of several processes on a host each has its own.

    Args:
        name: auto, cpu, cuda, one of CUDA's GPUs as `cuda:1`, or mps, Apple's.

    Raises:
        ConfigError: it is not there, or not for each of several processes; or no such name.
    """
    kind, _, number = name.partition(":")
    if name not in ("auto", "cpu", "cuda", APPLE) and not (
        kind == "cuda" and re.fullmatch(r"\d{1,4}", number, re.ASCII)
    ):
        raise ConfigError(f"--device is {name!r}: choose auto, cpu, cuda, cuda:1 (one of several) or mps (Apple's).")
    if launched() > 1 and (number or name == APPLE):
        raise ConfigError(
            f"--device is {name}, and of {launched()} processes each takes one of its own: choose cuda, cpu or auto."
        )
    if name == APPLE:
        if not torch.backends.mps.is_available():
            raise ConfigError("--device is mps, but torch sees no GPU of Apple's here: use --device cpu.")
        return torch.device(APPLE)
    available = torch.cuda.is_available()
    if kind == "cuda" and not available:
        raise ConfigError(
            f"--device is {name}, but torch sees no GPU here: use --device cpu, or a CUDA build of torch."
        )
    if not available or name == "cpu":
        return torch.device("cpu")
    there = torch.cuda.device_count()
    if number:
        if int(number) >= there:
            raise ConfigError(f"--device is {name}, and torch sees {there}: cuda:0 to cuda:{there - 1}.")
        return torch.device("cuda", int(number))
    if launched() == 1:
        return torch.device("cuda")
    own = launched_local_rank()
    if own >= there:
        raise ConfigError(
            f"This is process {own + 1} of its host, and torch sees {there} GPUs: start no more than that with "
            "--nproc-per-node, or use --device cpu."
        )
    return torch.device("cuda", own)


def device_of(model: Module) -> torch.device:
    """The device of a model's parameters."""
    return next(model.parameters()).device


@contextmanager
def seeded(seed: int, device: torch.device) -> Iterator[torch.Generator]:
    """Within the block the global numbers, which dropout uses, start from `seed`; afterwards they are as before.

    Of several processes each has global numbers of its own.

    Yields:
        a generator on `device`, from the same seed and alike on all processes, for everything that is drawn by hand.
    """
    before = torch.mps.get_rng_state() if device.type == APPLE else None
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(own_seed(seed))
        try:
            yield torch.Generator(device).manual_seed(seed)
        finally:
            if before is not None:  # `fork_rng` has no word for these
                torch.mps.set_rng_state(before)


def random_state(shared: torch.Generator, own: torch.Generator | None = None) -> dict[str, Any]:
    """The states of all random numbers, of all processes, as tensors for a checkpoint.

    Args:
        shared: the generator whose numbers are alike on all processes.
        own: the one of this process, where it draws from one; with one process the same.
    """
    state = {"global": torch.get_rng_state(), "own": (own or shared).get_state()}
    if shared.device.type == "cuda":
        state["cuda"] = torch.cuda.get_rng_state(shared.device)
    elif shared.device.type == APPLE:
        state[APPLE] = torch.mps.get_rng_state()
    return state if count() == 1 else {"shared": shared.get_state(), **gather_states(state)}


def set_random_state(shared: torch.Generator, state: dict[str, Any], own: torch.Generator | None = None) -> None:
    """Go on with the random numbers where `random_state` was called.

    With another number of processes than then, the shared numbers go on, and those of each process begin anew: seeds
    are drawn from the shared ones.

    Args:
        shared: as of `random_state`.
        state: what that gave.
        own: as of `random_state`.

    Raises:
        CheckpointError: that was on another kind of device, whose random numbers are others.
    """
    saved_on = next((name for name in ("cuda", APPLE) if name in state), "cpu")
    if saved_on != shared.device.type:
        raise CheckpointError(
            f"This run was begun on {saved_on}, and its random numbers do not go on on {shared.device.type}: "
            f"resume it with --device {saved_on}."
        )
    own = own or shared
    several = "shared" in state
    shared.set_state(state["shared" if several else "own"])
    if (len(state["own"]) if several else 1) != count():
        seed = own_seed(int(torch.randint(2**62, (), generator=shared, device=shared.device)))
        own.manual_seed(seed)
        torch.manual_seed(seed)
        return
    # A copy: torch reads a state from the beginning of its memory, also where it is a row of some.
    names = [name for name in ("global", "own", "cuda", APPLE) if name in state]
    mine = {name: state[name][rank()].clone() if several else state[name] for name in names}
    torch.set_rng_state(mine["global"])
    own.set_state(mine["own"])
    if "cuda" in mine:
        torch.cuda.set_rng_state(mine["cuda"], shared.device)
    if APPLE in mine:
        torch.mps.set_rng_state(mine[APPLE])
