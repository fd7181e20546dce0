"""Sentences as padded tensors, with their sources where they have some, and the order in which they are taken."""

from collections.abc import Sequence

import torch
from torch import Tensor

from seqgan.data.order import EXACT_SENTENCES, BlockedBatches, distinct_rows, epoch_rng, ordered
from seqgan.data.sequences import AnySequences, Batch, Sequences
from seqgan.data.token_ids import Vocabulary
from seqgan.errors import ConfigError, CorpusError
from seqgan.tensors.condition import Condition

LONGEST_AUTOMATIC = 256
"""Most tokens a sentence has where no other limit was asked for."""


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


def encode_sources(sources: Sequence[Sequence[str]], vocabulary: Vocabulary, max_length: int) -> tuple[Condition, int]:
    """Sources as the condition of what answers them, without end symbols, and how many of them were too long.

    Args:
        sources: token lists.
        vocabulary: of the sources.
        max_length: most tokens; longer sources keep their first ones. `source_cut.fit_sources` cuts them otherwise.

    Returns:
        Ids and mask [sources, L]; the number of sources that were cut.

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
    return Condition(ids, mask), sum(len(tokens) > max_length for tokens in sources)


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
    condition, long_sources = encode_sources(sources, source_vocabulary, max_source_length)
    return sequences._replace(condition=condition), long, long_sources


def epoch_batches(
    sequences: AnySequences,
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
        by_length: batches of sentences that are about as long (and then their conditions), as `ordered` makes them.

    Returns:
        Row numbers on the device of `sequences`, [batch_size] each; without `drop_last` one batch may have fewer.
    """
    if not sequences.in_memory and sequences.sentences > EXACT_SENTENCES:
        return BlockedBatches(sequences, batch_size, seed=seed, epoch=epoch, drop_last=drop_last, by_length=by_length)
    rng = epoch_rng(seed, epoch)
    rows = torch.randperm(sequences.sentences, generator=rng)
    if drop_last:
        # Before they are sorted: the incomplete batch at a sorted pool's end would always be of long sentences.
        rows = rows[: len(rows) // batch_size * batch_size]
    if by_length:
        condition = sequences.condition
        of_condition = None if condition is None else condition.lengths()[rows].cpu()
        batches = ordered(rows, sequences.lengths(rows).cpu(), batch_size, rng, of_condition)
    else:
        batches = list(rows.split(batch_size)) if len(rows) else []
    return [batch.to(sequences.rows_device) for batch in batches]


def take(sequences: AnySequences, rows: Tensor) -> Batch:
    """Some sentences, and their conditions, each without the columns in which all of them have ended."""
    return sequences.take(rows)


def mean_length(sequences: AnySequences) -> float:
    """How many tokens a sentence has on the average, its end symbol included."""
    return sequences.mean_length


def draw_batch(sequences: AnySequences, size: int, rng: torch.Generator) -> Batch:
    """Random sentences with their conditions: distinct rows where there are enough, else with repetition."""
    return sequences.take(distinct_rows(sequences.sentences, size, rng, in_memory=sequences.in_memory))
