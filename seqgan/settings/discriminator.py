"""The settings of a discriminator."""

from typing import Annotated

import tyro
from msgspec import Meta

from seqgan.settings.types import Count, Layers, Positive, Section, Share, Size


class DiscriminatorConfig(Section, frozen=True, kw_only=True):
    """The discriminator."""

    name: Annotated[str | None, tyro.conf.arg(aliases=["--discriminator"], metavar="NAME")] = None
    """Its kind: cnn (the default), bidirectional, rnn, transformer, many-view or residual-conv; for pairs two-tower-cnn
    (the default), two-tower-rnn or hierarchical (of dialogues); for both huggingface, an encoder of transformers."""
    path: Annotated[str | None, tyro.conf.arg(metavar="DIR|hf:NAME")] = None
    """For huggingface: the model's folder, as generator.path."""
    lora_rank: Count = 0
    """For huggingface: train adapters of this rank and a head, and leave the model as it is; 0 trains all of it."""
    lora_alpha: Positive = 16
    """What adapters add is scaled by lora_alpha / lora_rank."""
    pooling: Annotated[str, tyro.conf.arg(metavar="mean|first|last")] = "mean"
    """For huggingface: what the head reads: the mean over the text, its first symbol, or its last (causal models)."""
    architecture: Annotated[str, tyro.conf.Suppress] = ""
    """The model's config.json; filled in by the command."""
    base: Annotated[str, tyro.conf.Suppress] = ""
    """Fingerprint of the weights that adapters belong to; filled in by the command."""
    opening: Annotated[int | None, tyro.conf.Suppress] = None
    """The model's number of what opens a text; filled in by the command."""
    closing: Annotated[int | None, tyro.conf.Suppress] = None
    """The model's number of what closes a text; filled in by the command."""
    embedding_size: Size = 64
    """Size of a token's vector."""
    filters: Annotated[float, Meta(gt=0, le=16)] = 1.0
    """Filters of each width of a cnn or of many views, as a multiple of the authors' numbers (100 to 300)."""
    hidden_size: Size = 128
    """Size of a recurrent layer, of a Transformer block's feed-forward part, or channels of residual-conv."""
    layers: Layers = 1
    """Number of recurrent layers, of Transformer blocks, or of residual blocks."""
    heads: Size = 4
    """Attention heads of a Transformer; they divide embedding_size."""
    dropout: Share = 0.25
    """Share of features dropped in training; always off when rewarding."""
    views: Count = 0
    """Views of many-view, a divisor of embedding_size; 0 takes as many as that."""
    per_view: bool = False
    """A logit for each view and not their mean, as relgan's loss wants them."""
    per_token: bool = False
    """An rnn or hierarchical one only: a logit for each prefix instead of one for the sentence; what adversarial.credit
    token needs, and what makes prefix cheap."""
