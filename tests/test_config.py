import importlib

import pytest

from seqgan.errors import ConfigError
from seqgan.model_settings import check_kinds
from seqgan.settings.adversarial import AdversarialConfig
from seqgan.settings.check import check
from seqgan.settings.data import DataConfig
from seqgan.settings.file import read_settings
from seqgan.settings.generator import GeneratorConfig
from seqgan.settings.pretrain import PretrainConfig
from seqgan.settings.resume import check_resumable
from seqgan.settings.run import RunConfig, settings_text, with_settings


def test_settings_written_and_read_are_the_same(tmp_path):
    config = RunConfig(seed=3, adversarial=AdversarialConfig(rounds=7, generator_learning_rate=3e-5))
    path = tmp_path / "config.yaml"
    path.write_text(settings_text(config))
    assert with_settings(RunConfig(), read_settings(path), "config.yaml") == config


def test_every_default_is_spelt_out():
    text = settings_text(RunConfig())
    for section in (GeneratorConfig(), PretrainConfig()):
        for field in section.__struct_fields__:
            assert f"{field}: " in text


@pytest.mark.parametrize(
    ("name", "text"),
    [("a.yaml", "pretrain:\n  learning_rate: 1e-3\n"), ("a.toml", "[pretrain]\nlearning_rate = 1e-3\n")],
)
def test_numbers_with_exponents_are_numbers(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    config = with_settings(RunConfig(), read_settings(tmp_path / name), name)
    assert config.pretrain.learning_rate == 0.001
    assert config.pretrain.epochs == PretrainConfig().epochs


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"pretrain": {"epoch": 3}}, r"In a.yaml: unknown key 'pretrain.epoch'. Did you mean 'epochs'\?"),
        ({"genrator": {}}, r"unknown key 'genrator'. Did you mean 'generator'\?"),
        ({"pretrain": {"epochs": 0}}, r"pretrain.epochs is 0, expected int >= 1"),
        ({"pretrain": {"epochs": "many"}}, r"pretrain.epochs is 'many', expected int"),
        ({"generator": {"dropout": 1.0}}, r"generator.dropout is 1.0, expected float < 1"),
        ({"generator": 7}, r"generator is 7, expected object"),
        ({"pretrain": {"learning_rate": float("nan")}}, r"pretrain.learning_rate is nan"),
    ],
)
def test_bad_settings_name_the_key_and_the_mend(settings, message):
    with pytest.raises(ConfigError, match=message):
        with_settings(RunConfig(), settings, "a.yaml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- 1\n", "holds no settings"),
        ("", "holds no settings"),
        ("a: [1\n", "cannot be read as YAML"),
        ("!!python/object/apply:os.system ['true']", "cannot be read as YAML"),
    ],
)
def test_files_that_are_no_settings(tmp_path, text, message):
    path = tmp_path / "a.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message):
        read_settings(path)


def test_a_missing_file_of_settings_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"none\.yaml: No such file"):
        read_settings(tmp_path / "none.yaml")


def test_settings_made_in_python_are_checked_too():
    with pytest.raises(ConfigError, match=r"generator\.hidden_size is -1"):
        check(RunConfig(generator=GeneratorConfig(hidden_size=-1)))
    with pytest.raises(ConfigError, match=r"generator\.tied shares one matrix"):
        check_kinds(RunConfig(generator=GeneratorConfig(tied=True)))


def test_a_resumed_run_may_go_on_longer_and_change_nothing_else():
    begun = RunConfig()
    check_resumable(begun, RunConfig(pretrain=PretrainConfig(epochs=99)), "runs/a")
    with pytest.raises(ConfigError, match=r"runs/a was begun with seed 0, and cannot be resumed with 1"):
        check_resumable(begun, RunConfig(seed=1), "runs/a")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"target": "de"}, r"--target de is given without --source"),
        ({"source": "en", "target": "en"}, r"--source and --target are both 'en'"),
        ({"valid_source": "asked.txt"}, r"--valid-source asked.txt has no targets: give --valid"),
        (
            {"shared_vocabulary": True, "source_tokenizer": "characters"},
            r"one tokenizer for both sides, but data.tokenizer is 'words' and data.source_tokenizer is 'characters'",
        ),
        ({"source_tokenizer": "ids"}, r"The tokenizer ids is for plain sequences of one length, without sources"),
        ({"tokenizer": "ids", "source": "asked.txt"}, r"The tokenizer ids is for plain sequences"),
        ({"turn_separator": "a b"}, r"data.turn_separator is 'a b', but it is a token"),
        ({"turn_separator": ""}, r"data.turn_separator is '', but"),
        ({"turns": -1}, r"data.turns is -1, expected int >= 0"),
        ({"tokenizer": "sentencepiece", "min_count": 2}, r"data.min_count and data.max_vocabulary count words"),
    ],
)
def test_settings_of_sources_that_conflict_are_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        check(RunConfig(data=DataConfig(**settings)))


def test_words_on_one_side_may_be_counted_where_the_other_has_subwords():
    data = DataConfig(tokenizer="sentencepiece", source_tokenizer="words", min_count=2)
    assert check(RunConfig(data=data)).data == data
    shared = DataConfig(shared_vocabulary=True, source_tokenizer="words")
    assert check(RunConfig(data=shared)).data == shared


def test_where_settings_stood_before_they_are_for_one_version_more():
    import seqgan.config
    from seqgan.settings.adversarial import AdversarialConfig

    with pytest.warns(
        DeprecationWarning, match=r"seqgan\.config\.AdversarialConfig is seqgan\.settings\.adversarial\."
    ):
        assert seqgan.config.AdversarialConfig is AdversarialConfig
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        _ = seqgan.config.Nothing


@pytest.mark.parametrize(
    ("module", "name", "place", "new"),
    [
        ("seqgan.evaluation.sweep", "Sweep", "seqgan.evaluation.temperatures", "TemperatureSweep"),
        ("seqgan.evaluation.sweep", "sweep_temperatures", "seqgan.evaluation.temperatures", "sweep_temperatures"),
        ("seqgan.exporting", "PretrainedGenerator", "seqgan.exporting", "ExportedGenerator"),
        ("seqgan.exporting", "PretrainedDiscriminator", "seqgan.exporting", "ExportedDiscriminator"),
    ],
)
def test_former_names_are_known_for_one_version_more(module, name, place, new):
    imported = importlib.import_module(module)
    with pytest.warns(DeprecationWarning, match=rf"{module}\.{name} is {place}\.{new} now"):
        assert getattr(imported, name) is getattr(importlib.import_module(place), new)
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        _ = imported.Nothing
