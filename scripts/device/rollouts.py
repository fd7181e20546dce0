"""Rollouts at batch sizes that fill the device, their memory, and their precision."""

import contextlib
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch
from benchmarks import timing
from torch import Tensor, nn

from device.check import Check, Place, Result, wait_for
from device.models import Sizes, make_discriminator, make_generator, player_names, sequences, sizes, sources
from seqgan.decoding import rollout
from seqgan.decoding.memory import free_bytes
from seqgan.decoding.sampling import Samples
from seqgan.discriminators import DISCRIMINATORS, usual_discriminator
from seqgan.generators import usual_generator
from seqgan.objectives import SEQGAN
from seqgan.settings.adversarial import AdversarialConfig
from seqgan.tensors.condition import context_of
from seqgan.tensors.modes import evaluating
from seqgan.training.credit import token_values
from seqgan.training.rewards import discriminator_reward

MEBIBYTE = 2**20
ROUNDED_REWARD = 0.02
"""Of a reward between 0 and 1: bfloat16 keeps 8 bits, and a logit's error of 1 % is a quarter of that at most."""
OVER = 1.1
"""What a peak may be of its budget."""
FULL = 0.8
"""Of the device's memory: where the next batch would take more, the last one has filled it."""
GROWTH = 4
"""Of the batch from call to call."""


class Size(NamedTuple):
    """Of players that complete and score sentences of one length."""

    vocabulary: int
    hidden: int
    length: int
    rollouts: int
    filters: float

    def completions(self, batch: int) -> int:
        """Rows that a batch makes."""
        return batch * self.rollouts * (self.length - 1)


def checks() -> list[Check]:
    return [
        Check(
            "rollouts/growing",
            "Rollouts at the benchmark's sizes run at growing batches until the device is full: completions a second "
            "and memory, the CPU's beside.",
            120.0,
            growing,
        ),
        Check(
            "rollouts/memory",
            "Completions take no more memory than adversarial.memory allows, and a tenth of it.",
            45.0,
            held_to_budget,
        ),
    ]


def precision_checks() -> list[Check]:
    """Rewards of each discriminator, and rollouts as the setting has them."""
    made = [
        Check(
            f"bfloat16/{'pairs-' if conditional else ''}{name}",
            f"Rewards of the same sentences in bfloat16 are within {ROUNDED_REWARD} of those in float32.",
            20.0,
            partial(rewards_agree, name, conditional),
        )
        for conditional in (False, True)
        for name in player_names(DISCRIMINATORS, conditional=conditional)
    ]
    return [
        *made,
        Check(
            "bfloat16/rollouts",
            "adversarial.rollout_precision bfloat16 rounds completions and scores, gives float32, and values that are "
            "near those without.",
            20.0,
            rollouts_agree,
        ),
    ]


def players(size: Size, place: Place, device: torch.device) -> tuple[nn.Module, Callable, Callable[[int], Samples]]:
    """The usual generator and its reward on a device, and batches of random sentences of full length."""
    sized = Sizes(size.vocabulary, size.hidden, 1, size.length, size.filters)
    one = {"conditional": False, "layers": 1}
    generator = make_generator(usual_generator(conditional=False), sized, place.folder, **one).to(device).eval()
    judge = make_discriminator(usual_discriminator(conditional=False), sized, place.folder, **one).to(device).eval()

    def batch(rows: int) -> Samples:
        rng = torch.Generator().manual_seed(rows)
        tokens = torch.randint(1, size.vocabulary, (rows, size.length), generator=rng).to(device)
        return Samples(tokens, torch.ones_like(tokens, dtype=torch.bool))

    return generator, discriminator_reward(judge, SEQGAN.reward), batch


# Time


def growing(place: Place) -> Result:
    """Batches that grow fourfold, all completions of each in one pass, and as the package cuts them by itself."""
    size = Size(20, 8, 6, 2, 0.03) if place.quick else Size(5000, 32, 20, 16, 1.0)
    most = 8 if place.quick else 2**15
    ends = time.monotonic() + 90
    generator, reward, batch = players(size, place, place.device)
    rng = torch.Generator(place.device).manual_seed(0)
    lines, rows, why = [], 2 if place.quick else 64, ""
    while not why:
        completed = partial(rollout, generator, reward, batch(rows), size.rollouts, rng=rng)
        seconds, cut_peak = measured(completed, place.device)
        whole = partial(completed, max_rows=2**62, memory=free_bytes(place.device))
        at_once, highest = measured(whole, place.device)
        completions = size.completions(rows)
        lines.append(
            f"batch {rows}: {completions / seconds:,.0f}/s in {cut_peak / MEBIBYTE:,.0f} MiB, "
            f"in one pass {completions / at_once:,.0f}/s in {highest / MEBIBYTE:,.0f} MiB"
        )
        if rows >= most:
            why = "no more was asked for"
        elif highest * GROWTH > FULL * free_bytes(place.device):
            why = "four times as many would not fit"
        elif time.monotonic() + GROWTH * (seconds + at_once) * 2 > ends:
            why = "four times as many would take too long"
        rows *= GROWTH
    if place.device.type != "cpu":
        generator, reward, batch = players(size, place, torch.device("cpu"))
        completed = partial(rollout, generator, reward, batch(64), size.rollouts, rng=torch.Generator().manual_seed(0))
        seconds, _ = measured(completed, torch.device("cpu"))
        lines.append(f"CPU with {torch.get_num_threads()} threads, batch 64: {size.completions(64) / seconds:,.0f}/s")
    return Result(True, f"{'; '.join(lines)}; {why}")


def measured(work: Callable[[], object], device: torch.device) -> tuple[float, int]:
    """Seconds of a call, after one that warms up, and by how many bytes memory rose above what was in use before: on
    CUDA that of tensors, else the process's."""
    work()
    wait_for(device)
    before = reset_peak(device)
    started = time.perf_counter()
    work()
    wait_for(device)
    return time.perf_counter() - started, max(0, peak(device) - before)


def reset_peak(device: torch.device) -> int:
    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)
        return torch.cuda.memory_allocated(device)
    timing.trim()
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")
    return timing.status("VmRSS")


def peak(device: torch.device) -> int:
    return torch.cuda.max_memory_allocated(device) if device.type == "cuda" else timing.status("VmHWM")


# Memory


def held_to_budget(place: Place) -> Result:
    """The peak of each of some budgets that bind."""
    size = Size(20, 8, 6, 2, 0.03) if place.quick else Size(5000, 512, 20, 16, 1.0)
    budgets, rows = ((1, 4), 4) if place.quick else ((256, 1024), 256)
    generator, reward, batch = players(size, place, place.device)
    config, samples, peaks = AdversarialConfig(rollouts=size.rollouts), batch(rows), []
    for budget in budgets:
        rng = torch.Generator(place.device).manual_seed(0)
        memory = budget * MEBIBYTE

        def work(memory: int = memory, rng: torch.Generator = rng) -> Tensor:
            return rollout(generator, reward, samples, config.rollouts, rng=rng, memory=memory)

        peaks.append(measured(work, place.device)[1] / MEBIBYTE)
    says = ", ".join(f"{peak:,.0f} MiB of {budget:,}" for peak, budget in zip(peaks, budgets, strict=True))
    if place.device.type != "cuda":
        return Result(True, f"{says} (of the whole process: not judged)")
    return Result(all(peak <= OVER * budget for peak, budget in zip(peaks, budgets, strict=True)), says)


# Precision


def rewards_agree(name: str, conditional: bool, place: Place) -> Result:
    size = sizes(quick=place.quick)
    model = make_discriminator(name, size, place.folder, conditional=conditional).to(place.device).eval()
    tokens, mask = (each.to(place.device) for each in sequences(size, size.rows * 16))
    rows = torch.arange(len(tokens), device=place.device)

    def rewards() -> Tensor:
        with evaluating(model):
            condition = sources(size, len(tokens)).to(place.device) if conditional else None
            reward = discriminator_reward(model, SEQGAN.reward, context_of(model, condition))
        return reward(tokens, mask, rows)

    exact = rewards()
    with torch.autocast(place.device.type, dtype=torch.bfloat16):
        near = rewards()
    error = (near - exact).abs().max().item()
    kept = near.dtype == exact.dtype == torch.float32
    return Result(kept and error <= ROUNDED_REWARD, f"{error:.1e} of at most {ROUNDED_REWARD}, in {near.dtype}")


def rollouts_agree(place: Place) -> Result:
    """Means over completions, which are partly others: within ROUNDED_REWARD and six standard errors of the two."""
    size = Size(20, 8, 6, 16, 0.03) if place.quick else Size(5000, 32, 20, 64, 1.0)
    generator, reward, batch = players(size, place, place.device)
    samples = batch(4 if place.quick else 64)

    def values(precision: str) -> Tensor:
        config = AdversarialConfig(rollouts=size.rollouts, rollout_precision=precision)
        rng = torch.Generator(place.device).manual_seed(2)
        return token_values(config, generator, reward, samples, None, per_token=False, rng=rng)

    exact, near = values("float32"), values("bfloat16")
    error = (near.mean(dim=0) - exact.mean(dim=0)).abs()
    chance = 6 * ((exact.var(dim=0) + near.var(dim=0)) / size.rollouts).sqrt()
    passed = near.dtype == torch.float32 and bool((error <= ROUNDED_REWARD + chance).all())
    return Result(passed, f"means of {size.rollouts} differ by {error.max().item():.1e} at most, in {near.dtype}")
