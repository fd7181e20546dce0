"""What callers hand to decoding beside a generator: samples, contexts and rewards, looked at as they come."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from seqgan.errors import PlayerError
from seqgan.fitting import kind_of, leaves_of, shape_of, written
from seqgan.tensors.rows import State


def check_context(context: State, rows: int) -> None:
    """That a context which the caller hands over is of as many rows as the sequences.

    Raises:
        PlayerError: not.
    """
    for part in leaves_of(context):
        if not isinstance(part, Tensor) or part.dim() == 0 or len(part) != rows:
            found = f"a tensor of shape {shape_of(part)}" if isinstance(part, Tensor) else kind_of(part)
            raise PlayerError(
                f"The context holds {found}, and {rows} rows are asked for, expected tensors with as many rows in axis "
                "0: select or repeat its rows, as seqgan.tensors.rows does."
            )


def check_samples(tokens: Any, mask: Any, device: torch.device) -> None:
    """That samples are ids and a mask of one shape, on a device.

    Raises:
        PlayerError: not.
    """
    right = isinstance(tokens, Tensor) and tokens.dim() == 2 and tokens.dtype == torch.long and tokens.shape[1] > 0
    if not right or not isinstance(mask, Tensor) or mask.shape != tokens.shape or mask.dtype != torch.bool:
        found = " and ".join(
            f"{kind_of(each)}{f' of {each.dtype}' if isinstance(each, Tensor) else ''}" for each in (tokens, mask)
        )
        raise PlayerError(
            f"The samples are {found}, expected ids of torch.int64 and a mask of torch.bool, both of shape [B, T], as "
            "sample gives them."
        )
    if tokens.device.type != device.type:
        raise PlayerError(f"The samples are on {tokens.device}, and the random numbers on {device}: move one of them.")


def checked_rewards(rewards: Any, reward: Callable[..., Any], tokens: Tensor) -> Tensor:
    """What a reward function gave for sequences [R, T], as floating-point numbers. [R]

    Raises:
        PlayerError: no tensor, of another shape, or on another device.
    """
    called = getattr(reward, "__name__", type(reward).__name__)
    shape = f"{written(tokens.shape[:1])} (a number for each row)"
    if not isinstance(rewards, Tensor):
        raise PlayerError(f"The reward {called} gave {kind_of(rewards)}, expected a tensor of shape {shape}.")
    if rewards.shape != tokens.shape[:1]:
        mend = ": squeeze its last axis" if rewards.shape == (len(tokens), 1) else ""
        raise PlayerError(f"The reward {called} gave rewards of shape {shape_of(rewards)}, expected {shape}{mend}.")
    if rewards.device != tokens.device:
        raise PlayerError(
            f"The reward {called} gave rewards on {rewards.device}, expected {tokens.device}, where the tokens are: "
            "end it with .to(tokens.device)."
        )
    if rewards.is_complex():
        raise PlayerError(f"The reward {called} gave complex numbers, expected real ones.")
    return rewards if rewards.is_floating_point() else rewards.float()
