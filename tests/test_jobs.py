"""The commands' jobs as functions: they have the commands' defaults and ranges, and refuse what the commands refuse."""

import inspect
from typing import get_type_hints

import msgspec
import pytest
from support.products import product_run
from support.tiny import tiny_text

import seqgan
from seqgan.algorithm_settings import with_algorithm
from seqgan.cli.adversarial import ChildFlags
from seqgan.cli.main import main
from seqgan.cli.pretrain import PretrainFlags
from seqgan.cli.report import ReportFlags
from seqgan.cli.sample import SampleFlags
from seqgan.cli.score import ScoreFlags
from seqgan.errors import ConfigError, RunError
from seqgan.jobs.adversarial import train_from_nothing, train_from_run
from seqgan.jobs.begin import Way
from seqgan.jobs.pretrain import pretrain_run
from seqgan.jobs.report import report
from seqgan.jobs.sample import Sampling, sample_run
from seqgan.jobs.score import score_run
from seqgan.runs import open_run
from seqgan.settings.data import DataConfig
from seqgan.settings.discriminator import DiscriminatorConfig
from seqgan.settings.generator import GeneratorConfig
from seqgan.settings.pretrain import PretrainConfig
from seqgan.settings.run import RunConfig

CALLED = {"input": "file", "config": "settings_file"}
"""Flags whose arguments are called otherwise."""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    product_run(folder, "plain")
    product_run(folder, "pairs", "seq2seq-gru", "two-tower-cnn")
    return folder


@pytest.mark.parametrize(
    ("job", "flags"),
    [
        (train_from_run, ChildFlags()),
        (train_from_nothing, ChildFlags()),
        (pretrain_run, PretrainFlags()),
        (score_run, ScoreFlags()),
        (report, ReportFlags()),
        (Way, PretrainFlags()),
    ],
)
def test_jobs_have_the_commands_defaults(job, flags):
    arguments = inspect.signature(job).parameters
    for name in flags.__struct_fields__:
        argument = arguments.get(CALLED.get(name, name))
        if argument is not None and argument.default is not inspect.Parameter.empty:
            assert argument.default == getattr(flags, name), name
    if "verdict" in arguments:
        assert arguments["verdict"].default is not flags.no_verdict


def test_sampling_has_the_commands_defaults_and_ranges():
    flags, asked = SampleFlags(), Sampling()
    ours, theirs = (get_type_hints(kind, include_extras=True) for kind in (Sampling, SampleFlags))
    for name in Sampling.__struct_fields__:
        assert getattr(asked, name) == getattr(flags, name)
        if name not in ("source", "memory", "prefix", "device", "scores", "all_symbols"):  # which have no range
            assert ours[name] == theirs[name], name
    with pytest.raises(ConfigError, match="memory is -1"):
        sample_run("none", memory=-1.0)


def test_a_run_is_sampled_as_by_its_command(made, capsys):
    words = ["--count", "4", "--temperature", "0.7", "--seed", "3", "--device", "cpu", "--quiet"]
    assert main(["sample", "--run", str(made / "plain"), *words]) == 0
    printed = capsys.readouterr().out.split("\n")[:-1]
    asked = {"count": 4, "temperature": 0.7, "seed": 3, "device": "cpu"}
    assert sample_run(made / "plain", **asked) == sample_run(open_run(made / "plain"), **asked) == printed
    with pytest.raises(ConfigError, match="count is 0, expected int"):
        sample_run(made / "plain", count=0)
    with pytest.raises(ConfigError, match="reads no sources"):
        sample_run(made / "plain", source=["a dog"])
    with pytest.raises(TypeError, match="counts"):
        sample_run(made / "plain", counts=4)


def test_sources_are_given_as_lines_or_as_a_file(made, tmp_path):
    sources = ["a dog runs", "a cat"]
    (tmp_path / "sources.txt").write_text("".join(f"{source}\n" for source in sources))
    asked = {"n_best": 2, "device": "cpu"}
    answers = sample_run(made / "pairs", source=sources, **asked)
    assert len(answers) == 4
    assert sample_run(made / "pairs", source=str(tmp_path / "sources.txt"), **asked) == answers


def test_lines_are_scored_as_by_a_loaded_run(made, tmp_path):
    lines = ["a dog runs .", "runs runs ."]
    (tmp_path / "lines.txt").write_text("".join(f"{line}\n" for line in lines))
    found = [line.split("\t") for line in score_run(made / "plain", str(tmp_path / "lines.txt"), device="cpu")]
    assert [line for line, _ in found] == lines
    scores = seqgan.load(made / "plain", device="cpu").score(lines)
    assert [float(score) for _, score in found] == pytest.approx(scores, abs=5e-5)


def test_a_training_refuses_what_its_command_refuses_and_leaves_nothing_behind(tmp_path):
    config = RunConfig(generator=GeneratorConfig(name="residual-conv"))
    with pytest.raises(ConfigError, match="has no likelihood to maximise"):
        pretrain_run(config, tmp_path / "run", device="cpu")
    with pytest.raises(ConfigError, match="expected"):
        pretrain_run(RunConfig(generator=GeneratorConfig(hidden_size=0)), tmp_path / "run", device="cpu")
    assert not list(tmp_path.iterdir())


def test_runs_that_are_made_from_python_are_those_of_the_commands(tmp_path):
    tiny_text(tmp_path)
    files = [str(tmp_path / name) for name in ("corpus.txt", "valid.txt")]
    sizes = ["--generator.embedding-size", "8", "--generator.hidden-size", "12", "--epochs", "1"]
    of_text = ["--corpus", files[0], "--valid", files[1], *sizes]
    by_command, device = ["--run", str(tmp_path / "command"), "--device", "cpu", "--quiet"], "cpu"
    assert main(["pretrain", *of_text, *by_command]) == 0
    small = ["--rounds", "1", "--discriminator.filters", "0.02", "--adversarial.warmup-steps", "2"]
    assert main(["adversarial", *small, "--adversarial.evaluate-samples", "10", "--no-verdict", *by_command]) == 0

    config = RunConfig(
        data=DataConfig(corpus=files[0], valid=files[1]),
        generator=GeneratorConfig(embedding_size=8, hidden_size=12),
        pretrain=PretrainConfig(epochs=1),
    )
    run, result = pretrain_run(config, tmp_path / "python", device=device)
    assert result.epochs == 1
    with_players = with_algorithm(
        msgspec.structs.replace(run.config, discriminator=DiscriminatorConfig()),
        "seqgan",
        ("discriminator", "algorithm", "adversarial"),
    )
    assert with_players.adversarial is not None
    with_players = msgspec.structs.replace(
        with_players,
        discriminator=msgspec.structs.replace(with_players.discriminator, filters=0.02),
        adversarial=msgspec.structs.replace(with_players.adversarial, rounds=1, warmup_steps=2, evaluate_samples=10),
    )
    trained = train_from_run(with_players, run, verdict=False, device=device)
    assert trained.run.folder == tmp_path / "python" / "seqgan"
    assert trained.compared is None
    for place in ("generator.safetensors", "seqgan/generator.safetensors", "seqgan/discriminator.safetensors"):
        assert (tmp_path / "python" / place).read_bytes() == (tmp_path / "command" / place).read_bytes(), place
    with pytest.raises(ConfigError, match="names a folder in the run"):
        train_from_run(with_players, run, name="../other")
    with pytest.raises(RunError, match="already holds a run"):
        train_from_run(with_players, run.folder, device=device)


def test_settings_without_an_algorithm_are_told_in_a_line(tmp_path):
    for train in (
        lambda: train_from_run(RunConfig(), tmp_path),
        lambda: train_from_nothing(RunConfig(), tmp_path / "x"),
    ):
        with pytest.raises(ConfigError, match="no section 'algorithm', which an adversarial training needs"):
            train()
    assert not list(tmp_path.iterdir())
