"""Which device a name means, and random numbers there: GPUs are imitated, none is needed."""

from types import SimpleNamespace

import pytest
import torch

from seqgan.errors import CheckpointError, ConfigError
from seqgan.tensors.devices import widest
from seqgan.training import engine
from seqgan.training.engine import choose_device, random_state, seeded, set_random_state


@pytest.fixture
def gpus(monkeypatch):
    """Sets how many GPUs of CUDA there are, and whether there is one of Apple's."""

    def there(cuda=0, apple=False, processes=1):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: cuda)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: apple)
        monkeypatch.setattr(engine, "launched", lambda: processes)
        monkeypatch.setattr(engine, "launched_local_rank", lambda: 1)

    return there


@pytest.mark.parametrize(
    ("name", "there", "device"),
    [
        ("auto", {}, "cpu"),
        ("auto", {"cuda": 2}, "cuda"),
        ("auto", {"apple": True}, "cpu"),
        ("cpu", {"cuda": 2}, "cpu"),
        ("cuda", {"cuda": 2}, "cuda"),
        ("cuda:0", {"cuda": 2}, "cuda:0"),
        ("cuda:1", {"cuda": 2}, "cuda:1"),
        ("mps", {"apple": True}, "mps"),
        ("cuda", {"cuda": 2, "processes": 2}, "cuda:1"),
        ("cpu", {"cuda": 2, "processes": 2}, "cpu"),
    ],
)
def test_names_and_devices(gpus, name, there, device):
    gpus(**there)
    assert choose_device(name) == torch.device(device)


@pytest.mark.parametrize(
    ("name", "there", "said"),
    [
        ("cuda:2", {"cuda": 2}, "--device is cuda:2, and torch sees 2: cuda:0 to cuda:1."),
        ("cuda:0", {}, "--device is cuda:0, but torch sees no GPU here"),
        ("mps", {"cuda": 1}, "torch sees no GPU of Apple's here"),
        ("cuda:1", {"cuda": 2, "processes": 2}, "each takes one of its own"),
        ("mps", {"apple": True, "processes": 2}, "each takes one of its own"),
        ("cuda", {"cuda": 1, "processes": 2}, "torch sees 1 GPUs"),
        *((name, {"cuda": 2}, "choose auto, cpu, cuda") for name in ("gpu", "cuda:", "cuda:-1", "cuda:x", "cpu:1", "")),
    ],
)
def test_what_is_not_there_is_said(gpus, name, there, said):
    gpus(**there)
    with pytest.raises(ConfigError) as caught:
        choose_device(name)
    assert said in str(caught.value)


def test_apple_s_random_numbers_go_on_and_are_given_back(monkeypatch):
    here = {"state": torch.tensor([1], dtype=torch.uint8)}
    monkeypatch.setattr(torch.mps, "get_rng_state", lambda: here["state"])
    monkeypatch.setattr(torch.mps, "set_rng_state", lambda state: here.update(state=state))
    generator = torch.Generator
    monkeypatch.setattr(torch, "Generator", lambda device: generator("cpu"))
    with seeded(3, torch.device("mps")) as rng:
        here["state"] = torch.tensor([2], dtype=torch.uint8)  # as drawing does
    assert here["state"].item() == 1

    shared = SimpleNamespace(device=torch.device("mps"), get_state=rng.get_state, set_state=rng.set_state)
    with torch.random.fork_rng(devices=[]):
        saved = random_state(shared)
        drawn = torch.rand(2, generator=rng)
        here["state"] = torch.tensor([3], dtype=torch.uint8)
        set_random_state(shared, saved)
    assert here["state"].item() == 1
    assert torch.equal(torch.rand(2, generator=rng), drawn)
    with pytest.raises(CheckpointError, match=r"begun on mps, .* resume it with --device mps"):
        set_random_state(generator("cpu"), saved)


def test_sums_are_as_precise_as_the_device_can():
    assert widest(torch.device("cpu")) == widest(torch.device("cuda")) == torch.float64
    assert widest(torch.device("mps")) == torch.float32
