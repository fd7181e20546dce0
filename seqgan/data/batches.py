"""Sentences as padded tensors, with their sources where they have some, and the order in which they are taken."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from seqgan.data.vocabulary import Vocabulary
from seqgan.errors import ConfigError, CorpusError

POOL_BATCHES = 50
"""Batches whose sentences are sorted by length together: enough to save padding, few enough to stay random."""
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
        max_length: most tokens; longer sources keep their first ones.

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
        max_source_length: most tokens of a source; longer ones are cut.
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
    sequences: Sequences, batch_size: int, *, seed: int, epoch: int, drop_last: bool = False
) -> list[Tensor]:
    """The rows of each batch of an epoch.

    The order depends on seed and epoch alone, so that a resumed run needs no more than its epoch's number. Rows are
    shuffled, sorted by length (and then by their source's) within pools of batches to save padding, and the batches
    are shuffled.

    Args:
        sequences: a split.
        batch_size: rows of a batch.
        seed: of the run.
        epoch: which one.
        drop_last: leave out as many rows as would make a batch of fewer than `batch_size`, others in each epoch.

    Returns:
        Row numbers on the device of `sequences`, [batch_size] each; without `drop_last` one batch may have fewer.
    """
    rng = torch.Generator().manual_seed((seed * 1_000_003 + epoch) % 2**63)
    lengths = sequences.mask.sum(dim=1).cpu()
    rows = torch.randperm(len(lengths), generator=rng)
    if drop_last:
        # Before they are sorted: the incomplete batch at a sorted pool's end would always be of long sentences.
        rows = rows[: len(rows) // batch_size * batch_size]
    # One sort, by pool and then by length, is several times faster than one for each pool.
    pool = torch.arange(len(rows)) // (batch_size * POOL_BATCHES)
    order_key = pool * (sequences.mask.shape[1] + 1) + lengths[rows]
    if sequences.source_mask is not None:
        source_lengths = sequences.source_mask.sum(dim=1).cpu()
        order_key = order_key * (sequences.source_mask.shape[1] + 1) + source_lengths[rows]
    rows = rows[order_key.argsort(stable=True)]
    batches = rows.split(batch_size) if len(rows) else ()
    order = torch.randperm(len(batches), generator=rng).tolist()
    return [batches[number].to(sequences.tokens.device) for number in order]


def take(sequences: Sequences, rows: Tensor) -> Batch:
    """Some sentences, and their sources, each without the columns in which all of them have ended."""
    return Batch(
        *_trimmed(sequences.tokens, sequences.mask, rows), *_trimmed(sequences.source, sequences.source_mask, rows)
    )


def _trimmed(tokens: Tensor | None, mask: Tensor | None, rows: Tensor) -> tuple[Any, Any]:
    if tokens is None or mask is None:
        return None, None
    mask = mask[rows]
    longest = int(mask.sum(dim=1).max())
    return tokens[rows, :longest], mask[:, :longest]


def draw_batch(sequences: Sequences, size: int, rng: torch.Generator) -> Batch:
    """Random sentences with their sources: distinct rows where there are enough, else with repetition."""
    count = len(sequences.tokens)
    if size <= count:
        rows = torch.randperm(count, generator=rng, device=rng.device)[:size]
    else:
        rows = torch.randint(count, (size,), generator=rng, device=rng.device)
    return take(sequences, rows)
