"""Controls of a run: larger generators that are pretrained alone, and what is said of all opponents."""

import itertools
import json
import shutil

import msgspec
import pytest
from support.products import product_run

from seqgan.algorithm_settings import with_algorithm
from seqgan.build import build_generator, count_generator_parameters
from seqgan.cli.main import main
from seqgan.errors import ConfigError, CorpusError, RunError
from seqgan.jobs import controls
from seqgan.jobs.adversarial import train_from_run
from seqgan.jobs.control_sizes import enlarged, nearest_size, size_of_ratio, unit_of
from seqgan.jobs.controls import make_controls, parent_of
from seqgan.jobs.pretrain import pretrain_run
from seqgan.runs import open_run
from seqgan.runs.load import load_discriminator, load_generator
from seqgan.settings.data import DataConfig
from seqgan.settings.discriminator import DiscriminatorConfig
from seqgan.settings.generator import GeneratorConfig
from seqgan.settings.pretrain import PretrainConfig
from seqgan.settings.run import RunConfig
from seqgan.data.vocabulary import Vocabulary

GENERATOR = GeneratorConfig(name="lstm", embedding_size=8, hidden_size=12, dropout=0.3)
SMALL = {
    "rounds": 2,
    "batch_size": 8,
    "discriminator_steps": 2,
    "discriminator_pool": 16,
    "evaluate_samples": 10,
}


def write_text(folder):
    words = ["dog", "cat", "bird", "cow", "pig"], ["runs", "sleeps", "eats", "sings"], ["here", "there", "now"]
    lines = [f"the {' '.join(three)} ." for three in itertools.product(*words)]
    folder.mkdir()
    (folder / "train.txt").write_text("\n".join(lines[::2] * 2) + "\n")
    (folder / "valid.txt").write_text("\n".join(lines[1::2] * 4) + "\n")
    (folder / "test.txt").write_text("\n".join(lines[::3]) + "\n")


def adversarial(parent, algo, **own):
    base = msgspec.structs.replace(parent.config, discriminator=DiscriminatorConfig())
    config = with_algorithm(base, algo, ("discriminator", "adversarial"))
    return msgspec.structs.replace(
        config,
        discriminator=msgspec.structs.replace(config.discriminator, embedding_size=6, filters=0.02),
        adversarial=msgspec.structs.replace(config.adversarial, **SMALL, **own),
    )


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A pretrained run in mine/, with residual/ in it."""
    folder = tmp_path_factory.mktemp("runs")
    write_text(folder / "text")
    config = RunConfig(
        data=DataConfig(corpus=str(folder / "text")),
        generator=GENERATOR,
        pretrain=PretrainConfig(epochs=2, batch_size=16),
    )
    parent = pretrain_run(config, folder / "mine").run
    residual = adversarial(parent, "residual")
    residual = msgspec.structs.replace(residual, algorithm={**residual.algorithm, "candidates": 4})
    train_from_run(residual, parent, verdict=False)
    return folder
