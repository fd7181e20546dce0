"""What a command writes never takes the place of what it reads: not of a file, by whatever name, nor of a run."""

import importlib
import os
import re
import shutil
from typing import get_type_hints

import pytest
import tyro
from support.products import product_run

from seqgan.cli.main import COMMANDS, main
from seqgan.cli.options import CommonFlags
from seqgan.errors import ConfigError
from seqgan.runs.directory import owner

LINES = "a dog runs .\nthe cat sleeps .\ntwo birds eats well .\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    product_run(folder, "plain")
    product_run(folder, "pairs", "seq2seq-gru", "two-tower-cnn")
    return folder


@pytest.fixture
def here(made, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("plain", "pairs"):
        shutil.copytree(made / name, tmp_path / name)
    for name in ("lines.txt", "more.txt", "texts/train.txt", "texts/notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(LINES)
    (tmp_path / "pairs.tsv").write_text("".join(f"{line}\t{line}\n" for line in LINES.splitlines()))
    (tmp_path / "side").mkdir()
    for end in ("a.x", "b.x"):
        (tmp_path / "side" / f"train.{end}").write_text(LINES)
    (tmp_path / "link.txt").symlink_to("lines.txt")
    os.link(tmp_path / "lines.txt", tmp_path / "hard.txt")
    return tmp_path


WRITES = {
    "sample --output": ["sample --run plain --count 1", "sample --run pairs --source more.txt"],
    "score --output": ["score --run plain --input more.txt"],
    "evaluate --json": [
        "evaluate --run plain --count 4 --metrics distinct",
        "evaluate --samples more.txt --references more.txt --metrics distinct",
    ],
    "inspect --json": ["inspect more.txt"],
    "inspect --output": ["inspect more.txt"],
    "report --output": ["report plain"],
}
"""Commands by the flag that names the file which they write."""
FOLDERS = {
    "export --output": ["export --run plain"],
    "pretrain --run": ["pretrain --corpus more.txt --epochs 1"],
    "adversarial --run": ["adversarial --algo wgan-gp --corpus more.txt --rounds 1"],
}
"""Likewise of folders."""
READS = {
    *("sample --source", "score --input", "score --source", "inspect corpus", "inspect --valid", "inspect --source"),
    *(
        "inspect --set-folder",
        "inspect --valid-source",
        "evaluate --samples",
        "evaluate --references",
        "evaluate --training",
    ),
    *("evaluate --real", "sweep file", "sweep --folder", "plan --config", "pretrain --config", "adversarial --config"),
    *(
        "report runs",
        *(f"{command} --run" for command in ("sample", "score", "evaluate", "export", "plan", "headroom")),
    ),
    *("headroom --corpus", "evaluate --compare", "evaluate --seeds-of", "evaluate --corpus", "adversarial --corpus"),
}
"""Flags that name files and folders which are read; and that of a sweep, which the sweep itself goes on in."""
ELSEWHERE = {"headroom --json"}
"""Written by a command that wants more text than these runs have: tests/test_headroom_command.py."""


def places_of(command):
    """The flags of a command that name files and folders, by what --help calls their values; settings left out."""
    module = importlib.import_module(f"seqgan.cli.{command}")
    places = set()
    for record in vars(module).values():
        if isinstance(record, type) and issubclass(record, CommonFlags) and record.__module__ == module.__name__:
            for name, hint in get_type_hints(record, include_extras=True).items():
                marks = getattr(hint, "__metadata__", ())
                shown = " ".join(str(getattr(mark, "metavar", "")) for mark in marks)
                if re.search("FILE|DIR|RUN|CORPUS", shown):
                    dashes = "" if tyro.conf.Positional in marks else "--"
                    places.add(f"{command} {dashes}{name.replace('_', '-')}")
    return places


def test_every_flag_that_names_a_place_is_known_to_read_or_to_write():
    places = {place for command in COMMANDS for place in places_of(command)}
    assert places == READS | ELSEWHERE | WRITES.keys() | FOLDERS.keys()


@pytest.mark.parametrize("flag", WRITES)
def test_no_file_is_replaced_unasked(here, capsys, flag):
    if flag in ("report --output", "inspect --output"):
        pytest.importorskip("matplotlib")
    name = flag.split()[1]
    for line in WRITES[flag]:
        (here / "kept.x").write_text("a day's work\n")
        assert f"{name} kept.x exists: replace it with --overwrite" in fails(capsys, f"{line} {name} kept.x")
        assert (here / "kept.x").read_text() == "a day's work\n"
    (here / "nowhere.x").symlink_to("none")
    assert "exists: replace it" in fails(capsys, f"{line} {name} nowhere.x")
    assert main([*line.split(), name, "kept.x", "--overwrite", "--quiet"]) == 0
    assert (here / "kept.x").read_text() != "a day's work\n"


@pytest.mark.parametrize("flag", FOLDERS)
def test_no_folder_is_replaced_unasked_or_if_it_is_of_something_else(here, capsys, flag):
    name = flag.split()[1]
    (here / "kept.x").mkdir()
    (here / "kept.x" / "notes.txt").write_text("a day's work\n")
    for more in ("", " --overwrite"):
        for line in FOLDERS[flag]:
            assert "so it is left alone" in fails(capsys, f"{line} {name} kept.x{more}")
    assert [path.name for path in (here / "kept.x").iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("flag", WRITES)
def test_what_a_runs_settings_name_is_never_replaced(here, capsys, flag):
    name = flag.split()[1]
    settings = (here / "plain" / "config.yaml").read_text()
    shutil.copytree(here / "texts", here / "side2")
    for corpus, file in (("lines.txt", "link.txt"), ("side2", "side2/train.txt"), ("hf:text:lines.txt", "hard.txt")):
        changed = settings.replace("corpus: corpus.txt", f"corpus: {corpus}")
        assert changed != settings
        (here / "plain" / "config.yaml").write_text(changed)
        for line in WRITES[flag]:
            if "--run plain" in line or "report plain" in line:
                said = fails(capsys, f"{line} {name} {file} --overwrite")
                assert f"is what the run plain with data.corpus {corpus.removeprefix('hf:text:')} reads" in said
    assert (here / "lines.txt").read_text() == (here / "side2" / "train.txt").read_text() == LINES


def test_an_export_takes_no_text_away(here, capsys):
    assert main(["export", "--run", "plain", "--output", "kept", "--quiet"]) == 0
    shutil.copy(here / "lines.txt", here / "kept" / "mine.txt")
    settings = here / "plain" / "config.yaml"
    settings.write_text(settings.read_text().replace("corpus: corpus.txt", "corpus: kept/mine.txt"))
    assert "is or holds kept/mine.txt" in fails(capsys, "export --run plain --output kept --overwrite")
    assert (here / "kept" / "mine.txt").read_text() == LINES


def test_settings_in_a_run_that_is_replaced_are_kept(here, capsys):
    (here / "plain" / "mine.yaml").write_text("pretrain: {epochs: 1}\n")
    line = "pretrain --corpus lines.txt --config plain/mine.yaml --run plain --overwrite"
    assert "mine.yaml is in plain, which --overwrite would delete with it" in fails(capsys, line)
    assert (here / "plain" / "mine.yaml").is_file()


def test_files_of_a_sweep_are_not_replaced(here, capsys):
    (here / "search").mkdir()
    for name in ("results.json", "sweep.yaml"):
        (here / "search" / name).write_text("{}\n")
    said = fails(capsys, "sample --run plain --count 1 --output search/sweep.yaml --overwrite")
    assert "is a file in the folder of the sweep" in said
    assert main(["sample", "--run", "plain", "--count", "1", "--output", "search/samples.txt", "--quiet"]) == 0


def fails(capsys, line):
    """The one line of a command that must end with exit code 2."""
    capsys.readouterr()
    assert main(line.split()) == 2
    printed, err = capsys.readouterr()
    assert printed == ""
    return err.strip().split("\n")[-1]


@pytest.mark.parametrize(
    ("command", "flag"),
    [
        ("score --run plain --input lines.txt --output lines.txt", "--input lines.txt"),
        ("score --run plain --input lines.txt --output ./texts/../lines.txt", "--input lines.txt"),
        ("score --run plain --input lines.txt --output link.txt", "--input lines.txt"),
        ("score --run plain --input link.txt --output lines.txt", "--input link.txt"),
        ("score --run plain --input lines.txt --output hard.txt", "--input lines.txt"),
        ("score --run pairs --input more.txt --source lines.txt --output lines.txt", "--source lines.txt"),
        ("sample --run pairs --source lines.txt --output link.txt", "--source lines.txt"),
        ("evaluate --samples lines.txt --references more.txt --json lines.txt", "--samples lines.txt"),
        ("evaluate --samples more.txt --references lines.txt --json link.txt", "--references lines.txt"),
        ("evaluate --samples more.txt --references more.txt --training lines.txt --json link.txt", "--training lines"),
        ("evaluate --samples more.txt --references more.txt --real lines.txt --json link.txt", "--real lines.txt"),
        ("inspect lines.txt --json link.txt", "CORPUS lines.txt"),
        ("inspect more.txt --valid lines.txt --json lines.txt", "--valid lines.txt"),
        ("inspect texts --json texts/train.txt", "CORPUS texts"),
        ("inspect hf:text:lines.txt --json lines.txt", "CORPUS hf:text:lines.txt"),
        ("inspect hf:text:link.txt#text --json lines.txt", "CORPUS hf:text:link.txt#text"),
        ("inspect side --source a.x --target b.x --json side/train.b.x", "--target of side/train"),
    ],
)
def test_a_file_that_is_read_is_not_written(here, capsys, command, flag):
    said = fails(capsys, command)
    assert f"what {flag}" in said
    assert "would be lost: choose another file." in said
    assert (here / "lines.txt").read_text() == (here / "texts" / "train.txt").read_text() == LINES
    assert (here / "link.txt").is_symlink()


def test_what_would_be_read_is_refused_the_first_time_already(here, capsys):
    """By the place alone: a second call would find the file of the first one there."""
    (here / "shards" / "train").mkdir(parents=True)
    (here / "shards" / "train" / "0.txt").write_text(LINES)
    for command in (
        "inspect texts --json texts/valid.json",
        "inspect shards --json shards/train/all.json",
        "inspect shards --json shards/test.json",
    ):
        assert "would be part of what CORPUS" in fails(capsys, command)
    for name in ("texts/train.stats.json", "texts/trained.json", "shards/stats.json"):
        for _ in range(2):
            assert main(["inspect", name.partition("/")[0], "--json", name, "--overwrite"]) == 0
    (here / "texts" / "train").mkdir()  # not read: there is a file
    for _ in range(2):
        assert main(["inspect", "texts", "--json", "texts/train/stats.json", "--overwrite"]) == 0


def test_other_files_are_written(here):
    # nobody reads them
    score = ["score", "--run", "plain", "--input", "lines.txt", "--output", "more.txt", "--quiet", "--overwrite"]
    assert main(score) == 0
    assert main(["inspect", "texts", "--json", "texts/notes.txt", "--overwrite"]) == 0
    assert (here / "lines.txt").read_text() == LINES
    assert (here / "texts" / "notes.txt").read_text().startswith("{")


@pytest.mark.parametrize("name", ["generator.safetensors", "config.yaml", "metrics.jsonl", "checkpoints/x"])
def test_a_run_keeps_its_own_files(here, capsys, name):
    (here / "plain" / "checkpoints").mkdir(exist_ok=True)
    (here / "plain" / name).touch()
    before = (here / "plain" / name).read_bytes()
    assert "is a file of the run" in fails(capsys, f"score --run plain --input lines.txt --output plain/{name}")
    assert (here / "plain" / name).read_bytes() == before


def test_a_run_keeps_its_own_names_for_its_own_commands(here, capsys):
    (here / "plain" / "samples").mkdir(exist_ok=True)
    for name in ("samples/mine.txt", "report.html", "report.json"):
        for _ in range(2):
            said = fails(capsys, f"sample --run plain --count 1 --output plain/{name}")
            assert "is a file of the run" in said
            assert not (here / "plain" / name).exists()
    for more in ([], ["--overwrite"]):
        line = ["sample", "--run", "plain", "--count", "1", "--output", "plain/mine.txt", "--quiet"]
        assert main([*line, *more]) == 0
    from seqgan.jobs.target import check_target

    check_target("--output", "plain/report.html", page=True)
    with pytest.raises(ConfigError, match="is a file of the run"):
        check_target("--output", "plain/report.json", page=True)


def test_whose_a_file_is(here):
    assert owner(here / "plain" / "metrics.jsonl") == here / "plain"
    assert owner(here / "plain" / "samples" / "round-1.txt") == here / "plain"
    assert owner(here / "plain" / "my-samples.txt") is None
    assert owner(here / "lines.txt") is None


def test_two_outputs_are_two_files(here, capsys):
    assert "are both x.html" in fails(capsys, "inspect lines.txt --json x.html --output x.html")


def test_an_export_takes_no_run_away(here, capsys):
    assert main(["export", "--run", "plain", "--output", "kept", "--quiet"]) == 0
    shutil.copytree(here / "plain", here / "kept" / "plain")
    said = fails(capsys, "export --run kept/plain --output kept --overwrite")
    assert "holds the run kept/plain" in said
    assert (here / "kept" / "plain" / "generator.safetensors").is_file()


def test_a_run_that_is_replaced_takes_no_text_away(here, capsys):
    shutil.copy(here / "lines.txt", here / "plain" / "mine.txt")
    for corpus in ("plain/mine.txt", "hf:text:plain/mine.txt", "hf:text:plain/mine.txt#text"):
        said = fails(capsys, f"pretrain --corpus {corpus} --run plain --overwrite --epochs 1 --device cpu")
        assert "mine.txt is in plain, which --overwrite would delete with it" in said
    assert (here / "plain" / "mine.txt").read_text() == LINES
