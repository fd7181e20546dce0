"""Players of one's own, in one file that nothing else knows: trained, resumed, sampled, judged, drawn, exported."""

import importlib.util
import json

import pytest
import torch
from support.tiny_pairs import write_pairs

import seqgan
from seqgan.cli.main import main
from seqgan.discriminators import DISCRIMINATORS, DiscriminatorKind
from seqgan.errors import ConfigError
from seqgan.exporting import ExportedGenerator
from seqgan.generators import GENERATORS, GeneratorKind
from seqgan.generators.transformer import TransformerGenerator

FILE = """
import torch
from torch import nn

from seqgan.discriminators import DISCRIMINATORS, DiscriminatorKind
from seqgan.generators import GENERATORS, GeneratorKind


def mean(vectors, mask):
    return (vectors * mask.unsqueeze(2)).sum(dim=1) / mask.sum(dim=1, keepdim=True).clamp(min=1)


class Mine(nn.Module):
    def __init__(self, source_vocabulary_size, vocabulary_size, start, end, hidden_size):
        super().__init__()
        self.vocabulary_size, self.start, self.end = vocabulary_size, start, end
        self.words = nn.Embedding(source_vocabulary_size, hidden_size)
        self.encoder = nn.Linear(hidden_size, hidden_size)
        self.embedding = nn.Embedding(max(vocabulary_size, start + 1), hidden_size)
        self.cell = nn.GRUCell(hidden_size, hidden_size)
        self.output = nn.Linear(hidden_size, vocabulary_size)

    def encode(self, source, source_mask):
        return torch.tanh(self.encoder(mean(self.words(source), source_mask)))

    def initial_state(self, rows, context=None):
        return context

    def step(self, tokens, state):
        state = self.cell(self.embedding(tokens), state)
        return self.output(state), state

    def forward(self, tokens, context=None):
        state, previous, logits = context, torch.full_like(tokens[:, 0], self.start), []
        for position in range(tokens.shape[1]):
            step, state = self.step(previous, state)
            logits.append(step)
            previous = tokens[:, position]
        return torch.stack(logits, dim=1)


class Judge(nn.Module):
    def __init__(self, source_vocabulary_size, vocabulary_size, embedding_size):
        super().__init__()
        self.words = nn.Embedding(source_vocabulary_size, embedding_size)
        self.embedding = nn.Embedding(vocabulary_size, embedding_size)
        self.output = nn.Linear(embedding_size, 1)

    def encode(self, source, source_mask):
        return mean(self.words(source), source_mask)

    def forward(self, tokens, mask, context=None):
        return self.output(mean(self.embedding(tokens), mask) * context).squeeze(1)


GENERATORS["mine"] = GeneratorKind("mine", Mine, source="always")
DISCRIMINATORS["my-judge"] = DiscriminatorKind("my-judge", Judge, source="always")
"""
PRETRAIN = ("pretrain", "--corpus", "pairs.tsv", "--valid", "valid.tsv", "--generator", "mine")
SMALL = ("--generator.hidden-size", "12")
BOTH = (
    *("adversarial", "--algo", "seqgan", "--discriminator", "my-judge", "--discriminator.embedding-size", "6"),
    *("--adversarial.batch-size", "8", "--adversarial.rollouts", "2", "--adversarial.discriminator-pool", "8"),
    *("--adversarial.warmup-steps", "2", "--adversarial.evaluate-samples", "10", "--adversarial.evaluate-every", "1"),
)


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_pairs(tmp_path)
    (tmp_path / "own.py").write_text(FILE)
    before = dict(GENERATORS), dict(DISCRIMINATORS)
    specification = importlib.util.spec_from_file_location("own", tmp_path / "own.py")
    specification.loader.exec_module(importlib.util.module_from_spec(specification))
    yield tmp_path
    for kinds, those in zip((GENERATORS, DISCRIMINATORS), before, strict=True):
        kinds.clear()
        kinds.update(those)


def run(*arguments):
    return main([*arguments, "--device", "cpu", "--quiet"])


def weights(folder, player="generator"):
    from safetensors.torch import load_file

    return load_file(folder / f"{player}.safetensors")


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.slow(reason="trains by commands")
def test_they_are_trained_resumed_sampled_evaluated_reported_and_exported(here, capsys):
    assert run(*PRETRAIN, *SMALL, "--epochs", "2", "--run", "at-once") == 0
    assert run(*PRETRAIN, *SMALL, "--epochs", "1", "--run", "r") == 0
    assert run("pretrain", "--run", "r", "--resume", "--epochs", "2") == 0
    assert same(weights(here / "r"), weights(here / "at-once"))
    assert run(*BOTH, "--run", "at-once", "--rounds", "2", "--no-verdict") == 0
    assert run(*BOTH, "--run", "r", "--rounds", "1", "--no-verdict") == 0
    resume = ("adversarial", "--algo", "seqgan", "--run", "r", "--resume", "--no-verdict")
    assert run(*resume, "--rounds", "2") == 0
    child = here / "r" / "seqgan"
    for player in ("generator", "discriminator"):
        assert same(weights(child, player), weights(here / "at-once" / "seqgan", player))
    assert not same(weights(child), weights(here / "r"))

    (here / "sources.txt").write_text("a dog runs\ncat sleeps\n")
    capsys.readouterr()
    assert run("sample", "--run", str(child), "--source", "sources.txt", "--seed", "3") == 0
    sentences = capsys.readouterr().out.split("\n")[:-1]
    assert len(sentences) == 2
    assert seqgan.load(child).sample(sources=["a dog runs", "cat sleeps"], seed=3) == sentences
    assert run("sample", "--run", str(child), "--source", "sources.txt", "--beam", "2") == 0
    assert run("evaluate", "--run", str(child), "--compare", "r", "--metrics", "chrf", "nll", "--table-only") == 0
    assert json.loads((child / "report.json").read_text())["metrics"]["nll"]["value"] > 0
    capsys.readouterr()
    assert run("score", "--run", str(child), "--input", "valid.tsv") == 0
    assert len(capsys.readouterr().out.split("\n")[:-1]) == 4
    assert run("export", "--run", str(child), "--output", "folder") == 0
    exported = ExportedGenerator.from_pretrained(here / "folder")
    assert exported.sample(sources=["a dog runs", "cat sleeps"], seed=3) == sentences


def test_the_page_of_a_run_needs_no_record_of_its_players(here):
    pytest.importorskip("matplotlib", reason="matplotlib is not installed: pip install 'seqgan[report]'")
    assert run(*PRETRAIN, *SMALL, "--epochs", "1", "--run", "r") == 0
    del GENERATORS["mine"]
    assert run("report", "r", "--output", "page.html") == 0
    assert "mine" in (here / "page.html").read_text()


def test_a_setting_that_it_does_not_read_is_refused(here, capsys):
    assert run(*PRETRAIN, "--generator.layers", "3", "--run", "r") == 2
    assert "generator.layers is 3, and mine has nothing that it would change" in capsys.readouterr().err
    assert run("pretrain", "--corpus", "captions", "--generator", "mine", "--run", "r") == 2
    assert "--generator is mine, and this text has no sources, which it needs: choose one of" in capsys.readouterr().err


def test_a_generator_of_plain_text_is_one_line_more(here, capsys):
    """A class of the package with another number of layers, as a kind of its own."""
    GENERATORS["deep"] = GeneratorKind(
        "deep",
        lambda vocabulary_size, start, end, max_length: TransformerGenerator(
            vocabulary_size, 8, 8, layers=3, heads=2, start=start, end=end, max_length=max_length
        ),
    )
    (here / "mine.txt").write_text("a dog runs\nthe cat sleeps\n" * 20)
    assert run("pretrain", "--corpus", "mine.txt", "--generator", "deep", "--epochs", "1", "--run", "plain") == 0
    assert run("sample", "--run", "plain", "--count", "3") == 0
    assert len(seqgan.load("plain").generator.blocks) == 3
    assert run("pretrain", "--corpus", "pairs.tsv", "--generator", "deep", "--run", "r") == 2
    assert "--generator is deep, and this text has sources, which it does not read" in capsys.readouterr().err


def test_a_run_whose_kind_is_not_known_here_is_told(here, capsys):
    assert run(*PRETRAIN, *SMALL, "--epochs", "1", "--run", "r") == 0
    del GENERATORS["mine"]
    (here / "sources.txt").write_text("a dog runs\n")
    capsys.readouterr()
    assert run("sample", "--run", "r", "--source", "sources.txt") == 2
    assert "No generator is called 'mine'" in capsys.readouterr().err


def test_what_is_no_record_is_told(here, capsys):
    GENERATORS["mine"] = TransformerGenerator
    assert run(*PRETRAIN, "--run", "r") == 2
    said = "GENERATORS['mine'] is a class, expected a record: GENERATORS['mine'] = GeneratorKind('mine', ...)."
    assert said in capsys.readouterr().err
    GENERATORS["mine"] = GeneratorKind("yours", TransformerGenerator)
    assert run(*PRETRAIN, "--run", "r") == 2
    assert "GENERATORS['mine'] is the record of 'yours': give both one name." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda: GeneratorKind("mine", lambda vocabulary_size, hiden_size: None), r"asks for 'hiden_size', which"),
        (lambda: GeneratorKind("mine", lambda vocabulary_size, hiden_size: None), r"Did you mean 'hidden_size'\?"),
        (lambda: GeneratorKind("mine", len, source="sometimes"), r"source='sometimes', expected never, always, either"),
        (lambda: GeneratorKind("mine", dict), r"make of the generator 'mine' is dict, expected a class or function of"),
        (lambda: GeneratorKind("mine", 3), r"make of the generator 'mine' is 3, expected a class or function of"),
        (lambda: GeneratorKind("mine"), r"needs make, which makes one, or pretrained, and not both"),
        (
            lambda: GeneratorKind("mine", lambda: None, heads_divide="size"),
            r"heads_divide of the generator 'mine' is 'size'",
        ),
        (
            lambda: GeneratorKind("mine", lambda: None, tied_sizes=("layers", "size")),
            r"tied_sizes of the generator 'mine' is",
        ),
        (
            lambda: GeneratorKind("mine", lambda: None, at_once=True, source="either"),
            r"at once from noise, and reads a source",
        ),
        (lambda: DiscriminatorKind("mine", lambda **_: None, filters={2: 3}), None),
        (lambda: DiscriminatorKind("mine", lambda: None, filters={2: 3}), r"takes no filters, and its record has some"),
    ],
)
def test_what_a_record_says_wrongly_is_told_when_it_is_made(wrong, said):
    if said is None:
        assert wrong().settings == DiscriminatorKind.sizes
        return
    with pytest.raises(ConfigError, match=said):
        wrong()
