"""A text that moved strands no run: it is found beside the run as it was, or where --corpus says; or is not needed."""

import json
import os
import shutil

import pytest

from seqgan.cli.main import main
from seqgan.runs.directory import open_run
from seqgan.runs.moved import found_again, moved_to
from seqgan.settings.data import DataConfig

pytestmark = pytest.mark.slow(reason="trains by commands")

LINES = "a dog runs .\nthe cat sleeps .\ntwo birds eat .\na cat runs .\n" * 10
SMALL = ["--generator.embedding-size", "8", "--generator.hidden-size", "12", "--quiet"]
SMALL_GAN = [
    *("--rounds", "1", "--adversarial.batch-size", "4", "--adversarial.rollouts", "2", "--discriminator.filters"),
    *("0.02", "--adversarial.warmup-steps", "1", "--adversarial.evaluate-samples", "4", "--no-verdict", "--quiet"),
]


def run(*arguments):
    return main([str(argument) for argument in arguments])


def fails(capsys, *arguments):
    capsys.readouterr()
    assert run(*arguments) == 2
    return capsys.readouterr().err.strip().split("\n")[-1]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made") / "project"
    (folder / "texts").mkdir(parents=True)
    (folder / "texts" / "mine.txt").write_text(LINES)
    (folder / "texts" / "valid.txt").write_text("a dog runs .\nthe cat eats .\n")
    texts = ["--corpus", folder / "texts" / "mine.txt", "--valid", folder / "texts" / "valid.txt"]
    assert run("pretrain", *texts, "--run", folder / "run", "--epochs", 1, *SMALL) == 0
    return folder


@pytest.fixture
def project(made, tmp_path, monkeypatch):
    """The project where it was made, for as long as the test, and a copy of it."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(made, tmp_path / "kept")
    yield made
    shutil.rmtree(made, ignore_errors=True)
    shutil.copytree(tmp_path / "kept", made)


JUDGE = ["--count", 4, "--metrics", "distinct", "--quiet"]


def test_run_and_text_that_are_moved_together_stay_together(project, tmp_path):
    project.rename(tmp_path / "elsewhere")
    folder = tmp_path / "elsewhere" / "run"
    data = open_run(folder).config.data
    assert (data.corpus, data.valid) == tuple(str(folder.parent / "texts" / n) for n in ("mine.txt", "valid.txt"))
    assert run("evaluate", "--run", folder, *JUDGE) == 0
    assert run("pretrain", "--run", folder, "--resume", "--epochs", 2, "--quiet") == 0
    assert f"corpus: {data.corpus}\n" in (folder / "config.yaml").read_text()
    (tmp_path / "elsewhere").rename(tmp_path / "again")
    assert run("adversarial", "--run", tmp_path / "again" / "run", *SMALL_GAN) == 0
    (tmp_path / "again").rename(tmp_path / "last")
    child = tmp_path / "last" / "run" / "seqgan"
    assert open_run(child).config.data.corpus == str(tmp_path / "last" / "texts" / "mine.txt")
    assert run("evaluate", "--run", child, *JUDGE) == 0


def test_a_text_that_is_moved_alone_is_named_and_checked(project, tmp_path, capsys):
    folder = project / "run"
    (project / "texts").rename(tmp_path / "moved")
    moved, other = tmp_path / "moved" / "mine.txt", tmp_path / "moved" / "other.txt"
    other.write_text(LINES.replace("dog", "wolf"))
    before = (folder / "config.yaml").read_bytes()
    for line in (
        ["evaluate", "--run", folder, *JUDGE],
        ["pretrain", "--run", folder, "--resume", "--epochs", 2],
        ["adversarial", "--run", folder, *SMALL_GAN],
    ):
        assert "mine.txt: if it was moved, --corpus says where it is now." in fails(capsys, *line)
        assert "is not the text that the run was trained on" in fails(capsys, *line, "--corpus", other)
    assert (folder / "config.yaml").read_bytes() == before
    assert not (folder / "seqgan").exists()
    assert run("evaluate", "--run", folder, "--corpus", moved, *JUDGE) == 0
    assert run("adversarial", "--run", folder, "--corpus", moved, *SMALL_GAN) == 0
    data = open_run(folder / "seqgan").config.data
    assert (data.corpus, data.valid) == (str(moved), str(tmp_path / "moved" / "valid.txt"))
    assert run("pretrain", "--run", folder, "--corpus", moved, "--resume", "--epochs", 2, "--quiet") == 0
    assert run("evaluate", "--run", folder, *JUDGE) == 0  # the run knows it now


def test_what_needs_no_text(project, tmp_path, capsys):
    folder = project / "run"
    shutil.rmtree(project / "texts")
    (tmp_path / "references.txt").write_text("a dog runs .\nthe cat eats .\ntwo birds eat .\n")
    assert run("sample", "--run", folder, "--count", 2) == 0
    judge = ["evaluate", "--run", folder, "--references", "references.txt", "--count", 4]
    capsys.readouterr()
    assert run(*judge, "--temperatures", 0.8, "--sets", 2, "--json", "found.json") == 0
    assert "What compares with its training sentences is left out." in capsys.readouterr().err
    found = json.loads((tmp_path / "found.json").read_text())
    assert {"bleu-2", "self-bleu-2", "nll"} <= found["metrics"].keys()
    assert "copied" not in found["metrics"]
    assert "compared" not in found  # no real text
    assert len(next(iter(found["sweep"].values()))["points"]) == 2
    assert "copied needs the training sentences" in fails(capsys, *judge, "--metrics", "copied")
    assert "are not there: name metrics, or give --corpus" in fails(capsys, *judge, "--metrics", "all")


def test_a_path_that_is_written_relative_to_the_run_is_gone_on_with(project, tmp_path):
    config = project / "run" / "config.yaml"
    whole = str(project / "texts")
    assert config.read_text().count(whole) == 2
    config.write_text(config.read_text().replace(whole, os.path.join("..", "texts")))
    assert run("pretrain", "--run", project / "run", "--resume", "--epochs", 2, "--quiet") == 0
    assert open_run(project / "run").config.data.valid == os.path.join(whole, "valid.txt")


def test_places_of_every_kind(tmp_path):
    (tmp_path / "new").mkdir()
    for name in ("train.en", "train.de", "table.csv", "valid.txt"):
        (tmp_path / "new" / name).touch()
    old, new = tmp_path / "old", tmp_path / "new"
    data = DataConfig(corpus=f"hf:csv:{old}/table.csv#text", begun_in=str(old / "run"), valid=f"{old}/valid.txt")
    found = found_again(data, new / "run")
    assert (found.corpus, found.valid) == (f"hf:csv:{new}/table.csv#text", f"{new}/valid.txt")
    aligned = DataConfig(corpus=f"{old}/train", source="en", target="de", begun_in=str(old / "run"))
    found = found_again(aligned, new / "run")
    assert (found.corpus, found.source) == (f"{new}/train", "en")
    assert found_again(DataConfig(corpus="embedded:captions", begun_in=str(old)), new).corpus == "embedded:captions"
    assert found_again(DataConfig(corpus="hf:name"), new).corpus == "hf:name"
    assert moved_to(data, f"hf:csv:{new}/table.csv#text").valid == f"{new}/valid.txt"
    still = DataConfig(corpus=f"{old}/none.txt", begun_in=str(old / "run"))
    assert found_again(still, new / "run") == still
