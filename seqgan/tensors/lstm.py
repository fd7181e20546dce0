"""An LSTM layer for `torch.autocast` on any processor."""

import torch
from torch import Tensor, nn

WITHOUT_BFLOAT16 = ("DEFAULT", "NO AVX", "AVX2")
"""How `torch.backends.cpu.get_cpu_capability` calls processors below AVX-512. On those of x86, oneDNN of torch 2.13
has no LSTM in bfloat16: within autocast `nn.LSTM` raises that it "could not create a primitive descriptor". `nn.GRU`,
cells and products work on all of them."""


class LSTM(nn.LSTM):
    """`nn.LSTM`, in full precision where the processor has none in bfloat16. Arguments are those of `nn.LSTM`."""

    def forward(  # type: ignore[override]
        self, values: Tensor, state: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """See `nn.LSTM`. [B, T, E] -> [B, T, H] and the last state."""
        whole = values.device.type == "cpu" and torch.is_autocast_enabled("cpu") and not has_bfloat16_lstm()
        if not whole:
            return super().forward(values, state)
        with torch.autocast("cpu", enabled=False):
            state = None if state is None else (state[0].float(), state[1].float())
            return super().forward(values.float(), state)


def has_bfloat16_lstm() -> bool:
    """Whether oneDNN can run an LSTM in bfloat16 on this processor."""
    return torch.backends.cpu.get_cpu_capability() not in WITHOUT_BFLOAT16
