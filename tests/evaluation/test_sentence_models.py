"""What a folder of a sentence-transformers model may hold, with the library played: it is asked when all is well.

The files that are refused are empty, or name something harmless.
"""

import json

import numpy as np
import pytest

from seqgan.errors import ConfigError
from seqgan.evaluation import features
from seqgan.evaluation.features import check_features_name, sentence_transformers_features

MODULES = [
    {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
    {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
]


@pytest.fixture
def asked(monkeypatch):
    """What the library was asked for."""
    calls = []

    class Played:
        def __init__(self, name, **options):
            calls.append((name, options))

        def encode(self, lines, show_progress_bar):
            return [[float(len(line))] for line in lines]

    monkeypatch.setattr(features, "_sentence_transformers", lambda: Played)
    return calls


@pytest.fixture
def folder(tmp_path):
    """A model of the library's own modules, with weights that are no pickles."""
    for name, content in {
        "modules.json": MODULES,
        "config.json": {"model_type": "bert", "hidden_act": "gelu"},
        "sentence_bert_config.json": {"max_seq_length": 32},
        "1_Pooling/config.json": {"pooling_mode_mean_tokens": True},
        "2_Dense/config.json": {"activation_function": "torch.nn.modules.activation.Tanh"},
        "tokenizer_config.json": {"tokenizer_class": "BertTokenizer"},
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(json.dumps(content))
    for name in ("model.safetensors", "pytorch_model.bin", "2_Dense/model.safetensors"):
        (tmp_path / name).touch()
    return tmp_path


def test_a_model_of_the_librarys_own_modules_is_loaded_without_code_or_network(asked, folder):
    model = sentence_transformers_features(f"sentence-transformers:{folder}")
    assert np.array_equal(model.featurize(["a", "bcd"], []), [[1.0], [3.0]])
    options = {"trust_remote_code": False, "local_files_only": True, "model_kwargs": {"use_safetensors": True}}
    assert asked == [(str(folder), options)]


def test_a_model_on_the_hub_is_asked_for_without_code_and_without_pickles(asked):
    sentence_transformers_features("sentence-transformers:all-MiniLM-L6-v2")
    options = {"trust_remote_code": False, "local_files_only": False, "model_kwargs": {"use_safetensors": True}}
    assert asked == [("all-MiniLM-L6-v2", options)]


def as_json(name, content):
    return lambda folder: (folder / name).write_text(content if isinstance(content, str) else json.dumps(content))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda folder: (folder / "model.safetensors").unlink(), r"pytorch_model\.bin is pickled"),
        (lambda folder: (folder / "1_Pooling" / "weights.pt").touch(), r"weights\.pt is pickled"),
        (as_json("modules.json", [*MODULES, {"type": "own.Module", "path": ""}]), r"module 'own\.Module' is none"),
        (as_json("modules.json", [{"type": "sentence_transformers_own.Module"}]), "is none of sentence_transformers"),
        (as_json("modules.json", [{**MODULES[0], "path": "../elsewhere"}]), "leads out of the folder"),
        (as_json("modules.json", {"type": "x"}), "is no list of modules"),
        (as_json("modules.json", "["), r"modules\.json cannot be read"),
        (as_json("2_Dense/config.json", {"activation_function": "own.activation"}), "is no class of torch.nn"),
        (as_json("2_Dense/config.json", {"activation_function": "torch.hub.list"}), "is no class of torch.nn"),
        (as_json("sentence_bert_config.json", {"model_args": {"trust_remote_code": True}}), "code that comes with"),
        (as_json("config.json", {"attn_implementation": "somebody/kernel"}), "code on the hub"),
    ],
)
def test_what_may_run_is_refused_before_the_library_is_asked(asked, folder, damage, said):
    damage(folder)
    with pytest.raises(ConfigError, match=said):
        check_features_name(f"sentence-transformers:{folder}")
    with pytest.raises(ConfigError, match=said):
        sentence_transformers_features(f"sentence-transformers:{folder}")
    assert asked == []


def test_a_folder_without_a_model_is_said(asked, tmp_path):
    with pytest.raises(ConfigError, match=r"has neither modules\.json nor config\.json"):
        check_features_name(f"sentence-transformers:{tmp_path}")
