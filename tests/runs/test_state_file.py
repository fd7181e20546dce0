"""Training states are read for what they are, and nothing that costs more than their bytes reaches torch.

What is refused here is harmless: a few values that stand in places where no state has them.
"""

import io
import zipfile
from collections import OrderedDict

import pytest
import torch
from torch import nn

from seqgan.runs import state_file, state_pickle
from seqgan.runs.state_file import parse_state
from seqgan.runs.state_pickle import check_pickle


def saved(state):
    buffer = io.BytesIO()
    torch.save(state, buffer)
    return buffer.getvalue()


@pytest.fixture
def torch_sees_nothing(monkeypatch):
    """Fails where the file gets as far as torch's reader."""
    monkeypatch.setattr(state_file.torch, "load", lambda *args, **kwargs: pytest.fail("torch saw it"))


def trained_state():
    """What a training has to save: weights, an optimiser after a step, random numbers, lists and words."""
    model = nn.LSTM(3, 4)
    optimizer = torch.optim.Adam([{"params": [part]} for part in model.parameters()], betas=(0.5, 0.9))
    model(torch.ones(2, 1, 3))[0].sum().backward()
    optimizer.step()
    return {
        "generator": model.state_dict(),
        "policy": model.state_dict(),  # the same numbers, as where the policy that completes is the generator
        "optimizer": optimizer.state_dict(),
        "random": {"own": torch.get_rng_state()},
        "types": [torch.zeros(2, dtype=kind) for kind in (torch.float64, torch.bfloat16, torch.int64, torch.bool)],
        "view": torch.arange(12).view(3, 4).T,
        "empty": torch.zeros(0, 3),
        "lines": [{"phase": "adversarial", "step": step, "loss": step / 7} for step in range(300)],
        "numbers": (2**70, -1, 300, 70_000, None, True, False, ()),
        "words": OrderedDict(a="é", b="long " * 100),
        "nothing": None,
    }


def test_what_a_training_saves_comes_back():
    state = trained_state()
    read = parse_state(saved(state))
    assert read.keys() == state.keys()
    for name in ("numbers", "words", "lines", "nothing"):
        assert read[name] == state[name]
    assert torch.equal(read["view"], state["view"])
    assert [part.dtype for part in read["types"]] == [part.dtype for part in state["types"]]
    for name, weight in state["generator"].items():
        assert torch.equal(read["generator"][name], weight)
    assert read["optimizer"]["param_groups"] == state["optimizer"]["param_groups"]


LIST, TUPLE, TENSOR = [1, 2], tuple("abcde"), torch.zeros(100)


@pytest.mark.parametrize(
    ("state", "why"),
    [
        ({"a": LIST, "b": LIST}, "a list in two places"),
        ([LIST, LIST], "a list in two places"),
        ({"a": {"b": OrderedDict(c=LIST)}, "d": [LIST]}, "a list in two places"),
        ({"a": (words := {"b": 1}), "c": words}, "a dict in two places"),
        ({"a": (words := OrderedDict(b=1)), "c": words}, "a dict in two places"),
        ({"a": TUPLE, "b": TUPLE}, "a container in two places"),
        ({"a": (pair := (1, (2,))), "b": pair}, "a container in two places"),
        ({"a": (whole := (1, [])), "b": whole}, "a container in two places"),
        ({"a": [TENSOR] * 40}, "its tensors together are larger"),
        ({"a": [TENSOR.view(100) for _ in range(40)]}, "its tensors together are larger"),
        ({"a": torch.zeros(1).expand(100)}, "larger than its data"),
    ],
)
def test_what_is_shared_is_refused_before_torch_sees_it(state, why, torch_sees_nothing):
    with pytest.raises(ValueError, match=why):
        parse_state(saved(state))


def test_a_list_within_itself_is_refused(torch_sees_nothing):
    state = {"a": []}
    state["a"].append(state["a"])
    with pytest.raises(ValueError, match="a list in two places"):
        parse_state(saved(state))


@pytest.mark.parametrize("wrap", [lambda part: [part], lambda part: {"a": part}, lambda part: (part,)])
def test_containers_in_too_many_others_are_refused(wrap, torch_sees_nothing):
    part = 1
    for _ in range(state_pickle.DEEPEST):
        part = wrap(part)
    with pytest.raises(ValueError, match="containers in more than 32 others"):
        parse_state(saved({"a": part}))


def test_containers_in_as_many_others_as_may_be():
    part = 1
    for _ in range(state_pickle.DEEPEST - 1):
        part = [part]
    assert parse_state(saved({"a": part})) == {"a": part}


def test_more_than_the_file_has_bytes_for_is_refused(torch_sees_nothing, monkeypatch):
    """Empty lists are of one or two bytes in a file, and of some dozens in memory."""
    state = saved({"a": [[] for _ in range(300)]})
    monkeypatch.setattr(state_pickle, "SPARE_BYTES", 0)
    with pytest.raises(ValueError, match="more than the file has bytes for"):
        check_pickle(pickle_of(state), 600)
    check_pickle(pickle_of(state), 600 * 64)


def test_words_count_wherever_they_stand(monkeypatch):
    word = "w" * 1000
    pickled = pickle_of(saved({"a": [word for _ in range(100)]}))
    monkeypatch.setattr(state_pickle, "SPARE_BYTES", 0)
    check_pickle(pickled, 10_000)  # 100,000 letters and some 300 steps
    with pytest.raises(ValueError, match="more than the file has bytes for"):
        check_pickle(pickled, 6_000)


@pytest.mark.parametrize(
    "pickled", [b"\x80\x02a.", b"\x80\x02u.", b"\x80\x02(]t0.", b"\x80\x02R.", b"\x80\x02h\x07.", b"\x80\x02"]
)
def test_what_is_no_pickle_of_a_state_is_an_error(pickled):
    with pytest.raises((ValueError, IndexError, KeyError)):
        check_pickle(pickled, 100)


def pickle_of(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(next(name for name in archive.namelist() if name.endswith(".pkl")))
