"""Bad folders of pretrained models: files that are missing, of other sizes and shapes, pickled, or of a stranger."""

import functools
import json
import pickle
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from bad_inputs.cases import Canary, Case
from bad_inputs.run_folders import TINY_GAN, a_folder, a_pipe, base, cut, gone, header, write
from bad_inputs.texts import GOOD, no_run, pairs, text

Make = Callable[[Path], object]
SIZES = {
    "gpt2": {"n_positions": 48, "n_embd": 8, "n_layer": 1, "n_head": 2, "bos_token_id": 0, "eos_token_id": 0},
    "bert": {
        **{"hidden_size": 8, "intermediate_size": 12, "num_hidden_layers": 1, "num_attention_heads": 2},
        **{"max_position_embeddings": 48, "pad_token_id": 1},
    },
    "t5": {"d_model": 8, "d_kv": 4, "d_ff": 12, "num_layers": 1, "num_heads": 2, "decoder_start_token_id": 1},
}
AS = {"gpt2": "AutoModelForCausalLM", "bert": "AutoModel", "t5": "AutoModelForSeq2SeqLM"}
QUIET = ["--device", "cpu", "--quiet"]
GENERATE = [
    *("pretrain", "--corpus", "good.txt", "--generator", "huggingface", "--generator.path", "m", "--epochs", "1"),
    *("--run", "made", *QUIET),
]
JUDGE = ["adversarial", "--run", "r", "--name", "made", "--discriminator", "huggingface", "--discriminator.path", "m"]
JUDGE += [flag for flag in TINY_GAN if flag not in ("--discriminator.filters", "0.02")]
TRANSLATE = [
    *("pretrain", "--corpus", "pairs.tsv", "--generator", "huggingface-seq2seq", "--generator.path", "m"),
    *("--epochs", "1", "--run", "made", *QUIET),
]
PLAYERS = {"generator": ("gpt2", GENERATE), "discriminator": ("bert", JUDGE), "translator": ("t5", TRANSLATE)}


@functools.cache
def model(architecture: str) -> Path:
    """A folder as transformers writes it, with random weights."""
    import transformers
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    folder = Path(tempfile.mkdtemp(prefix="seqgan-bad-inputs-")) / architecture
    folder.mkdir()
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    special = ["<end>", "<pad>"]
    trainer = trainers.BpeTrainer(
        vocab_size=270, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(GOOD, trainer)
    tokenizer.save(str(folder / "tokenizer.json"))
    names = {"bos_token": "<end>", "eos_token": "<end>", "pad_token": "<pad>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(names))
    size = tokenizer.get_vocab_size()
    config = transformers.AutoConfig.for_model(architecture, vocab_size=size, **SIZES[architecture])
    with torch.random.fork_rng():
        torch.manual_seed(0)
        built = getattr(transformers, AS[architecture]).from_config(config)
    built.save_pretrained(folder)
    return folder


def of(architecture: str, damage: Make = lambda _: None) -> Make:
    """A copy of a model as `m`, damaged, beside texts and a run."""

    def make(folder: Path) -> None:
        (folder / "good.txt").write_bytes(text(GOOD))
        (folder / "pairs.tsv").write_bytes(pairs())
        shutil.copytree(base() / "parent", folder / "r")
        shutil.copytree(model(architecture), folder / "m")
        damage(folder / "m")

    return make


def settings(name: str = "config.json", **changes: object) -> Make:
    """Some of a model's settings, changed; taken out where they are None."""

    def damage(folder: Path) -> None:
        content = {**json.loads((folder / name).read_text()), **changes}
        (folder / name).write_text(json.dumps({key: value for key, value in content.items() if value is not None}))

    return damage


def weights(change: Callable[[dict[str, torch.Tensor]], object]) -> Make:
    def damage(folder: Path) -> None:
        held = load_file(folder / "model.safetensors")
        change(held)
        save_file(held, folder / "model.safetensors", {"format": "pt"})

    return damage


def pickled(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    torch.save({"w": Canary()}, folder / "pytorch_model.bin")


def first(held: dict[str, torch.Tensor]) -> str:
    return max(held, key=lambda name: held[name].numel())


FOLDERS: dict[str, Make] = {
    "no folder": shutil.rmtree,
    "a file": lambda folder: (shutil.rmtree(folder), folder.write_text("hello")),
    "an empty folder": lambda folder: (shutil.rmtree(folder), folder.mkdir()),
    "a run": lambda folder: (shutil.rmtree(folder), shutil.copytree(base() / "parent", folder)),
    "config.json gone": gone("config.json"),
    "config.json empty": write("config.json", ""),
    "config.json cut": cut("config.json", 0.5),
    "config.json a list": write("config.json", "[]"),
    "config.json nested deep": write("config.json", "[" * 100_000),
    "config.json not UTF-8": write("config.json", b"\xff\xfe"),
    "config.json a folder": a_folder("config.json"),
    "config.json a pipe": a_pipe("config.json"),
    "config.json code": write("config.json", pickle.dumps(Canary())),
    "an unknown architecture": settings(model_type="gpt17"),
    "no architecture": settings(model_type=None, architectures=None),
    "an architecture that is a number": settings(model_type=3),
    "code of its own": lambda folder: (
        settings(model_type="mine", auto_map={"AutoConfig": "code.Mine", "AutoModel": "code.Mine"})(folder),
        (folder / "code.py").write_text("import os\nos.mkdir('ran')\n"),
    ),
    "code on the hub": settings(_attn_implementation="some/kernel"),
    "an image model": settings(model_type="vit"),
    "a state-space model": settings(model_type="mamba"),
    "tokenizer gone": gone("tokenizer.json"),
    "tokenizer empty": write("tokenizer.json", ""),
    "tokenizer cut": cut("tokenizer.json", 0.7),
    "tokenizer of another kind": write("tokenizer.json", '{"model": {"type": "Magic"}}'),
    "tokenizer a list": write("tokenizer.json", "[]"),
    "tokenizer a folder": a_folder("tokenizer.json"),
    "tokenizer a pipe": a_pipe("tokenizer.json"),
    "tokenizer nested deep": write("tokenizer.json", "[" * 100_000),
    "tokenizer code": write("tokenizer.json", pickle.dumps(Canary())),
    "the tokenizer's settings a list": write("tokenizer_config.json", "[]"),
    "the tokenizer's settings cut": write("tokenizer_config.json", '{"eos_tok'),
    "an end that is no token": settings("tokenizer_config.json", eos_token="<nowhere>"),
    "no end": settings("tokenizer_config.json", eos_token=None, bos_token=None),
    "weights that are pickled": pickled,
    "weights empty": write("model.safetensors", b""),
    "weights cut": cut("model.safetensors", 0.5),
    "weights that are text": write("model.safetensors", "hello"),
    "weights that are a folder": a_folder("model.safetensors"),
    "weights that are code": write("model.safetensors", pickle.dumps(Canary())),
    "weights that say a terabyte": write(
        "model.safetensors",
        header({"a": {"dtype": "F32", "shape": [2**20, 2**18], "data_offsets": [0, 2**40]}}),
    ),
    "no tensors": write("model.safetensors", header({})),
    "a tensor less": weights(lambda held: held.pop(first(held))),
    "another shape": weights(lambda held: held.update({first(held): torch.zeros(3, 3)})),
    "NaN": weights(lambda held: held[first(held)].fill_(float("nan"))),
    "infinity": weights(lambda held: held[first(held)].fill_(float("inf"))),
    "whole numbers": weights(lambda held: held.update({name: value.long() for name, value in held.items()})),
    "a shard that is missing": lambda folder: (
        (folder / "model.safetensors").rename(folder / "model-00001-of-00002.safetensors"),
        (folder / "model.safetensors.index.json").write_text(
            json.dumps({"metadata": {}, "weight_map": {"a": "model-00002-of-00002.safetensors"}})
        ),
    ),
}
OF_SIZES: dict[str, tuple[str, Make]] = {
    "fewer rows than tokens": ("generator", settings(vocab_size=20)),
    "another width": ("generator", settings(n_embd=12)),
    "a width below none": ("generator", settings(n_embd=-8)),
    "no heads": ("generator", settings(n_head=0)),
    "heads that divide nothing": ("generator", settings(n_head=3)),
    "a width that is a text": ("generator", settings(n_embd="wide")),
    "terabytes": (
        "generator",
        lambda folder: (settings(n_embd=2**20, vocab_size=2**30)(folder), (folder / "model.safetensors").unlink()),
    ),
    "a million layers": (
        "generator",
        lambda folder: (settings(n_layer=10**6)(folder), (folder / "model.safetensors").unlink()),
    ),
    "a million layers beside its weights": ("generator", settings(n_layer=10**6)),
    "terabytes beside its weights": ("generator", settings(n_embd=2**20, vocab_size=2**30)),
    "too few positions": ("generator", settings(n_positions=2)),
    "too few positions, without weights": (
        "generator",
        lambda folder: (settings(n_positions=2)(folder), (folder / "model.safetensors").unlink()),
    ),
    "too few positions for a source": ("translator", settings(model_type="gpt2")),
    "another width of a judge": ("discriminator", settings(hidden_size=12)),
    "more layers than weights": ("discriminator", settings(num_hidden_layers=3)),
}
FLAGS: dict[str, tuple[str, list[str]]] = {
    "no path": ("generator", [*GENERATE[:5], "--epochs", "1", "--run", "made"]),
    "a path for an lstm": ("generator", ["pretrain", "--corpus", "good.txt", "--generator.path", "m", "--run", "made"]),
    "a size of its own": ("generator", [*GENERATE, "--generator.hidden-size", "5"]),
    "another tokenizer": ("generator", [*GENERATE, "--tokenizer", "characters"]),
    "a tokenizer of nowhere": ("generator", [*GENERATE, "--data.tokenizer-path", "none"]),
    "adapters below none": ("generator", [*GENERATE, "--generator.lora-rank", "-1"]),
    "adapters that are scaled by nothing": (
        "generator",
        [*GENERATE, "--generator.lora-alpha", "0", "--generator.lora-rank", "2"],
    ),
    "adapters of an lstm": (
        "generator",
        ["pretrain", "--corpus", "good.txt", "--generator.lora-rank", "2", "--run", "made"],
    ),
    "adapters without weights": ("generator", [*GENERATE, "--generator.lora-rank", "2"]),
    "a smaller vocabulary": ("generator", [*GENERATE, "--data.max-vocabulary", "10"]),
    "pairs for a decoder that is none": ("generator", [*TRANSLATE]),
    "an encoder as a generator": ("discriminator", [*GENERATE]),
    "a translator for plain text": ("translator", [*GENERATE]),
    "a translator as a judge": ("translator", [*JUDGE]),
    "plain text for a translator": ("translator", [*TRANSLATE[:2], "good.txt", *TRANSLATE[3:]]),
    "an unknown pooling": ("discriminator", [*JUDGE, "--discriminator.pooling", "max"]),
    "a judge without a path": ("discriminator", [*JUDGE[:7], *QUIET]),
    "a judge of relaxed samples": ("discriminator", [*JUDGE, "--algo", "gsgan"]),
    "a judge for each token": ("discriminator", [*JUDGE, "--discriminator.per-token"]),
    "from nothing": (
        "generator",
        ["adversarial", "--corpus", "good.txt", "--algo", "gsgan", *GENERATE[3:7], "--run", "made"],
    ),
}


def cases() -> Iterator[Case]:
    for name, damage in FOLDERS.items():
        for player, (architecture, line) in PLAYERS.items():
            if player == "translator" and not name.startswith(("config.json", "weights")):
                continue
            yield Case("model folder", f"{player}: {name}", of(architecture, damage), line, check=_unmade)
    for name, (player, damage) in OF_SIZES.items():
        architecture, line = PLAYERS[player]
        yield Case("model folder", f"sizes: {name}", of(architecture, damage), line, check=_unmade)
    for name, (player, line) in FLAGS.items():
        damage = gone("model.safetensors") if "without weights" in name else lambda _: None
        yield Case("model folder", name, of(PLAYERS[player][0], damage), line, check=_unmade)


def _unmade(folder: Path) -> str:
    if (folder / "ran").exists() or (folder / "m" / "ran").exists():
        return "code of the model was run"
    return no_run(folder) or ("a run was made" if (folder / "r" / "made").exists() else "")
