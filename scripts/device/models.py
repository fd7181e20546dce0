"""Players of every kind, of a size, and what they read."""

import importlib.util
import json
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from seqgan.build import build_discriminator, build_generator, build_text
from seqgan.build_huggingface import with_discriminator_files, with_generator_files
from seqgan.data.model_tokenizer import read_model_tokenizer
from seqgan.data.text import Text
from seqgan.data.vocabulary import Vocabulary
from seqgan.discriminators import DISCRIMINATORS
from seqgan.generators import GENERATORS
from seqgan.settings.data import DataConfig
from seqgan.settings.discriminator import DiscriminatorConfig
from seqgan.settings.generator import GeneratorConfig
from seqgan.tensors.condition import Condition

END = 0
TURN = "w2"
"""The token that closes a turn of a source."""


class Sizes(NamedTuple):
    """Of players and of what they read."""

    vocabulary: int
    hidden: int
    """Of states and of vectors alike, so that what is tied can be."""
    rows: int
    length: int
    filters: float

    def generator(self, **more) -> dict:
        """Settings of a generator of any kind."""
        sizes = {"embedding_size": self.hidden, "hidden_size": self.hidden, "layers": 2, "heads": 2}
        return {**sizes, "dropout": 0.0, "noise_size": self.hidden, **more}

    def discriminator(self, **more) -> dict:
        """Settings of a discriminator of any kind."""
        sizes = {"embedding_size": self.hidden, "hidden_size": self.hidden, "layers": 2, "heads": 2}
        return {**sizes, "dropout": 0.0, "filters": self.filters, **more}


def sizes(*, quick: bool) -> Sizes:
    return Sizes(12, 8, 4, 6, 0.03) if quick else Sizes(500, 128, 32, 20, 0.5)


def has_transformers() -> bool:
    """Whether models of Hugging Face can be made here."""
    return all(importlib.util.find_spec(name) is not None for name in ("transformers", "tokenizers"))


def player_names(kinds, *, conditional: bool) -> list[str]:
    """The kinds that can be made here for text with sources, or for text without."""
    return [
        name
        for name, kind in kinds.items()
        if kind.reads(conditional=conditional) and (not kind.pretrained or has_transformers())
    ]


def make_generator(name: str, size: Sizes, folder: Path, *, conditional: bool, **settings) -> nn.Module:
    """A generator of a kind, in float32 on the CPU, with the weights that it begins with."""
    symbols, more = Vocabulary(words(size.vocabulary)), size.generator(**settings)
    kind = GENERATORS[name].pretrained
    if kind:
        path = pretrained(folder, kind)
        symbols, more = read_model_tokenizer(path).vocabulary(), {"path": str(path)}
    config = with_generator_files(GeneratorConfig(name=name, **more))
    return build_generator(config, symbols, size.length, 1, symbols if conditional else None)


def make_discriminator(name: str, size: Sizes, folder: Path, *, conditional: bool, **settings) -> nn.Module:
    """A discriminator of a kind, likewise."""
    symbols, more, tokenizers = Vocabulary(words(size.vocabulary)), size.discriminator(**settings), None
    kind = DISCRIMINATORS[name].pretrained
    if kind:
        path = pretrained(folder, kind)
        tokenizer = read_model_tokenizer(path)
        symbols, more = tokenizer.vocabulary(), {"path": str(path)}
        tokenizers = tokenizer, tokenizer if conditional else None
    config = with_discriminator_files(DiscriminatorConfig(name=name, **more))
    source = symbols if conditional else None
    lengths = (size.length, 1, source, size.length if conditional else 0, TURN)
    return build_discriminator(config, symbols, *lengths, tokenizers=tokenizers)


def words(vocabulary: int) -> list[str]:
    """The tokens of a vocabulary of so many symbols, end and unknown symbol among them."""
    return [f"w{number}" for number in range(2, vocabulary)]


def sequences(size: Sizes, rows: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Random sentences of 1 to T tokens, the end symbol behind them, and their mask. [R, T], [R, T]"""
    rng = torch.Generator().manual_seed(seed)
    tokens = torch.randint(2, size.vocabulary, (rows, size.length), generator=rng)
    lengths = torch.randint(1, size.length + 1, (rows, 1), generator=rng)
    lengths[0] = size.length
    places = torch.arange(size.length)
    return tokens.masked_fill(places >= lengths - 1, END), places < lengths


def sources(size: Sizes, rows: int) -> Condition:
    """Random sources of 1 to T symbols."""
    tokens, mask = sequences(size, rows, seed=5)
    return Condition(tokens.masked_fill(tokens == END, 3), mask)


class NumbersOfCpu(TorchFunctionMode):
    """Within the block `torch.rand` and `torch.randn` give the same numbers on all devices and in all precisions: those
    of the CPU in float32."""

    def __init__(self, seed: int = 0):
        super().__init__()
        self.rng = torch.Generator().manual_seed(seed)

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        if func not in (torch.rand, torch.randn):
            return func(*args, **kwargs)
        numbers = func(*args, generator=self.rng, dtype=torch.float32)
        return numbers.to(kwargs.get("device") or "cpu", kwargs.get("dtype") or torch.float32)


# Models of Hugging Face

ARCHITECTURES = {
    "causal": (
        "gpt2",
        "AutoModelForCausalLM",
        {"n_positions": 64, "n_embd": 16, "n_layer": 2, "n_head": 2, "bos_token_id": 0, "eos_token_id": 0},
    ),
    "seq2seq": (
        "t5",
        "AutoModelForSeq2SeqLM",
        {"d_model": 16, "d_kv": 8, "d_ff": 24, "num_layers": 2, "num_heads": 2, "decoder_start_token_id": 1},
    ),
    "encoder": (
        "bert",
        "AutoModel",
        {
            **{"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2},
            **{"max_position_embeddings": 256, "pad_token_id": 1},
        },
    ),
}
"""By the kind of model its architecture, the class that makes it, and its sizes."""


def pretrained(folder: Path, kind: str) -> Path:
    """A folder with a model of that kind, as transformers writes it: random weights, a tokenizer of bytes."""
    architecture, maker, settings = ARCHITECTURES[kind]
    place = folder / f"model-{architecture}"
    if (place / "finished").exists():
        return place
    import transformers
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    transformers.utils.logging.disable_progress_bar()
    place.mkdir(parents=True, exist_ok=True)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    ids = {token: number for number, token in enumerate(["<end>", "<pad>", *alphabet])}
    tokenizer = Tokenizer(models.BPE(vocab=ids, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(["<end>", "<pad>"])
    tokenizer.save(str(place / "tokenizer.json"))
    specials = {"bos_token": "<end>", "eos_token": "<end>", "pad_token": "<pad>"}
    (place / "tokenizer_config.json").write_text(json.dumps(specials), encoding="utf-8")
    config = transformers.AutoConfig.for_model(architecture, vocab_size=len(ids), **settings)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        getattr(transformers, maker).from_config(config).save_pretrained(place)
    (place / "finished").touch()
    return place


# Texts that are trained on


def text(folder: Path, *, conditional: bool) -> Text:
    """Some dozens of short sentences, or of pairs of such, read from a file in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    animals, verbs, places = ("a dog", "the cat", "two birds"), ("runs", "sleeps", "eats well"), ("", "here", "in town")
    lines = [" ".join(f"{animal} {verb} {place}".split()) for animal in animals for verb in verbs for place in places]
    if conditional:
        lines = [f"{line}\t{' '.join(reversed(line.split()))}" for line in lines]
    path, valid = (folder / f"{part}.{'tsv' if conditional else 'txt'}" for part in ("train", "valid"))
    for file, content in ((path, lines * 4), (valid, lines[::3])):
        file.write_text("\n".join(content) + "\n", encoding="utf-8")
    return build_text(DataConfig(corpus=str(path), valid=str(valid)))
