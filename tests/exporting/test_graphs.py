"""Decoding steps as graphs: equal to the model, step by step, for any number of rows."""

import copy
import json
import runpy
from importlib.util import find_spec

import numpy as np
import pytest
import torch
from support.kinds import CONDITIONAL_GENERATORS, PLAIN_GENERATORS
from support.products import product_run
from torch.utils import _pytree as pytree

from seqgan.cli.main import main
from seqgan.errors import ConfigError
from seqgan.exporting import ExportedGenerator
from seqgan.exporting.graphs import EXAMPLE, export_graphs

# What the exporters warn of, inside, is not ours to mend.
pytestmark = [
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.slow(reason="exports, compiles and runs models of every kind"),
]
needs_onnx = pytest.mark.skipif(
    any(find_spec(name) is None for name in ("onnx", "onnxscript", "onnxruntime")),
    reason="ONNX is not installed: pip install 'seqgan[export]' onnxruntime",
)


def a_run(folder, generator):
    return product_run(folder, "run", generator, "two-tower-cnn" if generator in CONDITIONAL_GENERATORS else "cnn")


def equals_the_model(run, folder, step, encode=None):
    """Walk both through random tokens.

    Both round, and a normalisation of numbers that are nearly alike magnifies that: what the model in double precision
    says is how far.

    Args:
        run: the model's.
        folder: the export's.
        step: tokens and a list of arrays to a list of arrays.
        encode: source and mask to a list of arrays.
    """
    generator = ExportedGenerator.from_run(run).model
    exact = copy.deepcopy(generator).double()
    about = json.loads((folder / "config.json").read_text())["step"]
    rng = torch.Generator().manual_seed(0)
    for rows in (1, 3, 5):
        context = exact_context = None
        if encode is None:
            first = np.load(folder / "initial_state.npz")
            assert list(first) == about["state"]
            state = [np.repeat(first[name], rows, axis=0) for name in about["state"]]
        else:
            length = about["max_source_length"]
            source = torch.randint(2, 4, (rows, length), generator=rng)
            mask = torch.arange(length) < torch.randint(1, length + 1, (rows, 1), generator=rng)
            state = encode(source.numpy(), mask.numpy())
            shorter = int(mask.sum(dim=1).amax())
            context = generator.encode(source[:, :shorter], mask[:, :shorter])
            exact_context = exact.encode(source[:, :shorter], mask[:, :shorter])
        expected = generator.initial_state(rows, context)
        unrounded = exact.initial_state(rows, exact_context)
        tokens = torch.full((rows,), generator.start)
        with torch.no_grad():
            for position in range(about["max_length"]):
                logits, expected = generator.step(tokens, expected)
                unrounded_logits, unrounded = exact.step(tokens, unrounded)
                found, *state = step(tokens.numpy(), state)
                leaves, exact_leaves = pytree.tree_leaves(expected), pytree.tree_leaves(unrounded)
                rounded = [
                    (mine - theirs).abs().max().item()
                    for mine, theirs in zip([logits, *leaves], [unrounded_logits, *exact_leaves], strict=True)
                    if mine.is_floating_point()
                ]
                allowed = 1e-5 + 2 * max(rounded)
                assert np.abs(found - logits.numpy()).max() < allowed
                assert len(leaves) == len(state) == len(about["state"])
                if encode is None:
                    for mine, theirs in zip(state, leaves, strict=True):
                        assert mine.shape == theirs.shape
                        assert np.abs(mine - theirs.numpy()).max() < allowed
                assert np.isfinite(found).all(), position
                tokens = torch.randint(0, generator.vocabulary_size, (rows,), generator=rng)


@pytest.mark.parametrize("name", [*PLAIN_GENERATORS, *CONDITIONAL_GENERATORS])
def test_a_program_of_torch_equals_the_model(name, tmp_path):
    run = a_run(tmp_path, name)
    export_graphs(ExportedGenerator.from_run(run), tmp_path / "out", "torch-export")
    about = {"seqgan.json": ""}
    step = torch.export.load(tmp_path / "out" / "step.pt2", extra_files=about).module()
    assert json.loads(about["seqgan.json"]) == json.loads((tmp_path / "out" / "config.json").read_text())["step"]
    encode = None
    if name in CONDITIONAL_GENERATORS:
        program = torch.export.load(tmp_path / "out" / "encode.pt2").module()

        def encode(source, mask):
            return [part.detach().numpy() for part in program(torch.from_numpy(source), torch.from_numpy(mask))]

    def run_step(tokens, state):
        parts = step(torch.from_numpy(tokens), [torch.from_numpy(part) for part in state])
        return [part.detach().numpy() for part in parts]

    equals_the_model(run, tmp_path / "out", run_step, encode)
    if name == "seq2seq-transformer":  # one block: its cached keys and values, those of the source, and its mask
        cached, of_source = {"0": "rows", "2": "length"}, {"0": "rows", "2": "source"}
        axes = json.loads(about["seqgan.json"])["axes"]
        assert axes == [cached, cached, of_source, of_source, {"0": "rows", "1": "source"}]


@needs_onnx
@pytest.mark.parametrize("name", ["lstm", "transformer", "seq2seq-gru"])
def test_a_graph_of_onnx_equals_the_model(name, tmp_path, monkeypatch, capsys):
    import onnxruntime

    run = a_run(tmp_path, name)
    folder = tmp_path / "out"
    assert main(["export", "--run", str(run.folder), "--output", str(folder), "--format", "onnx"]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"The generator of {run.folder} is in {folder}: config.json, ")
    assert err.count("\n") == 1  # nothing of what the exporter says of itself
    session = onnxruntime.InferenceSession(folder / "step.onnx")
    about = json.loads((folder / "config.json").read_text())["step"]
    assert json.loads(session.get_modelmeta().custom_metadata_map["seqgan"]) == about
    assert [each.name for each in session.get_inputs()] == ["tokens", *about["state"]]
    assert [each.name for each in session.get_outputs()] == ["logits", *(f"next_{name}" for name in about["state"])]
    encode = None
    if name in CONDITIONAL_GENERATORS:
        encoder = onnxruntime.InferenceSession(folder / "encode.onnx")
        assert [each.name for each in encoder.get_outputs()] == about["state"]

        def encode(source, mask):
            return encoder.run(None, {"source": source, "source_mask": mask})

    def run_step(tokens, state):
        return session.run(None, {"tokens": tokens, **dict(zip(about["state"], state, strict=True))})

    equals_the_model(run, folder, run_step, encode)
    if encode is None:  # the example, as it stands in the folder
        monkeypatch.chdir(folder)
        runpy.run_path("sample.py")
        shown = capsys.readouterr().out.split()
        assert set(shown) <= {*run.vocabulary.tokens, "<unk>"}


def test_the_example_is_short():
    lines = [line for line in EXAMPLE.read_text().split("\n") if line]
    assert len([line for line in lines if not line.startswith(("import", "from", '"""'))]) == 11


def test_what_has_no_step_or_no_packages_is_refused(tmp_path, monkeypatch):
    run = product_run(tmp_path, generator="residual-conv", discriminator="residual-conv", algo="wgan-gp")
    generator = ExportedGenerator.from_run(run)
    with pytest.raises(ConfigError, match="makes all positions at once and has no decoding step"):
        export_graphs(generator, tmp_path / "out", "torch-export")
    with pytest.raises(ConfigError, match="No kind of graph is called 'tflite'"):
        export_graphs(generator, tmp_path / "out", "tflite")
    monkeypatch.setattr("seqgan.exporting.graphs.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"not installed: pip install 'seqgan\[export\]'"):
        export_graphs(generator, tmp_path / "out", "onnx")
    assert not (tmp_path / "out").exists()


def test_commands_say_what_is_wrong(tmp_path, capsys):
    run = product_run(tmp_path)
    out = str(tmp_path / "out")
    for arguments, message in (
        ([], "Where to? Name a new folder with --output"),
        (
            ["--output", out, "--format", "onxx"],
            "--format is 'onxx': choose one of folder, transformers, onnx, torch-export",
        ),
        (["--output", out, "--player", "critic"], "--player is 'critic'"),
        (["--output", out, "--player", "discriminator", "--format", "onnx"], "--format onnx is of generators"),
        (["--output", str(run.folder)], "holds no exported model, so it is left alone"),
    ):
        assert main(["export", "--run", str(run.folder), *arguments]) == 2
        printed, err = capsys.readouterr()
        assert printed == ""
        assert err.count("\n") == 1
        assert message in err
    assert main(["export", "--run", str(run.folder), "--output", out, "--player", "discriminator", "--quiet"]) == 0
    assert main(["export", "--run", str(run.folder), "--output", out]) == 2
    assert "already holds an exported model: replace it with --overwrite" in capsys.readouterr().err
    assert main(["export", "--run", str(run.folder), "--output", out, "--overwrite", "--quiet"]) == 0
    assert ExportedGenerator.from_pretrained(out).sample(2) == ExportedGenerator.from_run(run).sample(2)


@needs_onnx
def test_the_program_beside_a_graph_draws_what_samples_may_have(tmp_path, monkeypatch, capsys):
    run = a_run(tmp_path, "gru")
    vocabulary = run.vocabulary
    drawn = [*vocabulary.tokens][:2]
    vocabulary.unseen = frozenset(range(1, len(vocabulary))) - set(vocabulary.encode(drawn))
    export_graphs(ExportedGenerator.from_run(run), tmp_path / "graph", "onnx")
    about = json.loads((tmp_path / "graph" / "config.json").read_text())["step"]
    assert about["not_drawn"] == vocabulary.not_drawn
    monkeypatch.chdir(tmp_path / "graph")
    for _ in range(10):
        runpy.run_path("sample.py")
    written = capsys.readouterr().out
    assert set(written.split()) <= set(drawn)
    assert written.count("\n") == 10
