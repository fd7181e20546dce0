#!/usr/bin/env bash
# torch 2.13.0, on a CPU: Adam with fused=True updates the wrong weights, without a word, where a parameter and its
# gradient lie differently in memory (equal shapes, other strides). Without fused=True the same update is right.
#
# How a weight of a convolution lies in memory may be chosen for speed, and gradients may be put into `.grad` by hand, as
# where those of several processes are added; what autograd itself puts there lies as the parameter does.
#
# Seen: "plain: largest difference 0.00", "fused: largest difference 0.20", which is two steps of the rate 0.1. Ends with
# 1 if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'END'
import sys

import torch

print("torch", torch.__version__)
start = torch.zeros(4, 3, 5)
gradient = torch.ones(4, 3, 5)
gradient[:, 0] = -1.0


def updated(fused: bool, transposed: bool) -> torch.Tensor:
    """The weights after one step; `transposed` ones have the same shape and other strides."""
    own = start.transpose(1, 2).contiguous().transpose(1, 2) if transposed else start.clone()
    weight = torch.nn.Parameter(own)
    weight.grad = gradient.clone()
    torch.optim.Adam([weight], lr=0.1, fused=fused).step()
    return weight.detach()


found = {}
for fused in (False, True):
    difference = (updated(fused, False) - updated(fused, True)).abs().max().item()
    found[fused] = round(difference, 2)
    print(f"{'fused' if fused else 'plain'}: largest difference {difference:.2f}")
sys.exit(0 if found == {False: 0.0, True: 0.2} else 1)
END
