"""The data library's own builders are no data sets; nothing is asked of the library for their names."""

import pytest

from seqgan.data.builders import RUNNING
from seqgan.data.corpus import load_corpus
from seqgan.errors import CorpusError


@pytest.fixture
def library(monkeypatch):
    """The library, which is to be left alone."""
    import datasets

    monkeypatch.setattr(datasets, "load_dataset", lambda *args, **kwargs: pytest.fail("the library was asked"))
    return datasets


@pytest.mark.parametrize("name", [*sorted(RUNNING), "csv", "json", "text", "parquet", "arrow", "imagefolder"])
@pytest.mark.parametrize("form", ["hf:{}", "hf:{}#text", "hf:{}/"])
def test_a_builder_is_refused_by_its_name(library, name, form):
    with pytest.raises(CorpusError, match=f"{name} is a builder of the datasets library and no data set"):
        load_corpus(form.format(name))


def test_every_builder_of_the_installed_version_is(library):
    for name in library.packaged_modules._PACKAGED_DATASETS_MODULES:
        with pytest.raises(CorpusError, match="is a builder"):
            load_corpus(f"hf:{name}")


def test_a_data_set_may_be_called_like_one(monkeypatch):
    import datasets

    table = datasets.Dataset.from_dict({"text": ["one a", "two b"]})
    monkeypatch.setattr(datasets, "load_dataset", lambda name: {"train": table})
    corpus = load_corpus("hf:somebody/pandas")
    assert sorted(corpus.train + corpus.valid) == ["one a", "two b"]
