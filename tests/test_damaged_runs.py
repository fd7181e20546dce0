"""Each file of a run cut in half: every command says so in a line, or does without it."""

import os
import shutil

import pytest

from seqgan.cli.main import main

COMMANDS = {
    "resume": ["pretrain", "--resume"],
    "resume-child": ["adversarial", "--resume", "--no-verdict"],
    "sample": ["sample", "--count", "2"],
    "report": ["report"],
}
FILES = {
    # file of the child or its parent: commands that do without it, or use the one before
    "config.yaml": {},
    "vocabulary.txt": {},
    "unseen.txt": {"report"},
    "generator.safetensors": {"resume", "report"},
    "discriminator.safetensors": {"resume", "resume-child", "sample", "report"},
    "metrics.jsonl": {"resume", "resume-child", "sample", "report"},
    "checkpoints/newest/state.pt": {"resume", "resume-child", "sample", "report"},
    "checkpoints/newest/state.json": {"resume", "resume-child", "sample", "report"},
    "samples/round-000001.txt": {"resume", "resume-child", "sample", "report"},
}

REPORTED = ("config.yaml", "metrics.jsonl", "samples/round-000001.txt")
"""What a report reads, of these."""


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A pretrained run of two epochs, and a child of two rounds."""
    place = tmp_path_factory.mktemp("trained")
    before = os.getcwd()
    os.chdir(place)
    (place / "mine.txt").write_text("a dog runs .\nthe cat sleeps .\ntwo birds fly .\n" * 9)
    small = ["--generator.hidden-size", "4", "--generator.embedding-size", "4", "--epochs", "2", "--quiet"]
    assert main(["pretrain", "--corpus", "mine.txt", "--run", "run", *small]) == 0
    players = ["--adversarial.batch-size", "4", "--adversarial.rollouts", "1", "--discriminator.filters", "0.02"]
    few = ["--rounds", "2", "--adversarial.warmup-steps", "1", "--adversarial.discriminator-steps", "1"]
    often = ["--adversarial.evaluate-every", "1", "--adversarial.evaluate-samples", "4", "--no-verdict", "--quiet"]
    assert main(["adversarial", "--run", "run", *players, *few, *often]) == 0
    os.chdir(before)
    return place


@pytest.mark.slow(reason="cuts every file at many places")
@pytest.mark.parametrize("name", FILES)
def test_a_file_that_was_cut(trained, tmp_path, monkeypatch, capsys, name):
    monkeypatch.setattr("seqgan.reporting.figures._svg", lambda draw, key, width, height: "<svg ></svg>")
    for command, arguments in COMMANDS.items():
        # A child is resumed by its own files, from its parent's; the others read the one run that they are given.
        if command == "report" and name not in REPORTED:
            continue
        place = tmp_path / command
        shutil.copytree(trained, place)
        monkeypatch.chdir(place)
        damaged = place / "run" if command == "resume" else place / "run" / "seqgan"
        newest = max((damaged / "checkpoints").iterdir()).name
        path = damaged / name.replace("newest", newest)
        if not path.exists():  # the parent has no discriminator
            continue
        cut(path)
        run = ["--run", "run/seqgan"] if command == "sample" else ["--run", "run"]
        capsys.readouterr()
        code = main([*arguments, *(["run/seqgan"] if command == "report" else run)])
        said = capsys.readouterr().err
        assert code in (0, 2), said
        assert "Traceback" not in said
        if code == 2:
            assert len([line for line in said.splitlines() if "error" in line]) == 1
        else:
            assert command in FILES[name] or command == "resume-child", (command, said)
            if "newest" in name and command.startswith("resume"):
                assert f"{newest} is damaged" in said


def cut(path):
    """At half its bytes; in the midst of a line."""
    os.truncate(path, path.stat().st_size // 2)
