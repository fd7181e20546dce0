"""The settings of a generator."""

from typing import Annotated

import tyro
from msgspec import Meta

from seqgan.settings.types import Count, Layers, Positive, Section, Share, Size


class GeneratorConfig(Section, frozen=True, kw_only=True):
    """The generator."""

    name: Annotated[str | None, tyro.conf.arg(aliases=["--generator"], metavar="NAME")] = None
    """Its kind: lstm (the default), gru, transformer, relational or residual-conv; for pairs seq2seq-gru (the default),
    seq2seq-lstm or seq2seq-transformer; huggingface and huggingface-seq2seq are models of transformers."""
    path: Annotated[str | None, tyro.conf.arg(metavar="DIR|hf:NAME")] = None
    """For huggingface: the model's folder, with config.json, tokenizer.json and weights as safetensors; without weights
    they are random. Nothing is fetched unless the name begins with hf:."""
    lora_rank: Count = 0
    """For huggingface: train adapters of this rank and leave the model as it is; 0 trains all of it."""
    lora_alpha: Positive = 16
    """What adapters add is scaled by lora_alpha / lora_rank."""
    architecture: Annotated[str, tyro.conf.Suppress] = ""
    """The model's config.json, so that a run needs no other folder; filled in by pretrain."""
    base: Annotated[str, tyro.conf.Suppress] = ""
    """Fingerprint of the weights that adapters belong to; filled in by pretrain."""
    embedding_size: Size = 128
    """Size of a token's vector."""
    hidden_size: Size = 256
    """Size of a recurrent layer or memory, of a Transformer block's feed-forward part, or channels of residual-conv."""
    layers: Layers = 1
    """Number of layers, of Transformer blocks, or of residual blocks."""
    heads: Size = 4
    """Attention heads: of a Transformer they divide embedding_size, of a relational memory hidden_size."""
    dropout: Share = 0.3
    """Share of values dropped in maximum-likelihood training; always off when sampling and in policy gradients."""
    tied: bool = False
    """Share one matrix between embeddings and output; recurrent ones of plain text need embedding_size equal to
    hidden_size."""
    noise_size: Size = 128
    """For residual-conv: how many normal numbers a sequence is made from."""
    drawn: Annotated[bool, tyro.conf.Suppress] = False
    """For residual-conv: its tokens are drawn, as its algorithm trains it, and not the likeliest; filled in by the
    command. Those of runs made before are the likeliest, whatever the algorithm."""
    state_noise: Annotated[float, Meta(ge=0)] = 0.0
    """For a recurrent one that learns through relaxed samples: deviation of the normal noise in its first state."""
    greedy: bool = False
    """Given that noise, its sentences consist of the likeliest tokens and are not drawn."""
    initial_std: Annotated[float, Meta(ge=0, le=10)] = 0.0
    """All weights start normal with this deviation (0.1 for the SeqGAN authors); 0 starts each kind in its own way."""
