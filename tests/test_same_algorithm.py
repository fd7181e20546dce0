"""From Python and by the command an algorithm of a name is the same: its settings, and its first update to the bit."""

import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from seqgan.algorithm_settings import shared_settings
from seqgan.build import build_discriminator, build_generator, build_text
from seqgan.cli.main import main
from seqgan.objectives import ALGORITHMS, FixedGenerator, Relaxed, Sampled
from seqgan.runs.checkpoint import load_weights
from seqgan.runs.directory import open_run
from seqgan.training import fixed_generator, train_adversarially

pytestmark = pytest.mark.slow(reason="each algorithm is trained twice")

PARENTS = Path(__file__).parent / "runs" / "format_1"
FROM_NOTHING = ("wgan", "wgan-gp")


@pytest.fixture
def here(tmp_path, monkeypatch):
    for name in ("plain", "pairs"):
        (tmp_path / name).mkdir()
        for path in (PARENTS / name).iterdir():
            if path.is_file():
                shutil.copy(path, tmp_path / name)
        path = tmp_path / name / "config.yaml"
        path.write_text(path.read_text().replace("CORPUS", str(tmp_path)))
    shutil.copy(PARENTS / "plain.txt", tmp_path)
    shutil.copy(PARENTS / "pairs.tsv", tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def small_settings(algorithm):
    small = {"rounds": 1, "batch_size": 8, "evaluate_samples": 4}
    if isinstance(algorithm, Sampled):
        small |= {"warmup_steps": 1, "discriminator_pool": 8}
        if shared_settings(algorithm).credit == "rollouts":
            small |= {"rollouts": 2}
    elif isinstance(algorithm, Relaxed | FixedGenerator):
        small |= {"discriminator_steps": 1}
    return small


def small_players(name):
    if name == "spin":
        return []  # it has no discriminator
    if name in FROM_NOTHING:
        return ["--generator.hidden-size", "4", "--generator.layers", "1", "--discriminator.hidden-size", "4"]
    kinds = {"dialogue": ["--discriminator.hidden-size", "4"], "gsgan": ["--discriminator.hidden-size", "4"]}
    return ["--discriminator.embedding-size", "4", *kinds.get(name, ["--discriminator.filters", "0.02"])]


@pytest.mark.parametrize("name", sorted(ALGORITHMS))
def test_the_command_and_python_do_the_same(here, name, monkeypatch):
    monkeypatch.setattr(fixed_generator, "LEAST_STOPPING", 1)  # there are few held-out sentences here
    algorithm = ALGORITHMS[name]
    small = small_settings(algorithm)
    parent = "pairs" if name in ("csgan-nmt", "dialogue") else "plain"
    place = ["--corpus", "plain.txt", "--run", name] if name in FROM_NOTHING else ["--run", parent]
    flags = [word for key, value in small.items() for word in (f"--adversarial.{key.replace('_', '-')}", str(value))]
    command = ["adversarial", "--algo", name, *place, *flags, *small_players(name), "--no-verdict", "--quiet"]
    assert main(command) == 0
    run = open_run(name if name in FROM_NOTHING else f"{parent}/{name}")
    config = run.config
    assert config.adversarial == shared_settings(algorithm, **small)

    text = build_text(config.data, *run.symbols)
    sources = {"source_vocabulary": text.source_vocabulary}
    generator = build_generator(config.generator, text.vocabulary, text.max_length, **sources)
    if name not in FROM_NOTHING:
        load_weights(generator, here / parent / "generator.safetensors", text.vocabulary_fingerprint)
    discriminator = build_discriminator(
        *(config.discriminator, text.vocabulary, text.max_length),
        max_source_length=text.max_source_length,
        turn_separator=config.data.turn_separator,
        **sources,
    )
    train_adversarially(
        generator, discriminator, text, algorithm, **small, judge=lambda rounds: {}, from_nothing=name in FROM_NOTHING
    )
    written = load_file(run.generator_path)
    assert all(torch.equal(written[key], value) for key, value in generator.state_dict().items() if key in written)
