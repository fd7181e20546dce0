"""Damaged files of every kind that is read: a result, or an error that says the mend.

`scripts/fuzz` goes on for longer.
"""

import pytest
from bad_inputs.fuzzing import TARGETS, read
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

FEW = settings(max_examples=25, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck), database=None)
PLACES = st.integers(0, 2**31)


@pytest.mark.parametrize("name", TARGETS)
def test_whole_files_are_read(name):
    assert read(name, TARGETS[name][1]())


@pytest.mark.parametrize("name", TARGETS)
@FEW
@given(st.data())
def test_damaged_files(name, data):
    whole = TARGETS[name][1]()
    content = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(PLACES) % (len(content) + 1)
        how = data.draw(st.sampled_from(["flip", "cut", "insert", "repeat", "delete"]))
        if how == "flip" and place < len(content):
            content[place] ^= data.draw(st.integers(1, 255))
        elif how == "cut":
            del content[place:]
        elif how == "insert":
            content[place:place] = data.draw(st.binary(max_size=8))
        elif how == "repeat":
            content[place:place] = content[: data.draw(PLACES) % (len(content) + 1)]
        else:
            del content[place : place + data.draw(st.integers(1, 8))]
    read(name, bytes(content))


@pytest.mark.parametrize("name", TARGETS)
@FEW
@given(st.binary(max_size=200))
@example(b"")
def test_any_bytes(name, content):
    read(name, content)


@FEW
@given(st.text(alphabet="a\t\n\r b\u2028\x85\x0c", max_size=60))
def test_lines_and_tabs_are_never_paired_with_others(content):
    read("corpus", content.encode())
    read("pairs", content.encode())
