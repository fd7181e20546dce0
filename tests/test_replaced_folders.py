"""Folders that take the place of others, also where that is interrupted."""

import os
import shutil

import pytest

from seqgan import files
from seqgan.files import replace_folder


@pytest.fixture
def both(tmp_path):
    """The unfinished folder and the one in its place, with a file each."""
    for name, text in (("model.writing", "new"), ("model", "old")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(text)
    return tmp_path / "model.writing", tmp_path / "model"


def test_a_folder_takes_the_place_of_another(both):
    replace_folder(*both)
    assert (both[1] / "file").read_text() == "new"
    assert os.listdir(both[1].parent) == ["model"]


@pytest.mark.parametrize("renamed", [0, 1])
def test_interrupted_between_two_renamings_the_former_folder_comes_back(both, monkeypatch, renamed):
    replace, calls = os.replace, []

    def interrupted(*names):
        calls.append(names)
        if len(calls) == renamed + 1:
            raise KeyboardInterrupt
        replace(*names)

    monkeypatch.setattr(files.os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        replace_folder(*both)
    assert (both[1] / "file").read_text() == "old"
    assert sorted(os.listdir(both[1].parent)) == ["model", "model.writing"]


def test_interrupted_while_the_former_folder_is_deleted_nothing_of_it_stays(both, monkeypatch):
    delete, calls = shutil.rmtree, []

    def interrupted(*arguments, **options):
        calls.append(arguments)
        if len(calls) == 1:
            raise KeyboardInterrupt
        delete(*arguments, **options)

    monkeypatch.setattr(files.shutil, "rmtree", interrupted)
    with pytest.raises(KeyboardInterrupt):
        replace_folder(*both)
    assert (both[1] / "file").read_text() == "new"
    assert os.listdir(both[1].parent) == ["model"]
