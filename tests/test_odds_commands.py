"""Runs whose generator stands still: drawn by their discriminator's odds, judged and compared, by commands and from
Python."""

import json
import re

import msgspec
import pytest
import torch
from support.products import product_run
from support.tiny_models import write_model
from support.tiny_pairs import write_pairs

import seqgan
from seqgan.cli.main import main
from seqgan.data.reading import read_text
from seqgan.decoding import GuidedGenerator, ResampledGenerator
from seqgan.errors import ConfigError, RunError
from seqgan.evaluation.candidates import CandidateShares
from seqgan.evaluation.evaluate import evaluate_generator
from seqgan.evaluation.score import sequence_scores
from seqgan.evaluation.temperatures import sweep_temperatures
from seqgan.runs import open_run
from seqgan.runs.directory import write_config
from seqgan.runs.load import load_model

ODDS = re.compile(r"Of (\d+) candidates a sentence, as much as ([\d.]+) would carry if all weighed alike\.")


def run(*arguments):
    return main([str(argument) for argument in arguments])


def lines(capsys, *arguments):
    """What `seqgan sample` prints, and what it says besides."""
    capsys.readouterr()
    assert run("sample", *arguments) == 0
    out, err = capsys.readouterr()
    return out.split("\n")[:-1], err


def fails(capsys, *arguments):
    """The one line of a command that must end with exit code 2."""
    capsys.readouterr()
    assert run(*arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "Traceback" not in err
    (line,) = [line for line in err.split("\n") if line.startswith("seqgan: error")]
    return line


def judged_run(folder, name, *players, **settings):
    """A small run whose settings say where its text is, so that it can be judged."""
    made = product_run(folder, name, *players, **settings)
    of_pairs = made.source_vocabulary is not None
    corpus, valid = ("pairs.tsv", "valid.tsv") if of_pairs else ("corpus.txt", "valid.txt")
    data = msgspec.structs.replace(made.config.data, corpus=str(folder / corpus), valid=str(folder / valid))
    write_config(made, msgspec.structs.replace(made.config, data=data))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    judged_run(folder, "whole", algo="residual")
    judged_run(folder, "prefixes", discriminator="rnn", algo="residual", per_token=True)
    judged_run(folder, "rewarded")
    judged_run(folder, "pairs", "seq2seq-gru", "two-tower-cnn", algo="residual")
    judged_run(folder, "turns", "seq2seq-gru", "hierarchical", algo="residual", per_token=True)
    (folder / "new.en").write_text("a dog runs now\ncat sleeps\n")
    return folder


@pytest.fixture
def here(made, monkeypatch):
    monkeypatch.chdir(made)
    return made


def test_a_run_is_resampled_unasked_and_it_is_said_how_much_the_odds_differ(here, capsys):
    few = ["--run", "whole", "--count", 5]
    found, said = lines(capsys, *few)
    assert len(found) == 5
    number, alike = ODDS.search(said).groups()
    assert number == "16"
    assert 1 <= float(alike) <= 16
    assert lines(capsys, *few, "--resample", 16, "--tau", 1)[0] == found
    alone, said = lines(capsys, *few, "--resample", 1)
    assert alone != found
    assert not ODDS.search(said)
    # As the discriminator's say goes to 0, all weigh alike.
    _, flat = lines(capsys, *few, "--resample", 4, "--tau", 1e6)
    assert ODDS.search(flat).groups() == ("4", "4.0")


def test_few_candidates_of_weight_are_told(here, capsys):
    _, said = lines(capsys, "--run", "whole", "--count", 3, "--resample", 16, "--tau", 1e-3)
    assert float(ODDS.search(said).group(2)) < 4
    assert "there are too few candidates, or the discriminator is surer than it may be." in said


def test_the_share_is_a_mean_over_rows():
    said = []
    shares = CandidateShares(2.0)
    shares.add(2 * torch.tensor([[0.0, 0.0], [3.0, 3.0]]).log1p())  # as much as two each
    shares.add(2 * torch.tensor([[1.0, 3.0]]).log())  # (1 + 3)^2 / (1 + 9) of two
    shares.tell(type("Told", (), {"note": said.append}))
    assert said == [f"Of 2 candidates a sentence, as much as {(2 + 2 + 1.6) / 3:.1f} would carry if all weighed alike."]


def test_the_next_token_is_guided(here, capsys):
    few = ["--run", "prefixes", "--count", 8]
    guided, said = lines(capsys, *few, "--guide", 4)
    assert len(guided) == 8
    assert not ODDS.search(said)
    alone = lines(capsys, *few, "--resample", 1)[0]
    assert guided != alone
    # Of all symbols, and without a say, it is the generator alone: one uniform number a token, and the same law.
    assert lines(capsys, *few, "--guide", 10_000, "--guide-weight", 0)[0] == alone
    greedy = lines(capsys, *few, "--guide", 1, "--guide-weight", 5)[0]
    assert greedy == lines(capsys, *few, "--resample", 1, "--top-k", 1)[0]
    given = lines(capsys, *few, "--guide", 4, "--prefix", "a dog")[0]
    assert all(sentence.startswith("a dog") for sentence in given)
    cold = lines(capsys, *few, "--guide", 4, "--temperature", 1e-6)[0]
    assert len(set(cold)) == 1


def test_a_greater_weight_draws_what_the_discriminator_finds_more_real(here):
    loaded = seqgan.load("prefixes", device="cpu")

    def mean_score(**how):
        found = loaded.sample(300, **how)
        sequences, _ = read_text(loaded.run.reading, found, None, name="samples")
        return sequence_scores(loaded.discriminator, sequences).mean().item()

    alone, guided, further = (mean_score(guide=50, guide_weight=weight) for weight in (0, 1, 4))
    assert alone < guided < further
    assert mean_score(resample=1) < mean_score(resample=16)


def test_answers_are_guided_and_resampled(here, capsys):
    asked = ["--source", "new.en"]
    assert len(lines(capsys, "--run", "turns", *asked, "--guide", 3)[0]) == 2
    found, said = lines(capsys, "--run", "turns", *asked, "--n-best", 3)
    assert len(found) == 6
    assert ODDS.search(said)
    assert len(lines(capsys, "--run", "pairs", *asked, "--resample", 4)[0]) == 2


def test_python_draws_what_the_command_prints(here, capsys):
    loaded = seqgan.load("prefixes", device="cpu")
    assert isinstance(loaded.generator, ResampledGenerator)
    assert loaded.generator.discriminator is loaded.discriminator
    for how in ({}, {"resample": 3}, {"resample": 1}, {"tau": 0.5}, {"guide": 3}, {"guide": 3, "guide_weight": 2.0}):
        words = [word for name, value in how.items() for word in (f"--{name.replace('_', '-')}", value)]
        printed = lines(capsys, "--run", "prefixes", "--count", 4, "--device", "cpu", "--quiet", *words)[0]
        assert loaded.sample(4, **how) == printed
    turns = seqgan.load("turns", device="cpu")
    words = ["--source", "new.en", "--guide", 3, "--device", "cpu"]
    assert turns.sample(sources=["a dog runs now", "cat sleeps"], guide=3) == lines(capsys, "--run", "turns", *words)[0]
    assert isinstance(turns.generator, ResampledGenerator)
    with pytest.raises(ConfigError, match="guide is 0"):
        loaded.sample(2, guide=0)
    with pytest.raises(ConfigError, match="give one of them"):
        loaded.sample(2, guide=3, resample=2)
    with pytest.raises(RunError, match="judges whole sentences"):
        seqgan.load("whole").sample(2, guide=3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            "whole --guide 5",
            "The discriminator of whole judges whole sentences, and the next token is guided by one",
        ),
        ("whole --guide 5", "make a run with --discriminator rnn --discriminator.per-token, or resample."),
        ("pairs --source new.en --guide 5", "make a run with --discriminator hierarchical --discriminator.per-token"),
        ("rewarded --guide 5", "as the discriminator learnt by seqgan from earlier generators, too: run seqgan"),
        ("rewarded --guide 5", "--algo residual --discriminator rnn --discriminator.per-token --run rewarded"),
        ("rewarded --resample 5", "--algo residual --run rewarded"),
        ("rewarded --tau 0.5", "--algo residual --run rewarded"),
        (
            "prefixes --guide 5 --resample 3",
            "--resample takes one of several samples by its odds, and --guide draws",
        ),
        ("prefixes --guide 5 --tau 3", "--tau takes one of several samples by its odds, and --guide draws one token"),
        ("prefixes --guide 5 --best-of 3", "--guide draws token by token by the discriminator's odds, and --best-of"),
        ("prefixes --guide 5 --scores", "--guide draws token by token by the discriminator's odds, and --scores"),
        ("prefixes --guide 5 --beam 3", "--guide draws token by token by the discriminator's odds, and --beam"),
        ("prefixes --resample 5 --beam 3", "--resample takes one of several samples by its odds, and --beam does not"),
        ("prefixes --guide-weight 2", "--guide-weight is of guided draws: give --guide as well."),
        ("prefixes --guide 0", "--guide is 0"),
        ("prefixes --guide 3 --guide-weight -1", "--guide-weight is -1"),
        ("prefixes --beam 3", "prefixes takes one of several samples by its odds, and no step of it says how likely"),
        ("turns --source new.en --beam 3", "leave out --beam, or search the run that it began with"),
    ],
)
def test_mistakes_are_one_line_with_the_mend(here, capsys, arguments, message):
    assert message in fails(capsys, "sample", "--run", *arguments.split())


@pytest.mark.parametrize("name", ["whole", "prefixes"])
def test_a_table_has_the_likelihood_of_generator_times_discriminator_once(here, capsys, tmp_path, name):
    out = tmp_path / "out.json"
    asked = ["--run", name, "--count", 60, "--metrics", "nll", "distinct", "--json", out, "--quiet", "--device", "cpu"]
    assert run("evaluate", *asked) == 0
    found = json.loads(out.read_text())["metrics"]
    assert "|model:generator times discriminator|log-z:" in found["nll"]["signature"]
    generator = seqgan.load(name, device="cpu").generator.generator
    alone = evaluate_generator(generator, seqgan.load(name).text, 20, families=["nll"])
    assert found["nll"]["value"] != alone["nll"].value
    assert found["perplexity"]["value"] > 1


@pytest.mark.slow(reason="samples two runs at several temperatures")
def test_a_sweep_over_temperatures_draws_by_the_odds_and_has_one_likelihood(here, capsys, tmp_path):
    seen = []
    plain = ResampledGenerator.draw_sequences

    def counted(self, *arguments, temperature=1.0, **options):
        seen.append(temperature)
        return plain(self, *arguments, temperature=temperature, **options)

    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(ResampledGenerator, "draw_sequences", counted)
        verdict = seqgan.compare("whole", "rewarded", temperatures=(0.7, 1.0), sentences=30, sets=2, device="cpu")
    assert {0.7, 1.0} <= set(seen)
    assert verdict.sentence
    loaded = seqgan.load("whole", device="cpu")
    swept = sweep_temperatures(loaded.generator, loaded.text, (0.7, 1.0), 20, sets=2, likelihood=True)
    assert [point.nll for point in swept.points] == [None, None]
    capsys.readouterr()
    asked = ["--count", 30, "--metrics", "nll", "--temperatures", 0.5, 1, "--quiet", "--device", "cpu"]
    assert run("evaluate", "--run", "whole", *asked) == 0
    assert len([line for line in capsys.readouterr().out.split("\n") if line.startswith("nll")]) == 1


@pytest.mark.parametrize("name", ["pairs", "turns"])
def test_the_likelihood_of_answers_has_a_partition_function_for_each_source(here, capsys, tmp_path, name):
    out = tmp_path / "out.json"
    assert run("evaluate", "--run", name, "--metrics", "nll", "--json", out, "--device", "cpu") == 0
    assert "Answers are drawn, by the odds of several" in capsys.readouterr().err
    nll = json.loads(out.read_text())["metrics"]["nll"]
    assert "samples of each source, effective" in nll["signature"]
    assert nll["low"] <= nll["value"] <= nll["high"]


FEW = [
    *("--rounds", "2", "--adversarial.discriminator-steps", "2", "--adversarial.discriminator-pool", "16", "--quiet"),
    *("--adversarial.batch-size", "8", "--discriminator.embedding-size", "6", "--no-verdict"),
]


@pytest.mark.slow(reason="trains a generator of pairs and four discriminators against it")
def test_every_kind_of_discriminator_learns_of_pairs_and_is_used(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_pairs(tmp_path)
    pairs = (tmp_path / "pairs.tsv").read_text()
    (tmp_path / "valid.tsv").write_text(pairs)  # a few would not do to stop by
    (tmp_path / "new.en").write_text("a dog runs now\ncat sleeps\n")
    small = ["--generator.embedding-size", "8", "--generator.hidden-size", "12", "--epochs", "1", "--quiet"]
    assert run("pretrain", "--corpus", "pairs.tsv", "--valid", "valid.tsv", "--run", "r", *small) == 0
    kinds = {
        "cnn": ["--discriminator.filters", "0.05"],
        "rnn": ["--discriminator", "two-tower-rnn", "--discriminator.hidden-size", "8"],
        "turns": ["--discriminator", "hierarchical", "--discriminator.per-token", "--discriminator.hidden-size", "8"],
    }
    for name, kind in kinds.items():
        assert run("adversarial", "--algo", "residual", "--run", "r", "--name", name, *FEW, *kind) == 0
        assert len(lines(capsys, "--run", f"r/{name}", "--source", "new.en")[0]) == 2
        assert run("evaluate", "--run", f"r/{name}", "--metrics", "nll", "--count", 20, "--quiet") == 0
        assert "generator times discriminator" in capsys.readouterr().out
    loaded = seqgan.load("r/turns", device="cpu").sample(sources=["a dog runs"], guide=2)
    assert len(loaded) == 1


@pytest.mark.slow(reason="trains a model of transformers")
def test_a_pretrained_model_judges_pairs(tmp_path, monkeypatch, capsys):
    pytest.importorskip("transformers")
    monkeypatch.chdir(tmp_path)
    write_pairs(tmp_path)
    every = (tmp_path / "pairs.tsv").read_text()
    (tmp_path / "valid.tsv").write_text(every)
    write_model(tmp_path / "bert", "bert", lines=every.split("\n"))
    small = ["--generator.embedding-size", "8", "--generator.hidden-size", "12", "--epochs", "1", "--quiet"]
    assert run("pretrain", "--corpus", "pairs.tsv", "--valid", "valid.tsv", "--run", "r", *small) == 0
    judge = ["--discriminator", "huggingface", "--discriminator.path", "bert"]
    few = [word for word in FEW if "embedding-size" not in word and word != "6"]
    assert run("adversarial", "--algo", "residual", "--run", "r", *few, *judge) == 0
    (tmp_path / "new.en").write_text("a dog runs now\ncat sleeps\n")
    assert len(lines(capsys, "--run", "r/residual", "--source", "new.en")[0]) == 2
    assert run("evaluate", "--run", "r/residual", "--metrics", "nll", "--count", 10, "--quiet") == 0
    assert "generator times discriminator" in capsys.readouterr().out


def test_a_guided_model_is_what_is_loaded(here):
    model = load_model(open_run("prefixes"), guide=3, guide_weight=0.5)
    assert isinstance(model, GuidedGenerator)
    assert (model.k, model.weight, model.training) == (3, 0.5, False)
