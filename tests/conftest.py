"""What tests of several layers share: models small enough to list every sequence that they can make."""

import gc
import os
import signal

import pytest
import torch
from exact.listed import tiny_generator
from support.interruption import Interruption
from torch import nn

from seqgan.discriminators import CNNDiscriminator


def pytest_configure(config) -> None:
    if os.name == "posix":
        config.pluginmanager.register(Interruption())


def pytest_collection_modifyitems(items) -> None:
    for item in items:
        mark = item.get_closest_marker("slow")
        if mark is not None and not mark.kwargs.get("reason"):
            raise pytest.UsageError(f"{item.nodeid} is marked slow without a reason: say what takes its time.")
    # Files with slow tests begin, so that no process is left with one of them at the end.
    long = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in long)


def pytest_collection_finish() -> None:
    """What was imported stays: it is not looked through again each time that memory is collected."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def no_waiting_for_the_disk():
    """What a power cut would leave no test looks at, and waiting for the disk is a tenth of a training's time."""
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(os, "fsync", lambda file: None)
        yield


@pytest.fixture(scope="session", autouse=True)
def signals_as_from_a_terminal() -> None:
    """Tests send them, to themselves and to commands: `nohup` and background jobs have some ignored, as they stay."""
    for number in (signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)


@pytest.fixture
def rng() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.fixture
def generator() -> nn.Module:
    """Four symbols, 0 the end, in double precision and with clearly unequal probabilities."""
    return tiny_generator()


@pytest.fixture
def discriminator() -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(2)
        model = CNNDiscriminator(4, embedding_size=5, filters={1: 3, 2: 4, 3: 2}, dropout=0.5).double()
    return model.eval()
