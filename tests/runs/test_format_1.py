"""Runs whose files have format 1, where the algorithm's own settings stood among those of both players.

`format_1/` was made by the last version that wrote it: one run of each algorithm on 80 lines of seven words, of two
rounds, with players of four units; of most the settings alone are kept. `4-rounds.safetensors` is what that version's
generator was after two more rounds.
"""

import re
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from seqgan.algorithm_settings import build_algorithm
from seqgan.cli.main import main
from seqgan.errors import ConfigError, RunError
from seqgan.objectives import ALGORITHMS
from seqgan.runs.directory import open_run
from seqgan.settings.before import MOVED, in_present_format, read_run_settings
from seqgan.settings.run import RunConfig, with_settings

FOLDER = Path(__file__).parent / "format_1"
FILES = sorted(path for path in FOLDER.rglob("config.yaml") if path.parent.name in ALGORITHMS)
OWN = {
    "gsgan": {"straight_through": True, "annealing_rounds": 9},
    "relgan": {"inverse_temperature": 50.0, "annealing": "linear", "annealing_rounds": 9},
    "spin": {"weight": 0.5, "iteration_rounds": 1},
    "wgan-gp": {"penalty_weight": 5.0},
}
"""What the runs were made with."""
WHOLE = ["plain/bgan", "plain/gsgan", "plain/relgan", "pairs/csgan-nmt", "wgan", "wgan-gp"]
"""Runs of which everything is kept."""
LATER = {"residual"}
"""Algorithms that there were none of when runs had that format."""


@pytest.fixture
def before(tmp_path, monkeypatch):
    """A copy, with the corpora where the settings say."""
    shutil.copytree(FOLDER, tmp_path / "before")
    for path in (tmp_path / "before").rglob("config.yaml"):
        path.write_text(path.read_text().replace("CORPUS", str(tmp_path / "before")))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "before"


def test_there_is_a_file_of_each_algorithm():
    assert {path.parent.name for path in FILES} == set(ALGORITHMS) - LATER


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
def test_the_settings_are_those_that_the_run_was_made_with(path):
    config = with_settings(RunConfig(), read_run_settings(path), str(path))
    name = path.parent.name
    assert config.algorithm == {"name": name, **OWN.get(name, {})}
    assert config.adversarial.rounds == 2
    assert config.adversarial.weight_clamp == {"wgan": 0.02, "csgan-nmt": 1.0}.get(name)
    algorithm = build_algorithm(config.algorithm)
    assert algorithm.name == name
    assert all(getattr(algorithm.settings, key) == value for key, value in OWN.get(name, {}).items())


@pytest.mark.slow(reason="trainings that go on, and reports")
@pytest.mark.parametrize("name", WHOLE)
def test_a_run_goes_on_as_it_began_and_is_reported_on(before, name, monkeypatch):
    if name != WHOLE[0]:  # pictures know nothing of formats: once is enough
        monkeypatch.setattr("seqgan.reporting.figures._svg", lambda draw, key, width, height: "<svg ></svg>")
    folder = before / name
    algo = folder.name
    place = (
        ["--run", str(folder.parent)] if "/" in name else ["--corpus", str(before / "plain.txt"), "--run", str(folder)]
    )
    assert main(["report", str(folder), "--output", "before.html", "--quiet"]) == 0
    again = ["adversarial", "--algo", algo, *place, "--resume", "--rounds", "4", "--no-verdict", "--quiet"]
    assert main(again) == 0
    ours = load_file(folder / "generator.safetensors")
    for key, value in load_file(folder / "4-rounds.safetensors").items():
        # Products may be summed in another order on another processor.
        torch.testing.assert_close(ours[key], value, atol=1e-4, rtol=1e-4)
    assert "format: 2" in (folder / "config.yaml").read_text()
    assert open_run(folder).config.algorithm == {"name": algo, **OWN.get(algo, {})}
    assert main(["report", str(folder), "--output", "after.html", "--quiet"]) == 0


def test_a_setting_of_another_algorithm_is_refused_and_a_default_of_one_is_not():
    assert in_present_format({"adversarial": {"algo": "seqgan", "spin_weight": 1.0, "rounds": 3}}, "here") == {
        "adversarial": {"rounds": 3},
        "algorithm": {"name": "seqgan"},
    }
    with pytest.raises(
        ConfigError, match=r"In here: adversarial\.spin_weight belongs to spin and would change nothing"
    ):
        in_present_format({"adversarial": {"algo": "seqgan", "spin_weight": 0.3}}, "here")
    named = in_present_format({"adversarial": {"spin_weight": 0.3}}, "here", "spin")
    assert named == {"adversarial": {}, "algorithm": {"weight": 0.3}}


def test_the_moved_settings_are_those_of_records():
    for moved in MOVED.values():
        for owner in moved.owners:
            own = ALGORITHMS[owner].settings
            assert getattr(own, moved.name) in moved.usual


def test_a_clamp_that_nothing_said_is_that_of_before():
    whole = {"format": 1, "adversarial": {"algo": "wgan", "weight_clamp": None}}
    assert in_present_format(whole, "here")["adversarial"] == {"weight_clamp": 0.01}


def test_flags_by_their_former_names_are_taken_and_told(before, capsys):
    parent = before / "plain"
    small = ["--rounds", "1", "--adversarial.batch-size", "4", "--adversarial.evaluate-samples", "4", "--no-verdict"]
    command = ["adversarial", "--run", str(parent), "--name", "anew", *small]
    assert main([*command, "--adversarial.algo", "spin", "--adversarial.spin-weight", "0.25"]) == 0
    said = capsys.readouterr().err
    assert "--adversarial.algo is --algo now" in said
    assert "--adversarial.spin-weight is --algorithm.weight now" in said
    assert open_run(parent / "anew").config.algorithm == {"name": "spin", "weight": 0.25, "iteration_rounds": 50}
    assert main([*command, "--algo", "seqgan", "--overwrite", "--adversarial.spin-weight", "0.25"]) == 2
    assert (
        "--adversarial.spin-weight belongs to spin and would change nothing here, for seqgan" in capsys.readouterr().err
    )


def test_a_runs_own_file_may_have_what_nothing_read_and_no_more(before):
    path = before / "plain" / "bgan" / "config.yaml"
    whole = path.read_text()
    path.write_text(whole.replace("annealing: exponential", "annealing: linear"))
    assert open_run(path.parent).config.algorithm == {"name": "bgan"}
    path.write_text(whole.replace("  algo: bgan\n", ""))
    with pytest.raises(RunError, match="is damaged: it has `adversarial`, and no `algorithm` with a name"):
        open_run(path.parent)
    path = before / "plain" / "relgan" / "config.yaml"
    path.write_text(path.read_text().replace("inverse_temperature: 50.0", "inverse_temperature: null"))
    with pytest.raises(ConfigError, match=r"In .*config\.yaml: algorithm\.inverse_temperature is None, expected float"):
        open_run(path.parent)


def test_a_setting_that_a_later_version_adds_is_no_other_one(before):
    path = before / "plain" / "relgan" / "config.yaml"
    path.write_text(path.read_text().replace("  annealing_rounds: 9\n", ""))
    assert open_run(path.parent).config.algorithm["annealing_rounds"] == 0


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("{name: [1, 2]}", r"In mine.yaml: algorithm\.name is \[1, 2\], expected a name"),
        ("{name: null}", r"algorithm\.name is None, expected a name"),
        ("{name: relgan, 5: 3}", "algorithm has the key 5, expected names of settings"),
        ("{name: relgan, self: 3}", r"In mine.yaml: algorithm\.self is no setting of relgan"),
        ("{name: relgan, inverse_temperature: 0x" + "f" * 6000 + "}", "is a number of very many digits"),
        ("{name: relgan, bogus: 3}", r"algorithm\.bogus is no setting of relgan"),
        ("relgan", r"algorithm is 'relgan', expected object"),
    ],
)
@pytest.mark.parametrize("algo", [[], ["--algo", "spin"]])
def test_a_bad_section_is_told_in_a_line(before, capsys, section, message, algo):
    (before.parent / "mine.yaml").write_text(f"algorithm: {section}\n")
    command = ["adversarial", "--run", str(before / "plain"), "--name", "x", "--config", "mine.yaml", *algo]
    assert main([*command, "--no-verdict"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert re.search(message, line)
    assert not (before / "plain" / "x").exists()


def test_one_file_of_settings_serves_several_commands(before, tmp_path):
    for section in ("adversarial: {penalty_weight: 5.0}", "algorithm: {penalty_weight: 5.0}"):
        (tmp_path / "mine.yaml").write_text(f"{section}\npretrain: {{epochs: 1}}\n")
        small = ["--generator.hidden-size", "4", "--generator.embedding-size", "4", "--overwrite", "--quiet"]
        command = ["pretrain", "--corpus", str(before / "plain.txt"), "--config", "mine.yaml", "--run", "anew", *small]
        assert main(command) == 0


def test_both_names_of_a_setting_may_not_say_different_things():
    for settings in (
        {"algorithm": {"name": "spin", "weight": 0.5}, "adversarial": {"spin_weight": 0.3}},
        {"algorithm": {"name": "relgan"}, "adversarial": {"algo": "spin"}},
    ):
        with pytest.raises(ConfigError, match=r"In here: algorithm\.\w+ is .*, its name before, is .*: leave out"):
            in_present_format(settings, "here")


def test_former_flags_with_any_value_are_told_in_a_line(before, capsys):
    command = ["adversarial", "--run", str(before / "plain"), "--name", "anew", "--algo", "seqgan", "--no-verdict"]
    for flags, message in (
        (["--adversarial.annealing", "linear"], "belongs to relgan and would change nothing here, for seqgan"),
        (["--adversarial.penalty-weight", "ten"], "belongs to wgan-gp and would change nothing here"),
        (["--adversarial.straight-through"], "belongs to gsgan and would change nothing here"),
        (["--adversarial.spin-weight"], "belongs to spin and would change nothing here"),
    ):
        assert main([*command, *flags]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert message in line
    usual = [
        "--adversarial.annealing",
        "exponential",
        "--adversarial.penalty-weight=1e1",
        "--adversarial.spin-weight",
        "1",
    ]
    assert main([*command, *usual, "--adversarial.discount", "2"]) == 2
    *told, line = capsys.readouterr().err.splitlines()
    assert len(told) == 3
    assert "adversarial.discount is 2.0" in line  # all of them were taken, and what is wrong is another


@pytest.mark.parametrize("section", ["relgan", "[1]", "null", "{}"])
def test_a_run_whose_algorithm_is_no_section_is_told_in_a_line(before, section):
    path = before / "plain" / "bgan" / "config.yaml"
    path.write_text(path.read_text().replace("  algo: bgan\n", "") + f"algorithm: {section}\n")
    with pytest.raises(RunError, match="has `adversarial`, and no `algorithm` with a name"):
        open_run(path.parent)
