"""Sentences as padded tensors, with their sources where they have some, and the order in which they are taken."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from seqgan.data.order import EXACT_SENTENCES, BlockedBatches, distinct_rows, epoch_rng, ordered
from seqgan.data.vocabulary import Vocabulary
from seqgan.errors import ConfigError, CorpusError

if TYPE_CHECKING:
    from seqgan.data.store import StreamedSequences

LONGEST_AUTOMATIC = 256
"""Most tokens a sentence has where no other limit was asked for."""


class Batch(NamedTuple):
    """Some sentences, as a model reads them."""

    tokens: Tensor
    """Ids; after the end symbol, the end symbol again. [B, T]"""
    mask: Tensor
    """True up to and including the end symbol. [B, T]"""
    source: Tensor | None = None
    """What each sentence answers or translates; None for plain text. [B, L]"""
    source_mask: Tensor | None = None
    """True at its real tokens. [B, L]"""


class Sequences(NamedTuple):
    """All sentences of a split."""

    tokens: Tensor
    """[sentences, T]"""
    mask: Tensor
    """[sentences, T]"""
    source: Tensor | None = None
    """What each sentence answers or translates; None for plain text. [sentences, L]"""
    source_mask: Tensor | None = None
    """[sentences, L]"""

    @property
    def sentences(self) -> int:
        """How many."""
        return len(self.tokens)

    def seen(self, size: int) -> np.ndarray:
        """Which of `size` symbols occur. [size]"""
        return np.bincount(self.tokens[self.mask].cpu().numpy(), minlength=size) > 0

    def to(self, device: torch.device) -> "Sequences":
        """The same on a device."""
        source, source_mask = (None if each is None else each.to(device) for each in self[2:])
        return Sequences(self.tokens.to(device), self.mask.to(device), source, source_mask)


def automatic_max_length(sentences: Sequence[Sequence[str]], limit: int = LONGEST_AUTOMATIC) -> int:
    """Tokens of the longest sentence and its end symbol, at most `limit`."""
    return min(limit, max(map(len, sentences), default=0) + 1)


def automatic_source_length(sources: Sequence[Sequence[str]], limit: int = LONGEST_AUTOMATIC) -> int:
    """Tokens of the longest source, at most `limit`."""
    return min(limit, max(map(len, sources), default=1))


def encode_sentences(
    sentences: Sequence[Sequence[str]], vocabulary: Vocabulary, max_length: int, too_long: str = "cut"
) -> tuple[Sequences, int]:
    """Sentences as one padded tensor, and how many of them were too long.

    Args:
        sentences: token lists.
        vocabulary: of the run.
        max_length: most tokens, the end symbol included.
        too_long: "cut": longer ones keep their first `max_length` tokens and have no end symbol, since they did not
            end. "drop": they are left out.

    Raises:
        CorpusError: there are no sentences, or all were dropped.
        ConfigError: `too_long` is neither, or `max_length` has no room for a token.
    """
    if too_long not in ("cut", "drop"):
        raise ConfigError(f"too_long is {too_long!r}: choose cut or drop.")
    if max_length < 1:
        raise ConfigError(f"max_length is {max_length}, but it counts tokens, the end symbol included: 1 or more.")
    if not sentences:
        raise CorpusError("There are no sentences to encode: expected one at least.")
    end = [] if vocabulary.end is None else [vocabulary.end]
    encoded = [vocabulary.encode(tokens) + end for tokens in sentences]
    long = sum(len(ids) > max_length for ids in encoded)
    if too_long == "drop":
        encoded = [ids for ids in encoded if len(ids) <= max_length]
    if not encoded:
        raise CorpusError(
            f"All {long:,} sentences have more than {max_length} tokens and were dropped: raise data.max_length, or "
            "set data.too_long to cut."
        )
    lengths = torch.tensor([min(len(ids), max_length) for ids in encoded])
    width = int(lengths.max())
    tokens = torch.full((len(encoded), width), vocabulary.end or 0)
    mask = torch.arange(width) < lengths.unsqueeze(1)
    tokens[mask] = torch.tensor([number for ids in encoded for number in ids[:max_length]])
    return Sequences(tokens, mask), long


def encode_sources(
    sources: Sequence[Sequence[str]], vocabulary: Vocabulary, max_length: int
) -> tuple[Tensor, Tensor, int]:
    """Sources as one padded tensor, without end symbols, and how many of them were too long.

    Args:
        sources: token lists.
        vocabulary: of the sources.
        max_length: most tokens; longer sources keep their first ones. `source_cut.fit_sources` cuts them otherwise.

    Returns:
        Ids [sources, L] and a mask that is True at real tokens [sources, L]; the number of sources that were cut.

    Raises:
        CorpusError: a source has no tokens, or there are none.
        ConfigError: `max_length` has no room for a token.
    """
    if max_length < 1:
        raise ConfigError(f"max_source_length is {max_length}, but it counts the tokens of a source: 1 or more.")
    if not sources:
        raise CorpusError("There are no sources to encode: expected one at least.")
    for number, tokens in enumerate(sources, start=1):
        if not tokens:
            raise CorpusError(f"Source {number} has no tokens: give each sentence something to answer or translate.")
    lengths = torch.tensor([min(len(tokens), max_length) for tokens in sources])
    width = int(lengths.max())
    # What fills the rest is masked everywhere; any id that the models' embeddings have will do.
    ids = torch.full((len(sources), width), vocabulary.end or 0)
    mask = torch.arange(width) < lengths.unsqueeze(1)
    ids[mask] = torch.tensor([number for tokens in sources for number in vocabulary.encode(tokens[:max_length])])
    return ids, mask, sum(len(tokens) > max_length for tokens in sources)


def encode_pairs(
    sources: Sequence[Sequence[str]],
    sentences: Sequence[Sequence[str]],
    source_vocabulary: Vocabulary,
    vocabulary: Vocabulary,
    max_source_length: int,
    max_length: int,
    too_long: str = "cut",
) -> tuple[Sequences, int, int]:
    """Sentences with their sources, how many sentences were too long, and how many of the sources that are left.

    Args:
        sources: token lists; the first belongs to the first sentence, and so on.
        sentences: token lists.
        source_vocabulary: of the sources.
        vocabulary: of the sentences.
        max_source_length: most tokens of a source; longer ones are cut as by `encode_sources`.
        max_length: most tokens of a sentence, the end symbol included.
        too_long: as for `encode_sentences`; with "drop" a sentence's source is dropped with it.

    Raises:
        CorpusError, ConfigError: as `encode_sentences` and `encode_sources`; or there are not as many of both.
    """
    if len(sources) != len(sentences):
        raise CorpusError(f"{len(sources):,} sources and {len(sentences):,} sentences: each sentence needs its own.")
    sequences, long = encode_sentences(sentences, vocabulary, max_length, too_long)
    if too_long == "drop":
        room = max_length - (vocabulary.end is not None)
        sources = [source for source, tokens in zip(sources, sentences, strict=True) if len(tokens) <= room]
    ids, mask, long_sources = encode_sources(sources, source_vocabulary, max_source_length)
    return sequences._replace(source=ids, source_mask=mask), long, long_sources


def epoch_batches(
    sequences: "Sequences | StreamedSequences",
    batch_size: int,
    *,
    seed: int,
    epoch: int,
    drop_last: bool = False,
    by_length: bool = False,
) -> Sequence[Tensor]:
    """The rows of each batch of an epoch: a random order, cut into batches.

    The order depends on seed and epoch alone, so that a resumed run needs no more than its epoch's number. Of a text on
    the disk with more than `EXACT_SENTENCES` see `BlockedBatches`.

    Args:
        sequences: a split.
        batch_size: rows of a batch.
        seed: of the run.
        epoch: which one.
        drop_last: leave out as many rows as would make a batch of fewer than `batch_size`, others in each epoch.
        by_length: batches of sentences that are about as long (and then their sources), as `ordered` makes them.

    Returns:
        Row numbers on the device of `sequences`, [batch_size] each; without `drop_last` one batch may have fewer.
    """
    if not isinstance(sequences, Sequences) and sequences.sentences > EXACT_SENTENCES:
        return BlockedBatches(sequences, batch_size, seed=seed, epoch=epoch, drop_last=drop_last, by_length=by_length)
    rng = epoch_rng(seed, epoch)
    rows = torch.randperm(sequences.sentences, generator=rng)
    if drop_last:
        # Before they are sorted: the incomplete batch at a sorted pool's end would always be of long sentences.
        rows = rows[: len(rows) // batch_size * batch_size]
    if by_length:
        source_mask = sequences.source_mask
        source_lengths = None if source_mask is None else source_mask.sum(dim=1).cpu()[rows]
        batches = ordered(rows, lengths_of(sequences, rows).cpu(), batch_size, rng, source_lengths)
    else:
        batches = list(rows.split(batch_size)) if len(rows) else []
    return [batch.to(sequences.tokens.device) for batch in batches] if isinstance(sequences, Sequences) else batches


def take(sequences: "Sequences | StreamedSequences", rows: Tensor) -> Batch:
    """Some sentences, and their sources, each without the columns in which all of them have ended."""
    if not isinstance(sequences, Sequences):
        return sequences.take(rows)
    return Batch(
        *_trimmed(sequences.tokens, sequences.mask, rows), *_trimmed(sequences.source, sequences.source_mask, rows)
    )


def lengths_of(sequences: "Sequences | StreamedSequences", rows: Tensor) -> Tensor:
    """How many tokens some sentences have, end symbols included. [R] -> [R]"""
    return sequences.mask[rows].sum(dim=1) if isinstance(sequences, Sequences) else sequences.lengths(rows)


def mean_length(sequences: "Sequences | StreamedSequences") -> float:
    """How many tokens a sentence has on the average, its end symbol included."""
    if isinstance(sequences, Sequences):
        return sequences.mask.sum().item() / len(sequences.mask)
    return sequences.mean_length


def _trimmed(tokens: Tensor | None, mask: Tensor | None, rows: Tensor) -> tuple[Any, Any]:
    if tokens is None or mask is None:
        return None, None
    mask = mask[rows]
    longest = int(mask.sum(dim=1).max())
    return tokens[rows, :longest], mask[:, :longest]


def draw_batch(sequences: "Sequences | StreamedSequences", size: int, rng: torch.Generator) -> Batch:
    """Random sentences with their sources: distinct rows where there are enough, else with repetition."""
    if not isinstance(sequences, Sequences):
        return sequences.take(distinct_rows(sequences.sentences, size, rng))
    count = len(sequences.tokens)
    if size <= count:
        rows = torch.randperm(count, generator=rng, device=rng.device)[:size]
    else:
        rows = torch.randint(count, (size,), generator=rng, device=rng.device)
    return take(sequences, rows)


def widened(
    sequences: "Sequences | StreamedSequences", width: int, end: int | None, *, ends: bool
) -> "Sequences | StreamedSequences":
    """The same sentences for a model whose samples all have `width` columns.

    Args:
        sequences: plain text.
        width: at least that of the longest sentence.
        end: id of the end symbol, which fills what is missing.
        ends: the model's samples end, so that nothing behind an end counts; else all columns do.
    """
    if not isinstance(sequences, Sequences):
        return sequences if ends else sequences.filled(width)
    missing = width - sequences.tokens.shape[1]
    tokens = functional.pad(sequences.tokens, (0, missing), value=end or 0)
    mask = functional.pad(sequences.mask, (0, missing))
    return Sequences(tokens, mask if ends else torch.ones_like(mask))
