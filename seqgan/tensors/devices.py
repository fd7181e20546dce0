"""What devices have and have not."""

import torch

APPLE = "mps"
"""Apple's GPUs, as torch calls them."""


def widest(device: torch.device) -> torch.dtype:
    """The most precise numbers that a device computes with: Apple's GPUs have no double precision."""
    return torch.float32 if device.type == APPLE else torch.float64


def piece_bytes(device: torch.device, on_cpu: int, on_gpu: int) -> int:
    """How much is worked on at once, where work is split for the sake of a processor's cache or a GPU's memory."""
    return on_cpu if device.type == "cpu" else on_gpu
