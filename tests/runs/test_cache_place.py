"""Where texts are kept is said by who calls a command, and by no file: a run's or another's may come from anywhere."""

import pytest
import yaml
from support.tiny import GENERATOR, tiny_text

from seqgan.build import build_text
from seqgan.cli.main import main
from seqgan.errors import ConfigError
from seqgan.runs.directory import create_run, open_run
from seqgan.runs.load import load_text
from seqgan.settings.data import DataConfig
from seqgan.settings.run import RunConfig, settings_text, with_settings


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Of a text that is read from the disk."""
    monkeypatch.setenv("SEQGAN_CACHE", str(tmp_path / "mine"))
    tiny_text(tmp_path)
    data = DataConfig(corpus=str(tmp_path / "corpus.txt"), streaming="always", workers=1)
    text = build_text(data)
    config = RunConfig(data=data, generator=GENERATOR)
    return create_run(tmp_path / "run", config, text.tokenizer, text.vocabulary)


def with_cache(run, place):
    """The run's settings as an earlier version, or somebody else, wrote them."""
    path = run.folder / "config.yaml"
    settings = yaml.safe_load(path.read_text())
    assert settings["data"]["cache"] is None
    settings["data"]["cache"] = str(place)
    path.write_text(yaml.safe_dump(settings, sort_keys=False))
    return path


def test_a_runs_file_leads_no_command_elsewhere(run, tmp_path):
    with_cache(run, tmp_path / "elsewhere")
    opened = open_run(run.folder)
    assert opened.config.data.cache is None
    assert load_text(opened).train.sentences > 0
    assert not (tmp_path / "elsewhere").exists()
    assert (tmp_path / "mine").is_dir()


def test_a_file_of_settings_that_names_a_place_is_refused(run, tmp_path, capsys):
    path = with_cache(run, tmp_path / "elsewhere")
    assert main(["pretrain", "--config", str(path), "--run", str(tmp_path / "new")]) == 2
    said = capsys.readouterr().err
    assert f"In {path}: data.cache is '{tmp_path / 'elsewhere'}'" in said
    assert "--data.cache or the variable SEQGAN_CACHE alone" in said
    assert not (tmp_path / "new").exists()
    with pytest.raises(ConfigError, match=r"data\.cache is 7"):
        with_settings(RunConfig(), {"data": {"cache": 7}}, "a file")


def test_a_sweeps_file_that_names_a_place_is_refused(tmp_path, capsys, monkeypatch):
    pytest.importorskip("optuna")
    pytest.importorskip("submitit")
    monkeypatch.chdir(tmp_path)
    tiny_text(tmp_path)
    sweep = {
        "command": "pretrain",
        "config": {"data": {"corpus": "corpus.txt", "cache": "elsewhere"}},
        "space": {"pretrain.learning_rate": [0.1, 0.2]},
        "objective": "nll",
    }
    (tmp_path / "sweep.yaml").write_text(yaml.safe_dump(sweep))
    assert main(["sweep", "sweep.yaml", "--folder", "s"]) == 2
    assert "data.cache is 'elsewhere'" in capsys.readouterr().err
    assert not (tmp_path / "s").exists()


def test_the_flag_is_taken_and_not_written_down(run, tmp_path):
    place = tmp_path / "flag"
    flags = ["--data.streaming", "always", "--data.workers", "1", "--data.cache", str(place), "--epochs", "1"]
    small = ["--generator.embedding-size", "4", "--generator.hidden-size", "4"]
    new = tmp_path / "new"
    assert main(["pretrain", "--corpus", str(tmp_path / "corpus.txt"), "--run", str(new), *flags, *small]) == 0
    assert list(place.iterdir())
    assert yaml.safe_load((new / "config.yaml").read_text())["data"]["cache"] is None
    config = RunConfig(data=DataConfig(cache=str(place)))
    assert str(place) not in settings_text(config)
