"""The commands' jobs as functions: they have the commands' defaults and ranges, and refuse what the commands refuse."""

import importlib
import inspect
import json
import re
from typing import get_type_hints

import msgspec
import pytest
from support.products import product_run
from support.tiny import tiny_text

import seqgan
from seqgan import jobs
from seqgan.algorithm_settings import with_algorithm
from seqgan.cli.adversarial import ChildFlags
from seqgan.cli.export import ExportFlags
from seqgan.cli.headroom import HeadroomFlags
from seqgan.cli.inspect import InspectFlags
from seqgan.cli.main import COMMANDS, main
from seqgan.cli.plan import PlanFlags, lines_of
from seqgan.cli.pretrain import PretrainFlags
from seqgan.cli.report import ReportFlags
from seqgan.cli.sample import SampleFlags
from seqgan.cli.score import ScoreFlags
from seqgan.cli.sweep import SweepFlags
from seqgan.errors import ConfigError, RunError
from seqgan.jobs.adversarial import train_from_nothing, train_from_run
from seqgan.jobs.begin import Way
from seqgan.jobs.export import check_export, export_run
from seqgan.jobs.headroom import Measuring, headroom
from seqgan.jobs.inspect import Inspecting, inspect_text
from seqgan.jobs.plan import plan_training
from seqgan.jobs.pretrain import pretrain_run
from seqgan.jobs.report import report
from seqgan.jobs.sample import Sampling, sample_run
from seqgan.jobs.score import score_run
from seqgan.jobs.sweep import Sweeping, start_sweep, sweep_settings, sweep_so_far, work_on_sweep
from seqgan.runs import open_run
from seqgan.settings.data import DataConfig
from seqgan.settings.discriminator import DiscriminatorConfig
from seqgan.settings.generator import GeneratorConfig
from seqgan.settings.pretrain import PretrainConfig
from seqgan.settings.run import RunConfig
from seqgan.training import planning

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
        (plan_training, PlanFlags()),
        (headroom, HeadroomFlags()),
        (Measuring, HeadroomFlags()),
        (export_run, ExportFlags()),
        (check_export, ExportFlags()),
        (sweep_settings, SweepFlags()),
        (start_sweep, SweepFlags()),
        (work_on_sweep, SweepFlags()),
        (sweep_so_far, SweepFlags()),
        (Sweeping, SweepFlags()),
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


def test_inspecting_has_the_commands_defaults_and_ranges():
    flags, asked = InspectFlags(), Inspecting(corpus="")
    assert all(getattr(asked, name) == getattr(flags, name) for name in Inspecting.__struct_fields__)
    of_output = {"device", "quiet", "debug", "json", "output", "overwrite"}
    assert set(InspectFlags.__struct_fields__) == set(Inspecting.__struct_fields__) | of_output
    with pytest.raises(ConfigError, match="seed is -1, expected int >= 0"):
        inspect_text("captions", seed=-1)


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


@pytest.mark.slow(reason="trains by commands")
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


def test_a_corpus_is_inspected_as_by_its_command(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("seqgan.reporting.figures._svg", lambda draw, key, width, height: "<svg ></svg>")
    monkeypatch.chdir(tmp_path)
    tiny_text(tmp_path)
    asked = {"valid": "valid.txt", "tokenizer": "characters"}
    inspected = inspect_text(tmp_path / "corpus.txt", **asked)
    assert inspected.found.splits["train"].sentences == 108  # 27 lines, four times
    words = ["inspect", str(tmp_path / "corpus.txt"), "--valid", "valid.txt", "--tokenizer", "characters", "--quiet"]
    assert main(words) == 0
    assert capsys.readouterr().out == inspected.table() + "\n"
    assert main([*words, "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(inspected.to_json()))
    with pytest.raises(ConfigError, match="Did you mean 'words'"):
        inspect_text("gone.txt", tokenizer="word")
    with pytest.raises(TypeError, match="tokeniser"):
        inspect_text("corpus.txt", tokeniser="words")
    pytest.importorskip("matplotlib", reason="matplotlib is not installed: pip install 'seqgan[report]'")
    assert main([*words, "--output", "page.html"]) == 0
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == inspected.page()


@pytest.mark.parametrize("player", ["generator", "discriminator"])
def test_a_run_is_exported_as_by_its_command(made, tmp_path, capsys, player):
    exported = export_run(made / "plain", tmp_path / "python", player=player)
    assert exported.run.folder == made / "plain"
    words = ["export", "--run", str(made / "plain"), "--output", str(tmp_path / "command"), "--player", player]
    assert main(words) == 0
    names = sorted(path.name for path in (tmp_path / "command").iterdir())
    said = f"The {player} of {made / 'plain'} is in {tmp_path / 'command'}: {', '.join(names)}.\n"
    assert capsys.readouterr().err == said
    assert list(exported.files) == names
    assert "model.safetensors" in names
    for name in names:
        assert (tmp_path / "command" / name).read_bytes() == (tmp_path / "python" / name).read_bytes()
    with pytest.raises(RunError, match="already holds an exported model"):
        export_run(open_run(made / "plain"), tmp_path / "python", player=player)
    assert export_run(made / "plain", tmp_path / "python", player=player, overwrite=True).files == exported.files


def test_what_cannot_be_exported_is_told_before_the_run_is_read(tmp_path):
    for asked, message in (
        ({"player": "critic"}, "--player is 'critic': choose one of generator, discriminator"),
        ({"format": "onxx"}, "--format is 'onxx': choose one of folder, transformers, onnx, torch-export"),
        ({"player": "discriminator", "format": "onnx"}, "--format onnx is of generators"),
    ):
        with pytest.raises(ConfigError, match=message):
            export_run(tmp_path / "none", tmp_path / "out", **asked)
    with pytest.raises(RunError, match="none does not exist"):
        export_run(tmp_path / "none", tmp_path / "out")
    assert not list(tmp_path.iterdir())


@pytest.mark.slow(reason="makes the steps that a plan is from")
def test_a_training_is_planned_as_by_its_command(tmp_path, capsys, monkeypatch):
    def one_second(work, device):
        work()
        return 1.0

    monkeypatch.setattr(planning, "_seconds", one_second)
    monkeypatch.setattr(planning, "TIMED_SECONDS", 0.0)  # nothing is repeated
    monkeypatch.setattr("seqgan.jobs.plan.peak_bytes", lambda device: 2**29)
    tiny_text(tmp_path)
    files = [str(tmp_path / name) for name in ("corpus.txt", "valid.txt")]
    base = RunConfig(
        data=DataConfig(corpus=files[0], valid=files[1]),
        generator=GeneratorConfig(hidden_size=8),
        pretrain=PretrainConfig(epochs=3),
        discriminator=DiscriminatorConfig(filters=0.02),
    )
    config = with_algorithm(base, "seqgan", ("discriminator", "algorithm", "adversarial"))
    small = {"rounds": 4, "rollouts": 1, "warmup_steps": 5, "evaluate_every": 1, "evaluate_samples": 10}
    config = msgspec.structs.replace(
        config,
        discriminator=msgspec.structs.replace(config.discriminator, filters=0.02),
        adversarial=msgspec.structs.replace(config.adversarial, **small),
    )
    plan = plan_training(config, device="cpu")
    (pretraining,), adversarial = plan.trainings
    assert pretraining.turns == 3
    # Of the warm-up, whose pools are timed together, of the rounds, and of the evaluations: one before the first round
    # and one after each.
    assert [(phase.seconds, phase.turns) for phase in adversarial] == [(1.0 / 5, 5), (1.0, 4), (1.0, 5)]
    assert plan.hours == pytest.approx((3 * pretraining.seconds + 1 + 4 + 5) / 3600)
    # An hour less a second of warm-up and an evaluation, by rounds of a second with an evaluation each.
    epochs = int(3600 / pretraining.seconds)
    assert plan.fitting(1.0) == [("epochs", epochs), ("rounds", (3600 - 1 - 1) // 2)]

    words = ["plan", "--corpus", files[0], "--valid", files[1], "--generator.hidden-size", "8", "--epochs", "3"]
    words += ["--discriminator.filters", "0.02", "--rounds", "4", "--adversarial.warmup-steps", "5", "--hours", "1"]
    words += ["--adversarial.rollouts", "1", "--adversarial.evaluate-every", "1"]
    words += ["--adversarial.evaluate-samples", "10", "--device", "cpu", "--quiet"]
    assert main(words) == 0
    printed = capsys.readouterr().out.split("\n")[:-1]
    assert printed == lines_of(plan, 1.0)
    assert printed[-3:] == [
        "memory at its peak: 0.50 GiB",
        f"in 1 hour: --epochs {epochs}",
        "in 1 hour: --rounds 1799",
    ]
    with pytest.raises(ConfigError, match="no section 'algorithm'"):
        plan_training(RunConfig(), device="cpu")


def test_each_command_is_listed_with_functions_that_are_there():
    rows = re.findall(r"^`seqgan (\w+)` +(.*)$", jobs.__doc__, re.MULTILINE)
    assert {command for command, _ in rows} == set(COMMANDS)
    for _, functions in rows:
        for module, name in re.findall(r"`(\w+)\.(\w+)`", functions):
            function = getattr(importlib.import_module(f"seqgan.jobs.{module}"), name)
            assert "as `seqgan " in " ".join(inspect.getdoc(function).split()), name
