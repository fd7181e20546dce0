"""Where tensors live, and the states of all random numbers there."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from seqgan.errors import CheckpointError, ConfigError


def choose_device(name: str = "auto") -> torch.device:
    """The device of that name; `auto` takes a GPU when there is one.

    Raises:
        ConfigError: cuda is asked for and there is none, or no such name.
    """
    if name not in ("auto", "cpu", "cuda"):
        raise ConfigError(f"--device is {name!r}: choose auto, cpu or cuda.")
    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise ConfigError("--device is cuda, but torch sees no GPU here: use --device cpu, or a CUDA build of torch.")
    return torch.device("cuda" if available and name != "cpu" else "cpu")


def device_of(model: nn.Module) -> torch.device:
    """The device of a model's parameters."""
    return next(model.parameters()).device


@contextmanager
def seeded(seed: int, device: torch.device) -> Iterator[torch.Generator]:
    """Within the block the global numbers, which dropout uses, start from `seed`; afterwards they are as before.

    Yields:
        a generator on `device`, from the same seed, for everything that is drawn by hand.
    """
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield torch.Generator(device).manual_seed(seed)


def random_state(rng: torch.Generator) -> dict[str, Any]:
    """The states of all random numbers, as tensors for a checkpoint."""
    state = {"global": torch.get_rng_state(), "own": rng.get_state()}
    if rng.device.type == "cuda":
        state["cuda"] = torch.cuda.get_rng_state(rng.device)
    return state


def set_random_state(rng: torch.Generator, state: dict[str, Any]) -> None:
    """Go on with the random numbers where `random_state` was called.

    Raises:
        CheckpointError: that was on another kind of device, whose random numbers are others.
    """
    saved_on = "cuda" if "cuda" in state else "cpu"
    if saved_on != rng.device.type:
        raise CheckpointError(
            f"This run was begun on {saved_on}, and its random numbers do not go on on {rng.device.type}: "
            f"resume it with --device {saved_on}."
        )
    torch.set_rng_state(state["global"])
    rng.set_state(state["own"])
    if "cuda" in state:
        torch.cuda.set_rng_state(state["cuda"], rng.device)
