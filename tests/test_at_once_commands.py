"""Generators of all positions at once by command: they sample as their algorithm trains them, and a run keeps that."""

import pytest

from seqgan.cli.main import main
from seqgan.runs.directory import open_run
from seqgan.runs.load import load_generator

SMALL = [
    *("--generator", "residual-conv", "--generator.hidden-size", "6", "--generator.layers", "1", "--quiet"),
    *("--discriminator", "rnn", "--discriminator.hidden-size", "6", "--discriminator.embedding-size", "4"),
    *("--rounds", "1", "--adversarial.batch-size", "4", "--adversarial.discriminator-pool", "4"),
    *("--adversarial.discriminator-steps", "1", "--adversarial.evaluate-samples", "4"),
]


@pytest.fixture
def here(tmp_path, monkeypatch):
    (tmp_path / "names.txt").write_text("abba\nbab\na\nbb\n" * 10)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def begin(algo, *flags):
    return main(["adversarial", "--corpus", "names.txt", "--algo", algo, "--run", "made", *SMALL, *flags])


@pytest.mark.slow(reason="trains by commands")
@pytest.mark.parametrize(("algo", "drawn"), [("gsgan", True), ("relgan", True), ("wgan-gp", False), ("wgan", False)])
def test_tokens_are_drawn_where_they_were_in_training(here, capsys, algo, drawn):
    assert begin(algo) == 0
    run = open_run("made")
    assert run.config.generator.drawn == drawn
    assert load_generator(run).drawn == drawn
    assert main(["adversarial", "--algo", algo, "--run", "made", "--resume", "--quiet", "--rounds", "1"]) == 0
    assert main(["sample", "--run", "made", "--count", "3", "--quiet"]) == 0
    assert main(["evaluate", "--run", "made", "--count", "4", "--metrics", "nll", "--quiet"]) == 0


def test_a_run_made_before_goes_on_sampling_the_likeliest_and_is_not_gone_on_with(here, capsys):
    assert begin("gsgan", "--algorithm.annealing-rounds", "4") == 0
    path = here / "made" / "config.yaml"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if "drawn:" not in line))
    assert len(path.read_text().splitlines()) == len(lines) - 1
    assert not load_generator(open_run("made")).drawn
    assert main(["sample", "--run", "made", "--count", "3", "--quiet"]) == 0
    capsys.readouterr()
    assert main(["adversarial", "--algo", "gsgan", "--run", "made", "--resume", "--rounds", "2", "--quiet"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "gsgan trains on drawn tokens, and this generator's samples are the likeliest ones" in line
    assert "can be sampled and judged, but not be gone on with" in line


def test_a_size_that_the_kind_does_not_read_is_refused_before_anything_is_made(here, capsys):
    for flags, said in (
        (["--generator.tied"], "generator.tied"),
        (["--generator.embedding-size", "8"], "generator.embedding_size is 8, and residual-conv has nothing"),
        (["--discriminator.filters", "0.5"], "discriminator.filters is 0.5, and rnn has nothing that it would change"),
    ):
        capsys.readouterr()
        assert begin("wgan-gp", *flags) == 2
        assert said in capsys.readouterr().err
    assert main(["pretrain", "--corpus", "names.txt", "--generator.heads", "8", "--run", "made", "--quiet"]) == 2
    assert "generator.heads is 8, and the default has nothing" in capsys.readouterr().err
    assert not (here / "made").exists()
