"""A tokenizer of a program's own: a run keeps its name, and is given it again."""

from collections.abc import Sequence

import msgspec
import pytest

from seqgan.build import as_read, build_text
from seqgan.data.corpus import load_corpus
from seqgan.data.text import encode_corpus
from seqgan.data.tokenizers import Words
from seqgan.errors import ConfigError
from seqgan.runs.directory import create_run, open_run
from seqgan.settings.data import DataConfig
from seqgan.settings.run import RunConfig


class Halves:
    """Words, each in two halves."""

    def __init__(self, name: str = "halves"):
        self.name = name

    def tokenize(self, line: str) -> list[str]:
        words = line.split()
        return [half for word in words for half in (word[: len(word) // 2], word[len(word) // 2 :] + "_")]

    def detokenize(self, tokens: Sequence[str]) -> str:
        return "".join(tokens).replace("_", " ").strip()


LINES = ["ein hund bellt", "eine katze sieht", "ein hund sieht"]


def made(folder, tokenizer, **options):
    """A run of text that this tokenizer reads."""
    text = encode_corpus(load_corpus(LINES, ["eine katze bellt"], **options), tokenizer)
    config = RunConfig(data=as_read(DataConfig(), text))
    return create_run(folder / "run", config, *text.symbols)


def test_a_run_is_given_the_tokenizer_again(tmp_path):
    made(tmp_path, Halves())
    assert "halves" in (tmp_path / "run" / "config.yaml").read_text()
    run = open_run(tmp_path / "run", tokenizers=[Halves()])
    assert run.config.data.tokenizer == "own"
    assert run.tokenizer.tokenize("ein hund") == ["e", "in_", "hu", "nd_"]
    assert run.vocabulary.encode(["hu", "nd_"]) != [run.vocabulary.unknown] * 2
    again = create_run(tmp_path / "child", run.config, *run.symbols)
    assert again.config.data.own_tokenizers == run.config.data.own_tokenizers


@pytest.mark.parametrize("tokenizers", [[], [Halves("others")], [Halves(), Halves("others")]])
def test_without_it_a_run_is_refused(tmp_path, tokenizers):
    made(tmp_path, Halves())
    with pytest.raises(ConfigError, match=r"a tokenizer of one's own, called 'halves', which is code and in no run"):
        open_run(tmp_path / "run", tokenizers=tokenizers)


def test_a_run_that_has_its_tokenizer_needs_none(tmp_path):
    made(tmp_path, Words())
    with pytest.raises(ConfigError, match="none of one's own is needed"):
        open_run(tmp_path / "run", tokenizers=[Halves()])


@pytest.mark.parametrize("name", ["words", "own"])
def test_its_name_is_no_other_tokenizers(tmp_path, name):
    with pytest.raises(ConfigError, match=f"is called '{name}', as one of this package is"):
        made(tmp_path, Halves(name))
    assert not (tmp_path / "run").exists()


def test_each_side_of_pairs_has_its_own(tmp_path):
    corpus = load_corpus(LINES, ["eine katze bellt"], source=["a dog", "a cat", "b dog"], valid_source=["b cat"])
    for number, (tokenizer, source) in enumerate(
        [(Halves(), Words()), (Words(), Halves()), (Halves(), Halves("quarters")), (Halves(), Halves())]
    ):
        text = encode_corpus(corpus, tokenizer, source_tokenizer=source)
        folder = tmp_path / str(number)
        create_run(folder, RunConfig(data=as_read(DataConfig(), text)), *text.symbols)
        given = {each.name: each for each in (tokenizer, source) if isinstance(each, Halves)}
        run = open_run(folder, tokenizers=list(given.values()))
        assert (run.tokenizer.name, run.source_tokenizer.name) == (tokenizer.name, source.name)


def test_a_command_says_that_it_has_not_got_it(tmp_path, capsys):
    from seqgan.cli.main import main

    made(tmp_path, Halves())
    assert main(["sample", "--run", str(tmp_path / "run")]) == 2
    assert "called 'halves', which is code and in no run: give it in Python" in capsys.readouterr().err


def test_a_text_on_the_disk_is_not_read_by_one(tmp_path):
    (tmp_path / "train.txt").write_text("".join(f"{line}\n" for line in LINES))
    data = DataConfig(corpus=str(tmp_path / "train.txt"), streaming="always", cache=str(tmp_path / "cache"))
    with pytest.raises(ConfigError, match=r"'halves' is a program's own.*set data.streaming to never"):
        build_text(data, Halves())
    assert build_text(msgspec.structs.replace(data, streaming="never"), Halves()).tokenizer.name == "halves"
