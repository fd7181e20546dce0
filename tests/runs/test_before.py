"""Runs made before a rule changed: their files do not name it, and it goes on to hold for them.

`before/` was made by the last version that weighed tokens by their batch, held out distinct lines, and cut long sources
behind. Trained there is an LSTM of 8, on texts of 120 lines drawn from seven words, without a validation text; the
files of weights beside the folders are what two more epochs or rounds gave there.
"""

import json
import shutil
from pathlib import Path

import msgspec
import pytest
import torch
from safetensors.torch import load_file

from seqgan.cli.main import main
from seqgan.reporting.findings import rule_findings
from seqgan.runs.directory import Run, open_run
from seqgan.runs.rules import loss_note
from seqgan.settings.adversarial import AdversarialConfig
from seqgan.settings.pretrain import PretrainConfig
from seqgan.settings.rules import BEFORE
from seqgan.settings.run import RunConfig

FOLDER = Path(__file__).parent / "before"


@pytest.fixture
def before(tmp_path: Path) -> Path:
    """A copy, with the corpus where the settings say."""
    shutil.copytree(FOLDER, tmp_path / "before")
    for path in (tmp_path / "before").rglob("config.yaml"):
        path.write_text(path.read_text().replace("CORPUS", str(tmp_path / "before")))
    return tmp_path / "before"


def assert_weights_equal(ours: Path, theirs: Path) -> None:
    expected = load_file(theirs)
    for name, weight in load_file(ours).items():
        # Products may be summed in another order on another processor.
        torch.testing.assert_close(weight, expected[name], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", ["plain", "pairs", "plain/seqgan"])
def test_what_a_file_does_not_name_is_the_rule_that_held_before(before: Path, name: str) -> None:
    config = open_run(before / name).config
    for section, rules in BEFORE.items():
        if section == "adversarial" and name != "plain/seqgan":
            assert config.adversarial is None
            continue
        for rule, value in rules.items():
            assert getattr(getattr(config, section), rule) == value


@pytest.mark.parametrize("name", ["plain", "pairs"])
def test_a_pretraining_goes_on_as_it_began(before: Path, name: str) -> None:
    assert main(["pretrain", "--run", str(before / name), "--resume", "--epochs", "4"]) == 0
    assert_weights_equal(before / name / "generator.safetensors", before / f"{name}-4-epochs.safetensors")


@pytest.mark.slow(reason="trains by commands")
def test_an_adversarial_training_goes_on_as_it_began(before: Path) -> None:
    again = ["--algo", "seqgan", "--resume", "--rounds", "4", "--no-verdict"]
    assert main(["adversarial", "--run", str(before / "plain"), *again]) == 0
    assert_weights_equal(before / "plain" / "seqgan" / "generator.safetensors", before / "seqgan-4-rounds.safetensors")


@pytest.mark.slow(reason="sweeps of temperature")
def test_who_compares_them_is_told_of_their_loss(before: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plain = before / "plain"
    flags = ["--compare", str(plain), "--count", "20", "--sets", "3", "--metrics", "bleu"]
    assert main(["evaluate", "--run", str(plain / "seqgan"), *flags]) == 0
    said = capsys.readouterr().out
    for name in (plain, plain / "seqgan"):
        assert f"{name} was pretrained by an earlier version, whose loss weighed a token" in said
    verdict = json.loads((plain / "seqgan" / "verdict.json").read_text())
    assert len(verdict["evidence"]["loss"]) == 2
    assert main(["report", str(plain / "seqgan"), "--output", str(before / "page.html")]) == 0
    assert "not pretrained by maximum likelihood" in (before / "page.html").read_text()


def test_another_run_made_by_its_settings_has_the_rules_of_today(before: Path, tmp_path: Path) -> None:
    again = ["--resume", "--epochs", "3"]
    assert main(["pretrain", "--run", str(before / "plain"), *again]) == 0  # writes its rules into its file
    assert "weighting: batch" in (before / "plain" / "config.yaml").read_text()
    config = ["--config", str(before / "plain" / "config.yaml"), "--epochs", "1"]
    assert main(["pretrain", *config, "--corpus", str(before / "plain.txt"), "--run", str(tmp_path / "new")]) == 0
    new = open_run(tmp_path / "new").config
    assert (new.pretrain.weighting, new.data.split) == ("text", "lines")


def test_of_other_runs_nothing_is_said(tmp_path: Path) -> None:
    config = RunConfig()
    assert loss_note(Run(tmp_path, config, None, None)) is None
    assert rule_findings(config, pretrained=True) == []
    nothing = msgspec.structs.replace(config, pretrain=PretrainConfig(weighting="batch"))
    adversarial = msgspec.structs.replace(nothing, adversarial=AdversarialConfig(), algorithm={"name": "wgan-gp"})
    assert loss_note(Run(tmp_path / "wgan-gp", adversarial, None, None)) is None  # from nothing
    assert rule_findings(adversarial, pretrained=False) == []


def test_samples_and_scores_are_to_be_had(before: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sample", "--run", str(before / "plain"), "--count", "5"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 5
    (before / "lines.txt").write_text("the cat a dog\none bird\n")
    assert main(["score", "--run", str(before / "plain" / "seqgan"), "--input", str(before / "lines.txt")]) == 0


@pytest.mark.slow(reason="trains by commands")
def test_samples_lack_the_unknown_symbol_and_a_judged_training_goes_on_as_it_was(before: Path) -> None:
    run = open_run(before / "plain" / "seqgan")
    assert run.vocabulary.unseen is None
    assert run.vocabulary.not_drawn == [1]
    again = ["--algo", "seqgan", "--resume", "--rounds", "4", "--no-verdict"]
    assert main(["adversarial", "--run", str(before / "plain"), *again]) == 0
    assert not (run.folder / "unseen.txt").exists()
