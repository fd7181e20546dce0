"""An encoder of Hugging Face transformers with a linear head as a discriminator of texts.

It judges what a reader would see. Real and generated sentences alike go from ids to text, to one normal form of white
space, to the encoder's own tokens: they cannot be told apart by how a tokenizer happened to cut them, by a leading
blank or by what stands behind an end. Whether a sentence ended, or was cut at the greatest length, is shown for both in
the same way, by the symbol that closes a text.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from seqgan.discriminators.inputs import require_context
from seqgan.huggingface import accepts
from seqgan.tensors.own_weights import OwnWeights

POOLINGS = ("mean", "first", "last")
"""What the head reads: the mean over a text's vectors, that of its first symbol, or that of its last."""

Decode = Callable[[Sequence[int]], str]
"""The package's ids of a sentence, up to its end symbol at most, to its text."""
Numbers = Callable[[Sequence[str]], list[list[int]]]
"""Texts to the encoder's own numbers, without special symbols."""


class HuggingFaceDiscriminator(OwnWeights):
    """Is a sentence real, and, with a source, a real answer to it? Judged from a pretrained model's vectors.

    Reads ids only: a text has no gradient.

    Args:
        model: an encoder, or a causal model, of transformers, without a head; held, not copied.
        decode: ids to text.
        numbers: texts to the model's tokens.
        opening: the model's number of what stands before a text; None where it has none.
        closing: and of what stands behind a text that ended, and behind a source.
        end: the package's id that ends a sequence; None where all have one length.
        decode_source: ids of a source to its text; None where there are no sources.
        pooling: one of `POOLINGS`.
        limit: most columns that the model reads; longer sources, then longer texts, are cut.

    Raises:
        ValueError: no such pooling.
    """

    def __init__(
        self,
        model: Any,
        decode: Decode,
        numbers: Numbers,
        opening: int | None,
        closing: int,
        end: int | None = 0,
        decode_source: Decode | None = None,
        pooling: str = "mean",
        limit: int | None = None,
    ):
        super().__init__()
        if pooling not in POOLINGS:
            raise ValueError(f"pooling is {pooling!r}: choose {', '.join(POOLINGS)}.")
        self.model = model
        self.decode, self.decode_source, self.numbers = decode, decode_source, numbers
        self.opening, self.closing, self.end = opening, closing, end
        self.pooling, self.limit = pooling, limit
        self.output = nn.Linear(model.config.hidden_size, 1)
        self.sides = accepts(model, "token_type_ids") and getattr(model.config, "type_vocab_size", 0) > 1

    def encode(self, source: Tensor | None, source_mask: Tensor | None) -> tuple[Tensor, Tensor] | None:
        """Source [B, L] and its mask [B, L] to its numbers and their mask, both [B, P]; None without a source."""
        if source is None or source_mask is None:
            return None
        assert self.decode_source is not None
        texts = [
            normal_form(self.decode_source(row[:length]))
            for row, length in zip(source.tolist(), source_mask.sum(dim=1).tolist(), strict=True)
        ]
        framed = [[*self._open(), *numbers, self.closing] for numbers in self.numbers(texts)]
        if self.limit is not None:
            # Half of the columns at most; what stands next to the answer is kept.
            keep = self.limit // 2
            framed = [row if len(row) <= keep else row[-keep:] for row in framed]
        return padded(framed, self.closing, source.device)

    def forward(self, tokens: Tensor, mask: Tensor, context: tuple[Tensor, Tensor] | None = None) -> Tensor:
        """Ids [R, T], mask [R, T], their sources' context -> logits [R], positive for real.

        Raises:
            ConfigError: there is no context, and this is a discriminator of sentences with sources.
            ValueError: distributions in place of ids; a context of another number of rows.
        """
        if tokens.is_floating_point():
            raise ValueError(
                f"{type(self).__name__} reads texts, and a distribution over tokens is none: use an algorithm on "
                "sampled text."
            )
        if self.decode_source is not None:
            context = require_context(self, len(tokens), context)
        heads = [self._open()] * len(tokens) if context is None else _unpadded(*context)
        rows = self._rows(tokens, mask, heads)
        numbers, real = padded(rows, self.closing, tokens.device)
        read: dict[str, Any] = {"input_ids": numbers, "attention_mask": real.long()}
        if self.sides:
            lengths = numbers.new_tensor([0 if context is None else len(head) for head in heads])
            behind = torch.arange(numbers.shape[1], device=numbers.device) >= lengths.unsqueeze(1)
            read["token_type_ids"] = (behind & real & (context is not None)).long()
        vectors = self.model(**read).last_hidden_state  # [R, C, E]
        return self.output(self._pooled(vectors, real)).squeeze(1)

    def texts(self, tokens: Tensor, mask: Tensor) -> list[str]:
        """What is judged of each row, in its normal form. [R, T], [R, T]"""
        lengths = mask.sum(dim=1).tolist()
        return [normal_form(self.decode(row[:n])) for row, n in zip(tokens.tolist(), lengths, strict=True)]

    def _rows(self, tokens: Tensor, mask: Tensor, heads: Sequence[Sequence[int]]) -> list[list[int]]:
        """The model's numbers of each sentence behind what stands before it, closed where it ended."""
        ended = torch.ones(len(tokens), dtype=torch.bool)
        if self.end is not None:
            ended = (mask & (tokens == self.end)).any(dim=1)
        rows = []
        for head, numbers, closed in zip(heads, self.numbers(self.texts(tokens, mask)), ended.tolist(), strict=True):
            room = len(numbers) + 1 if self.limit is None else self.limit - len(head)
            # What does not fit did not end before the judge's eyes.
            close = [self.closing] if closed and len(numbers) < room else []
            # A model reads one symbol at least: of an empty text that has no other, the one that closes it.
            rows.append([*head, *numbers[:room], *close] or [self.closing])
        return rows

    def _open(self) -> list[int]:
        return [] if self.opening is None else [self.opening]

    def _pooled(self, vectors: Tensor, real: Tensor) -> Tensor:
        """One vector a row. [R, C, E], [R, C] -> [R, E]"""
        columns = torch.arange(real.shape[1], device=real.device)
        rows = torch.arange(len(real), device=real.device)
        if self.pooling == "first":
            return vectors[rows, real.long().argmax(dim=1)]
        if self.pooling == "last":
            return vectors[rows, (columns * real).amax(dim=1)]
        weights = real.unsqueeze(-1).to(vectors.dtype)
        return (vectors.masked_fill(~real.unsqueeze(-1), 0.0)).sum(dim=1) / weights.sum(dim=1).clamp(min=1)


def _unpadded(numbers: Tensor, real: Tensor) -> list[list[int]]:
    """Rows without the padding on their right."""
    lengths = real.sum(dim=1).tolist()
    return [row[:length] for row, length in zip(numbers.tolist(), lengths, strict=True)]


def normal_form(text: str) -> str:
    """White space at the ends gone, and runs of it one space: how a text is spaced tells nothing of who wrote it."""
    return " ".join(text.split())


def padded(rows: Sequence[Sequence[int]], padding: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Rows of several lengths as one tensor, padded on the right, and its mask. [R, C] both, C at least 1"""
    width = max(1, *map(len, rows)) if rows else 1
    numbers = torch.tensor([[*row, *[padding] * (width - len(row))] for row in rows], device=device).view(-1, width)
    lengths = torch.tensor([len(row) for row in rows], device=device)
    return numbers.long(), torch.arange(width, device=device) < lengths.unsqueeze(1)
