"""Models that leave their run and come back: the same text, the same scores, and nothing of the machine."""

import json
import sys
import types

import msgspec
import pytest
import torch
from support.kinds import (
    CONDITIONAL_DISCRIMINATORS,
    CONDITIONAL_GENERATORS,
    ONE_SHOT_GENERATORS,
    PLAIN_DISCRIMINATORS,
    PLAIN_GENERATORS,
)
from support.products import product_run

from seqgan.build import build_text
from seqgan.cli.main import main
from seqgan.errors import CheckpointError, ConfigError, RunError
from seqgan.exporting import ExportedDiscriminator, ExportedGenerator
from seqgan.settings.data import DataConfig

SOURCES = ["a dog runs now", "cat sleeps"]


@pytest.mark.parametrize("name", [*PLAIN_GENERATORS, *ONE_SHOT_GENERATORS, *CONDITIONAL_GENERATORS])
def test_a_generator_writes_the_same_where_it_goes(name, tmp_path):
    conditional = name in CONDITIONAL_GENERATORS
    run = product_run(tmp_path, generator=name, discriminator="two-tower-cnn" if conditional else "cnn")
    here = ExportedGenerator.from_run(run)
    here.save_pretrained(tmp_path / "out" / "model")
    there = ExportedGenerator.from_pretrained(tmp_path / "out" / "model")
    asked = {"sources": SOURCES} if conditional else {"count": 5}
    assert here.sample(seed=3, **asked) == there.sample(seed=3, **asked)
    assert len(there.sample(**asked)) == (2 if conditional else 5)
    assert not there.model.training
    for mine, theirs in zip(here.model.parameters(), there.model.parameters(), strict=True):
        assert torch.equal(mine, theirs)


@pytest.mark.parametrize("name", [*PLAIN_DISCRIMINATORS, *CONDITIONAL_DISCRIMINATORS])
def test_a_discriminator_judges_the_same_where_it_goes(name, tmp_path):
    conditional = name in CONDITIONAL_DISCRIMINATORS
    options = {"heads": 2} if name == "transformer" else {}
    run = product_run(tmp_path, "run", "seq2seq-gru" if conditional else "gru", name, **options)
    here = ExportedDiscriminator.from_run(run.folder)
    here.save_pretrained(tmp_path / "model")
    there = ExportedDiscriminator.from_pretrained(tmp_path / "model")
    given = (["hund rennt jetzt", ""], SOURCES) if conditional else (["a dog runs .", ""],)
    assert here.score(*given) == there.score(*given)
    assert there.kind == name


def test_sampling_is_that_of_the_command(tmp_path, capsys):
    run = product_run(tmp_path)
    generator = ExportedGenerator.from_run(run)
    assert main(["sample", "--run", str(run.folder), "--count", "4", "--prefix", "a dog", "--top-k", "3"]) == 0
    assert capsys.readouterr().out.split("\n")[:-1] == generator.sample(4, prefix="a dog", top_k=3)


def test_subwords_and_shared_vocabularies_travel(tmp_path):
    (tmp_path / "text.txt").write_text("the cats sleep here\nthe dogs run there\n" * 20)
    text = build_text(DataConfig(corpus=str(tmp_path / "text.txt"), tokenizer="sentencepiece", pieces=30))
    run = product_run(tmp_path, text=text)
    ExportedGenerator.from_run(run).save_pretrained(tmp_path / "model")
    assert {path.name for path in (tmp_path / "model").iterdir()} == {
        *("config.json", "model.safetensors", "tokenizer.model", "unseen.txt", "vocabulary.txt")
    }
    samples = ExportedGenerator.from_pretrained(tmp_path / "model").sample(3)
    assert samples == ExportedGenerator.from_run(run).sample(3)


def test_nothing_of_the_machine_goes_with_it(tmp_path):
    run = product_run(tmp_path)
    ExportedGenerator.from_run(run).save_pretrained(tmp_path / "model")
    written = (tmp_path / "model" / "config.json").read_text()
    assert "corpus" not in written
    content = json.loads(written)
    assert {"library", "version", "format", "role", "data", "generator"} == set(content)
    assert content["generator"] == msgspec.to_builtins(run.config.generator)
    assert not list(tmp_path.glob("*.writing"))


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    generator = ExportedGenerator.from_run(product_run(tmp_path))
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "config.json").write_text('{"years": 4}')
    for overwrite in (False, True):
        with pytest.raises(RunError, match="holds no exported model, so it is left alone"):
            generator.save_pretrained(tmp_path / "thesis", overwrite=overwrite)
    generator.save_pretrained(tmp_path / "model")
    with pytest.raises(RunError, match="already holds an exported model"):
        generator.save_pretrained(tmp_path / "model")
    generator.save_pretrained(tmp_path / "model", overwrite=True)
    assert ExportedGenerator.from_pretrained(tmp_path / "model").sample(2) == generator.sample(2)


def test_what_is_damaged_or_another_is_said(tmp_path):
    run = product_run(tmp_path)
    model = tmp_path / "model"
    ExportedGenerator.from_run(run).save_pretrained(model)
    with pytest.raises(RunError, match="holds a generator, and a discriminator is asked for"):
        ExportedDiscriminator.from_pretrained(model)
    with pytest.raises(RunError, match=r"is no exported model: it has no config\.json"):
        ExportedGenerator.from_pretrained(run.folder)
    settings = (model / "config.json").read_text()
    for broken, error, message in (
        (settings[:50], CheckpointError, "is damaged"),
        ("[" * 100_000, CheckpointError, "is damaged .nested too deep"),
        ("[]", RunError, "is not of seqgan"),
        (settings.replace('"format": 1', '"format": 2'), RunError, "reads format 1: use a newer seqgan"),
        (settings.replace('"hidden_size": 12', '"hidden_size": 13'), CheckpointError, "belongs to another model"),
        (settings.replace('"hidden_size": 12', '"hidden_sise": 12'), ConfigError, "hidden_sise"),
        (settings.replace('"turns": 0', '"turn": 0'), ConfigError, "holds what is no setting"),
        (settings.replace('"tokenizer": "words"', '"tokenizer": "word"'), ConfigError, "data.tokenizer is 'word'"),
    ):
        (model / "config.json").write_text(broken)
        with pytest.raises(error, match=message):
            ExportedGenerator.from_pretrained(model)
    (model / "config.json").write_text(settings)
    words = (model / "vocabulary.txt").read_text().split("\n")
    (model / "vocabulary.txt").write_text("\n".join([words[0], words[2], words[1], *words[3:]]))
    with pytest.raises(CheckpointError, match="was trained with another vocabulary"):
        ExportedGenerator.from_pretrained(model)
    (model / "model.safetensors").unlink()
    with pytest.raises(RunError, match=r"has no model\.safetensors: it is incomplete, or a graph"):
        ExportedGenerator.from_pretrained(model)


def test_sources_are_asked_for_where_they_are_read(tmp_path):
    pairs = product_run(tmp_path, "pairs", "seq2seq-gru", "two-tower-cnn")
    generator, judge = ExportedGenerator.from_run(pairs), ExportedDiscriminator.from_run(pairs)
    with pytest.raises(ConfigError, match="answers sources"):
        generator.sample(3)
    with pytest.raises(ConfigError, match="judges answers to sources"):
        judge.score(["hund"])
    with pytest.raises(ConfigError, match="1 lines and 2 sources"):
        judge.score(["hund"], ["dog", "cat"])
    plain = product_run(tmp_path, "plain")
    with pytest.raises(ConfigError, match="reads no sources"):
        ExportedGenerator.from_run(plain).sample(sources=["dog"])
    with pytest.raises(ConfigError, match="reads no sources"):
        ExportedDiscriminator.from_run(plain).score(["a"], ["dog"])


def test_the_hub_is_asked_for_names_of_the_hub_alone(tmp_path, monkeypatch):
    generator = ExportedGenerator.from_run(product_run(tmp_path))
    generator.save_pretrained(tmp_path / "model")
    asked = []

    class Api:
        def create_repo(self, repository, private, exist_ok):
            asked.append(("create", repository, private))

        def upload_folder(self, repo_id, folder_path):
            asked.append(("upload", repo_id, ExportedGenerator.from_pretrained(folder_path).sample(1)))

    def snapshot_download(repository, revision):
        asked.append(("fetch", repository, revision))
        if repository == "me/none":
            raise OSError("404 Client Error.\nMore of it.")
        return str(tmp_path / "model")

    hub = types.ModuleType("huggingface_hub")
    hub.HfApi, hub.snapshot_download = Api, snapshot_download
    monkeypatch.setitem(sys.modules, "huggingface_hub", hub)
    assert ExportedGenerator.from_pretrained("hf:me/birds@v2").sample(1) == generator.sample(1)
    generator.push_to_hub("hf:me/birds")
    assert asked == [
        ("fetch", "me/birds", "v2"),
        ("create", "me/birds", True),
        ("upload", "me/birds", generator.sample(1)),
    ]
    with pytest.raises(RunError, match=r"hf:me/none could not be fetched \(404 Client Error\): check name, network"):
        ExportedGenerator.from_pretrained("hf:me/none")
    with pytest.raises(ConfigError, match="names no model on the hub: write hf:owner/model"):
        generator.push_to_hub("me/birds")
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(ConfigError, match="huggingface_hub is not installed"):
        ExportedGenerator.from_pretrained("hf:me/birds")
