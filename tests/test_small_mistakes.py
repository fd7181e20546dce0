"""Mistakes that once were told wrongly: of names, blank lines, sources in pairs, and libraries that give up."""

import io
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from seqgan.cli import main as main_module
from seqgan.cli.adversarial import ChildFlags
from seqgan.cli.main import main
from seqgan.cli.meant import meant_flag
from seqgan.cli.pretrain import PretrainFlags
from seqgan.data.lines import read_lines
from seqgan.data.stream import stream_lines
from seqgan.data.tokenizers import Words
from seqgan.errors import ConfigError, CorpusError
from seqgan.evaluation.evaluate import judge_sentences
from seqgan.jobs.children import check_name
from seqgan.jobs.judging import without_those_of_more
from seqgan.jobs.sources import source_lines
from seqgan.progress import Progress
from seqgan.settings.pretrain import PretrainConfig
from seqgan.training.pretrain import one_update


class PanicException(BaseException):
    """As what a library in Rust raises, which is no `Exception`."""


def test_a_library_that_gives_up_is_one_line(monkeypatch, capsys):
    def give_up(arguments):
        raise PanicException("no entry found\nfor key")

    monkeypatch.setattr(main_module, "_run", give_up)
    assert main(["inspect"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("seqgan: error: A library that reads a model's files gave up (no entry found for key)")
    assert said.count("\n") == 1
    with pytest.raises(PanicException):
        main(["inspect", "--debug"])


@pytest.mark.parametrize("name", ["-rf", "a b", "a\nb", "a\x1b[2J", "", ".", "..", ".x", "a/b", "a;b", "$x", "x" * 101])
def test_names_of_children_are_plain(name):
    with pytest.raises(ConfigError, match="--name is"):
        check_name(name)


@pytest.mark.parametrize("name", ["seqgan", "seqgan-2", "lr=0.01", "a.b", "Übung_3"])
def test_plain_names_of_children_are_taken(name):
    assert check_name(name) == name


def test_a_child_that_is_there_keeps_its_name():
    assert check_name("a b", new=False) == "a b"
    with pytest.raises(ConfigError, match="--name is"):
        check_name("../a", new=False)


def test_a_blank_line_may_hold_a_tab_wherever_lines_are_read(tmp_path):
    path = tmp_path / "lines.txt"
    path.write_text("one a\n \t\ntwo b\n")
    assert read_lines(path) == ["one a", "two b"]
    assert list(stream_lines(io.BytesIO(path.read_bytes()), "it")) == ["one a", " \t", "two b"]
    with pytest.raises(CorpusError, match="it, line 2: a tab"):
        list(stream_lines(io.BytesIO(b"one\ntwo\tb\n"), "it"))


def test_of_pairs_the_sources_are_answered(tmp_path):
    path = tmp_path / "x.tsv"
    path.write_text("a question\tan answer\n\nmore\tless\n")
    assert source_lines(str(path)) == ["a question", "more"]


def test_metrics_of_many_sentences_are_counted_as_they_are_computed():
    bars, counted = [], []

    class Counting(Progress):
        @contextmanager
        def bar(self, description, total, done=0):
            bars.append((description, total))
            yield counted.append

    families = ["distinct", "bleu", "length"]
    lines, references = ["a b c d", "b c d e"], ["a b c d e", "b c d e"]
    report = judge_sentences(lines, references, None, Words(), families, progress=Counting())
    assert bars == [("Metrics", 3)]
    assert counted == [1, 1, 1]
    names = [entry.name for entry in report]
    assert names.index("distinct-1") < names.index("bleu-2") < len(names)
    assert list(report) == list(judge_sentences(lines, references, None, Words(), families))


def test_a_setting_of_another_section_is_named():
    assert meant_flag("--discriminator.output-decay", ChildFlags) == "--adversarial.output-decay"
    assert meant_flag("--adversarial.filters", ChildFlags) == "--discriminator.filters"
    assert meant_flag("--data.learning-rate", PretrainFlags) == "--pretrain.learning-rate"
    assert meant_flag("--data.none", PretrainFlags) is None


def test_all_metrics_of_few_lines_leave_out_what_needs_more():
    said = []
    progress = SimpleNamespace(note=said.append)
    families = ("bleu", "mauve", "adversarial-success")
    assert without_those_of_more(("all",), families, 19, progress) == families[:2]
    assert said == ["adversarial-success is left out: it needs 20 samples and references, and has 19."]
    assert without_those_of_more(("all",), families, 20, progress) == families
    named = ("all", "adversarial-success")  # refused by name, where it is computed
    assert without_those_of_more(named, families, 19, progress) == families


def test_a_text_of_one_batch_is_told():
    said = one_update(42, PretrainConfig(epochs=80, batch_size=64), "pair")
    assert said.startswith("42 pairs make 1 update an epoch, as a batch has 64, and 80 updates in all may teach little")
    assert said.endswith("--pretrain.batch-size 8 makes 6 an epoch.")
