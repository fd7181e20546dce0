"""What a run keeps of its text: tokenizers and vocabularies, of sources as well."""

import os
import time

import pytest
import torch

from seqgan.build import as_read, build_text
from seqgan.data.tokenizers import Words
from seqgan.data.vocabulary import Vocabulary
from seqgan.errors import CheckpointError, ConfigError, RunError
from seqgan.runs.directory import create_run, open_run
from seqgan.runs.load import load_text
from seqgan.runs.newest import is_ahead, newest_run
from seqgan.settings.adversarial import AdversarialConfig
from seqgan.settings.data import DataConfig
from seqgan.settings.run import RunConfig


@pytest.fixture
def made(tmp_path):
    """A function that makes a run of pairs with some settings, and returns its text and its folder."""

    def make(**settings):
        path = tmp_path / "mine.tsv"
        path.write_text("".join(f"the number {n} here\tdie zahl {n * n} da\n" for n in range(60)), encoding="utf-8")
        data = DataConfig(corpus=str(path), pieces=60, **settings)
        text = build_text(data)
        config = RunConfig(data=as_read(data, text))
        folder = tmp_path / "run"
        create_run(folder, config, text.tokenizer, text.vocabulary, text.source_tokenizer, text.source_vocabulary)
        return text, folder

    return make


SIDES = {
    "words": ({}, {"source_vocabulary.txt"}),
    "subwords": (
        {"tokenizer": "sentencepiece"},
        {"tokenizer.model", "source_tokenizer.model", "source_vocabulary.txt"},
    ),
    "mixed": ({"source_tokenizer": "sentencepiece"}, {"source_tokenizer.model", "source_vocabulary.txt"}),
    "shared": ({"shared_vocabulary": True}, set()),
    "shared subwords": ({"tokenizer": "sentencepiece", "shared_vocabulary": True}, {"tokenizer.model"}),
}


@pytest.mark.parametrize(("settings", "files"), SIDES.values(), ids=SIDES)
def test_a_run_keeps_both_sides(made, settings, files):
    text, folder = made(**settings)
    assert {path.name for path in folder.iterdir()} == {"config.yaml", "vocabulary.txt", "unseen.txt", *files}
    run = open_run(folder)
    assert run.vocabulary == text.vocabulary
    assert run.source_vocabulary == text.source_vocabulary
    assert (run.source_vocabulary is run.vocabulary) == ("shared_vocabulary" in settings)
    line = text.corpus.sources.train[0]
    assert run.source_tokenizer.tokenize(line) == text.source_tokenizer.tokenize(line)
    again = load_text(run)
    for split, old in ((again.train, text.train), (again.valid, text.valid)):
        assert torch.equal(split.tokens, old.tokens)
        assert torch.equal(split.mask, old.mask)
        assert all(torch.equal(new, was) for new, was in zip(split.condition, old.condition, strict=True))


def test_a_run_of_plain_text_has_no_sources(tmp_path):
    (tmp_path / "mine.txt").write_text("a b\nb a\n")
    data = DataConfig(corpus=str(tmp_path / "mine.txt"))
    text = build_text(data)
    run = create_run(tmp_path / "run", RunConfig(data=as_read(data, text)), text.tokenizer, text.vocabulary)
    for each in (run, open_run(tmp_path / "run")):
        assert each.source_vocabulary is each.source_tokenizer is None
    assert not list((tmp_path / "run").glob("source*"))


@pytest.mark.parametrize(
    ("settings", "name", "content", "message"),
    [
        ({}, "source_vocabulary.txt", None, r"source_vocabulary.txt cannot be read: No such file.*Restore it"),
        ({}, "source_vocabulary.txt", b"a\nb\n", r"source_vocabulary.txt, line 1: found 'a', expected"),
        ({}, "source_vocabulary.txt", b"seqgan vocabulary 1\na\nb", r"source_vocabulary.txt: the last line has no end"),
        (SIDES["subwords"][0], "source_tokenizer.model", None, r"source_tokenizer.model cannot be read as a SentenceP"),
        (SIDES["subwords"][0], "source_tokenizer.model", b"no", r"source_tokenizer.model cannot be read as a Sentence"),
        (SIDES["subwords"][0], "tokenizer.model", None, r"/tokenizer.model cannot be read as a SentencePiece model"),
    ],
)
def test_a_damaged_or_missing_side_is_one_line(made, settings, name, content, message):
    _, folder = made(**settings)
    (folder / name).unlink()
    if content is not None:
        (folder / name).write_bytes(content)
    with pytest.raises(CheckpointError, match=message) as caught:
        open_run(folder)
    assert "\n" not in str(caught.value)


def test_an_unknown_tokenizer_of_sources_is_named_with_the_setting(made):
    _, folder = made()
    config = folder / "config.yaml"
    config.write_text(config.read_text().replace("source_tokenizer: null", "source_tokenizer: wrods"))
    with pytest.raises(ConfigError, match=r"config.yaml: data.source_tokenizer is 'wrods'; expected words, characters"):
        open_run(folder)


def test_what_was_trained_last_is_found_in_other_runs_as_well(tmp_path):
    with pytest.raises(RunError, match="No pretrained run under"):
        newest_run(tmp_path / "none")
    for when, name in enumerate(("a", "a/seqgan", "b", "a/seqgan/maligan", "c")):
        played = None if len(name) == 1 else AdversarialConfig()
        create_run(tmp_path / name, RunConfig(adversarial=played), Words(), Vocabulary(["a"]))
        if name != "c":  # which has no weights yet
            (tmp_path / name / "generator.safetensors").touch()
            os.utime(tmp_path / name / "generator.safetensors", (when, when))
    assert newest_run(tmp_path) == tmp_path / "a" / "seqgan" / "maligan"
    assert newest_run(tmp_path, pretrained=True) == tmp_path / "b"
    os.utime(tmp_path / "a" / "seqgan" / "generator.safetensors", (9, 9))
    assert newest_run(tmp_path) == tmp_path / "a" / "seqgan"
    (tmp_path / "a" / "again").symlink_to(tmp_path / "a")  # is looked into once
    assert newest_run(tmp_path) == tmp_path / "a" / "seqgan"


def test_weights_of_a_time_that_is_yet_to_come_are_told_by_the_clock(tmp_path):
    weights = tmp_path / "generator.safetensors"
    weights.touch()
    assert not is_ahead(tmp_path)
    for seconds, ahead in ((-3600, False), (3600, True)):
        os.utime(weights, (time.time() + seconds,) * 2)
        assert is_ahead(tmp_path) == ahead
