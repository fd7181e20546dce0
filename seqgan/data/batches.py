"""Sentences as padded tensors, and the order in which they are taken."""

from collections.abc import Sequence
from typing import NamedTuple

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
    """[sentences, L]"""
    source_mask: Tensor | None = None
    """[sentences, L]"""

    def to(self, device: torch.device) -> "Sequences":
        """The same on a device."""
        return Sequences(*(part if part is None else part.to(device) for part in self))  # type: ignore[arg-type]


def automatic_max_length(sentences: Sequence[Sequence[str]], limit: int = LONGEST_AUTOMATIC) -> int:
    """Tokens of the longest sentence and its end symbol, at most `limit`."""
    return min(limit, max(map(len, sentences), default=0) + 1)


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


def epoch_batches(
    sequences: Sequences, batch_size: int, *, seed: int, epoch: int, drop_last: bool = False
) -> list[Tensor]:
    """The rows of each batch of an epoch.

    The order depends on seed and epoch alone, so that a resumed run needs no more than its epoch's number. Rows are
    shuffled, sorted by length within pools of batches to save padding, and the batches are shuffled.

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
    rows = rows[(pool * (sequences.mask.shape[1] + 1) + lengths[rows]).argsort(stable=True)]
    batches = rows.split(batch_size) if len(rows) else ()
    order = torch.randperm(len(batches), generator=rng).tolist()
    return [batches[number].to(sequences.tokens.device) for number in order]


def take(sequences: Sequences, rows: Tensor) -> Batch:
    """Some sentences, without the columns in which all of them have ended."""
    mask = sequences.mask[rows]
    longest = int(mask.sum(dim=1).max())
    batch = Batch(sequences.tokens[rows, :longest], mask[:, :longest])
    if sequences.source is None or sequences.source_mask is None:
        return batch
    source_mask = sequences.source_mask[rows]
    longest = int(source_mask.sum(dim=1).max())
    return batch._replace(source=sequences.source[rows, :longest], source_mask=source_mask[:, :longest])


def draw_batch(sequences: Sequences, size: int, rng: torch.Generator) -> Batch:
    """Random sentences: distinct rows where there are enough, else with repetition."""
    count = len(sequences.tokens)
    if size <= count:
        rows = torch.randperm(count, generator=rng, device=rng.device)[:size]
    else:
        rows = torch.randint(count, (size,), generator=rng, device=rng.device)
    return take(sequences, rows)
