"""Pretrained models through the commands: a run needs no other folder, and what is missing is said in one line."""

import json
import shutil
from importlib.util import find_spec

import msgspec
import pytest
import torch
import yaml
from support.tiny_models import write_model

pytest.importorskip("transformers")
if find_spec("peft") is None:  # not importorskip: it takes two seconds, also where these tests are left out
    pytest.skip("peft is not installed: pip install 'seqgan[hf]'", allow_module_level=True)

from seqgan.build_huggingface import _pretrained_model
from seqgan.cli.main import main
from seqgan.errors import ConfigError
from seqgan.exporting import ExportedDiscriminator, ExportedGenerator
from seqgan.runs import open_run, read_metrics
from seqgan.runs.load import load_discriminator, load_generator
from seqgan.settings.generator import GeneratorConfig

pytestmark = pytest.mark.slow(reason="trains models of transformers by commands")

LINES = [f"{a} {b} {c} ." for a in ("a", "the") for b in ("dog", "cat", "bird") for c in ("runs", "sleeps", "eats")]
FEW = [
    *("--adversarial.batch-size", "8", "--adversarial.warmup-steps", "2", "--adversarial.discriminator-pool", "8"),
    *("--adversarial.evaluate-samples", "10", "--adversarial.discriminator-steps", "1", "--no-verdict", "--quiet"),
]
JUDGE = ["--discriminator", "huggingface", "--discriminator.path", "bert"]


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("gpt2", "bert"):
        write_model(tmp_path / name, name, lines=LINES)
    (tmp_path / "mine.txt").write_text("\n".join(LINES * 3) + "\n")
    (tmp_path / "pairs.tsv").write_text("".join(f"{line}\t{line[:-2]}!\n" for line in LINES * 3))
    return tmp_path


def run(*arguments):
    return main([str(argument) for argument in arguments])


def fails(capsys, *arguments):
    capsys.readouterr()
    assert run(*arguments) == 2
    (line,) = [line for line in capsys.readouterr().err.split("\n") if line.startswith("seqgan: error")]
    return line


def pretrain(*more, model="gpt2"):
    arguments = ("--corpus", "mine.txt", "--generator", "huggingface", "--generator.path", model)
    return run("pretrain", *arguments, "--epochs", 1, "--run", "runs/mine", "--quiet", *more)


def test_a_run_needs_no_other_folder(here, capsys):
    assert pretrain() == 0
    files = {path.name for path in (here / "runs" / "mine").iterdir()}
    assert files == {
        *("checkpoints", "config.yaml", "generator.safetensors", "metrics.jsonl"),
        *("tokenizer.json", "unseen.txt", "vocabulary.txt"),
    }
    assert run("adversarial", "--run", "runs/mine", "--algo", "gad", *JUDGE, "--rounds", 1, *FEW) == 0
    child = here / "runs" / "mine" / "gad"
    first = read_metrics(child / "metrics.jsonl")
    assert any(line.get("generator/sampling_ratio") == pytest.approx(1.0, abs=1e-3) for line in first)
    capsys.readouterr()
    assert run("sample", "--run", child, "--count", 5, "--quiet") == 0
    expected = capsys.readouterr().out
    assert len(expected.split("\n")) == 6

    # Elsewhere, and with neither model: the same samples, both players, and the training goes on.
    shutil.rmtree(here / "gpt2")
    shutil.rmtree(here / "bert")
    (here / "runs").rename(here / "moved")
    child = here / "moved" / "mine" / "gad"
    assert run("sample", "--run", child, "--count", 5, "--quiet") == 0
    assert capsys.readouterr().out == expected
    assert load_generator(open_run(child)).vocabulary_size == len(open_run(child).vocabulary)
    assert load_discriminator(open_run(child)).pooling == "mean"
    assert run("adversarial", "--run", "moved/mine", "--algo", "gad", "--resume", "--rounds", 2, *FEW) == 0
    assert run("pretrain", "--run", "moved/mine", "--resume", "--epochs", 2, "--quiet") == 0
    capsys.readouterr()
    assert run("evaluate", "--run", child, "--count", 20, "--table-only", "--metrics", "bleu", "nll") == 0


def test_players_travel_without_the_folders_of_their_models(here, capsys):
    assert pretrain() == 0
    assert run("adversarial", "--run", "runs/mine", "--algo", "gad", *JUDGE, "--rounds", 1, *FEW) == 0
    assert run("export", "--run", "runs/mine/gad", "--output", "writes", "--quiet") == 0
    assert run("export", "--run", "runs/mine/gad", "--player", "discriminator", "--output", "judges", "--quiet") == 0
    message = "A model of transformers has no graph here"
    assert message in fails(capsys, "export", "--run", "runs/mine/gad", "--format", "onnx", "--output", "graph")
    assert not (here / "graph").exists()
    player = load_discriminator(open_run("runs/mine/gad"))
    expected = ExportedDiscriminator.from_run("runs/mine/gad").score([*LINES, ""])
    samples = ExportedGenerator.from_run("runs/mine/gad").sample(3)
    for name in ("gpt2", "bert"):
        shutil.rmtree(here / name)
    shutil.rmtree(here / "runs")
    for name in ("writes", "judges"):
        assert str(here) not in (here / name / "config.json").read_text()
    judge = ExportedDiscriminator.from_pretrained("judges")
    assert judge.score([*LINES, ""]) == expected
    for one, other in zip(judge.model.parameters(), player.parameters(), strict=True):
        assert torch.equal(one, other)
    assert ExportedGenerator.from_pretrained("writes").sample(3) == samples


def test_self_play_leaves_no_judge(here, capsys):
    assert pretrain() == 0
    few = ("--adversarial.batch-size", 8, "--adversarial.evaluate-samples", 10, "--no-verdict", "--quiet")
    capsys.readouterr()
    loud = [flag for flag in few if flag != "--quiet"]
    assert run("adversarial", "--run", "runs/mine", "--algo", "spin", "--rounds", 1, *loud) == 0
    assert "Filters wider" not in capsys.readouterr().err  # of the discriminator that nobody uses
    for command in (
        ("score", "--input", "mine.txt"),
        ("sample", "--best-of", 2),
        ("export", "--player", "discriminator", "--output", "judge"),
    ):
        assert "spin, which has no discriminator" in fails(capsys, *command, "--run", "runs/mine/spin")


def test_what_ended_before_its_first_state_begins_with_the_models_weights(here):
    def weights_of(run_folder, player):
        return (run_folder / f"{player}.safetensors").read_bytes()

    mine = here / "runs" / "mine"
    child = mine / "gad"
    adversarial = ("adversarial", "--run", "runs/mine", "--algo", "gad", "--rounds", 1, *FEW)
    assert pretrain() == 0
    expected = weights_of(mine, "generator")
    for folder, resume in (
        (mine, ("pretrain", "--run", "runs/mine", "--resume", "--quiet")),
        (child, (*adversarial, "--resume")),
    ):
        if folder == child:
            assert run(*adversarial, *JUDGE) == 0
            expected = weights_of(child, "discriminator")
        for path in (folder / "metrics.jsonl", *folder.glob("*.safetensors")):
            path.unlink()
        shutil.rmtree(folder / "checkpoints")
        assert run(*resume) == 0
        assert weights_of(folder, "generator" if folder == mine else "discriminator") == expected


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_embd": 2**14, "n_head": 4, "vocab_size": 2**26}, "would take"),
        ({"n_embd": -8}, "cannot be built"),
        ({"n_head": 0}, "cannot be built"),
        ({"n_layer": 10**6}, "n_layer is 1,000,000, and 1,000 are the most"),
        ({"text": [{"_attn_implementation": "some/kernel"}]}, "code on the hub"),
        ("[1]", "cannot be built"),
        ("[" * 50_000, "cannot be built"),
    ],
)
def test_a_strangers_architecture_is_one_line(change, message):
    generator = GeneratorConfig(name="huggingface", path="gpt2", architecture=json.dumps({"model_type": "gpt2"}))
    whole = change if isinstance(change, str) else json.dumps({**json.loads(generator.architecture), **change})
    with pytest.raises(ConfigError, match=message):
        _pretrained_model(msgspec.structs.replace(generator, architecture=whole), "causal", False)


def test_adapters_need_their_base_and_say_so(here, capsys):
    assert pretrain("--generator.lora-rank", 2) == 0
    assert (here / "runs/mine/generator.safetensors").stat().st_size < (here / "gpt2/model.safetensors").stat().st_size
    assert (
        run("adversarial", "--run", "runs/mine", "--algo", "spin", "--rounds", 1, *FEW[:2], *FEW[6:8], *FEW[-2:]) == 0
    )
    assert run("sample", "--run", "runs/mine/spin", "--count", 2, "--quiet") == 0
    assert run("export", "--run", "runs/mine", "--output", "writes", "--quiet") == 0
    (here / "gpt2").rename(here / "elsewhere")
    assert "adapters on the weights of another" in fails(capsys, "sample", "--run", "runs/mine")
    with pytest.raises(ConfigError, match=r"exported folder's config\.json"):
        ExportedGenerator.from_pretrained("writes")
    write_model(here / "gpt2", "gpt2", lines=LINES, seed=9)
    assert "other weights than those" in fails(capsys, "sample", "--run", "runs/mine")
    path = here / "runs/mine/config.yaml"
    settings = yaml.safe_load(path.read_text())
    settings["generator"]["path"] = str(here / "elsewhere")
    path.write_text(yaml.safe_dump(settings))
    assert run("sample", "--run", "runs/mine", "--count", 2, "--quiet") == 0


def test_a_prompt_is_a_source(here, capsys):
    arguments = ("--corpus", "pairs.tsv", "--generator", "huggingface", "--generator.path", "gpt2", "--run", "runs/p")
    assert run("pretrain", *arguments, "--epochs", 1, "--quiet") == 0
    assert open_run("runs/p").config.data.shared_vocabulary
    more = ("--adversarial.group-size", "4")
    assert run("adversarial", "--run", "runs/p", "--algo", "gad", *JUDGE, "--rounds", 1, *FEW, *more) == 0
    (here / "questions.txt").write_text("a dog runs .\nthe cat sleeps .\n")
    capsys.readouterr()
    assert run("sample", "--run", "runs/p/gad", "--source", "questions.txt", "--quiet") == 0
    assert len(capsys.readouterr().out.split("\n")) == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--generator", "huggingface"), "no model is named"),
        (("--generator", "huggingface", "--generator.path", "nowhere"), "nowhere is no folder"),
        (("--generator", "huggingface", "--generator.path", "gpt2", "--tokenizer", "characters"), "its own tokens"),
        (("--generator", "huggingface", "--generator.path", "gpt2", "--generator.layers", "3"), "generator.layers"),
        (("--generator", "lstm", "--generator.path", "gpt2"), "generator.path is a pretrained model's"),
        (("--generator", "huggingface-seq2seq", "--generator.path", "gpt2"), "has no encoder"),
        (("--generator", "huggingface", "--generator.path", "bert-like"), "is no folder"),
        (("--tokenizer", "huggingface"), "none is named"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(here, capsys, arguments, message):
    assert message in fails(capsys, "pretrain", "--corpus", "mine.txt", "--run", "runs/x", *arguments)
    assert not (here / "runs" / "x").exists()


def test_a_judge_of_texts_takes_no_distributions(here, capsys):
    assert pretrain() == 0
    line = fails(
        capsys, "adversarial", "--run", "runs/mine", "--algo", "relgan", *JUDGE, "--discriminator.pooling", "mean"
    )
    assert "shows it distributions" in line


def test_a_tokenizer_alone_serves_a_small_generator(here, capsys):
    arguments = ("--tokenizer", "huggingface", "--data.tokenizer-path", "gpt2", "--generator.hidden-size", 8)
    for path in (here / "gpt2").iterdir():
        if not path.name.startswith("tokenizer"):
            path.unlink()
    start = ("pretrain", "--corpus", "mine.txt", "--run", "runs/x", "--tokenizer", "huggingface")
    assert "none is no folder: expected the folder of a Hugging Face tokenizer" in fails(
        capsys, *start, "--data.tokenizer-path", "none"
    )
    (here / "bare").mkdir()
    assert "bare has no tokenizer.json: load the tokenizer" in fails(capsys, *start, "--data.tokenizer-path", "bare")
    shutil.copy(here / "gpt2" / "tokenizer.json", here / "bare")
    assert "has no symbol that ends a text" in fails(capsys, *start, "--data.tokenizer-path", "bare")
    assert run("pretrain", "--corpus", "mine.txt", "--run", "runs/small", *arguments, "--epochs", 1, "--quiet") == 0
    shutil.rmtree(here / "gpt2")
    assert run("sample", "--run", "runs/small", "--count", 2, "--quiet") == 0
    assert json.loads((here / "runs/small/tokenizer.json").read_text())["model"]["type"] == "BPE"


def test_a_run_of_self_play_that_was_begun_with_a_judges_settings_goes_on(here, capsys):
    """They do nothing there, and earlier versions let a run begin with them."""
    assert pretrain() == 0
    few = ("--run", "runs/mine", "--algo", "spin", "--no-verdict", "--quiet")
    own = ("--adversarial.batch-size", 8, "--adversarial.evaluate-samples", 10)
    assert run("adversarial", *few, *own, "--rounds", 1) == 0
    settings = here / "runs" / "mine" / "spin" / "config.yaml"
    before = yaml.safe_load(settings.read_text())
    before["adversarial"] |= {"discriminator_pool": 77, "discriminator_learning_rate": 0.123}
    settings.write_text(yaml.safe_dump(before))
    code = run("adversarial", *few, "--resume", "--rounds", 2)
    assert code == 0, capsys.readouterr().err
    assert "discriminator_pool" in fails(
        capsys, "adversarial", *few, "--name", "new", "--adversarial.discriminator-pool", 77
    )
