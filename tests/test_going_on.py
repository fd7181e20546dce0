"""A run that is over says so and what goes on; a new run may begin with another one's weights."""

import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from seqgan.cli.main import main
from seqgan.runs.directory import open_run
from seqgan.runs.weights import weights_of
from seqgan.settings.adversarial import AdversarialConfig
from seqgan.settings.pretrain import PretrainConfig
from seqgan.training import adversarial
from seqgan.training.pretrain import why_over

LINES = "a dog runs .\nthe cat sleeps .\ntwo birds eat .\na cat runs .\n" * 10
SMALL = ["--generator.embedding-size", "8", "--generator.hidden-size", "12", "--device", "cpu"]
CASE = Path(__file__).parents[2] / "shared" / "cases" / "resume-after-patience" / "base.txt"


def run(*arguments):
    return main([str(argument) for argument in arguments])


def fails(capsys, *arguments):
    capsys.readouterr()
    assert run(*arguments) == 2
    return capsys.readouterr().err.strip().split("\n")[-1]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    (folder / "mine.txt").write_text(LINES)
    line = ["pretrain", "--corpus", folder / "mine.txt", "--run", folder / "first", "--epochs", 2, "--quiet", *SMALL]
    assert run(*line, "--pretrain.patience", 0) == 0
    return folder


@pytest.fixture
def here(made, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(made / "first", tmp_path / "first")
    (tmp_path / "other.txt").write_text(LINES.replace("dog", "wolf"))
    return tmp_path


@pytest.mark.parametrize(
    ("epochs", "best", "asked", "patience", "said"),
    [
        (4, 2, 40, 2, ["patience ended it: of 4 epochs the 2 after epoch 2", "--pretrain.patience N with N above 2,"]),
        (4, 2, 4, 2, ["patience ended it", "--pretrain.patience N with N above 2", "--epochs N with N above 4"]),
        (4, 4, 1, 2, ["4 epochs were made, and --epochs is 1", "--epochs N with N above 4"]),
        (4, 4, 4, 0, ["--epochs N with N above 4"]),
    ],
)
def test_why_a_pretraining_is_over(epochs, best, asked, patience, said):
    told = why_over(epochs, best, PretrainConfig(epochs=asked, patience=patience))
    assert all(part in told for part in said)
    assert ("patience" in told) == (epochs - best >= patience > 0)


def test_one_that_is_not_over():
    for epochs, best, patience in ((0, 0, 1), (3, 2, 2), (3, 0, 0), (3, 1, 3)):
        assert why_over(epochs, best, PretrainConfig(epochs=4, patience=patience)) is None
    assert adversarial.why_over(3, AdversarialConfig(rounds=4)) is None
    assert "--rounds N with N above 4" in adversarial.why_over(4, AdversarialConfig(rounds=3))


def test_fewer_epochs_than_were_made_change_nothing_and_are_told(here, capsys):
    before = {name: (here / "first" / name).read_bytes() for name in ("config.yaml", "generator.safetensors")}
    assert run("pretrain", "--run", "first", "--resume", "--epochs", 1) == 0
    assert "Nothing to do: 2 epochs were made, and --epochs is 1." in capsys.readouterr().err
    assert {name: (here / "first" / name).read_bytes() for name in before} == before


@pytest.mark.skipif(not CASE.is_file(), reason="the cases are not here")
def test_what_patience_ended_says_so_and_goes_on_by_the_flag(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    more = ["--pretrain.patience", 2, "--pretrain.learning-rate", 1.0, *SMALL]
    assert run("pretrain", "--corpus", CASE, "--run", "r", "--epochs", 40, *more) == 0
    assert run("pretrain", "--run", "r", "--resume", "--epochs", 60) == 0
    said = capsys.readouterr().err
    assert "Nothing to do: patience ended it" in said
    assert "--pretrain.patience N with N above 2" in said
    epochs = (tmp_path / "r" / "metrics.jsonl").read_text().count("\n")
    assert run("pretrain", "--run", "r", "--resume", "--epochs", epochs + 1, "--pretrain.patience", 0) == 0
    assert (tmp_path / "r" / "metrics.jsonl").read_text().count("\n") == epochs + 1


def test_a_new_run_begins_with_another_ones_weights_and_words(here, capsys):
    line = ["pretrain", "--from", "first", "--corpus", "other.txt", "--run", "second", "--epochs", 1]
    assert run(*line, "--pretrain.learning-rate", 1e-9, "--generator.dropout", 0) == 0
    assert "Beginning with the weights of first." in capsys.readouterr().err
    first, second = open_run("first"), open_run("second")
    assert second.vocabulary.tokens == first.vocabulary.tokens  # the wolf is unknown
    config = second.config.pretrain
    assert config.start == str(here / "first")
    assert config.start_weights == weights_of(first).sha256
    assert config.patience == 0  # as that one
    theirs = load_file(first.generator_path)
    for name, weight in load_file(second.generator_path).items():
        torch.testing.assert_close(weight, theirs[name], atol=1e-6, rtol=0)
    # The same settings make the same run again, as long as those weights are there.
    again = ["pretrain", "--config", "second/config.yaml", "--run", "third", "--quiet"]
    assert run(*again) == 0
    assert (here / "third" / "generator.safetensors").read_bytes() == second.generator_path.read_bytes()
    assert run("pretrain", "--run", "third", "--resume", "--epochs", 2, "--quiet") == 0
    shutil.copy(here / "third" / "generator.safetensors", first.generator_path)
    assert "other weights than those that these settings began with" in fails(capsys, *again, "--overwrite")


def test_what_a_new_run_cannot_begin_with(here, capsys):
    new = ["pretrain", "--from", "first", "--run", "second", "--epochs", 1]
    assert "generator.hidden_size is 24, and first" in fails(capsys, *new, "--generator.hidden-size", 24)
    assert "data.tokenizer is 'characters', and first" in fails(capsys, *new, "--tokenizer", "characters")
    assert "begins a new run: name its folder with --run" in fails(capsys, *new[:3])
    assert "does not exist" in fails(capsys, *new[:2], "none", *new[3:])
    assert "first is in first, which --overwrite would delete" in fails(
        capsys, *new[:3], "--run", "first", "--overwrite"
    )
    (here / "first" / "generator.safetensors").unlink()
    assert "has no weights to begin with yet" in fails(capsys, *new)
    assert not (here / "second").exists()


def test_a_setting_that_cannot_change_names_the_way_to_begin_anew(here, capsys):
    said = fails(capsys, "pretrain", "--run", "first", "--resume", "--pretrain.learning-rate", 0.5)
    assert "or begin another run, with its weights by --from first." in said
