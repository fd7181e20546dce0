"""The settings of sentence pairs on the command line's way: which files they mean, and what is said of them."""

import msgspec
import pytest

from seqgan.build import as_read, build_text
from seqgan.cli.pretrain import for_corpus
from seqgan.jobs.begin import describe, resolved
from seqgan.progress import Progress
from seqgan.settings.check import check
from seqgan.settings.data import DataConfig
from seqgan.settings.resume import check_resumable
from seqgan.settings.run import RunConfig


class Heard(Progress):
    def __init__(self):
        self.notes = []

    def note(self, text):
        self.notes.append(text)


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "data"
    folder.mkdir()
    for split in ("train", "valid"):
        (folder / f"{split}.en").write_text("the dog\nthe cat\na bird sings\n")
        (folder / f"{split}.de").write_text("der hund\ndie katze\nein vogel\n")
    (folder / "mine.tsv").write_text("the dog\tder hund\nthe cat\tdie katze\n")
    return tmp_path


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"corpus": "data", "source": "en", "target": "de"}, {"corpus": "data"}),
        ({"corpus": "data/train", "source": "en", "target": "de"}, {"corpus": "data/train"}),
        (
            {"corpus": "data/train", "valid": "data/valid", "source": "en", "target": "de"},
            {"corpus": "data/train", "valid": "data/valid"},
        ),
        (
            {
                "corpus": "data/train.de",
                "source": "data/train.en",
                "valid": "data/valid.de",
                "valid_source": "data/valid.en",
            },
            {
                "corpus": "data/train.de",
                "source": "data/train.en",
                "valid": "data/valid.de",
                "valid_source": "data/valid.en",
            },
        ),
        ({"corpus": "data/mine.tsv"}, {"corpus": "data/mine.tsv"}),
    ],
)
def test_settings_mean_the_same_text_from_any_folder(here, monkeypatch, settings, expected):
    config = check(RunConfig(data=DataConfig(**settings), seed=4))
    config = msgspec.structs.replace(config, data=resolved(config))
    text = build_text(config.data)
    now = msgspec.structs.replace(config, data=as_read(config.data, text))
    for name in ("corpus", "valid", "source", "valid_source"):
        value = getattr(now.data, name)
        assert value == (str(here / expected[name]) if name in expected else settings.get(name))
    elsewhere = here / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    again = build_text(now.data)
    assert again.corpus.sources == text.corpus.sources
    check_resumable(now, msgspec.structs.replace(now, data=resolved(now)), "run")


def test_another_corpus_leaves_the_sources_of_the_first_behind(here):
    data = DataConfig(
        corpus=str(here / "data"), source="en", target="de", max_source_length=7, fingerprint="x", turns=2
    )
    other = for_corpus(data, ["--corpus", "captions"])
    assert (other.source, other.target, other.valid_source, other.max_source_length) == (None, None, None, 0)
    assert for_corpus(data, ["--corpus", "data"]) == data
    prefix = msgspec.structs.replace(data, corpus=str(here / "data" / "train"))
    assert for_corpus(prefix, ["--corpus", "data/train"]) == prefix


@pytest.mark.parametrize(
    ("shared", "symbols"),
    # "the dog", "der hund", and on each side an end and an unknown symbol
    [(False, "4 symbols and 4 of sources"), (True, "6 symbols shared")],
)
def test_pairs_are_described_as_such(here, shared, symbols):
    (here / "data" / "held.tsv").write_text("the cat\tdie katze\n")
    (here / "data" / "mine.tsv").write_text("the dog\tder hund\n" * 2)
    heard = Heard()
    describe(build_text(DataConfig(corpus="data/mine.tsv", valid="data/held.tsv", shared_vocabulary=shared)), heard)
    assert heard.notes[-1] == (
        f"mine: 2 training and 1 held-out pairs, {symbols}, at most 2 tokens a source and 3 a sentence."
    )
