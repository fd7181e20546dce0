"""Honest times of two contenders: alternating in one process, medians of paired rounds, peak memory, the machine."""

import contextlib
import ctypes
import gc
import os
import platform
import statistics
import time
from pathlib import Path

import torch

MEBIBYTE = 2**20


class Contest:
    """Some paired rounds of two contenders.

    Args:
        peer: a call of the one.
        package: a call of the other.
        times: the peer's whole work is this many times what `peer` does (a loop of equal turns, one of them timed).
        clock: tells seconds; `time.process_time` counts those of the process alone, of all its threads.
    """

    def __init__(self, peer, package, times=1, clock=time.perf_counter):
        self.calls = {"peer": peer, "package": package}
        self.times = times
        self.clock = clock
        self.seconds = {"peer": [], "package": []}
        self.bytes = {"peer": 0, "package": 0}

    def play(self, rounds):
        """One round whose times are not read, then `rounds` more; who begins changes from round to round.

        Before the unread one freed memory is given back to the system, so that what a contender keeps between calls is
        counted. In the others it stays with the process, as in use.
        """
        for number in range(rounds + 1):
            names = ["peer", "package"] if number % 2 else ["package", "peer"]
            for name in names:
                seconds, extra = measured(self.calls[name], afresh=number == 0, clock=self.clock)
                self.bytes[name] = max(self.bytes[name], extra)
                if number or rounds == 0:
                    self.seconds[name].append(seconds * (self.times if name == "peer" else 1))
        return self

    @property
    def ratios(self):
        """Peer's time over the package's, round by round."""
        return [peer / package for peer, package in zip(self.seconds["peer"], self.seconds["package"], strict=True)]

    def result(self):
        """What is reported."""
        return {
            "ratio": statistics.median(self.ratios),
            "ratios": self.ratios,
            "peer_seconds": statistics.median(self.seconds["peer"]),
            "package_seconds": statistics.median(self.seconds["package"]),
            "peer_mebibytes": self.bytes["peer"] / MEBIBYTE,
            "package_mebibytes": self.bytes["package"] / MEBIBYTE,
        }


def measured(work, afresh=True, clock=time.perf_counter):
    """Seconds of one call, and by how many bytes the process's memory rose above what it was before.

    Args:
        work: the call.
        afresh: freed memory is given back to the system before it.
        clock: tells seconds.
    """
    gc.collect()
    if afresh:
        trim()
    before = reset_peak()
    started = clock()
    work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return clock() - started, max(0, peak() - before)


def reset_peak():
    """Begin to look for a new peak; the bytes that are in use now."""
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
        return torch.cuda.memory_allocated()
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return 0
    return status("VmRSS")


def peak():
    """The most bytes in use since `reset_peak`; 0 where the system does not tell."""
    return torch.cuda.max_memory_allocated() if torch.cuda.is_available() else status("VmHWM")


def status(key):
    """A figure of this process, in bytes; 0 where the system does not tell."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(key + ":")), 0)


def trim():
    """Give freed memory back to the system, so that it is not counted as in use."""
    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def machine():
    """What the numbers were measured on."""
    information = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    names = cpuinfo(information, "model name")
    return {
        "processor": names[0] if names else platform.processor() or platform.machine(),
        "units": processor_units(information),
        "cores": os.cpu_count(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "threads": torch.get_num_threads(),
        "capability": torch.backends.cpu.get_cpu_capability(),
        "libraries": libraries(),
        "parallel": torch.__config__.parallel_info().strip(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "load": os.getloadavg() if hasattr(os, "getloadavg") else None,
    }


UNITS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_tile", "amx_int8", "amx_bf16")
"""Of a processor, as Linux names them, that products are made faster with."""


def processor_units(information):
    """Those of `UNITS` that the processor has, given what /proc/cpuinfo says; none where it says nothing."""
    flags = set(" ".join(cpuinfo(information, "flags")[:1]).split())
    return [unit for unit in UNITS if unit in flags]


def cpuinfo(information, key):
    """What each processor of /proc/cpuinfo has under a key."""
    pairs = (line.partition(":") for line in information.splitlines())
    return [value.strip() for name, _, value in pairs if name.strip() == key]


def libraries():
    """What torch multiplies by and runs its threads with, in a line of its own words."""
    lines = torch.__config__.parallel_info().splitlines()
    told = [line.partition("-Product Build")[0].partition(" (Git")[0] for line in lines if line.startswith("Intel")]
    backend = [line for line in lines if line.startswith("ATen parallel backend")]
    return "; ".join(told + backend)
